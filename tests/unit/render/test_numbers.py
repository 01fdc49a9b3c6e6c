"""Numbers as text."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from datarelease.model.review.diff import Histogram
from datarelease.render import columns
from datarelease.render import numbers as number
from datarelease.render.plots import number_ticks

FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.integers(-(10**400), 10**400), FLOATS)
def test_every_number_has_a_short_text(whole: int, real: float) -> None:
    """No number of any size fails to format or takes more than a few characters."""
    said = [
        number.count(whole), number.signed_number(whole), number.size(abs(whole)),
        number.scalar_text(whole), number.decimal(real), number.share(real),
        number.signed_share(real), number.drift_value(real),
        number.moment(real) if math.isfinite(real) else "", number.change(whole, 3),
        number.duration(real),
    ]  # fmt: skip
    assert max(len(text) for text in said) < 60


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_share_between_is_never_shown_as_none_or_all(value: float) -> None:
    """Neither 0% nor 100% stands for a share that is not just that."""
    assert number.share(value) not in {"0%", "0.0%", "100%", "100.0%"}


def test_values_that_look_alike_read_differently() -> None:
    """The text "null", an empty text and a missing value, say, cannot be confused."""
    assert number.scalar_text(None) == "null"
    assert number.scalar_text("") == '""'
    assert number.scalar_text(1) == "1"
    assert number.scalar_text(1.0) == "1.0"
    assert number.scalar_text(True) == "true"
    assert number.scalar_text("a ") == '"a "'


@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=60), st.integers(1, 20))
def test_merging_bins_keeps_their_sum(values: list[float], width: int) -> None:
    """A sparkline of fewer bins stands for the same rows."""
    merged = columns.rebinned(values, width)
    assert len(merged) == min(width, len(values))
    assert math.isclose(math.fsum(merged), math.fsum(values), rel_tol=1e-9)


def test_sparklines_of_a_pair_share_one_scale() -> None:
    """The same share has the same height on both sides, whatever the row counts."""
    histogram = Histogram(labels=("a", "b"), edges=(), before=(10.0, 30.0), after=(300.0, 100.0))
    assert columns.blocks(histogram) == ("▃█", "█▃")


def test_only_nothing_is_drawn_as_the_lowest_block() -> None:
    """One row in a million is still seen."""
    assert columns.sparkline([0, 1e-6, 1]) == "▁▂█"


def test_a_side_that_is_not_there_has_no_sparkline() -> None:
    """A new column has no line for before."""
    histogram = Histogram(labels=(), edges=(0, 1, 2), before=None, after=(1.0, 2.0))
    assert columns.blocks(histogram)[0] == ""


@given(st.floats(-1e300, 1e300), st.floats(1e-6, 1e12))
def test_number_ticks_stay_within_the_axis(lo: float, span: float) -> None:
    """Ticks ascend, lie on the axis and are few."""
    ticks = number_ticks(lo, lo + span)
    slack = span * 1e-6 + abs(lo) * 1e-12
    assert len(ticks) <= 11
    assert all(lo - slack <= tick.at <= lo + span + slack for tick in ticks)
    assert [tick.at for tick in ticks] == sorted(tick.at for tick in ticks)


def test_labels_of_one_axis_share_a_unit() -> None:
    """Thousands are not written two ways on the same axis; years are not shortened."""
    assert [t.label for t in number_ticks(0, 12_000)] == ["0", "5k", "10k"]
    assert [t.label for t in number_ticks(1990, 2020)] == [
        "1990", "2000", "2010", "2020",
    ]  # fmt: skip
