"""The table of datasets in the HTML report, and the chip that stands beside a dataset's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datarelease.model.review.diff import Compatibility
from datarelease.model.review.policy import VerdictLevel
from datarelease.model.review.report import DatasetReport, Report
from datarelease.render import changes, columns
from datarelease.render import numbers as number
from datarelease.render import words as wording
from datarelease.render.html.columns import LEVELS
from datarelease.render.triage import Triage, drift_weight

_WORDS = {
    "added": "new",
    "identical": "unchanged",
    "removed": "removed",
    "unreadable": "not read",
}
_CELLS = {
    "added": "new dataset",
    "removed": "dataset removed",
    "unreadable": "cannot be read",
}


@dataclass(frozen=True, kw_only=True)
class DatasetRow:
    """A dataset's line in the table of datasets."""

    anchor: str | None
    name: str
    tone: str
    word: str
    rows: str
    schema: str
    checks: str
    drift: tuple[str, str] | None


def word(part: DatasetReport, level: VerdictLevel) -> str:
    """The chip of a dataset: its verdict, or its state where nothing was found."""
    if level != "pass":
        return wording.VERDICTS[level].lower()
    return _WORDS.get(part.diff.status, "pass")


def tone(part: DatasetReport, level: VerdictLevel) -> str:
    """The class of a dataset's chip; nothing to approve in what is unchanged or new."""
    return "plain" if level == "pass" and part.diff.status != "changed" else level


def dataset_rows(triage: Triage, anchors: Mapping[int, str]) -> tuple[DatasetRow, ...]:
    """The table of datasets, worst first."""
    out = []
    for part in triage.datasets:
        level = LEVELS[triage.level(part.name)]
        drifted = max(part.diff.columns, key=drift_weight, default=None)
        drift = None
        if drifted is not None and drift_weight(drifted) > 0:
            drift = (drifted.column, " · ".join(columns.drift(drifted)[:1]))
        out.append(
            DatasetRow(
                anchor=anchors.get(id(part)),
                name=part.name,
                tone=tone(part, level),
                word=word(part, level),
                rows=wording.rows(part.diff).replace(" rows", "").replace(" row", ""),
                schema=_schema_cell(part),
                checks=_checks_cell(part),
                drift=drift,
            )
        )
    return tuple(out)


def _schema_cell(part: DatasetReport) -> str:
    breaking = [c for c in part.diff.schema if c.compatibility is Compatibility.BREAKING]
    others = [c for c in part.diff.schema if c.compatibility is not Compatibility.BREAKING]
    said = [f"breaking: {changes.counts(breaking)}"] if breaking else []
    said += [changes.counts(others)] if others else []
    return _CELLS.get(part.diff.status) or "; ".join(said) or "same"


def _checks_cell(part: DatasetReport) -> str:
    validation = part.validation
    if validation is None:
        return "not checked"
    if validation.schema is None:
        return "no schema"
    failed = len(validation.violations)
    done = f"{number.count(failed)} failed of" if failed else "passed all of"
    return f"{done} {number.count(validation.checks)}" if validation.checks else "none declared"


def totals(report: Report) -> dict[str, str]:
    """Rows and datasets of the next version."""
    counted = [rows for d in report.datasets if (rows := d.diff.rows_after) is not None]
    datasets = number.counted(len(counted), "dataset")
    return {"rows": number.count(sum(counted)), "datasets": f"in {datasets}"}
