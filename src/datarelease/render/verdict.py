"""What the verdict says: what merging does, what it waits for, what changed, and each finding."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.data.validation import Name, Sentence, Violation, failures
from datarelease.model.review.diff import Compatibility, SchemaChange
from datarelease.model.review.policy import Finding, VerdictLevel, blocking_first, points, worst
from datarelease.model.review.report import DatasetReport, MergeEffect, Report
from datarelease.render import numbers as number
from datarelease.render import words
from datarelease.render.changes import changes_summed
from datarelease.render.words import Data, Phrase, Prose, Strong

_VERDICTS: dict[VerdictLevel, str] = {"pass": "Pass", "warn": "Warn", "block": "Blocked"}
_MEANING = {
    Compatibility.PATCH: "same columns",
    Compatibility.ADDITIVE: "only additions to the schema",
    Compatibility.BREAKING: "programs that read the data may fail",
}
_UNTIL = {
    "unreadable": "the data can be read",
    "violations": "the data passes its schema",
    "breaking": "each breaking change is undone or has a waiver",
    "limit": "the data is within the limits of the policy",
}
"""What publishing waits for, by rule; the rules that are not named here are limits."""
_SHARES = {"row_loss", "row_gain", "file_loss", "bytes_gain", "dead_letters"}
_DRIFT = {"psi", "ks", "js"}


@dataclass(frozen=True)
class VerdictView:
    """The verdict on a report in words, and its findings by the place that they are about."""

    report: Report

    @property
    def word(self) -> str:
        """The verdict in a word; another one where nothing is to be merged."""
        return "Compared" if self.report.outcome == "compared" else _VERDICTS[self.report.level]

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Blocking ones first, else as judged."""
        return blocking_first(self.report.verdict.findings)

    @cached_property
    def by_dataset(self) -> Mapping[str, tuple[Finding, ...]]:
        """The findings of each dataset."""
        found: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            found[finding.dataset].append(finding)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def levels(self) -> Mapping[str, Mapping[str | None, VerdictLevel]]:
        """By dataset and column, failed checks included: their finding names no column."""
        found: dict[str, dict[str | None, VerdictLevel]] = defaultdict(dict)

        def find(dataset: str, column: str | None, level: VerdictLevel) -> None:
            found[dataset][column] = worst((found[dataset].get(column, "pass"), level))

        checked = {
            part.name: part.validation.violations
            for part in self.report.datasets
            if part.validation is not None
        }
        for finding in self.findings:
            find(finding.dataset, finding.column, finding.level)
            if finding.rule == "violations" and finding.level == "block":
                for failed in checked.get(finding.dataset, ()):
                    if failed.severity == "error":
                        find(finding.dataset, failed.column, "block")
        for name, violations in checked.items():
            for failed in violations:
                if failed.severity == "warning":
                    find(name, failed.column, "warn")
        return found

    @cached_property
    def _parts(self) -> Mapping[str, DatasetReport]:
        """The datasets by name; of equal names the first."""
        return {part.name: part for part in reversed(self.report.datasets)}

    @cached_property
    def _breaking(self) -> Mapping[tuple[str, str | None], tuple[SchemaChange, ...]]:
        """The breaking changes of each dataset and column."""
        found: dict[tuple[str, str | None], list[SchemaChange]] = defaultdict(list)
        for part in self._parts.values():
            for change in part.diff.schema:
                if change.compatibility is Compatibility.BREAKING:
                    found[part.name, change.column].append(change)
        return {place: tuple(changes) for place, changes in found.items()}

    def said(self, finding: Finding) -> Phrase:
        """What was found, with its limit and its waiver, without the rule's name and the place."""
        told, back, waiver = self._cause(finding), self.report.rollback_of, finding.waiver
        if told is None:
            told = (Prose(finding.message.removeprefix("breaking change: ")), limit_words(finding))
        elif back and finding.level == "warn" and waiver is None:
            told = (*told, " (a rollback to ", Prose(back), ")")
        if waiver is None:
            return told
        return (
            *told,
            "; allowed by a waiver until ",
            Data(waiver.until),
            ": ",
            Prose(waiver.reason),
        )

    def _cause(self, finding: Finding) -> Phrase | None:
        """The failed checks or the breaking change behind it; None: its message says it all."""
        if finding.rule == "violations":
            found = self._failed(finding)
            return _phrase(failures(found)) if found else None
        if finding.rule == "breaking":
            part = self._parts.get(finding.dataset)
            changes = self._breaking.get((finding.dataset, finding.column), ())
            whole = part is not None and part.diff.status in {"removed", "unreadable"}
            if len(changes) == 1 and not (whole and finding.column is None):
                return words.schema_change(changes[0])
        return None

    def _failed(self, finding: Finding) -> tuple[Violation, ...]:
        """The failed checks that a finding of the rule ``violations`` is about.

        A dataset has one finding for errors and, after it, one for warnings.
        """
        part = self._parts.get(finding.dataset)
        if part is None or part.validation is None:
            return ()
        found = [v for v in part.validation.violations if v.reason != "unreadable"]
        errors = tuple(v for v in found if v.severity == "error")
        siblings = [f for f in self.by_dataset.get(finding.dataset, ()) if f.rule == "violations"]
        if errors and (not siblings or siblings[0] == finding):
            return errors
        return tuple(v for v in found if v.severity == "warning")

    @property
    def headline(self) -> Phrase:
        """What merging does; the verdict's symbol and word stand before it."""
        report = self.report
        if report.outcome == "compared":
            return (Strong(report.tag or "?"), " with ", Strong(report.base or "?"))
        if report.level == "block":
            return self._blocked()
        publishes: Phrase = ("merging publishes ", Strong(report.tag or "a new version"))
        older = Prose(report.rollback_of or "an older version")
        # Compared with an older version on purpose, unchanged data equals the newest one.
        same = report.base is not None and report.base_digest in {None, report.digest}
        base = Prose(report.base or "") if same else "the newest version"
        said: dict[MergeEffect, Phrase] = {
            "first": ("first release: ", *publishes),
            "release": publishes,
            "rollback": ("rolls back to the data of ", older, ": ", *publishes),
            "unchanged": ("nothing to release: same data as ", base),
            "same_bytes": ("the parameters changed, the data did not: nothing to release",),
        }
        return said[report.outcome]

    def _blocked(self) -> Phrase:
        report, why = self.report, self._reason()
        if report.tag is None:
            return ("nothing to release, and this data could not be published: ", *why)
        back = report.outcome == "rollback" and report.rollback_of
        what: Phrase = (" (the data of ", Prose(report.rollback_of or ""), ")") if back else ()
        return (Strong(report.tag), *what, " cannot be published: ", *why)

    @property
    def _blocking(self) -> list[Finding]:
        return [finding for finding in self.report.verdict.findings if finding.level == "block"]

    def _reason(self) -> Phrase:
        """What stands in the way: the one thing by its name, several by their number."""
        found = self._blocking
        alone = self._cause(found[0]) if len(found) == 1 else None
        if alone is not None:
            return alone
        rules = Counter(_group(finding) for finding in found)
        failed = sum(len(self._failed(f)) or 1 for f in found if f.rule == "violations")
        said = (
            ("unreadable", number.counted(rules["unreadable"], "dataset") + " cannot be read"),
            ("violations", number.counted(failed, "check") + " failed"),
            ("breaking", number.counted(rules["breaking"], "breaking change")),
            ("limit", number.counted(rules["limit"], "limit") + " exceeded"),
        )
        return (", ".join(text for rule, text in said if rules[rule]),)

    @property
    def remedy(self) -> str:
        """What publishing waits for; empty where nothing blocks."""
        if self.report.level != "block" or self.report.outcome == "compared":
            return ""
        rules = {_group(finding) for finding in self._blocking}
        until = dict(_UNTIL)
        checked = [finding for finding in self._blocking if finding.rule == "violations"]
        failed = [violation for finding in checked for violation in self._failed(finding)]
        if failed and all(violation.reason == "file_check" for violation in failed):
            until["violations"] = "the files obey their rules"
        *head, last = (text for rule, text in until.items() if rule in rules)
        return f"It can be published when {', '.join(head) + ' and ' if head else ''}{last}."

    @property
    def compared(self) -> Phrase:
        """What the change was compared with."""
        base = self.report.base
        return (
            ("there is no earlier version to compare with",)
            if base is None
            else ("compared with ", Prose(base))
        )

    @property
    def changed(self) -> tuple[str, ...]:
        """What differs from the base, in counts: datasets, rows, columns; () on a first release."""
        report = self.report
        return () if report.base is None else changes_summed([d.diff for d in report.datasets])

    @property
    def effect(self) -> Phrase:
        """What a change means for readers, with the term that settings use."""
        meaning = _MEANING.get(self.report.compatibility)
        changed = [part.diff for part in self.report.datasets if part.diff]
        if (
            self.report.compatibility is Compatibility.PATCH
            and changed
            and all(diff.of_files is not None for diff in changed)
        ):
            meaning = "the same kinds of files"
        return (meaning, " (", Data(self.report.compatibility.value), ")") if meaning else ()


def finding_place(finding: Finding) -> Phrase:
    """Where a finding applies."""
    if not finding.dataset:
        return ("all datasets",)
    # A breaking change says which column.
    if finding.column is None or finding.rule == "breaking":
        return (Data(finding.dataset),)
    return (Data(f"{finding.dataset}.{finding.column}"),)


def limit_words(finding: Finding) -> str:
    """The limit that was passed, in the unit of its rule; empty where the message says it all.

    >>> limit_words(Finding(rule="null_rate", level="warn", dataset="a", column="b", message="",
    ...                     observed=0.072, limit=0.05))
    ' (limit: 5 points)'
    """
    if finding.limit is None:
        return ""
    if finding.rule == "null_rate":
        return f" (limit: {points(finding.limit)})"
    if finding.rule in _SHARES:
        return f" (limit: {number.share(finding.limit).replace('.0%', '%')})"
    return f" (limit: {number.decimal(finding.limit)})" if finding.rule in _DRIFT else ""


def _group(finding: Finding) -> str:
    return finding.rule if finding.rule in _UNTIL else "limit"


def _phrase(sentence: Sentence) -> Phrase:
    words_ = (number.count(part) if isinstance(part, int) else part for part in sentence)
    return tuple(Data(str(part)) if isinstance(part, Name) else part for part in words_)
