"""The beginning of a CSV table: its encoding, its delimiter, and the columns that it names.

The rest is in the dialect of the dataset. Values and their types are in `types`.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from datarelease.analysis.engine.conversion.compressed import opened_plain
from datarelease.analysis.engine.conversion.copies import Copies
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.model.data.dataset import UTF8
from datarelease.model.data.table_format import compression, delimiter_of_name
from datarelease.model.wording import agreeing

DELIMITERS = ",;\t|"
_PEEK_BYTES = 4 << 20
_PEEK_RECORDS = 20
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, kw_only=True)
class Header:
    """The delimiter of a CSV table and the columns that its header names."""

    delimiter: str
    columns: tuple[str, ...]
    line_end: str | None = None
    """What ends a line, where the header has line ends inside of names: the engine would take the
    first of these for it, and find no rows. None: the engine finds it."""


def read_csv_header(table: Table) -> Header:
    """The header that all parts of a CSV table share; the files are UTF-8.

    Raises:
        UnreadableTable: A part is empty, is not UTF-8 or has no usable header, or the parts differ.
    """
    headers = [_read_one(table, path) for path in table.paths]
    first = headers[0]
    for path, header in zip(table.paths, headers, strict=True):
        # A part that is no more than its header may have no line end at all.
        first = first if first.line_end else replace(first, line_end=header.line_end)
        if replace(header, line_end=header.line_end or first.line_end) != first:
            raise UnreadableTable(table.label(path), _difference(first, header))
    return first


def _read_one(table: Table, path: Path) -> Header:
    label = table.label(path)
    records = without_lines(_first_records(path, label), table.csv.skip_rows)
    if not records.strip() and table.csv.skip_rows:
        skipped = agreeing(table.csv.skip_rows, "line that is", "lines that are")
        what = f"there is no header below the {table.csv.skip_rows} {skipped} skipped"
        raise UnreadableTable(label, what)
    delimiter = table.csv.delimiter or delimiter_of_name(label) or find_delimiter(records)
    reader = csv.reader(io.StringIO(records, newline=""), delimiter=delimiter)
    header = next(reader, [])
    last = islice(_LINE_END.finditer(records), reader.line_num - 1, None)
    line_end = next((end[0] for end in last), None) if reader.line_num > 1 else None
    # An unnamed column gets pandas' name for it: DataFrame.to_csv writes the index like that.
    names = tuple(name or f"Unnamed: {place}" for place, name in enumerate(header))
    if not names:
        raise UnreadableTable(label, "the first line is blank; it should name the columns")
    # Some readers take the first column for an index then, and shift all values by one.
    longer = _longer(reader, len(names))
    if longer is not None:
        where = longer + table.csv.skip_rows
        raise UnreadableTable(label, f"{MORE_VALUES} (line {where})")
    return Header(delimiter=delimiter, columns=names, line_end=line_end)


def _first_records(path: Path, label: str) -> str:
    """The beginning of a file as text, cut after a line end."""
    try:
        with path.open("rb") as file:
            peek = file.read(_PEEK_BYTES)
    except OSError as error:
        raise UnreadableTable(label, error.strerror or "it cannot be opened") from None
    if not peek.strip():
        raise UnreadableTable(label, "the file is empty: a CSV file starts with a header line")
    if peek.startswith((b"\xff\xfe", b"\xfe\xff")) or wide(peek):
        hint = "write `encoding: utf-16` under meta.csv in dvc.yaml"
        raise UnreadableTable(label, f"not UTF-8 (it looks like UTF-16): {hint}")
    if len(peek) == _PEEK_BYTES:
        peek = peek[: max(peek.rfind(b"\n"), peek.rfind(b"\r")) + 1] or peek
    try:
        return peek.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = peek.count(b"\n", 0, error.start) + 1
        raise UnreadableTable(label, f"{NOT_UTF8} (line {line}); {OTHER_ENCODING}") from None


def _longer(reader: Any, width: int) -> int | None:
    """The line of the first of the next records that has more values than the header."""
    try:
        found = (reader.line_num for record in islice(reader, _PEEK_RECORDS) if len(record) > width)
        return next(found, None)
    except csv.Error:  # a value too long for this reader
        return None


MORE_VALUES = "a line has more values than the header has columns (its last delimiter counts, too)"
NOT_UTF8 = "not UTF-8"
OTHER_ENCODING = (
    "if it has another encoding, for example cp1252, name it as meta.csv.encoding in dvc.yaml"
)


def wide(peek: bytes) -> str | None:
    """The encoding of text of two bytes a letter without a mark; None: it is no such text.

    >>> wide("a,b".encode("utf-16-le")), wide("a,b".encode("utf-16-be")), wide(b"a,b")
    ('utf-16-le', 'utf-16-be', None)
    """
    start = peek[:1000]
    for name, zeros, letters in (
        ("utf-16-le", start[1::2], start[::2]),
        ("utf-16-be", start[::2], start[1::2]),
    ):
        if zeros.count(0) * 2 > len(zeros) and not letters.count(0):
            return name
    return None


def without_lines(text: str, number: int) -> str:
    """``text`` without its first lines, whatever ends them and whatever they quote."""
    for end in islice(_LINE_END.finditer(text), number - 1, number) if number else ():
        return text[end.end() :]
    return "" if number else text


def find_delimiter(text: str) -> str:
    """The delimiter under which the first records are equally wide, the widest wins."""

    def score(delimiter: str) -> tuple[bool, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(record) for record in islice(reader, _PEEK_RECORDS) if record]
        except csv.Error:
            return False, 0
        return len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0

    return max(DELIMITERS, key=score)


def _difference(first: Header, other: Header) -> str:
    if first.delimiter != other.delimiter:
        return (
            f"its columns are separated by {other.delimiter!r}, "
            f"in the first part by {first.delimiter!r}"
        )
    if first.columns == other.columns:
        return "its lines end differently from those of the first part"
    return column_difference(first.columns, other.columns)


def column_difference(first: tuple[str, ...], other: tuple[str, ...]) -> str:
    """In words, how the columns of a part differ from those of the first part."""
    missing = [name for name in first if name not in other]
    extra = [name for name in other if name not in first]
    parts = []
    if missing:
        parts.append(f"lacks {', '.join(map(repr, missing[:5]))}")
    if extra:
        parts.append(f"also has {', '.join(map(repr, extra[:5]))}")
    if not parts:
        parts.append("has its columns in another order")
    return f"differs from the first part: it {' and '.join(parts)}"


_CHUNK = 1 << 20
_SKIPPED = re.compile(rb"[^\r\n]+")


def as_utf8(table: Table, copies: Copies) -> Table:
    """The same table in files that the engine can read, which are ``copies`` where need be.

    A file is copied if it is compressed, not in UTF-8, or if lines above its header hold quotation
    marks, which would be taken for the beginning of a value. Lines keep their numbers. Memory stays
    bounded.

    Raises:
        UnreadableTable: A file is not in the encoding of the dialect, or not compressed as its name
            says.
        OSError: The disk is full or not writable.
    """
    dialect = table.csv
    paths = []
    for number, path in enumerate(table.paths):
        label = table.labels[number] if table.labels else path.name
        if (
            dialect.encoding == UTF8
            and compression(label) is None
            and not _quotes_above(path, dialect.skip_rows)
        ):
            paths.append(path)
        else:
            read_as = path, label, dialect.encoding, dialect.skip_rows
            paths.append(copies.of(read_as, ".csv", partial(_copy, table, path, label)))
    if tuple(paths) == table.paths:
        return table
    # Parts with equal bytes are one file of a cache: only their places tell them apart.
    labels = table.labels or tuple(path.name for path in table.paths)
    return dataclasses.replace(table, paths=tuple(paths), labels=labels)


def _copy(table: Table, path: Path, label: str, target: Path) -> None:
    with opened_plain(path, label) as source, target.open("wb") as copy:
        for piece in _blanked(_decoded(source, table, label), table.csv.skip_rows):
            copy.write(piece)


def _decoded(source: BinaryIO, table: Table, label: str) -> Iterator[bytes]:
    """The file in UTF-8, piece by piece."""
    decoder = codecs.getincrementaldecoder(table.csv.encoding)()
    lines = 1
    while True:
        chunk = source.read(_CHUNK)
        try:
            text = decoder.decode(chunk, final=not chunk)
            encoded = text.encode(UTF8)
        except UnicodeError as error:
            read = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            lines += read.decode(table.csv.encoding, errors="ignore").count("\n")
            reason = f"not {table.csv.encoding} (line {lines})"
            raise UnreadableTable(label, reason) from None
        lines += text.count("\n")
        yield encoded
        if not chunk:
            return


def _blanked(pieces: Iterator[bytes], lines: int) -> Iterator[bytes]:
    """The same text with nothing in its first lines but their ends."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head.splitlines()) > lines:
            break
    kept = head.splitlines(keepends=True)
    yield from (_SKIPPED.sub(b"", line) for line in kept[:lines])
    yield from kept[lines:]
    yield from pieces


def _quotes_above(path: Path, lines: int) -> bool:
    if not lines:
        return False
    with path.open("rb") as source:
        head = source.read(_CHUNK).splitlines()[:lines]
    return any(b'"' in line for line in head)
