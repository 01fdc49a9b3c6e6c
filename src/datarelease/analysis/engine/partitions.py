"""Partition columns: what folders called ``key=value`` inside a dataset say of the rows in them.

Paths are those inside the dataset, never those of a cache or of the folders around a repository:
where a dataset is says nothing of its rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from datarelease.analysis.engine.tables import Table, UnreadableTable

_NULL = "__HIVE_DEFAULT_PARTITION__"
"""How Hive, Spark and Arrow spell a missing value."""

Folders = tuple[tuple[str, str | None], ...]
"""Key and value of each partition folder above a file, outermost first; None: a missing value."""
PartitionType = Literal["int64", "date", "string"]
Value = int | dt.date | str | None

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class PartitionColumn:
    """A column whose values stand in the names of folders."""

    name: str
    type: PartitionType
    values: tuple[Value, ...]
    """One for each file of the table, in the order of its paths."""
    texts: tuple[str | None, ...]
    """The same as the folders spell them, percent signs decoded."""


def folders(path: str) -> Folders:
    """The partition folders in a path inside a dataset, percent signs decoded.

    >>> folders("y=2024/city=S%C3%A3o%20Paulo/part-0.parquet")
    (('y', '2024'), ('city', 'São Paulo'))
    >>> folders("2024/a=1.csv"), folders("y=__HIVE_DEFAULT_PARTITION__/a.csv")
    ((), (('y', None),))
    >>> folders("100%=50%25/c=%FF/a.csv")
    (('100%', '50%'), ('c', '%FF'))
    """
    found: list[tuple[str, str | None]] = []
    for folder in path.split("/")[:-1]:
        key, equals, value = folder.partition("=")
        if key and equals:
            found.append((_decoded(key), None if value == _NULL else _decoded(value)))
    return tuple(found)


def _decoded(text: str) -> str:
    """``text`` with percent signs decoded; as it stands where what they encode is no UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def partition_columns(table: Table) -> tuple[PartitionColumn, ...]:
    """The partition columns of a table, outermost first; none where no part is in such a folder.

    A column is int64 where every folder of the dataset spells a whole number of 64 bits without
    leading zeros, a date where every one spells a day (``2026-01-31``), and text otherwise.

    Raises:
        UnreadableTable: Parts are in folders of other keys than the first one, or a folder repeats
            a key.
    """
    listed = [folders(label) for label in table.labels]
    if not any(listed):
        return ()
    known = [folders(name) for name in table.siblings] or listed
    keys = _keys(table.siblings or table.labels)
    columns = []
    for place, key in enumerate(keys):
        kind = _type(found[place][1] for found in known)
        texts = tuple(found[place][1] for found in listed)
        columns.append(
            PartitionColumn(
                name=key, type=kind, texts=texts, values=tuple(_value(t, kind) for t in texts)
            )
        )
    return tuple(columns)


def text_columns(table: Table, names: Iterable[str]) -> frozenset[str]:
    """Those of a table's columns that have no type of their own: in text, all but partitions.

    Raises:
        UnreadableTable: As `partition_columns`.
    """
    if not table.is_text:
        return frozenset()
    return frozenset(names) - {column.name for column in partition_columns(table)}


def _keys(names: Sequence[str]) -> tuple[str, ...]:
    """The keys that all files share.

    Raises:
        UnreadableTable: They do not.
    """
    first: tuple[str, ...] | None = None
    for name in names:
        keys = tuple(key for key, _ in folders(name))
        if len(set(keys)) < len(keys):
            raise UnreadableTable(name, f"its folders name {_repeated(keys)!r} twice")
        first = keys if first is None else first
        if keys != first:
            raise UnreadableTable(
                name,
                f"it is in {_spelled(keys)}, and {names[0]} in {_spelled(first)}: "
                "the parts of one table must be in folders of the same keys",
            )
    return first or ()


def _repeated(keys: Sequence[str]) -> str:
    return next(key for key in keys if keys.count(key) > 1)


def _spelled(keys: Sequence[str]) -> str:
    return "/".join(f"{key}=…" for key in keys) or "no partition folder"


def _type(texts: Iterable[str | None]) -> PartitionType:
    present = {text for text in texts if text is not None}
    if present and all(_integer(text) is not None for text in present):
        return "int64"
    if present and all(_day(text) is not None for text in present):
        return "date"
    return "string"


def _value(text: str | None, kind: PartitionType) -> Value:
    if text is None or kind == "string":
        return text
    return _integer(text) if kind == "int64" else _day(text)


def _integer(text: str) -> int | None:
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if _LEAST <= number <= _MOST else None


def _day(text: str) -> dt.date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
