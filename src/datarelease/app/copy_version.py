"""Copy a version into a directory: from a repository, or from the address of a remote alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.app.readers import open_address
from datarelease.app.repository import open_repository
from datarelease.flows.repository import find_version
from datarelease.flows.versions.read import get
from datarelease.model.versions.version import Version
from datarelease.progress import Progress
from datarelease.readers.address import find_at
from datarelease.readers.datasets import get_there
from datarelease.readers.metadata import write_metadata_there


@dataclass(frozen=True, kw_only=True)
class CopiedVersion:
    """A version whose files are in a directory."""

    version: Version
    target: Path
    files: tuple[Path, ...]
    """The files of the datasets, copied now or there before."""
    metadata: tuple[Path, ...]
    """The descriptions of the version; empty where they were not asked for."""


def copy_version(
    text: str,
    target: Path | None,
    names: Sequence[str],
    *,
    repo: str | Path | None,
    address: str | None,
    metadata: bool,
    overwrite: bool,
    progress: Progress,
) -> CopiedVersion:
    """Copy the files of the version that ``text`` names, and on request its descriptions.

    Args:
        text: The version, as a reader writes it.
        target: The directory to copy into. None: one named like the version's tag.
        names: The datasets to copy. Empty: all datasets.
        repo: The git repository (None: the current one), unless ``address`` is given.
        address: The remote to read alone.
        metadata: Copy the descriptions as well.
        overwrite: Replace files that differ.
        progress: Receives progress messages.

    Raises:
        ConfigError: There is no such version or dataset, or a file that differs is in the way.
        ErasedVersionError: The data of the version was erased.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    described: tuple[Path, ...] = ()
    if address is not None:
        reader = open_address(address, progress=progress)
        version = find_at(reader, text)
        target = target or Path(version.tag)
        files = get_there(reader, version, target, names, overwrite=overwrite)
        if metadata:
            described = write_metadata_there(reader, version, target)
    else:
        repository = open_repository(repo, text, progress=progress)
        version = find_version(repository, text)
        target = target or Path(version.tag)
        files = get(repository, version, target, names, overwrite=overwrite)
        if metadata:
            # It makes what older versions lack, and needs the extra `release` for that.
            from datarelease.flows.release.metadata import write_metadata  # noqa: PLC0415 - heavy

            described = write_metadata(repository, version, target)
    return CopiedVersion(version=version, target=target, files=files, metadata=described)
