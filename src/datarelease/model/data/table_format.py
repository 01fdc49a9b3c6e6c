"""Which files are tables: what the ending of a name says of the format and the compression."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

Format = Literal["csv", "jsonl", "parquet", "arrow"]
"""Delimited text, JSON Lines, Parquet, or Arrow's own file formats (IPC and Feather)."""
Compression = Literal["gzip", "zstd"]

TEXT_FORMATS: frozenset[Format] = frozenset({"csv", "jsonl"})
"""Those whose files do not say the types of their columns: a schema does, or the values do."""
FORMAT_NAMES: dict[Format, str] = {
    "csv": "delimited text (CSV)",
    "jsonl": "JSON Lines",
    "parquet": "Parquet",
    "arrow": "Arrow",
}
"""What people call the formats."""

#: File name endings read as tables; a directory holds part files of one format.
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".psv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
}
_COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_DELIMITERS = {".tsv": "\t", ".tab": "\t", ".psv": "|"}


def table_format(name: str) -> Format | None:
    """The table format that a file name's ending stands for, or None.

    >>> table_format("data/Customers.CSV"), table_format("2024.tsv.gz"), table_format("notes.txt")
    ('csv', 'csv', None)
    """
    return SUFFIXES.get(_suffixes(name)[0])


def compression(name: str) -> Compression | None:
    """How a table of text is compressed, by its name; None: it is not.

    Parquet and Arrow files compress their own columns, and are not recognised in another file.

    >>> compression("a.jsonl.zst"), compression("a.csv"), compression("a.parquet.gz")
    ('zstd', None, None)
    """
    return _COMPRESSIONS.get(_suffixes(name)[1])


def delimiter_of_name(name: str) -> str | None:
    r"""The delimiter that a file name's ending stands for; None: it says nothing of one.

    >>> delimiter_of_name("a.tsv"), delimiter_of_name("a.csv.gz")
    ('\t', None)
    """
    return _DELIMITERS.get(_suffixes(name)[0])


def reading_of_name(name: str) -> str:
    r"""What a file name's ending decides of how a table is read: equal bytes may be other rows.

    >>> reading_of_name("a.tsv.gz"), reading_of_name("a.tab.gz"), reading_of_name("b.CSV")
    ('csv \t gzip', 'csv \t gzip', 'csv')
    """
    said = table_format(name), delimiter_of_name(name), compression(name)
    return " ".join(filter(None, said))


def without_suffix(name: str) -> str:
    """A table's file name without the ending that `table_format` reads.

    >>> without_suffix("data/2024.q1.csv.gz"), without_suffix("notes.txt")
    ('data/2024.q1', 'notes.txt')
    """
    format_suffix, outer = _suffixes(name)
    return name[: len(name) - len(format_suffix) - len(outer)]


def _suffixes(name: str) -> tuple[str, str]:
    """The ending that names a format, and that of a compression behind it; empty: there is none."""
    file = name.rpartition("/")[2]
    if file in {"", "."}:
        file = PurePosixPath(name).name
    stem, last = _split(file)
    if last in _COMPRESSIONS:
        inner = _split(stem)[1]
        return (inner, last) if SUFFIXES.get(inner) in TEXT_FORMATS else ("", "")
    return (last, "") if last in SUFFIXES else ("", "")


def _split(file: str) -> tuple[str, str]:
    """A file name without its ending, and the ending in lower case.

    `PurePosixPath` says the same at many times the cost, and a dataset may have 100,000 parts.
    """
    dot = file.rfind(".")
    return (file[:dot], file[dot:].lower()) if 0 < dot < len(file) - 1 else (file, "")
