"""Points of plots: few, and those that matter."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.comparison.curves import plot_points
from datarelease.model.review.pipeline import MOST_POINTS, PlotKind

ALL: tuple[PlotKind, ...] = ("line", "scatter", "bar")
CELLS = st.floats() | st.integers() | st.text(max_size=4) | st.none() | st.booleans()


@given(
    st.lists(st.fixed_dictionaries({}, optional={"a": CELLS, "b": CELLS}), max_size=400),
    st.sampled_from(ALL),
    st.sampled_from([None, "a"]),
)
@examples(60)
def test_points_are_few_and_finite(
    rows: list[dict[str, object]], kind: PlotKind, x: str | None
) -> None:
    """Whatever the cells are: as many places as values, within bounds, the same each time."""
    found = plot_points(rows, x, "b", kind)
    assert found == plot_points(rows, x, "b", kind)
    assert len(found.y) == len(found.labels if kind == "bar" else found.x) <= MOST_POINTS
    assert all(map(math.isfinite, (*found.x, *found.y)))


@given(st.lists(st.floats(-1e6, 1e6), min_size=MOST_POINTS + 1, max_size=1000))
@examples(40)
def test_a_line_keeps_its_ends_and_extremes(values: list[float]) -> None:
    """A spike of one step in a long training is seen in the small plot, too."""
    found = plot_points([{"v": value} for value in values], None, "v", "line")
    assert (min(found.y), max(found.y)) == (min(values), max(values))
    assert (found.y[0], found.y[-1]) == (values[0], values[-1])
    assert list(found.x) == sorted(found.x)


def test_texts_of_numbers_are_numbers() -> None:
    """CSV has nothing else; a column with other texts gives way to the number of the row."""
    rows = [{"x": "1", "y": "2.5"}, {"x": "3", "y": ""}, {"x": "4", "y": "1e1"}]
    assert plot_points(rows, "x", "y", "line").x == (1.0, 4.0)
    assert plot_points(rows, "x", "y", "line").y == (2.5, 10.0)
    days = [{"x": "2024-01-01", "y": "1"}, {"x": "2024-01-02", "y": "2"}]
    assert plot_points(days, "x", "y", "line").x == (0.0, 1.0)
