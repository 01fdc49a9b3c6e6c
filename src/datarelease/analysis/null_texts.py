"""What a CSV file says where a column has no value: the text that the dialect takes for none."""

from __future__ import annotations

import dataclasses

import narwhals as nw

from datarelease.analysis.engine import Engine
from datarelease.analysis.table import Table

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


def hint(texts: tuple[tuple[str, int], ...]) -> str:
    """Why there are nulls, and what to do if the texts are values; empty: there are none."""
    if not texts:
        return ""
    listed = ", ".join(f"{text!r} ({count})" for text, count in texts[:_MOST])
    return (
        f"the file says {listed}, which is read as a missing value: if it is a value, say which "
        'texts are missing ones in dvc.yaml, `meta.csv.null_values: [""]` (empty text only)'
    )
