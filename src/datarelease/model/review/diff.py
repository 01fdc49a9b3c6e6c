"""What changed between two versions of the data. Every class here is falsy when nothing did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import total_ordering
from typing import Literal

from datarelease.model.data.files import FilesProfile
from datarelease.model.data.pictures import PicturesReport
from datarelease.model.data.profile import ColumnKind, Scalar
from datarelease.model.wording import plural, short_repr


@total_ordering
class Compatibility(Enum):
    """How much a consumer has to care; ordered, so that ``max`` gives the worst of many changes."""

    IDENTICAL = "identical"
    """The same bytes."""
    PATCH = "patch"
    """Other values in the same columns under the same contract."""
    ADDITIVE = "additive"
    """Something new that no reader of the old version trips over: a column, a wider type."""
    BREAKING = "breaking"
    """A column or dataset gone, renamed, of another type or no longer required; another key."""

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Compatibility):
            return NotImplemented
        order = list(Compatibility)
        return order.index(self) < order.index(other)


SchemaChangeKind = Literal[
    "added", "removed", "renamed", "retyped", "key", "contract",
    "form", "kind_added", "kind_removed", "rule",
]  # fmt: skip
"""The last four are about files: a table became files or the reverse, a content type is new or
gone, and a rule of ``meta.files`` changed."""


@dataclass(frozen=True, kw_only=True)
class SchemaChange:
    """One change of the columns, of their types, of the key or of the schema's promises."""

    kind: SchemaChangeKind
    column: str | None
    """Of files: the content type."""
    before: str | None
    """The old name (renamed), type (retyped, removed) or promise (contract, rule)."""
    after: str | None
    compatibility: Compatibility
    note: str = ""
    """In words, if kind, before and after do not say it completely."""


@dataclass(frozen=True, kw_only=True)
class ColumnStats:
    """The figures of one column on one side of a comparison; None where they do not apply."""

    rows: int
    nulls: int
    distinct: int | None = None
    min: Scalar = None
    max: Scalar = None
    mean: float | None = None
    std: float | None = None
    median: float | None = None
    length_mean: float | None = None

    @property
    def null_rate(self) -> float:
        """Nulls per row, between 0 and 1; 0 for an empty table."""
        return self.nulls / self.rows if self.rows else 0.0


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts of both sides over shared bins; for plots and sparklines."""

    labels: tuple[str, ...]
    """Categories, or the bins' bounds as text: ``n`` categories, ``n + 1`` bounds."""
    edges: tuple[float, ...]
    """Bounds of the bins, ascending, one more than bins; empty for categories."""
    before: tuple[float, ...] | None
    """Rows in each bin; None: there was no such column before. Estimates, from the cells."""
    after: tuple[float, ...] | None


@dataclass(frozen=True, kw_only=True)
class ColumnDiff:
    """One column, old and new."""

    column: str
    kind: ColumnKind
    pii: bool
    before: ColumnStats | None
    after: ColumnStats | None
    psi: float | None = None
    """Population stability index over baseline deciles; None: does not apply."""
    ks: float | None = None
    js: float | None = None
    """Jensen-Shannon divergence, base 2, between 0 and 1."""
    histogram: Histogram | None = None
    quantiles: tuple[float, ...] = ()
    """Of the values after: the smallest one, the twentieths, the largest one. 21 numbers, times in
    seconds since 1970; empty for ``pii`` columns and where there is no distribution."""

    def __bool__(self) -> bool:
        return self.before != self.after or bool(self.psi or self.ks or self.js)

    def alone(self) -> ColumnDiff:
        """The column as it is now, compared with nothing."""
        histogram = self.histogram and replace(self.histogram, before=None)
        return replace(self, before=None, psi=None, ks=None, js=None, histogram=histogram)


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """One row that was added, removed or changed, shown as an example."""

    kind: Literal["added", "removed", "changed"]
    key: tuple[tuple[str, Scalar], ...]
    values: tuple[tuple[str, Scalar, Scalar], ...] = ()
    """(column, old, new) of the columns that changed; of a row that was added or removed its first
    columns, with None for the side that is not there. Values of pii columns are masked. Documents
    of earlier releases have none for added and removed rows."""


@dataclass(frozen=True, kw_only=True)
class RowDiff:
    """Rows compared by key."""

    key: tuple[str, ...]
    added: int
    removed: int
    changed: int
    unchanged: int
    columns: tuple[tuple[str, int], ...]
    """(column, rows in which it changed), most changed first; only columns that changed."""
    examples: tuple[RowChange, ...] = ()
    skipped_files: int = 0
    """Part files with equal hashes, which were not read; their rows are not in ``unchanged``."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, kw_only=True)
class FileCounts:
    """The files behind a dataset, compared by hash."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    unchanged: int = 0
    renamed: int = 0
    """The same bytes under another path; of tables such files count as added and removed."""

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> FileCounts:
        """Of a table: hashes by path, before and after."""
        both = before.keys() & after.keys()
        changed = sum(before[path] != after[path] for path in both)
        return cls(
            added=len(after.keys() - both),
            removed=len(before.keys() - both),
            changed=changed,
            unchanged=len(both) - changed,
        )


@dataclass(frozen=True, kw_only=True)
class FileChange:
    """One file that was added, removed, changed or renamed."""

    kind: Literal["added", "removed", "changed", "renamed"]
    path: str
    """The present one; of a removed file, the last one."""
    before: int | None = None
    """Bytes; None: it was not there."""
    after: int | None = None
    old_path: str = ""
    """The earlier path of a renamed file; empty: it was not renamed."""


@dataclass(frozen=True, kw_only=True)
class FolderDiff:
    """The files of one folder that changed; a renamed file counts where it is now."""

    path: str
    """Inside the dataset; empty: at its top."""
    added: int = 0
    removed: int = 0
    changed: int = 0
    renamed: int = 0
    bytes: int = 0
    """By which the files in it grew."""


@dataclass(frozen=True, kw_only=True)
class FilesDiff:
    """The files of a dataset of files, old and new."""

    before: FilesProfile | None
    """None: there was no such dataset, or it was a table."""
    after: FilesProfile | None
    counts: FileCounts | None
    """None: they were not compared one by one; `no_comparison` says why."""
    bytes_added: int = 0
    """Of new files, and by which changed ones grew."""
    bytes_removed: int = 0
    folders: tuple[FolderDiff, ...] = ()
    """Those with changes, the most changed first; at most 50."""
    more_folders: int = 0
    examples: tuple[FileChange, ...] = ()
    """At most 50 of each kind: removed, changed, renamed, added, each sorted by path."""
    pictures: PicturesReport | None = None
    """None: there are none, or nobody looked: a check does, with Pillow, and a release does not."""
    no_comparison: str = ""
    """In words; empty where the files were compared, or there was nothing to compare with."""

    def __bool__(self) -> bool:
        return self.counts is None or self.counts != FileCounts(unchanged=self.counts.unchanged)


DatasetStatus = Literal["added", "removed", "changed", "identical", "unreadable"]
"""``unreadable``: one side cannot be read, so nothing was compared."""


@dataclass(frozen=True, kw_only=True)
class DatasetDiff:
    """One dataset, old and new."""

    name: str
    status: DatasetStatus
    rows_before: int | None
    rows_after: int | None
    """None where the dataset was removed or cannot be read."""
    schema: tuple[SchemaChange, ...] = ()
    columns: tuple[ColumnDiff, ...] = ()
    rows: RowDiff | None = None
    no_row_diff: str = ""
    """Why there is no row-level diff, in words; empty where there is one."""
    files: FileCounts = FileCounts()
    of_files: FilesDiff | None = None
    """Of a dataset of files what changed; None: it is a table, or cannot be read."""
    unreadable: str = ""
    """What cannot be read and why, in words that hold no values; empty but for that status."""
    renamed_from: str | None = None
    """What it was called in the baseline; None: the same, or it is new."""
    is_part: bool = False
    """It was split from that one, whose other rows are in other datasets."""
    retired: str = ""
    """Of one that was removed, the reason that is declared for it; empty: none is."""

    def __bool__(self) -> bool:
        return self.status != "identical" or self.renamed_from is not None

    def __repr__(self) -> str:
        return short_repr(self, self.name, self.status, self.amount)

    @property
    def files_after(self) -> FilesProfile | None:
        """What is known of its files now; None: it is no dataset of files, or was removed."""
        return None if self.of_files is None else self.of_files.after

    @property
    def amount(self) -> str:
        """How many rows or files it has now, in words; empty where that is not known."""
        if self.of_files is not None:
            return "" if self.of_files.after is None else plural(self.of_files.after.files, "file")
        return "" if self.rows_after is None else plural(self.rows_after, "row")

    @property
    def compatibility(self) -> Compatibility:
        """The worst of its changes."""
        floor = {
            "added": Compatibility.ADDITIVE,
            "removed": Compatibility.BREAKING,
            "changed": Compatibility.PATCH,
            "identical": Compatibility.IDENTICAL,
            # It is not known, so the worst is assumed.
            "unreadable": Compatibility.BREAKING,
        }[self.status]
        renamed = [Compatibility.BREAKING] if self.renamed_from is not None else []
        return max((floor, *renamed, *(change.compatibility for change in self.schema)))
