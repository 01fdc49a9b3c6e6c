"""Names, texts and paths as SQL, the only calls of DuckDB's functions that read files, its limits.

DuckDB would take every folder called ``key=value`` on the way to a file, also those around the
repository, for a column, so this is switched off. `partitions` reads such folders.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.analysis.engine.tables import unread_name

if TYPE_CHECKING:
    import duckdb


def quoted(name: str) -> str:
    """A column name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def unread(name: str) -> str:
    """The column with what could not be read as the type given to one, as an SQL identifier."""
    return quoted(unread_name(name))


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def memory_limit(connection: duckdb.DuckDBPyConnection) -> int:
    """The bytes that DuckDB keeps within."""
    [(limit,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    number, unit = limit.split()
    units = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
    return int(float(number) * 1024 ** units.index(unit))


def parquet_source(paths: tuple[Path, ...], *, alike: bool = False) -> str:
    """SQL that reads Parquet files, columns matched by name; ``alike``: to those of the first."""
    by_name = ", union_by_name=true" if len(paths) > 1 and not alike else ""
    return f"read_parquet({_file_list(paths)}, hive_partitioning=false{by_name})"


def csv_source(paths: tuple[Path, ...], options: str) -> str:
    """SQL that reads CSV files as ``options`` say; nothing is guessed."""
    files = _file_list(paths)
    return f"read_csv({files}, hive_partitioning=false, auto_detect=false, {options})"


def _file_list(paths: tuple[Path, ...]) -> str:
    """Paths as an SQL list, in which the letters of glob patterns stand for themselves."""
    return "[" + ", ".join(literal(escaped_pattern(str(path))) for path in paths) + "]"


def escaped_pattern(path: str) -> str:
    """A glob pattern that matches this path alone."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in path)
