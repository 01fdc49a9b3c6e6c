"""The report of each stream, from the counts that stages left in git at a revision or now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError
from datarelease.flows.repository import Workspace
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.provenance import differences, of_counts
from datarelease.model.data.stream import BatchCounts, StreamCounts, StreamReport, counts_file
from datarelease.model.versions.snapshot import Snapshot
from datarelease.model.versions.version import Version
from datarelease.progress import Progress

_Reader = Callable[[str], bytes | None]


def counts_here(
    read: _Reader, datasets: Iterable[Dataset], now: Snapshot
) -> tuple[StreamCounts, ...]:
    """The counts of every dataset that a stream feeds: of the data ``now``, as declared now.

    Raises:
        ConfigError: A file of counts cannot be used, or is about something else.
    """
    found = []
    for dataset in datasets:
        path = counts_file(dataset)
        data = read(path)
        if data is None:
            continue
        try:
            counts = decode(StreamCounts, data)
        except DocumentError as error:
            raise _unusable(dataset, f"{path} cannot be used: {error}") from error
        content = now.get(dataset.name)
        made_from = of_counts(dataset, content, read) if content is not None else None
        other = differences(counts.made_from, made_from) if made_from is not None else ("dataset",)
        if other:
            changed = ", ".join(other)
            raise _unusable(dataset, f"{path} was made before these inputs changed: {changed}.")
        found.append(counts)
    return tuple(found)


def _unusable(dataset: Dataset, what: str) -> ConfigError:
    return ConfigError(
        what,
        untouched="Nothing was pushed or tagged.",
        remedy=f"Run the stage that calls `datarelease ingest parse {dataset.name}` again: `dvc "
        "repro --force --single-item STAGE`.",
    )


def counts_then(
    read: _Reader, datasets: Iterable[Dataset], progress: Progress
) -> tuple[StreamCounts, ...]:
    """The same at a released commit; what cannot be read there is said and left out."""
    found = []
    for dataset in datasets:
        data = read(counts_file(dataset))
        try:
            found += [decode(StreamCounts, data)] if data is not None else []
        except DocumentError as error:
            # Of another version of this program, say: the batches count as new then.
            progress.say(f"{counts_file(dataset)} of the baseline is not used: {error}")
    return tuple(found)


def compare_streams(
    before: Sequence[StreamCounts] | None, after: Iterable[StreamCounts]
) -> tuple[StreamReport, ...]:
    """What came since ``before`` (None: there is no baseline), a report for each stream."""
    old = {counts.stream: counts for counts in before or ()}
    return tuple(_compare(old.get(counts.stream), counts, first=before is None) for counts in after)


def streams_of_change(
    ws: Workspace, base: Version | None, now: Snapshot
) -> tuple[tuple[StreamReport, ...], frozenset[str]]:
    """The report of each stream, and the names of the streams, now and in the baseline."""
    after = counts_here(ws.read, ws.settings.datasets, now)
    if base is None:
        return compare_streams(None, after), frozenset()
    then = counts_then(ws.at(base.commit).read, ws.settings.datasets, ws.progress)
    names = {counts.stream for counts in (*then, *after)}
    names |= {stream.name for stream in ws.settings.streams}
    return compare_streams(then, after), frozenset(names)


def _compare(before: StreamCounts | None, after: StreamCounts, *, first: bool) -> StreamReport:
    then = {batch.number: batch for batch in before.batches} if before else {}
    now = {batch.number: batch for batch in after.batches}
    other = sum(
        number in now and _content(now[number]) != _content(b) for number, b in then.items()
    )
    gone = len(then.keys() - now.keys())
    return StreamReport(
        name=after.stream,
        topic=after.topic,
        before=len(then),
        new=tuple(batch for batch in after.batches if batch.number not in then),
        remade=other,
        gone=gone,
        first=first or before is None,
    )


def _content(batch: BatchCounts) -> tuple[object, ...]:
    places = tuple((span.partition, span.start, span.end) for span in batch.spans)
    return (batch.md5, places)
