"""A dataset of files: what is known of it without a look into a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from datarelease.model.data.profile import Profile
from datarelease.model.data.provenance import Provenance

FILES_FORMAT: Literal[1] = 1
ANY_KIND = "application/octet-stream"
"""The content type of bytes of which nothing is known (RFC 2046, section 4.5.1)."""


class ListedFile(NamedTuple):
    """One file of a dataset: all that can be said of it without its bytes."""

    path: str
    """Inside the dataset, with forward slashes."""
    size: int
    """Bytes."""
    md5: str
    """DVC's hash."""


@dataclass(frozen=True, kw_only=True)
class FileKind:
    """The files of one content type."""

    type: str
    files: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class FileFolder:
    """The files below one folder at the top of a dataset; an empty path: those at its top."""

    path: str
    files: int
    bytes: int


@dataclass(frozen=True, kw_only=True)
class FileSizes:
    """How large files are, in bytes: sizes of files that exist (nearest rank), no averages."""

    min: int
    q25: int
    median: int
    q75: int
    max: int


class SizeBin(NamedTuple):
    """How many files have ``bits`` binary digits in their size; 0: they are empty.

    So each bin is from a power of two (``2**(bits - 1)``) up to the next one, on every run.
    """

    bits: int
    files: int


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Files that have the bytes of another one; empty files are none."""

    groups: int = 0
    """Contents that occur more than once."""
    files: int = 0
    """Files that could go: all of each group but one."""
    bytes: int = 0
    """The size of those files."""


@dataclass(frozen=True, kw_only=True)
class FilesProfile:
    """Statistics of one dataset of files; byte-identical JSON for equal files, on every run.

    They are made of paths, sizes and hashes alone: no file is read.
    """

    dataset: str
    files: int
    bytes: int
    sizes: FileSizes | None
    """None: there is no file."""
    bins: tuple[SizeBin, ...]
    """Those that hold a file, ascending."""
    kinds: tuple[FileKind, ...]
    """By the ending of the name; most files first, then by name."""
    duplicates: Duplicates
    folders: tuple[FileFolder, ...]
    """Most files first, then by name; at most 50."""
    more_folders: int = 0
    """Folders at the top beside those in ``folders``."""
    depth: int = 0
    """Folders above the file that lies deepest."""
    deepest: tuple[str, ...] = ()
    """Folders that lie deepest, sorted; at most 3."""
    made_from: Provenance = ()
    format: Literal[1] = FILES_FORMAT

    def kind(self, name: str) -> FileKind | None:
        """The files of the content type ``name``, or None."""
        return next((kind for kind in self.kinds if kind.type == name), None)


Statistics = Profile | FilesProfile
"""What is known of a dataset, whichever it is."""
