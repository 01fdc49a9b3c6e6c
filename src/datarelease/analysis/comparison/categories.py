"""The categories of two profiles side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from datarelease.model.data.profile import ColumnProfile

OTHER = "(other)"
"""Stands for all values that are in the top of neither side."""


class Shared(NamedTuple):
    """A category and how many rows hold it on each side; estimates where a side hides it."""

    value: str
    before: float
    after: float


def shared_counts(
    before: ColumnProfile, after: ColumnProfile, rows: tuple[int, int]
) -> list[Shared] | None:
    """Every top value of either side with its counts, then all other values as one.

    A value that only one side lists is counted on the other as an average one of those that are
    not listed there: as none, where the list is complete, and never as more than the last listed.
    None if a side has no values, or only such as are unique.

    Args:
        before: The column before.
        after: The column after.
        rows: Rows of the two tables.
    """
    if not before.top or not after.top:
        return None
    old, new = _Side.of(before, rows[0]), _Side.of(after, rows[1])
    values = sorted(
        {*old.listed, *new.listed}, key=lambda v: (-old.listed.get(v, 0), -new.listed.get(v, 0), v)
    )
    shared = [Shared(value, old.count(value), new.count(value)) for value in values]
    rest = Shared(
        OTHER,
        old.total - sum(category.before for category in shared),
        new.total - sum(category.after for category in shared),
    )
    return [*shared, rest] if max(rest.before, rest.after) > _NOTHING else shared


_NOTHING = 1e-6
"""Rows; what sums of averages leave of nothing."""


@dataclass(frozen=True, kw_only=True)
class _Side:
    listed: dict[str, int]
    total: int
    unlisted: float
    """Rows of an average value that is not listed."""

    @classmethod
    def of(cls, column: ColumnProfile, rows: int) -> Self:
        listed: dict[str, int] = {}
        for value, count in column.top:  # long values may have been shortened to the same text
            listed[value] = listed.get(value, 0) + count
        total = rows - column.nulls
        hidden = (column.distinct or 0) - len(column.top)
        average = (total - sum(listed.values())) / hidden if hidden > 0 else 0.0
        return cls(listed=listed, total=total, unlisted=average)

    def count(self, value: str) -> float:
        return self.listed.get(value, self.unlisted)
