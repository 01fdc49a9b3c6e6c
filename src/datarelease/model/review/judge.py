"""The policy applied to a change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from datarelease.model.data.stream import StreamReport
from datarelease.model.data.validation import Severity, failures, plain, unreadable
from datarelease.model.review.append_only import all_kept, not_append_only
from datarelease.model.review.diff import (
    ColumnDiff,
    Compatibility,
    DatasetDiff,
    SchemaChange,
)
from datarelease.model.review.policy import (
    Finding,
    Level,
    Limit,
    Policy,
    RowBounds,
    Verdict,
    blocking_first,
    excused,
    new_finding,
    over_limit,
    points,
)
from datarelease.model.review.report import DatasetReport
from datarelease.model.review.split import Split, splits
from datarelease.model.wording import plural


def judge(
    policy: Policy,
    datasets: Collection[DatasetReport],
    streams: Collection[StreamReport] = (),
    *,
    number: int = 1,
    fed: Collection[str] = (),
    rollback_of: str | None = None,
) -> Verdict:
    """Every rule that the change does not keep, blocking ones first.

    A roll-back returns to data that passed before: what it loses against the newest version is
    reported, but only violations of the schema, empty and unreadable datasets can block it.

    Waivers lapse by ``number``, that of the version that the change would become. A stream feeds
    the datasets in ``fed``, or fed them in the baseline; ``rollback_of`` is the version whose data
    this is.
    """
    findings: list[Finding] = []
    by_name = {stream.name: stream for stream in streams}
    for dataset in datasets:
        findings += _unread(dataset)
        findings += _violations(policy, dataset)
        findings += _counts(policy, dataset)
        if not dataset.diff:
            continue
        change = [
            *(excused(found, policy.waivers, number) for found in _breaking(policy, dataset.diff)),
            *_row_change(policy, dataset.diff),
            *_file_change(policy, dataset.diff),
            *(
                found
                for column in (() if dataset.diff.is_part else dataset.diff.columns)
                for found in _column(policy, dataset, column)
            ),
        ]
        findings += [_softened(found, rollback_of) for found in change]
    for split in splits(dataset.diff for dataset in datasets):
        findings += [_softened(found, rollback_of) for found in _split(policy, split)]
    for stream in streams:
        findings += [_softened(found, rollback_of) for found in _events(policy, stream)]
    for found in _rewritten(policy, {d.name: d.diff for d in datasets}, by_name, fed):
        findings.append(_softened(excused(found, policy.waivers, number), rollback_of))
    return Verdict(findings=blocking_first(findings))


def _unread(dataset: DatasetReport) -> Iterator[Finding]:
    """Unreadable data always blocks, and no rule compares it."""
    reason = unreadable(dataset.validation) if dataset.validation is not None else ""
    told = dataset.diff.status == "unreadable" and dataset.diff.rows_after is None
    if reason or told:
        message = dataset.diff.unreadable or f"cannot be read: {reason}"
        yield new_finding("unreadable", "block", dataset.name, message)


def _violations(policy: Policy, dataset: DatasetReport) -> Iterator[Finding]:
    if dataset.validation is None:
        return
    levels: tuple[tuple[Severity, Level], ...] = (("error", policy.violations), ("warning", "warn"))
    found = [v for v in dataset.validation.violations if v.reason != "unreadable"]
    for severity, level in levels:
        if of_it := [v for v in found if v.severity == severity]:
            message = plain(failures(of_it))
            yield new_finding("violations", level, dataset.name, message, len(of_it), 0)


def _counts(policy: Policy, dataset: DatasetReport) -> Iterator[Finding]:
    rows, files = dataset.diff.rows_after, dataset.diff.of_files
    if rows is not None:
        yield from _within(policy.rows, "rows", dataset.name, rows)
    if files is not None and files.after is not None:
        yield from _within(policy.files, "files", dataset.name, files.after.files)


def _within(bounds: RowBounds, rule: str, name: str, count: int) -> Iterator[Finding]:
    low, high = bounds.of(name)
    if low is not None and count < low:
        what = "the dataset is empty" if count == 0 else f"{count:,} {rule}, fewer than {low:,}"
        yield new_finding(rule, bounds.level, name, what, count, low)
    if high is not None and count > high:
        what = f"{count:,} {rule}, more than {high:,}"
        yield new_finding(rule, bounds.level, name, what, count, high)


def _breaking(policy: Policy, diff: DatasetDiff) -> Iterator[Finding]:
    changes: list[tuple[str | None, str]] = [
        (change.column, _in_words(change))
        for change in diff.schema
        if change.compatibility is Compatibility.BREAKING
    ]
    if diff.status == "removed" and diff.retired:
        message = f"the dataset was retired: {diff.retired}"
        yield new_finding("breaking", "warn", diff.name, message)
    elif diff.status == "removed":
        changes.insert(0, (None, "the dataset was removed"))
    if diff.renamed_from is not None:
        verb = "split from" if diff.is_part else "renamed from"
        changes.insert(0, (None, f"the dataset was {verb} {diff.renamed_from}"))
    if diff.status == "unreadable" and diff.rows_after is not None:
        changes.insert(0, (None, diff.unreadable))
    old_names = {change.column: change.before for change in diff.schema if change.kind == "renamed"}
    for column, change in changes:
        old_name = old_names.get(column, column)
        name = diff.renamed_from or diff.name
        what = name if old_name is None else f"{name}.{old_name}"
        message = f"breaking change: {change}"
        yield new_finding("breaking", policy.breaking, diff.name, message, column=column, what=what)


def _rewritten(
    policy: Policy,
    diffs: Mapping[str, DatasetDiff],
    streams: Mapping[str, StreamReport],
    fed: Collection[str],
) -> Iterator[Finding]:
    """Datasets that have to keep every released row, and do not."""
    for name in dict.fromkeys([*diffs, *streams]):
        if not policy.append_only.of(name, fed=name in fed or name in streams):
            continue
        words = not_append_only(diffs.get(name), streams.get(name))
        if words:
            # The same rows in other bytes (a column more, say) lose nothing.
            level = "warn" if all_kept(diffs.get(name)) else policy.append_only.level
            yield new_finding("append_only", level, name, words, what=name)


def _in_words(change: SchemaChange) -> str:
    column, before, after = f"column {change.column!r}", change.before, change.after
    said = {
        "removed": f"{column} was removed",
        "renamed": f"column {before!r} was renamed to {after!r}",
        "retyped": f"{column} changed its type from {before} to {after}",
        "key": f"the key changed from ({before}) to ({after})",
        "kind_removed": f"no {change.column} files any more (there were {before})",
        "form": f"it was {before} and is {after} now",
    }
    other = change.note or f"{column}: {before or 'none'} became {after or 'none'}"
    return said.get(change.kind, other)


def _row_change(policy: Policy, diff: DatasetDiff) -> Iterator[Finding]:
    before, after = diff.rows_before, diff.rows_after
    if not before or after is None or diff.is_part:
        return
    for name, limit, share, verb in (
        ("row_loss", policy.row_loss, (before - after) / before, "lost"),
        ("row_gain", policy.row_gain, (after - before) / before, "gained"),
    ):
        words = f"{verb} {share:.1%} of its rows, {before:,} → {after:,}"
        yield from over_limit(limit, name, diff.name, None, share, words)


def _split(policy: Policy, split: Split) -> Iterator[Finding]:
    """What all parts of a former dataset lost together, under the limit of its old name."""
    rule = "row_loss" if split.noun == "row" else "file_loss"
    limit = policy.row_loss if split.noun == "row" else policy.file_loss
    maximum, share = limit.of(split.former, None), split.lost / max(split.before, 1)
    if maximum is not None and share > maximum:
        words = (
            f"the parts of {split.former} lost {share:.1%} of its {split.noun}s, "
            f"{split.before:,} → {split.after:,}"
        )
        yield new_finding(rule, limit.level, split.parts[0], words, share, maximum)


def _file_change(policy: Policy, diff: DatasetDiff) -> Iterator[Finding]:
    found = diff.of_files
    if found is None or found.before is None or found.after is None or diff.is_part:
        return
    before, after = found.before, found.after
    gone = before.files - after.files if found.counts is None else found.counts.removed
    if before.files:
        share = gone / before.files
        words = f"lost {share:.1%} of its files: {gone:,} of {before.files:,}"
        yield from over_limit(policy.file_loss, "file_loss", diff.name, None, share, words)
    if before.bytes:
        share = (after.bytes - before.bytes) / before.bytes
        words = f"grew by {share:.1%} in bytes, {before.bytes:,} → {after.bytes:,}"
        yield from over_limit(policy.bytes_gain, "bytes_gain", diff.name, None, share, words)


def _column(policy: Policy, dataset: DatasetReport, column: ColumnDiff) -> Iterator[Finding]:
    if column.before is not None and column.after is not None and dataset.diff.rows_before:
        rise = column.after.null_rate - column.before.null_rate
        words = f"null rate rose by {points(rise)} to {column.after.null_rate:.1%}"
        yield from over_limit(
            policy.null_rate, "null_rate", dataset.name, column.column, rise, words
        )
    measures: tuple[tuple[str, Limit, float | None], ...] = (
        ("psi", policy.psi, column.psi),
        ("ks", policy.ks, column.ks),
        ("js", policy.js, column.js),
    )
    for name, limit, value in measures:
        if value is not None:
            words = f"the distribution drifted: {name.upper()} {value:.3g}"
            yield from over_limit(limit, name, dataset.name, column.column, value, words)


def _events(policy: Policy, stream: StreamReport) -> Iterator[Finding]:
    share = stream.dead / stream.records if stream.records else 0.0
    words = f"{stream.dead:,} of {stream.records:,} new records break the schema ({share:.1%})"
    yield from over_limit(policy.dead_letters, "dead_letters", stream.name, None, share, words)
    if stream.lost:
        offsets = plural(stream.lost, "offset")
        words = f"the broker deleted {offsets} of {stream.topic!r} before they were read"
        yield new_finding("lost_events", policy.lost_events, stream.name, words, stream.lost, 0)


def _softened(finding: Finding, rollback_of: str | None) -> Finding:
    if rollback_of is None or finding.level == "warn":
        return finding
    return replace(
        finding, level="warn", message=f"{finding.message} (a rollback to {rollback_of})"
    )
