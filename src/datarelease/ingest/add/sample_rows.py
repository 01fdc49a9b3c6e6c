"""What a sample of events looks like: as rows, and under a schema."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.analysis.engine.table import Table
from datarelease.analysis.inference.infer import Inferred, infer
from datarelease.errors import ConfigError
from datarelease.ingest.add.sample import FieldGuess, Sample, guesses, looks_like_avro
from datarelease.ingest.add.stream_schema import bare_schema
from datarelease.ingest.parse.batch import BatchParser
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_shape import read_shape
from datarelease.model.adoption import Note
from datarelease.model.data.provenance import CHECKS_FILE
from datarelease.model.data.stream import Stream

NOTHING_ADDED = "Nothing was changed."


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
        rows, _ = self._parsed(bare, bare_schema(found))
        path = self.scratch / "sample.parquet"
        self.engine.name("typed", rows)
        # Sent twice, an event would hide which columns are a key.
        once = self.engine.query("SELECT DISTINCT * FROM typed")
        pq.write_table(once.cast(rows.schema), path)
        table = Table(paths=(path,), format="parquet")
        why = "null in all events seen, or its name cannot be used"
        return SampleSummary(
            guesses=tuple(found),
            inferred=infer(self.engine, table, name=stream.name),
            notes=tuple(Note(what=f"field {name!r}", why=why) for name in odd),
        )

    def lost(self, stream: Stream, schema: str) -> tuple[Note, ...]:
        """What ``schema`` makes of the events seen: the reasons of dead letters, and how many."""
        checks = self.root / "schemas" / CHECKS_FILE
        if checks.is_file():
            (self.scratch / "schemas" / CHECKS_FILE).write_bytes(checks.read_bytes())
        _, reasons = self._parsed(stream, schema)
        size = f"{len(self.sample.values):,} events seen"
        return tuple(
            Note(what=reason, why=f"{reasons.count(reason):,} of {size} are dead letters")
            for reason in sorted(set(reasons))
        )

    def _parsed(self, stream: Stream, schema: str) -> tuple[pa.Table, list[str]]:
        """The rows that the sample becomes, and why other events become none."""
        path = self.scratch / str(stream.dataset.schema)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(schema.encode())
        parser = BatchParser(self.engine, read_shape(self.scratch, stream), self.sample.format)
        records = pa.table({"value": pa.array(self.sample.values, pa.binary())})
        found = parser.found(records, parser.reader(self.sample.schemas))
        broken, reasons, _ = parser.checks.judge(found)
        return found.select(list(parser.shape.names)).filter(pa.array(~broken)), reasons


def _nothing_seen(sample: Sample) -> ConfigError:
    if not sample.values:
        return ConfigError(
            f"Topic {sample.topic!r} holds no event: there is nothing to infer a schema from.",
            untouched=NOTHING_ADDED,
            remedy="Run the command again when there are some.",
        )
    avro = sample.format == "json" and looks_like_avro(sample.values)
    return ConfigError(
        f"None of the last {len(sample.values):,} events of {sample.topic!r} is "
        f"{'a JSON object' if sample.format == 'json' else 'Avro of a schema that is known'}.",
        untouched=NOTHING_ADDED,
        remedy="They look like Avro of a schema registry: add --format avro."
        if avro
        else "Is this the topic that you mean?",
    )
