"""The versions of a repository with their figures, read from git and from the remotes.

Figures of a version never change, so they are kept by the SHA-256 of its manifest, and a version is
read once. Where no remote can be read, as in a job without credentials, the validations and
statistics that git holds take the place of the documents; the pages say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from datarelease.documents import decode_or_none, encode_compact
from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository, catalogue_of
from datarelease.flows.versions.documents import find_document, find_manifest_bytes, manifest_of
from datarelease.flows.versions.tell_readers import published_catalogue
from datarelease.model.adoption import yaml_flow
from datarelease.model.data.provenance import Provenance
from datarelease.model.git_address import is_taken, repository_name
from datarelease.model.review.pipeline import DEFAULT_PARAMS, LONGEST_VALUE
from datarelease.model.review.report import Report
from datarelease.model.versions.manifest import METADATA, Manifest
from datarelease.model.versions.version import Version
from datarelease.settings.places import SECTION
from datarelease.site.content.derive import figures_of
from datarelease.site.content.figures import VersionFigures
from datarelease.site.content.people import with_people
from datarelease.site.content.recorded import recorded_in_git

_RULES = "6"
"""Of the figures: what is kept counts for these alone."""
_KIND = "site"
_WORKERS = 8
MOST_COPIED = 1_000_000
"""Bytes of a document that the site has a copy of; larger ones stay on the remotes."""
_MOST_PARAMS = 400
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class ReleasedVersion:
    """A version as the catalogue shows it."""

    version: Version
    figures: VersionFigures
    manifest: bytes | None = None
    """The document that the tag names; None: it was not read."""
    metadata: tuple[tuple[str, bytes], ...] = ()
    """Name and content of the standard metadata beside it."""


@dataclass(frozen=True, kw_only=True)
class SiteContent:
    """All that the pages are made of."""

    title: str
    versions: tuple[ReleasedVersion, ...]
    """Oldest first."""
    catalogue: Catalogue
    address: str = ""
    """Of the git repository, without credentials; empty: it has no remote."""
    url: str = ""
    """Where the catalogue is published, with a slash at its end; empty: not known."""
    notes: tuple[str, ...] = ()


def read_content(repository: Repository, *, name: str) -> SiteContent:
    """Every version of the repository; ``name`` is its title where git has no remote.

    Raises:
        WorldError: The git remote does not answer.
    """
    catalogue = catalogue_of(repository)
    reader = _Reader(repository, {version.tag: version for version in catalogue.versions})
    with (
        repository.progress.track("Reading versions", len(catalogue.versions), "versions") as done,
        ThreadPoolExecutor(_WORKERS) as pool,
    ):
        found = []
        for version in pool.map(reader.read, catalogue.versions):
            found.append(version)
            done(1)
    repository.memo.prune()
    url = repository.git.remote_url()
    known = url is not None and is_taken(url)
    return SiteContent(
        title=repository_name(url).partition("/")[2] if url and known else name,
        versions=tuple(found),
        catalogue=catalogue,
        address=f"https://{repository_name(url)}" if url and _is_web(url) else "",
        url=published_catalogue(repository),
        notes=tuple(filter(None, (catalogue.note, reader.told))),
    )


def _is_web(url: str) -> bool:
    return is_taken(url) and not url.startswith(("file:", "/", "."))


@dataclass
class _Reader:
    repository: Repository
    known: Mapping[str, Version]
    """Versions by tag."""
    fault: str = ""
    """Why the remotes are not asked any more."""
    incomplete: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """What a reader of the pages should know, in a sentence."""
        if not self.incomplete:
            return ""
        count = len(self.incomplete)
        which = self.incomplete[0] if count == 1 else f"{count:,} versions"
        why = f": {self.fault.rstrip('.')}" if self.fault else ""
        return f"The documents of {which} were not read from a remote{why}. What git has is shown."

    def read(self, version: Version) -> ReleasedVersion:
        if version.erased is not None:
            # Its statistics may still be in git, and what is kept here: they are not for showing.
            return ReleasedVersion(version=version, figures=VersionFigures(datasets=()))
        data = self._manifest_bytes(version)
        made_from: Provenance = (("manifest", version.manifest_sha256 or ""), ("rules", _RULES))
        kept = self.repository.memo.get(_KIND, made_from)
        figures = decode_or_none(VersionFigures, kept)
        manifest = self._manifest(data, version)
        if figures is None:
            figures = self._derived(version, manifest)
            if figures.complete:
                self.repository.memo.put(_KIND, made_from, encode_compact(figures))
            else:
                self.incomplete.append(version.tag)
        metadata = tuple(self._metadata(manifest)) if manifest is not None else ()
        return ReleasedVersion(version=version, figures=figures, manifest=data, metadata=metadata)

    def _manifest(self, data: bytes | None, version: Version) -> Manifest | None:
        """The manifest; None: there is none, or it is refused, which says nothing of others."""
        try:
            return manifest_of(data, version) if data is not None else None
        except WorldError as error:
            self.repository.progress.say(error.what)
            return None

    def _metadata(self, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
        listed = {document.name: document for document in manifest.documents}
        for name in sorted(METADATA & listed.keys()):
            if listed[name].size <= MOST_COPIED:
                data = self._asked(partial(find_document, self.repository, manifest, name))
                if data is not None:
                    self._keep(data)
                    yield name, data

    def _keep(self, data: bytes) -> None:
        with suppress(OSError):  # it is read again where nothing can be kept
            self.repository.objects.keep(data)

    def _derived(self, version: Version, manifest: Manifest | None) -> VersionFigures:
        report = self._report(manifest)
        figures = figures_of(report, manifest)
        if report is None:
            base = self.known.get(version.trailer("Baseline") or "")
            recorded = recorded_in_git(self.repository.git, version, base)
            names = {dataset.name for dataset in recorded}
            rest = (dataset for dataset in figures.datasets if dataset.name not in names)
            figures = replace(
                figures,
                datasets=(*recorded, *rest),
                base=version.trailer("Baseline"),
                complete=False,
            )
        told = replace(figures, params=self._params(version))
        return with_people(self.repository.git, version.commit, told)

    def _manifest_bytes(self, version: Version) -> bytes | None:
        data = self._asked(lambda: find_manifest_bytes(self.repository, version))
        if data is not None:
            self._keep(data)
        return data

    def _report(self, manifest: Manifest | None) -> Report | None:
        if manifest is None:
            return None
        data = self._asked(lambda: find_document(self.repository, manifest, "report.json"))
        return decode_or_none(Report, data)

    def _asked(self, ask: Callable[[], _T | None]) -> _T | None:
        """An answer of the remotes; None once they failed: each version would wait anew."""
        if self.fault:
            return None
        try:
            return ask()
        except DatareleaseError as error:
            self.fault = self.fault or error.what
            return None

    def _params(self, version: Version) -> tuple[tuple[str, str], ...]:
        try:
            params = self.repository.at(version.commit).mapping(DEFAULT_PARAMS)
        except ConfigError:
            return ()
        own = {key: value for key, value in params.items() if key != SECTION}
        return tuple(_flat(own))[:_MOST_PARAMS]


def _flat(value: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, item in value.items():
        name = f"{prefix}{key}"
        if isinstance(item, dict) and item:
            yield from _flat(item, f"{name}.")
        else:
            yield name, yaml_flow(item)[:LONGEST_VALUE]
