"""The policy applied to a change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from datarelease.model.data.stream import StreamReport
from datarelease.model.data.validation import failures, plain, unreadable
from datarelease.model.review.append_only import not_append_only, rows_kept
from datarelease.model.review.diff import ColumnDiff, Compatibility, DatasetDiff, SchemaChange
from datarelease.model.review.policy import (
    Finding,
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

    Args:
        policy: The rules.
        datasets: What was found of each dataset.
        streams: What was found of each stream.
        number: Of the version that the change would become: waivers lapse by it.
        fed: Datasets that a stream feeds, or fed in the baseline.
        rollback_of: The version whose data this is.
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


def _unread(dataset: DatasetReport) -> Iterator[Finding]:
    """Unreadable data always blocks, and no rule compares it."""
    reason = unreadable(dataset.validation) if dataset.validation is not None else ""
    told = dataset.diff.status == "unreadable" and dataset.diff.rows_after is None
    if reason or told:
        yield Finding(
            rule="unreadable",
            level="block",
            dataset=dataset.name,
            column=None,
            message=dataset.diff.unreadable or f"cannot be read: {reason}",
        )


def _violations(policy: Policy, dataset: DatasetReport) -> Iterator[Finding]:
    if dataset.validation is None:
        return
    found = [v for v in dataset.validation.violations if v.reason != "unreadable"]
    errors = [v for v in found if v.severity == "error"]
    warnings = [v for v in found if v.severity == "warning"]
    if errors:
        yield Finding(
            rule="violations",
            level=policy.violations,
            dataset=dataset.name,
            column=None,
            message=plain(failures(errors)),
            observed=float(len(errors)),
            limit=0.0,
        )
    if warnings:
        yield Finding(
            rule="violations",
            level="warn",
            dataset=dataset.name,
            column=None,
            message=plain(failures(warnings)),
            observed=float(len(warnings)),
            limit=0.0,
        )


def _row_counts(policy: Policy, dataset: DatasetReport) -> Iterator[Finding]:
    rows = dataset.diff.rows_after
    if rows is None:
        return
    low, high = policy.rows.of(dataset.name)
    if low is not None and rows < low:
        what = "the dataset is empty" if rows == 0 else f"{rows:,} rows, fewer than {low:,}"
        yield _rows_finding(policy, dataset.name, what, rows, low)
    if high is not None and rows > high:
        yield _rows_finding(policy, dataset.name, f"{rows:,} rows, more than {high:,}", rows, high)


def _rows_finding(policy: Policy, dataset: str, what: str, rows: int, limit: int) -> Finding:
    return Finding(
        rule="rows",
        level=policy.rows.level,
        dataset=dataset,
        column=None,
        message=what,
        observed=float(rows),
        limit=float(limit),
    )


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
        yield Finding(
            rule="breaking",
            level=policy.breaking,
            dataset=diff.name,
            column=column,
            message=f"breaking change: {change}",
            what=diff.name if old_name is None else f"{diff.name}.{old_name}",
        )


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
            yield Finding(
                rule="append_only",
                # The same rows in other bytes (a column more, say) lose nothing.
                level="warn" if rows_kept(diffs.get(name)) else policy.append_only.level,
                dataset=name,
                column=None,
                message=words,
                what=name,
            )


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
        maximum = limit.of(diff.name)
        if maximum is not None and share > maximum:
            yield Finding(
                rule=name,
                level=limit.level,
                dataset=diff.name,
                column=None,
                message=f"{verb} {share:.1%} of its rows, {before:,} → {after:,}",
                observed=share,
                limit=maximum,
            )


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
    maximum = policy.dead_letters.of(stream.name)
    if maximum is not None and share > maximum:
        yield Finding(
            rule="dead_letters",
            level=policy.dead_letters.level,
            dataset=stream.name,
            column=None,
            message=words,
            observed=share,
            limit=maximum,
        )
    if stream.lost:
        offsets = plural(stream.lost, "offset")
        yield Finding(
            rule="lost_events",
            level=policy.lost_events,
            dataset=stream.name,
            column=None,
            message=f"the broker had dropped {offsets} of {stream.topic!r} before they were read",
            observed=float(stream.lost),
            limit=0.0,
        )


def _over(
    limit: Limit, rule: str, dataset: str, column: str, value: float, words: str
) -> Iterator[Finding]:
    maximum = limit.of(dataset, column)
    if maximum is not None and value > maximum:
        yield Finding(
            rule=rule,
            level=limit.level,
            dataset=dataset,
            column=column,
            message=words,
            observed=value,
            limit=maximum,
        )


def _softened(finding: Finding, rollback_of: str | None) -> Finding:
    if rollback_of is None or finding.level == "warn":
        return finding
    return replace(
        finding, level="warn", message=f"{finding.message} (a roll-back to {rollback_of})"
    )
