"""What changed in all datasets together, in counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datarelease.model.review.diff import DatasetDiff
from datarelease.model.review.split import splits
from datarelease.render import numbers as number
from datarelease.render import words


def changes_summed(diffs: Sequence[DatasetDiff]) -> tuple[str, ...]:
    """What changed in some datasets, a group each: datasets, rows, columns and rules.

    >>> changes_summed([DatasetDiff(name="a", status="changed", rows_before=100, rows_after=120)])
    ('20 rows more',)
    """
    status = Counter[str](diff.status for diff in diffs)
    whole = {"removed": "removed", "unreadable": "not readable", "added": "added"}
    moved = [diff for diff in diffs if diff.status == "changed"]
    counted = [d.of_files.counts for d in moved if d.of_files and d.of_files.counts is not None]
    keyed = [diff.rows for diff in moved if diff.rows is not None]
    # Where there is no key, added rows and removed ones cannot be told apart.
    split = splits(moved)
    by = [
        diff.rows_after - diff.rows_before
        for diff in moved
        if diff.rows is None and diff.rows_before is not None and diff.rows_after is not None
        if not diff.is_part
    ]
    by += [found.after - found.before for found in split if found.noun == "row"]
    unkeyed = (
        (sum(d for d in by if d > 0), "more"),
        (-sum(d for d in by if d < 0), "fewer"),
    )
    groups = (
        number.listed(
            "dataset",
            [*((status[state], text) for state, text in whole.items()), (len(split), "split")],
        ),
        number.listed(
            "row",
            [
                (sum(rows.added for rows in keyed), "added"),
                (sum(rows.removed for rows in keyed), "removed"),
                (sum(rows.changed for rows in keyed), "changed"),
            ],
        ),
        *(number.listed("row", [part]) for part in unkeyed),
        number.listed(
            "file",
            [
                (sum(files.added for files in counted), "added"),
                (sum(files.removed for files in counted), "removed"),
                (sum(files.changed for files in counted), "changed"),
                (sum(files.renamed for files in counted), "renamed"),
            ],
        ),
        words.change_counts([change for diff in moved for change in diff.schema]),
    )
    said = tuple(filter(None, groups))
    tables = any(diff.of_files is None for diff in moved)
    other = "other values in the same rows and columns" if tables else "other files"
    return said or (other if moved else "the same data",)
