"""What one column's figures say, old and new, in a few words without any data in them."""

from __future__ import annotations

from collections.abc import Sequence

from datarelease.model.data.profile import ColumnKind, Scalar
from datarelease.model.review.diff import ColumnDiff, ColumnStats
from datarelease.render import numbers as number
from datarelease.render.triage import null_rate
from datarelease.render.words import Data, Phrase, Prose, Strong

_DAYS = 5 * 86_400.0


def nulls(column: ColumnDiff) -> str:
    """Null rates, old and new; one where they are equal or there is one side only."""
    return arrow(*(_null_text(stats) for stats in (column.before, column.after)))


def _null_text(stats: ColumnStats | None) -> str | None:
    rate = null_rate(stats)
    return None if rate is None else number.share(rate)


def arrow(before: str | None, after: str | None) -> str:
    """Old and new with an arrow between; once where they are equal or one is missing.

    >>> arrow("1", "2"), arrow("1", "1"), arrow(None, "2")
    ('1 → 2', '1', '2')
    """
    if before is None or after is None or before == after:
        return after or before or ""
    return f"{before} → {after}"


def figures(column: ColumnDiff) -> tuple[str, ...]:
    """The figures worth a line, those that changed first: ``mean 41.2 → 55``.

    Only computed figures, never values of the data: minimum and maximum are not among them.
    """
    found = [(label, *_both(column, label)) for label in LABELS[column.kind]]
    there = [item for item in found if item[1] is not None or item[2] is not None]
    moved = [item for item in there if item[1] != item[2]]
    # A mean that reads like the median adds nothing.
    told = {(old, new): label for label, old, new in reversed(moved)}
    return tuple(
        f"{label} {arrow(old, new)}" for label, old, new in moved if told[old, new] == label
    )


LABELS: dict[ColumnKind, tuple[str, ...]] = {
    "number": ("mean", "median", "std", "distinct"),
    "time": ("median", "mean", "std", "distinct"),
    "text": ("distinct", "mean length"),
    "boolean": ("distinct",),
    "other": ("distinct",),
}


def _both(column: ColumnDiff, label: str) -> tuple[str | None, str | None]:
    return figure(column, column.before, label), figure(column, column.after, label)


def figure(column: ColumnDiff, stats: ColumnStats | None, label: str) -> str | None:
    """The figure called ``label`` of one side as text; None where there is none."""
    if stats is None:
        return None
    values = {
        "mean": stats.mean,
        "median": stats.median,
        "std": stats.std,
        "mean length": stats.length_mean,
        "distinct": stats.distinct,
    }
    value = values[label]
    return None if value is None else _text(column, stats, label, value)


def _text(column: ColumnDiff, stats: ColumnStats, label: str, value: float) -> str:
    if label == "distinct":
        return number.count(int(value))
    if years(column) and label in {"mean", "median"}:
        return number.year(value)
    if column.kind != "time" or label == "mean length":
        return number.decimal(value)
    if label == "std":
        return number.duration(value)
    shown = number.moment(value)
    # Hours say nothing about a column of months.
    return shown.split(" ")[0] if (stats.std or 0) > _DAYS else shown


_YEARS = (1500, 2200)


def years(column: ColumnDiff) -> bool:
    """Whether the numbers of a column are years, as far as its smallest and largest values tell."""
    bounds = [b for side in (column.before, column.after) if side for b in (side.min, side.max)]
    return column.kind == "number" and bool(bounds) and all(map(_year, bounds))


def _year(value: Scalar) -> bool:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    return whole and _YEARS[0] <= value <= _YEARS[1]  # type: ignore[operator]


def drift(column: ColumnDiff) -> tuple[str, ...]:
    """The drift statistics that apply, each with its name."""
    measures = (("PSI", column.psi), ("KS", column.ks), ("JS", column.js))
    return tuple(
        f"{name}\u00a0{number.drift_value(value)}" for name, value in measures if value is not None
    )


def still(found: Sequence[ColumnDiff], most: int) -> Phrase:
    """The columns that did not move, in a line: unchanged ones, then those that hardly did."""
    groups = (
        ("Unchanged", [column.column for column in found if not column]),
        ("Hardly moved", [column.column for column in found if column]),
    )
    out: list[str | Data | Strong | Prose] = []
    for word, names in groups:
        if names:
            out.append(f"{'; ' if out else ''}{word if not out else word.lower()}: ")
            for place, name in enumerate(names[:most]):
                out += [", ", Data(name)] if place else [Data(name)]
            if names[most:]:
                out.append(f" and {number.counted(len(names) - most, 'more column')}")
    return tuple(out)
