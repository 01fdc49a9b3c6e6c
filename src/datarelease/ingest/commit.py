"""What the broker is sent after a release: dead letters, and the group's offsets.

A batch's dead letters and its offsets go in one transaction, so that the next run continues a
killed one, and has nothing to do after a complete one. The group's offsets are for the broker's own
tools (lag): ingestion itself never reads them for its plans. Nothing of the work tree but its
settings counts: the tag says what was released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from datarelease.app.workspace import open_workspace
from datarelease.flows.repository import Workspace, catalogue_of
from datarelease.ingest.access import connected, open_writer, read_plan
from datarelease.ingest.kafka.source import Message
from datarelease.ingest.streams import stream_at
from datarelease.model.data.stream import Batch, DeadLetter, Stream, group_of
from datarelease.model.versions.version import Version
from datarelease.model.wording import plural
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.ingest.kafka.producer import Writer

_CHUNK = 10_000
_STAMP = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True, kw_only=True)
class Committed:
    """The result of a commit."""

    stream: str
    group: str
    tag: str | None
    """The version whose batches were committed; None: there is none yet."""
    batches: tuple[int, ...]
    """Numbers of those that were not committed before."""
    dead: int
    """Dead letters that were sent."""
    offsets: Mapping[int, int]
    """The group's offsets now, by partition."""


def commit_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Committed:
    """Commit the newest version's batches at the broker: dead letters sent, offsets committed.

    Batches that are committed already are left out; offsets never decrease.

    Raises:
        ConfigError: No such stream, or no broker configured.
        ConflictError: Another run of it has taken over.
        WorldError: The broker, git or a remote failed; running it again is safe.
    """
    workspace = open_workspace(root, progress=progress)
    stream = stream_at(workspace.root, name)
    group = group_of(stream)
    version = catalogue_of(workspace).latest
    data = workspace.git.read(version.commit, stream.plan_file) if version else None
    plan = read_plan(data, stream)
    if version is None or plan is None or not plan.batches:
        tag = version.tag if version else None
        return Committed(stream=name, group=group, tag=tag, batches=(), dead=0, offsets={})
    letters_of = _dead_letters(workspace, stream, version)
    if stream.dead_letters is not None:
        with connected(env) as broker:
            broker.topic(stream.dead_letters)  # or the message has the nearest name
    with open_writer(env, group, progress=progress) as writer:
        # Not before: from here on the name fences an earlier run.
        reached = writer.committed(stream.topic, sorted(plan.ends()))
        committed, dead = [], 0
        for batch in plan.batches:
            ends = {s.partition: s.end for s in batch.spans if s.end > reached.get(s.partition, -1)}
            if ends:
                sent = settle(writer, stream, ends, _unsent(letters_of(batch), dict(reached)))
                done = f"batch {batch.number} committed, {plural(sent, 'dead letter')} sent"
                progress.say(f"{stream.name}: {done}")
                reached |= ends
                dead += sent
                committed.append(batch.number)
    return Committed(
        stream=stream.name, group=group, tag=version.tag, batches=tuple(committed), dead=dead,
        offsets=dict(sorted(reached.items())),
    )  # fmt: skip


def settle(
    writer: Writer, stream: Stream, offsets: Mapping[int, int], letters: Iterable[DeadLetter]
) -> int:
    """How many dead letters were sent, in one transaction with the offsets of the stream's group.

    Raises:
        ConflictError: Another run has taken over.
        WorldError: The broker does not answer; what was committed before stays.
    """
    messages = (_message(stream, letter) for letter in letters) if stream.dead_letters else ()
    return writer.write(stream.dead_letters or stream.topic, messages, offsets, of=stream.topic)


def letters_in(path: Path) -> Iterator[DeadLetter]:
    """The dead letters in a file that parse wrote, a bounded number in memory at a time."""
    with pq.ParquetFile(path) as file:
        for rows in file.iter_batches(_CHUNK):
            stamps = rows.column("timestamp").cast(_STAMP).cast(pa.int64())
            for row, stamp in zip(rows.to_pylist(), stamps.to_pylist(), strict=True):
                yield DeadLetter(
                    partition=row["partition"],
                    offset=row["offset"],
                    timestamp=stamp,
                    key=row["key"],
                    value=row["value"],
                    reason=row["reason"],
                    detail=row["detail"] or "",
                    # Files of versions that were released before have no such column.
                    headers=tuple((one["name"], one["value"]) for one in row.get("headers") or ()),
                )


# --- inside


def _dead_letters(
    workspace: Workspace, stream: Stream, version: Version
) -> Callable[[Batch], Iterator[DeadLetter]]:
    """Fetches the dead letters of a version's batches from the remotes when it is called."""
    objects = workspace.objects

    @cache
    def files() -> dict[str, str]:
        tracked = (out for stage in workspace.at(version.commit).stages() for out in stage.outs)
        folders = (out.md5 for out in tracked if out.path == stream.dead_dir and out.md5)
        return {file.path: file.md5 for md5 in folders for file in objects.tree(md5)}

    def letters(batch: Batch) -> Iterator[DeadLetter]:
        md5 = files().get(batch.part)
        if md5 is not None:
            objects.ensure([md5])
            yield from letters_in(objects.path(md5))

    return letters


def _unsent(letters: Iterable[DeadLetter], reached: Mapping[int, int]) -> Iterator[DeadLetter]:
    return (one for one in letters if one.offset >= reached.get(one.partition, -1))


def _message(stream: Stream, letter: DeadLetter) -> Message:
    """The record itself, with its headers; further headers describe it.

    Its time too: a topic that keeps a week would drop an older message at once.
    """
    notes = {
        "datarelease.stream": stream.name,
        "datarelease.topic": stream.topic,
        "datarelease.partition": str(letter.partition),
        "datarelease.offset": str(letter.offset),
        "datarelease.timestamp": "" if letter.timestamp is None else str(letter.timestamp),
        "datarelease.reason": letter.reason,
        "datarelease.detail": letter.detail,
    }
    return Message(
        key=letter.key,
        value=letter.value,
        headers=[*letter.headers, *((name, text.encode()) for name, text in notes.items())],
    )
