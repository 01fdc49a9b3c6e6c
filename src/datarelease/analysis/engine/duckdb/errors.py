"""DuckDB's faults as ours.

Its messages quote data, which may be personal: none of their text leaves this module, only the
kind of fault and the line number do.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from datarelease.analysis.engine.csv.header import NOT_UTF8, OTHER_ENCODING
from datarelease.analysis.engine.errors import UnsupportedQueryError
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.errors import WorldError
from datarelease.model.data.table_format import FORMAT_NAMES

_LINE = re.compile(r"CSV Error on Line: (\d+)")
#: Fault -> the words with which DuckDB 1.5 and 2.0 say so (there are no codes).
_CSV_FAULTS = (
    ("Invalid unicode", NOT_UTF8),
    ("Value with unterminated quote", "a quotation mark is not closed, or stands inside a value"),
    ("Expected Number of Columns", "a line has more or fewer values than the header has columns"),
    ("Maximum line size", "a line is longer than 64 MB"),
    (
        "invalid state",
        "stray quotation marks or mixed line endings (end all lines with LF, or all with CR LF)",
    ),
)


@contextmanager
def translated(tables: Sequence[Table]) -> Iterator[None]:
    """Raise DuckDB's errors as errors of this package, without the data in their text.

    Raises:
        UnreadableTable: A file is damaged or has another format.
        UnsupportedQueryError: DuckDB cannot plan the query.
        WorldError: Out of memory or disk.
    """
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise _out_of_memory() from None
    except (
        duckdb.DataError,  # conversions, out of range
        duckdb.OperationalError,  # input and output
        duckdb.NotSupportedError,
        duckdb.InvalidInputException,
        UnicodeDecodeError,
    ) as error:
        raise _ours(str(error), tables) from None
    except duckdb.ProgrammingError as error:  # no such function for these types, and the like
        raise UnsupportedQueryError("DuckDB", type(error).__name__) from None
    except (OSError, pa.ArrowException) as error:
        # Results read in batches come through Arrow, which keeps DuckDB's text and not its type.
        if getattr(error, "errno", None) is not None:
            raise
        raise _ours(str(error), tables) from None


def _ours(text: str, tables: Sequence[Table]) -> UnreadableTable | WorldError:
    if text.startswith("Out of Memory Error"):
        return _out_of_memory()
    if os.strerror(errno.ENOSPC) in text:
        return WorldError(
            "The disk is full.",
            untouched="Nothing was written.",
            remedy="Free disk space, then run the same command again.",
        )
    table, path = _at_fault(text, tables)
    if table is None or path is None:
        return UnreadableTable("", "a file could not be read")
    return UnreadableTable(table.label(path), _reason(text, table))


def _out_of_memory() -> WorldError:
    return WorldError(
        "The query engine ran out of memory, or of disk space for intermediate results.",
        untouched="Nothing was written.",
        remedy="Free disk space, or raise `release.memory_limit` in params.yaml, then run the same "
        "command again.",
    )


def _at_fault(text: str, tables: Sequence[Table]) -> tuple[Table | None, Path | None]:
    for table in tables:
        for path in table.paths:
            if str(path) in text:
                return table, path
    if tables:
        return tables[-1], tables[-1].paths[0]
    return None, None


def _reason(text: str, table: Table) -> str:
    if table.format == "parquet":
        return "not a readable Parquet file: it is damaged, cut short, or something else"
    if table.format != "csv":
        return f"it cannot be read as {FORMAT_NAMES[table.format]}"
    line = _LINE.search(text)
    where = f" (line {line.group(1)})" if line else ""
    for words, reason in _CSV_FAULTS:
        if words in text:
            hint = f"; {OTHER_ENCODING}" if reason == NOT_UTF8 else ""
            return reason + where + hint
    return f"not a readable CSV file{where}"
