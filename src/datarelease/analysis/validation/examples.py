"""Failing rows: examples that may be shown, without personal data, and rows that share values."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.repeats import Repeats, count_repeats, few_in_order
from datarelease.analysis.engine.tables import unread_name
from datarelease.model.data.profile import Scalar
from datarelease.model.review.report import EXAMPLES, MASK

LONGEST_TEXT = 200
"""Characters of a text that are shown."""

Rows = tuple[tuple[tuple[str, Scalar], ...], ...]


@dataclass(frozen=True, kw_only=True)
class ExampleRules:
    """How example rows of one dataset are chosen and shown."""

    key: tuple[str, ...]
    """Shown first and sorted by; empty: file order."""
    pii: frozenset[str]
    converted: frozenset[str] = frozenset()
    """Columns that have a companion with what could not be read."""

    def rows(
        self,
        engine: Engine,
        frame: nw.LazyFrame[Any],
        columns: Sequence[str],
        *,
        unread: bool = False,
    ) -> Rows:
        """The first rows of ``frame``, which holds failing rows only.

        Without a key it is of an ordered scan (`Engine.scan`).

        ``unread`` shows what could not be read in ``columns``.
        """
        names = tuple(dict.fromkeys((*self.key, *columns)))
        values = {
            _shown(place): nw.col(self._source(name, unread=unread and name in columns))
            for place, name in enumerate(names)
        }
        frame = frame.select(**values, **{} if self.key else {n: nw.col(n) for n in engine.order})
        return self.first(engine, frame, names, [*values] if self.key else engine.order)

    def first(
        self, engine: Engine, frame: nw.LazyFrame[Any], names: Sequence[str], order: Sequence[str]
    ) -> Rows:
        """The first rows of ``frame`` in an order; what it holds of column ``names`` is numbered.

        Numbers, since a name may have a dot.
        """
        if order:
            frame = frame.sort(*order, nulls_last=True)
        return self.masked(
            {name: row[_shown(place)] for place, name in enumerate(names)}
            for row in engine.collect(frame.head(EXAMPLES))
        )

    def masked(self, rows: Any) -> Rows:
        """Rows (column -> value) as they may be shown."""
        return tuple(tuple(self._pair(name, value) for name, value in row.items()) for row in rows)

    def _pair(self, name: str, value: Any) -> tuple[str, Scalar]:
        return name, MASK if name in self.pii and value is not None else json_value(value)

    def _source(self, name: str, *, unread: bool) -> str:
        return unread_name(name) if unread and name in self.converted else name


def _shown(place: int) -> str:
    """The column of a query that holds what is shown in this place."""
    return f"v{place}"


def json_value(value: Any) -> Scalar:
    """A value as JSON has it: times as ISO 8601, infinities as text, long texts cut.

    >>> import datetime as dt
    >>> json_value(dt.date(2026, 1, 2)), json_value(float("inf")), json_value(b"ab")
    ('2026-01-02', 'inf', '2 bytes')
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else str(value)  # zero has no sign
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    if not isinstance(value, str):
        value = json.dumps(value, default=str, ensure_ascii=False) if _nested(value) else str(value)
    return value if len(value) <= LONGEST_TEXT else f"{value[: LONGEST_TEXT - 1]}…"


def _nested(value: Any) -> bool:
    return isinstance(value, (list, Mapping))


_FIRST = 1_000
_WANTED = 4 * EXAMPLES
"""Failing rows to expect among so many first ones, for these to be worth a query of their own."""
_PLAIN = (
    *(nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64),
    *(nw.Float32, nw.Float64, nw.String, nw.Boolean, nw.Date),
)
"""Types whose values an engine holds in the same way after they were held as Arrow."""


@dataclass(kw_only=True)
class FirstRows:
    """The first rows of a table by its key, in memory.

    Where many rows fail a check, its examples are among them, and so one query finds those of many
    checks: each by itself would sort all rows.
    """

    engine: Engine
    showing: ExampleRules
    columns: frozenset[str]
    """Beside the key."""
    read: Callable[[Sequence[str]], nw.LazyFrame[Any]]
    """A frame over the whole table, with columns."""

    @classmethod
    def of(
        cls,
        engine: Engine,
        showing: ExampleRules,
        failing: Iterable[tuple[Sequence[str], float]],
        types: Mapping[str, nw.dtypes.DType],
        read: Callable[[Sequence[str]], nw.LazyFrame[Any]],
    ) -> FirstRows:
        """Those for checks (the columns that examples show, the share of rows that fail)."""
        plain = {n for n in types.keys() - showing.converted if isinstance(types[n], _PLAIN)}
        often = [show for show, share in failing if share * _FIRST >= _WANTED and plain >= {*show}]
        # Without a key, examples come in file order, and looking ends with the last of them. On a
        # cluster, rows that are here would travel there.
        usable = showing.key and plain >= {*showing.key} and not engine.order and len(often) > 1
        columns = frozenset(name for show in often for name in show) if usable else frozenset()
        return cls(engine=engine, showing=showing, columns=columns, read=read)

    def examples(self, fails: nw.Expr, columns: Sequence[str]) -> Rows | None:
        """Those of the rows that fail a check; None: there are not enough among the first rows."""
        if not columns or not self.columns >= {*columns}:
            return None
        rows = self.showing.rows(self.engine, self._rows.filter(fails), columns)
        return rows if len(rows) == EXAMPLES else None

    @cached_property
    def _rows(self) -> nw.LazyFrame[Any]:
        """All rows up to a key: none with a lesser key, or with an equal one, is left out."""
        by = _plain(self.showing.key)
        frame = self.read(sorted(self.columns)).with_columns(**by)
        table = self.engine.arrow(frame.sort(*by, nulls_last=True).head(_FIRST))
        keys = table.select([*by]).to_pylist()
        whole = len(keys)
        if whole == _FIRST:  # there may be more with the last key
            whole = next((n for n in range(whole, 0, -1) if keys[n - 1] != keys[-1]), 0)
        return self.engine.rows(table.slice(0, whole))


_NAME = "\N{SYMBOL FOR START OF TEXT}column"
_ROWS = 100_000
"""In a batch."""
_SIZE = "\N{SYMBOL FOR START OF TEXT}size"


def duplicates(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str], keep: str = "all"
) -> int:
    """How many rows share their values of ``columns`` with another row; nulls equal each other.

    ``keep`` is Pandera's ``report_duplicates``: ``all`` counts every one of them,
    ``exclude_first`` and ``exclude_last`` all but one of each group.
    """
    if (found := _repeats(engine, frame, columns)) is not None:
        return found.again + found.groups if keep == "all" else found.again
    plain = _plain(columns)
    if not engine.order and engine.count_if_unique(frame.select(**plain)) is not None:
        return 0  # on a cluster, counting costs what grouping does
    groups = _groups(frame.select(**plain), [*plain])
    counted = nw.col(_SIZE) if keep == "all" else nw.col(_SIZE) - 1
    (row,) = engine.collect(groups.select(counted.sum().alias("count")))
    return int(row["count"] or 0)


def duplicate_examples(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str], showing: ExampleRules
) -> Rows:
    """Some rows that share their values of ``columns``, those with values before those without."""
    names = tuple(dict.fromkeys((*columns, *showing.key)))
    values = {_shown(place): nw.col(name) for place, name in enumerate(names)}
    found = _repeats(engine, frame, columns) if len(columns) == 1 else None
    if found is not None:
        shared = frame.filter(nw.col(columns[0]).is_in([value for (value,) in found.first]))
        rows = shared.select(**values)
    else:
        parts = rows_sharing(engine, frame, columns, EXAMPLES)
        rows = nw.concat([part.select(**values) for part in parts])
    return showing.first(engine, rows, names, [*values])


def rows_sharing(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str], groups: int
) -> Iterator[nw.LazyFrame[Any]]:
    """The rows that share their values of ``columns``, of the first so many shared values."""
    plain = _plain(columns)
    keyed = frame.with_columns(**plain)
    chosen = _groups(keyed, [*plain]).sort(*plain, nulls_last=True).head(groups)
    return _rows_of_groups(engine, keyed, chosen.select(*plain))


def _rows_of_groups(
    engine: Engine, frame: nw.LazyFrame[Any], groups: nw.LazyFrame[Any]
) -> Iterator[nw.LazyFrame[Any]]:
    """The rows with the values of one of a few ``groups``, nulls among them.

    A join pairs no nulls, so there is one for each set of columns in which groups are null.
    """
    table = engine.arrow(groups)
    few = engine.rows(table)
    nulls = zip(*(column.is_null().to_pylist() for column in table.columns), strict=True)
    for pattern in sorted({*nulls}):
        marks = dict(zip(table.column_names, pattern, strict=True))
        same = [nw.col(name).is_null() == nw.lit(null) for name, null in marks.items()]
        held = [name for name, null in marks.items() if not null]
        rows = frame.filter(*same)
        yield rows.join(few.filter(*same), on=held, how="semi") if held else rows


def _repeats(engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str]) -> Repeats | None:
    """What occurs more than once, if rows are few or come in the order of these columns."""
    if engine.order:  # rows come in no order by themselves
        return None
    batches = engine.batches(frame.select(**_plain(columns)), _ROWS)
    return count_repeats(few_in_order(batches), named=EXAMPLES)


def _plain(columns: Sequence[str]) -> dict[str, nw.Expr]:
    """``columns`` by names without a dot: `group_by` on DuckDB reads `x.y` as column of a table."""
    return {f"{_NAME}{place}": nw.col(column) for place, column in enumerate(columns)}


def _groups(frame: nw.LazyFrame[Any], columns: Sequence[str]) -> nw.LazyFrame[Any]:
    return frame.group_by(*columns).agg(nw.len().alias(_SIZE)).filter(nw.col(_SIZE) > 1)
