"""The line of a CSV file's header and its delimiter, as the file itself shows them.

Belongs here: what `init` infers of a dialect from the beginnings of files, and what makes a check
doubt that a table is read as it is meant. Does not: reading a table, which is `duckdb.csv`.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from datarelease.analysis.engine.conversion.compressed import opened_plain
from datarelease.analysis.engine.csv.header import DELIMITERS, find_delimiter, wide, without_lines
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.model.data.dataset import UTF8, CsvDialect
from datarelease.model.data.table_format import delimiter_of_name

_PEEK_BYTES = 256 << 10
_PEEK_RECORDS = 50
_CHUNK = 1 << 20
_MOST_ABOVE = 10
"""Lines above a header that are looked at."""
_RARE = ":^~!\N{BROKEN BAR}\x1f\x01"
"""Delimiters that are not looked for, unless a table would have one column only."""
_EXCEL = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
"""Excel's note of the delimiter, in the first line."""


@dataclass(frozen=True)
class Structure:
    """Where a table begins, and what separates its values."""

    skip_rows: int
    delimiter: str


def refuse_doubtful(table: Table) -> None:
    """Refuse a table that is probably read wrongly.

    Raises:
        UnreadableTable: With the doubt, and the setting of the dialect that ends it.
    """
    found = doubt(table)
    if found is not None:
        raise UnreadableTable(table.label(table.paths[0]), found)


def doubt(table: Table) -> str | None:
    """Why a CSV table is probably read wrongly, with the remedy; None: it is not.

    Settings of the dialect are never doubted.
    """
    if table.format != "csv" or table.csv.skip_rows or not table.paths:
        return None
    label = table.label(table.paths[0])
    text = _beginning(table.paths[0], label, table.csv.encoding)
    found = structure(text)
    noted = _EXCEL.fullmatch(_first_line(text)) is not None
    known = table.csv.delimiter or delimiter_of_name(label)
    if found is None or (known is not None and not noted):
        return None
    delimiter = f"delimiter: {_yaml(found.delimiter)}"
    begins = f"write `csv: {{skip_rows: {found.skip_rows}, {delimiter}}}`"
    as_it_is = '`csv: {delimiter: ","}` if it is right as it is'
    where = "in meta of the dataset in dvc.yaml"
    if noted:
        return f"its first line is Excel's note of the delimiter, not a header: {begins} {where}"
    if found.skip_rows:
        return (
            f"its first line looks like a title: a table separated by {found.delimiter!r} begins "
            f"in line {found.skip_rows + 1}; {begins}, or {as_it_is}, {where}"
        )
    if found.delimiter in _RARE:
        return (
            f"it has one column, and {found.delimiter!r} would split each of its first lines; "
            f"write `csv: {{{delimiter}}}`, or {as_it_is}, {where}"
        )
    return None


def structure(text: str) -> Structure | None:
    """Where the table in ``text`` begins, which is a file's beginning; None: its first line.

    A table begins where all further lines have as many values, more than one; the lines above
    have fewer, or nothing but their first value.
    """
    note = _EXCEL.fullmatch(_first_line(text))
    if note is not None:
        return Structure(1, note[1])
    for skipped in range(_MOST_ABOVE + 1):
        rest = without_lines(text, skipped)
        for delimiter in sorted(DELIMITERS, key=lambda d: -_width(rest, d)):
            if _begins(text, skipped, delimiter):
                return Structure(skipped, delimiter)
    rare = [delimiter for delimiter in _RARE if _width(text, delimiter)]
    return Structure(0, rare[0]) if rare else None


def _begins(text: str, skipped: int, delimiter: str) -> bool:
    """A table separated by ``delimiter`` begins below the lines ``skipped``."""
    rest = without_lines(text, skipped)
    width = _width(rest, delimiter)
    if not width or _is_title(rest, delimiter):
        return False
    if not skipped:
        return True
    above = _records(text[: len(text) - len(rest)].lstrip("\r\n"), delimiter)
    # A delimiter at the end of each line below the header makes no table of another width.
    filled = any(record[-1] for record in _records(rest, delimiter))
    return filled and all(len(record) < width or not any(record[1:]) for record in above)


def with_structure(table: Table) -> Table:
    """A table with its dialect as far as the text alone tells: all but how values are written.

    Every byte of a CSV file is read: only that shows an encoding.

    Raises:
        UnreadableTable: Parts have different encodings.
    """
    if table.format != "csv" or not table.paths:
        return table
    encodings = {e for p in table.paths if (e := _encoding(p, table.label(p))) != "ascii"}
    if len(encodings) > 1:
        names = " and ".join(sorted(encodings))
        raise UnreadableTable("", f"its parts are of different encodings: {names}")
    encoding = next(iter(encodings), UTF8)
    label = table.label(table.paths[0])
    text = _beginning(table.paths[0], label, encoding)
    found = structure(text)
    named = delimiter_of_name(label)
    if found and named and found.delimiter != named:
        found = None
    delimiter = named or (found.delimiter if found else find_delimiter(text))
    dialect = dataclasses.replace(
        table.csv,
        encoding=encoding,
        skip_rows=found.skip_rows if found else 0,
        delimiter=delimiter if delimiter != (named or ",") else None,
    )
    return dataclasses.replace(table, csv=dialect)


def delimiter_of(path: Path, name: str, dialect: CsvDialect) -> str:
    """The delimiter that a reader finds in a file called ``name`` whose dialect names none."""
    text = without_lines(_beginning(path, name, dialect.encoding), dialect.skip_rows)
    return delimiter_of_name(name) or find_delimiter(text)


def _width(text: str, delimiter: str) -> int:
    """How many values each of the first lines has; 0: one, or not all as many, or one line."""
    records = _records(text, delimiter)
    widths = {len(record) for record in records}
    return widths.pop() if len(widths) == 1 and len(records) > 1 and len(records[0]) > 1 else 0


def _is_title(text: str, delimiter: str) -> bool:
    """The first line has its first value at most, as spreadsheets write a title."""
    first, *rest = _records(text, delimiter)
    return not any(first[1:]) and any(all(record) for record in rest[:5])


def _records(text: str, delimiter: str) -> list[list[str]]:
    """The first records that are not blank; none where the text begins with a blank line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        records = list(islice(reader, _PEEK_RECORDS))
    except csv.Error:
        return []
    return [record for record in records if record] if records and records[0] else []


def _first_line(text: str) -> str:
    return re.split(r"[\r\n]", text, maxsplit=1)[0].strip()


def _beginning(path: Path, name: str, encoding: str) -> str:
    """The first lines of a file, whatever in it is not of the encoding."""
    try:
        with opened_plain(path, name) as file:
            peek = file.read(_PEEK_BYTES)
    except (OSError, UnreadableTable):  # said where the table is read
        return ""
    text = peek.decode("utf-8-sig" if encoding == UTF8 else encoding, errors="replace")
    if len(peek) < _PEEK_BYTES:
        return text
    return text[: max(text.rfind("\n"), text.rfind("\r")) + 1]


def _encoding(path: Path, name: str) -> str:
    """The encoding of a file: by its mark, or the first that fits; ``ascii`` fits all of them.

    Raises:
        UnreadableTable: It is not compressed as its name says.
    """
    with opened_plain(path, name) as file:
        start = file.read(1000)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    unmarked = wide(start)
    if unmarked is not None:
        return unmarked
    fitting = (e for e in ("ascii", UTF8, "cp1252") if _fits(path, name, e))
    return next(fitting, "iso8859-1")


def _fits(path: Path, name: str, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk, last in _chunks(path, name):
            decoder.decode(chunk, final=last)
    except UnicodeDecodeError:
        return False
    return True


def _chunks(path: Path, name: str) -> Iterator[tuple[bytes, bool]]:
    with opened_plain(path, name) as file:
        while chunk := file.read(_CHUNK):
            yield chunk, False
    yield b"", True


def _yaml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'
