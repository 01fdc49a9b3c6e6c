"""The statistics of a dataset of files, from paths, sizes and hashes: no file is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from datarelease.analysis.files.kinds import kind_by_ending
from datarelease.model.data.files import (
    Duplicates,
    FileFolder,
    FileKind,
    FileSizes,
    FilesProfile,
    ListedFile,
    SizeBin,
)

MOST_FOLDERS = 50
_DEEPEST = 3


def profile_files(dataset: str, listing: Sequence[ListedFile]) -> FilesProfile:
    """The statistics of the files of the dataset called ``dataset``, in any order."""
    sizes = sorted(file.size for file in listing)
    folders = _by_folder(listing)
    depth, deepest = _deepest(listing)
    return FilesProfile(
        dataset=dataset,
        files=len(listing),
        bytes=sum(sizes),
        sizes=_quantiles(sizes),
        bins=tuple(SizeBin(*item) for item in sorted(Counter(map(int.bit_length, sizes)).items())),
        kinds=_by_kind(listing),
        duplicates=_duplicates(listing),
        folders=tuple(folders[:MOST_FOLDERS]),
        more_folders=max(len(folders) - MOST_FOLDERS, 0),
        depth=depth,
        deepest=deepest,
    )


def top_folder(path: str) -> str:
    """The folder at the top that a file is below; empty: it is at the top itself.

    >>> top_folder("train/cats/1.png"), top_folder("1.png")
    ('train', '')
    """
    return path.partition("/")[0] if "/" in path else ""


def _quantiles(sizes: Sequence[int]) -> FileSizes | None:
    if not sizes:
        return None

    def rank(part: int) -> int:
        """The smallest size that ``part`` quarters of all are not above."""
        return sizes[max(-(-part * len(sizes) // 4) - 1, 0)]

    return FileSizes(min=sizes[0], q25=rank(1), median=rank(2), q75=rank(3), max=sizes[-1])


def _by_kind(listing: Iterable[ListedFile]) -> tuple[FileKind, ...]:
    found: dict[str, list[int]] = {}
    for file in listing:
        found.setdefault(kind_by_ending(file.path), []).append(file.size)
    kinds = (FileKind(type=k, files=len(sizes), bytes=sum(sizes)) for k, sizes in found.items())
    return tuple(sorted(kinds, key=lambda kind: (-kind.files, kind.type)))


def _by_folder(listing: Iterable[ListedFile]) -> list[FileFolder]:
    found: dict[str, list[int]] = {}
    for file in listing:
        found.setdefault(top_folder(file.path), []).append(file.size)
    folders = (FileFolder(path=p, files=len(sizes), bytes=sum(sizes)) for p, sizes in found.items())
    return sorted(folders, key=lambda folder: (-folder.files, folder.path))


def _duplicates(listing: Iterable[ListedFile]) -> Duplicates:
    counts = Counter((file.md5, file.size) for file in listing if file.size)
    again = [(count - 1, size) for (_, size), count in counts.items() if count > 1]
    return Duplicates(
        groups=len(again),
        files=sum(count for count, _ in again),
        bytes=sum(count * size for count, size in again),
    )


def _deepest(listing: Iterable[ListedFile]) -> tuple[int, tuple[str, ...]]:
    folders = {file.path.rpartition("/")[0] for file in listing} - {""}
    depth = max((folder.count("/") + 1 for folder in folders), default=0)
    deepest = sorted(folder for folder in folders if folder.count("/") + 1 == depth)
    return depth, tuple(deepest[:_DEEPEST])
