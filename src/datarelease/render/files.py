"""What a report says of a dataset of files: one reading, which every writer writes down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from datarelease.model.data.files import FileKind, FileSizes, FilesProfile
from datarelease.model.data.pictures import PictureChange, is_copy
from datarelease.model.review.diff import (
    DatasetStatus,
    FileChange,
    FileCounts,
    FilesDiff,
    FolderDiff,
    Histogram,
)
from datarelease.render import numbers as number
from datarelease.render.columns import blocks

COUNTS = ("added", "removed", "changed", "renamed", "unchanged")
SIGNS = {"added": "+", "removed": "\N{MINUS SIGN}", "changed": "~", "renamed": "↪"}
_FIGURES = (("smallest", "min"), ("median", "median"), ("largest", "max"))
_PICTURES, _MODES = 60, 6
_LONGEST = 63
"""Binary digits of the size of a file."""
AT_TOP = "(at the top)"


@dataclass(frozen=True)
class Pair:
    """Something in two versions: a word for it, and how it was and is; None: it was not there."""

    name: str
    files: tuple[int | None, int | None]
    bytes: tuple[int | None, int | None]

    @property
    def same(self) -> bool:
        """Nothing moved."""
        return self.files[0] == self.files[1] and self.bytes[0] == self.bytes[1]


@dataclass(frozen=True)
class FilesView:
    """The files of a dataset in the report."""

    diff: FilesDiff
    status: DatasetStatus

    @property
    def _sides(self) -> tuple[FilesProfile | None, FilesProfile | None]:
        return self.diff.before, self.diff.after

    @property
    def compares(self) -> bool:
        """There are files on both sides."""
        return None not in self._sides

    @property
    def told(self) -> bool:
        """There is more to say than that nothing changed."""
        return self.status not in {"identical", "removed"}

    @property
    def counts(self) -> str:
        """The files in one line; empty where they were not compared one by one."""
        counts = self.diff.counts
        return "" if counts is None else " · ".join(_counted(counts))

    @property
    def moved_bytes(self) -> str:
        """By how much came and went; empty where nothing did, or it is not known."""
        parts = [(self.diff.bytes_added, "new"), (self.diff.bytes_removed, "gone")]
        return ", ".join(f"{number.size(n)} {word}" for n, word in parts if n)

    @cached_property
    def kinds(self) -> tuple[Pair, ...]:
        """The files by content type, most first, then those that are gone."""
        old, new = self._sides
        names = dict.fromkeys(k.type for side in (new, old) if side for k in side.kinds)
        return tuple(
            _pair(name, old.kind(name) if old else None, new.kind(name) if new else None)
            for name in names
        )

    @property
    def kinds_line(self) -> str:
        """The content types in a line: how many files of each."""
        return ", ".join(f"{pair.name} {arrow(*pair.files)}" for pair in self.kinds)

    @cached_property
    def figures(self) -> tuple[tuple[str, str | None, str | None], ...]:
        """Sizes, duplicates and depth: a name, and the figure then and now."""
        old, new = self._sides
        out = [
            (word, _size(old.sizes if old else None, name), _size(new.sizes if new else None, name))
            for word, name in _FIGURES
        ]
        out.append(("duplicates", _duplicates(old), _duplicates(new)))
        out.append(("levels of folders", _depth(old), _depth(new)))
        return tuple(out)

    @cached_property
    def sizes(self) -> Histogram | None:
        """How many files have which size, in bins of powers of two; None: there are no files."""
        sides = [_bins(side) for side in self._sides]
        bits = sorted({size for side in sides if side for size in side})
        if not bits:
            return None
        every = range(bits[0], bits[-1] + 1)
        counts = [side and tuple(float(side.get(size, 0)) for size in every) for side in sides]
        # The sizes of `n` binary digits begin at 2 ** (n - 1); of none, at nothing.
        edges = [float(1 << size >> 1) for size in (*every, bits[-1] + 1)]
        return Histogram(
            labels=tuple(number.size(int(edge)) for edge in edges),
            edges=tuple(edges),
            before=counts[0] or None,
            after=counts[1] or None,
        )

    @cached_property
    def blocks(self) -> tuple[str, str]:
        """The sizes before and after as blocks."""
        return ("", "") if self.sizes is None else blocks(self.sizes)

    @property
    def folders(self) -> tuple[FolderDiff, ...]:
        """Those with changes, the most changed first."""
        return self.diff.folders

    @property
    def own_folders(self) -> tuple[tuple[str, int, int], ...]:
        """Path, files and bytes of the folders at the top, where nothing is compared."""
        shown = self.diff.after or self.diff.before
        folders = () if shown is None else shown.folders
        return tuple((f.path or AT_TOP, f.files, f.bytes) for f in folders)

    @property
    def pictures(self) -> tuple[PictureChange, ...]:
        """Pictures that can be shown: a report may come from anywhere, and so may its copies."""
        found = self.diff.pictures
        return () if found is None else tuple(filter(None, map(_shown, found.changes[:_PICTURES])))

    @property
    def picture_figures(self) -> tuple[tuple[str, str], ...]:
        """Width, height and modes of the pictures: a name and the figure."""
        found = self.diff.pictures.statistics if self.diff.pictures is not None else None
        if found is None:
            return ()
        out = [("images", number.count(found.pictures))]
        out += [
            (word, _spread(part))
            for word, part in (("width", found.width), ("height", found.height))
        ]
        modes = (f"{one.mode} {number.count(one.pictures)}" for one in found.modes[:_MODES])
        out.append(("modes", ", ".join(modes)))
        if found.unreadable:
            out.append(("unreadable", number.count(found.unreadable)))
        return tuple(out)

    @property
    def examples(self) -> tuple[FileChange, ...]:
        """Changes, those first that take something away."""
        return self.diff.examples

    @property
    def hidden(self) -> int:
        """Changes that no example shows."""
        counts = self.diff.counts or FileCounts()
        changed = counts.added + counts.removed + counts.changed + counts.renamed
        return max(changed - len(self.diff.examples), 0)


def growth(size: int) -> str:
    """By how many bytes something grew.

    >>> growth(1200), growth(-1200), growth(0)
    ('+1.2 kB', '−1.2 kB', '±0 B')
    """  # noqa: RUF002
    sign = "+" if size > 0 else SIGNS["removed"] if size else "±"
    return f"{sign}{number.size(abs(size))}"


def of_change(change: FileChange) -> str:
    """The size of a changed file, then and now.

    >>> of_change(FileChange(kind="changed", path="a", before=1000, after=2500))
    '1.0 kB → 2.5 kB'
    """
    sizes = [number.size(size) for size in (change.before, change.after) if size is not None]
    return " → ".join(sizes if change.kind == "changed" else sizes[-1:])


def arrow(before: int | None, after: int | None, write: Callable[[int], str] = number.count) -> str:
    """A figure then and now, once where it is the same or there is no other side.

    >>> arrow(3, 5), arrow(5, 5), arrow(None, 5), arrow(3, None)
    ('3 → 5', '5', '5', '3 → 0')
    """
    if before is None or before == after:
        return write(after or 0)
    return f"{write(before)} → {write(after or 0)}"


def _counted(counts: FileCounts) -> Iterator[str]:
    for name in COUNTS:
        count = getattr(counts, name)
        if count or name not in {"renamed", "changed"}:
            yield f"{number.count(count)} {name}"


def _pair(name: str, before: FileKind | None, after: FileKind | None) -> Pair:
    return Pair(
        name,
        (before.files if before else None, after.files if after else None),
        (before.bytes if before else None, after.bytes if after else None),
    )


def _size(sizes: FileSizes | None, name: str) -> str | None:
    return None if sizes is None else number.size(getattr(sizes, name))


def _duplicates(side: FilesProfile | None) -> str | None:
    if side is None:
        return None
    found = side.duplicates
    return (
        f"{number.counted(found.files, 'file')} ({number.size(found.bytes)})"
        if found.files
        else "none"
    )


def _shown(change: PictureChange) -> PictureChange | None:
    before, after = (
        c if c is not None and is_copy(c) else None for c in (change.before, change.after)
    )
    if before is None and after is None:
        return None
    return dataclasses.replace(change, before=before, after=after)


def _spread(values: tuple[int, int, int]) -> str:
    low, middle, high = map(number.count, values)
    return f"{low} px" if low == high else f"{low} to {high} px, median {middle}"


def _bins(side: FilesProfile | None) -> dict[int, int] | None:
    """The bins of sizes that files can have: a report may come from anywhere."""
    if side is None:
        return None
    return {bits: files for bits, files in side.bins if 0 <= bits <= _LONGEST and files > 0}


def _depth(side: FilesProfile | None) -> str | None:
    return None if side is None else number.count(side.depth)
