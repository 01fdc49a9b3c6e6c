"""Datasets that were split: what a former dataset held, and what its parts hold together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from datarelease.model.review.diff import DatasetDiff


@dataclass(frozen=True, kw_only=True)
class Split:
    """A former dataset and its parts; what one part lacks is in another one."""

    former: str
    parts: tuple[str, ...]
    before: int
    after: int
    """Rows or files of all parts."""
    noun: Literal["row", "file"]

    @property
    def lost(self) -> int:
        """Rows or files that no part has, by count."""
        return max(self.before - self.after, 0)


def splits(diffs: Iterable[DatasetDiff]) -> tuple[Split, ...]:
    """What became of each dataset that was split; one whose parts are not all known is left out.

    >>> part = {"status": "changed", "rows_before": 20, "renamed_from": "people", "is_part": True}
    >>> east = DatasetDiff(name="east", rows_after=9, **part)
    >>> west = DatasetDiff(name="west", rows_after=10, **part)
    >>> [(found.parts, found.before, found.after) for found in splits([east, west])]
    [(('east', 'west'), 20, 19)]
    """
    formers: dict[str, list[DatasetDiff]] = defaultdict(list)
    for diff in diffs:
        if diff.is_part and diff.renamed_from is not None:
            formers[diff.renamed_from].append(diff)
    found = (
        (former, parts, [_amounts(part) for part in parts]) for former, parts in formers.items()
    )
    return tuple(
        Split(
            former=former,
            parts=tuple(part.name for part in parts),
            before=max(before for before, _, _ in amounts if before is not None),
            after=sum(after for _, after, _ in amounts if after is not None),
            noun=amounts[0][2],
        )
        for former, parts, amounts in found
        if all(before is not None and after is not None for before, after, _ in amounts)
    )


def _amounts(diff: DatasetDiff) -> tuple[int | None, int | None, Literal["row", "file"]]:
    if (files := diff.of_files) is None:
        return diff.rows_before, diff.rows_after, "row"
    before, after = files.before, files.after
    return before.files if before else None, after.files if after else None, "file"
