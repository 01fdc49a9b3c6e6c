"""Round places on an axis: 1, 2, 5 and their tens for numbers, calendar steps for times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datarelease.render.number import decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86400.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
          _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)  # fmt: skip
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12000)


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


def time_ticks(lo: float, hi: float, most: int = 5) -> tuple[Tick, ...]:
    """Calendar places between two moments, in seconds since 1970 UTC.

    >>> [t.label for t in time_ticks(1640995200, 1640995200 + 3 * 365 * 86400)]
    ['2022', '2023', '2024']
    """
    span = hi - lo
    if not math.isfinite(span) or span <= 0:
        return ()
    step = next((s for s in _STEPS if span / s <= most), None)
    try:
        if step is not None:
            first, last = math.ceil(lo / step), math.floor(hi / step)
            return tuple(_time_tick(i * step, step) for i in range(first, last + 1))
        return _month_ticks(lo, hi, most)
    except (OverflowError, ValueError):  # outside the calendar: plain seconds
        return number_ticks(lo, hi, most)


def _time_tick(seconds: float, step: float) -> Tick:
    when = _EPOCH + timedelta(seconds=seconds)
    pattern = "%d %b" if step >= _DAY else "%H:%M" if step >= 60 else "%H:%M:%S"  # noqa: PLR2004
    return Tick(
        seconds,
        when.strftime(pattern).removeprefix("0") if step >= _DAY else when.strftime(pattern),
    )


def _month_ticks(lo: float, hi: float, most: int) -> tuple[Tick, ...]:
    months = (hi - lo) / (30.44 * _DAY)
    step = next(s for s in _MONTHS if months / s <= most or s == _MONTHS[-1])
    start, end = (_EPOCH + timedelta(seconds=bound) for bound in (lo, hi))
    first = start.year * 12 + start.month - 1
    out = []
    for index in range(-(-first // step) * step, end.year * 12 + end.month, step):
        when = datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
        seconds = (when - _EPOCH).total_seconds()
        if lo <= seconds <= hi:
            whole = step % 12 == 0
            out.append(Tick(seconds, f"{when.year}" if whole else f"{when:%b} {when.year}"))
    return tuple(out)
