"""A schema of built-in checks as a value, with those attributes of Pandera's that are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw


@dataclass(frozen=True, kw_only=True)
class BuiltInCheck:
    """One of Pandera's own checks, with its arguments."""

    name: str
    """As Pandera calls the function; aliases are resolved."""
    statistics: Mapping[str, Any]
    """The arguments as people write them, with the defaults that Pandera fills in."""
    arguments: Mapping[str, Any]
    """The arguments that the function of the check gets."""
    ignore_na: bool = True
    raise_warning: bool = False


@dataclass(frozen=True, kw_only=True)
class BuiltInColumn:
    """A column; defaults are Pandera's."""

    dtype: nw.dtypes.DType | None = None
    """The file's type that the schema's spelling stands for."""
    nullable: bool = False
    unique: bool = False
    report_duplicates: str = "all"
    coerce: bool = False
    required: bool = True
    regex: bool = False
    checks: tuple[BuiltInCheck, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BuiltInSchema:
    """A table; defaults are Pandera's."""

    columns: Mapping[str, BuiltInColumn]
    coerce: bool = False
    strict: bool = False
    ordered: bool = False
    unique: str | list[str] | None = None
    report_duplicates: str = "all"
    dtype: Any = None
    checks: tuple[Any, ...] = ()
    """None: a type for all columns, and checks of the whole table, are left to Pandera."""
