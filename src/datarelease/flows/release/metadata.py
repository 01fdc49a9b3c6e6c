"""The standard metadata of a version: written with its release, and again where a remote has none.

A release lists it in the manifest like its report. Of a version that was released without, it is
made from the manifest and the documents that it lists; then nothing vouches for it but them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from datarelease.adapters.strict_yaml import parse_yaml
from datarelease.adapters.untrusted import refuse_links_to
from datarelease.documents import DocumentError, decode_statistics
from datarelease.errors import ConfigError
from datarelease.flows.check.baseline import Baseline, read_baseline
from datarelease.flows.check.check import Checked
from datarelease.flows.repository import Repository, Workspace
from datarelease.flows.transfer import upload
from datarelease.flows.versions.documents import (
    find_document,
    read_manifest,
    remotes_of,
    write_documents,
)
from datarelease.metadata.documents import metadata_files
from datarelease.metadata.facts import Citation, DatasetSources, VersionSources
from datarelease.model.data.files import Statistics
from datarelease.model.versions.manifest import (
    CITATION,
    DESCRIPTIONS,
    METADATA,
    PASSED_THROUGH,
    Manifest,
    documents_of,
)
from datarelease.model.versions.remote_keys import metadata_key
from datarelease.model.versions.version import Version
from datarelease.progress import Step

_LARGEST = 1 << 20
"""Bytes of a file of the repository that is passed through; a larger one is left out."""
_TEXT = 2_000
_AUTHORS = 100


def metadata_of_release(ws: Workspace, manifest: Manifest, checked: Checked) -> dict[str, bytes]:
    """The metadata of what is about to be released, by name."""
    sources = {
        dataset.name: DatasetSources(
            declared=dataset,
            profile=checked.assessments[dataset.name].profile,
            contract=checked.assessments[dataset.name].validation.contract,
        )
        for dataset in ws.settings.datasets
    }
    return _metadata(lambda name: ws.git.read("HEAD", name), manifest, sources)


def metadata_of_version(
    repository: Repository, version: Version, manifest: Manifest
) -> dict[str, bytes]:
    """The metadata of a released version: as it is listed, else made from what is recorded.

    Raises:
        ConfigError: Its commit is not here, or cannot be read any more.
        WorldError: A remote does not answer.
    """
    listed = documents_of(manifest)
    found = {
        name: data
        for name in sorted(METADATA & listed.keys())
        if (data := find_document(repository, manifest, name)) is not None
    }
    if found.keys() >= DESCRIPTIONS:
        return found
    return {**_made(repository, version, manifest), **found}


def write_metadata(repository: Repository, version: Version, target: Path) -> tuple[Path, ...]:
    """Put the metadata of a version beside its files below ``target``; where it is.

    Raises:
        ConfigError: It cannot be written there, or the commit of the version is not here.
        WorldError: A remote does not answer.
    """
    found = metadata_of_version(repository, version, read_manifest(repository, version))
    refuse_links_to(target, found)
    write_documents(found, target)
    return tuple(target / name for name in found)


def repair_metadata(repository: Repository, version: Version) -> tuple[str, ...]:
    """Write the metadata that remotes of a version lack; the places, with the remote's name.

    What the manifest lists is made again where its bytes are nowhere, and counts if it has the
    SHA-256 in the manifest: `repair_version` then finds it. What it does not list is written where
    there is nothing of that name. Of an erased version nothing is made.

    Raises:
        WorldError: A remote cannot be asked or written to.
    """
    if version.erased is not None:
        return ()
    manifest = read_manifest(repository, version)
    try:
        made = metadata_of_version(repository, version, manifest)
    except ConfigError as error:
        repository.progress.say(f"the metadata of {version.tag} cannot be made: {error.what}")
        return ()
    listed, written = documents_of(manifest), []
    files = {name: repository.objects.keep(data) for name, data in made.items()}
    for remote in remotes_of(repository, manifest):
        own = {name: path for name, path in files.items() if name not in listed}
        keys = {metadata_key(version.tag, name): path for name, path in own.items()}
        lost = {key: path for key, path in keys.items() if key not in remote.stat([key])}
        with repository.progress.step(Step.COPIES):
            upload(remote, lost, repository.progress)
        written += [f"{remote.name}: {key}" for key in sorted(lost)]
    return tuple(written)


def _made(repository: Repository, version: Version, manifest: Manifest) -> dict[str, bytes]:
    baseline = read_baseline(repository, version)
    sources = {}
    for dataset in baseline.datasets:
        side = baseline.side(dataset.name)
        sources[dataset.name] = DatasetSources(
            declared=dataset,
            profile=_recorded(baseline, dataset.profile_file),
            contract=side.contract() if side is not None else None,
        )
    return _metadata(lambda name: repository.git.read(version.commit, name), manifest, sources)


def _recorded(baseline: Baseline, path: str) -> Statistics | None:
    for data in baseline.documents(path):
        try:
            return decode_statistics(data)
        except DocumentError:
            continue  # another place may have it
    return None


def _metadata(
    read: Callable[[str], bytes | None],
    manifest: Manifest,
    datasets: Mapping[str, DatasetSources],
) -> dict[str, bytes]:
    # From git, where a link is a text: in a work tree it could show any file of this machine.
    found = {name: read(name) for name in sorted(PASSED_THROUGH)}
    files = {name: data for name, data in found.items() if data and len(data) <= _LARGEST}
    citation = read_citation(files.get(CITATION, b""))
    return metadata_files(
        VersionSources(manifest=manifest, datasets=datasets, citation=citation, files=files)
    )


def read_citation(data: bytes) -> Citation:
    """What a ``CITATION.cff`` says that descriptions repeat; nothing where it cannot be read."""
    try:
        found = parse_yaml(data.decode("utf-8"))
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError, TypeError):
        return Citation()
    if not isinstance(found, dict):
        return Citation()
    authors = found.get("authors")
    return Citation(
        **{name: _text(found.get(name)) for name in ("title", "abstract", "license", "url", "doi")},
        authors=tuple(
            name
            for author in (authors if isinstance(authors, list) else [])[:_AUTHORS]
            if isinstance(author, dict) and (name := _author(author))
        ),
    )


def _text(value: object) -> str:
    return value[:_TEXT] if isinstance(value, str) else ""


def _author(author: Mapping[str, object]) -> str:
    """A person's or an organisation's name, as Citation File Format 1.2 has it."""
    names = (_text(author.get(key)) for key in ("given-names", "name-particle", "family-names"))
    return " ".join(filter(None, names)) or _text(author.get("name"))
