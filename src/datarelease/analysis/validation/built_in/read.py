"""Schemas in Pandera's YAML format that have built-in checks only, read as Pandera reads them.

Pandera brings pandas along, which takes most of the time that a small table is validated in. So
what most schemas consist of is read here, and for whatever else a file has, the answer is None:
then Pandera reads the file, and explains its faults. ``tests/contract/test_built_in_schemas.py``
compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import narwhals as nw

from datarelease.analysis.validation.built_in.arguments import (
    UnusualSchema,
    built_in_check,
    flags_of,
    is_built_in,
    listed_checks,
    mapping_of,
    pattern_text,
    split_entry,
    text_of,
)
from datarelease.analysis.validation.built_in.schema import BuiltInColumn, BuiltInSchema

TYPES: Mapping[str, nw.dtypes.DType] = {
    "int": nw.Int64(), "int8": nw.Int8(), "int16": nw.Int16(), "int32": nw.Int32(),
    "int64": nw.Int64(), "Int8": nw.Int8(), "Int16": nw.Int16(), "Int32": nw.Int32(),
    "Int64": nw.Int64(), "uint8": nw.UInt8(), "uint16": nw.UInt16(), "uint32": nw.UInt32(),
    "uint64": nw.UInt64(), "UInt8": nw.UInt8(), "UInt16": nw.UInt16(), "UInt32": nw.UInt32(),
    "UInt64": nw.UInt64(), "float": nw.Float64(), "float32": nw.Float32(),
    "float64": nw.Float64(), "Float32": nw.Float32(), "Float64": nw.Float64(),
    "bool": nw.Boolean(), "boolean": nw.Boolean(), "str": nw.String(), "string": nw.String(),
    "object": nw.Object(), "category": nw.Categorical(), "date": nw.Date(),
    "datetime64[ns]": nw.Datetime("us"), "datetime64[us]": nw.Datetime("us"),
    "datetime64[ms]": nw.Datetime("us"), "datetime64[s]": nw.Datetime("us"),
    "datetime64[ns, UTC]": nw.Datetime("us", "UTC"),
    "datetime64[us, UTC]": nw.Datetime("us", "UTC"), "timedelta64[ns]": nw.Duration(),
}  # fmt: skip
"""Spellings of types in schemas, and the types of files that they stand for."""
_DECIMAL = re.compile(r"Decimal\(([1-9][0-9]?), ([0-9]{1,2})\)")
_LARGEST_PRECISION = 38
_NOTHING = {"index", "multiindex", "dtype", "checks", "metadata"}
"""Keys of a table that other tools write with null."""
_WORDS = {"name", "title", "description", "version"}
_TABLE_FLAGS = {"coerce", "strict", "ordered"}
_COLUMN_FLAGS = {"coerce", "nullable", "unique", "required", "regex"}
_UNCHANGED = {"add_missing_columns", "drop_invalid_rows", "unique_column_names"}
"""Keys that other tools write with false."""
_DUPLICATES = {"all", "exclude_first", "exclude_last"}


def read_built_in(data: object) -> BuiltInSchema | None:
    """The schema that a parsed file describes; None: Pandera has to read it."""
    try:
        return _table(data)
    except UnusualSchema:
        return None


def _table(data: object) -> BuiltInSchema:
    given = dict(mapping_of(data))
    if given.pop("schema_type", "dataframe") != "dataframe":
        raise UnusualSchema
    if any(given.pop(key, "pandas") != "pandas" for key in ("api", "dataframe_library")):
        raise UnusualSchema
    _drop(given, _NOTHING, lambda value: value is None)
    _drop(given, _UNCHANGED, lambda value: value is False)
    _drop(given, _WORDS, _is_word)
    columns = {
        text_of(name): _column(name, of)
        for name, of in mapping_of(given.pop("columns", None)).items()
    }
    unique = given.pop("unique", None)
    names = [unique] if isinstance(unique, str) else [] if unique is None else unique
    if not columns or not isinstance(names, list) or not all(text_of(n) in columns for n in names):
        raise UnusualSchema
    if unique is not None and not names:
        raise UnusualSchema
    flags = flags_of(given, _TABLE_FLAGS)
    duplicates = _duplicates(given)
    _nothing_left(given)
    return BuiltInSchema(
        columns=columns,
        coerce=flags.get("coerce", False),
        strict=flags.get("strict", False),
        ordered=flags.get("ordered", False),
        unique=unique,
        report_duplicates=duplicates,
    )


def _column(name: str, data: object) -> BuiltInColumn:
    given = dict(mapping_of(data))
    if given.pop("name", None) not in (None, name):
        raise UnusualSchema
    _drop(given, {"default"}, lambda value: value is None)
    _drop(given, {"drop_invalid_rows"}, lambda value: value is False)
    _drop(given, _WORDS - {"version"}, _is_word)
    flags = flags_of(given, _COLUMN_FLAGS)
    duplicates = _duplicates(given)
    dtype = _type(given.pop("dtype", None))
    if flags.get("coerce") and dtype is None:
        raise UnusualSchema
    if flags.get("regex"):
        pattern_text(name)
    listed = given.pop("checks", None)
    if listed is None:
        entries = [(key, *split_entry(given.pop(key))) for key in list(given) if is_built_in(key)]
    else:
        entries = list(listed_checks(listed))
    _nothing_left(given)
    checks = tuple(built_in_check(key, of, options, dtype) for key, of, options in entries)
    return BuiltInColumn(dtype=dtype, checks=checks, report_duplicates=duplicates, **flags)


def _is_word(value: object) -> bool:
    return value is None or isinstance(value, str)


def _drop(given: dict[Any, Any], keys: set[str], meaningless: Callable[[object], bool]) -> None:
    for key in keys & given.keys():
        if not meaningless(given.pop(key)):
            raise UnusualSchema


def _duplicates(given: dict[Any, Any]) -> str:
    found = text_of(given.pop("report_duplicates", "all"))
    if found not in _DUPLICATES:
        raise UnusualSchema
    return found


def _nothing_left(given: Mapping[Any, Any]) -> None:
    if given:
        raise UnusualSchema


def _type(spelled: object) -> nw.dtypes.DType | None:
    if spelled is None:
        return None
    text = text_of(spelled)
    decimal = _DECIMAL.fullmatch(text)
    if decimal is not None:
        precision, scale = int(decimal[1]), int(decimal[2])
        if not scale <= precision <= _LARGEST_PRECISION:
            raise UnusualSchema
        return nw.Decimal(precision, scale)
    if text not in TYPES:
        raise UnusualSchema
    return TYPES[text]
