"""How the CSV files of a table that `init` found are written, and ``meta.csv`` that says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from datarelease.adopt.datasets import FoundTable
from datarelease.analysis.engine.csv.structure import with_structure
from datarelease.analysis.engine.csv.values import infer_values
from datarelease.analysis.engine.tables import Engine, Table
from datarelease.model.adoption import Note, yaml_text
from datarelease.model.data.dataset import CsvDialect
from datarelease.settings.read import declared_dialect


def as_written(engine: Engine, one: FoundTable, meta: object) -> Table:
    """The table in the dialect that its ``meta`` declares, or else in the one it is written in.

    Raises:
        UnreadableTable: A file is missing or no such table.
        WorldError: Out of memory or disk.
    """
    if one.table.format != "csv":
        return one.table
    declared = declared_dialect(meta)
    if declared is not None:
        return dataclasses.replace(one.table, csv=declared)
    table = with_structure(one.table) if one.untracked else one.table
    return dataclasses.replace(table, csv=infer_values(engine, table))


def csv_setting(dialect: CsvDialect) -> str:
    """``meta.csv`` as one line of YAML; empty: there is nothing to say.

    >>> csv_setting(CsvDialect(delimiter=";", skip_rows=1, null_values=("", "NaN")))
    'csv: {delimiter: ";", skip_rows: 1, null_values: ["", NaN]}'
    """
    said = ", ".join(f"{name}: {_yaml(value)}" for name, value in dialect.changes.items())
    return f"csv: {{{said}}}" if said else ""


def unsaid(path: str, dialect: CsvDialect, meta: object) -> tuple[Note, ...]:
    """That a dataset which is declared already lacks ``csv:``, which init adds to none."""
    setting = csv_setting(dialect)
    if not isinstance(meta, Mapping) or "csv" in meta or not setting:
        return ()
    why = f"it is declared already, but seems to need `{setting}` under `meta:` in dvc.yaml"
    return (Note(what=path, why=why),)


def _yaml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(yaml_text, value))}]"
    return yaml_text(value) if isinstance(value, str) else str(value)
