"""The HTML report: self-contained, accessible by structure, and closed to what data says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import sample_reports as samples
from tests.hostile import attacks_on, poisoned
from tests.properties import examples

from datarelease.model.review.diff import ColumnDiff, ColumnStats, Histogram
from datarelease.model.review.pipeline import PipelineDiff
from datarelease.model.review.policy import Limit
from datarelease.model.review.report import MASK
from datarelease.render import columns, plots
from datarelease.render.html.report import html

VOID = {"meta", "link", "br", "wbr"}


class Page(HTMLParser):
    """The elements and attributes of a page, the text, and whether every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.values: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a beginning."""
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Check that it closes the newest one."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note text; where a name may break it is one word all the same."""
        if self.elements and self.elements[-1][0] == "wbr" and self.texts:
            self.texts[-1] += data
        else:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        self.comments.append(data)

    @property
    def text(self) -> str:
        """All text, white space made one."""
        return " ".join(" ".join(self.texts).split())


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_every_page_is_well_formed_and_self_contained(name: str) -> None:
    """Elements close in order; no script, no frame, no address of elsewhere; unique places."""
    page = Page(html(samples.SAMPLES[name]()))
    assert page.open == []
    assert page.comments == []
    kinds = {tag for tag, _ in page.elements}
    assert not kinds & {"script", "img", "iframe", "object", "embed", "form", "input", "base"}
    links = [value for _, name, value in page.values if name in {"href", "src", "xlink:href"}]
    assert all(link.startswith("#") or link == "data:," for link in links)
    ids = [value for _, name, value in page.values if name == "id"]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert not [name for _, name, _ in page.values if name == "style" or name.startswith("on")]


def test_the_policy_allows_this_style_sheet_and_nothing_else() -> None:
    """The hash in the content security policy is that of the style sheet in the page."""
    text = html(samples.small())
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;" in text
    assert "url(" not in style[1]
    assert "@import" not in style[1]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("small", "Merging publishes data-v4"),
        ("first", "First release: merging publishes data-v1"),
        ("rollback", "Rolls back to the data of data-v2 : merging publishes data-v5"),
        ("unchanged", "Nothing to release: same data as data-v3"),
        ("same_bytes", "The parameters changed, the data did not: nothing to release"),
        ("blocked", "data-v4 cannot be published: 4 checks failed, 6 breaking changes"),
    ],
)
def test_the_page_says_first_what_merging_does(name: str, said: str) -> None:
    """The heading carries the consequence."""
    assert said in Page(html(samples.SAMPLES[name]())).text


def test_the_page_shows_findings_changes_violations_and_rows() -> None:
    """What the comment may cut is here."""
    text = Page(html(samples.blocked())).text
    for said in (
        "lost 21.0% of its rows",
        "column phone removed",
        "in_range(0, 120)",
        "15.8%",
        "customer_id=51",
        "310 changed",
        "dataset removed, with 52,000 rows",
        "98% of the values agree",
        f"email={MASK}",
    ):
        assert said in text


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_headings_descend_without_gaps_and_tables_are_labelled(name: str) -> None:
    """Headings go down one level at a time; every table has a caption and scoped headers."""
    page = Page(html(samples.SAMPLES[name]()))
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    kinds = [tag for tag, _ in page.elements]
    assert kinds.count("caption") == kinds.count("table")
    assert all("scope" in names for tag, names in page.elements if tag == "th")


def test_every_picture_has_words() -> None:
    """A drawing has a text alternative or is hidden because text beside it says the same."""
    page = Page(html(samples.blocked()))
    pictures = [names for tag, names in page.elements if tag == "svg"]
    assert pictures
    assert all("aria-label" in names or "aria-hidden" in names for names in pictures)


@cache
def harmless(name: str) -> Page:
    """The page of a report with "x" in every string."""
    return Page(html(poisoned(samples.SAMPLES[name](), "x")))


@pytest.mark.parametrize(("text", "name"), attacks_on("blocked", "files", spaces=False))
def test_hostile_text_makes_no_element_and_no_attribute(text: str, name: str) -> None:
    """With hostile text in every string the page has the elements that "x" gives, in order."""
    report = samples.SAMPLES[name]()
    page = Page(html(poisoned(report, text)))
    plain = harmless(name)
    # Lines and labels of axes follow the text, and names may break where their words end.
    free = {"line", "text", "wbr"}
    kinds = [element for element in page.elements if element[0] not in free]
    assert kinds == [element for element in plain.elements if element[0] not in free]
    assert all(names == () for tag, names in page.elements if tag == "wbr")
    assert page.comments == []
    assert page.open == []


@examples(20)
@given(st.text(max_size=100))
def test_any_text_leaves_the_page_whole(text: str) -> None:
    """Any string in every place: one visible page in UTF-8 without control characters."""
    document = html(poisoned(samples.first(), text))
    document.encode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", document)
    assert Page(document).open == []


def test_masked_values_are_explained() -> None:
    """A column with hidden values says so and shows no extreme of it."""
    assert "text, values hidden" in Page(html(samples.warned())).text


def test_three_hundred_columns_stay_small_and_sorted() -> None:
    """A wide dataset makes a page below 3 MB with the worst column first and most folded."""
    text = html(samples.wide(300))
    assert len(text.encode()) < 3_000_000
    page = Page(text)
    names = re.findall(r"<h4 [^>]*><code>(.*?)</code>", text)
    assert len(names) == 300
    assert names[0] == "column 299"
    assert "292 more columns with their plots" in page.text


def test_five_hundred_bad_datasets_stay_openable() -> None:
    """A page has room for so much; what is left out is said."""
    text = html(samples.many(500))
    assert len(text.encode()) < 8_000_000
    assert "more failed check" in text
    assert "in <code>report.json</code>" in text


NUMBERS = st.floats(-1e308, 1e308) | st.sampled_from([0.0, 1.0, float("inf"), float("nan")])


@examples(30)
@given(
    st.lists(NUMBERS, max_size=6).map(tuple),
    st.lists(st.floats(0, 1e300), max_size=6).map(tuple),
    st.sampled_from(["number", "time", "text", "boolean", "other"]),
    st.lists(st.text(max_size=5), max_size=6).map(tuple),
)
def test_any_histogram_draws_or_is_left_out(
    edges: tuple[float, ...], counts: tuple[float, ...], kind: str, labels: tuple[str, ...]
) -> None:
    """Bounds in disorder, too few counts or none of them: never an error, never "nan" in a path."""
    column = ColumnDiff(
        column="c", kind=kind, pii=False, psi=1e308,  # type: ignore[arg-type]
        before=ColumnStats(rows=1, nulls=5, mean=1e300), after=ColumnStats(rows=0, nulls=0),
        histogram=Histogram(labels=labels, edges=edges, before=counts, after=None),
    )  # fmt: skip
    text = html(samples.report(samples.dataset(columns=(column,))))
    drawn = " ".join(re.findall(r' (?:d|x|y|width|cx|cy)="([^"]*)"', text))
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_a_distribution_is_drawn_to_scale() -> None:
    """Outlines start and end on the base line; the fullest bin reaches the top."""
    histogram = Histogram(labels=(), edges=(0, 1, 2), before=(1.0, 3.0), after=(10.0, 30.0))
    plot = plots.distribution(histogram, "number")
    assert plot is not None
    base, top = plots.HEIGHT - plots.BOTTOM, plots.TOP
    assert plot.before == plot.after
    assert plot.before.startswith(f"M{plots.LEFT} {base}V")
    assert f"V{top}" in plot.before
    assert plot.before.endswith(f"H{plots.WIDTH - plots.RIGHT}V{base}")
    skewed = plots.distribution(replace(histogram, edges=(1, 10, 100)), "number")
    assert skewed is not None
    assert skewed.before == plot.before  # bins are drawn equally wide, whatever their bounds


def test_axis_labels_do_not_collide() -> None:
    """Labels below a plot keep their distance and stay inside the picture."""
    versions = [(f"data-v{i}", 1000 + i) for i in range(1, 40)]
    history = plots.history(versions, current=True)
    assert history is not None
    labels = history.x
    assert labels[-1].text == "data-v39"
    spans = [(at.x - len(at.text) * 3.3, at.x + len(at.text) * 3.3) for at in labels]
    assert all(a[1] < b[0] for a, b in pairwise(spans))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= plots.WIDTH


def test_the_history_ends_with_the_change_itself() -> None:
    """Released versions as they were, then what merging would publish."""
    text = html(replace(samples.warned(), pipeline=PipelineDiff()))
    assert "Rows by version: data-v1 8,000, data-v2 9,100, data-v3 10,000, data-v4 12,000." in text
    assert text.count('class="dot now"') == 1


def test_days_are_shown_without_their_midnight() -> None:
    """The smallest and largest value of a column of days are days."""
    column = samples.time_column("day", before=None, after=10)
    assert column.after is not None
    stats = replace(column.after, min="2024-01-05T00:00:00", max="2024-02-01T06:30:00")
    text = html(samples.report(samples.dataset(columns=(replace(column, after=stats),))))
    assert ">2024-01-05<" in text
    assert ">2024-02-01T06:30:00<" in text


def test_findings_lead_to_their_place() -> None:
    """Failed checks and schema changes to their lists, drift to its column, others above."""
    page = Page(html(samples.blocked()))
    links = [value for tag, name, value in page.values if (tag, name) == ("a", "href")]
    for place in ("#d2-checks", "#d2-schema", "#d2c3", "#d1", "#d2"):
        assert place in links
    ids = [value for _, name, value in page.values if name == "id"]
    assert {"d2-checks", "d2-schema", "d2c3"} <= set(ids)


def test_names_break_at_underscores() -> None:
    """A long name goes on in the next line where a word of it ends, and copies as it is."""
    text = html(samples.warned())
    assert "<code>monthly_<wbr>spend</code>" in text
    assert '<code dir="auto">make.<wbr>country_<wbr>mix.<wbr>France</code>' in text
    assert not re.search(r'="[^"]*<wbr>', text)


def test_columns_that_did_not_move_are_one_line_and_folded_plots() -> None:
    """No row in the table and no open card; links lead to the folded ones."""
    same = samples.number_column("height", before=(180, 9, 10_000), after=(180, 9, 10_000))
    hardly = samples.small().datasets[0].diff.columns
    text = html(samples.report(samples.dataset(rows=(10_000,) * 2, columns=(same, *hardly))))
    page = Page(text)
    assert "Unchanged: height" in page.text
    assert "Little or no drift: age" in page.text
    assert "2 columns with their plots" in page.text
    assert "Columns by drift" not in page.text
    assert "Little or no drift" not in Page(html(samples.first())).text


def test_bars_of_drift_show_their_limit() -> None:
    """The limit of the column; none where the rule is off or a document does not tell."""
    report = samples.warned()
    text = html(report)
    assert text.count('<rect class="limit" x="49.5"') == 4  # 0.25 on a scale to 0.5
    assert "limit of drift" in text
    off = Limit(level="warn", max=0.25, overrides={"customers.monthly_spend": None})
    assert html(replace(report, psi_limit=off)).count('x="49.5"') == 3
    assert 'class="limit"' not in html(replace(report, psi_limit=None))


def test_a_logarithmic_axis_is_called_so() -> None:
    """In sight and in the text alternative; even bins and few bins are not."""
    edges = tuple(float(f * 10**d) for d in range(4) for f in (1, 2, 5))
    skewed = Histogram(labels=(), edges=edges, before=None, after=(1.0,) * (len(edges) - 1))
    plot = plots.distribution(skewed, "number")
    assert plot is not None
    assert plot.logarithmic
    assert plot.alt.startswith("Distribution on a logarithmic axis: ")
    column = replace(samples.number_column("n", before=None, after=(1, 1, 9)), histogram=skewed)
    assert "logarithmic axis" in Page(html(samples.report(samples.dataset(columns=(column,))))).text
    for even in (samples.bins(0, 100, 30), samples.bins(1, 100, 5), (0.0, 1.0, 2.0)):
        assert not columns.logarithmic(replace(skewed, edges=even), "number")
    assert "logarithmic axis" not in html(samples.blocked())


def test_years_have_no_thousands() -> None:
    """A column of years shows 2007 wherever a figure of it stands; other numbers keep the comma."""
    stats = ColumnStats(rows=9, nulls=0, min=1990, max=2024, mean=2007.26, median=2008.0, std=9.5)
    histogram = Histogram(
        labels=("1,990", "2,007", "2,025"), edges=(1990, 2007, 2025), before=None, after=(4.0, 5.0)
    )
    column = ColumnDiff(
        column="year", kind="number", pii=False, before=None, after=stats, histogram=histogram
    )
    text = html(samples.report(samples.dataset(columns=(column,))))
    for said in (">1990<", ">2024<", ">2007.3<", ">2008<", ">2025<"):
        assert said in text
    assert not [label for label in ("1,990", "2,007", "2,008", "2,024", "2,025") if label in text]
    longer = replace(column, after=replace(stats, max=3_024))
    assert ">2,007<" in html(samples.report(samples.dataset(columns=(longer,))))
