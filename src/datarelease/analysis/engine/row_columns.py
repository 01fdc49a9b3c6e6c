"""The columns of files of rows: their names, types and meanings; the reference is made of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

KEY, OLD, NEW = "key.", "old.", "new."
"""Begin the columns that hold the row key, the values before and the values after."""
COLUMN = "COLUMN"
"""Stands for the name of a column of the dataset."""


@dataclass(frozen=True, kw_only=True)
class RowColumn:
    """A column of a file of rows, or, with ``COLUMN`` in its name, one for columns of a dataset."""

    name: str
    type: pa.DataType | None
    """None: what `row_files.shown` makes of the type of the dataset's column."""
    meaning: str
    """One or more sentences, in Markdown."""

    @property
    def is_family(self) -> bool:
        """It stands for one column each of several columns of the dataset."""
        return self.name.endswith(COLUMN)

    def has(self, name: str) -> bool:
        """Whether ``name`` is this column, or one of those that it stands for."""
        if self.is_family:
            return name.startswith(self.name.removesuffix(COLUMN))
        return name == self.name


VIOLATION_COLUMNS = (
    RowColumn(
        name="check",
        type=pa.string(),
        meaning="The check that failed, as the schema spells it: `in_range(0, 120)`.",
    ),
    RowColumn(
        name="column",
        type=pa.string(),
        meaning="The column that was checked; null: the check is about several columns.",
    ),
    RowColumn(
        name="value",
        type=pa.string(),
        meaning="The value that fails, as text; null: it is missing. Of a check of several columns "
        "a JSON object with the value of each of them.",
    ),
    RowColumn(
        name=f"{KEY}{COLUMN}",
        type=None,
        meaning="The value of each column of the row key; none, where no key is declared.",
    ),
    RowColumn(
        name="row",
        type=pa.int64(),
        meaning="The number of the row, from 1, in the files of the dataset by the order of their "
        "names; null: a Spark cluster read the rows, which have no order there.",
    ),
)
"""Of failing rows: one row for each value that fails a check."""
FILE_VIOLATION_COLUMNS = (
    RowColumn(
        name="check",
        type=pa.string(),
        meaning="The rule of `meta.files` that the file breaks, such as `kinds: image/png`.",
    ),
    RowColumn(name="column", type=pa.string(), meaning="Always null: files have no columns."),
    RowColumn(
        name="value",
        type=pa.string(),
        meaning="What was found of the file, as text: `kind=text/plain`.",
    ),
    RowColumn(
        name=f"{KEY}file",
        type=pa.string(),
        meaning="The path of the file inside the dataset, with forward slashes.",
    ),
    RowColumn(name="row", type=pa.int64(), meaning="Always null: files have no rows."),
)
"""Of files that break a rule: one row for each file and rule."""
CHANGE_COLUMNS = (
    RowColumn(
        name="kind",
        type=pa.string(),
        meaning="What happened to the row: `added`, `removed` or `changed`.",
    ),
    RowColumn(name=f"{KEY}{COLUMN}", type=None, meaning="The value of each column of the row key."),
    RowColumn(
        name="columns",
        type=pa.list_(pa.string()),
        meaning="The names of the columns that differ; empty: the row was added or removed.",
    ),
    RowColumn(
        name=f"{OLD}{COLUMN}",
        type=None,
        meaning="The value before, for each column that is not part of the key and that both "
        "versions have; null also where it is equal, or the row was added.",
    ),
    RowColumn(
        name=f"{NEW}{COLUMN}",
        type=None,
        meaning="The value now, of the same columns; null also where it is equal, or the row was "
        "removed.",
    ),
)
"""Of changed rows: one row for each row that was added, removed or changed."""
FILE_CHANGE_COLUMNS = (
    RowColumn(
        name="kind",
        type=pa.string(),
        meaning="What happened to the file: `added`, `removed`, `changed` (other bytes) or "
        "`renamed` (the same bytes under another path).",
    ),
    RowColumn(
        name=f"{KEY}file",
        type=pa.string(),
        meaning="The path of the file inside the dataset; of a removed file, its last path.",
    ),
    RowColumn(
        name=f"{OLD}file",
        type=pa.string(),
        meaning="The earlier path of a renamed file; null: the file was not renamed.",
    ),
    RowColumn(
        name=f"{OLD}bytes",
        type=pa.int64(),
        meaning="The size of the file before, in bytes; null: the file is new.",
    ),
    RowColumn(
        name=f"{NEW}bytes",
        type=pa.int64(),
        meaning="The size of the file now, in bytes; null: the file was removed.",
    ),
)
"""Of changed files: one row for each file that was added, removed, changed or renamed."""


def row_batch(columns: Sequence[RowColumn], values: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """Rows of a file that has these columns.

    Raises:
        KeyError: A column is none of them.
        TypeError: A column has another type than it says.
    """
    fields = [_field(columns, name, array) for name, array in values.items()]
    return pa.RecordBatch.from_arrays([*values.values()], schema=pa.schema(fields))


def _field(columns: Sequence[RowColumn], name: str, array: pa.Array) -> pa.Field:
    found = next((column for column in columns if column.has(name)), None)
    if found is None:
        raise KeyError(name)
    if found.type not in {None, array.type}:
        raise TypeError(f"{name} is of type {array.type}, not {found.type}")
    return pa.field(name, array.type)
