"""Texts of a CSV file that are not values of the column's type, with hints for ``meta.csv``.

Values are not quoted, but for the texts that are known to mean a missing value.
"""

from __future__ import annotations

import dataclasses

import narwhals as nw

from datarelease.analysis.engine.table import Table
from datarelease.analysis.engine.tables import Engine
from datarelease.model.data.validation import Reason

_MOST = 5


def null_texts(engine: Engine, table: Table, column: str) -> tuple[tuple[str, int], ...]:
    """The texts, empty ones apart, that stand for a missing value in ``column``, and how often.

    Sorted by text; none for a table whose format has values that are missing.

    Raises:
        UnreadableTable: As `Engine.scan`.
    """
    words = [text for text in table.csv.null_values if text]
    if table.format != "csv" or not words:
        return ()
    as_text = dataclasses.replace(table, csv=dataclasses.replace(table.csv, null_values=("",)))
    frame = engine.scan(as_text, {column: nw.String()}, [column], once=True)
    texts = frame.select(text=nw.col(column)).filter(nw.col("text").is_in(words))
    rows = engine.collect(texts.group_by("text").agg(n=nw.len()).sort("text"))
    return tuple((str(row["text"]), int(row["n"])) for row in rows)


def csv_hint(
    engine: Engine, table: Table, column: str | None, dtype: nw.dtypes.DType | None, reason: Reason
) -> str:
    """A hint about the file's texts where values of ``column`` fail for this reason; empty: none.

    Raises:
        UnreadableTable: As `Engine.scan`.
    """
    if table.format != "csv" or column is None or dtype is None:
        return ""
    if reason == "series_contains_nulls" and isinstance(dtype, nw.String):
        return _null_hint(engine, table, column)
    if reason == "datatype_coercion" and dtype.is_numeric():
        return _number_hint(engine, table, column)
    return ""


def _null_hint(engine: Engine, table: Table, column: str) -> str:
    """Why ``column`` has nulls where it has text, and what to do if that is a value; or empty."""
    texts = null_texts(engine, table, column)
    if not texts:
        return ""
    listed = ", ".join(f"{text!r} ({count})" for text, count in texts[:_MOST])
    return (
        f"the file says {listed}, which is read as a missing value: if it is a value, list the "
        'texts that stand for missing values in dvc.yaml, `meta.csv.null_values: [""]` (empty '
        "text only)"
    )


def _number_hint(engine: Engine, table: Table, column: str) -> str:
    """That what is not a number in ``column`` is written with a decimal comma, say; or empty."""
    if (table.csv.decimal, table.csv.thousands) != (".", None):
        return ""
    texts = engine.scan(table, {column: nw.String()}, [column], once=True)
    asked = (
        nw.col(column).str.contains(pattern).cast(nw.Int64).sum().alias(name)
        for name, pattern in _WRITTEN.items()
    )
    (row,) = engine.collect(texts.select(*asked))
    name = max(_WRITTEN, key=lambda name: int(row[name] or 0))
    count = int(row[name] or 0)
    return f"{count} look like numbers: `meta.csv` in dvc.yaml says so, `{name}`" if count else ""


_WRITTEN = {
    'decimal: ","': "^[+-]?[0-9]+,[0-9]+$",
    'decimal: ",", thousands: "."': "^[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]+$",
    'thousands: ","': "^[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?$",
}
"""Settings, and numbers that are written so."""
