"""How the rows of two tables are paired, compared, counted and picked as examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from datarelease.analysis.engine.column_types import common_type, kind_of, type_name
from datarelease.analysis.engine.tables import Engine
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.profile import Scalar
from datarelease.model.review.diff import RowChange, RowDiff
from datarelease.model.review.report import EXAMPLES, MASK

TEXT_LIMIT = 200
"""Characters shown of a value."""

EXAMPLE_COLUMNS = 8
"""Columns shown of a row that was added or removed."""

_Types = Mapping[str, nw.dtypes.DType]
Frames = tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]
"""Old and new."""
ChangeKind = Literal["added", "removed", "changed"]
_KINDS: tuple[ChangeKind, ...] = ("changed", "added", "removed")


def row_plan(
    dataset: Dataset,
    schemas: tuple[_Types, _Types],
    held: Callable[[nw.dtypes.DType], nw.dtypes.DType],
    longest: int = TEXT_LIMIT,
) -> RowPlan | str:
    """How rows of tables with these columns are compared, or why they cannot be, in words."""
    if not dataset.key:
        return "the dataset declares no key"
    common = {
        name: common_type(schemas[0][name], schemas[1][name])
        for name in schemas[1]
        if name in schemas[0]
    }
    for column in dataset.key:
        for schema, when in zip(schemas, ("before", "after"), strict=True):
            if column not in schema:
                return f"there was no key column {column!r} {when}"
            if kind_of(schema[column]) == "other":
                return f"the key column {column!r} is of type {type_name(schema[column])}"
        if common[column] is None:
            kinds = " and ".join(type_name(schema[column]) for schema in schemas)
            return f"the key column {column!r} is of types {kinds}"
    return RowPlan(
        dataset=dataset,
        types={name: dtype for name, dtype in common.items() if dtype is not None},
        cast=frozenset(name for name in common if schemas[0][name] != schemas[1][name]),
        held=held,
        longest=longest,
    )


@dataclass(frozen=True, kw_only=True)
class RowPlan:
    """What is compared with what. In queries columns go by number, whatever their names."""

    dataset: Dataset
    types: _Types
    cast: frozenset[str]
    """Columns whose types differ."""
    held: Callable[[nw.dtypes.DType], nw.dtypes.DType]
    """`Engine.held`."""
    longest: int = TEXT_LIMIT
    """Characters kept of a text."""

    @property
    def key_names(self) -> list[str]:
        """What queries call the columns of the key."""
        return [f"k{place}" for place in range(len(self.dataset.key))]

    @property
    def columns(self) -> list[str]:
        """The columns compared."""
        return [name for name in self.types if name not in self.dataset.key]

    def side(self, frame: nw.LazyFrame[Any], mark: str) -> nw.LazyFrame[Any]:
        """A table with its columns numbered: ``k0`` of the key, ``0`` of the others, after a mark.

        Columns whose types differ are of the type that holds both.
        """
        names = [*self.dataset.key, *self.columns]
        keys = len(self.dataset.key)
        return frame.select(
            *(
                self._value(name).alias(
                    f"{mark}k{number}" if number < keys else f"{mark}{number - keys}"
                )
                for number, name in enumerate(names)
            )
        )

    def _value(self, name: str) -> nw.Expr:
        value = nw.col(name)
        return value.cast(self.held(self.types[name])) if name in self.cast else value

    def differing(self, old: nw.LazyFrame[Any], new: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The rows that differ: key, ``kind``, and per column ``d`` (differs), ``a`` and ``b``."""
        keys = range(len(self.dataset.key))
        joined = self.side(old, "b").join(
            self.side(new, "a"),
            how="full",
            left_on=[f"bk{i}" for i in keys],
            right_on=[f"ak{i}" for i in keys],
        )
        gone, fresh = nw.col("ak0").is_null(), nw.col("bk0").is_null()
        differs = [_differs(i) for i in range(len(self.columns))]
        kind = (
            nw.when(fresh)
            .then(nw.lit("added"))
            .otherwise(nw.when(gone).then(nw.lit("removed")).otherwise(nw.lit("changed")))
        )
        return (
            # Before anything else is computed: mostly few rows are left.
            joined.filter(_any([gone, fresh, *differs]))
            .with_columns(
                **{f"d{i}": differs[i] & ~gone & ~fresh for i in range(len(differs))},
                kind=kind,
                **{f"k{i}": nw.coalesce(f"bk{i}", f"ak{i}") for i in keys},
            )
            .select(
                "kind",
                *(f"k{i}" for i in keys),
                *(f"d{i}" for i in range(len(differs))),
                *self._shown(),
            )
        )

    def _shown(self) -> list[nw.Expr]:
        """Old and new values where they differ, cut short; nothing of pii columns."""
        shown: list[nw.Expr] = []
        for number, name in enumerate(self.columns):
            if name in self.dataset.pii:
                continue
            for mark in "ba":
                value = nw.col(f"{mark}{number}")
                if kind_of(self.types[name]) == "text":
                    value = value.cast(nw.String).str.slice(0, self.longest)
                if kind_of(self.types[name]) == "other":
                    continue
                kept = nw.when(nw.col(f"d{number}")).then(value)
                shown.append(kept.alias(f"{mark}{number}"))
        return shown

    def result(
        self,
        engine: Engine,
        differing: nw.LazyFrame[Any],
        sides: Frames,
        before: int,
        skipped_files: int,
    ) -> RowDiff:
        """The diff, from the rows that differ; ``before``: the number of old rows."""
        sums = {f"d{i}": nw.col(f"d{i}").cast(nw.Int64).sum() for i in range(len(self.columns))}
        grouped = differing.group_by("kind").agg(n=nw.len(), **sums)
        rows = {str(row["kind"]): row for row in engine.collect(grouped)}
        counts = {kind: int(rows[kind]["n"]) if kind in rows else 0 for kind in _KINDS}
        columns = [
            (name, int(rows["changed"][f"d{i}"]) if "changed" in rows else 0)
            for i, name in enumerate(self.columns)
        ]
        return RowDiff(
            key=self.dataset.key,
            **counts,
            unchanged=before - counts["removed"] - counts["changed"],
            columns=tuple(sorted((c for c in columns if c[1]), key=lambda c: (-c[1], c[0]))),
            examples=self._examples(engine, differing, sides, counts),
            skipped_files=skipped_files,
        )

    def _examples(
        self,
        engine: Engine,
        differing: nw.LazyFrame[Any],
        sides: Frames,
        counts: Mapping[ChangeKind, int],
    ) -> tuple[RowChange, ...]:
        order = self.key_names
        examples: list[RowChange] = []
        for kind, number in _fair(counts).items():
            if number:
                head = differing.filter(nw.col("kind") == kind).sort(*order).head(number)
                if kind != "changed":
                    side = self.side(sides[kind == "added"], "v")
                    head = self._whole(head.select(*order), side).sort(*order)
                examples += [self._example(kind, row) for row in engine.collect(head)]
        return tuple(examples)

    def _whole(self, keys: nw.LazyFrame[Any], side: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """The few rows with these keys; their values were not kept with the rows that differ."""
        names = self.key_names
        wanted = [f"v{i}" for i in self._of_a_row() if self._told(self.columns[i])]
        shown = side.select(*(f"v{name}" for name in names), *wanted)
        found = keys.join(shown, left_on=names, right_on=[f"v{name}" for name in names])
        return found.select(*names, *wanted)

    def _of_a_row(self) -> range:
        return range(min(len(self.columns), EXAMPLE_COLUMNS))

    def _told(self, name: str) -> bool:
        """Whether values of a column are read for examples."""
        return name not in self.dataset.pii and kind_of(self.types[name]) != "other"

    def _example(self, kind: ChangeKind, row: Mapping[str, Any]) -> RowChange:
        values: tuple[tuple[str, Scalar, Scalar], ...]
        if kind == "changed":
            values = tuple(
                (name, self._cell(name, row.get(f"b{i}")), self._cell(name, row.get(f"a{i}")))
                for i, name in enumerate(self.columns)
                if row[f"d{i}"]
            )
        else:
            cells = [
                (self.columns[i], self._cell(self.columns[i], row.get(f"v{i}")))
                for i in self._of_a_row()
            ]
            there = kind == "added"
            values = tuple((n, None, c) if there else (n, c, None) for n, c in cells)
        key = tuple(
            (name, self._cell(name, row[f"k{i}"])) for i, name in enumerate(self.dataset.key)
        )
        return RowChange(kind=kind, key=key, values=values)

    def _cell(self, name: str, value: Any) -> Scalar:
        if name in self.dataset.pii:
            return MASK
        if kind_of(self.types[name]) == "other":
            return f"({type_name(self.types[name])})"
        return _shown(value)


def _shown(value: Any) -> Scalar:
    """A value as JSON and reports hold it.

    >>> _shown(float("inf")), _shown(dt.date(2026, 1, 2)), _shown(True)
    ('inf', '2026-01-02', True)
    """
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value + 0.0 if abs(value) != float("inf") else str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)[:TEXT_LIMIT]


def _differs(number: int) -> nw.Expr:
    old, new = nw.col(f"b{number}"), nw.col(f"a{number}")
    return nw.coalesce(old != new, old.is_null() != new.is_null())


def _any(conditions: Sequence[nw.Expr]) -> nw.Expr:
    """One of the conditions holds; a flat tree of them, which engines can walk for any width."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return _any(conditions[:half]) | _any(conditions[half:])


def _fair(counts: Mapping[ChangeKind, int]) -> dict[ChangeKind, int]:
    """How many examples of each kind: equal parts; unused places go to the other kinds.

    >>> _fair({"changed": 50, "added": 2, "removed": 50})
    {'changed': 4, 'added': 2, 'removed': 4}
    """
    parts = dict.fromkeys(_KINDS, 0)
    for _ in range(min(EXAMPLES, sum(counts.values()))):
        kind = min((k for k in _KINDS if parts[k] < counts[k]), key=lambda k: parts[k])
        parts[kind] += 1
    return parts
