"""How the rows of two tables are paired, compared, counted and picked as examples."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw

from datarelease.analysis.engine.column_types import common_type, kind_of, type_name
from datarelease.model.data.dataset import Dataset

TEXT_LIMIT = 200
"""Characters shown of a value."""

_Types = Mapping[str, nw.dtypes.DType]
Frames = tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]
"""Old and new."""
ChangeKind = Literal["added", "removed", "changed"]
CHANGE_KINDS: tuple[ChangeKind, ...] = ("changed", "added", "removed")


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
            .select(*self._kept(), *self._shown(range(len(differs))))
        )

    def differing_in_place(
        self, side_by_side: nw.LazyFrame[Any], columns: Collection[str]
    ) -> nw.LazyFrame[Any]:
        """The same of rows whose keys are known to be equal, and all columns but these.

        ``side_by_side`` has the `side` before, marked ``b``, and that after, marked ``a``.
        """
        compared = [i for i, name in enumerate(self.columns) if name in columns]
        equal = nw.lit(value=False)
        return (
            side_by_side.filter(_any([_differs(i) for i in compared]))
            .with_columns(
                **{
                    f"d{i}": _differs(i) if i in compared else equal
                    for i in range(len(self.columns))
                },
                kind=nw.lit("changed"),
                **{f"k{i}": nw.col(f"bk{i}") for i in range(len(self.dataset.key))},
            )
            .select(*self._kept(), *self._shown(compared))
        )

    def _kept(self) -> list[str]:
        """The columns of `differing` before those of values."""
        return ["kind", *self.key_names, *(f"d{i}" for i in range(len(self.columns)))]

    def _shown(self, compared: Collection[int]) -> list[nw.Expr]:
        """Old and new values where they differ, cut short; nothing of pii columns.

        Of columns that were not ``compared`` engines read no values.
        """
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
                differs = nw.col(f"d{number}") if number in compared else nw.lit(value=False)
                kept = nw.when(differs).then(value)
                shown.append(kept.alias(f"{mark}{number}"))
        return shown


def _differs(number: int) -> nw.Expr:
    old, new = nw.col(f"b{number}"), nw.col(f"a{number}")
    return nw.coalesce(old != new, old.is_null() != new.is_null())


def _any(conditions: Sequence[nw.Expr]) -> nw.Expr:
    """One of the conditions holds; a flat tree of them, which engines can walk for any width."""
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return _any(conditions[:half]) | _any(conditions[half:])
