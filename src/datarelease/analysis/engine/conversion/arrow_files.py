"""Arrow's own file formats converted to Parquet: IPC files, IPC streams, Feather."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from datarelease.analysis.engine.conversion.arrow_sizes import expanded_sizes
from datarelease.analysis.engine.conversion.compressed import LEAST_REFUSED, MOST_TIMES
from datarelease.analysis.engine.tables import UnreadableTable

_FILE = b"ARROW1"
_FEATHER_1 = b"FEA1"


def write_parquet(path: Path, label: str, target: Path) -> None:
    """Write the rows of an Arrow file as Parquet, in the same types.

    Raises:
        UnreadableTable: It is no such file, or has a type that Parquet has not.
        OSError: The disk is full or not writable.
    """
    with _opened(path, label) as (schema, batches):
        try:
            writer = pq.ParquetWriter(target, schema, compression="lz4")
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            raise UnreadableTable(label, _unheld(schema)) from None
        with writer:
            for batch in batches:
                writer.write_batch(batch)


@contextmanager
def _opened(path: Path, label: str) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    with path.open("rb") as file:
        start = file.read(len(_FILE))
    try:
        with pa.memory_map(str(path)) as source:
            if start.startswith(_FEATHER_1):
                table = feather.read_table(source, memory_map=False)
                yield table.schema, iter(table.to_batches())
                return
            _refuse_bomb(source, label, is_file=start == _FILE)
            if start == _FILE:
                file = pa.ipc.open_file(source)
                yield file.schema, map(file.get_batch, range(file.num_record_batches))
            else:
                source.seek(0)
                with pa.ipc.open_stream(source) as stream:
                    yield stream.schema, iter(stream)
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = "not a readable Arrow file: it is damaged, cut short, or something else"
        raise UnreadableTable(label, reason) from None


def _refuse_bomb(source: pa.NativeFile, label: str, *, is_file: bool) -> None:
    """Fail where a batch, which is read as a whole, would fill the memory."""
    for size, expanded in expanded_sizes(source, is_file=is_file):
        if expanded > max(LEAST_REFUSED, MOST_TIMES * size):
            reason = f"its data is more than {MOST_TIMES} times as long as the compressed file"
            raise UnreadableTable(label, reason)


def _unheld(schema: pa.Schema) -> str:
    """Which column has a type that Parquet has not."""
    for column in schema:
        try:
            pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([column])).close()
        except pa.ArrowException:
            return f"column {column.name!r} is of type {column.type}, which no other format holds"
    return "its columns are of types that no other format holds"
