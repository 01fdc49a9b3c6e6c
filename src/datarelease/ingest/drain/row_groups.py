"""A Parquet file written in row groups whose bounds depend on the records alone.

However records arrive, in thousands or one by one, the same records give the same bytes; and no
more than a row group is held in memory.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from datarelease.ingest.drain.raw import RAW_SCHEMA, RawHeader

ROWS = 1 << 16
BYTES = 1 << 25
"""Of keys and values; a row group ends with the record that reaches it, however large."""


class RowGroups:
    """A file being written; closed, with its header, by ``finish``."""

    def __init__(self, target: pa.NativeFile) -> None:
        """Write to ``target``, which the caller closes."""
        self._writer = pq.ParquetWriter(
            target,
            RAW_SCHEMA,
            compression="zstd",
            # Values hardly ever repeat, and nobody searches for them by their bounds.
            use_dictionary=["partition"],
            write_statistics=["partition", "offset", "timestamp"],
        )
        self._pending: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0
        self.written = 0
        """Records so far, those not yet in the file included."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(self, records: pa.RecordBatch) -> None:
        """Append records; row groups that are full go to the file."""
        self.written += records.num_rows
        while records.num_rows:
            room, size = self._fitting(records)
            self._pending.append(records.slice(0, room))
            self._rows += room
            self._bytes += size
            records = records.slice(room)
            if self._rows >= ROWS or self._bytes >= BYTES:
                self.flush()

    def finish(self, header: RawHeader) -> None:
        """Write what is left and the header; the file is complete."""
        self.flush()
        self._writer.add_key_value_metadata(header.metadata())
        self.close()

    def close(self) -> None:
        """Write no more."""
        self._writer.close()

    def _fitting(self, records: pa.RecordBatch) -> tuple[int, int]:
        """How many of the records still belong to this row group, and their bytes."""
        head = records.slice(0, ROWS - self._rows)
        whole = _size(head)
        if self._bytes + whole < BYTES:
            return head.num_rows, whole
        sizes = pc.add(_lengths(head, "key"), _lengths(head, "value"))
        reached = pc.cumulative_sum(pc.cast(sizes, pa.int64()), start=self._bytes)
        full = pc.index(pc.greater_equal(reached, BYTES), value=True).as_py()
        rows = full + 1
        return rows, reached[rows - 1].as_py() - self._bytes

    def flush(self) -> None:
        """End the row group; called where the records say so, such as between partitions."""
        if self._pending:
            # In one piece: where pages end would depend on the pieces in which records came.
            table = pa.Table.from_batches(self._pending).combine_chunks()
            self._writer.write_table(table, row_group_size=ROWS)
        self._pending, self._rows, self._bytes = [], 0, 0


def _lengths(records: pa.RecordBatch, column: str) -> pa.Array:
    return pc.fill_null(pc.binary_length(records.column(column)), 0)


def _size(records: pa.RecordBatch) -> int:
    return sum(pc.sum(_lengths(records, column)).as_py() or 0 for column in ("key", "value"))
