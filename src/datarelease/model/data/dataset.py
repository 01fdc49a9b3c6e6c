"""What a dataset is: one ``artifacts:`` entry of ``dvc.yaml`` with ``type: dataset``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from datarelease.model.data.csv_dialect import DEFAULT_DIALECT, CsvDialect

Format = Literal["csv", "parquet"]

DATASET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
"""Of a dataset."""

#: File name endings read as tables; a directory holds part files of one of them.
SUFFIXES: dict[str, Format] = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}


def table_format(name: str) -> Format | None:
    """The table format that a file name's ending stands for, or None.

    >>> table_format("data/Customers.CSV"), table_format("notes.txt")
    ('csv', None)
    """
    return SUFFIXES.get(PurePosixPath(name).suffix.lower())


#: Formats that keep a log beside their Parquet files: what names a file of the log.
_LOGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a Delta table", re.compile(r"(.*/)?_delta_log/[^/]+")),
    ("an Iceberg table", re.compile(r"(.*/)?metadata/[^/]+\.metadata\.json(?:\.gz)?")),
    ("a Hudi table", re.compile(r"(.*/)?\.hoodie/[^/]+")),
)


@dataclass(frozen=True, kw_only=True)
class LoggedTable:
    """A table of a format whose log says which of the files beside it count."""

    folder: str
    """Where it is, among the paths that it was found in; empty: at their top."""
    kind: str
    """``a Delta table``, say."""

    @property
    def reason(self) -> str:
        """Why its files cannot be a dataset as they are."""
        return f"{self.kind}: its log says which files count, and other files may be beside them"


LOGGED_REMEDY = (
    "Write the present rows of the table as plain Parquet, for example in a stage "
    "(`DeltaTable(PATH).to_pandas().to_parquet(FILE)`), and release that."
)


def logged_table(paths: Iterable[str]) -> LoggedTable | None:
    """The first Delta, Iceberg or Hudi table among ``paths``, or None.

    >>> logged_table(["a.csv", "sales/_delta_log/00000000000000000000.json"])
    LoggedTable(folder='sales', kind='a Delta table')
    """
    for path in paths:
        for kind, pattern in _LOGS:
            if found := pattern.fullmatch(path):
                return LoggedTable(folder=(found[1] or "").rstrip("/"), kind=kind)
    return None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A table under release: a file, or a directory of part files, tracked by DVC."""

    name: str
    path: str
    """Relative to the repository, with forward slashes."""
    schema: str | None = None
    """File of the Pandera schema (YAML or Python), relative to the repository."""
    key: tuple[str, ...] = ()
    """Columns that together identify a row; empty: no row-level diff."""
    pii: tuple[str, ...] = ()
    """Columns whose values are never shown."""
    desc: str = ""
    csv: CsvDialect = DEFAULT_DIALECT
    """How its CSV files are written; of no concern where it has none."""

    @property
    def report_dir(self) -> str:
        """Where this dataset's committed reports live, relative to the repository."""
        return f"reports/{self.name}"

    @property
    def validation_file(self) -> str:
        """The outcome of ``datarelease validate NAME``, a DVC metric kept by git."""
        return f"{self.report_dir}/validation.json"

    @property
    def profile_file(self) -> str:
        """The statistics of ``datarelease profile NAME``, a DVC metric kept by git."""
        return f"{self.report_dir}/profile.json"
