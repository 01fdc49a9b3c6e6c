"""The released content at one git revision, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

TREE = ".dir"
"""How DVC marks the hash of a directory: the MD5 of the object that lists its files."""
WHOLE = "."
"""Path of an entry that is the whole dataset, a directory."""


@dataclass(frozen=True, kw_only=True, order=True)
class Entry:
    """One output that DVC tracks for a dataset: a file, or a directory as a whole."""

    path: str
    """Inside the dataset: the file's name, or ``.`` where the dataset is the tracked directory."""
    md5: str
    """DVC's hash, 32 hexadecimal digits, with ``.dir`` behind it for a directory."""
    size: int | None = None
    """Bytes of all its files, where DVC recorded them."""
    remote: str | None = field(default=None, compare=False)
    """The one remote that holds it (``remote: NAME``); None: every remote of the release."""

    @property
    def is_tree(self) -> bool:
        """It is a directory, whose files its object lists."""
        return self.md5.endswith(TREE)


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """One file of a dataset."""

    path: str
    """Inside the dataset, with forward slashes."""
    md5: str


@dataclass(frozen=True, kw_only=True)
class DatasetSnapshot:
    """What DVC tracks for one dataset, sorted by path."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def content(self) -> tuple[tuple[str, str], ...]:
        """What makes two of them equal: path and hash of each entry."""
        return tuple(sorted((entry.path, entry.md5) for entry in self.entries))

    @property
    def size(self) -> int | None:
        """Bytes in all, or None where DVC did not record them."""
        sizes = [entry.size for entry in self.entries]
        return None if None in sizes else sum(size for size in sizes if size is not None)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every dataset's content at one git revision."""

    datasets: tuple[DatasetSnapshot, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON of the sorted ``[dataset, path, hash]`` entries.

        A tracked directory counts by the hash of the object that lists its files, and sizes are
        left out (a hash fixes its size): so the digest can be had from git alone, also where the
        data of a dataset that did not change is not available.
        """
        entries = sorted(
            [dataset.name, path, md5] for dataset in self.datasets for path, md5 in dataset.content
        )
        return hashlib.sha256(canonical_json(entries)).hexdigest()

    def get(self, name: str) -> DatasetSnapshot | None:
        """The content of the dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces: equal values give equal bytes (after RFC 8785)."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")
