"""The policy applied to a change, and whether a dataset kept every row that was released."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from datarelease.model.data.stream import StreamReport
from datarelease.model.data.validation import Severity, failures, plain, unreadable
from datarelease.model.review.diff import (
    ColumnDiff,
    Compatibility,
    DatasetDiff,
    FileCounts,
    RowDiff,
    SchemaChange,
)
from datarelease.model.review.policy import (
    Finding,
    Level,
    Limit,
    Policy,
    Verdict,
    blocking_first,
    excused,
    points,
)
from datarelease.model.review.report import DatasetReport
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
        findings += _row_counts(policy, dataset)
        if dataset.diff.status == "identical":
            continue
        change = [
            *(excused(found, policy.waivers, number) for found in _breaking(policy, dataset.diff)),
            *_row_change(policy, dataset.diff),
            *(
                found
                for column in dataset.diff.columns
                for found in _column(policy, dataset, column)
            ),
        ]
        findings += [_softened(found, rollback_of) for found in change]
    for stream in streams:
        findings += [_softened(found, rollback_of) for found in _events(policy, stream)]
    for found in _rewritten(policy, {d.name: d.diff for d in datasets}, by_name, fed):
        findings.append(_softened(excused(found, policy.waivers, number), rollback_of))
    return Verdict(findings=blocking_first(findings))


def _finding(
    rule: str,
    level: Level,
    dataset: str,
    message: str,
    observed: float | None = None,
    limit: float | None = None,
    *,
    column: str | None = None,
    what: str = "",
) -> Finding:
    return Finding(
        rule=rule,
        level=level,
        dataset=dataset,
        column=column,
        message=message,
        observed=None if observed is None else float(observed),
        limit=None if limit is None else float(limit),
        what=what,
    )


def _unread(dataset: DatasetReport) -> Iterator[Finding]:
    """Unreadable data always blocks, and no rule compares it."""
    reason = unreadable(dataset.validation) if dataset.validation is not None else ""
    told = dataset.diff.status == "unreadable" and dataset.diff.rows_after is None
    if reason or told:
        message = dataset.diff.unreadable or f"cannot be read: {reason}"
        yield _finding("unreadable", "block", dataset.name, message)


def _violations(policy: Policy, dataset: DatasetReport) -> Iterator[Finding]:
    if dataset.validation is None:
        return
    levels: tuple[tuple[Severity, Level], ...] = (("error", policy.violations), ("warning", "warn"))
    found = [v for v in dataset.validation.violations if v.reason != "unreadable"]
    for severity, level in levels:
        if of_it := [v for v in found if v.severity == severity]:
            message = plain(failures(of_it))
            yield _finding("violations", level, dataset.name, message, len(of_it), 0)


def _row_counts(policy: Policy, dataset: DatasetReport) -> Iterator[Finding]:
    rows, name, level = dataset.diff.rows_after, dataset.name, policy.rows.level
    if rows is None:
        return
    low, high = policy.rows.of(name)
    if low is not None and rows < low:
        what = "the dataset is empty" if rows == 0 else f"{rows:,} rows, fewer than {low:,}"
        yield _finding("rows", level, name, what, rows, low)
    if high is not None and rows > high:
        yield _finding("rows", level, name, f"{rows:,} rows, more than {high:,}", rows, high)


def _breaking(policy: Policy, diff: DatasetDiff) -> Iterator[Finding]:
    changes: list[tuple[str | None, str]] = [
        (change.column, _in_words(change))
        for change in diff.schema
        if change.compatibility is Compatibility.BREAKING
    ]
    if diff.status == "removed":
        changes.insert(0, (None, "the dataset was removed"))
    if diff.status == "unreadable" and diff.rows_after is not None:
        changes.insert(0, (None, diff.unreadable))
    old_names = {change.column: change.before for change in diff.schema if change.kind == "renamed"}
    for column, change in changes:
        old_name = old_names.get(column, column)
        what = diff.name if old_name is None else f"{diff.name}.{old_name}"
        message = f"breaking change: {change}"
        yield _finding("breaking", policy.breaking, diff.name, message, column=column, what=what)


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
            level = "warn" if rows_kept(diffs.get(name)) else policy.append_only.level
            yield _finding("append_only", level, name, words, what=name)


def _in_words(change: SchemaChange) -> str:
    column = f"column {change.column!r}"
    match change.kind:
        case "removed":
            return f"{column} was removed"
        case "renamed":
            return f"column {change.before!r} was renamed to {change.after!r}"
        case "retyped":
            return f"{column} changed its type from {change.before} to {change.after}"
        case "key":
            return f"the key changed from ({change.before}) to ({change.after})"
        case _:
            return (
                change.note
                or f"{column}: {change.before or 'none'} became {change.after or 'none'}"
            )


def _row_change(policy: Policy, diff: DatasetDiff) -> Iterator[Finding]:
    before, after = diff.rows_before, diff.rows_after
    if not before or after is None:
        return
    for name, limit, share, verb in (
        ("row_loss", policy.row_loss, (before - after) / before, "lost"),
        ("row_gain", policy.row_gain, (after - before) / before, "gained"),
    ):
        words = f"{verb} {share:.1%} of its rows, {before:,} → {after:,}"
        yield from _over(limit, name, diff.name, None, share, words)


def _column(policy: Policy, dataset: DatasetReport, column: ColumnDiff) -> Iterator[Finding]:
    if column.before is not None and column.after is not None and dataset.diff.rows_before:
        rise = column.after.null_rate - column.before.null_rate
        words = f"null rate rose by {points(rise)} to {column.after.null_rate:.1%}"
        yield from _over(policy.null_rate, "null_rate", dataset.name, column.column, rise, words)
    measures: tuple[tuple[str, Limit, float | None], ...] = (
        ("psi", policy.psi, column.psi),
        ("ks", policy.ks, column.ks),
        ("js", policy.js, column.js),
    )
    for name, limit, value in measures:
        if value is not None:
            words = f"the distribution drifted: {name.upper()} {value:.3g}"
            yield from _over(limit, name, dataset.name, column.column, value, words)


def _events(policy: Policy, stream: StreamReport) -> Iterator[Finding]:
    share = stream.dead / stream.records if stream.records else 0.0
    words = f"{stream.dead:,} of {stream.records:,} new records break the schema ({share:.1%})"
    yield from _over(policy.dead_letters, "dead_letters", stream.name, None, share, words)
    if stream.lost:
        offsets = plural(stream.lost, "offset")
        words = f"the broker had dropped {offsets} of {stream.topic!r} before they were read"
        yield _finding("lost_events", policy.lost_events, stream.name, words, stream.lost, 0)


def _over(
    limit: Limit, rule: str, dataset: str, column: str | None, value: float, words: str
) -> Iterator[Finding]:
    maximum = limit.of(dataset, column)
    if maximum is not None and value > maximum:
        yield _finding(rule, limit.level, dataset, words, value, maximum, column=column)


def _softened(finding: Finding, rollback_of: str | None) -> Finding:
    if rollback_of is None or finding.level == "warn":
        return finding
    return replace(
        finding, level="warn", message=f"{finding.message} (a roll-back to {rollback_of})"
    )


def not_append_only(diff: DatasetDiff | None, stream: StreamReport | None) -> str | None:
    """What was removed or changed, in words; None: rows or parts were added at most.

    A stream keeps its parts, byte for byte, and its rows. Any other dataset keeps its rows: as the
    comparison by key tells or, where there is none, its files, of which none may be changed or
    gone then.
    """
    # Of a stream the counts in git tell, with the data out of reach, that every part is the same.
    proven = stream is not None and stream.append_only
    rows = _of_rows(diff, proven=proven) if diff is not None else []
    found = [*_of_batches(stream), *rows]
    if not found:
        return None
    same = "; every released row is there, unchanged" if rows_kept(diff) else ""
    return f"not append-only: {'; '.join(found)}{same}"


def rows_kept(diff: DatasetDiff | None) -> bool:
    """Whether it is known that no released row was removed or changed."""
    if diff is None or diff.status == "identical":
        return diff is not None
    return diff.rows is not None and not diff.rows.removed and not diff.rows.changed


def _of_batches(stream: StreamReport | None) -> list[str]:
    if stream is None or stream.first:
        return []
    said = [
        f"{count:,} {one if count == 1 else many}"
        for count, one, many in (
            (stream.remade, "has other content now", "have other content now"),
            (stream.gone, "is gone", "are gone"),
        )
        if count
    ]
    batches = "the batch" if stream.before == 1 else f"the {stream.before:,} batches"
    return [f"of {batches} before, {' and '.join(said)}"] if said else []


def _of_rows(diff: DatasetDiff, *, proven: bool) -> list[str]:
    before, after = diff.rows_before, diff.rows_after
    if diff.status == "removed":
        lost = f", and {plural(before, 'row')} with it" if before else ""
        return [f"the dataset was removed{lost}"]
    if diff.status != "changed":
        return []
    if diff.rows is not None:
        return _counted("row", diff.rows)
    if before is not None and after is not None and after < before:
        return [f"{plural(before - after, 'row')} fewer than the {before:,} released"]
    return _of_files(diff, proven=proven)


def _of_files(diff: DatasetDiff, *, proven: bool) -> list[str]:
    files, why = diff.files, f"rows were not compared ({diff.no_row_diff or 'no reason is known'})"
    if not files.removed and not files.changed and (proven or files.added):
        return []
    said = _counted("released file", files)
    return [f"{' and '.join(said)}, and {why}" if said else f"not known: {why}"]


def _counted(noun: str, counts: RowDiff | FileCounts) -> list[str]:
    pairs = ((counts.removed, "removed"), (counts.changed, "changed"))
    return [f"{plural(count, noun)} {how}" for count, how in pairs if count]
