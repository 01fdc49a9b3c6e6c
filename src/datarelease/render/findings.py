"""What the policy found, in words that name what failed; each writer shows them in its own way."""

from __future__ import annotations

from datarelease.model.data.validation import Violation
from datarelease.model.review.failure import Name, Sentence, failures
from datarelease.model.review.policy import Finding, points
from datarelease.render import numbers as number
from datarelease.render.changes import schema_change
from datarelease.render.triage import Triage
from datarelease.render.words import Data, Phrase, Prose

_SHARES = {"row_loss", "row_gain", "dead_letters"}
_DRIFT = {"psi", "ks", "js"}


def place(finding: Finding) -> Phrase:
    """Where a finding applies."""
    if not finding.dataset:
        return ("all datasets",)
    # A breaking change says which column.
    if finding.column is None or finding.rule == "breaking":
        return (Data(finding.dataset),)
    return (Data(f"{finding.dataset}.{finding.column}"),)


def said(finding: Finding, triage: Triage) -> Phrase:
    """What was found, with its limit and its waiver, without the rule's name and the place."""
    told = cause(finding, triage)
    if told is None:
        told = (Prose(finding.message.removeprefix("breaking change: ")), limit(finding))
    elif (back := triage.report.rollback_of) and finding.level == "warn" and finding.waiver is None:
        told = (*told, " (a roll-back to ", Prose(back), ")")
    return (*told, *_waiver(finding))


def cause(finding: Finding, triage: Triage) -> Phrase | None:
    """The failed checks or the breaking change behind a finding; None: its message says it all."""
    if finding.rule == "violations":
        found = failed(finding, triage)
        return _phrase(failures(found)) if found else None
    if finding.rule == "breaking":
        part = triage.parts.get(finding.dataset)
        changes = triage.breaking.get((finding.dataset, finding.column), ())
        whole = part is not None and part.diff.status in {"removed", "unreadable"}
        if len(changes) == 1 and not (whole and finding.column is None):
            return schema_change(changes[0])
    return None


def failed(finding: Finding, triage: Triage) -> tuple[Violation, ...]:
    """The failed checks that a finding of the rule ``violations`` is about.

    A dataset has one finding for errors and, after it, one for warnings.
    """
    part = triage.parts.get(finding.dataset)
    if part is None or part.validation is None:
        return ()
    found = [v for v in part.validation.violations if v.reason != "unreadable"]
    errors = tuple(v for v in found if v.severity == "error")
    warnings = tuple(v for v in found if v.severity == "warning")
    siblings = [f for f in triage.by_dataset.get(finding.dataset, ()) if f.rule == "violations"]
    first = not siblings or siblings[0] == finding
    return errors if errors and first else warnings


def _phrase(sentence: Sentence) -> Phrase:
    return tuple(
        Data(str(part))
        if isinstance(part, Name)
        else part
        if isinstance(part, str)
        else number.count(part)
        for part in sentence
    )


def limit(finding: Finding) -> str:
    """The limit that was passed, in the unit of its rule; empty where the message says it all.

    >>> limit(Finding(rule="null_rate", level="warn", dataset="a", column="b", message="",
    ...               observed=0.072, limit=0.05))
    ' (limit: 5 points)'
    """
    if finding.limit is None:
        return ""
    if finding.rule == "null_rate":
        return f" (limit: {points(finding.limit)})"
    if finding.rule in _SHARES:
        return f" (limit: {number.share(finding.limit).replace('.0%', '%')})"
    return f" (limit: {number.decimal(finding.limit)})" if finding.rule in _DRIFT else ""


def _waiver(finding: Finding) -> Phrase:
    """Why a finding does not block, where a waiver excuses it; else nothing."""
    waiver = finding.waiver
    if waiver is None:
        return ()
    return ("; waived until ", Data(waiver.until), ": ", Prose(waiver.reason))
