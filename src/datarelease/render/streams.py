"""What a stream brought, in words and figures that every rendering shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from datarelease.model.data.stream import BatchCounts, Span, StreamReport
from datarelease.render import numbers as number
from datarelease.render.words import Data, Phrase, Prose, Strong

_BATCHES = 12
"""The newest ones have a line each."""
_PARTITIONS = 3
"""Up to so many are listed with their offsets."""
_REASONS = 6
_FIGURES = {
    "records": "records",
    "events": "rows",
    "dead": "dead letters",
    "duplicates": "duplicates",
    "tombstones": "tombstones",
    "late": "late",
    "ahead": "ahead",
    "out_of_order": "out of order",
    "holes": "holes",
}
_ALWAYS = {"records", "events", "dead"}


@dataclass(frozen=True, kw_only=True)
class StreamView:
    """A stream's part of a report."""

    name: str
    brought: str
    said: tuple[Phrase, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Figures of each batch, newest first; nothing in them comes from data."""
    hidden: int
    """Older batches without a line."""


def stream_view(stream: StreamReport, base: str | None) -> StreamView:
    """The view of ``stream``; ``base`` is the version it is compared with."""
    figures = [n for n in _FIGURES if n in _ALWAYS or any(getattr(b, n) for b in stream.new)]
    newest = sorted(stream.new, key=lambda batch: -batch.number)
    shown = newest[:_BATCHES]
    return StreamView(
        name=stream.name,
        brought=_brought(stream),
        said=tuple(_said(stream, base)),
        header=("batch", "offsets", *(_FIGURES[name] for name in figures)),
        rows=tuple(_row(batch, figures) for batch in shown),
        hidden=len(newest) - len(shown),
    )


def offsets(spans: Sequence[Span]) -> str:
    """Which records, in a few words: ``0: 0-99 · 1: 0-57``, or their number.

    >>> offsets([Span(partition=0, start=0, end=1200, high=1200)])
    '0: 0-1,199'
    """
    if len(spans) <= _PARTITIONS:
        return " · ".join(
            f"{span.partition}: {number.count(span.start)}-{number.count(span.end - 1)}"
            for span in spans
        )
    total = sum(span.offsets for span in spans)
    return f"{number.counted(total, 'offset')} of {number.counted(len(spans), 'partition')}"


def _brought(stream: StreamReport) -> str:
    if not stream.new:
        return "no new batch"
    rows = number.counted(stream.events, "new row")
    return f"{rows} in {number.counted(len(stream.new), 'batch', 'batches')}"


def _said(stream: StreamReport, base: str | None) -> list[Phrase]:
    lines = [_kept(stream, base), *_dead(stream)]
    if stream.lost:
        gone = number.counted(stream.lost, "offset")
        lines.append((
            Strong("Lost"), f": the broker deleted {gone} before they were read",
        ))  # fmt: skip
    late = sum(batch.late for batch in stream.new)
    if late:
        lines.append(
            (f"{number.counted(late, 'late event')}. They are older than events before them",)
        )
    ahead = sum(batch.ahead for batch in stream.new)
    if ahead:
        events = number.counted(ahead, "event")
        lines.append(
            (f"{events} with a time more than an hour after the record: a clock is wrong",)
        )
    lines += _unknown(stream)
    schemas = sorted({number_ for batch in stream.new for number_ in batch.schemas})
    if schemas:
        listed = ", ".join(map(str, schemas[:_REASONS]))
        more = f" and {len(schemas) - _REASONS} more" if schemas[_REASONS:] else ""
        lines.append((f"Schemas in the registry: {listed}{more}",))
    times = [batch for batch in stream.new if batch.first and batch.last]
    if times:
        first, last = min(str(b.first) for b in times), max(str(b.last) for b in times)
        lines.append(("Events of ", Data(first), " to ", Data(last)))
    return lines


def _kept(stream: StreamReport, base: str | None) -> Phrase:
    topic: Phrase = (" · topic ", Data(stream.topic))
    if stream.first or base is None:
        return ("The first batches", *topic)
    if stream.append_only:
        parts = number.counted(stream.before, "batch", "batches")
        return (Strong("append-only"), f": {parts} of ", Prose(base), " unchanged", *topic)
    told = [f"{number.count(stream.remade)} made again"] if stream.remade else []
    told += [f"{number.count(stream.gone)} missing"] if stream.gone else []
    parts = number.counted(stream.before, "batch", "batches")
    return (
        Strong("not append-only"), f": of {parts} of ", Prose(base), f", {', '.join(told)}", *topic,
    )  # fmt: skip


def _dead(stream: StreamReport) -> list[Phrase]:
    if not stream.dead:
        return []
    reasons: Counter[str] = Counter()
    for batch in stream.new:
        reasons.update(dict(batch.reasons))
    share = number.share(number.ratio(stream.dead, stream.records))
    line: list[str | Data | Strong | Prose] = [
        f"{number.counted(stream.dead, 'dead letter')} ({share} of the records)"
    ]
    for place, (reason, count) in enumerate(reasons.most_common(_REASONS)):
        line += [", " if place else ": ", Data(reason), f" {number.count(count)}"]
    rest = reasons.total() - sum(count for _, count in reasons.most_common(_REASONS))
    return [(*line, f", other reasons {number.count(rest)}" if rest else "")]


def _unknown(stream: StreamReport) -> list[Phrase]:
    """Fields that no column takes: a producer's new release, most often."""
    found: Counter[str] = Counter()
    for batch in stream.new:
        found.update(dict(batch.unknown))
    if not found:
        return []
    line: list[str | Data | Strong | Prose] = ["Fields that are not in the schema were left out: "]
    for place, (name, count) in enumerate(found.most_common(_REASONS)):
        line += [", " if place else "", Data(name), f" in {number.counted(count, 'event')}"]
    more = len(found) - _REASONS
    return [(*line, f" and {number.counted(more, 'more field')}" if more > 0 else "")]


def _row(batch: BatchCounts, figures: Sequence[str]) -> tuple[str, ...]:
    counts = (number.count(getattr(batch, name)) for name in figures)
    return (number.count(batch.number), offsets(batch.spans), *counts)
