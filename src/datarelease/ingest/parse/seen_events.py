"""The keys, times and places of a batch's events while it is parsed.

It answers which events came before, and how late or out of order they are. DuckDB holds it and
spills to disk, so that memory does not grow with the batch or the dataset.
"""

# ruff: noqa: S608 - names become SQL by `quoted` and `file_list` alone

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from datarelease.analysis.engine.duckdb.sql import parquet_source, quoted
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_shape import EventShape
from datarelease.ingest.raw import RAW_SCHEMA

_CHUNK = "rows_of_chunk"
_SKEW = 60 * 60_000_000
"""Microseconds. Clocks differ; so far an event may be ahead of its record, as Kafka 4.0 bounds a
record's own time by default (``message.timestamp.after.max.ms``: one hour)."""
_NEVER = -(2**63)
"""Microseconds: before every time."""
_AT_ONCE = 65_536
"""Events that are looked at in one go."""
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Times:
    """When the events of a batch happened."""

    first: str | None = None
    last: str | None = None
    """ISO 8601, UTC."""
    watermark: str | None = None
    """Of the newest event that is not ahead of its record."""
    late: int = 0
    ahead: int = 0
    out_of_order: int = 0


class SeenEvents:
    """Events of one batch, numbered from 0 in the order in which they came."""

    def __init__(self, engine: EventEngine, shape: EventShape, rows: pa.Schema) -> None:
        """Forget the batch before; ``rows`` is the schema of what `add` gets."""
        self._engine = engine
        self._keys = {f"k{place}": name for place, name in enumerate(shape.dataset.key)}
        self._taken = dict(self._keys)
        self._select = ["seq", "part", *self._keys]
        if shape.time is not None:
            self._taken["happened"] = shape.time
            self._select.append("epoch_us(CAST(happened AS TIMESTAMPTZ)) AS time")
            # Whether it is ahead is null where the record has no time of its own: nobody can tell.
            self._select.append(f"time > epoch_us(stamp) + {_SKEW} AS ahead")
        self._timed = shape.time is not None
        self.events = 0
        self._take(rows.empty_table(), RAW_SCHEMA.empty_table())
        self._engine.run(f"CREATE OR REPLACE TEMP TABLE seen AS {self._rows}")

    def add(self, rows: pa.Table, records: pa.Table) -> None:
        """Append events, with the record of each as the broker had it."""
        if self._taken:
            self._take(rows, records)
            self._engine.run(f"INSERT INTO seen {self._rows}")
        self.events += rows.num_rows

    def _take(self, rows: pa.Table, records: pa.Table) -> None:
        numbers = pa.array(np.arange(self.events, self.events + rows.num_rows, dtype=np.int64))
        columns = {alias: rows[name] for alias, name in self._taken.items()}
        known = {"seq": numbers, "part": records["partition"], "stamp": records["timestamp"]}
        self._engine.name(_CHUNK, pa.table({**known, **columns}))

    @property
    def _rows(self) -> str:
        return f"SELECT {', '.join(self._select)} FROM {_CHUNK}"

    def duplicates(self, earlier: Sequence[Path]) -> npt.NDArray[np.bool_]:
        """Which events have the key of one before, in this batch or in the parts ``earlier``."""
        found = np.zeros(self.events, dtype=bool)
        if self._keys:
            keys = ", ".join(self._keys)
            again = f"SELECT {keys}, min(seq) AS kept FROM seen GROUP BY {keys} HAVING count(*) > 1"
            self._engine.name("again", self._engine.query(again))
            queries = [f"SELECT seq FROM seen JOIN again USING ({keys}) WHERE seq > kept"]
            if earlier:
                named = self._keys.items()
                columns = ", ".join(f"{quoted(name)} AS {alias}" for alias, name in named)
                parts = f"SELECT {columns} FROM {parquet_source(tuple(earlier))}"
                queries.append(f"SELECT seq FROM seen SEMI JOIN ({parts}) USING ({keys})")
            for query in queries:
                found[self._engine.query(query)["seq"].to_numpy()] = True
        if found.any():
            self._engine.name("doubled", pa.table({"seq": np.flatnonzero(found)}))
            self._engine.run("DELETE FROM seen USING doubled WHERE seen.seq = doubled.seq")
        return found

    def times(self, newest: str | None, late_minutes: int) -> Times:
        """When the events left happened; ``newest`` is the time of the newest one before.

        One that is ahead of its record moves no limit: it would make all that follow late.
        """
        if not self._timed:
            return Times()
        limit = "NULL" if newest is None else str(_micros(newest) - late_minutes * 60_000_000)
        (row,) = self._engine.query(
            f"SELECT min(time) AS first, max(time) AS last, count(*) FILTER (ahead) AS ahead, "
            f"max(time) FILTER (NOT coalesce(ahead, false)) AS watermark, "
            f"count(*) FILTER (time < {limit}) AS late FROM seen"
        ).to_pylist()
        return Times(
            first=_iso(row["first"]),
            last=_iso(row["last"]),
            watermark=_iso(row["watermark"]),
            ahead=row["ahead"],
            late=row["late"],
            out_of_order=self._out_of_order(),
        )

    def _out_of_order(self) -> int:
        """How many events are older than one before, not ahead of its record, of their partition.

        Events come in the order of partitions.
        """
        found, seq, partition, newest = 0, -1, -1, _NEVER
        asked = "SELECT seq, part, time, coalesce(ahead, false) AS ahead FROM seen"
        for batch in self._engine.batches(self._engine.frame(asked), _AT_ONCE):
            numbers, parts = (batch[name].to_numpy() for name in ("seq", "part"))
            if (np.diff(numbers, prepend=seq) <= 0).any():
                raise RuntimeError("the engine changed the order of events")
            timed = batch["time"].is_valid().to_numpy(zero_copy_only=False)
            times = pc.fill_null(batch["time"], _NEVER).to_numpy()
            limits = np.where(batch["ahead"].to_numpy(zero_copy_only=False), _NEVER, times)
            edges = [0, *(np.flatnonzero(np.diff(parts)) + 1), len(parts)]
            for first, end in pairwise(edges):
                newest = newest if parts[first] == partition else _NEVER
                before = np.maximum.accumulate(np.concatenate([[newest], limits[first:end]]))
                found += int((timed[first:end] & (times[first:end] < before[:-1])).sum())
                seq, partition, newest = numbers[end - 1], parts[end - 1], before[-1]
        return found


def _micros(time: str) -> int:
    return (dt.datetime.fromisoformat(time) - _EPOCH) // dt.timedelta(microseconds=1)


def _iso(micros: int | None) -> str | None:
    if micros is None:
        return None
    return (_EPOCH + dt.timedelta(microseconds=micros)).isoformat().replace("+00:00", "Z")
