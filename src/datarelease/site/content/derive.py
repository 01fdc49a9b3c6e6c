"""Documents of a version to figures: its manifest and report, or what git has of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal

from datarelease.model.data.profile import Scalar
from datarelease.model.data.validation import Validation, Violation
from datarelease.model.review.diff import ColumnDiff, DatasetDiff, RowDiff
from datarelease.model.review.report import MASK, DatasetReport, Report
from datarelease.model.versions.manifest import Manifest, ManifestDataset
from datarelease.render.notes import report_notes
from datarelease.render.words import Data, Phrase, Prose, Strong, amounts
from datarelease.site.content.figures import (
    ColumnFigures,
    DatasetFigures,
    KeptNote,
    RowFigures,
    VersionFigures,
)

_PARTS = 20
"""Files of a dataset that a page may list."""
_CATEGORIES = 24
_CHANGED_COLUMNS = 20


def figures_of(report: Report | None, manifest: Manifest | None) -> VersionFigures:
    """What report and manifest of a version tell; None: this document could not be read."""
    by_name = {dataset.name: dataset for dataset in manifest.datasets} if manifest else {}
    parts = () if report is None else report.datasets
    told = [
        dataset_figures(part, by_name.get(part.name))
        for part in parts
        if part.diff.status != "removed" and (not by_name or part.name in by_name)
    ]
    there = {dataset.name for dataset in told}
    told += [_listed(dataset) for name, dataset in by_name.items() if name not in there]
    return VersionFigures(
        datasets=tuple(sorted(told, key=lambda dataset: dataset.name)),
        base=report.base if report else manifest.baseline if manifest else None,
        removed=tuple(part.name for part in parts if part.diff.status == "removed"),
        notes=None if report is None else tuple(map(kept_note, report_notes(report))),
        findings=report.verdict.findings if report else (),
        param_changes=report.params if report else (),
        metrics=report.pipeline.metrics if report else (),
        remotes=manifest.remotes if manifest else (),
        tools=manifest.tools if manifest else (),
        complete=report is not None and manifest is not None,
    )


_PARTS_OF_NOTES: dict[type, Literal["data", "prose", "strong"]] = {
    Data: "data",
    Prose: "prose",
    Strong: "strong",
}


def kept_note(phrase: Phrase) -> KeptNote:
    """A phrase as it is kept."""
    return tuple(
        ("own", part) if isinstance(part, str) else (_PARTS_OF_NOTES[type(part)], part.text)
        for part in phrase
    )


def note_phrase(note: KeptNote) -> Phrase:
    """The phrase again."""
    kinds = {name: kind for kind, name in _PARTS_OF_NOTES.items()}
    return tuple(text if kind == "own" else kinds[kind](text) for kind, text in note)


def _listed(dataset: ManifestDataset) -> DatasetFigures:
    """A dataset of which only the manifest is known."""
    return DatasetFigures(
        name=dataset.name,
        path=dataset.path,
        amount=dataset.rows,
        size=sum(file.size for file in dataset.files),
        parts=_parts(dataset),
        files=len(dataset.files),
        key=dataset.key,
        schema=dataset.schema,
    )


def _parts(dataset: ManifestDataset) -> tuple[tuple[str, int, str], ...]:
    return tuple((dataset.place(file), file.size, file.key) for file in dataset.files[:_PARTS])


def dataset_figures(part: DatasetReport, listed: ManifestDataset | None) -> DatasetFigures:
    """The figures of one dataset of a report; ``listed``: what the manifest has of it."""
    diff, validation = part.diff, part.validation
    before, amount, _ = amounts(diff)
    of_files = diff.of_files
    held = of_files.after if of_files else None
    size = held.bytes if held else part.size
    return DatasetFigures(
        name=part.name,
        path=part.path,
        desc=part.desc,
        of_files=of_files is not None,
        amount=amount,
        before=None if diff.is_part else before,
        size=sum(file.size for file in listed.files) if listed else size,
        parts=_parts(listed) if listed else (),
        files=len(listed.files) if listed else 0,
        key=listed.key if listed else (),
        status=diff.status,
        schema=validation.schema if validation else None,
        checks=validation.checks if validation else None,
        violations=_violations(validation),
        changes=diff.schema,
        rows=_rows(diff.rows),
        file_changes=of_files.counts if of_files else None,
        columns=_columns(diff, _types(validation, listed)),
        kinds=held.kinds if held else (),
    )


def _violations(validation: Validation | None) -> tuple[Violation, ...]:
    found = validation.violations if validation else ()
    return tuple(dataclasses.replace(violation, examples=()) for violation in found)


def _rows(rows: RowDiff | None) -> RowFigures | None:
    if rows is None:
        return None
    return RowFigures(
        added=rows.added,
        removed=rows.removed,
        changed=rows.changed,
        unchanged=rows.unchanged,
        columns=rows.columns[:_CHANGED_COLUMNS],
    )


def _types(validation: Validation | None, listed: ManifestDataset | None) -> dict[str, str]:
    """The types of columns as far as they are written down."""
    contract = validation.contract if validation else None
    promised = {c.name: c.type for c in contract.columns if c.type} if contract else {}
    return {**promised, **(dict(listed.types) if listed else {})}


def _columns(diff: DatasetDiff, types: Mapping[str, str]) -> tuple[ColumnFigures, ...]:
    there = [column for column in diff.columns if column.after is not None]
    # A part is not compared with all of what was split: that is no drift.
    shown = [column.alone() for column in there] if diff.is_part else there
    return tuple(_column(column, types) for column in shown)


def _column(column: ColumnDiff, types: Mapping[str, str]) -> ColumnFigures:
    stats, histogram = column.after, column.histogram
    if stats is None:
        raise ValueError("the column does not exist any more")
    counts = histogram.after if histogram and not column.pii else None
    binned = bool(histogram and histogram.edges)
    keep = None if binned else _CATEGORIES
    return ColumnFigures(
        name=column.column,
        type=types.get(column.column, ""),
        kind=column.kind,
        pii=column.pii,
        nulls=stats.nulls,
        distinct=stats.distinct,
        mean=stats.mean,
        std=stats.std,
        median=stats.median,
        quantiles=column.quantiles,
        length_mean=stats.length_mean,
        min=_shown(stats.min, pii=column.pii),
        max=_shown(stats.max, pii=column.pii),
        edges=histogram.edges if histogram and counts else (),
        labels=histogram.labels[:keep] if histogram and counts and not binned else (),
        counts=tuple(counts[:keep]) if counts else (),
        before=tuple(histogram.before[:keep]) if counts and histogram and histogram.before else (),
        psi=column.psi,
        ks=column.ks,
        js=column.js,
    )


def _shown(value: Scalar, *, pii: bool) -> Scalar:
    return None if pii or value == MASK else value


def masked(dataset: DatasetFigures, columns: Iterable[str]) -> DatasetFigures:
    """The dataset without what is or reveals a value of ``columns``.

    A column is often declared ``pii`` after versions were released in which it was not.
    """
    hidden = frozenset(columns)
    if not any(column.name in hidden and not column.pii for column in dataset.columns):
        return dataset
    return dataclasses.replace(
        dataset,
        columns=tuple(
            _without_values(column) if column.name in hidden else column
            for column in dataset.columns
        ),
    )


def _without_values(column: ColumnFigures) -> ColumnFigures:
    return dataclasses.replace(
        column, pii=True, mean=None, std=None, median=None, min=None, max=None,
        edges=(), labels=(), counts=(), before=(), quantiles=(),
    )  # fmt: skip
