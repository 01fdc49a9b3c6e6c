"""The peers of `datarelease ingest parse`: JSON events read by a library and written as Parquet.

`python ingest_parse_bare.py pyarrow RAW TARGET` reads the values of raw files row group by row
group; `python ingest_parse_bare.py duckdb LINES TARGET` reads a text of one event a line.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

SCHEMA = pa.schema(
    [
        pa.field("order_id", pa.int64()),
        pa.field("customer", pa.string()),
        pa.field("email", pa.string()),
        pa.field("amount", pa.float64()),
        pa.field("quantity", pa.int32()),
        pa.field("status", pa.string()),
        pa.field("created_at", pa.timestamp("us", tz="UTC")),
        pa.field("gift", pa.bool_()),
    ]
)
_TYPES = (
    "{order_id: 'BIGINT', customer: 'VARCHAR', email: 'VARCHAR', amount: 'DOUBLE', "
    "quantity: 'INTEGER', status: 'VARCHAR', created_at: 'TIMESTAMPTZ', gift: 'BOOLEAN'}"
)


def with_pyarrow(source: str, target: str) -> None:
    """One row group after the other."""
    options = pj.ParseOptions(explicit_schema=SCHEMA, unexpected_field_behavior="error")
    with pq.ParquetWriter(target, SCHEMA, compression="zstd") as out:
        for path in sorted(Path(source).iterdir()):
            raw = pq.ParquetFile(path)
            for place in range(raw.num_row_groups):
                values = raw.read_row_group(place, columns=["value"])["value"].to_pylist()
                rows = pj.read_json(io.BytesIO(b"\n".join(values)), parse_options=options)
                out.write_table(rows, row_group_size=rows.num_rows)


def with_duckdb(source: str, target: str) -> None:
    """One statement."""
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.execute(
        f"COPY (SELECT * FROM read_json('{source}', format='newline_delimited', "  # noqa: S608 - ours
        f"columns={_TYPES})) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536)"
    )


if __name__ == "__main__":
    readers = {"pyarrow": with_pyarrow, "duckdb": with_duckdb}
    readers[sys.argv[1]](sys.argv[2], sys.argv[3])
