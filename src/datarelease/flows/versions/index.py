"""The index of versions on the remotes: compared with the tags, and written anew from them.

Nothing of a release depends on it. A remote that cannot be written keeps its old one, and its
readers without git see the versions of then; so a fault is a warning, with its remedy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.store.directory import Store
from datarelease.documents import DocumentError, decode_index, encode
from datarelease.errors import DatareleaseError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository
from datarelease.model.versions.index import VersionIndex, index_key, index_of
from datarelease.model.versions.remote_keys import document_key, manifest_key, versions_directory
from datarelease.model.versions.version import Version
from datarelease.model.wording import plural
from datarelease.progress import Step


def write_index(repository: Repository, catalogue: Catalogue) -> tuple[str, ...]:
    """Write the index of ``catalogue`` to every remote on which it says something else.

    Versions that the index of a remote lists are not looked for there again.

    Returns:
        A warning for each remote that could not be written, of which the reader was told.
    """
    warnings = []
    for remote in repository.remotes:
        try:
            present = remote.read(index_key(catalogue.grammar.prefix))
            _write(repository, remote, _index(remote, catalogue, _listed(present)), present)
        except (DatareleaseError, OSError) as error:
            warning = (
                f"The index of versions on {remote.name} was not written: {_reason(error)}. "
                f"{_REMEDY}"
            )
            repository.progress.warn(warning)
            warnings.append(warning)
    return tuple(warnings)


def repair_index(repository: Repository, catalogue: Catalogue) -> tuple[str, ...]:
    """Write the index where it is missing or wrong, with each version looked for; those remotes.

    Raises:
        WorldError: A remote cannot be read or written.
    """
    written = []
    for remote in repository.remotes:
        present = remote.read(index_key(catalogue.grammar.prefix))
        if _write(repository, remote, _index(remote, catalogue), present):
            written.append(remote.name)
    return tuple(written)


def is_stale(remote: Store, catalogue: Catalogue) -> bool:
    """The index on a remote is missing or wrong.

    Raises:
        WorldError: The remote cannot be read.
    """
    present = remote.read(index_key(catalogue.grammar.prefix))
    return present != encode(_index(remote, catalogue)).encode()


def warn_of_stale(repository: Repository, catalogue: Catalogue) -> tuple[str, ...]:
    """Warn of each remote whose index is missing or says something else than the tags.

    A remote that cannot be read is warned of as well: the objects are what a verification is about.

    Returns:
        The names of the remotes with such an index.
    """
    stale = []
    for remote in repository.remotes:
        try:
            if not is_stale(remote, catalogue):
                continue
        except (DatareleaseError, OSError) as error:
            warning = f"The index of versions on {remote.name} was not read: {_reason(error)}."
            repository.progress.warn(warning)
            continue
        repository.progress.warn(
            f"The index of versions on {remote.name} is missing or differs from the tags. {_REMEDY}"
        )
        stale.append(remote.name)
    return tuple(stale)


def _reason(error: DatareleaseError | OSError) -> str:
    return (error.what if isinstance(error, DatareleaseError) else str(error)).rstrip(".")


_REMEDY = (
    "Readers without git see the versions that it lists; `datarelease verify latest --repair` "
    "writes it, and so does the next release."
)


def _listed(present: bytes | None) -> Mapping[str, str]:
    """The SHA-256 of the manifest of each version (by tag) that an index lists."""
    try:
        index = decode_index(present) if present is not None else None
    except DocumentError:
        return {}
    return {entry.tag: entry.manifest_sha256 for entry in index.versions} if index else {}


def _index(
    remote: Store, catalogue: Catalogue, listed: Mapping[str, str] | None = None
) -> VersionIndex:
    """What the index on a remote should say: the versions that were released to it.

    A remote that was added later does not have the earlier ones. Each version has its manifest on
    its remotes before its tag is made; those in ``listed`` are known to be there.
    """
    known, prefix = listed or {}, catalogue.grammar.prefix
    asked = [v for v in catalogue.versions if known.get(v.tag) != v.manifest_sha256]
    absent = _without_manifest(remote, prefix, asked)
    held = [version for version in catalogue.versions if version not in absent]
    return index_of(prefix, held, catalogue.channels)


def _without_manifest(
    remote: Store, prefix: str, versions: Sequence[Version]
) -> frozenset[Version]:
    """Those of ``versions`` whose manifest is neither under its SHA-256 nor as a copy."""
    keys = {version: document_key(version.manifest_sha256 or "") for version in versions}
    there = remote.stat(list(keys.values())) if keys else {}
    absent = frozenset(version for version in versions if keys[version] not in there)
    copies = {version: manifest_key(version.tag) for version in absent}
    if copies and remote.lists:
        folder, above = versions_directory(prefix)
        folders = {f"{above}{name}" for name in remote.folders(folder)}
        copies = {version: key for version, key in copies.items() if version.tag in folders}
    there = remote.stat(list(copies.values())) if copies else {}
    return absent - {version for version, key in copies.items() if key in there}


def _write(
    repository: Repository, remote: Store, index: VersionIndex, present: bytes | None
) -> bool:
    """Write the index to a remote, unless that is ``present`` there; whether it was written."""
    data = encode(index).encode()
    if data == present:
        return False
    with (
        tempfile.TemporaryDirectory(prefix="datarelease-") as folder,
        repository.progress.step(Step.VERSION_INDEX),
    ):
        source = Path(folder) / "index.json"
        source.write_bytes(data)
        remote.upload({index_key(index.tag_prefix): source}, lambda _: None)
    held = plural(len(index.versions), "version")
    repository.progress.say(f"the index of {held} was written to {remote.name}")
    return True
