"""Every fault of a schema file in Pandera's YAML format, found before Pandera reads it.

Pandera silently drops what it does not know (a misspelt check or attribute), and bad data then
passes. So each key, check, argument, option and type is looked up here first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from datarelease.analysis.validation.expectations import type_fault
from datarelease.analysis.validation.schema_checks import check_problems, known_checks, unknown_key
from datarelease.errors import Problem

_COMMON = frozenset(
    {"title", "description", "name", "dtype", "coerce", "unique", "report_duplicates", "checks"}
)
_TABLE_KEYS = _COMMON | {
    "schema_type",
    "version",
    "api",
    "dataframe_library",
    "columns",
    "strict",
    "ordered",
    "unique_column_names",
    "metadata",
}
_COLUMN_KEYS = _COMMON | {"nullable", "required", "regex"}
#: Keys that Pandera knows and a release has no use for -> why. False and null are let through.
_REFUSED = {
    "index": "files have no index: describe a column instead",
    "multiindex": "files have no index: describe columns instead",
    "add_missing_columns": "would change the data; a release only checks it",
    "drop_invalid_rows": "would change the data; a release only checks it",
    "default": "would fill in data; a release only checks it (write nullable: true)",
}
_FLAGS = frozenset({"coerce", "nullable", "required", "regex", "ordered", "unique_column_names"})
_DUPLICATES = ("all", "exclude_first", "exclude_last")


class _Loader(yaml.SafeLoader):
    """YAML in which a key given twice is an error; the last one would win otherwise."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    pairs: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        fault = "a key that is not plain text" if isinstance(key, (list, dict)) else None
        if fault is None and key in pairs:
            fault = f"the key {key!r} occurs twice"
        if fault is not None:
            raise yaml.MarkedYAMLError(problem=fault, problem_mark=key_node.start_mark)
        pairs[key] = loader.construct_object(value_node, deep=True)
    return pairs


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def parse_value(text: str) -> Any:
    """The value of a YAML text.

    Raises:
        yaml.YAMLError: It is not YAML, or has a key twice in one mapping.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader


def schema_problems(data: Mapping[Any, Any], file: str) -> list[Problem]:
    """Every fault in the schema that ``data`` describes, in the order of the file."""
    return list(_table(data, f"{file}:"))


def count_checks(data: Mapping[Any, Any]) -> dict[str | None, int]:
    """How many checks the file has, by column; None stands for the table."""
    columns = data.get("columns") or {}
    return {
        None: len(list(_listed(data.get("checks")))),
        **{name: len(list(_checks_of(column or {}))) for name, column in columns.items()},
    }


def _under(where: str, key: Any) -> str:
    return f"{where} {key}" if where.endswith(":") else f"{where}.{key}"


def _table(data: Mapping[Any, Any], where: str) -> Iterator[Problem]:
    yield from _keys(data, _TABLE_KEYS, where)
    if data.get("schema_type", "dataframe") != "dataframe":
        yield Problem(where=_under(where, "schema_type"), what="must be dataframe")
    for key in ("api", "dataframe_library"):
        if data.get(key, "pandas") != "pandas":
            yield Problem(where=_under(where, key), what="must be pandas")
    yield from _values(data, where)
    if data.get("strict") not in {None, True, False}:
        what = "must be true or false (filter would change the data)"
        yield Problem(where=_under(where, "strict"), what=what)
    yield from _checks(_listed(data.get("checks")), _under(where, "checks"))
    columns = data.get("columns") or {}
    if not isinstance(columns, Mapping):
        what = "must be a mapping from names to columns"
        yield Problem(where=_under(where, "columns"), what=what)
        return
    if not columns and data.get("dtype") is None and not data.get("checks"):
        what = "there are none: the schema checks nothing"
        yield Problem(where=_under(where, "columns"), what=what)
    for name, column in columns.items():
        yield from _column(name, column, _under(where, f"columns.{name}"))
    yield from _unique(data.get("unique"), columns, _under(where, "unique"))


def _column(name: Any, column: Any, where: str) -> Iterator[Problem]:
    if not isinstance(name, str):
        yield Problem(where=where, what="the name must be text: put it in quotes")
    if not isinstance(column or {}, Mapping):
        yield Problem(where=where, what="must be a mapping of attributes and checks")
        return
    column = column or {}
    known = known_checks()
    attributes = {key: value for key, value in column.items() if key not in known}
    yield from _keys(attributes, _COLUMN_KEYS, where, also=known)
    yield from _values(column, where)
    if not isinstance(column.get("unique", False), bool):
        yield Problem(where=_under(where, "unique"), what="must be true or false")
    if column.get("regex") is True and isinstance(name, str):
        try:
            re.compile(name)
        except re.error as error:
            yield Problem(where=where, what=f"is not a regular expression: {error}")
    if column.get("checks") is not None and any(key in known for key in column):
        what = "write all checks here, or none: Pandera drops those beside it"
        yield Problem(where=_under(where, "checks"), what=what)
    yield from _checks(_checks_of(column), where)


def _keys(
    data: Mapping[Any, Any], known: Collection[str], where: str, also: Collection[str] = ()
) -> Iterator[Problem]:
    for key, value in data.items():
        if key in _REFUSED:
            if value:
                yield Problem(where=_under(where, key), what=_REFUSED[key])
        elif key not in known:
            yield Problem(where=_under(where, key), what=unknown_key(key, {*known, *also}))


def _values(data: Mapping[Any, Any], where: str) -> Iterator[Problem]:
    for key in (key for key in data if key in _FLAGS):
        if not isinstance(data[key], bool):
            yield Problem(where=_under(where, key), what="must be true or false")
    if data.get("report_duplicates", "all") not in _DUPLICATES:
        what = f"must be one of {', '.join(_DUPLICATES)}"
        yield Problem(where=_under(where, "report_duplicates"), what=what)
    if data.get("dtype") is not None:
        fault = type_fault(data["dtype"])
        if fault:
            yield Problem(where=_under(where, "dtype"), what=fault)


def _unique(unique: Any, columns: Mapping[Any, Any], where: str) -> Iterator[Problem]:
    names = [unique] if isinstance(unique, str) else unique or []
    if not isinstance(names, list):
        yield Problem(where=where, what="must be a column name or a list of them")
        return
    for name in (n for item in names for n in (item if isinstance(item, list) else [item])):
        if columns and name not in columns:
            yield Problem(where=f"{where}.{name}", what=unknown_key(name, columns, "column"))


def _checks_of(column: Mapping[Any, Any]) -> Iterator[tuple[str | None, Any]]:
    """(name, entry) of every check of a column, in either of Pandera's two notations."""
    if column.get("checks") is not None:
        yield from _listed(column["checks"])
        return
    names = known_checks()
    yield from ((key, value) for key, value in column.items() if key in names)


def _listed(checks: Any) -> Iterator[tuple[str | None, Any]]:
    if isinstance(checks, Mapping):
        yield from checks.items()
        return
    for check in checks if isinstance(checks, list) else []:
        options = check.get("options") if isinstance(check, Mapping) else None
        name = options.get("check_name") if isinstance(options, Mapping) else None
        yield (name, check) if isinstance(name, str) else (None, None)


def _checks(checks: Iterator[tuple[str | None, Any]], where: str) -> Iterator[Problem]:
    for name, entry in checks:
        if name is None:
            what = "a check without a name (options.check_name)"
            yield Problem(where=_under(where, "checks"), what=what)
        else:
            yield from check_problems(name, entry, _under(where, name))
