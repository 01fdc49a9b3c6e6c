"""Datasets of files in a report: the same figures in the comment, on the page, in a terminal."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Console
from tests import sample_reports as samples

from datarelease.model.data.files import SizeBin
from datarelease.model.data.pictures import LONGEST_COPY, PictureChange, PicturesReport
from datarelease.model.review.report import Report
from datarelease.model.versions.outcome import Outcome
from datarelease.render.html.report import html
from datarelease.render.markdown.comment import CommentSource, comment
from datarelease.render.markdown.report import markdown
from datarelease.render.terminal.report import summary
from datarelease.render.view import ReportView

COUNTS = "21 added · 3 removed · 5 changed · 35 renamed · 37 unchanged"


def shown(report: Report) -> str:
    """What a terminal shows."""
    console = Console(width=160, force_terminal=False)
    with console.capture() as captured:
        console.print(summary(report))
    return captured.get()


def test_each_form_tells_the_same_counts() -> None:
    """Files by what happened to them, kinds, and every broken rule, wherever one reads."""
    report = samples.files()
    for text in (markdown(report), html(report), shown(report)):
        assert COUNTS in text
        assert "kinds: image/png" in text
        assert "80 → 98 files" in text or ("98" in text and "from 80" in text)
    assert "**loses" not in markdown(report)
    assert "lost 3 files, while others were added" in markdown(report)
    assert "It can be published when the files obey their rules." in markdown(report)


def test_lost_files_are_never_left_out() -> None:
    """A dataset that is short of files says so in the shortest comment."""
    report = samples.files()
    [part] = report.datasets
    files = part.diff.of_files
    assert files is not None
    assert files.after is not None
    fewer = replace(files, after=replace(files.after, files=40))
    report = replace(report, datasets=(replace(part, diff=replace(part.diff, of_files=fewer)),))
    assert "**loses 40 of 80 files** (\N{MINUS SIGN}50.0%)" in markdown(report, limit=2000)


def test_sizes_that_no_file_has_draw_nothing() -> None:
    """A report from elsewhere may say anything: bins are bounded before they are drawn."""
    report = samples.files()
    [part] = report.datasets
    files = part.diff.of_files
    assert files is not None
    assert files.after is not None
    bins = tuple(SizeBin(bits, 1) for bits in (-5, 3, 64, 10**30))
    files = replace(files, before=None, after=replace(files.after, bins=bins))
    report = replace(report, datasets=(replace(part, diff=replace(part.diff, of_files=files)),))
    [view] = ReportView(report).datasets
    assert view.files is not None
    assert view.files.sizes is not None
    assert view.files.sizes.edges == (4.0, 8.0)
    assert html(report)


def test_the_history_counts_files() -> None:
    """The plot over versions is about files, and says so."""
    page = html(samples.files())
    assert "Files over versions" in page
    assert "Files by version: data-v1 70, data-v2 80, data-v4 98." in page


def test_only_copies_that_are_jpegs_are_shown() -> None:
    """A report from elsewhere may say anything: what is no JPEG in Base64 makes no picture."""
    report = samples.files()
    [part] = report.datasets
    files = part.diff.of_files
    assert files is not None
    good, bad = "/9j/4AAQSkZJRg==", "/9j/' onload='alert(1)"
    changes = (
        PictureChange(kind="added", path="cats/1.png", after=good),
        PictureChange(kind="changed", path="cats/2.png", before=bad, after=good),
        PictureChange(kind="removed", path="cats/3.png", before=bad),
        PictureChange(kind="removed", path="cats/4.png", before="/9j/" + "A" * LONGEST_COPY),
    )
    files = replace(files, pictures=PicturesReport(statistics=None, changes=changes))
    report = replace(report, datasets=(replace(part, diff=replace(part.diff, of_files=files)),))
    page = html(report)
    assert page.count("<img ") == 2
    assert "onload" not in page


def test_a_published_comment_says_how_to_open_the_files() -> None:
    """Where a version has files alone, the code to copy is that for files."""
    report = samples.files()
    outcome = Outcome(
        state="released", tag="data-v4", number=4, digest=report.digest, reviewed=report.digest,
        pull=None, commit="0" * 40, what="", untouched="", remedy="", report=report,
    )  # fmt: skip
    place = CommentSource(
        server="https://github.com", repository="acme/data", run_url="https://github.com/r/1"
    )
    assert 'files = dr.files("data-v4", "images"' in comment(outcome, place)
