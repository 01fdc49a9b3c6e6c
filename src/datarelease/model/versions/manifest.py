"""The permanent record of a version. It can be read, and the data fetched by it, without DVC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.data.dataset import CsvDialect, Dataset
from datarelease.model.data.stream import StreamCounts
from datarelease.model.review.diff import Compatibility
from datarelease.model.review.policy import VerdictLevel
from datarelease.model.versions.lineage import RetiredDataset
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry, Snapshot
from datarelease.model.versions.version import Version
from datarelease.model.wording import plural, short_repr

_FORMAT = 2
"""Format 1 lists no documents: those beside its manifest are known by their names only."""
Keeper = Literal["remotes", "source", "nobody"]
"""Who keeps an output: remotes of this repository, the source that it was imported from, or nobody
but those who made it (``push: false``)."""


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
    entries: tuple[Entry, ...]
    """What DVC tracks; the digest is made of these. Directories' objects are needed by DVC."""
    files: tuple[ManifestFile, ...]
    rows: int | None
    schema: str | None
    schema_sha256: str | None
    key: tuple[str, ...] = ()
    csv: CsvDialect | None = None
    """How its CSV files are written, as they were validated; None: it has none, or the version was
    released before dialects were recorded, when all were the default."""
    types: tuple[tuple[str, str], ...] = ()
    """(column, type) of CSV files, as they were validated; empty: as the values look."""
    renamed_from: str | None = None
    """What it was called in the baseline; written only where it is another name."""

    def place(self, file: ManifestFile) -> str:
        """Where one of its files is in the repository, with forward slashes."""
        name = self.path.rpartition("/")[2]
        single = len(self.files) == 1 and file.path == name
        return self.path if single else f"{self.path}/{file.path}"

    @property
    def bound(self) -> dict[str, str]:
        """The remote of each file that one remote alone holds (``remote: NAME``), by path."""
        single = {entry.path: entry.remote for entry in self.entries if not entry.is_tree}
        trees = [entry for entry in self.entries if entry.is_tree and entry.remote]
        found = {}
        for file in self.files if trees or any(single.values()) else ():
            name = single.get(file.path)
            for tree in trees:
                if tree.path == "." or file.path.startswith(f"{tree.path}/"):
                    name = tree.remote
            if name is not None:
                found[file.path] = name
        return found


@dataclass(frozen=True, kw_only=True)
class TrackedFile:
    """One file of a tracked directory."""

    path: str
    size: int
    md5: str
    key: str
    """Object key below the root of the remotes that hold it."""


@dataclass(frozen=True, kw_only=True)
class TrackedOutput:
    """An output that DVC tracks beside the datasets, so ``dvc pull`` at the tag wants it too."""

    path: str
    md5: str | None
    """DVC's hash, with ``.dir`` behind it for a directory; None: an import never downloaded."""
    size: int | None
    """Bytes of the file, or of the object that lists the directory; None: not known, as not
    kept by remotes."""
    kept_by: Keeper
    remote: str | None = None
    """The one remote that holds it (``remote: NAME``); None: every remote of the version."""
    files: tuple[TrackedFile, ...] = ()
    """Of a directory: its files, but for those that a dataset lists."""

    @property
    def objects(self) -> dict[str, int | None]:
        """Hash and size of what remotes must hold of it."""
        if self.kept_by != "remotes" or self.md5 is None:
            return {}
        return {self.md5: self.size, **{file.md5: file.size for file in self.files}}


@dataclass(frozen=True, kw_only=True)
class ManifestRemote:
    """A remote that was verified to hold the objects of the version that belong there."""

    name: str
    url: str
    """The address of the remote, without credentials."""


@dataclass(frozen=True, kw_only=True)
class ManifestDocument:
    """A document about a version: its report, the validation or the statistics of a dataset."""

    name: str
    """Path below the folder of the version, such as ``reports/people/profile.json``."""
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything about a version, equal on every run for the same release."""

    tag: str
    number: int
    digest: str
    datasets: tuple[ManifestDataset, ...]
    remotes: tuple[ManifestRemote, ...]
    """Each holds everything but what is bound to one remote (``remote: NAME``)."""
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
    """What the version was made with, as (tool, version), sorted."""
    inputs: tuple[StreamCounts, ...] = ()
    """The streams that the data came from: every batch with its offsets."""
    tracked: tuple[TrackedOutput, ...] = ()
    """What else DVC tracks; manifests that were made before it was recorded have none."""
    output_remotes: tuple[ManifestRemote, ...] = ()
    """Further remotes, each of which holds what is bound to it and nothing else."""
    documents: tuple[ManifestDocument, ...] = ()
    """Sorted by name; none in format 1."""
    retired: tuple[RetiredDataset, ...] = ()
    """Written only where there are some, so that earlier readers read all other manifests."""
    format: int = _FORMAT

    def __repr__(self) -> str:
        return short_repr(self, self.tag, plural(len(self.datasets), "dataset"))

    @property
    def is_of_later_release(self) -> bool:
        """It may mean what this release of the tool does not know of."""
        return self.format > _FORMAT

    @property
    def snapshot(self) -> Snapshot:
        """The released content, whose digest is ``digest``."""
        return Snapshot(
            datasets=tuple(
                DatasetSnapshot(name=dataset.name, entries=dataset.entries)
                for dataset in self.datasets
            )
        )

    def objects_on(self, remote: str) -> dict[str, int | None]:
        """Hash and size of every object that a remote must hold.

        The object that lists a dataset's directory has no recorded size (None).
        """
        held: set[str | None] = {remote}
        if any(whole.name == remote for whole in self.remotes):
            held.add(None)
        objects: dict[str, int | None] = {}
        for dataset in self.datasets:
            bound = dataset.bound
            trees = (entry for entry in dataset.entries if entry.is_tree)
            objects |= {entry.md5: None for entry in trees if entry.remote in held}
            files = (file for file in dataset.files if bound.get(file.path) in held)
            objects |= {file.md5: file.size for file in files}
        for output in self.tracked:
            if output.remote in held:
                objects |= output.objects
        return objects

    @property
    def objects(self) -> dict[str, int | None]:
        """Hash and size of every object, wherever it is."""
        names = [remote.name for remote in (*self.remotes, *self.output_remotes)]
        return {md5: size for name in names for md5, size in self.objects_on(name).items()}

    @property
    def paths(self) -> dict[str, str]:
        """Where the data of each object is in the repository, by its hash."""
        paths: dict[str, str] = {}
        for output in self.tracked:
            paths |= {file.md5: f"{output.path}/{file.path}" for file in output.files}
            paths |= {output.md5: output.path} if output.md5 else {}
        for dataset in self.datasets:
            paths |= {entry.md5: dataset.path for entry in dataset.entries if entry.is_tree}
            paths |= {file.md5: dataset.place(file) for file in dataset.files}
        return paths

    def dataset(self, name: str) -> ManifestDataset | None:
        """The dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


DESCRIPTIONS = frozenset({"croissant.json", "datapackage.json", "odcs.yaml", "SHA256SUMS"})
"""The standard metadata of a version (`datarelease.metadata`)."""
CITATION = "CITATION.cff"
PASSED_THROUGH = frozenset({CITATION, "LICENSE", "LICENSE.md", "LICENSE.txt"})
"""Files of the repository that go with a version, where they are at the top of the project."""
METADATA = DESCRIPTIONS | PASSED_THROUGH
"""All that is beside the data in `get --metadata`, and beside the manifest on remotes."""


def documents_of(manifest: Manifest) -> dict[str, ManifestDocument | None]:
    """The documents that belong to a manifest, by name (None: any bytes; format 1 lists none).

    Names that no version can have are left out: they would be places elsewhere.
    """
    datasets = (Dataset(name=d.name, path=d.path) for d in manifest.datasets)
    names = (
        *("report.json", "report.md", "report.html"),
        *(name for d in datasets for name in (d.validation_file, d.profile_file)),
    )
    if not manifest.documents:
        return dict.fromkeys(names)
    known = METADATA.union(names)
    return {document.name: document for document in manifest.documents if document.name in known}


def trailers_of(manifest: Manifest) -> dict[str, str]:
    """What the trailers of a version's tag repeat of its manifest; an empty value is left out."""
    return {
        "Digest": manifest.digest,
        "Baseline": manifest.baseline or "",
        "Rollback-Of": manifest.rollback_of or "",
        "Compatibility": manifest.compatibility.value,
        "Verdict": manifest.verdict,
        "Reviewed": manifest.reviewed or "",
        "Remotes": " ".join(remote.name for remote in manifest.remotes),
        "Renamed": " ".join(
            f"{d.name}={d.renamed_from}" for d in manifest.datasets if d.renamed_from
        ),
        "Retired": " ".join(dataset.name for dataset in manifest.retired),
    }


def is_about(manifest: Manifest, version: Version) -> bool:
    """Manifest and tag agree: on name, number, commit, content and what the trailers repeat.

    A tag made by hand can carry the trailers of any version; the manifest that they name is then
    about that other version.
    """
    own = trailers_of(manifest)
    return (
        (manifest.tag, manifest.number, manifest.commit)
        == (version.tag, version.number, version.commit)
        and manifest.snapshot.digest == manifest.digest == version.digest
        and all(own.get(key, value) == value for key, value in version.trailers)
    )
