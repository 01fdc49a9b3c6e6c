"""Counts, shares, sizes and moments as text, the same in every rendering."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datarelease.model.data.profile import Scalar

_MINUS = "\u2212"
_LONGEST = 18
"""Digits of a whole number that are written out; beyond that it is shortened."""


def count(number: int) -> str:
    """A whole number with thousands separators; one of more than 18 digits is shortened.

    >>> count(1234567), count(-3), count(10**40)
    ('1,234,567', '−3', '1.000e40')
    """  # noqa: RUF002
    digits = str(abs(number))
    sign = _MINUS if number < 0 else ""
    if len(digits) > _LONGEST:
        return f"{sign}{digits[0]}.{digits[1:4]}e{len(digits) - 1}"
    return f"{sign}{abs(number):,}"


def signed_number(number: int) -> str:
    """A whole number with its sign.

    >>> signed_number(200), signed_number(-3), signed_number(0)
    ('+200', '−3', '±0')
    """  # noqa: RUF002
    return count(number) if number < 0 else f"+{count(number)}" if number else "±0"


def signed_decimal(number: float) -> str:
    """A difference of any two numbers with its sign, to four significant digits.

    >>> signed_decimal(0.020000000000000018), signed_decimal(-1500), signed_decimal(0)
    ('+0.02', '−1,500', '±0')
    """  # noqa: RUF002
    if isinstance(number, int):
        return signed_number(number)
    return f"+{decimal(number)}" if number > 0 else decimal(number) if number else "±0"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun in the right number.

    >>> counted(1, "row"), counted(0, "row"), counted(2, "entry", "entries")
    ('1 row', '0 rows', '2 entries')
    """
    return f"{count(number)} {noun if number == 1 else plural or noun + 's'}"


def listed(noun: str, parts: Iterable[tuple[int, str]]) -> str:
    """Several counts of one noun, which stands at the first; what counts nothing is left out.

    >>> listed("row", [(20, "added"), (0, "removed"), (1, "changed")])
    '20 rows added, 1 changed'
    """
    there = [part for part in parts if part[0]]
    return ", ".join(
        f"{count(number) if place else counted(number, noun)} {words}"
        for place, (number, words) in enumerate(there)
    )


def ratio(part: float, whole: float) -> float:
    """``part / whole``; 0 for an empty whole, infinity where no float holds the quotient."""
    try:
        return part / whole if whole else 0.0
    except OverflowError:
        return math.inf


def share(value: float) -> str:
    """A part of one as a percentage; never rounded to 0% or 100% unless it is just that.

    >>> [share(x) for x in (0, 0.00001, 0.0123, 0.5, 0.99999, 1)]
    ['0%', '<0.1%', '1.2%', '50.0%', '>99.9%', '100%']
    """
    if value in {0, 1}:
        return f"{value:.0%}"
    if 0 < value < 0.0005:  # noqa: PLR2004 - half of the last digit shown
        return "<0.1%"
    if 0.9995 <= value < 1:  # noqa: PLR2004
        return ">99.9%"
    if not math.isfinite(value) or abs(value) >= 100:  # noqa: PLR2004 - no longer a share
        return f"{decimal(value * 100)}%"
    return f"{value:.1%}".replace("-", _MINUS)


def signed_share(value: float) -> str:
    """A relative change as a percentage with its sign.

    >>> signed_share(0.2), signed_share(-0.1), signed_share(-1), signed_share(0)
    ('+20.0%', '−10.0%', '−100%', '±0%')
    """  # noqa: RUF002
    if not value:
        return "±0%"
    return f"{'+' if value > 0 else _MINUS}{share(abs(value))}"


def change(before: int, after: int) -> str:
    """The difference of two counts, absolute and relative.

    >>> change(1000, 1200), change(0, 5), change(7, 7)
    ('+200, +20.0%', '+5', '±0')
    """
    delta = after - before
    if not before or not delta:
        return signed_number(delta)
    return f"{signed_number(delta)}, {signed_share(ratio(delta, before))}"


def size(number: int) -> str:
    """Bytes in decimal units.

    >>> size(999), size(1234567), size(5 * 10**9)
    ('999 B', '1.2 MB', '5.0 GB')
    """
    if number < 1000:  # noqa: PLR2004 - decimal units
        return f"{count(number)} B"
    amount = ratio(number, 1)
    for unit in ("kB", "MB", "GB", "TB", "PB"):
        amount /= 1000
        if amount < 999.95:  # noqa: PLR2004 - rounds to the next unit
            return f"{amount:.1f} {unit}"
    return f"{decimal(amount)} PB"


def decimal(number: float) -> str:
    """A number to four significant digits.

    >>> [decimal(x) for x in (0.0, 3.0, 1234.5678, -0.04567, 1.5e-9, 2e20)]
    ['0', '3', '1,235', '−0.04567', '1.5e-9', '2e20']
    """  # noqa: RUF002
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else f"{_MINUS}∞"
    sign, size_ = (_MINUS if number < 0 else ""), abs(number)
    if not size_:
        return "0"
    if 1e-4 <= size_ < 1e15:  # noqa: PLR2004 - beyond, powers of ten read better
        digits = max(0, 3 - math.floor(math.log10(size_)))
        text = f"{size_:,.{digits}f}"
        return sign + (text.rstrip("0").rstrip(".") if digits else text)
    mantissa, _, exponent = f"{size_:.3e}".partition("e")
    return f"{sign}{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"


def year(number: float) -> str:
    """A year, or a mean of years: never with a thousands separator.

    >>> year(2007), year(2007.26)
    ('2007', '2007.3')
    """
    return f"{number:.1f}".removesuffix(".0")


def moment(seconds: float) -> str:
    """A point in time, UTC; to the second unless it is a whole day.

    >>> moment(0), moment(3661.5), moment(1e20)
    ('1970-01-01', '1970-01-01 01:01:01', '1e20 s')
    """
    try:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return f"{decimal(seconds)} s"
    # strftime pads no years below 1000 on every platform; isoformat does.
    return when.replace(microsecond=0, tzinfo=None).isoformat(" ").removesuffix(" 00:00:00")


def duration(seconds: float) -> str:
    """A length of time in the unit that suits it.

    >>> duration(90), duration(86400 * 3.5), duration(86400 * 800)
    ('1.5 min', '3.5 days', '2.19 years')
    """
    units = (("s", 1), ("min", 60), ("h", 3600), ("days", 86400), ("years", 365.25 * 86400))
    name, factor = next(
        (unit for unit in reversed(units) if abs(seconds) >= unit[1] * 1.0), units[0]
    )
    return f"{decimal(seconds / factor)} {name}"


def drift_value(number: float) -> str:
    """A drift statistic to two decimals, small ones marked as such.

    >>> drift_value(0.314), drift_value(0.0), drift_value(0.002)
    ('0.31', '0', '<0.01')
    """
    if 0 < number < 0.005:  # noqa: PLR2004 - half of the last digit shown
        return "<0.01"
    return f"{number:.2f}" if number and abs(number) < 1000 else decimal(number)  # noqa: PLR2004


def scalar_text(value: Scalar) -> str:
    """A value of the data as text, so that it cannot be taken for another one.

    >>> [scalar_text(value) for value in (None, True, "", " a", 0.1, "x")]
    ['null', 'true', '""', '" a"', '0.1', 'x']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"' if value != value.strip() or not value else value
    if isinstance(value, int):
        return str(value) if abs(value) < 10**_LONGEST else count(value)
    return repr(value)
