"""Spark's frames as Narwhals frames in which a column may have any name.

Spark takes a point in a name for the field of a struct, and Narwhals (2.29) hands names on as they
are. The names of Narwhals used here are private, so ``pyproject.toml`` bounds its version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
from narwhals._spark_like.dataframe import SparkLikeLazyFrame
from narwhals._utils import Implementation, Version

from datarelease.analysis.engine.spark.spark_private import FUNCTIONS

_ODD = frozenset(".`")
_PLAIN = "\N{SYMBOL FOR START OF TEXT}joined"


def in_backticks(name: str) -> str:
    """A column's name as Spark reads it, whatever letters it has."""
    return "`" + name.replace("`", "``") + "`"


class _Functions:
    """Spark's functions, of which `col` takes a name as it stands."""

    def __getattr__(self, name: str) -> Any:
        return getattr(FUNCTIONS, name)

    @staticmethod
    def col(name: str) -> Any:
        return FUNCTIONS.col(name if name == "*" else in_backticks(name))


class _Frame(SparkLikeLazyFrame):
    @property
    def _F(self) -> Any:  # noqa: N802 - Narwhals calls it so
        return _Functions()

    def simple_select(self, *column_names: str) -> Any:
        return super().simple_select(*map(in_backticks, column_names))

    def sort(self, *by: str, descending: bool | Sequence[bool], nulls_last: bool) -> Any:
        return super().sort(*map(in_backticks, by), descending=descending, nulls_last=nulls_last)

    def drop_nulls(self, subset: Sequence[str] | None) -> Any:
        return super().drop_nulls([in_backticks(name) for name in subset] if subset else None)

    def join(
        self,
        other: Any,
        *,
        how: Any,
        left_on: Sequence[str] | None,
        right_on: Sequence[str] | None,
        suffix: str,
    ) -> Any:
        odd = sorted(name for name in {*self.columns, *other.columns} if _ODD & set(name))
        plain = {name: f"{_PLAIN}{place}" for place, name in enumerate(odd)}
        names = {plain[name] + end: name + end for name in odd for end in ("", suffix)}
        joined = super(_Frame, self._renamed(plain)).join(
            other._renamed(plain),  # noqa: SLF001 - of this class
            how=how,
            left_on=[plain.get(name, name) for name in left_on or ()] or None,
            right_on=[plain.get(name, name) for name in right_on or ()] or None,
            suffix=suffix,
        )
        return joined._renamed(names)  # noqa: SLF001 - of this class

    def _renamed(self, names: Mapping[str, str]) -> Any:
        found = {name: names[name] for name in self.columns if name in names}
        return self.rename(found) if found else self


def narwhals_frame(native: Any) -> nw.LazyFrame[Any]:
    """A data frame of Spark Connect as a lazy frame."""
    frame = _Frame(native, version=Version.MAIN, implementation=Implementation.PYSPARK_CONNECT)
    return frame.to_narwhals()
