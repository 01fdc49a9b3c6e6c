"""The released content at one git revision, and the digest that names it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, order=True)
class DataFile:
    """One tracked file of a dataset."""

    path: str
    """Inside the dataset: the file's own name, or the path below the dataset's directory."""
    md5: str
    """DVC's hash, 32 hexadecimal digits; it names the object on every remote."""
    size: int | None = None
    """Bytes, where known: DVC's ``.dir`` objects do not record sizes."""


@dataclass(frozen=True, kw_only=True)
class DatasetFiles:
    """The files of one dataset, in the order of their paths."""

    name: str
    files: tuple[DataFile, ...]
    trees: tuple[str, ...] = ()
    """Hashes of the DVC ``.dir`` objects that list the files (with the ``.dir`` ending)."""

    @property
    def content(self) -> tuple[tuple[str, str], ...]:
        """What makes two of them equal: path and hash of each file, sorted."""
        return tuple(sorted((file.path, file.md5) for file in self.files))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Every dataset's files at one git revision."""

    datasets: tuple[DatasetFiles, ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the canonical JSON of the sorted ``[dataset, path, md5]`` entries.

        Sizes are left out: a hash fixes its size, and DVC's ``.dir`` objects do not record sizes,
        so a digest with sizes could not be computed without the data.
        """
        entries = sorted(
            [dataset.name, path, md5] for dataset in self.datasets for path, md5 in dataset.content
        )
        return hashlib.sha256(canonical_json(entries)).hexdigest()

    def __getitem__(self, name: str) -> DatasetFiles:
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise KeyError(name)

    def get(self, name: str) -> DatasetFiles | None:
        """The files of the dataset called ``name``, or None."""
        return next((dataset for dataset in self.datasets if dataset.name == name), None)


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON with sorted keys and no spaces: equal values give equal bytes (after RFC 8785)."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")
