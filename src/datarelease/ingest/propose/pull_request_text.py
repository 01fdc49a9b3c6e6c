"""What a proposal brings, read from git alone: the commit says the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datarelease.errors import ConfigError
from datarelease.flows.check.streams import compare_streams, counts_here, counts_then
from datarelease.flows.repository import Repository
from datarelease.flows.versions.dataset_at import snapshot
from datarelease.ingest.access import read_plan
from datarelease.model.data.stream import (
    BatchCounts,
    Span,
    Stream,
    StreamCounts,
    StreamPlan,
    StreamReport,
)
from datarelease.render.escape import code
from datarelease.render.numbers import counted
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.read import read_settings

_ROWS = 50
"""Rows of a table in a pull request."""
_COUNTS = {
    "events": "events",
    "duplicates": "duplicates (the first one stays)",
    "tombstones": "tombstones (they remove nothing)",
    "dead": "dead letters",
    "records": "**all**",
    "late": "late events",
    "ahead": "dated ahead of their record",
    "out_of_order": "out of order",
    "holes": "offsets without a record",
    "lost": "lost before they were read",
}


@dataclass(frozen=True, kw_only=True)
class Described:
    """A proposal."""

    stream: Stream
    commit: str
    report: StreamReport
    digest: str
    """Of the data that merging brings."""

    @property
    def title(self) -> str:
        """One line, such as ``orders: 12,345 events``."""
        return f"{self.stream.name}: {counted(self.report.events, 'event')}"


def describe(repository: Repository, stream: Stream, before: str, commit: str) -> Described:
    """What ``commit`` brings to a stream that the commit ``before`` does not have."""
    tracked = repository.at(commit)
    read = tracked.read
    datasets = read_settings(tracked.mapping(DATASETS_FILE), {}, tracked.artifacts).datasets
    old = counts_then(repository.at(before).read, [stream.dataset], repository.progress)
    now = snapshot(datasets, tracked.outputs, repository.objects)
    new = counts_here(read, [stream.dataset], now)
    if not new:
        raise ConfigError(
            f"The commit {commit[:12]} has no {stream.counts_file}.",
            untouched="Nothing was proposed.",
            remedy=f"The stage that parses {stream.name} must write it: `datarelease ingest add` "
            "makes such a stage.",
        )
    _refuse_other_batches(read_plan(read(stream.plan_file), stream), new[0], stream)
    [report] = compare_streams(old or None, new)
    return Described(stream=stream, commit=commit, report=report, digest=now.digest)


def _refuse_other_batches(plan: StreamPlan | None, counts: StreamCounts, stream: Stream) -> None:
    """Refuse counts of other batches: offsets without records would be skipped."""
    planned = [(batch.number, _places(batch.spans)) for batch in (plan.batches if plan else ())]
    counted = [(batch.number, _places(batch.spans)) for batch in counts.batches]
    if planned != counted:
        raise ConfigError(
            f"{stream.counts_file} does not describe the batches of {stream.plan_file}.",
            untouched="Nothing was proposed.",
            remedy=f"The stages of {stream.name} must depend on it, as in those that `datarelease "
            "ingest add` writes.",
        )


def _places(spans: Sequence[Span]) -> list[tuple[int, int, int]]:
    return [(span.partition, span.start, span.end) for span in spans]


def body(described: Described) -> str:
    """The text of the pull request, in Markdown."""
    stream, report = described.stream, described.report
    numbers = [batch.number for batch in report.new] or [0]
    first, last = min(numbers), max(numbers)
    batches = f"batch {first}" if first == last else f"batches {first} to {last}"
    parts = (
        (
            f"**{counted(report.events, 'new event')}** for {code(stream.name)}, from topic "
            f"{code(report.topic)} ({batches}). Opened by `datarelease ingest propose`."
        ),
        "\n".join(_offsets(report)),
        "\n".join(_counts(report.new)),
        *(["\n".join(_reasons(report.new))] if report.dead else []),
        _appended(report),
        f"Digest of the data: `{described.digest}`",
        (
            "Merging publishes the data, if the check agrees: its report is in a comment below.\n"
            "To refuse it, close this pull request. Nothing is lost: the events stay planned from "
            f"the same offsets, and are proposed again when {stream.propose_events:,} more have "
            f"come, or at once with `datarelease ingest propose {stream.name} --force`.\n"
            "If somebody pushes a commit to this branch, it is never merged automatically."
        ),
    )
    return "\n\n".join(parts) + "\n"


def _offsets(report: StreamReport) -> Iterator[str]:
    yield "| topic | partition | from | to | high watermark | lost |"
    yield "| --- | --: | --: | --: | --: | --: |"
    spans: dict[int, list[Span]] = {}
    for batch in report.new:
        for span in batch.spans:
            spans.setdefault(span.partition, []).append(span)
    for partition, found in sorted(spans.items())[:_ROWS]:
        start, end = min(s.start for s in found), max(s.end for s in found)
        high, lost = max(s.high for s in found), sum(s.lost for s in found)
        yield f"| {code(report.topic)} | {partition} | {start} | {end} | {high} | {lost} |"
    if len(spans) > _ROWS:
        yield f"| … and {len(spans) - _ROWS} more partitions |||||"


def _counts(batches: Sequence[BatchCounts]) -> Iterator[str]:
    yield "| of the records | |"
    yield "| --- | --: |"
    for name, label in _COUNTS.items():
        yield f"| {label} | {sum(getattr(batch, name) for batch in batches):,} |"


def _reasons(batches: Sequence[BatchCounts]) -> Iterator[str]:
    found: Counter[str] = Counter()
    for batch in batches:
        found.update(dict(batch.reasons))
    yield "| dead letters, by reason | |"
    yield "| --- | --: |"
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    yield from (f"| {code(reason)} | {count:,} |" for reason, count in ranked[:_ROWS])
    if len(ranked) > _ROWS:
        yield f"| … and {len(ranked) - _ROWS} more reasons | |"


def _appended(report: StreamReport) -> str:
    if report.first:
        return "These are the first batches of this stream."
    before = f"{report.before} {'batch' if report.before == 1 else 'batches'}"
    if report.append_only:
        return f"**Append-only**: the {before} before are unchanged."
    return (
        f"**Not append-only**: of the {before} before, {report.remade} have other content now and "
        f"{report.gone} are missing. Their rows that are not in the new batches are removed "
        "from the dataset; the check counts them. This is never merged automatically."
    )
