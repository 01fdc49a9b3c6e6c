"""Row groups of Parquet tables: rows at their places, and rows of two tables with the same keys."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import narwhals as nw

    from datarelease.analysis.engine.tables import Table


@dataclass(frozen=True, kw_only=True)
class RowSpan:
    """Consecutive rows of a part of a table."""

    part: int
    """The place of the file in `Table.paths`."""
    first: int
    """The place of the first row in the file."""
    end: int
    """The place after that of the last row."""

    @property
    def rows(self) -> int:
        """How many there are."""
        return self.end - self.first


Spans = tuple[RowSpan, ...]


@dataclass(frozen=True, kw_only=True)
class AlignedRows:
    """Rows before and after with the same keys in the same order."""

    before: Spans
    after: Spans
    differing: frozenset[str]
    """Columns whose bytes differ; in all others the rows are equal."""


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The rows of two tables, those that have the same keys in the same order apart."""

    rows: int
    """How many rows before, and after, are aligned."""
    changed: tuple[AlignedRows, ...]
    """Those of them in which the bytes of some column differ."""
    rest: tuple[Spans, Spans]
    """The rows before and after that are not aligned."""


class RowGroupReader(Protocol):
    """Reads row groups of Parquet tables at their places."""

    def align(
        self,
        before: Table,
        after: Table,
        key: Sequence[str],
        columns: Sequence[str],
        retyped: Collection[str],
    ) -> Alignment | None:
        """The rows with the same keys in the same order, by the bytes of the files.

        None: there are hardly any, or the tables have no row groups. The key's columns have the
        same types in both tables. Columns that are ``retyped`` differ, and so do those of folders.

        Raises:
            UnreadableTable: A file is missing or damaged.
        """
        ...

    def digests(self, table: Table) -> dict[str, str]:
        """By column, what is equal where a table of one file has the same bytes of it.

        Left out are columns of which that is not known, as of folders or text.

        Raises:
            UnreadableTable: A file is missing or damaged.
        """
        ...

    def few_values(self, table: Table) -> frozenset[str]:
        """Columns of text of a table of one file in which a row group has few different values.

        Their values are grouped in less time than a condition on each row takes. Where a table is
        small, or nothing is known of it, there are none.

        Raises:
            UnreadableTable: A file is missing or damaged.
        """
        ...

    def scan(self, table: Table, spans: Spans) -> nw.LazyFrame[Any]:
        """As `Engine.scan`, with these rows only, in this order.

        Raises:
            UnreadableTable: As `Engine.scan`.
        """
        ...

    def side_by_side(self, one: nw.LazyFrame[Any], other: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The columns of two frames with as many rows, joined by the places of the rows.

        Both are `scan` with columns chosen and renamed, so that their rows have places.
        """
        ...
