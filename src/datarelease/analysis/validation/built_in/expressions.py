"""Pandera's built-in checks as Narwhals expressions that are true where a value passes.

They are equal to those of ``pandera.backends.narwhals.builtin_checks``, which brings pandas along.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import narwhals as nw


def passes(name: str, value: nw.Expr, arguments: Mapping[str, Any]) -> nw.Expr:
    """True where ``value`` passes the check called ``name``.

    Patterns, and values that must all occur, are no expressions of one value.
    """
    return _EXPRESSIONS[name](value, **arguments)


def _in_range(
    value: nw.Expr, *, min_value: Any, max_value: Any, include_min: bool, include_max: bool
) -> nw.Expr:
    closed: dict[tuple[bool, bool], Literal["both", "left", "right", "none"]] = {
        (True, True): "both",
        (True, False): "left",
        (False, True): "right",
        (False, False): "none",
    }
    return value.is_between(min_value, max_value, closed=closed[include_min, include_max])


def _isin(value: nw.Expr, allowed_values: Iterable[Any]) -> nw.Expr:
    return value.is_in(list(allowed_values))


def _notin(value: nw.Expr, forbidden_values: Iterable[Any]) -> nw.Expr:
    return ~value.is_in(list(forbidden_values))


def _startswith(value: nw.Expr, string: str) -> nw.Expr:
    return value.str.starts_with(string)


def _endswith(value: nw.Expr, string: str) -> nw.Expr:
    return value.str.ends_with(string)


def _length(
    value: nw.Expr,
    min_value: int | None = None,
    max_value: int | None = None,
    exact_value: int | None = None,
) -> nw.Expr:
    size = value.str.len_chars()
    if exact_value is not None:
        return size == exact_value
    if min_value is None:
        return size <= max_value
    return size >= min_value if max_value is None else size.is_between(min_value, max_value)


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[..., nw.Expr]:
    def expression(value: nw.Expr, /, **arguments: Any) -> nw.Expr:
        [operand] = arguments.values()
        found: nw.Expr = compare(value, operand)
        return found

    return expression


_EXPRESSIONS: Mapping[str, Callable[..., nw.Expr]] = {
    "equal_to": _compared(operator.eq),
    "not_equal_to": _compared(operator.ne),
    "greater_than": _compared(operator.gt),
    "greater_than_or_equal_to": _compared(operator.ge),
    "less_than": _compared(operator.lt),
    "less_than_or_equal_to": _compared(operator.le),
    "in_range": _in_range,
    "isin": _isin,
    "notin": _notin,
    "str_startswith": _startswith,
    "str_endswith": _endswith,
    "str_length": _length,
}
