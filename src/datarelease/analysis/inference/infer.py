"""A schema inferred from a table of today: types, nulls, categories, a key; and as a file.

Exact over all rows and never loaded whole: one aggregate query for all columns, then a few for
those columns whose first rows make them candidates. Values of columns that look personal are not
read.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.partitions import partition_columns
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.staging import reread
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.inference.keys import (
    NO_KEY,
    SAMPLE_ROWS,
    InferredKey,
    infer_key,
    personal,
)
from datarelease.model.adoption import yaml_text

MOST_CATEGORIES = 12
LONGEST_CATEGORY = 40
_ROWS_A_CATEGORY = 5
"""A column's values are categories if there are this many rows for each on average."""


@dataclass(frozen=True, kw_only=True)
class InferredColumn:
    """One column as it is today."""

    name: str
    dtype: str | None
    """As Pandera spells it; None: its values (if there are any) do not show it."""
    nulls: bool
    """There are missing values, or no values at all."""
    categories: tuple[str, ...] = ()
    """All values, sorted, of a text column that has few; else empty."""
    low: str | None = None
    """Smallest value as YAML spells it, of a number or time; None: not to be shown."""
    high: str | None = None


@dataclass(frozen=True, kw_only=True)
class Inferred:
    """A table as it is today."""

    rows: int
    columns: tuple[InferredColumn, ...]
    pii: tuple[str, ...]
    """Columns whose names suggest personal data."""
    found_key: InferredKey = NO_KEY
    """Columns that identify a row today, certainly or as a guess."""

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that certainly identify a row; empty: none do."""
        return self.found_key.columns if self.found_key.plain else ()


def infer(engine: Engine, table: Table, *, name: str, pii: Iterable[str] = ()) -> Inferred:
    """What the table called ``name`` looks like; ``pii`` are further columns not to be shown.

    Raises:
        UnreadableTable: A file is missing or no such table.
        WorldError: Out of memory or disk.
    """
    with reread(engine, table, engine.scan(table)) as frame:
        return _inferred(engine, table, frame, name, set(pii))


def _inferred(
    engine: Engine, table: Table, frame: nw.LazyFrame[Any], name: str, known: set[str]
) -> Inferred:
    schema = frame.collect_schema()
    hidden = tuple(column for column in schema if column in known or personal(column))
    figures = _figures(engine, frame, schema, hidden)
    rows = figures.rows
    full = [column for column in schema if rows and figures.filled[column] == rows]
    sample = frame.head(SAMPLE_ROWS)
    # No list of partitions, because later versions have new ones.
    unlisted = {*hidden, *(column.name for column in partition_columns(table))}
    texts = [c for c in schema if isinstance(schema[c], nw.String) and c not in unlisted]
    categories = _categories(engine, frame, sample, [c for c in texts if figures.filled[c]])
    columns = tuple(
        InferredColumn(
            name=column,
            dtype=pandera_type(dtype) if figures.filled[column] else None,
            nulls=column not in full,
            categories=categories.get(column, ()),
            low=figures.low.get(column),
            high=figures.high.get(column),
        )
        for column, dtype in schema.items()
    )
    candidates = [column for column in full if column not in hidden]
    key = infer_key(engine, frame, candidates, rows=rows, name=name) if rows > 1 else NO_KEY
    return Inferred(rows=rows, columns=columns, pii=hidden, found_key=key)


def pandera_type(dtype: nw.dtypes.DType) -> str | None:
    """A file's column type as Pandera spells it; None: it has no name that fits.

    >>> pandera_type(nw.Int32()), pandera_type(nw.Datetime("us", "UTC")), pandera_type(nw.Int128())
    ('int32', 'datetime64[ns, UTC]', None)
    """
    if isinstance(dtype, nw.Datetime):
        return "datetime64[ns, UTC]" if dtype.time_zone else "datetime64[ns]"
    if isinstance(dtype, nw.Decimal):
        return f"Decimal({dtype.precision}, {dtype.scale})"
    if isinstance(dtype, (nw.Int128, nw.UInt128, nw.Unknown)):
        return None
    if dtype.is_numeric():
        return type(dtype).__name__.lower()
    simple: dict[type[nw.dtypes.DType], str] = {nw.Boolean: "bool", nw.Date: "date"}
    kinds = {"text": "str", "other": "object"}
    return simple.get(type(dtype)) or kinds.get(kind_of(dtype))


@dataclass(frozen=True, kw_only=True)
class _Figures:
    rows: int
    filled: dict[str, int]
    low: dict[str, str]
    high: dict[str, str]


def _figures(
    engine: Engine, frame: nw.LazyFrame[Any], schema: nw.Schema, hidden: Sequence[str]
) -> _Figures:
    asked = [nw.len().alias("rows")]
    ranged = []
    for place, (column, dtype) in enumerate(schema.items()):
        asked.append(nw.col(column).count().alias(f"filled{place}"))
        if kind_of(dtype) in {"number", "time"} and column not in hidden:
            ranged.append((place, column))
            asked.append(nw.col(column).min().alias(f"low{place}"))
            asked.append(nw.col(column).max().alias(f"high{place}"))
    (row,) = engine.collect(frame.select(*asked))
    low = {column: _spelled(row[f"low{place}"]) for place, column in ranged}
    high = {column: _spelled(row[f"high{place}"]) for place, column in ranged}
    return _Figures(
        rows=int(row["rows"]),
        filled={column: int(row[f"filled{place}"]) for place, column in enumerate(schema)},
        low={column: text for column, text in low.items() if text},
        high={column: text for column, text in high.items() if text},
    )


def _spelled(value: Any) -> str | None:
    """A bound as YAML 1.1 reads it; None: there is none to show."""
    if isinstance(value, dt.datetime):
        return f"'{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"'{value.isoformat()}'"
    if isinstance(value, float):
        text = repr(value)
        # Without a point, YAML 1.1 takes 1e+20 for a text.
        text = text if "." in text else text.replace("e", ".0e")
        return text if math.isfinite(value) else None
    if isinstance(value, str):  # a time finer than microseconds
        return f"'{value.replace('T', ' ')}'"
    return None if value is None else str(value)


def _categories(
    engine: Engine, frame: nw.LazyFrame[Any], sample: nw.LazyFrame[Any], columns: list[str]
) -> dict[str, tuple[str, ...]]:
    """The values of those text columns that have few."""
    if not columns:
        return {}
    counts = [nw.col(column).n_unique().alias(f"n{n}") for n, column in enumerate(columns)]
    (row,) = engine.collect(sample.select(*counts))
    found = {}
    for place, column in enumerate(columns):
        if int(row[f"n{place}"]) > MOST_CATEGORIES + 1:  # a null counts, too
            continue
        values = frame.select(nw.col(column).cast(nw.String).alias("value"))
        groups = values.filter(~nw.col("value").is_null()).group_by("value").agg(n=nw.len())
        listed = engine.collect(groups.sort("value").head(MOST_CATEGORIES + 1))
        texts = tuple(str(item["value"]) for item in listed)
        filled = sum(int(item["n"]) for item in listed)
        if (
            1 < len(texts) <= MOST_CATEGORIES
            and filled >= _ROWS_A_CATEGORY * len(texts)
            and all(0 < len(text) <= LONGEST_CATEGORY and text.isprintable() for text in texts)
        ):
            found[column] = texts
    return found


_HEAD = """\
# The Pandera schema of {path}, in Pandera's own YAML format: what the data promises.
# `datarelease init` inferred it from the data of one day, as a draft for you to edit. It checks
# types, missing values, keys and lists of few values. Other values that were seen are in comments,
# because tomorrow's data may differ: remove the `#` to make one a check, with the bounds you want.
# Every violation blocks a release. More checks: str_matches, str_length, isin, greater_than, ...
schema_type: dataframe
api: pandas
name: {name}
# strict: true  # then a column that is not named here is a violation
"""


def schema_yaml(inferred: Inferred, *, name: str, path: str) -> str:
    """The text of a schema file that the very table passes and `load_schema` accepts."""
    single = inferred.key[0] if len(inferred.key) == 1 else None
    head = _HEAD.format(path=yaml_text(path), name=yaml_text(name))
    if len(inferred.key) > 1:
        head += f"unique: [{', '.join(map(yaml_text, inferred.key))}]  # together\n"
    lines = [head + "columns:"]
    for column in inferred.columns:
        # No range of ids, because later versions have new ones.
        silent = column.name in {*inferred.pii, *inferred.found_key.columns}
        lines += _column(column, unique=column.name == single, silent=silent)
    return "\n".join(lines) + "\n"


def _column(column: InferredColumn, *, unique: bool, silent: bool) -> Iterator[str]:
    said = list(_attributes(column, unique=unique, silent=silent))
    # A column without any attribute is `{}`: it has to be there, whatever its values.
    empty = all(line.startswith("#") for line in said)
    yield f"  {yaml_text(column.name)}:{' {}' if empty else ''}"
    yield from (f"    {line}" for line in said)


def _attributes(column: InferredColumn, *, unique: bool, silent: bool) -> Iterator[str]:
    if column.dtype is None:
        yield "# dtype: its values do not show it"
    else:
        yield f"dtype: {column.dtype}"
    if column.nulls:
        yield "nullable: true"
    if unique:
        yield "unique: true"
    if column.categories:
        yield f"isin: [{', '.join(map(yaml_text, column.categories))}]"
    if silent:
        return
    if column.low is not None and column.high is not None:
        yield f"# in_range: {{min_value: {column.low}, max_value: {column.high}}}  # was seen"
