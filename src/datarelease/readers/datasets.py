"""Datasets of a version at an address: as tables, as files, and put into a directory."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.untrusted import refuse_links_to
from datarelease.analysis.engine.tables import Table
from datarelease.flows.versions.dataset_at import as_table
from datarelease.flows.versions.files import ReleasedFile, ReleasedFiles, released_files
from datarelease.flows.versions.read import absent_files, dataset_named, refuse_files
from datarelease.flows.write_file import written
from datarelease.model.data.dataset import DEFAULT_DIALECT, Dataset
from datarelease.model.versions.manifest import Manifest, ManifestDataset, ManifestFile
from datarelease.model.versions.version import Version
from datarelease.readers.address import (
    AddressReader,
    fetch_at,
    find_at,
    manifest_at,
    read_versions,
)


@dataclass(frozen=True, kw_only=True)
class DatasetThere:
    """A dataset of a version at an address."""

    reader: AddressReader
    tag: str
    dataset: ManifestDataset

    def fetch(self, files: Sequence[ReleasedFile | ManifestFile]) -> list[Path]:
        """Where files are on this machine now, in their order."""
        known = {file.path: file for file in self.dataset.files}
        label = f"Getting {self.dataset.name} of {self.tag}"
        return fetch_at(self.reader, [known[file.path] for file in files], label)

    def table(self) -> Table:
        """All its files, now on this machine, as the table that was validated.

        Raises:
            ConfigError: It is a dataset of files.
            WorldError: A file is missing or damaged.
        """
        refuse_files(self.dataset, self.tag)
        files = self.dataset.files
        places = self.fetch(files)
        return as_table(
            self.declared, {file.path: at for file, at in zip(files, places, strict=True)}
        )

    @property
    def declared(self) -> Dataset:
        """The dataset as it was declared, as far as a manifest tells."""
        csv = self.dataset.csv or DEFAULT_DIALECT
        return Dataset(name=self.dataset.name, path=self.dataset.path, csv=csv)


def dataset_there(reader: AddressReader, version: str, name: str) -> DatasetThere:
    """The dataset called ``name`` of a version.

    Raises:
        ConfigError: There is no such version or dataset.
        WorldError: The address cannot be read.
    """
    found = find_at(reader, version)
    dataset = _named(reader, version, manifest_at(reader, found), name)
    return DatasetThere(reader=reader, tag=found.tag, dataset=dataset)


def _named(reader: AddressReader, version: str, manifest: Manifest, name: str) -> ManifestDataset:
    """The dataset that ``name``, of any time, means in a version."""
    return dataset_named(
        manifest, name, lambda: read_versions(reader, version).versions, reader.progress
    )


def files_there(reader: AddressReader, version: str, name: str) -> ReleasedFiles:
    """The files of one dataset of a version, of which none is fetched yet.

    Raises:
        ConfigError: There is no such version or dataset.
        WorldError: The address cannot be read.
    """
    there = dataset_there(reader, version, name)
    return released_files(there.tag, there.dataset, there)


def get_there(
    reader: AddressReader, found: Version, target: Path, names: Sequence[str], *, overwrite: bool
) -> tuple[Path, ...]:
    """The files of a version, put below ``target`` as they are in the repository.

    Files that are there already are not fetched again.

    Raises:
        ConfigError: No such dataset, or another file or a link is in the way.
        WorldError: A file is missing or damaged, or cannot be written.
    """
    manifest = manifest_at(reader, found)
    named = [_named(reader, found.tag, manifest, name) for name in names]
    chosen = named or list(manifest.datasets)
    places = {dataset.place(file): file for dataset in chosen for file in dataset.files}
    refuse_links_to(target, places)
    wanted = {target / place: file for place, file in places.items()}
    missing = absent_files(wanted, found.tag, overwrite=overwrite)
    fetched = fetch_at(reader, list(missing.values()), f"Getting {found.tag}")
    for path, source in zip(missing, fetched, strict=True):
        with written(path) as scratch:
            shutil.copyfile(source, scratch)
            scratch.chmod(0o644)
    return tuple(wanted)
