"""Whether a dataset kept everything that was released of it: its rows, its files, its batches."""

from __future__ import annotations

from datarelease.model.data.stream import StreamReport
from datarelease.model.review.diff import DatasetDiff, FileCounts, FilesDiff, RowDiff
from datarelease.model.wording import plural

_UNKNOWN = "released data may have been lost, because"


def not_append_only(diff: DatasetDiff | None, stream: StreamReport | None) -> str | None:
    """What was removed or changed, in words; None: rows or parts were added at most.

    A stream keeps its parts, byte for byte, and its rows. Any other dataset keeps its rows: as the
    comparison by key tells or, where there is none, its files, of which none may be changed or
    gone then. A dataset of files keeps its files, where they were.
    """
    # Of a stream the counts in git tell, with the data out of reach, that every part is the same.
    proven = stream is not None and stream.append_only
    rows = _of_rows(diff, proven=proven) if diff is not None else []
    found = [*_of_batches(stream), *rows]
    if not found:
        return None
    same = "; every released row is there, unchanged" if all_kept(diff) else ""
    return f"not append-only: {'; '.join(found)}{same}"


def all_kept(diff: DatasetDiff | None) -> bool:
    """Whether it is known that no released row (or file) was removed or changed."""
    if diff is None or diff.status == "identical":
        return diff is not None
    if diff.of_files is not None:
        counts = diff.of_files.counts
        return diff.status != "removed" and counts is not None and not _counted("file", counts)
    return diff.rows is not None and not diff.rows.removed and not diff.rows.changed


def _of_batches(stream: StreamReport | None) -> list[str]:
    if stream is None or stream.first:
        return []
    said = [
        f"{count:,} {one if count == 1 else many}"
        for count, one, many in (
            (stream.remade, "has other content now", "have other content now"),
            (stream.gone, "is missing", "are missing"),
        )
        if count
    ]
    batches = "the batch" if stream.before == 1 else f"the {stream.before:,} batches"
    return [f"of {batches} before, {' and '.join(said)}"] if said else []


def _of_rows(diff: DatasetDiff, *, proven: bool) -> list[str]:
    if diff.of_files is not None:
        return _of_dataset_of_files(diff, diff.of_files)
    before, after = diff.rows_before, diff.rows_after
    if diff.status == "removed":
        lost = f", and {plural(before, 'row')} with it" if before else ""
        return [f"the dataset was removed{lost}"]
    if diff.status != "changed":
        return []
    if diff.rows is not None:
        return _counted("row", diff.rows)
    if before is not None and after is not None and after < before:
        return [f"it has {plural(before - after, 'row')} fewer than the {before:,} released"]
    return _of_files(diff, proven=proven)


def _of_dataset_of_files(diff: DatasetDiff, files: FilesDiff) -> list[str]:
    if diff.status == "removed":
        lost = f", and {plural(files.before.files, 'file')} with it" if files.before else ""
        return [f"the dataset was removed{lost}"]
    if diff.status == "changed" and files.counts is None:
        return [
            f"{_UNKNOWN} files were not compared ({files.no_comparison or 'no reason is known'})"
        ]
    return _counted("released file", files.counts)


def _of_files(diff: DatasetDiff, *, proven: bool) -> list[str]:
    files, why = diff.files, f"rows were not compared ({diff.no_row_diff or 'no reason is known'})"
    if not files.removed and not files.changed and (proven or files.added):
        return []
    said = _counted("released file", files)
    return [f"{' and '.join(said)}, and {why}" if said else f"{_UNKNOWN} {why}"]


def _counted(noun: str, counts: RowDiff | FileCounts | None) -> list[str]:
    if counts is None:
        return []
    pairs = [(counts.removed, "removed"), (counts.changed, "changed")]
    if isinstance(counts, FileCounts):
        pairs.append((counts.renamed, "renamed"))
    return [f"{plural(count, noun)} {how}" for count, how in pairs if count]
