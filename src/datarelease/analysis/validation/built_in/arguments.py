"""Built-in checks of a schema file with their arguments, as Pandera makes them of the file.

Whatever is not as usual raises `UnusualSchema`: Pandera then reads the file.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import narwhals as nw

from datarelease.analysis.validation.built_in.schema import BuiltInCheck
from datarelease.analysis.validation.schema_checks import ALIASES, BUILT_IN

_CHECK_FLAGS = {"ignore_na", "raise_warning"}
_MOMENT = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1678, 2262)
"""What pandas can always hold."""


class UnusualSchema(Exception):  # noqa: N818 - not an error: the signal to load Pandera
    """A schema has something that is left to Pandera."""


def mapping_of(data: object) -> Mapping[Any, Any]:
    """A value that is a mapping."""
    if not isinstance(data, dict):
        raise UnusualSchema
    return data


def text_of(value: object) -> str:
    """A value that is text."""
    if not isinstance(value, str):
        raise UnusualSchema
    return value


def flags_of(given: dict[Any, Any], keys: set[str]) -> dict[str, bool]:
    """Those of ``keys`` that are given, taken out: each true or false."""
    found = {key: given.pop(key) for key in keys & given.keys()}
    if not all(isinstance(value, bool) for value in found.values()):
        raise UnusualSchema
    return found


def is_built_in(key: object) -> bool:
    """``key`` names a check of Pandera's own."""
    return key in BUILT_IN or key in ALIASES


def split_entry(entry: object) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """The arguments and the options of a check behind its name."""
    if not isinstance(entry, dict):
        return {"value": entry}, {}
    given = dict(entry)
    return given, {key: given.pop(key) for key in _CHECK_FLAGS & given.keys()}


def listed_checks(checks: object) -> Iterator[tuple[Any, dict[Any, Any], dict[Any, Any]]]:
    """(name, arguments, options) of checks that have a key of their own."""
    if isinstance(checks, dict):
        yield from ((name, *split_entry(entry)) for name, entry in checks.items())
        return
    if not isinstance(checks, list):
        raise UnusualSchema
    for entry in checks:
        given = dict(mapping_of(entry))
        options = dict(mapping_of(given.pop("options", None)))
        yield options.pop("check_name", None), given, options


def built_in_check(
    name: object,
    given: Mapping[Any, Any],
    options: Mapping[Any, Any],
    dtype: nw.dtypes.DType | None,
) -> BuiltInCheck:
    """The check called ``name`` of a column of type ``dtype``."""
    if not isinstance(name, str) or not is_built_in(name) or not options.keys() <= _CHECK_FLAGS:
        raise UnusualSchema
    called = ALIASES.get(name, name)
    statistics = _statistics(called, _named(called, given), dtype)
    sets = called in {"isin", "notin"}
    return BuiltInCheck(
        name=called,
        statistics=statistics,
        arguments={k: frozenset(v) for k, v in statistics.items()} if sets else statistics,
        **flags_of(dict(options), _CHECK_FLAGS),
    )


def _named(check: str, given: Mapping[Any, Any]) -> Mapping[str, Any]:
    """The arguments by name; `value` alone is Pandera's word for the only one."""
    parameters = BUILT_IN[check]
    if given.keys() == {"value"} and check != "in_range":
        only = "exact_value" if check == "str_length" else next(iter(parameters))
        return {only: given["value"]}
    if not {key for key, needed in parameters.items() if needed} <= given.keys():
        raise UnusualSchema
    if not given.keys() <= parameters.keys():
        raise UnusualSchema
    return given


def _statistics(
    check: str, given: Mapping[str, Any], dtype: nw.dtypes.DType | None
) -> dict[str, Any]:
    if isinstance(dtype, nw.Duration):
        raise UnusualSchema  # Pandera reads what is given as nanoseconds
    moments = isinstance(dtype, nw.Datetime) and dtype.time_zone is None
    if check == "in_range":
        return _range(given, moments=moments)
    if check in _COMPARISONS:
        equality = check in {"equal_to", "not_equal_to"}
        return {k: _operand(v, moments=moments, equality=equality) for k, v in given.items()}
    if moments or check not in _READ:
        raise UnusualSchema
    if check == "str_length":
        return _length(given)
    return {key: _READ[check](value) for key, value in given.items()}


def _operand(value: object, *, moments: bool, equality: bool = False) -> Any:
    """A value to compare with; of a column of moments, Pandera reads one in its own format."""
    if not moments:
        if not _is_scalar(value) or (isinstance(value, bool) and not equality):
            raise UnusualSchema
        return value
    text = text_of(value)
    moment = _MOMENT.fullmatch(text)
    if moment is None and _DAY.fullmatch(text):
        return text
    if moment is None or int(moment[1]) not in _YEARS:
        raise UnusualSchema
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - zones are refused
    except ValueError:
        raise UnusualSchema from None


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))


def _range(given: Mapping[str, Any], *, moments: bool) -> dict[str, Any]:
    low, high = (_operand(given[key], moments=moments) for key in ("min_value", "max_value"))
    include = [given.get(key, True) for key in ("include_min", "include_max")]
    numbers = isinstance(low, (int, float)) and isinstance(high, (int, float))
    if not all(isinstance(flag, bool) for flag in include):
        raise UnusualSchema
    if not (numbers or type(low) is type(high)) or high < low or (low == high and not all(include)):
        raise UnusualSchema
    return {
        "min_value": low,
        "max_value": high,
        "include_min": include[0],
        "include_max": include[1],
    }


def _values(value: object) -> list[Any]:
    if not isinstance(value, list) or not value or not all(map(_is_scalar, value)):
        raise UnusualSchema
    if {type(item) for item in value} >= {bool, str}:
        raise UnusualSchema
    return value


def pattern_text(value: object) -> str:
    """A value that is a regular expression."""
    text = text_of(value)
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        raise UnusualSchema from None
    return text


def _length(given: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {key: given.get(key) for key in ("min_value", "max_value", "exact_value")}
    low, high, exact = sizes.values()
    if any(type(given[key]) is not int or given[key] < 0 for key in given):
        raise UnusualSchema
    if exact is not None:
        if low is not None or high is not None:
            raise UnusualSchema
        return {"exact_value": exact}
    if low is None and high is None:
        raise UnusualSchema
    if low is not None and high is not None and high < low:
        raise UnusualSchema
    return sizes


_COMPARISONS = {
    "equal_to", "not_equal_to", "greater_than", "greater_than_or_equal_to", "less_than",
    "less_than_or_equal_to",
}  # fmt: skip
_READ: Mapping[str, Callable[[object], Any]] = {
    "isin": _values,
    "notin": _values,
    "str_matches": pattern_text,
    "str_contains": pattern_text,
    "str_startswith": text_of,
    "str_endswith": text_of,
    "str_length": lambda value: value,
}
"""Checks whose arguments are of one kind, and how one is read."""
