"""What a report says of the files with all rows: how many, where, and what is not in them."""

from __future__ import annotations

from dataclasses import replace

from tests import sample_reports as samples

from datarelease.model.review.report import Report
from datarelease.model.review.row_files import RowsFile
from datarelease.render.html.report import html
from datarelease.render.markdown.comment import CommentSource, comment

RUN = "https://github.example/acme/data/actions/runs/42"
PLACE = CommentSource(server="https://github.example", repository="acme/data", run_url=RUN)
HOSTILE = "](https://evil.example)<img src=x>/changes.parquet"


def with_files(*files: RowsFile) -> Report:
    """A report whose first dataset left files."""
    report = samples.small()
    first, *rest = report.datasets
    return replace(report, datasets=(replace(first, row_files=files), *rest))


def test_the_comment_says_how_many_and_links_the_run() -> None:
    """A whole file, one whose budget was used up, and where the artifacts are."""
    report = with_files(
        RowsFile(kind="violations", name="people/violations.parquet", rows=1200, total=1200),
        RowsFile(kind="changes", name="people/changes.parquet", rows=100_000, total=1_234_567),
    )
    text = comment(report, PLACE)
    assert "All 1,200 failing values are in `people/violations.parquet`" in text
    assert (
        "100,000 of 1,234,567 changed rows are in `people/changes.parquet` "
        "(limit: `release.rows_budget`)" in text
    )
    assert f"all rows: [the artifacts of the check]({RUN}#artifacts)" in text
    files = with_files(
        RowsFile(kind="violations", name="a/violations.parquet", rows=2, total=2, of_files=True),
        RowsFile(kind="changes", name="a/changes.parquet", rows=1, total=1, of_files=True),
    )
    assert "All 2 failing files are in" in comment(files, PLACE)
    assert "The one changed file is in" in comment(files, PLACE)
    assert "the artifacts of the check" not in comment(with_files(), PLACE)
    page = html(report)
    assert "All 1,200 failing values are in <code" in page


def test_the_name_of_a_file_is_only_a_name() -> None:
    """A report comes from unreviewed code; its names become neither links nor elements."""
    report = with_files(RowsFile(kind="changes", name=HOSTILE, rows=1, total=1))
    assert "<img src=x>" not in html(report)
    text = comment(report, PLACE)
    assert "The one changed row is in `" in text
    line = next(line for line in text.splitlines() if "The one changed row" in line)
    assert line.count("`") == 2
