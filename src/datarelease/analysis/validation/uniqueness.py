"""Rows that share the values of some columns, counted exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.tables import Engine
from datarelease.analysis.validation.examples import ExampleRules, Rows
from datarelease.model.review.report import EXAMPLES

_NAME = "\N{SYMBOL FOR START OF TEXT}column"
_SIZE = "\N{SYMBOL FOR START OF TEXT}size"


def duplicates(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str], keep: str = "all"
) -> int:
    """How many rows share their values of ``columns`` with another row; nulls equal each other.

    ``keep`` is Pandera's ``report_duplicates``: ``all`` counts every one of them,
    ``exclude_first`` and ``exclude_last`` all but one of each group.
    """
    plain = _plain(columns)
    groups = _groups(frame.select(**plain), [*plain])
    counted = nw.col(_SIZE) if keep == "all" else nw.col(_SIZE) - 1
    (row,) = engine.collect(groups.select(counted.sum().alias("count")))
    return int(row["count"] or 0)


def duplicate_examples(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str], showing: ExampleRules
) -> Rows:
    """Some rows that share their values of ``columns``, those with values before those without."""
    plain = _plain(columns)
    keyed = frame.with_columns(**plain)
    chosen = _groups(keyed, [*plain]).sort(*plain, nulls_last=True).head(EXAMPLES)
    shared = keyed.join(chosen.select(*plain), on=[*plain], how="semi")
    by_value = ExampleRules(
        key=tuple(dict.fromkeys((*columns, *showing.key))),
        pii=showing.pii,
        converted=showing.converted,
    )
    rows = by_value.rows(engine, shared, columns)
    if rows:
        return rows
    missing = frame.filter(
        nw.all_horizontal(*(nw.col(name).is_null() for name in columns), ignore_nulls=False)
    )
    return showing.rows(engine, missing, columns)


def _plain(columns: Sequence[str]) -> dict[str, nw.Expr]:
    """``columns`` by names without a dot: `group_by` on DuckDB reads `x.y` as column of a table."""
    return {f"{_NAME}{place}": nw.col(column) for place, column in enumerate(columns)}


def _groups(frame: nw.LazyFrame[Any], columns: Sequence[str]) -> nw.LazyFrame[Any]:
    return frame.group_by(*columns).agg(nw.len().alias(_SIZE)).filter(nw.col(_SIZE) > 1)
