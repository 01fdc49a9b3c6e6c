"""What matters most: the order in which datasets, columns and findings are shown.

Lengths are cut from the end of these orders, so that data loss, breaking changes and blocking
findings come before everything that may be left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.review.diff import (
    ColumnDiff,
    ColumnStats,
    Compatibility,
    DatasetDiff,
    SchemaChange,
)
from datarelease.model.review.policy import Finding
from datarelease.model.review.report import DatasetReport, Report
from datarelease.render import numbers as number

#: Values from which a drift counts as notable: PSI after Siddiqi's rule of thumb (0.1 moderate,
#: 0.25 large); the others put the measures on one scale, to sort by and nothing else.
NOTABLE = {"psi": 0.25, "ks": 0.20, "js": 0.10, "nulls": 0.05}


def rows_lost(diff: DatasetDiff) -> int:
    """Rows that the next version is short of, by count or by key; 0 where there are none."""
    by_count = (diff.rows_before or 0) - (diff.rows_after or 0)
    return max(by_count, diff.rows.removed if diff.rows else 0, 0)


def null_rate(stats: ColumnStats | None) -> float | None:
    """Nulls per row; None where there is no such column."""
    return None if stats is None else number.ratio(stats.nulls, stats.rows)


def null_rise(column: ColumnDiff) -> float:
    """How many share points the null rate moved, in either direction."""
    before, after = null_rate(column.before), null_rate(column.after)
    return 0.0 if before is None or after is None else after - before


def drift_weight(column: ColumnDiff) -> float:
    """How far a column moved, about 1 where it becomes notable."""
    return max(
        (column.psi or 0.0) / NOTABLE["psi"],
        (column.ks or 0.0) / NOTABLE["ks"],
        (column.js or 0.0) / NOTABLE["js"],
        abs(null_rise(column)) / NOTABLE["nulls"],
    )


STILL = 0.05
"""A twentieth of what counts as notable: the column hardly moved."""


@dataclass(frozen=True)
class Triage:
    """A report with its findings by place, and the orders that follow from them."""

    report: Report

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Blocking ones first, else as judged."""
        return tuple(sorted(self.report.verdict.findings, key=lambda f: f.level != "block"))

    @cached_property
    def by_dataset(self) -> Mapping[str, tuple[Finding, ...]]:
        """The findings of each dataset."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            found[finding.dataset].append(finding)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def parts(self) -> Mapping[str, DatasetReport]:
        """The datasets by name; of equal names the first."""
        return {part.name: part for part in reversed(self.report.datasets)}

    @cached_property
    def breaking(self) -> Mapping[tuple[str, str | None], tuple[SchemaChange, ...]]:
        """The breaking changes of each dataset and column."""
        found: dict[tuple[str, str | None], list[SchemaChange]] = defaultdict(list)
        for part in self.parts.values():
            for change in part.diff.schema:
                if change.compatibility is Compatibility.BREAKING:
                    found[part.name, change.column].append(change)
        return {place: tuple(changes) for place, changes in found.items()}

    def level(self, dataset: str, column: str | None = None) -> int:
        """2 where something blocks, 1 where something warns, else 0."""
        levels = self._levels.get(dataset, {})
        return max(levels.values(), default=0) if column is None else levels.get(column, 0)

    @cached_property
    def _levels(self) -> Mapping[str, Mapping[str | None, int]]:
        """By dataset and column, failed checks included: their finding names no column."""
        found: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
        for finding in self.findings:
            level = 2 if finding.level == "block" else 1
            places = found[finding.dataset]
            places[finding.column] = max(places[finding.column], level)
            if finding.rule == "violations" and finding.level == "block":
                for column in self._failed.get(finding.dataset, ()):
                    places[column] = level
        for dataset, columns in self._warned.items():
            for column in columns:
                found[dataset][column] = max(found[dataset][column], 1)
        return found

    @cached_property
    def _failed(self) -> Mapping[str, tuple[str | None, ...]]:
        return self._checked("error")

    @cached_property
    def _warned(self) -> Mapping[str, tuple[str | None, ...]]:
        return self._checked("warning")

    def _checked(self, severity: str) -> Mapping[str, tuple[str | None, ...]]:
        """The columns of each dataset that failed a check of this severity."""
        return {
            part.name: tuple(v.column for v in part.validation.violations if v.severity == severity)
            for part in self.report.datasets
            if part.validation is not None
        }

    @cached_property
    def datasets(self) -> tuple[DatasetReport, ...]:
        """Worst first: blocked, gone or unreadable, breaking, losing rows, warned, changed."""
        return tuple(sorted(self.report.datasets, key=self._dataset_order))

    def tells(self, dataset: DatasetReport) -> bool:
        """Whether there is something to say about a dataset beyond that it is the same."""
        failed = dataset.validation is not None and bool(dataset.validation.violations)
        return bool(dataset.diff) or failed or self.level(dataset.name) > 0

    def still(self, dataset: DatasetReport, column: ColumnDiff) -> bool:
        """Whether a column of two versions hardly moved and nothing was found about it."""
        both = column.before is not None and column.after is not None
        quiet = self.level(dataset.name, column.column) == 0
        return both and quiet and drift_weight(column) < STILL

    def _dataset_order(self, dataset: DatasetReport) -> tuple[object, ...]:
        diff = dataset.diff
        return (
            -self.level(dataset.name),
            diff.status not in {"removed", "unreadable"},
            diff.compatibility is not Compatibility.BREAKING,
            not rows_lost(diff),
            not diff,
            -max((drift_weight(column) for column in diff.columns), default=0.0),
        )

    def columns(self, dataset: DatasetReport) -> tuple[ColumnDiff, ...]:
        """All columns, worst first: findings about them, drift, failed checks, other changes."""
        found = {f.column: f.level for f in reversed(self.by_dataset.get(dataset.name, ()))}
        order = {"block": 0, "warn": 1}

        def place(column: ColumnDiff) -> tuple[object, ...]:
            return (
                order.get(found.get(column.column, ""), 2),
                -drift_weight(column),
                -self.level(dataset.name, column.column),
                not column,
            )

        return tuple(sorted(dataset.diff.columns, key=place))
