"""One reading of a report, which every writer writes down: what is shown, and in which order.

Lengths are cut from the end of these orders, so that data loss, breaking changes and blocking
findings come before everything that may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.diff import Compatibility, DatasetDiff, SchemaChange
from datarelease.model.review.policy import LEVELS, Finding, VerdictLevel, worst
from datarelease.model.review.report import DatasetReport, Report
from datarelease.model.review.split import Split, splits
from datarelease.render import words
from datarelease.render.columns import ColumnView
from datarelease.render.files import FilesView
from datarelease.render.pipeline import PipelineView, pipeline_view
from datarelease.render.streams import StreamView, stream_view
from datarelease.render.verdict import VerdictView
from datarelease.render.words import Phrase


@dataclass(frozen=True)
class DatasetView:
    """A dataset in the report."""

    part: DatasetReport
    levels: Mapping[str | None, VerdictLevel]
    """The worst that was found about each of its columns, and about it as a whole."""
    findings: tuple[Finding, ...]
    first: bool = False
    """There is no version yet, so that every dataset is new."""
    split: Split | None = None
    """Of the first part of a former dataset, what became of that one."""

    @property
    def diff(self) -> DatasetDiff:
        """The dataset, old and new."""
        return self.part.diff

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self.part.name

    @cached_property
    def level(self) -> VerdictLevel:
        """The worst that was found about it."""
        return worst(self.levels.values())

    @property
    def tells(self) -> bool:
        """Whether there is something to say about it beyond that it is the same."""
        return bool(self.diff or self.violations) or self.level != "pass"

    @cached_property
    def files(self) -> FilesView | None:
        """Its files, if it is a dataset of files."""
        found = self.diff.of_files
        return None if found is None else FilesView(found, self.diff.status)

    @property
    def noun(self) -> str:
        """What it holds: rows, or files."""
        return "row" if self.diff.of_files is None else "file"

    @property
    def standing(self) -> Phrase:
        """What happened to it as a whole; empty where it merely changed."""
        return words.standing(self.diff, first=self.first)

    @property
    def whole(self) -> bool:
        """Whether ``standing`` says everything, without a count of rows."""
        return self.diff.status in {"removed", "identical", "unreadable"}

    @cached_property
    def lost(self) -> int:
        """Rows or files that the next version is short of, by count or one by one; 0: none.

        What a part of a former dataset lacks is in the other parts; what none of them has counts
        for the first.
        """
        if self.diff.is_part:
            return 0 if self.split is None else self.split.lost
        before, after, _ = words.amounts(self.diff)
        one_by_one = self.diff.rows.removed if self.diff.rows else 0
        if self.diff.of_files is not None and self.diff.of_files.counts is not None:
            one_by_one = self.diff.of_files.counts.removed
        return max((before or 0) - (after or 0), one_by_one, 0)

    @cached_property
    def schema(self) -> tuple[SchemaChange, ...]:
        """The changes of its schema, worst first."""
        return tuple(sorted(self.diff.schema, key=lambda c: c.compatibility, reverse=True))

    @cached_property
    def breaking(self) -> tuple[SchemaChange, ...]:
        """Those that break readers."""
        return tuple(c for c in self.schema if c.compatibility is Compatibility.BREAKING)

    @property
    def schema_counts(self) -> tuple[str, str]:
        """How many changes of its schema break readers, and how many do not, in words."""
        return (
            words.change_counts(self.breaking),
            words.change_counts(self.schema[len(self.breaking) :]),
        )

    @property
    def violations(self) -> tuple[Violation, ...]:
        """The failed checks, worst first."""
        return () if self.part.validation is None else self.part.validation.violations

    @property
    def checked(self) -> Validation | None:
        """The outcome of its schema; None where there was nothing to check."""
        found = self.part.validation
        return (
            found if found is not None and (found.schema is not None or found.violations) else None
        )

    @cached_property
    def columns(self) -> tuple[ColumnView, ...]:
        """All columns, worst first: findings about them, drift, failed checks, other changes."""
        named = {finding.column: finding.level for finding in reversed(self.findings)}

        def place(view: ColumnView) -> tuple[object, ...]:
            return (
                -LEVELS.index(named.get(view.name, "pass")),
                -view.drift_weight,
                -LEVELS.index(view.level),
                not view.diff,
            )

        return tuple(sorted(self.in_table, key=place))

    @cached_property
    def in_table(self) -> tuple[ColumnView, ...]:
        """All columns in the order of the table; those of a part stand alone, with no drift."""
        found = self.diff.columns
        if self.diff.is_part:
            found = tuple(column.alone() for column in found if column.after is not None)
        return tuple(ColumnView(c, self.levels.get(c.column, "pass")) for c in found)

    @cached_property
    def moved(self) -> tuple[ColumnView, ...]:
        """Those of both versions that moved."""
        return tuple(column for column in self.columns if column.compares and not column.still)

    @cached_property
    def still(self) -> tuple[ColumnView, ...]:
        """Those of both versions that hardly did."""
        return tuple(column for column in self.columns if column.still)

    @cached_property
    def drifted(self) -> ColumnView | None:
        """The column that moved most; None: none did."""
        most = max(self.in_table, key=lambda column: column.drift_weight, default=None)
        return most if most is not None and most.drift_weight > 0 else None

    @property
    def order(self) -> tuple[object, ...]:
        """The smallest is shown first."""
        return (
            -LEVELS.index(self.level),
            self.diff.status not in {"removed", "unreadable"},
            self.diff.compatibility is not Compatibility.BREAKING,
            not self.lost,
            not self.diff,
            -(self.drifted.drift_weight if self.drifted else 0.0),
        )


@dataclass(frozen=True)
class ReportView:
    """A report as it is shown."""

    report: Report

    @cached_property
    def verdict(self) -> VerdictView:
        """What the policy says of it."""
        return VerdictView(self.report)

    @cached_property
    def _made(self) -> tuple[DatasetView, ...]:
        verdict, first = self.verdict, self.report.base is None
        split = {found.parts[0]: found for found in splits(d.diff for d in self.report.datasets)}
        return tuple(
            DatasetView(
                part,
                verdict.levels.get(part.name, {}),
                verdict.by_dataset.get(part.name, ()),
                first=first,
                split=split.get(part.name),
            )
            for part in self.report.datasets
        )

    @cached_property
    def datasets(self) -> tuple[DatasetView, ...]:
        """Worst first: blocked, gone or unreadable, breaking, losing rows, warned, changed."""
        return tuple(sorted(self._made, key=lambda view: view.order))

    @cached_property
    def by_name(self) -> Mapping[str, DatasetView]:
        """The datasets by name; of equal names the first."""
        return {view.name: view for view in reversed(self._made)}

    @cached_property
    def told(self) -> tuple[DatasetView, ...]:
        """Those of which there is something to say."""
        return tuple(view for view in self.datasets if view.tells)

    @cached_property
    def same(self) -> tuple[DatasetView, ...]:
        """The others."""
        return tuple(view for view in self.datasets if not view.tells)

    @cached_property
    def streams(self) -> tuple[StreamView, ...]:
        """What each stream brought."""
        return tuple(stream_view(stream, self.report.base) for stream in self.report.streams)

    @cached_property
    def pipeline(self) -> PipelineView:
        """What changed beside the datasets: metrics and parameters."""
        return pipeline_view(self.report)

    def drifted(self) -> Sequence[tuple[DatasetView, ColumnView]]:
        """The columns of all datasets that moved, those that moved most first."""
        found = [(d, c) for d in self._made for c in d.in_table if c.drift_weight > 0]
        return sorted(found, key=lambda item: -item[1].drift_weight)
