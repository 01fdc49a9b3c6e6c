"""The HTML report: self-contained, accessible by structure, and closed to what data says."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import sample_reports as samples
from tests.hostile import HOSTILE, poisoned

from datarelease.model.diff import ColumnDiff, ColumnStats, Histogram
from datarelease.model.report import MASK
from datarelease.render import plots
from datarelease.render.html import html

VOID = {"meta", "link", "br"}


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
        """Note text."""
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
        ("same_bytes", "Params changed, the data did not: nothing to release"),
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
        "dataset removed, and 52,000 rows with it",
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


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.split()])
def test_hostile_text_makes_no_element_and_no_attribute(text: str) -> None:
    """With hostile text in every string the page has the elements that "x" gives, in order."""
    report = samples.blocked()
    page = Page(html(poisoned(report, text)))
    plain = Page(html(poisoned(report, "x")))
    kinds = [element for element in page.elements if element[0] not in {"line", "text"}]
    assert kinds == [element for element in plain.elements if element[0] not in {"line", "text"}]
    assert page.comments == []
    assert page.open == []


@settings(max_examples=30, deadline=None)
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


@settings(max_examples=60, deadline=None)
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
    labels = history.axes.x
    assert labels[-1].text == "data-v39"
    spans = [(at.x - len(at.text) * 3.3, at.x + len(at.text) * 3.3) for at in labels]
    assert all(a[1] < b[0] for a, b in pairwise(spans))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= plots.WIDTH


def test_the_history_ends_with_the_change_itself() -> None:
    """Released versions as they were, then what merging would publish."""
    text = html(samples.warned())
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
