"""Reports as files."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from datarelease.analysis.memo import NoMemo
from datarelease.documents import encode
from datarelease.errors import ConfigError
from datarelease.flows.check.compare import compare_versions
from datarelease.flows.check.row_files import RowFiles
from datarelease.flows.repository import Repository, Workspace
from datarelease.flows.versions.documents import write_documents
from datarelease.model.review.report import Report
from datarelease.model.wording import suggestion
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown

HTML_NAME = "report.html"


def report_files(report: Report) -> dict[str, bytes]:
    """The report in its three forms, by file name."""
    return {
        "report.json": encode(report).encode(),
        "report.md": markdown(report).encode(),
        HTML_NAME: html(report).encode(),
    }


def write_report(report: Report, out: Path) -> Path:
    """Write the report's three forms into ``out``; returns the HTML file's path.

    Raises:
        ConfigError: Something is in the way.
    """
    write_documents(report_files(report), out)
    return out / HTML_NAME


def rows_beside(ws: Workspace, out: Path) -> RowFiles:
    """Takes the rows behind the findings of a check, into files beside its report."""
    return RowFiles(folder=out, budget=ws.settings.rows_budget, memo=ws.memo)


def changed_rows_in(folder: Path) -> RowFiles:
    """Takes all rows that changed between two versions, into a file for each dataset."""
    return RowFiles(
        folder=folder,
        budget=sys.maxsize,
        memo=NoMemo(),
        name=lambda name, _: f"{name}.parquet",
        asked_for=True,
    )


def changed_rows(repository: Repository, before: str, after: str, dataset: str) -> Any:
    """All rows of a dataset that changed between two versions, as a ``pandas.DataFrame``.

    Raises:
        ConfigError: They cannot be compared.
        WorldError: Data is on no remote.
    """
    import pandas  # noqa: ICN001, PLC0415 - heavy

    with tempfile.TemporaryDirectory(prefix="datarelease-") as folder:
        rows = changed_rows_in(Path(folder))
        found = compare_versions(repository, before, after, tool="", rows=rows, only=dataset)
        diff = found.datasets[0].diff
        if rows.of(dataset):
            return pandas.read_parquet(Path(folder) / f"{dataset}.parquet")
    if diff.no_row_diff:
        raise ConfigError(
            f"The rows of {dataset!r} cannot be compared: {diff.no_row_diff}.",
            untouched="Nothing was written.",
            remedy="Load both versions with dr.load and compare them as you need."
            if diff.is_part
            else "Declare a key that both versions have, in `artifacts.NAME.meta.key`.",
        )
    return pandas.DataFrame({"kind": [], "columns": []})


class VersionDiff(Report):
    """What changed from one version to another; `rows` gives the rows themselves."""

    def rows(self, dataset: str) -> Any:
        """Every row of a dataset that was added, removed or changed: a ``pandas.DataFrame``.

        The columns are those of ``datarelease diff --rows``: ``kind``, ``key.*``, ``columns`` (the
        names of those that changed), ``old.*`` and ``new.*``. The data of both versions is read.

        Raises:
            ConfigError: There is no such dataset, or its rows cannot be compared; why is said.
            WorldError: Data is on no remote.
        """
        part = self.dataset(dataset)
        if part is None:
            raise ConfigError(
                f"The comparison has no dataset {dataset!r}.",
                untouched="Nothing was read.",
                remedy=suggestion(dataset, (found.name for found in self.datasets)),
            )
        read: Callable[[str], Any] = vars(self)["_read_rows"]
        return read(dataset)


def with_rows(report: Report, read: Callable[[str], Any]) -> VersionDiff:
    """The comparison of two versions, whose rows ``read`` gives by the name of a dataset."""
    found = VersionDiff(**vars(report))
    vars(found)["_read_rows"] = read
    return found


_STYLE = "width: 100%; height: 40rem; border: 0; resize: vertical"


def show_reports() -> None:
    """Let notebooks show every report as HTML; the model itself cannot render."""
    Report.to_notebook = framed


def framed(report: Report) -> str:
    """An element that holds the whole HTML report; nothing in it runs or sends anything."""
    # Such a frame resolves links against the page around it: "#people" would leave the report.
    page = html(report).replace('<a href="#', '<a href="about:srcdoc#')
    return (
        f'<iframe title="Report" sandbox="" style="{_STYLE}" '
        f'srcdoc="{escape(page, quote=True)}"></iframe>'
    )
