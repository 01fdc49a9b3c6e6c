"""What names and content suggest: personal data, and a key, which may be chance.

Any two columns with many values look like a key in a short table. So a key is proposed only where
its name says so, or where chance would have given several rows the same values; otherwise it is a
guess, reported with its evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations, pairwise
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.column_types import kind_of
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.validation.examples import duplicates

SAMPLE_ROWS = 5_000
"""First rows, which tell for most columns that they are not categories and no key."""
_FEW_ROWS = 50
"""In fewer rows a column that is not this table's own id may be unique by chance."""
_SHARED = 10
"""Pairs of rows with the same values that chance has to predict, where there are none."""
_MOST_PAIRS = 8


@dataclass(frozen=True, kw_only=True)
class InferredKey:
    """Columns that identify each row of a table today."""

    columns: tuple[str, ...] = ()
    plain: bool = False
    """Name and content leave no doubt; False: it may be chance."""
    evidence: str = ""
    """The evidence for it, in words."""


NO_KEY = InferredKey()


def infer_key(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    candidates: Sequence[str],
    *,
    rows: int,
    name: str,
) -> InferredKey:
    """The smallest natural key among ``candidates``, columns without nulls, of a table ``name``.

    Raises:
        WorldError: Out of memory or disk.
    """
    schema = frame.collect_schema()
    exact = [c for c in candidates if schema[c].is_integer() or kind_of(schema[c]) == "text"]
    ranks = {c: rank for c in exact if (rank := key_rank(c, name)) is not None}
    ids = sorted(ranks, key=lambda column: ranks[column])
    times = [c for c in candidates if kind_of(schema[c]) == "time"]
    times += [c for c in exact if is_time_name(c) and c not in ids]
    weak = NO_KEY
    for found in (
        *_singles(engine, frame, ids, ranks, rows),
        *_days(engine, frame, schema, times, rows),
        *_pairs(engine, frame, schema, exact, ids, times, rows),
    ):
        if found.plain:
            return found
        weak = weak if weak.columns else found
    return weak


def _singles(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    ids: Sequence[str],
    ranks: dict[str, int],
    rows: int,
) -> Iterator[InferredKey]:
    for column in ids:
        if _identifies(engine, frame, (column,), rows):
            plain = ranks[column] <= OWN or rows >= _FEW_ROWS
            yield InferredKey(columns=(column,), plain=plain, evidence=_unique(rows, few=not plain))


def _days(
    engine: Engine, frame: nw.LazyFrame[Any], schema: nw.Schema, times: Sequence[str], rows: int
) -> Iterator[InferredKey]:
    """A series with one row for each time; plain where whole days leave chance little room."""
    for column in times:
        if not _identifies(engine, frame, (column,), rows):
            continue
        shared = 0.0
        if isinstance(schema[column], nw.Date):
            ends = frame.select(nw.col(column).min().alias("a"), nw.col(column).max().alias("b"))
            (row,) = engine.collect(ends)
            shared = rows * (rows - 1) / 2 / ((row["b"] - row["a"]).days + 1)
        plain = rows >= _FEW_ROWS and shared >= _SHARED
        yield InferredKey(columns=(column,), plain=plain, evidence=_unique(rows, few=not plain))


def _pairs(
    engine: Engine,
    frame: nw.LazyFrame[Any],
    schema: nw.Schema,
    exact: Sequence[str],
    ids: Sequence[str],
    times: Sequence[str],
    rows: int,
) -> Iterator[InferredKey]:
    """Two ids, or something and its time, that never meet twice though chance says they would."""
    texts = [c for c in exact if c not in ids and c not in times and kind_of(schema[c]) == "text"]
    pairs = [
        *((i, t) for i in ids for t in times),
        *combinations(ids, 2),
        *((text, t) for text in texts for t in times),
    ]
    sharing = cache(partial(_sharing, engine, frame))
    for pair in pairs[:_MOST_PAIRS]:
        if not _identifies(engine, frame, pair, rows):
            continue
        shares = [sharing(column) for column in pair]
        shared = shares[0] * shares[1] / (rows * (rows - 1) / 2)
        if not all(shares):
            continue  # one of them is unique by itself: the other adds nothing
        plain = rows >= _FEW_ROWS and shared >= _SHARED
        evidence = _unique(rows, few=rows < _FEW_ROWS)
        if not plain and rows >= _FEW_ROWS:
            evidence += (
                f", but by chance alone {shared:.1f} pairs of rows would have the same values"
            )
        yield InferredKey(columns=pair, plain=plain, evidence=evidence)


def _sharing(engine: Engine, frame: nw.LazyFrame[Any], column: str) -> float:
    """How many pairs of rows have the same value of ``column``."""
    groups = frame.select(c=nw.col(column)).group_by("c").agg(n=nw.len().cast(nw.Float64()))
    (row,) = engine.collect(groups.select((nw.col("n") * (nw.col("n") - 1) / 2).sum().alias("p")))
    return float(row["p"] or 0)


def _unique(rows: int, *, few: bool) -> str:
    few_rows = few and rows < _FEW_ROWS
    tail = ", too few to decide" if few_rows else ", which may be chance" if few else ""
    return f"unique in {rows:,} rows, never missing{tail}"


def _identifies(
    engine: Engine, frame: nw.LazyFrame[Any], columns: Sequence[str], rows: int
) -> bool:
    # The first rows are cheap, and give most candidates away.
    some = (frame.head(SAMPLE_ROWS),) if rows > SAMPLE_ROWS else ()
    return not any(duplicates(engine, one, columns) for one in (*some, frame))


_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+|\d+")
_PERSONAL = frozenset(
    {
        "email", "mail", "phone", "telephone", "mobile", "fax", "surname", "forename", "firstname",
        "lastname", "fullname", "username", "login", "password", "address", "street", "passport",
        "iban", "ssn", "birthday", "birthdate", "dob", "ip",
    }
)  # fmt: skip
"""Words that suggest a person anywhere in a name."""
_PERSONAL_PAIRS = frozenset(
    {
        ("first", "name"), ("last", "name"), ("full", "name"), ("middle", "name"),
        ("maiden", "name"), ("family", "name"), ("given", "name"), ("user", "name"),
        ("nick", "name"), ("customer", "name"), ("person", "name"), ("patient", "name"),
        ("client", "name"), ("contact", "name"), ("employee", "name"), ("owner", "name"),
        ("birth", "date"), ("date", "birth"), ("social", "security"), ("credit", "card"),
        ("card", "number"), ("tax", "id"), ("national", "id"), ("e", "mail"),
    }
)  # fmt: skip
_KEYS = frozenset({"id", "uuid", "guid", "key", "pk", "sku", "isbn"})
_CODES = frozenset(
    {
        "iata", "icao", "symbol", "ticker", "isin", "cusip", "figi", "lei", "ean", "gtin", "upc",
        "issn", "doi", "vin", "fips", "iso", "iso2", "iso3", "unlocode", "geonameid", "slug",
        "code",
    }
)  # fmt: skip
"""Identifiers that a standard or a market gives."""
OWN = 1
"""The rank up to which a name says that the column is its own table's id."""
_TIMES = frozenset({"date", "day", "week", "month", "year", "time", "timestamp", "datetime"})


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case.

    >>> words("customerID"), words("first_name"), words("E-Mail 2")
    (('customer', 'id'), ('first', 'name'), ('e', 'mail', '2'))
    """
    return tuple(word.lower() for word in _WORD.findall(name))


def personal(name: str) -> bool:
    """The values may be about a person who could be found by them.

    >>> [personal(n) for n in ("email", "First Name", "name", "product_name", "date_of_birth")]
    [True, True, True, False, True]
    """
    found = tuple(word for word in words(name) if word != "of")
    return (
        found in {("name",), ("names",)}
        or not _PERSONAL.isdisjoint(found)
        or any(pair in _PERSONAL_PAIRS for pair in pairwise(found))
    )


def key_rank(name: str, dataset: str) -> int | None:
    """How much a name looks like a key's, 0 the most; None: not at all.

    >>> [key_rank(n, "orders") for n in ("id", "order_id", "customerId", "iata", "amount", "valid")]
    [0, 1, 2, 3, None, None]
    """
    found = words(name)
    ends = {found[0], found[-1]} if found else set()
    if _KEYS.isdisjoint(ends):
        return None if _CODES.isdisjoint(ends) else 3
    if len(found) == 1:
        return 0
    return 1 if _own(dataset) & set(found) else 2


def _own(dataset: str) -> set[str]:
    """What a dataset calls one of its rows."""
    named = {dataset.lower(), *words(dataset)[-1:]}
    singular = {name.removesuffix("s") for name in named}
    return named | singular | {f"{n.removesuffix('ies')}y" for n in named if n.endswith("ies")}


def is_time_name(name: str) -> bool:
    """A name of a date or time, which makes a key together with an id.

    >>> is_time_name("order_date"), is_time_name("update")
    (True, False)
    """
    return not _TIMES.isdisjoint(words(name))
