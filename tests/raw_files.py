"""Raw files made by hand, as a drain would leave them, and streams that read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.ingest.parse.parse import parse_stream
from datarelease.ingest.raw import RAW_SCHEMA, RawHeader, read_raw_header
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import Batch, Span, Stream, StreamCounts
from datarelease.progress import Progress, Quiet

STAMP = 1_793_880_000_000
"""When records reached the topic, in milliseconds: 2026-11-05 12:00 UTC."""
Records = Mapping[int, Sequence[bytes | None]]
"""Values of records by partition."""


def raw_table(records: Records, starts: Mapping[int, int] | None = None) -> pa.Table:
    """Records without gaps, as a raw file holds them."""
    rows = [
        {"partition": p, "offset": (starts or {}).get(p, 0) + place, "timestamp": STAMP + place,
         "key": None, "value": value, "headers": None}
        for p, values in sorted(records.items())
        for place, value in enumerate(values)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=RAW_SCHEMA)


def header(number: int, records: Records, starts: Mapping[int, int], **more: Any) -> RawHeader:
    """Of a batch with these records."""
    spans = tuple(
        Span(partition=p, start=starts.get(p, 0), end=starts.get(p, 0) + len(values), high=10**6)
        for p, values in sorted(records.items())
    )
    return RawHeader(
        topic="orders", cluster="cluster", batch=Batch(number=number, spans=spans),
        **{"schemas": {}, **more},
    )  # fmt: skip


@dataclass(frozen=True)
class Adopted:
    """A directory with a schema and raw files, enough to parse a stream in."""

    root: Path
    stream: Stream

    @classmethod
    def at(cls, root: Path, schema: str, **settings: Any) -> Adopted:
        """A repository's directory with the schema ``schema`` (YAML) of the dataset `orders`."""
        about = {name: settings.pop(name) for name in ("key", "pii") if name in settings}
        path = root / "schemas" / "orders.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(schema)
        dataset = Dataset(name="orders", path="data/orders", schema="schemas/orders.yaml", **about)
        made = cls(root, Stream(dataset=dataset, topic="orders", **settings))
        made.raw.mkdir(parents=True)
        return made

    @property
    def raw(self) -> Path:
        """Where raw files are."""
        return self.root / self.stream.raw_dir

    def schema(self, text: str) -> None:
        """Replace the schema."""
        (self.root / "schemas" / "orders.yaml").write_text(text)

    def with_settings(self, **settings: Any) -> Adopted:
        """The same files under other settings of the stream."""
        return replace(self, stream=replace(self.stream, **settings))

    def drained(
        self,
        number: int,
        records: Records | Sequence[bytes | None],
        *,
        row_group: int | None = None,
        **more: Any,
    ) -> Path:
        """The raw file of a batch; a sequence of values is partition 0, after earlier batches."""
        if not isinstance(records, Mapping):
            records = {0: records}
        starts = {p: self._end(p, number) for p in records}
        table = raw_table(records, starts)
        about = header(number, records, starts, **more)
        path = self.raw / about.batch.part
        pq.write_table(
            table.cast(RAW_SCHEMA.with_metadata(about.metadata())), path, row_group_size=row_group
        )
        return path

    def _end(self, partition: int, number: int) -> int:
        earlier = (path for path in self.raw.glob("*.parquet") if int(path.stem) < number)
        spans = (span for path in earlier for span in read_raw_header(path).batch.spans)
        return max((span.end for span in spans if span.partition == partition), default=0)

    def parse(self, progress: Progress | None = None) -> StreamCounts:
        """Run the stage."""
        return parse_stream(self.root, self.stream, progress=progress or Quiet())

    def rows(self, number: int | None = None) -> list[dict[str, Any]]:
        """Rows of the dataset, of one part or of all."""
        return self._read(self.root / self.stream.dataset.path, number)

    def dead(self, number: int | None = None) -> list[dict[str, Any]]:
        """Dead letters, of one batch or of all."""
        return self._read(self.root / self.stream.dead_dir, number)

    def files(self) -> dict[str, bytes]:
        """Everything that parsing wrote, by path."""
        places = (self.stream.dataset.path, self.stream.dead_dir, "reports")
        found = (p for place in places for p in (self.root / place).rglob("*") if p.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}

    @staticmethod
    def _read(folder: Path, number: int | None) -> list[dict[str, Any]]:
        pattern = "*" if number is None else f"{number:06}.parquet"
        return [row for path in sorted(folder.glob(pattern)) for row in _table(path)]


def _table(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    return rows
