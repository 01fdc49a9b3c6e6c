"""Round places on an axis: 1, 2, 5 and their tens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from datarelease.render.numbers import decimal


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what stands there."""

    at: float
    label: str


def number_ticks(lo: float, hi: float, most: int = 5) -> tuple[Tick, ...]:
    """At most about ``most`` round numbers within the bounds (Heckbert, Nice numbers, 1990).

    >>> [t.label for t in number_ticks(0, 97)]
    ['0', '20', '40', '60', '80']
    """
    span = hi - lo
    if not math.isfinite(span) or span <= 0:
        return ()
    raw = span / most
    power = math.floor(math.log10(raw))
    step = next(m * 10.0**power for m in (1, 2, 5, 10) if m * 10.0**power >= raw * 0.999)
    first, last = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9)
    if last - first > 2 * most:  # numbers so close that floats cannot tell them apart
        return ()
    size = max(abs(lo), abs(hi))
    return tuple(Tick(i * step, _short(i * step, step, size)) for i in range(first, last + 1))


def _short(value: float, step: float, size: float) -> str:
    """A tick's number as short as its step allows; ``size`` (of the axis) chooses the unit.

    >>> _short(1500000, 500000, 2e6), _short(0.25, 0.05, 1), _short(5000, 5000, 2e4)
    ('1.5M', '0.25', '5k')
    """
    for factor, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        # Years and other numbers of four digits read better written out.
        if (1e4 if unit == "k" else factor) <= size < 1e15:  # noqa: PLR2004
            return f"{_plain(value / factor, step / factor)}{unit if value else ''}"
    if not value or 1e-4 <= size < 1e15:  # noqa: PLR2004
        return _plain(value, step)
    return decimal(value)


def _plain(value: float, step: float) -> str:
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    comma = "," if abs(value) >= 1e4 else ""  # noqa: PLR2004 - 2024 may be a year
    text = f"{value:{comma}.{min(digits, 12)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text.replace("-", "\u2212")
