"""`datarelease ingest parse` against bare JSON readers that write the same rows as Parquet."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import ROOT, STAGE, environment
from benchmarks.scene import Scene, Variant, tell

from datarelease.ingest.raw import RAW_SCHEMA, ROWS, RawHeader, RowGroups
from datarelease.model.data.stream import Batch, Span

NAME = "orders"
BATCH = 1_000_000
"""As many records make a batch by default."""
PEER = ROOT / "benchmarks" / "ingest_parse_bare.py"
DATASETS = """\
artifacts:
  orders:
    path: data/orders
    type: dataset
    meta: {schema: schemas/orders.yaml, key: [order_id], pii: [email]}
"""
SETTINGS = "release:\n  streams:\n    orders: {topic: orders, time: created_at}\n"
EVENTS_SCHEMA = """\
schema_type: dataframe
columns:
  order_id: {dtype: int64}
  customer: {dtype: str}
  email: {dtype: str, nullable: true}
  amount: {dtype: float64, checks: {in_range: {min_value: 0, max_value: 1000}}}
  quantity: {dtype: int32}
  status: {dtype: str, checks: {isin: [new, paid, sent]}}
  created_at: {dtype: "datetime64[ns, UTC]"}
  gift: {dtype: bool}
"""
_STATES = ("new", "paid", "sent")


def value(n: int) -> bytes:
    """An order of 8 fields, about 180 bytes."""
    return (
        b'{"order_id": %d, "customer": "cust-%d", "email": "p%d@example.com", "amount": %d.%02d, '
        b'"quantity": %d, "status": "%s", "created_at": "2026-11-%02dT%02d:%02d:%02dZ", "gift": %s}'
        % (
            n, n * 7919 % 100_000, n, n * 31 % 1000, n % 100, 1 + n % 8,
            _STATES[n % 3].encode(), 1 + n * 28 // 10_000_001, n // 3600 % 24, n // 60 % 60, n % 60,
            b"true" if n % 3 else b"false",
        )
    )  # fmt: skip


@contextmanager
def parse_scene(records: int) -> Iterator[Scene]:
    """The scene of so many events in raw files as a drain leaves them; all become rows."""
    place = STAGE / f"parse-{records}"
    work = place / "work"
    tell(f"  preparing: {records:,} events as a drain leaves them")
    raw = work / "data" / "streams" / NAME / "raw"
    for folder in (work / ".dvc", work / "schemas", raw):
        folder.mkdir(parents=True)
    (work / ".dvc" / "config").touch()
    (work / "dvc.yaml").write_text(DATASETS, encoding="utf-8")
    (work / "params.yaml").write_text(SETTINGS, encoding="utf-8")
    (work / "schemas" / "orders.yaml").write_text(EVENTS_SCHEMA, encoding="utf-8")
    with (place / "values.ndjson").open("wb") as lines:
        for number, start in enumerate(range(0, records, BATCH), 1):
            numbers = range(start, min(start + BATCH, records))
            _write(raw / f"{number:06}.parquet", lines, number, numbers)
    yield _scene(place, work, raw, records)
    shutil.rmtree(place)


def _write(raw: Path, lines: IO[bytes], number: int, all_numbers: range) -> None:
    """A raw file, and the same values as lines of text."""
    with pa.OSFile(str(raw), "wb") as sink, RowGroups(sink) as groups:
        for start in range(0, len(all_numbers), ROWS):
            numbers = all_numbers[start : start + ROWS]
            values = [value(n) for n in numbers]
            lines.writelines(line + b"\n" for line in values)
            size = len(values)
            columns = {
                "partition": pa.array([0] * size, pa.int32()),
                "offset": pa.array(numbers, pa.int64()),
                "timestamp": pa.array(numbers, pa.int64()).cast(RAW_SCHEMA.field("timestamp").type),
                "key": pa.nulls(size, pa.binary()),
                "value": pa.array(values, pa.binary()),
                "headers": pa.nulls(size, RAW_SCHEMA.field("headers").type),
            }
            groups.add(pa.record_batch(list(columns.values()), schema=RAW_SCHEMA))
        first, end = all_numbers[0], all_numbers[-1] + 1
        batch = Batch(number=number, spans=(Span(partition=0, start=first, end=end, high=end),))
        groups.finish(RawHeader(topic=NAME, cluster="bench", batch=batch, schemas={}))


def _scene(place: Path, work: Path, raw: Path, records: int) -> Scene:
    target = place / "bare.parquet"
    parts = work / "data" / NAME
    env = environment()

    def bare(reader: str, source: Path) -> Callable[[], Run]:
        def run() -> Run:
            target.unlink(missing_ok=True)
            command = [sys.executable, str(PEER), reader, str(source), str(target)]
            done = measure(command, cwd=work, env=env)
            _same(records, [target])
            return done

        return run

    def parse() -> Run:
        for made in (parts, work / "reports"):
            shutil.rmtree(made, ignore_errors=True)
        done = measure(["datarelease", "ingest", "parse", NAME], cwd=work, env=env)
        _same(records, parts.iterdir())
        return done

    return Scene(
        name=f"parse-{records}",
        title=f"`datarelease ingest parse`, {records:,} events",
        about="JSON events of 8 fields and about 180 bytes, all of which become rows of "
        "Parquet files with the same columns and compression: ours of a batch of "
        f"{BATCH:,} each, the others' of one. The bare readers stop at the first "
        "event that is not as they expect it; we decide on each event, ask it the schema's checks, "
        "look its key up among those before and count late ones. Times are those of whole "
        "processes, from their start.",
        variants=(
            Variant(
                name="pyarrow", label="bare pyarrow.json, from the raw files",
                run=bare("pyarrow", raw),
            ),
            Variant(
                name="duckdb", label="bare DuckDB read_json, from a text file",
                run=bare("duckdb", place / "values.ndjson"),
            ),
            Variant(name="parse", label="**`datarelease ingest parse`**", run=parse, ours=True),
        ),
    )  # fmt: skip


def _same(records: int, files: Iterable[Path]) -> None:
    """Raise RunFailed unless the files have all records."""
    found = sum(pq.read_metadata(path).num_rows for path in files)
    if found != records:
        raise RunFailed(f"{found:,} of {records:,} events became rows")
