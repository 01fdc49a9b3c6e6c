"""What Dagster shows of reports, checks and releases. It reads values; it decides nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import dagster as dg

from datarelease.adapters.dvc.graph import StageNode
from datarelease.documents import DocumentError, decode, decode_or_none, decode_statistics
from datarelease.errors import DatareleaseError
from datarelease.flows.check.assess import _Record, in_words, other_inputs
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.dataset_at import snapshot
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FilesProfile
from datarelease.model.data.provenance import ReadFile
from datarelease.model.data.validation import Contract, Validation
from datarelease.model.review.policy import Finding
from datarelease.model.review.report import DatasetReport, Report
from datarelease.model.versions.release import Nothing, Released
from datarelease.model.versions.snapshot import DatasetSnapshot
from datarelease.render import escape, words
from datarelease.render import numbers as number
from datarelease.render.html.report import drift_plot
from datarelease.render.markdown import gfm
from datarelease.render.markdown.report import finding_line, markdown
from datarelease.render.verdict import VerdictView

REPORT_LIMIT = 20_000
"""Characters of a report: every event keeps its own copy."""
ROW_COUNT = "dagster/row_count"
COLUMNS = "dagster/column_schema"
_SHOWN = 20

Metadata = dict[str, dg.MetadataValue]


def report_metadata(report: Report) -> Metadata:
    """The report as Markdown and its head in fields, with a plot of the drift if there is any."""
    found: Metadata = {
        "verdict": dg.MetadataValue.text(report.level),
        "compatibility": dg.MetadataValue.text(report.compatibility.value),
        "digest": dg.MetadataValue.text(report.digest),
        "baseline": dg.MetadataValue.text(report.base or "none: first release"),
        "report": dg.MetadataValue.md(markdown(report, limit=REPORT_LIMIT)),
    }
    plot = drift_plot(report)
    if plot is not None:
        said = f"grey: {escape.prose(report.base or 'before')}, blue: this data"
        data = f"data:image/svg+xml;base64,{base64.b64encode(plot.encode()).decode()}"
        picture = f"![Distributions of the columns that moved most]({data})"
        found["drift"] = dg.MetadataValue.md(f"{picture}\n\n{said}")
    return found


def release_metadata(result: Released | Nothing, remote: str) -> Metadata:
    """How a release ended, on one remote."""
    report = result.report
    rows = {d.name: d.diff.rows_after for d in report.datasets if d.diff.rows_after is not None}
    found: Metadata = {
        "rows": dg.MetadataValue.json(rows),
        ROW_COUNT: dg.MetadataValue.int(sum(rows.values())),
    } | report_metadata(report)
    files = {d.name: after.files for d in report.datasets if (after := d.diff.files_after)}
    if files:
        found["files"] = dg.MetadataValue.json(files)
    if isinstance(result, Nothing):
        return {
            "outcome": dg.MetadataValue.text(result.reason),
            "version": dg.MetadataValue.text(result.tag or "none"),
            "objects_uploaded": dg.MetadataValue.int(0),
        } | found
    manifest = result.manifest
    sent = dict(result.verified.pushed.uploaded)
    return {
        "outcome": dg.MetadataValue.text(f"released {manifest.tag}"),
        "version": dg.MetadataValue.text(manifest.tag),
        "commit": dg.MetadataValue.text(manifest.commit),
        "objects_uploaded": dg.MetadataValue.int(sent.get(remote, 0)),
        "objects_verified": dg.MetadataValue.int(result.verified.objects),
    } | found


def validation_metadata(part: DatasetReport, validation: Validation) -> Metadata:
    """The failed checks of one dataset as a table, and how many were evaluated."""
    of_files = part.diff.of_files is not None
    found = _validation(validation, of_files=of_files)
    if validation.violations:
        whole = "the files" if of_files else "the table"
        rows = [
            (
                escape.code(failed.column) if failed.column else whole,
                gfm.text(words.violation(failed)),
                number.count(failed.count),
                number.share(number.ratio(failed.count, failed.total)),
                failed.severity,
            )
            for failed in validation.violations[:_SHOWN]
        ]
        heads = ("column", "what failed", _counted(of_files=of_files), "share", "severity")
        table = gfm.table(heads, rows)
        more = len(validation.violations) - _SHOWN
        rest = f"\n\nand {number.counted(more, 'more failed check')}" if more > 0 else ""
        found["failed"] = dg.MetadataValue.md(table + rest)
    if part.size is not None:
        found["size"] = dg.MetadataValue.text(number.size(part.size))
    return found


def _counted(*, of_files: bool) -> str:
    return "files" if of_files else "rows"


def _validation(validation: Validation, *, of_files: bool) -> Metadata:
    return {
        "schema": dg.MetadataValue.text(validation.schema or "none declared"),
        "checks": dg.MetadataValue.int(validation.checks),
        "violations": dg.MetadataValue.int(len(validation.violations)),
        _counted(of_files=of_files): dg.MetadataValue.int(validation.rows),
    }


def findings_markdown(verdict: VerdictView, findings: Sequence[Finding]) -> dg.MetadataValue:
    """What the policy found, worst first."""
    lines = [finding_line(verdict, finding) for finding in findings]
    return dg.MetadataValue.md(gfm.bullets(lines) if lines else "Nothing found.")


def trailers_metadata(trailers: Mapping[str, str], tag: str, date: str) -> Metadata:
    """What a version's tag tells of it, for one that was released elsewhere."""
    names = (
        "Digest",
        "Rows",
        "Files",
        "Baseline",
        "Compatibility",
        "Verdict",
        "Reviewed",
        "Remotes",
    )
    told = {name.lower(): trailers[name] for name in names if name in trailers}
    return {
        "version": dg.MetadataValue.text(tag),
        "released": dg.MetadataValue.text(date),
        **{name: dg.MetadataValue.text(text) for name, text in told.items()},
    }


def stage_metadata(stage: StageNode, path: str) -> Metadata:
    """What is known of one output of a stage that ran."""
    found: Metadata = {"stage": dg.MetadataValue.text(stage.address)}
    out = next((out for out in stage.outs if out.path == path), None)
    if out is not None and out.md5:
        found["md5"] = dg.MetadataValue.text(out.md5)
    if out is not None and out.size is not None:
        found["size"] = dg.MetadataValue.text(number.size(out.size))
    return found


def document_metadata(ws: Workspace, path: str, stage: str) -> Metadata:
    """What a dataset's recorded validation or statistics say; nothing where ``path`` is neither.

    A record that ``check`` would not use says nothing of the data as it is now: then the metadata
    holds only the reason, under ``not_used``, and how ``stage`` (its address) writes it again.
    """
    for dataset in ws.settings.datasets:
        readers: dict[str, Callable[[bytes], _Record]] = {
            dataset.validation_file: partial(decode, Validation),
            dataset.profile_file: decode_statistics,
        }
        data = ws.read(path) if path in readers else None
        if data is None:
            continue
        try:
            record = readers[path](data)
        except DocumentError as error:
            return _not_used(str(error), stage)
        why = _outdated(ws, record, dataset)
        if why:
            return _not_used(why, stage)
        if isinstance(record, Validation):
            statistics = decode_or_none(FilesProfile, ws.read(dataset.profile_file))
            return _validation(record, of_files=bool(dataset.files or statistics))
        if isinstance(record, FilesProfile):
            return {
                "files": dg.MetadataValue.int(record.files),
                "bytes": dg.MetadataValue.int(record.bytes),
            }
        return {
            "rows": dg.MetadataValue.int(record.rows),
            "columns": dg.MetadataValue.int(len(record.columns)),
        }
    return {}


def _outdated(ws: Workspace, record: _Record, dataset: Dataset) -> str:
    """Why ``record`` does not count for the dataset in the work tree; empty: it does."""
    try:
        now = snapshot((dataset,), ws.tracked.outputs, ws.objects)
    except DatareleaseError as error:
        return f"it cannot be compared with the data: {error.what}"
    other = other_inputs(record, dataset, now.datasets[0], ws.read)
    return in_words(record, other) if other else ""


def _not_used(why: str, stage: str) -> Metadata:
    remedy = f"`dvc repro --force --single-item {stage}` writes it again"
    return {"not_used": dg.MetadataValue.text(f"{why}; {remedy}")}


def contract_of(dataset: Dataset, read: ReadFile) -> dg.TableSchema | None:
    """The columns that the schema of a dataset promises, from its recorded validation.

    None: there is none that can be read, or it was made from another schema or other checks of
    one's own than those that ``read`` gives now.
    """
    record = decode_or_none(Validation, read(dataset.validation_file))
    if record is None or record.contract is None:
        return None
    # The data decides no promise, so that which data it is may stay unknown here.
    content = DatasetSnapshot(name=dataset.name, entries=())
    changed = {"schema", "checks"} & {*other_inputs(record, dataset, content, read)}
    return None if changed else _column_schema(record.contract)


def _column_schema(contract: Contract) -> dg.TableSchema:
    """The promises of a schema as Dagster draws them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type or "any",
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=column.unique, other=list(column.checks)
                ),
            )
            for column in contract.columns
        ],
        constraints=dg.TableConstraints(other=list(contract.checks)),
    )
