"""The comment: what it says first, what it never leaves out, how long it gets, what it survives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests import sample_reports as samples
from tests.hostile import HOSTILE, attacks_on, poisoned
from tests.properties import examples
from tests.slow_cases import slow_but

from datarelease.model.data.validation import Violation
from datarelease.model.review.diff import (
    Compatibility,
    DatasetDiff,
    Histogram,
    RowDiff,
    SchemaChange,
)
from datarelease.model.review.policy import Finding, Verdict
from datarelease.model.review.report import MARKDOWN_LIMIT, MASK, Report
from datarelease.render import words
from datarelease.render.markdown import gfm
from datarelease.render.markdown.report import markdown

OURS = {
    "h3", "h4", "p", "strong", "em", "code", "ul", "li", "table", "thead", "tbody", "tr", "th",
    "td", "details", "summary", "blockquote", "br", "sub", "wbr",
}  # fmt: skip


def github(text: str) -> str:
    """HTML as GitHub's parser makes it."""
    return str(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))


def elements(text: str) -> list[str]:
    """The elements of a comment, ends included."""
    return re.findall(r"<(/?[a-z0-9]+)", github(text))


def structure(text: str) -> list[str]:
    """The elements of a comment without what stands inside lines."""
    return [name for name in elements(text) if name.strip("/") not in {"code", "br", "em", "wbr"}]


def table_widths(text: str) -> Iterator[tuple[int, set[int]]]:
    """For each table the cells of its header and of its rows."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    cells: list[int] = []
    for token in tokens:
        if token.type == "table_open":
            cells = []
        elif token.type == "tr_open":
            cells.append(0)
        elif token.type in {"td_open", "th_open"}:
            cells[-1] += 1
        elif token.type == "table_close":
            yield cells[0], set(cells)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("small", "### ✅ Pass · merging publishes **data-v4**"),
        ("warned", "### ⚠️ Warn · merging publishes **data-v4**"),
        ("first", "### ✅ Pass · first release: merging publishes **data-v1**"),
        (
            "rollback",
            "### ✅ Pass · rolls back to the data of data-v2: merging publishes **data-v5**",
        ),
        ("unchanged", "### ✅ Pass · nothing to release: same data as data-v3"),
        (
            "same_bytes",
            "### ✅ Pass · the parameters changed, the data did not: nothing to release",
        ),
        (
            "blocked",
            (
                "### ⛔ Blocked: **data-v4** cannot be published: 4 checks failed, "
                "6 breaking changes"
            ),
        ),
    ],
)
def test_the_first_line_says_what_merging_does(name: str, first: str) -> None:
    """Verdict in a word and a symbol, then the consequence."""
    assert markdown(samples.SAMPLES[name]()).splitlines()[0] == first


@pytest.mark.parametrize(
    ("rule", "why", "until"),
    [
        ("rows", "1 limit exceeded", "the data is within the limits of the policy"),
        ("violations", "1 check failed", "the data passes its schema"),
        ("breaking", "1 breaking change", "each breaking change is undone or has a waiver"),
        ("unreadable", "1 dataset cannot be read", "the data can be read"),
    ],
)
def test_a_block_says_why_and_what_it_waits_for(rule: str, why: str, until: str) -> None:
    """The cause is in the first line, the remedy below it."""
    finding = Finding(rule=rule, level="block", dataset="customers", column=None, message="no")
    report = replace(samples.small(), verdict=Verdict(findings=(finding,)))
    first, _, remedy, *_ = markdown(report).splitlines()
    assert first == f"### ⛔ Blocked: **data-v4** cannot be published: {why}"
    assert remedy == f"It can be published when {until}."
    nothing = replace(report, tag=None, outcome="unchanged")
    assert "nothing to release, and this data could not be published" in markdown(nothing)


MISSING = Violation(
    column="sex", check="column_in_dataframe", reason="column_not_in_dataframe",
    category="schema", count=1, total=1,
)  # fmt: skip


def test_a_single_cause_is_named_in_the_headline_and_in_its_finding() -> None:
    """A column that is missing is called so; nobody has to look up which check failed."""
    text = markdown(samples.report(samples.dataset(violations=(MISSING,))))
    assert text.splitlines()[0].endswith("cannot be published: column `sex` is missing")
    assert "- ⛔ **violations** `customers`: column `sex` is missing\n" in text
    assert "of the schema failed" not in text


@pytest.mark.parametrize("name", [*samples.SAMPLES, pytest.param("many", marks=pytest.mark.slow)])
def test_headlines_are_short(name: str) -> None:
    """Two lines on a phone or three, however much is wrong."""
    report = samples.many(500) if name == "many" else samples.SAMPLES[name]()
    assert len(markdown(report).splitlines()[0]) < 100


def test_a_refused_release_names_what_failed() -> None:
    """The message, which the release and the merge of proposals print, has the column, too."""
    failed = (MISSING, *samples.VIOLATIONS[:4])
    (finding,) = samples.report(samples.dataset(violations=failed)).verdict.findings
    assert finding.message == (
        "column 'sex' is missing; column 'age' fails 'in_range(0, 120)' in 12 of 12,000 rows; "
        "column 'email' fails \"str_matches('^[^@]+@[^@]+$')\" in 3 of 12,000 rows; "
        "2 more failed checks"
    )


def test_a_report_of_an_earlier_release_reads_as_well() -> None:
    """The words come from the failed checks of the document, not from its message."""
    report = samples.report(samples.dataset(violations=(MISSING,)))
    (finding,) = report.verdict.findings
    old = Verdict(findings=(replace(finding, message="1 check of the schema failed"),))
    assert markdown(replace(report, verdict=old)) == markdown(report)


def test_a_finding_names_the_first_failed_checks_and_counts_the_others() -> None:
    """Three are named with their columns and rows; a warning is not taken for an error."""
    text = markdown(samples.blocked())
    assert (
        "- ⛔ **violations** `customers`: column `age` fails `in_range(0, 120)` in 12 of 12,000 "
        "rows; column `email` fails `str_matches('^[^@]+@[^@]+$')` in 3 of 12,000 rows; column "
        "`customer_id` has duplicates in 4 of 12,000 rows; 1 more failed check\n"
    ) in text
    warning = "* ⚠️ **violations** `customers`: column `country` fails `isin(['DE', 'FR'])`"
    assert f"{warning} in 1,900 of 12,000 rows" in text


def test_a_breaking_change_is_told_as_in_its_section() -> None:
    """Names are code, the column is said once; what no change stands for keeps its message."""
    text = markdown(samples.blocked())
    assert "- ⛔ **breaking** `customers`: column `phone` removed, type `string`" in text
    assert "- ⛔ **breaking** `orders`: the dataset was removed" in text
    assert (
        "column 'fax' was removed; allowed by a waiver until `data-v4`: nobody asked for it" in text
    )


def test_the_second_line_says_what_changed() -> None:
    """How many rows of what kind, what it means for readers, the base, which bytes."""
    status = markdown(samples.small()).splitlines()[2]
    assert status == (
        "**20 rows added** · same columns (`patch`) · compared with data-v3 · digest `a1b2c3d4e5f6`"
    )
    warned = markdown(samples.warned()).splitlines()[2]
    assert warned.startswith(
        "**2,012 rows added, 12 removed, 310 changed; 340 rows more; 1 column added** · "
    )
    counted = markdown(samples.blocked()).splitlines()[4]
    assert counted.startswith(
        "**1 dataset removed, 1 added; 2,012 rows added, 12 removed, 310 changed; 1 column "
        "removed, 1 renamed, 1 with another type, 1 added, row key changed, 1 schema rule changed**"
    )
    assert (
        markdown(samples.first())
        .splitlines()[2]
        .startswith("there is no earlier version to compare with")
    )


def test_nulls_rise_by_points() -> None:
    """A rise of a share is told in points, with its limit in points."""
    column = samples.number_column(
        "age", before=(41, 12, 1000), after=(41, 12, 1000), nulls=(350, 422)
    )
    text = markdown(samples.report(samples.dataset(rows=(1000, 1000), columns=(column,))))
    said = "`customers.age`: null rate rose by 7.2 points to 42.2% (limit: 5 points)"
    assert f"* ⚠️ **null\\_rate** {said}" in text


def test_an_everyday_change_is_a_short_comment() -> None:
    """One parameter and a few rows take about fifteen lines."""
    text = markdown(samples.small())
    assert len([line for line in text.splitlines() if line]) <= 16
    assert len(text) < 1500


def change(kind: str, **fields: object) -> SchemaChange:
    """A schema change."""
    given = {"column": "c", "before": None, "after": None, "compatibility": Compatibility.BREAKING}
    return SchemaChange(kind=kind, **(given | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (change("added", after="string"), "column `c` added, type `string`"),
        (change("removed", before="int64"), "column `c` removed, type `int64`"),
        (change("renamed", before="a", after="b"), "column `a` renamed to `b`"),
        (
            change("retyped", before="int64", after="string"),
            "column `c` has another type: `int64` → `string`",
        ),
        (change("key", before="id", after=None), "row key changed: `id` → none"),
        (change("contract", before="not null"), "schema rule for column `c` removed: `not null`"),
        (change("contract", after="unique"), "schema rule for column `c` added: `unique`"),
        (
            change("contract", before="in_range(0, 9)", after="in_range(0, 5)", note="narrower"),
            "schema rule for column `c` changed: `in_range(0, 9)` → `in_range(0, 5)` (narrower)",
        ),
    ],
)
def test_each_schema_change_has_its_own_wording(given: SchemaChange, said: str) -> None:
    """Added, removed, renamed, retyped, key and contract read differently."""
    assert gfm.text(words.schema_change(given)) == said


def test_added_and_removed_datasets_have_their_own_wording() -> None:
    """A new dataset and a lost one are told apart from a changed one."""
    text = markdown(samples.blocked())
    assert "#### `orders` · dataset removed, with 52,000 rows" in text
    assert "#### `invoices` · new dataset, 812 rows" in text
    assert "Unchanged: `countries`" in text
    assert "> `orders` is **removed** with its 52,000 rows" in text


def test_violations_show_counts_share_and_examples() -> None:
    """Each failed check names its column, how many rows, which share, and rows to look at."""
    text = markdown(samples.blocked())
    assert (
        "* ❌ `age`: `in_range(0, 120)` in 12 of 12,000 rows (0.1%)<br>\n"
        "  `customer_id=17` `age=-3` · `customer_id=23` `age=412`" in text
    )
    assert f"`email={MASK}`" in text
    assert "⚠️ warning: `country`: `isin(['DE', 'FR'])`" in text


def test_drift_shows_sparklines_and_measures() -> None:
    """The worst column comes with both shapes, PSI, KS and JS, and its null rates."""
    row = next(
        r for r in markdown(samples.warned()).splitlines() if r.startswith("| ⚠️\u00a0`monthly")
    )
    assert re.search(r"<br>`[▁▂▃▄▅▆▇█]+`<br>`[▁▂▃▄▅▆▇█]+` \| PSI", row)
    assert "PSI\u00a00.41 · KS\u00a00.32 · JS\u00a00.11" in row
    assert "<br>mean 41.2 → 55.1<br>" in row
    assert row.endswith("<br>nulls 1.0% → 4.2% |")


def test_a_logarithmic_axis_is_called_so() -> None:
    """A sparkline over bins that grow by tens says so; one over even bins does not."""
    edges = tuple(float(f * 10**d) for d in range(4) for f in (1, 2, 5))
    counts = (1.0,) * (len(edges) - 1)
    skewed = Histogram(labels=(), edges=edges, before=counts, after=counts)
    (column,) = samples.small().datasets[0].diff.columns
    for histogram, times in ((skewed, 1), (column.histogram, 0)):
        moved = replace(column, histogram=histogram, psi=0.3)
        text = markdown(samples.report(samples.dataset(columns=(moved,))))
        assert text.count("<sub>logarithmic</sub>") == times


def test_long_names_break_in_tables() -> None:
    """A long identifier may go on in the next line where a word ends; other text stays one span."""
    for name, shown in (
        ("average_monthly_spend_in_euro", "`average_monthly_`<wbr>`spend_in_euro`"),
        ("a <b>" * 8, "`a <b>a <b>a <b>a <b>a <b>a <b>a <b>a <b>`"),
        ("x" * 30, f"`{'x' * 30}`"),
    ):
        column = samples.number_column(
            name, before=(1, 1, 9), after=(9, 1, 9), drift=(0.1, 0.1, 0.1)
        )
        assert f"| {shown}<br>" in markdown(samples.report(samples.dataset(columns=(column,))))


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_tables_are_narrow_enough_for_a_phone(name: str) -> None:
    """Two columns, but for the figures of a stream's batches."""
    text = re.sub(r"(?m)^\| batch .*\n(\|.*\n)*", "", markdown(samples.SAMPLES[name]()))
    assert max((width for width, _ in table_widths(text)), default=0) <= 2


def test_columns_that_did_not_move_are_one_line() -> None:
    """Their names are told, and no table; nothing is called unchanged that is not."""
    same = samples.number_column("height", before=(180, 9, 10_000), after=(180, 9, 10_000))
    hardly = samples.small().datasets[0].diff.columns
    text = markdown(samples.report(samples.dataset(rows=(10_000,) * 2, columns=(same, *hardly))))
    assert "Unchanged: `height`; little or no drift: `age`\n" in text
    assert "| column |" not in text
    assert "`email`" in markdown(samples.warned()).split("more changed columns")[-1]


def test_the_row_diff_or_why_there_is_none() -> None:
    """Rows are counted by key with the columns that changed; else the reason stands there."""
    text = markdown(samples.warned())
    assert "**Rows by `customer_id`**: 2,012 added · 12 removed · 310 changed" in text
    assert "Changed: `monthly_spend` in 300 rows, `country` in 14 rows, `email` in 1 row" in text
    assert "`monthly_spend`: `41.5` → `55.25`" in text
    assert "No row diff: the dataset declares no key" in text


def test_added_rows_show_their_values() -> None:
    """The first ones, masked where they are personal; rows of earlier documents have none."""
    text = markdown(samples.warned())
    shown = f"`email={MASK}` `country=Portugal` `signed_up=2024-11-30` `age=37` …"
    assert f"| ➕ `customer_id=10001` | {shown} |" in text  # noqa: RUF001
    assert "| ➖ `customer_id=99` |  |" in text  # noqa: RUF001


def test_a_link_must_be_https() -> None:
    """The address of the HTML report is linked, and nothing else can be."""
    assert "[the HTML report](https://example.org/a%20b)" in markdown(
        samples.small(), link="https://example.org/a b"
    )
    with pytest.raises(ValueError, match="https"):
        markdown(samples.small(), link="javascript:alert(1)")


LARGE = {
    "wide": lambda: samples.wide(300),
    "wide, long names": lambda: samples.wide(300, name="|`*" * 3000 + "{}"),
    "many": lambda: samples.many(500),
    "many, long names": lambda: samples.many(500, name="<@#" * 3000 + "{}"),
    "thousands": lambda: samples.many(1500),
}


@pytest.mark.parametrize("name", slow_but({"wide", "wide, long names", "many"}, LARGE))
def test_a_huge_report_fits_and_says_what_is_cut(name: str) -> None:
    """Under the limit whatever the data, and the reader knows that there is more."""
    text = markdown(LARGE[name]())
    assert len(text) < MARKDOWN_LIMIT
    assert "more" in text
    assert "the HTML report" in text
    assert {e.strip("/") for e in elements(text)} <= OURS


def test_grave_things_are_counted_even_in_a_tiny_comment() -> None:
    """In a tiny comment every dataset, lost row and blocking finding is still counted."""
    text = markdown(samples.many(500), limit=3000)
    assert len(text) < 3000
    first = text.splitlines()[0]
    assert first.startswith("### ⛔ Blocked")
    named = len(set(re.findall(r"^> `dataset (\d+)` \*\*loses", text, re.MULTILINE)))
    totals = re.search(r"([\d,]+) (?:more )?datasets: 0 removed, ([\d,]+) rows lost", text)
    assert totals is not None
    assert named + int(totals[1].replace(",", "")) == 500
    assert named * 990 + int(totals[2].replace(",", "")) == 500 * 990
    blocking = sum(int(n.replace(",", "")) for n in re.findall(r"([\d,]+) blocking finding", text))
    assert blocking == 500 * 31


def test_every_grave_dataset_is_named_among_five_hundred() -> None:
    """In a comment of the usual length none of the damaged datasets is only a number."""
    datasets = [
        samples.dataset(f"fine_{i}", rows=(10, 11), columns=samples.customers_columns())
        for i in range(470)
    ]
    lost = [samples.dataset(f"lost_{i}", rows=(1000, 10)) for i in range(30)]
    findings = tuple(
        Finding(rule="row_loss", level="block", dataset=part.name, column=None, message="rows lost")
        for part in lost
    )
    text = markdown(samples.report(*datasets, *lost, verdict=Verdict(findings=findings)))
    assert len(text) < MARKDOWN_LIMIT
    for i in range(30):
        assert f"> `lost_{i}` **loses 990 of 1,000 rows** (−99.0%)" in text  # noqa: RUF001
        assert f"⛔ **row\\_loss** `lost_{i}`: rows lost" in text


def test_breaking_changes_of_one_wide_dataset_are_all_named() -> None:
    """Three hundred removed columns are named one by one."""
    changes = tuple(change("removed", column=f"column_{i}", before="string") for i in range(300))
    text = markdown(samples.report(samples.dataset(schema=changes)))
    assert all(f"`column_{i}`" in text for i in range(300))
    assert "**breaks its schema**: 300 columns removed" in text
    assert text.count("⛔ **breaking**") == 300


def test_a_finding_names_its_rule_its_place_and_its_limit() -> None:
    """A reviewer sees what to look at and which setting says so."""
    text = markdown(samples.warned())
    place = "`customers.monthly_spend`"
    assert f"* ⚠️ **psi** {place}: the distribution drifted: PSI 0.41 (limit: 0.25)" in text
    loss = markdown(samples.report(samples.dataset(rows=(100, 80))))
    assert "* ⚠️ **row\\_loss** `customers`: lost 20.0% of its rows, 100 → 80 (limit: 10%)" in loss
    everywhere = Finding(rule="yanked", level="warn", dataset="", column=None, message="withdrawn")
    report = replace(samples.small(), verdict=Verdict(findings=(everywhere,)))
    assert "* ⚠️ **yanked** all datasets: withdrawn" in markdown(report)


def test_two_versions_side_by_side_are_no_merge() -> None:
    """A comparison of released versions says which, and neither passes nor publishes."""
    assert markdown(samples.compared()).splitlines()[0] == (
        "### 🔍 Compared · **data-v4** with **data-v3**"
    )


def test_data_of_the_newest_version_compared_with_an_older_one() -> None:
    """Unchanged data is not said to be that of a base chosen by hand."""
    report = replace(samples.unchanged(), base="data-v1", base_digest="0" * 64)
    first = markdown(report).splitlines()[0]
    assert first == "### ✅ Pass · nothing to release: same data as the newest version"


@examples(15)
@given(
    st.sampled_from(["blocked", "warned", "first", "rollback", "files", "many", "wide"]),
    st.text(min_size=0, max_size=200) | st.sampled_from(HOSTILE),
    st.integers(2500, 65_000),
)
def test_any_text_in_any_place_fits_any_limit(name: str, text: str, limit: int) -> None:
    """Whatever stands in the strings, the comment is shorter than its limit and all ours."""
    sizes = {"many": lambda: samples.many(20), "wide": lambda: samples.wide(30)}
    report = (sizes.get(name) or samples.SAMPLES[name])()
    comment = markdown(poisoned(report, text), limit=limit)
    assert len(comment) < limit
    assert {element.strip("/") for element in elements(comment)} <= OURS
    comment.encode()


@cache
def harmless(name: str) -> list[str]:
    """The elements of the comment of a report with "x" in every string."""
    return structure(markdown(poisoned(samples.SAMPLES[name](), "x")))


@pytest.mark.parametrize(("text", "name"), attacks_on("blocked", "first", "files", spaces=False))
def test_hostile_text_changes_no_structure(text: str, name: str) -> None:
    """With hostile text in every string the comment has the elements that "x" gives."""
    report = samples.SAMPLES[name]()
    comment = markdown(poisoned(report, text))
    assert structure(comment) == harmless(name)
    assert all({width} == found for width, found in table_widths(comment))
    assert "<a" not in github(comment)
    assert "<img" not in github(comment)
    assert "<!--" not in comment


def test_extreme_figures_do_not_break_the_comment() -> None:
    """Counts far beyond any table still give a comment."""
    huge = 10**300
    diff = DatasetDiff(
        name="a", status="changed", rows_before=huge, rows_after=0,
        rows=RowDiff(key=("k",), added=huge, removed=huge, changed=0, unchanged=0, columns=()),
    )  # fmt: skip
    report = samples.report(replace(samples.dataset(), diff=diff, size=huge))
    assert "1.000e300" in markdown(report)


def test_a_limit_too_small_is_refused() -> None:
    """A comment is never silently cut in the middle."""
    with pytest.raises(ValueError, match="cannot hold"):
        markdown(samples.blocked(), limit=500)


def test_the_same_report_gives_the_same_comment() -> None:
    """A comment that did not change is not touched on the pull request."""
    reports: list[Report] = [samples.blocked(), samples.blocked()]
    assert markdown(reports[0]) == markdown(reports[1])
