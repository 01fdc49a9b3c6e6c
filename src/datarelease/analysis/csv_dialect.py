"""How one CSV file is written: its delimiter and its header. Values and their types: csv_types."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from datarelease.analysis.table import Table, UnreadableTable

DELIMITERS = ",;\t|"
#: What pandas.read_csv takes for a missing value unless told otherwise (pandas 3, ``na_values``).
NA_STRINGS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
_PEEK_BYTES = 4 << 20
_PEEK_RECORDS = 20


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The delimiter of a CSV file and the columns that its header names."""

    delimiter: str
    columns: tuple[str, ...]


def read_dialect(table: Table) -> Dialect:
    """The dialect that all parts of a CSV table share.

    Raises:
        UnreadableTable: A part is empty, is not UTF-8 or has no usable header, or the parts differ.
    """
    dialects = [_read_one(path, table.label(path)) for path in table.paths]
    for path, dialect in zip(table.paths, dialects, strict=True):
        if dialect != dialects[0]:
            raise UnreadableTable(table.label(path), _difference(dialects[0], dialect))
    return dialects[0]


def _read_one(path: Path, label: str) -> Dialect:
    records = _first_records(path, label)
    delimiter = _delimiter(records)
    header = next(csv.reader(io.StringIO(records, newline=""), delimiter=delimiter), [])
    # An unnamed column gets pandas' name for it: DataFrame.to_csv writes the index like that.
    names = tuple(name or f"Unnamed: {place}" for place, name in enumerate(header))
    if not names:
        raise UnreadableTable(label, "the first line is blank; it should name the columns")
    return Dialect(delimiter=delimiter, columns=names)


def _first_records(path: Path, label: str) -> str:
    """The beginning of a file as text, cut after a line end."""
    try:
        with path.open("rb") as file:
            peek = file.read(_PEEK_BYTES)
    except OSError as error:
        raise UnreadableTable(label, error.strerror or "it cannot be opened") from None
    if not peek.strip():
        raise UnreadableTable(label, "the file is empty: a CSV file starts with a header line")
    if peek.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableTable(label, "not UTF-8 (it looks like UTF-16)")
    if len(peek) == _PEEK_BYTES:
        peek = peek[: max(peek.rfind(b"\n"), peek.rfind(b"\r")) + 1] or peek
    try:
        return peek.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = peek.count(b"\n", 0, error.start) + 1
        raise UnreadableTable(label, f"not UTF-8 (line {line})") from None


def _delimiter(text: str) -> str:
    """The delimiter under which the first records are equally wide, the widest wins."""

    def score(delimiter: str) -> tuple[bool, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(record) for record in islice(reader, _PEEK_RECORDS) if record]
        except csv.Error:
            return False, 0
        return len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0

    return max(DELIMITERS, key=score)


def _difference(first: Dialect, other: Dialect) -> str:
    if first.delimiter != other.delimiter:
        return (
            f"its columns are separated by {other.delimiter!r}, "
            f"in the first part by {first.delimiter!r}"
        )
    return column_difference(first.columns, other.columns)


def column_difference(first: tuple[str, ...], other: tuple[str, ...]) -> str:
    """In words, how the columns of a part differ from those of the first part."""
    missing = [name for name in first if name not in other]
    extra = [name for name in other if name not in first]
    parts = []
    if missing:
        parts.append(f"lacks {', '.join(map(repr, missing[:5]))}")
    if extra:
        parts.append(f"has {', '.join(map(repr, extra[:5]))} besides")
    if not parts:
        parts.append("has its columns in another order")
    return f"differs from the first part: it {' and '.join(parts)}"
