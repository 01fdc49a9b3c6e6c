"""The last events of a topic: the types that their fields seem to have, and the rows they become.

Enough to begin a schema with. A guess is made by the same reading that events get later: their
fields' JSON types, and for texts whether all of them are dates or times.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.analysis.engine.tables import Table
from datarelease.analysis.inference.infer import Inferred, infer
from datarelease.errors import ConfigError
from datarelease.ingest.kafka.source import Source
from datarelease.ingest.optional import needed
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_parser import EventParser
from datarelease.ingest.parse.event_shape import read_shape
from datarelease.ingest.parse.event_sql import json_query
from datarelease.ingest.raw import schema_id, schema_ids
from datarelease.model.adoption import Note
from datarelease.model.data.provenance import CHECKS_FILE
from datarelease.model.data.stream import EventFormat, Stream
from datarelease.model.wording import agreeing

SIZE = 5_000
"""Events that are looked at."""
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
_TEXTS = (
    (re.compile(_DAY, re.ASCII), "date"),
    (re.compile(_DAY + _CLOCK, re.ASCII), "datetime64[ns]"),
    (re.compile(_DAY + _CLOCK + r"(Z|[+-]\d\d(:?\d\d)?)", re.ASCII), "datetime64[ns, UTC]"),
)
"""What all texts of a field look like -> the type that they stand for."""
_INT64 = range(-(2**63), 2**63)
_SCALARS = {"BOOLEAN": "bool", "VARCHAR": "str", "OBJECT": "object", "ARRAY": "object"}


@dataclass(frozen=True, kw_only=True)
class FieldGuess:
    """A field of events as they are today."""

    name: str
    dtype: str
    """As Pandera spells it."""
    always: bool
    """Every event has the field."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Some events of a topic."""

    topic: str
    values: tuple[bytes, ...]
    format: EventFormat
    schemas: Mapping[int, str]
    """Texts of Avro schemas by their ids."""
    holes: int = 0
    """Offsets between these events without a record: markers of transactions, or compaction."""


def take(
    source: Source,
    topic: str,
    event_format: EventFormat,
    schemas: Callable[[frozenset[int]], Mapping[int, str]],
) -> Sample:
    """The last events of each partition.

    Raises:
        ConfigError: There is no such topic.
        WorldError: The broker does not answer.
    """
    found = source.topic(topic)
    values: list[bytes] = []
    holes = 0
    ids: set[int] = set()
    for partition, log in sorted(source.logs(found).items()):
        start = max(log.low, log.stable - max(1, SIZE // len(found.partitions)))
        holes += log.stable - start
        for records in source.read(topic, partition, start, log.stable):
            holes -= records.num_rows
            ids |= schema_ids(records) if event_format == "avro" else set()
            values += [value for value in records.column("value").to_pylist() if value is not None]
    known = schemas(frozenset(ids)) if ids else {}
    return Sample(
        topic=topic, values=tuple(values), format=event_format, schemas=known, holes=holes
    )


def looks_like_avro(values: Iterable[bytes]) -> bool:
    """All values begin as the registry's wire format says."""
    listed = list(values)
    return bool(listed) and all(schema_id(value) is not None for value in listed)


def guesses(engine: EventEngine, sample: Sample) -> tuple[list[FieldGuess], list[str]]:
    """The fields in the order in which they were first seen, and those that tell nothing.

    Fields whose names an engine cannot tell apart, or that are null in all events, tell nothing.
    """
    names = _names(sample)
    usable, odd = _usable(names)
    types, texts = _fields(engine, sample, usable)
    found: list[FieldGuess] = []
    for place, name in enumerate(usable):
        kinds = [row[place] for row in types]
        dtype = _dtype(kinds, [row[place] for row in texts])
        if dtype is None:
            odd.append(name)
        else:
            found.append(FieldGuess(name=name, dtype=dtype, always=None not in kinds))
    return found, odd


def _names(sample: Sample) -> list[str]:
    if sample.format == "avro":
        rows = _avro(sample, [])
        return list(dict.fromkeys(name for row in rows for name in row["extra"] or () if name))
    names: dict[str, None] = {}
    for value in sample.values:
        try:
            loaded = json.loads(value)
        except (ValueError, RecursionError):
            continue  # a dead letter, which is told when the schema is tried
        if isinstance(loaded, dict):
            names.update(dict.fromkeys(loaded))
    return list(names)


def _usable(names: Sequence[str]) -> tuple[list[str], list[str]]:
    seen: set[str] = set()
    usable: list[str] = []
    odd: list[str] = []
    for name in names:
        fits = name not in {"", "*"} and name.isprintable() and name.lower() not in seen
        (usable if fits else odd).append(name)
        seen.add(name.lower())
    return usable, odd


def _fields(
    engine: EventEngine, sample: Sample, names: Sequence[str]
) -> tuple[list[list[str | None]], list[list[str | None]]]:
    """Types and texts of the events, in the order of ``names``."""
    if not names:
        return [], []
    if sample.format == "avro":
        rows = _avro(sample, names)
    else:
        engine.name("sampled", _table(sample))
        rows = engine.query(json_query("sampled", names, ())).to_pylist()
    events = [row for row in rows if row["fault"] is None]
    return [row["types"] for row in events], [row["texts"] for row in events]


def _avro(sample: Sample, names: Sequence[str]) -> list[dict[str, list[str | None]]]:
    with needed():
        from datarelease.ingest.parse.event_avro import AvroReader  # noqa: PLC0415 - an extra
    rows: list[dict[str, list[str | None]]]
    rows = AvroReader(sample.schemas, names).fields(_table(sample)).to_pylist()
    return rows


def _table(sample: Sample) -> pa.Table:
    numbers = pa.array(np.arange(len(sample.values), dtype=np.int64))
    return pa.table({"n": numbers, "value": pa.array(sample.values, pa.binary())})


def _dtype(kinds: Sequence[str | None], texts: Sequence[str | None]) -> str | None:
    """The type of most values; None: there are none."""
    counts = Counter(_kind(kind) for kind in kinds if kind not in {None, "NULL"})
    if not counts:
        return None
    if "object" in counts:
        return "object"
    most = min(counts, key=lambda kind: (-counts[kind], kind))
    own = [t for k, t in zip(kinds, texts, strict=True) if t is not None and _kind(k) == most]
    if most == "str":
        return next((name for form, name in _TEXTS if all(map(form.fullmatch, own))), "str")
    if most == "number":
        whole = all(re.fullmatch(r"-?\d+", text, re.ASCII) for text in own)
        small = whole and all(int(text) in _INT64 for text in own)
        return "int64" if small else "float64"
    return most


def _kind(kind: str | None) -> str:
    return _SCALARS.get(kind or "", "number")


@dataclass(frozen=True, kw_only=True)
class SampleSummary:
    """What events look like."""

    guesses: tuple[FieldGuess, ...]
    inferred: Inferred
    notes: tuple[Note, ...]
    """Fields that make no column, and why."""


@contextmanager
def trial(root: Path, sample: Sample) -> Iterator[SampleTrial]:
    """A place apart from the files of the repository at ``root`` to try a sample in."""
    place = root / ".dvc" / "tmp" / "datarelease"
    place.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="add-", dir=place) as directory,
        EventEngine(temp_directory=Path(directory) / "spill", memory_limit="1GB") as engine,
    ):
        yield SampleTrial(engine=engine, root=root, scratch=Path(directory), sample=sample)


@dataclass(frozen=True, kw_only=True)
class SampleTrial:
    """A sample, and an engine to read it with."""

    engine: EventEngine
    root: Path
    scratch: Path
    sample: Sample

    def seen(self, stream: Stream) -> SampleSummary:
        """The events as rows, for a stream of which only the names are known.

        Raises:
            ConfigError: There are none, or none that can be read.
        """
        found, odd = guesses(self.engine, self.sample)
        if not found:
            raise _nothing_seen(self.sample)
        bare = replace(stream, time=None, dataset=replace(stream.dataset, key=()))
        columns = {
            guess.name: {"dtype": guess.dtype, "nullable": True, "required": False}
            for guess in found
        }
        rows, _ = self._parsed(bare, json.dumps({"columns": columns}))
        path = self.scratch / "sample.parquet"
        self.engine.name("typed", rows)
        # Sent twice, an event would hide which columns are a key.
        once = self.engine.query("SELECT DISTINCT * FROM typed")
        pq.write_table(once.cast(rows.schema), path)
        table = Table(paths=(path,), format="parquet")
        why = "it is null in all events that were read, or its name cannot be used"
        notes = tuple(Note(what=f"field {name!r}", why=why) for name in odd)
        inferred = infer(self.engine, table, name=stream.name)
        return SampleSummary(guesses=tuple(found), inferred=inferred, notes=notes)

    def lost(self, stream: Stream, schema: str) -> tuple[Note, ...]:
        """What ``schema`` makes of the events seen: the reasons of dead letters, and how many."""
        checks = self.root / "schemas" / CHECKS_FILE
        if checks.is_file():
            (self.scratch / "schemas" / CHECKS_FILE).write_bytes(checks.read_bytes())
        _, reasons = self._parsed(stream, schema)
        size = f"{len(self.sample.values):,} events that were read"
        dead = ("is a dead letter", "are dead letters")
        return tuple(
            Note(what=reason, why=f"{count:,} of {size} {agreeing(count, *dead)}")
            for reason, count in sorted(Counter(reasons).items())
        )

    def _parsed(self, stream: Stream, schema: str) -> tuple[pa.Table, list[str]]:
        """The rows that the sample becomes, and why other events become none."""
        path = self.scratch / str(stream.dataset.schema)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(schema.encode())
        parser = EventParser(self.engine, read_shape(self.scratch, stream), self.sample.format)
        values = pa.chunked_array([pa.array(self.sample.values, pa.binary())])
        parsed = parser.parse(values, parser.avro_reader(self.sample.schemas))
        return parsed.rows, parsed.reasons


def _nothing_seen(sample: Sample) -> ConfigError:
    if not sample.values:
        return ConfigError(
            f"Topic {sample.topic!r} has no events, so no schema can be inferred.",
            remedy="Run the command again when the topic has events.",
        )
    avro = sample.format == "json" and looks_like_avro(sample.values)
    return ConfigError(
        f"None of the last {len(sample.values):,} events of {sample.topic!r} is "
        f"{'a JSON object' if sample.format == 'json' else 'Avro of a schema that is known'}.",
        remedy="They look like Avro of a schema registry: add --format avro."
        if avro
        else "Check the name of the topic, and --format.",
    )
