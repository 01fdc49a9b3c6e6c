"""The history of versions, read from their tags and reports."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from datarelease.documents import decode_or_none
from datarelease.errors import ConfigError
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.versions.documents import find_document, find_manifest
from datarelease.model.review.report import Report
from datarelease.model.versions.changelog import ChangelogEntry, moves_by_version
from datarelease.model.versions.version import Version

RANGE = ".."
_AT_ONCE = 8


def read_changelog(repository: Repository, span: str | None = None) -> tuple[ChangelogEntry, ...]:
    """What is to be told of each version, the newest first; withdrawn ones included.

    ``span`` is ``A..B`` (what came after A, up to B; either may be left out), or one version;
    None: all.

    Raises:
        ConfigError: No such version, or A is not older than B.
        WorldError: A remote cannot be asked.
    """
    catalogue = read_catalogue(repository.git, repository.tags)
    return entries_of(repository, catalogue, versions_in(catalogue, span))


def versions_in(catalogue: Catalogue, span: str | None) -> tuple[Version, ...]:
    """The versions that ``A..B`` names, as ``read_changelog`` takes it, oldest first.

    Raises:
        ConfigError: No such version, or A is not older than B.
    """
    if span is None:
        return catalogue.versions
    if RANGE not in span:
        return (catalogue.find_exactly(span),)
    first, _, last = span.partition(RANGE)
    after = catalogue.find_exactly(first).number if first else 0
    numbers = [version.number for version in catalogue.versions]
    until = catalogue.find_exactly(last).number if last else max(numbers, default=0)
    if after > until:
        raise ConfigError(
            f"{first} is newer than {last}.",
            remedy=f"Name the older version first: `datarelease changelog {last}{RANGE}{first}`.",
        )
    return tuple(version for version in catalogue.versions if after < version.number <= until)


def entries_of(
    repository: Repository, catalogue: Catalogue, versions: Sequence[Version]
) -> tuple[ChangelogEntry, ...]:
    """What is to be told of these versions, the newest first.

    Raises:
        WorldError: A remote cannot be asked.
    """
    moves = moves_by_version(catalogue.channels)

    def entry(version: Version) -> ChangelogEntry:
        return ChangelogEntry(
            version=version,
            report=None if version.erased else _report(repository, version),
            withdrawal=catalogue.withdrawal(version),
            erasure=catalogue.erasure(version),
            moves=moves.get(version.tag, ()),
        )

    newest_first = sorted(versions, key=lambda version: version.number, reverse=True)
    found = []
    with (
        repository.progress.track("Reading reports", len(newest_first), "versions") as advance,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        for one in pool.map(entry, newest_first):
            found.append(one)
            advance(1)
    return tuple(found)


def _report(repository: Repository, version: Version) -> Report | None:
    """The report that was released with a version; None: it has none that this program reads."""
    if not repository.remotes:
        return None
    manifest = find_manifest(repository, version)
    if manifest is None or not manifest.documents:
        # What the tag does not vouch for is not told in its name.
        return None
    return decode_or_none(Report, find_document(repository, manifest, "report.json"))
