"""The page of the Parquet files with all rows behind the findings of a check."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from datarelease.analysis.engine.row_columns import (
    CHANGE_COLUMNS,
    FILE_CHANGE_COLUMNS,
    FILE_VIOLATION_COLUMNS,
    VIOLATION_COLUMNS,
    RowColumn,
)
from datarelease.analysis.engine.row_files import LONGEST_CELL, TOTAL_ROWS
from generators.markdown import code, page, table

_TYPES = {
    pa.string(): "text",
    pa.int64(): "integer (64 bits)",
    pa.list_(pa.string()): "list of text",
}
TABLES: dict[str, Sequence[RowColumn]] = {
    "`violations.parquet` of a table": VIOLATION_COLUMNS,
    "`violations.parquet` of a dataset of files": FILE_VIOLATION_COLUMNS,
    "`changes.parquet` of a table": CHANGE_COLUMNS,
    "`changes.parquet` of a dataset of files": FILE_CHANGE_COLUMNS,
}
"""The headings of the page, with the columns of the file."""

_FACTS = {
    "where they lie": "`reports/NAME/violations.parquet` and `reports/NAME/changes.parquet` after "
    "a check; in the artifact `datarelease-rows` of a workflow.",
    "written by": "`datarelease check`; `datarelease diff --rows DIR` writes the changed rows of "
    "two versions to `DIR/NAME.parquet`.",
    "read by": "any program that reads Parquet; `dr.diff(A, B).rows(NAME)` returns the changed "
    "rows of two versions",
    "compression": "Zstandard",
}


def row_file_page() -> str:
    """The page."""
    parts = []
    for heading, columns in TABLES.items():
        rows = [(code(one.name), _type(one), one.meaning) for one in columns]
        parts += [f"## {heading}", table(("column", "type", "meaning"), rows)]
    return page(
        "Rows behind findings", "format row-files",
        "Two Parquet files for each dataset hold every row behind the findings of a check: the "
        "values that fail the schema, and the rows that changed. "
        "[All rows behind a finding](../../use/rows.md) shows how to use them.",
        table(("property", "value"), list(_FACTS.items())),
        *parts,
        "## What holds for all of them",
        "- `COLUMN` stands for the name of a column of the dataset, as in `key.id` or `old.age`.\n"
        '- The type "as in the data" keeps integers, floats, decimals, true or false, dates and '
        "timestamps. Other values are text: times in ISO 8601, lists and structs as JSON, and of "
        "bytes their number.\n"
        f"- Texts are cut after {LONGEST_CELL:,} characters. Values of `pii` columns are `•••`.\n"
        f"- The metadata of the file has the key `{TOTAL_ROWS.decode()}`: how many rows there are. "
        "The file has fewer if [`release.rows_budget`](../../settings.md) was used up.",
    )  # fmt: skip


def _type(column: RowColumn) -> str:
    return "as in the data" if column.type is None else _TYPES[column.type]
