"""Records into rows and dead letters: what ``datarelease ingest parse`` does.

A pure function of the raw files, the schema and a few settings; no broker, no registry, no clock.
Each batch has a part file of its own, so a new batch leaves those before as they are.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from datarelease.adapters.dvc.listing import tree_md5
from datarelease.adapters.store.directory import replacing
from datarelease.documents import DocumentError, decode, encode
from datarelease.flows.write_file import read, write
from datarelease.ingest.parse.batch import BatchParser
from datarelease.ingest.parse.event_engine import EventEngine
from datarelease.ingest.parse.event_shape import EventShape, read_shape
from datarelease.ingest.parse.files import Md5Memo, Raw, clear_out, fingerprint_of, raw_files
from datarelease.model.data.provenance import of_counts
from datarelease.model.data.stream import BatchCounts, Stream, StreamCounts
from datarelease.model.versions.snapshot import WHOLE, DataFile, DatasetSnapshot, Entry
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Progress, Step
from datarelease.render.numbers import counted

_SCRATCH = ".dvc/tmp/datarelease"


def parse_stream(
    root: Path, stream: Stream, *, progress: Progress, memory_limit: str = "2GB"
) -> StreamCounts:
    """What became of the records of a stream, also written to ``reports/NAME/stream.json``.

    The dataset's directory and that of the dead letters then hold exactly what the raw files
    give. Killed anywhere, the same call again ends the same way.

    Raises:
        ConfigError: The schema leaves open what a row is, or a directory holds other files.
        WorldError: A raw file is damaged or missing; out of memory or disk.
    """
    shape = read_shape(root, stream)
    raws = raw_files(root / stream.raw_dir, stream, shape)
    parts, dead = root / stream.dataset.path, root / stream.dead_dir
    known = {raw.header.batch.part for raw in raws}
    clear_out(parts, known)
    clear_out(dead, known)
    run = _Run(
        root=root, stream=stream, shape=shape, raws=raws, parts=parts, dead=dead,
        progress=progress, memory_limit=memory_limit,
        md5s=Md5Memo(root / _SCRATCH / f"md5-{stream.name}.json"),
    )  # fmt: skip
    counts = run.all()
    run.md5s.save()
    return counts


@dataclass(frozen=True, kw_only=True)
class _Run:
    root: Path
    stream: Stream
    shape: EventShape
    raws: tuple[Raw, ...]
    parts: Path
    dead: Path
    progress: Progress
    memory_limit: str
    md5s: Md5Memo

    def all(self) -> StreamCounts:
        """Keep what can be kept, make the rest."""
        kept = self._kept()
        todo = self.raws[len(kept) :]
        if kept and todo:
            batches = counted(len(kept), "batch", "batches")
            are = agreeing(len(kept), "is", "are")
            self.progress.say(f"{self.stream.name}: {batches} {are} parsed already")
        written = self._written(kept)
        if not todo:
            return written
        counts = list(kept)
        total = sum(raw.records for raw in todo)
        with (
            self._scratch() as scratch,
            EventEngine(temp_directory=scratch / "spill", memory_limit=self.memory_limit) as engine,
            self.progress.track(f"Parsing {self.stream.name}", total, "records") as advance,
        ):
            parser = BatchParser(engine, self.shape, self.stream.format)
            for raw in todo:
                counts.append(self._made(parser, raw, scratch, counts, advance))
                # After each batch, so that nobody who is killed begins from the first.
                written = self._written(counts)
                self.progress.say(_summary(self.stream, counts[-1]))
        return written

    def _kept(self) -> list[BatchCounts]:
        """The counts of the batches whose files are right, from the first to one that is not."""
        kept: list[BatchCounts] = []
        known = self._counted()
        for raw in self.raws:
            counts = known.get(raw.header.batch.number)
            vouched = any(before.md5 or before.dead for before in kept)
            if counts is None or not self._is_made(raw, counts, vouched=vouched):
                break
            kept.append(counts)
        return kept

    def _counted(self) -> Mapping[int, BatchCounts]:
        try:
            found = decode(StreamCounts, (self.root / self.stream.counts_file).read_bytes())
        except (OSError, DocumentError):
            return {}
        judged = (found.time, found.late_minutes) == (self.stream.time, self.stream.late_minutes)
        # Counts of an older version know no watermark.
        whole = all(c.last is None or c.watermark or c.ahead for c in found.batches)
        return {counts.number: counts for counts in found.batches} if judged and whole else {}

    def _is_made(self, raw: Raw, counts: BatchCounts, *, vouched: bool) -> bool:
        """The files of a batch are there, made from what there is now.

        Where it has none, a batch before it (``vouched``) shows that it was counted by these rules.
        """
        batch = raw.header.batch
        part, dead = self.parts / batch.part, self.dead / batch.part
        return (
            counts.spans == batch.spans
            and counts.records == raw.records
            and (counts.events > 0) == part.exists()
            and (counts.dead > 0) == dead.exists()
            and (part.exists() or dead.exists() or vouched)
            and (not part.exists() or fingerprint_of(part) == raw.fingerprint)
            and (not dead.exists() or fingerprint_of(dead) == raw.dead_fingerprint)
            and counts.md5 == (self.md5s.of(part) if part.exists() else None)
        )

    def _made(
        self,
        parser: BatchParser,
        raw: Raw,
        scratch: Path,
        before: list[BatchCounts],
        advance: Callable[[int], None],
    ) -> BatchCounts:
        name = raw.header.batch.part
        part, dead = scratch / name, scratch / f"dead-{name}"
        with self.progress.step(Step.PARSE):
            parsed = parser.parse(raw, part, dead, advance)
        earlier = [self.parts / other.header.batch.part for other in self.raws[: len(before)]]
        newest = max((c.watermark for c in before if c.watermark is not None), default=None)
        with self.progress.step(Step.DUPLICATES):
            counts = parsed.counts(
                [path for path in earlier if path.exists()], newest, self.stream.late_minutes
            )
        with self.progress.step(Step.PART):
            _place(dead, self.dead / name, raw.dead_fingerprint)
        with self.progress.step(Step.PART):
            placed = _place(part, self.parts / name, raw.fingerprint)
        return replace(counts, md5=self.md5s.of(placed) if placed is not None else None)

    def _written(self, batches: list[BatchCounts]) -> StreamCounts:
        header = self.raws[0].header if self.raws else None
        dataset = self.stream.dataset
        parts = [DataFile(path=b.part, md5=b.md5) for b in batches if b.md5 is not None]
        whole = Entry(path=WHOLE, md5=tree_md5(parts))
        content = DatasetSnapshot(name=dataset.name, entries=(whole,))
        counts = StreamCounts(
            stream=self.stream.name,
            topic=header.topic if header else self.stream.topic,
            cluster=header.cluster if header else "",
            batches=tuple(batches),
            time=self.stream.time,
            late_minutes=self.stream.late_minutes,
            key=dataset.key,
            made_from=of_counts(dataset, content, lambda path: read(self.root / path)),
        )
        with self.progress.step(Step.COUNTS):
            write(self.root / self.stream.counts_file, encode(counts).encode())
        return counts

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        place = self.root / _SCRATCH
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="parse-", dir=place) as directory:
            yield Path(directory)


def _place(scratch: Path, target: Path, fingerprint: str) -> Path | None:
    """The file at its place; one that was made from the same is left as it is."""
    if not scratch.exists():
        target.unlink(missing_ok=True)
        return None
    if fingerprint_of(target) == fingerprint:
        scratch.unlink()
        return target
    scratch.chmod(0o644)
    try:
        scratch.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with replacing(target) as neighbour:  # the data are on another disk
            shutil.copyfile(scratch, neighbour)
    return target


def _summary(stream: Stream, counts: BatchCounts) -> str:
    others = {
        "dead letter": counts.dead,
        "duplicate": counts.duplicates,
        "tombstone": counts.tombstones,
        "late event": counts.late,
    }
    rest = "".join(f", {plural(number, noun)}" for noun, number in others.items() if number)
    if counts.ahead:
        their = agreeing(counts.ahead, "its", "their")
        rest += f", {plural(counts.ahead, 'event')} dated ahead of {their} record"
    return f"{stream.name}: batch {counts.number}: {plural(counts.events, 'row')}{rest}"
