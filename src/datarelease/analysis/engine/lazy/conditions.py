"""Conditions on rows, as pandas and Arrow take them (``filters``), for each library.

A condition is (column, operator, value); rows are kept that meet all of them. Null meets none but
``== None``. Values are handed over as values and never become text of a query.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from datarelease.errors import ConfigError
from datarelease.model.wording import suggestion

Condition = tuple[str, str, Any]
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_LISTS = ("in", "not in")
_PLAIN = (bool, int, float, str, bytes, Decimal, dt.date, dt.datetime, dt.time)


def checked(where: Sequence[Sequence[Any]] | None, columns: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions ``where``, each on one of ``columns``; None: there are none.

    Raises:
        ConfigError: One is not (column, operator, value) of a known operator and a plain value.
    """
    found = []
    for given in where or ():
        if not isinstance(given, (tuple, list)) or len(given) != 3:  # noqa: PLR2004 - a triple
            raise ConfigError(
                f"where={given!r} is not a condition.",
                remedy='Write a list of (column, operator, value): where=[("age", ">=", 18)].',
            )
        column, sign, value = given
        sign = "==" if sign == "=" else sign
        if column not in columns:
            raise ConfigError(
                f"There is no column {column!r}, which where= names.",
                remedy=suggestion(str(column), columns),
            )
        if sign not in _COMPARISONS and sign not in _LISTS:
            raise ConfigError(
                f"{sign!r} is not an operator of where=.",
                remedy=f"Known: {', '.join((*_COMPARISONS, *_LISTS))}.",
            )
        values = tuple(value) if sign in _LISTS and not isinstance(value, str) else (value,)
        wrong = [v for v in values if not isinstance(v, _PLAIN)]
        if (wrong and not (value is None and sign in {"==", "!="})) or (
            sign in _LISTS and isinstance(value, str)
        ):
            raise ConfigError(
                f"where={given!r}: a column cannot be compared with {value!r}.",
                remedy="Use a number, text, date, time or boolean; a list of them with `in` and "
                "`not in`; None with == and != alone.",
            )
        found.append((column, sign, list(values) if sign in _LISTS else value))
    return tuple(found)


def meets(value: Any, conditions: Sequence[Condition]) -> bool:
    """Whether a single value, such as that of a partition folder, meets conditions on it."""
    for _, sign, wanted in conditions:
        if wanted is None:
            met = (value is None) is (sign == "==")
        elif value is None:
            met = False
        elif sign in _LISTS:
            met = (value in wanted) is (sign == "in")
        else:
            met = bool(_COMPARISONS[sign](value, wanted))
        if not met:
            return False
    return True


def combined(
    conditions: Sequence[Condition],
    *,
    column: Callable[[str], Any],
    value: Callable[[Any], Any] = lambda plain: plain,
    member: Callable[[Any, list[Any]], Any],
    null: Callable[[Any], Any],
) -> Any:
    """All conditions as one expression of a library; None: there are none.

    Args:
        conditions: The conditions.
        column: An expression for a column, with Python's comparisons, ``&`` and ``~``.
        value: An expression for a plain value.
        member: Whether an expression is one of a list of plain values.
        null: Whether an expression is null.
    """

    def one(condition: Condition) -> Any:
        name, sign, wanted = condition
        left = column(name)
        if wanted is None:
            return null(left) if sign == "==" else ~null(left)
        if sign in _LISTS:
            found = member(left, wanted)
            return found if sign == "in" else ~found & ~null(left)
        return _COMPARISONS[sign](left, value(wanted))

    return reduce(operator.and_, map(one, conditions)) if conditions else None
