"""Statistics of one dataset, small enough for git and enough for drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from datarelease.model.data.provenance import Provenance

PROFILE_FORMAT = 2
COMPARABLE_FORMATS = frozenset({1, PROFILE_FORMAT})
"""Formats whose figures mean the same. In 1, cells were found by splitting the range of a column
again and again, and floats and timestamps had `ColumnProfile.distinct` up to fewer values."""

ColumnKind = Literal["number", "time", "text", "boolean", "other"]
Scalar = int | float | str | bool | None


class Cell(NamedTuple):
    """A run of neighbouring values: the smallest, the largest, and how many there are.

    Cells of a column are sorted and disjoint; ``lo == hi`` is a point mass. Numbers are the
    values themselves, times are seconds since 1970-01-01 UTC.
    """

    lo: float
    hi: float
    count: int  # type: ignore[assignment]  # shadows tuple.count, which nobody needs here


class Category(NamedTuple):
    """A value and how often it occurs."""

    value: str
    count: int  # type: ignore[assignment]  # shadows tuple.count, which nobody needs here


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """Statistics of one column. Of ``pii`` columns nothing that is or reveals a value."""

    name: str
    type: str
    """The physical type in neutral words: int64, float64, string, bool, date, timestamp[us], …"""
    kind: ColumnKind
    nulls: int
    """Missing values; NaN counts as missing."""
    distinct: int | None = None
    """Exact number of distinct values that are not null; None: not counted, as for floats and
    timestamps with more than 65,536 of them."""
    infinite: int = 0
    """Positive or negative infinities; they take no part in the statistics below."""
    min: Scalar = None
    """Numbers as themselves, times as ISO 8601, text as text (shortened)."""
    max: Scalar = None
    mean: float | None = None
    """For times: seconds since 1970-01-01 UTC."""
    std: float | None = None
    """Population standard deviation; for times in seconds. Of more than 65,536 different values it
    is that of cells with their values spread evenly."""
    length_min: int | None = None
    """The length of the shortest text, in characters; None: the column has no texts."""
    length_max: int | None = None
    length_mean: float | None = None
    cells: tuple[Cell, ...] = ()
    """The distribution of number and time columns; each cell that is no point mass holds at most
    1/256 of the values, which bounds the error of a cumulative share taken from it."""
    top: tuple[Category, ...] = ()
    """The most frequent values of text and boolean columns, most frequent first, then by value."""
    pii: bool = False


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Statistics of one dataset; byte-identical JSON for equal data, on every run and engine."""

    dataset: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    """In the order of the table."""
    made_from: Provenance = ()
    """Empty: unknown, as in the files of earlier releases of this program."""
    format: int = PROFILE_FORMAT

    def column(self, name: str) -> ColumnProfile | None:
        """The statistics of the column called ``name``, or None."""
        return next((column for column in self.columns if column.name == name), None)
