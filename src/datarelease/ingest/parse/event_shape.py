"""What the dataset's schema requires of one event: fields, types, what may be missing.

Belongs here: reading the schema and refusing one that cannot type events. Does not: events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw

from datarelease.analysis.engine.csv.types import sql_type
from datarelease.analysis.engine.duckdb.csv import refuse_equal_names
from datarelease.analysis.engine.tables import UnreadableTable
from datarelease.analysis.validation.expectations import Expected, expected_columns, wanted_name
from datarelease.analysis.validation.schema import load_schema
from datarelease.analysis.validation.schema_checks import spelled
from datarelease.errors import Problem, SettingsError
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import Stream
from datarelease.model.data.table_format import table_format
from datarelease.model.versions.snapshot import canonical_json


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column of the dataset, and the field of an event that fills it."""

    name: str
    wanted: nw.dtypes.DType
    """`narwhals.Object` stands for text, and for nested values as JSON text."""
    required: bool
    """An event without the field is broken; else the column is null there."""
    coerce: bool
    """Texts that spell a value of another type are read as one; times may lose what they cannot
    hold."""
    pii: bool


@dataclass(frozen=True, kw_only=True)
class EventShape:
    """Everything that decides how an event is parsed."""

    dataset: Dataset
    fields: tuple[Field, ...]
    expected: tuple[Expected, ...]
    strict: bool
    """A field that the schema does not know breaks an event; else it is counted and left out."""
    schema: Any
    """The `pandera.pandas.DataFrameSchema`."""
    time: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the schema."""
        return tuple(field.name for field in self.fields)

    @property
    def digest(self) -> str:
        """SHA-256 (hex); equal as long as an event gives the same row, or none for the same reason.

        The wording of reasons, without values of pii columns, is not a part of it.
        """
        content = {
            "columns": [
                [
                    field.name, wanted_name(field.wanted), field.required, column.nullable,
                    field.coerce, [spelled(check) for check in column.checks],
                ]
                for field, column in zip(self.fields, self.expected, strict=True)
            ],
            "checks": [spelled(check) for check in self.schema.checks],
            "strict": self.strict,
            "key": list(self.dataset.key),
        }  # fmt: skip
        return hashlib.sha256(canonical_json(content)).hexdigest()


def read_shape(root: Path, stream: Stream) -> EventShape:
    """What the schema of the stream's dataset wants of events.

    Raises:
        ConfigError: There is no such schema, or it cannot be used.
        SettingsError: The schema leaves open what a row is.
    """
    dataset = stream.dataset
    if dataset.schema is None:
        where = f"{dataset.where}.meta.schema"
        what = "is missing: it gives the types of the fields"
        raise SettingsError([Problem(where=where, what=what)])
    schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
    problems = [*_place(dataset), *_open_ends(schema, dataset.schema)]
    expected = expected_columns(schema, [str(name) for name in schema.columns])
    problems += _untyped(expected, dataset.schema)
    problems += _unnamed(stream, expected)
    if problems:
        raise SettingsError(problems, untouched="No part was written.")
    return EventShape(
        dataset=dataset,
        fields=tuple(
            Field(
                name=column.name,
                wanted=column.wanted or nw.Object(),
                required=bool(schema.columns[column.name].required),
                coerce=column.coerce,
                pii=column.name in dataset.pii,
            )
            for column in expected
        ),
        expected=expected,
        strict=schema.strict is True,
        schema=schema,
        time=stream.time,
    )


def _place(dataset: Dataset) -> Iterator[Problem]:
    if table_format(dataset.path) is not None:
        where = f"{dataset.where}.path"
        yield Problem(where=where, what="must be a directory: each batch becomes a part file in it")


def _open_ends(schema: Any, file: str) -> Iterator[Problem]:
    if not schema.columns:
        what = "is empty: a stream needs a column for each field"
        yield Problem(where=f"{file}: columns", what=what)
    for name, column in schema.columns.items():
        if name in {"", "*"}:
            yield Problem(
                where=f"{file}: columns.{name}", what="is not a name that an engine can use"
            )
        if column.regex:
            what = "has `regex`: a stream needs the name of each column"
            yield Problem(where=f"{file}: columns.{name}", what=what)
    try:
        refuse_equal_names(file, tuple(map(str, schema.columns)))
    except UnreadableTable as error:
        yield Problem(where=f"{file}: columns", what=error.reason)


def _untyped(expected: Sequence[Expected], file: str) -> Iterator[Problem]:
    for column in expected:
        where = f"{file}: columns.{column.name}.dtype"
        if column.wanted is None:
            yield Problem(where=where, what="is missing: it gives the type of the field")
        elif not isinstance(column.wanted, (nw.Object, nw.Time)) and not sql_type(column.wanted):
            what = f"a field of an event cannot be a {wanted_name(column.wanted)}"
            yield Problem(where=where, what=what)


def _unnamed(stream: Stream, expected: Sequence[Expected]) -> Iterator[Problem]:
    """Columns that the settings name and the schema does not have."""
    dataset = stream.dataset
    types = {column.name: column.wanted for column in expected}
    for key, names in (("key", dataset.key), ("pii", dataset.pii)):
        for name in names:
            if name not in types:
                where = f"{dataset.where}.meta.{key}"
                yield Problem(where=where, what=f"{dataset.schema} has no column {name!r}")
    if stream.time is None:
        return
    where = f"params.yaml: release.streams.{dataset.name}.time"
    if stream.time not in types:
        yield Problem(where=where, what=f"{dataset.schema} has no column {stream.time!r}")
    elif not isinstance(types[stream.time], (nw.Datetime, nw.Date)):
        yield Problem(where=where, what=f"the column {stream.time!r} is not a timestamp or date")
