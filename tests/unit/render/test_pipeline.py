"""Metrics and parameters of the pipeline: the same rows in every form of the report, bounded."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests import sample_reports as samples
from tests.hostile import broken_by, poisoned
from tests.properties import examples
from tests.unit.render.test_markdown import OURS, elements

from datarelease.model.data.profile import Scalar
from datarelease.model.review.pipeline import (
    MOST_PLOTS,
    MetricChange,
    NotShown,
    ParamChange,
    PipelineDiff,
    PlotChange,
    PlotKind,
    PlotPoints,
)
from datarelease.model.review.report import MARKDOWN_LIMIT, Report
from datarelease.render.curves import plot_cards
from datarelease.render.html.report import html
from datarelease.render.markdown.report import markdown
from datarelease.render.pipeline import pipeline_view
from datarelease.render.terminal.report import summary


def metric(name: str, before: Scalar, after: Scalar, file: str = "m.json") -> MetricChange:
    """A change of one metric."""
    return MetricChange(file=file, name=name, before=before, after=after)


def with_metrics(*metrics: MetricChange, more: int = 0) -> Report:
    """A report with these metrics."""
    pipeline = PipelineDiff(metrics=metrics, more_metrics=more)
    return replace(samples.small(), pipeline=pipeline)


def terminal(report: Report) -> str:
    """What a terminal shows."""
    out = StringIO()
    Console(file=out, width=120, color_system=None).print(summary(report))
    return out.getvalue()


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (0.91, 0.93, ("0.91", "0.93", "+0.02")),
        (1500, 1000, ("1,500", "1,000", "−500")),  # noqa: RUF001
        (2, 0.5, ("2", "0.5", "−1.5")),  # noqa: RUF001
        (None, 3, (None, "3", "")),
        ("a", None, ("a", None, "")),
        (True, False, ("true", "false", "")),
        (True, 2, ("true", "2", "")),
        (-1e308, 1e308, ("−1e308", "1e308", "+∞")),  # noqa: RUF001
        (10**37, 0.5, ("1.000e37", "0.5", "−1e37")),  # noqa: RUF001
    ],
)
def test_numbers_have_a_difference(
    before: Scalar, after: Scalar, shown: tuple[str | None, str | None, str]
) -> None:
    """With its sign; what is no number, or not there, has none."""
    [row] = pipeline_view(with_metrics(metric("x", before, after))).metrics
    assert (row.before, row.after, row.difference) == shown


def test_names_say_their_file_where_it_matters() -> None:
    """Of several files of metrics each name has its file; of parameters, all but params.yaml."""
    report = with_metrics(metric("a", 1, 2), metric("b", 1, 2, "n.json"), metric("", 1, 2, "o"))
    report = replace(
        report,
        params=(
            ParamChange(name="lr", before="1", after="2"),
            ParamChange(name="lr", before="1", after="2", file="conf.yaml"),
        ),
    )
    view = pipeline_view(report)
    assert [row.label for row in view.metrics] == ["m.json:a", "n.json:b", "o"]
    assert [row.label for row in view.params] == ["lr", "conf.yaml:lr"]
    [alone] = pipeline_view(with_metrics(metric("a", 1, 2))).metrics
    assert alone.label == "a"


def test_every_form_has_them_after_the_datasets() -> None:
    """Comment, page and terminal list metrics, parameters and what is not shown, in this order."""
    report = samples.warned()
    for text in (markdown(report), html(report), terminal(report)):
        plain = text.replace("<wbr>", "").replace("`", "").replace("\n", " ")
        places = [
            plain.rindex(part)
            for part in ("orders", "support.churned", "optimizer.lr", "calibration.json")
        ]
        assert places == sorted(places)
        assert "+112" in plain


def test_they_never_displace_a_loss() -> None:
    """However many and long they are: the breaking change and the verdict stay, they are cut."""
    report = samples.blocked()
    report = replace(
        report,
        params=tuple(ParamChange(name=f"{n:03}" * 20, before="x" * 500, after="y" * 500)
                     for n in range(1000)),
        pipeline=PipelineDiff(
            metrics=tuple(metric(f"{n:03}" * 20, "x" * 500, "y" * 500) for n in range(1000)),
            not_shown=tuple(NotShown(file="f" * 500, why="w" * 500) for _ in range(50)),
        ),
    )  # fmt: skip
    for limit in (MARKDOWN_LIMIT, 6000):
        text = markdown(report, limit=limit)
        assert len(text) < limit
        plain = markdown(replace(report, params=(), pipeline=PipelineDiff()), limit=limit)
        kept = [line for line in plain.splitlines() if line.startswith(("- ⛔", "* ⚠️"))]
        assert kept
        assert set(kept) <= set(text.splitlines())
    assert "Left out here for length" in markdown(report, limit=6000)


def test_what_the_report_does_not_keep_is_counted() -> None:
    """In all three forms."""
    report = with_metrics(metric("a", 1, 2), more=7)
    assert "7 more metrics changed" in markdown(report)
    assert "7 more metrics changed" in html(report)
    assert "and 7 more" in terminal(report)


@given(st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats(-9, 9))))
@examples(40)
def test_any_points_can_be_drawn(values: list[tuple[float, float]]) -> None:
    """A report from elsewhere may have any numbers, and more than a check keeps."""
    side = PlotPoints(x=tuple(v[0] for v in values), y=tuple(v[1] for v in values))
    kinds: tuple[PlotKind, ...] = ("line", "scatter", "bar")
    for kind in kinds:
        labelled = replace(side, labels=tuple(map(str, range(len(values) * 20))))
        plot = PlotChange(
            name="n", file="f", kind=kind, x="x", y="y", before=labelled, after=labelled
        )
        [card] = plot_cards([plot])
        assert len(card.bars) <= 12
        if card.curve is not None:
            for x, y in (*card.curve.dots_before, *card.curve.dots_after):
                assert 0 <= x <= 360
                assert 0 <= y <= 150
            assert "nan" not in card.curve.before + card.curve.after
            assert "inf" not in card.curve.before + card.curve.after


def test_a_page_draws_so_many_plots() -> None:
    """However many an artifact has."""
    [plot] = [p for p in samples.measured().plots if p.kind == "line"]
    report = replace(samples.small(), pipeline=PipelineDiff(plots=(plot,) * 100, more_plots=3))
    page = html(report)
    assert page.count('class="line now" d="M0 6H14"') == MOST_PLOTS
    assert "79 more plots changed" in page


@cache
def _sections() -> int:
    """How many sections the page of the report has."""
    return html(measured()).count("<section")


def measured() -> Report:
    """A small report with parameters, metrics and plots of all kinds."""
    whole = samples.warned()
    return replace(samples.small(), params=whole.params, pipeline=whole.pipeline)


def test_hostile_names_and_values_are_text() -> None:
    """No element, table cell or control character comes from a metric or a parameter."""

    def held(text: str) -> None:
        plain = measured()
        report = replace(
            plain,
            params=poisoned(plain.params, text),
            pipeline=poisoned(plain.pipeline, text),
        )
        assert {element.strip("/") for element in elements(markdown(report))} <= OURS
        page = html(report)
        assert page.count("<section") == _sections()
        assert not {"\x1b", "\x07", "\u202e"} & set(terminal(report) + page)

    assert broken_by(held) == {}
