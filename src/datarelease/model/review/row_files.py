"""What a check left of the rows behind its findings: all of them in files, not ten in a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ROWS_BUDGET = 100_000
"""Rows of one file, unless `release.rows_budget` says otherwise."""

RowsKind = Literal["violations", "changes"]


@dataclass(frozen=True, kw_only=True)
class RowsFile:
    """A Parquet file with the rows behind the findings about one dataset."""

    kind: RowsKind
    """``violations``: a row for each value that fails a check. ``changes``: a row for each row that
    was added, removed or changed."""
    name: str
    """Beside the report, such as ``people/violations.parquet``."""
    rows: int
    """How many rows the file has."""
    total: int
    """Rows there are; more than in the file where its budget was used up."""
    of_files: bool = False
    """They are about files of a dataset of files."""

    @property
    def is_whole(self) -> bool:
        """The budget was not used up."""
        return self.rows == self.total


def rows_name(dataset: str, kind: RowsKind) -> str:
    """Where the rows of a dataset are, beside the report."""
    return f"{dataset}/{kind}.parquet"
