"""Whether a dataset kept every row that was released."""

from __future__ import annotations

from datarelease.model.data.stream import StreamReport
from datarelease.model.review.diff import DatasetDiff
from datarelease.model.wording import plural


def not_append_only(diff: DatasetDiff | None, stream: StreamReport | None) -> str | None:
    """What was removed or changed, in words; None: rows or parts were added at most.

    A stream keeps its parts, byte for byte, and its rows. Any other dataset keeps its rows: as the
    comparison by key tells or, where there is none, its files, of which none may be changed or
    gone then.

    Args:
        diff: The dataset against the baseline; None: not compared.
        stream: What its stream brought; None: none feeds it.
    """
    # Of a stream the counts in git tell, with the data out of reach, that every part is the same.
    proven = stream is not None and stream.append_only
    rows = _of_rows(diff, proven=proven) if diff is not None else []
    found = [*_of_batches(stream), *rows]
    if not found:
        return None
    same = "; every released row is there, unchanged" if rows_kept(diff) else ""
    return f"not append-only: {'; '.join(found)}{same}"


def rows_kept(diff: DatasetDiff | None) -> bool:
    """Whether it is known that no released row was removed or changed."""
    if diff is None or diff.status == "identical":
        return diff is not None
    return diff.rows is not None and not diff.rows.removed and not diff.rows.changed


def _of_batches(stream: StreamReport | None) -> list[str]:
    if stream is None or stream.first:
        return []
    remade, gone = stream.remade, stream.gone
    said = [
        *([f"{remade:,} {'has' if remade == 1 else 'have'} other content now"] if remade else []),
        *([f"{gone:,} {'is' if gone == 1 else 'are'} gone"] if gone else []),
    ]
    batches = "the batch" if stream.before == 1 else f"the {stream.before:,} batches"
    return [f"of {batches} before, {' and '.join(said)}"] if said else []


def _of_rows(diff: DatasetDiff, *, proven: bool) -> list[str]:
    before, after = diff.rows_before, diff.rows_after
    if diff.status == "removed":
        lost = f", and {plural(before, 'row')} with it" if before else ""
        return [f"the dataset was removed{lost}"]
    if diff.status != "changed":
        return []
    if diff.rows is not None:
        removed, changed = diff.rows.removed, diff.rows.changed
        return [
            *([f"{plural(removed, 'row')} removed"] if removed else []),
            *([f"{plural(changed, 'row')} changed"] if changed else []),
        ]
    if before is not None and after is not None and after < before:
        return [f"{plural(before - after, 'row')} fewer than the {before:,} released"]
    return _of_files(diff, proven=proven)


def _of_files(diff: DatasetDiff, *, proven: bool) -> list[str]:
    files, why = diff.files, f"rows were not compared ({diff.no_row_diff or 'no reason is known'})"
    if not files.removed and not files.changed and (proven or files.added):
        return []
    said = [
        f"{plural(count, 'released file')} {how}"
        for count, how in ((files.removed, "removed"), (files.changed, "changed"))
        if count
    ]
    return [f"{' and '.join(said)}, and {why}" if said else f"not known: {why}"]
