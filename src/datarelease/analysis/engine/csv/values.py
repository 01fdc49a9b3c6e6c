"""How the values of a CSV table are written: its numbers, and what it says for a missing value.

What `init` infers beside the structure of the files. A guess is made only if the values show it:
codes that look like numbers stay text, and a text stays a missing value if columns contradict each
other. The texts behind values that fail are explained by the same rules; they are not quoted, but
for those that are known to mean a missing value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.model.data.dataset import NA_STRINGS, THOUSANDS, CsvDialect
from datarelease.model.data.validation import Reason

_SAMPLE_ROWS = 2_000
_CODES = 5
"""From so many different codes of two letters on, ``NA`` counts as one of them."""
_TWO_LETTERS = "^[A-Z]{2}$"


@dataclass(frozen=True)
class _Style:
    decimal: str
    thousands: str | None

    @property
    def pattern(self) -> str:
        """What a number of the style matches, from beginning to end."""
        whole = "0|[1-9][0-9]*"
        if self.thousands is not None:
            whole += f"|[1-9][0-9]{{0,2}}([{self.thousands}][0-9]{{3}})+"
        return f"^-?({whole})([{self.decimal}][0-9]+)?$"

    def fits(self, values: Sequence[str]) -> bool:
        """All values are numbers of the style."""
        return all(re.fullmatch(self.pattern, value) for value in values)

    def shows(self, values: Sequence[str]) -> bool:
        """The fitting values need the style, and are not codes of equal groups of digits."""
        if self.thousands is None:
            return any(self.decimal in value for value in values)
        marked = [self.thousands in value for value in values]
        return any(marked) and (not all(marked) or any(self.decimal in value for value in values))


_PLAIN = _Style(".", None)
_STYLES = (
    *(_Style(",", mark) for mark in (None, *THOUSANDS) if mark != ","),
    *(_Style(".", mark) for mark in THOUSANDS if mark != "."),
)
_EITHER = (_Style(",", None), _Style(".", ","))
"""``1,234`` is a number in both styles; columns of such values decide nothing."""


def infer_values(engine: Engine, table: Table) -> CsvDialect:
    """The dialect of a CSV table with how its numbers and missing values are written.

    Raises:
        UnreadableTable: As `Engine.scan`.
    """
    style = _numbers(engine, table)
    dialect = dataclasses.replace(table.csv, decimal=style.decimal, thousands=style.thousands)
    return dataclasses.replace(
        dialect, null_values=_null_values(engine, dataclasses.replace(table, csv=dialect))
    )


def _numbers(engine: Engine, table: Table) -> _Style:
    frame = engine.scan(table)
    schema = frame.collect_schema()
    texts = [name for name, dtype in schema.items() if isinstance(dtype, nw.String)]
    floats = [name for name, dtype in schema.items() if dtype.is_float()]
    if not texts:
        return _PLAIN
    as_text = dict.fromkeys([*texts, *floats], nw.String())
    written = engine.scan(table, as_text, list(as_text), once=True)
    sample = _sample(engine, written, list(as_text))
    numbers = {
        name: styles
        for name in texts
        if (values := sample[name]) and (styles := _styles(values, table))
    }
    for style in _STYLES:
        chosen = [name for name in numbers if style.fits(sample[name])]
        shown = any(style in numbers[name] for name in chosen)
        # Numbers with a point are of the style, too, or it is not the table's.
        if shown and len(chosen) == len(numbers) and all(style.fits(sample[n]) for n in floats):
            asked = [*chosen, *floats]
            bad = (
                (~nw.col(n).str.contains(style.pattern)).cast(nw.Int64).sum().alias(f"n{place}")
                for place, n in enumerate(asked)
            )
            (row,) = engine.collect(written.select(*bad))
            return _PLAIN if any(row.values()) else style
    return _PLAIN


def _styles(values: Sequence[str], table: Table) -> list[_Style]:
    """The styles that the values of a column show."""
    if all(style.fits(values) for style in _EITHER):
        return []
    # Where commas separate values, `1,2` is rather a list than a number.
    commas = table.csv.delimiter is None
    return [
        s
        for s in _STYLES
        if s.fits(values) and s.shows(values) and not (commas and s.decimal == ",")
    ]


def _sample(
    engine: Engine, frame: nw.LazyFrame[Any], names: Sequence[str]
) -> Mapping[str, list[str]]:
    rows = engine.collect(
        frame.select(*(nw.col(n).alias(f"v{i}") for i, n in enumerate(names))).head(_SAMPLE_ROWS)
    )
    return {
        name: [row[f"v{place}"] for row in rows if row[f"v{place}"] is not None]
        for place, name in enumerate(names)
    }


def _null_values(engine: Engine, table: Table) -> tuple[str, ...]:
    """The texts that mean a missing value: pandas' own, unless columns hold one as a value."""
    words = "|".join(re.escape(text) for text in NA_STRINGS if text)
    schema = engine.scan(table).collect_schema()
    kept = dataclasses.replace(table, csv=dataclasses.replace(table.csv, null_values=("",)))
    frame = engine.scan(kept, dict.fromkeys(schema, nw.String()), list(schema), once=True)
    counts = (
        nw.col(name).str.contains(f"^({words})$").cast(nw.Int64).sum().alias(f"n{place}")
        for place, name in enumerate(schema)
    )
    (row,) = engine.collect(frame.select(*counts))
    values: set[str] = set()
    missing: set[str] = set()
    for place, (name, dtype) in enumerate(schema.items()):
        if not row[f"n{place}"]:
            continue
        found = {text for text, _ in null_texts(engine, table, name)}
        is_value = isinstance(dtype, nw.String) and _are_values(engine, frame, name, found)
        (values if is_value else missing).update(found)
    return ("", *sorted(missing)) if values and not values & missing else table.csv.null_values


def _are_values(engine: Engine, frame: nw.LazyFrame[Any], name: str, found: set[str]) -> bool:
    """The texts are values: one name or code of a column in which each is another one, say."""
    value = nw.col(name)
    (row,) = engine.collect(
        frame.select(
            rows=nw.len(),
            filled=value.count(),
            different=value.n_unique(),
            codes=value.str.contains(_TWO_LETTERS).cast(nw.Int64).sum(),
        )
    )
    complete = row["filled"] == row["rows"] > 1
    if complete and row["different"] == row["rows"]:
        return True
    codes = found == {"NA"} and row["codes"] == row["filled"]
    return bool(codes and row["different"] >= _CODES)


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
