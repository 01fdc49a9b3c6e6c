"""Two versions of a dataset of files compared: statistics, and file by file where both are listed.

A reader of files asks for them by their paths, or takes all there are. That files come, go or
change is what a new version of data is, as rows do in a table: a patch, on which the policy sets
limits (`file_loss`, `append_only`). The kinds of the files are to their readers what the columns of
a table are: a new one is additive, and one that is gone breaks whoever reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from datarelease.analysis.files.profile import MOST_FOLDERS
from datarelease.model.data.file_rules import FileRules
from datarelease.model.data.files import FilesProfile, ListedFile
from datarelease.model.review.diff import (
    Compatibility,
    DatasetDiff,
    DatasetStatus,
    FileChange,
    FileCounts,
    FilesDiff,
    FolderDiff,
    SchemaChange,
)
from datarelease.model.wording import plural

MOST_EXAMPLES = 50
"""Of each kind of change."""
_NOTABLE = 0.1
"""A kind with fewer of the files, and of their bytes, is nothing that readers rely on."""


@dataclass(frozen=True, kw_only=True)
class Listings:
    """The files before and after a change."""

    before: Sequence[ListedFile]
    after: Sequence[ListedFile]


def compare_files(
    name: str,
    before: FilesProfile | None,
    after: FilesProfile | None,
    *,
    rules: tuple[FileRules | None, FileRules | None] = (None, None),
    listings: Listings | None = None,
    no_comparison: str = "",
    identical: bool = False,
) -> DatasetDiff:
    """What changed in a dataset of files; a side that is None was not there.

    Args:
        name: Of the dataset.
        before: Statistics of its files then.
        after: The same of now.
        rules: Those of `meta.files` then and now.
        listings: The files of both sides, where both can be listed.
        no_comparison: Why there are none.
        identical: Both hold the same bytes under the same paths. The rules may have changed.

    Raises:
        ValueError: Neither side is there.
    """
    status: DatasetStatus
    changes: tuple[SchemaChange, ...] = ()
    if before is None and after is None:
        raise ValueError("a dataset must exist before or after the change")
    if before is None or after is None:
        status = "added" if before is None else "removed"
    else:
        status = "identical" if identical else "changed"
        changes = (*_kind_changes(before, after), *_rule_changes(*rules))
    diff = FilesDiff(before=before, after=after, counts=None, no_comparison=no_comparison)
    if status == "identical" and after is not None:
        diff = replace(diff, counts=FileCounts(unchanged=after.files), no_comparison="")
    elif status == "changed" and listings is not None:
        diff = _with_changes(diff, listings)
    return DatasetDiff(
        name=name,
        status=status,
        rows_before=None,
        rows_after=None,
        schema=changes,
        files=diff.counts or FileCounts(),
        of_files=diff,
    )


def file_changes(listings: Listings) -> list[FileChange]:
    """Each file that was removed, changed, renamed or added, in this order, each by path.

    A file that is gone and one that is new are one renamed file if they have the same bytes, and
    are not empty. Of several such files those are paired that have the same name in other folders,
    then the others in the order of their paths.
    """
    old = {file.path: file for file in listings.before}
    new = {file.path: file for file in listings.after}
    gone, fresh = old.keys() - new.keys(), new.keys() - old.keys()
    pairs = dict(_renamed([old[path] for path in gone], [new[path] for path in fresh]))
    moved = set(pairs.values())
    changes = [
        *(FileChange(kind="removed", path=p, before=old[p].size) for p in gone if p not in moved),
        *(
            FileChange(kind="changed", path=path, before=old[path].size, after=file.size)
            for path, file in new.items()
            if path in old and old[path].md5 != file.md5
        ),
        *(
            FileChange(
                kind="renamed",
                path=path,
                old_path=pairs[path],
                before=new[path].size,
                after=new[path].size,
            )
            for path in pairs
        ),
        *(FileChange(kind="added", path=p, after=new[p].size) for p in fresh if p not in pairs),
    ]
    order = ("removed", "changed", "renamed", "added")
    return sorted(changes, key=lambda change: (order.index(change.kind), change.path))


def _renamed(gone: Iterable[ListedFile], fresh: Iterable[ListedFile]) -> Iterator[tuple[str, str]]:
    """(present path, old path) of renamed files."""
    by_content: dict[str, list[str]] = {}
    for file in sorted(gone):
        if file.size:
            by_content.setdefault(file.md5, []).append(file.path)
    left: dict[str, list[str]] = {}
    for file in sorted(fresh):
        places = by_content.get(file.md5, [])
        same = next((old for old in places if _name(old) == _name(file.path)), None)
        if same is not None:
            places.remove(same)
            yield file.path, same
        elif places:
            left.setdefault(file.md5, []).append(file.path)
    for md5, paths in left.items():
        yield from zip(paths, by_content[md5], strict=False)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _with_changes(diff: FilesDiff, listings: Listings) -> FilesDiff:
    changes = file_changes(listings)
    by_kind: dict[str, list[FileChange]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, []).append(change)
    counts = {kind: len(found) for kind, found in by_kind.items()}
    there = len(listings.after) - sum(n for kind, n in counts.items() if kind != "removed")
    grown = [(change.after or 0) - (change.before or 0) for change in changes]
    folders = _folders(changes)
    return replace(
        diff,
        counts=FileCounts(unchanged=there, **counts),
        bytes_added=sum(growth for growth in grown if growth > 0),
        bytes_removed=-sum(growth for growth in grown if growth < 0),
        folders=folders[:MOST_FOLDERS],
        more_folders=max(len(folders) - MOST_FOLDERS, 0),
        examples=tuple(one for found in by_kind.values() for one in found[:MOST_EXAMPLES]),
    )


def _folders(changes: Sequence[FileChange]) -> tuple[FolderDiff, ...]:
    found: dict[str, FolderDiff] = {}
    for change in changes:
        path = change.path.rpartition("/")[0]
        folder = found.get(path, FolderDiff(path=path))
        growth = (change.after or 0) - (change.before or 0)
        number = getattr(folder, change.kind) + 1
        found[path] = replace(folder, bytes=folder.bytes + growth, **{change.kind: number})

    def place(folder: FolderDiff) -> tuple[int, str]:
        return -(folder.removed + folder.changed + folder.renamed + folder.added), folder.path

    return tuple(sorted(found.values(), key=place))


def _kind_changes(before: FilesProfile, after: FilesProfile) -> Iterator[SchemaChange]:
    for kind in before.kinds:
        if after.kind(kind.type) is None and after.files:
            notable = kind.files >= _NOTABLE * before.files or kind.bytes >= _NOTABLE * before.bytes
            yield SchemaChange(
                kind="kind_removed",
                column=kind.type,
                before=plural(kind.files, "file"),
                after=None,
                compatibility=Compatibility.BREAKING if notable else Compatibility.PATCH,
            )
    for kind in after.kinds:
        if before.kind(kind.type) is None and before.files:
            yield SchemaChange(
                kind="kind_added",
                column=kind.type,
                before=None,
                after=plural(kind.files, "file"),
                compatibility=Compatibility.ADDITIVE,
            )


def _rule_changes(before: FileRules | None, after: FileRules | None) -> Iterator[SchemaChange]:
    """Rules made are a patch: files that keep them kept the old ones; others are additive."""
    old = before.in_words if before is not None else {}
    new = after.in_words if after is not None else {}
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield SchemaChange(
                kind="rule",
                column=None,
                before=f"{name}: {old[name]}" if name in old else None,
                after=f"{name}: {new[name]}" if name in new else None,
                compatibility=Compatibility.ADDITIVE if name in old else Compatibility.PATCH,
            )
