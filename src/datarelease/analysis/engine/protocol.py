"""The engine that opens tables as Narwhals lazy frames.

Nothing above this module knows which engine runs them. The queries themselves (validate, profile,
compare) do not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

    from datarelease.analysis.engine.keys import KeyRange
    from datarelease.analysis.engine.number_counts import NumberCounts
    from datarelease.analysis.engine.row_groups.reader import RowGroupReader
    from datarelease.analysis.engine.tables import Table
    from datarelease.analysis.engine.values import ValueCounts

    _Types = Mapping[str, nw.dtypes.DType]


class Engine(Protocol):
    """Opens tables and runs lazy frames over them; a context manager.

    Any method that runs a frame raises `UnsupportedQueryError` for one that the engine cannot run.
    """

    @property
    def reads_addresses(self) -> bool:
        """It reads files where `Table.addresses` say, and needs no more of them here than footers.

        Then ``paths`` are files of the same sizes in which only the footer is filled.
        """
        return False

    @property
    def numbers(self) -> NumberCounts | None:
        """What counts numbers where the rows are; None: they are read here, which costs little."""
        return None

    @property
    def row_groups(self) -> RowGroupReader | None:
        """What reads row groups at their places; None: the engine does not."""
        return None

    @property
    def order(self) -> tuple[str, ...]:
        """Columns of an `ordered` scan by which its rows sort into file order.

        None: the engine keeps the order of the files by itself.
        """
        ...

    def converted(self, table: Table) -> Table:
        """The same table as CSV in UTF-8 or as Parquet: copies, which end with the engine.

        Raises:
            UnreadableTable, WorldError: As `collect`.
        """
        ...

    def columns(self, table: Table) -> tuple[str, ...]:
        """The names of a table's columns, in order, those of partition folders last.

        No values are read, but those of a column that the files hold and folders name, too.

        Raises:
            UnreadableTable: As `scan`.
        """
        ...

    def held(self, dtype: nw.dtypes.DType) -> nw.dtypes.DType:
        """The type in which frames of this engine hold values of ``dtype``; mostly the same."""
        ...

    def types(self, table: Table, types: _Types | None = None) -> dict[str, nw.dtypes.DType]:
        """The type of each of `columns` in a `scan` with ``types``.

        They are the types of the values, the same with every engine. An engine that lacks one
        holds the values in another (`held`), which is what its frames say.

        Raises:
            UnreadableTable: As `scan`.
        """
        ...

    def scan(
        self,
        table: Table,
        types: _Types | None = None,
        columns: Sequence[str] | None = None,
        *,
        once: bool = False,
        ordered: bool = False,
        numbered: bool = False,
    ) -> nw.LazyFrame[Any]:
        """A lazy frame over all files of a table; with ``columns``, over these only.

        Float NaN is null. ``types`` gives columns types (CSV columns left out are inferred).
        Each column named there gets a companion `unread_name` that holds what the file says where
        that is not a value of the type; the column itself is null there. ``once`` says that
        one query will read the frame: nothing is prepared for further ones. ``ordered`` adds the
        columns of `order`, ``numbered`` the column `ROW`.

        Raises:
            UnreadableTable: A file is missing, is no such table, or differs from the first part.
        """
        ...

    def shapes(self, table: Table, types: _Types | None = None) -> tuple[str, ...]:
        """What tells of each part, in a `scan` with ``types``, whether it is read like another one.

        Equal texts: it is. Of text, they are those of a `TextShape`. None: not told by this engine.

        Raises:
            UnreadableTable: As `scan`.
        """
        ...

    def scan_parts(self, table: Table, types: _Types, columns: Sequence[str]) -> nw.LazyFrame[Any]:
        """As `scan`, with the column `PART`: the place in ``paths`` of the part a row is of.

        Raises:
            UnsupportedQueryError: There are no `shapes` of this table.
            UnreadableTable: As `scan`.
        """
        ...

    def collect(self, frame: nw.LazyFrame[Any]) -> list[dict[str, Any]]:
        """The rows of a frame as plain Python values.

        Decimals are int or float where these are exact. Times that are finer than microseconds
        are text, in ISO 8601, and so are times beyond Python's calendar, counted from 1970.

        Raises:
            UnreadableTable: A file turned out to be damaged while it was read.
            WorldError: Out of memory or disk.
        """
        ...

    def value_counts(
        self, frame: nw.LazyFrame[Any], *, top: int, weight: str | None = None
    ) -> ValueCounts:
        """What the column ``value`` of a frame holds, exactly, in one pass over this column.

        Args:
            frame: The rows.
            top: How many values to name; 0: numbers of values and rows are enough.
            weight: A column that says for how many rows each row stands.

        Raises:
            UnreadableTable, WorldError: As `collect`.
        """
        ...

    def count_if_unique(self, frame: nw.LazyFrame[Any]) -> int | None:
        """The number of rows if no two are equal and no value in them is null, else None."""
        ...

    def value_keys(
        self, frame: nw.LazyFrame[Any], salt: str, *, grouped: bool, rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Keys of the texts in the column ``value``, where there are `shapes`; in any order.

        A key is the MD5 of the text behind ``salt``, as a little-endian integer: ``key`` has the
        upper 64 bits, ``rest`` the lowest 32. ``length`` has the characters of the text, and
        ``rows`` for how many rows it stands, which is 1 if texts are not ``grouped`` before.
        Batches have at most ``rows`` keys.

        Raises:
            UnsupportedQueryError: There are no `shapes`.
            UnreadableTable, WorldError: As `collect`.
        """
        ...

    def rows(self, table: pa.Table) -> nw.LazyFrame[Any]:
        """A lazy frame over an Arrow table."""
        ...

    def arrow(self, frame: nw.LazyFrame[Any]) -> pa.Table:
        """The rows of a frame as one Arrow table in memory, in file order.

        Raises:
            UnreadableTable, WorldError: As `collect`.
        """
        ...

    def batches(self, frame: nw.LazyFrame[Any], rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of a frame as Arrow batches of at most ``rows`` rows, in file order."""
        ...

    def keep(self, frame: nw.LazyFrame[Any], directory: Path) -> nw.LazyFrame[Any]:
        """The rows of a frame, computed now and kept for several queries.

        They may be kept below ``directory``, which is the caller's, is empty, and has to last as
        long as the frame is used.

        Raises:
            UnreadableTable, WorldError: As `collect`.
        """
        ...

    def key_ranges(
        self,
        before: Table,  # noqa: ARG002 - a default
        after: Table,  # noqa: ARG002 - a default
        column: str,  # noqa: ARG002 - a default
    ) -> tuple[KeyRange, ...]:
        """Ranges of a key by which two tables are joined one range after the other.

        Together they hold all rows, unless a file records wrong bounds of its keys, or a key is
        null. None, or one, where joining all rows at once costs no more, as on a cluster.
        """
        return ()

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
