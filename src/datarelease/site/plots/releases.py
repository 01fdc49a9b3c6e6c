"""The releases on an axis of time, with how much each version holds: the first picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from datarelease.render import numbers as number
from datarelease.render.plots import Axes, Label, number_ticks
from datarelease.site.views import VersionView

_WIDTH, _HEIGHT = 1040, 230
_LEFT, _RIGHT, _TOP, _BASE = 52, 1020, 16, 198
_LETTER = 6.6
_REACHED = 60
"""Versions that the keyboard reaches here one by one; the list below has them all."""
_CROWDED = 120
_KINDS = (
    ("patch", "patch"),
    ("additive", "additive"),
    ("breaking", "breaking"),
    ("plain", "first, or same data"),
    ("gone", "withdrawn"),
)


@dataclass(frozen=True, kw_only=True)
class ReleaseDot:
    """A version in the picture."""

    x: float
    y: float
    kind: str
    """Class of its compatibility; ``gone``: it was withdrawn."""
    page: str
    text: str
    reached: bool


@dataclass(frozen=True, kw_only=True)
class ReleaseChart(Axes):
    """Rows (or files) of all versions over time, as steps."""

    line: str
    area: str
    dots: tuple[ReleaseDot, ...]
    radius: float
    kinds: tuple[tuple[str, str], ...]
    """Classes of the dots that there are, with their words."""
    noun: str
    alt: str
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    base: int = _BASE


def release_chart(views: Sequence[VersionView]) -> ReleaseChart | None:
    """The versions, oldest first, on an axis of time; None where fewer than two can be drawn."""
    noun = "row" if any(view.rows is not None for view in views) else "file"
    held = [(view, view.rows if noun == "row" else view.files, _seconds(view)) for view in views]
    there = [(view, amount, at) for view, amount, at in held if amount is not None and at]
    if len(there) < 2:  # noqa: PLR2004 - one point is no history
        return None
    first, last = min(at for *_, at in there), max(at for *_, at in there)
    span, top = max(last - first, 1.0), max(1, *(amount for _, amount, _ in there)) * 1.08

    def x(at: float) -> float:
        return round(_LEFT + 14 + (_RIGHT - _LEFT - 28) * (at - first) / span, 1)

    def y(amount: float) -> float:
        return round(_BASE - (_BASE - _TOP) * amount / top, 1)

    dots = tuple(
        ReleaseDot(
            x=x(at),
            y=y(amount),
            kind="gone" if view.state else view.change[0],
            page=view.page,
            text=_text(view, amount, noun),
            reached=place >= len(there) - _REACHED,
        )
        for place, (view, amount, at) in enumerate(there)
    )
    line = _steps(dots)
    return ReleaseChart(
        line=line,
        area=f"{line}V{_BASE}H{dots[0].x:g}Z",
        dots=dots,
        radius=3 if len(dots) > _CROWDED else 5,
        kinds=tuple(kind for kind in _KINDS if any(dot.kind == kind[0] for dot in dots)),
        noun=noun,
        alt=f"{noun.capitalize()}s of each version by the time of its release",
        x=_dates(first, last, x),
        y=tuple(
            Label(_LEFT - 8, y(tick.at), tick.label, "end") for tick in number_ticks(0, top, 4)
        ),
    )


def _seconds(view: VersionView) -> float:
    try:
        when = datetime.fromisoformat(view.version.date)
    except ValueError:
        return 0.0
    return when.replace(tzinfo=when.tzinfo or UTC).timestamp()


def _text(view: VersionView, amount: int, noun: str) -> str:
    said = view.state or view.change[1]
    return f"{view.version.tag}, {view.day}: {number.counted(amount, noun)}, {said}"


def _steps(dots: Sequence[ReleaseDot]) -> str:
    """A line that keeps its height until the next release."""
    path = [f"M{dots[0].x:g} {dots[0].y:g}"]
    path += [f"H{dot.x:g}V{dot.y:g}" for dot in dots[1:]]
    return "".join(path)


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
_MOST_LABELS = 9
_DAY = 86_400.0


def _dates(first: float, last: float, x: Callable[[float], float]) -> tuple[Label, ...]:
    """The beginnings of months or years; of less than two months the first and the last day."""
    start, end = (datetime.fromtimestamp(at, UTC) for at in (first, last))
    months = (end.year - start.year) * 12 + end.month - start.month
    step = next((step for step in _STEPS if months / step <= _MOST_LABELS), _STEPS[-1])
    labels = []
    for index in range(start.year * 12 + start.month, end.year * 12 + end.month):
        if index % step == 0:
            when = datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
            short = f"{when.year}" if step >= 12 or not index % 12 else _MONTHS[index % 12]  # noqa: PLR2004
            labels.append(Label(x(when.timestamp()), _HEIGHT - 12, short, "middle"))
    if len(labels) < 2:  # noqa: PLR2004 - one date gives no scale
        days = dict.fromkeys((first, last)) if last - first >= _DAY else (last,)
        return tuple(
            Label(
                min(max(x(at), _LEFT + 30), _RIGHT - 30),
                _HEIGHT - 12,
                datetime.fromtimestamp(at, UTC).date().isoformat(),
                "middle",
            )
            for at in days
        )
    return tuple(labels)
