"""The permanent record of a version. It can be read, and the data fetched by it, without DVC."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.dataset import Dataset
from datarelease.model.diff import Compatibility
from datarelease.model.policy import VerdictLevel
from datarelease.model.snapshot import DatasetSnapshot, Entry, Snapshot
from datarelease.model.stream import StreamCounts

FORMAT = 1
DIRECTORY = "releases"
"""Where manifests live on a remote, below its root."""


MANIFEST = "manifest.json"


def manifest_key(tag: str) -> str:
    """Where the manifest of a version lies on a remote, below its root."""
    return f"{DIRECTORY}/{tag}/{MANIFEST}"


def metadata_key(tag: str, name: str) -> str:
    """Where a document about a version (its report, a profile) lies beside the manifest."""
    return f"{DIRECTORY}/{tag}/{name}"


def object_key(md5: str) -> str:
    """Where DVC 3 keeps an object on a remote, below its root.

    >>> object_key("d41d8cd98f00b204e9800998ecf8427e")
    'files/md5/d4/1d8cd98f00b204e9800998ecf8427e'
    """
    return f"files/md5/{md5[:2]}/{md5[2:]}"


@dataclass(frozen=True, kw_only=True)
class ManifestFile:
    """One file of a version."""

    path: str
    size: int
    md5: str
    sha256: str
    key: str
    """Object key below the root of each remote."""


@dataclass(frozen=True, kw_only=True)
class ManifestDataset:
    """One dataset of a version."""

    name: str
    path: str
    """Where it lies in the repository."""
    entries: tuple[Entry, ...]
    """What DVC tracks; the digest is made of these. Directories' objects are needed by DVC."""
    files: tuple[ManifestFile, ...]
    """Every file, directories listed out."""
    rows: int | None
    schema: str | None
    schema_sha256: str | None
    key: tuple[str, ...] = ()

    def place(self, file: ManifestFile) -> str:
        """Where one of its files lies in the repository, with forward slashes."""
        name = self.path.rpartition("/")[2]
        single = len(self.files) == 1 and file.path == name
        return self.path if single else f"{self.path}/{file.path}"

    @property
    def objects(self) -> tuple[str, ...]:
        """The hashes of all objects it needs on a remote: files and directory listings."""
        trees = (entry.md5 for entry in self.entries if entry.is_tree)
        return tuple(sorted({*trees, *(file.md5 for file in self.files)}))


@dataclass(frozen=True, kw_only=True)
class ManifestRemote:
    """A remote that was verified to hold every object of the version."""

    name: str
    url: str
    """Without credentials."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything about a version, equal on every run for the same release."""

    tag: str
    number: int
    digest: str
    datasets: tuple[ManifestDataset, ...]
    remotes: tuple[ManifestRemote, ...]
    commit: str
    """The commit that the tag points at."""
    date: str
    """Of the commit, ISO 8601 UTC."""
    baseline: str | None
    rollback_of: str | None
    compatibility: Compatibility
    verdict: VerdictLevel
    params_sha256: str
    reviewed: str | None
    """The digest that a reviewer saw, None: not reviewed."""
    tools: tuple[tuple[str, str], ...]
    """(tool, version), sorted."""
    inputs: tuple[StreamCounts, ...] = ()
    """The streams that the data came from: every batch with its offsets."""
    format: int = FORMAT

    @property
    def snapshot(self) -> Snapshot:
        """The released content, whose digest is ``digest``."""
        return Snapshot(
            datasets=tuple(
                DatasetSnapshot(name=dataset.name, entries=dataset.entries)
                for dataset in self.datasets
            )
        )

    def dataset(self, name: str) -> ManifestDataset | None:
        """The dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


def documents_of(manifest: Manifest) -> tuple[str, ...]:
    """The names of the documents that may lie beside a manifest."""
    datasets = (Dataset(name=d.name, path=d.path) for d in manifest.datasets)
    return (
        *("report.json", "report.md", "report.html"),
        *(name for d in datasets for name in (d.validation_file, d.profile_file)),
    )
