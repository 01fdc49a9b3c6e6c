"""What the catalogue knows of one version: figures that no later version can change.

They are made of the version's own documents, so that they are computed once and kept. Whether a
version was withdrawn, and what is newer, is not among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from datarelease.model.data.files import FileKind
from datarelease.model.data.profile import ColumnKind, Scalar
from datarelease.model.data.validation import Violation
from datarelease.model.review.diff import DatasetStatus, FileCounts, SchemaChange
from datarelease.model.review.pipeline import MetricChange, ParamChange
from datarelease.model.review.policy import Finding
from datarelease.model.versions.manifest import ManifestRemote


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnFigures:
    """One column; of a ``pii`` column nothing that is or reveals a value."""

    name: str
    type: str
    """As the schema or the manifest has it; empty: neither says."""
    kind: ColumnKind
    pii: bool
    nulls: int
    distinct: int | None = None
    mean: float | None = None
    std: float | None = None
    median: float | None = None
    length_mean: float | None = None
    min: Scalar = None
    max: Scalar = None
    edges: tuple[float, ...] = ()
    """Bounds of the bins of ``counts``, ascending, the outermost ones open; empty: categories."""
    labels: tuple[str, ...] = ()
    """Categories."""
    counts: tuple[float, ...] = ()
    """Rows in each bin or category; empty: there is no distribution."""
    before: tuple[float, ...] = ()
    """The same of the version compared with."""
    quantiles: tuple[float, ...] = ()
    """The smallest value, the twentieths and the largest one; empty: not known."""
    psi: float | None = None
    """Drift against the version that was compared with; None: does not apply."""
    ks: float | None = None
    js: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowFigures:
    """Rows compared by key with the version before."""

    added: int
    removed: int
    changed: int
    unchanged: int
    columns: tuple[tuple[str, int], ...] = ()
    """(column, rows in which it changed), most changed first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetFigures:
    """One dataset of a version."""

    name: str
    path: str
    desc: str = ""
    of_files: bool = False
    """A dataset of files; else a table."""
    amount: int | None = None
    """Rows, or files; None: not known."""
    before: int | None = None
    """The same of the version compared with."""
    size: int | None = None
    """Bytes."""
    parts: tuple[tuple[str, int, str], ...] = ()
    """(path in the repository, bytes, object key) of its first files."""
    files: int = 0
    """How many files there are."""
    key: tuple[str, ...] = ()
    status: DatasetStatus = "added"
    schema: str | None = None
    checks: int | None = None
    """How many checks were evaluated; None: it was not validated."""
    violations: tuple[Violation, ...] = ()
    """Without examples: they hold values."""
    changes: tuple[SchemaChange, ...] = ()
    rows: RowFigures | None = None
    file_changes: FileCounts | None = None
    columns: tuple[ColumnFigures, ...] = ()
    kinds: tuple[FileKind, ...] = ()


KeptNote = tuple[tuple[Literal["own", "data", "prose", "strong"], str], ...]
"""A sentence on what changed (``render.notes``), in parts that can be kept as JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionFigures:
    """One version."""

    datasets: tuple[DatasetFigures, ...]
    base: str | None = None
    """The version compared with."""
    removed: tuple[str, ...] = ()
    """Datasets that it had and this version has not."""
    notes: tuple[KeptNote, ...] | None = None
    """What changed, in sentences; None: there was no report to tell it."""
    findings: tuple[Finding, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    """Every parameter of the pipeline, its value as YAML on one line."""
    param_changes: tuple[ParamChange, ...] = ()
    metrics: tuple[MetricChange, ...] = ()
    remotes: tuple[ManifestRemote, ...] = ()
    tools: tuple[tuple[str, str], ...] = ()
    author: str = ""
    """Who made the change, as git names them."""
    reviewers: tuple[str, ...] = ()
    """Who reviewed it, as far as the commit says."""
    pull: int | None = None
    """The pull request that it came by, as far as the commit says."""
    subject: str = ""
    """The first line of the commit's message."""
    complete: bool = True
    """The documents on the remotes were read; else it is what git has."""

    def dataset(self, name: str) -> DatasetFigures | None:
        """The dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)
