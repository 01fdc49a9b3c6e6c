"""What a manifest from elsewhere may not say: names, hashes and sizes that no release writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datarelease.model.data.dataset import DATASET_NAME
from datarelease.model.paths import clash, path_fault
from datarelease.model.versions.manifest import Manifest, ManifestDataset
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import WHOLE

_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OUTPUT = re.compile(r"[0-9a-f]{32}(\.dir)?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LARGEST = 2**63 - 1


def manifest_faults(manifest: Manifest) -> Iterator[str]:
    """Entries that would write files outside the dataset, or read objects that are not data."""
    for dataset in manifest.datasets:
        if not DATASET_NAME.fullmatch(dataset.name):
            yield f"a dataset has the name {dataset.name!r}, which is not allowed"
        yield from (f"{dataset.name}: {fault}" for fault in _dataset_faults(dataset))
    twice = clash(dataset.name for dataset in manifest.datasets)
    if twice is not None:
        yield f"two datasets have the name {twice!r}"
    else:
        yield from _overlaps(manifest)
    for output in manifest.tracked:
        # Nothing is written at its paths; its hashes are names of objects.
        yield from _bytes_faults(output.path, output.md5, output.size, _OUTPUT)
        for file in output.files:
            if not _MD5.fullmatch(file.md5) or file.key != object_key(file.md5):
                said = f"{file.path!r} has the MD5 {file.md5!r:.80}, but the object key "
                yield f"{said}{file.key!r:.80}"
            yield from _bytes_faults(file.path, None, file.size)
    for document in manifest.documents:
        if fault := path_fault(document.name):
            yield f"the document {document.name!r} is refused: {fault}"
        yield from _bytes_faults(document.name, None, document.size, sha256=document.sha256)


def _dataset_faults(dataset: ManifestDataset) -> Iterator[str]:
    paths = [dataset.path, *(entry.path for entry in dataset.entries if entry.path != WHOLE)]
    for path in (*paths, *(file.path for file in dataset.files)):
        if fault := path_fault(path):
            yield f"the path {path!r} is refused: {fault}"
    for entry in dataset.entries:
        yield from _bytes_faults(entry.path, entry.md5, entry.size, _OUTPUT)
    for file in dataset.files:
        yield from _bytes_faults(file.path, file.md5, file.size, sha256=file.sha256)
        if file.key != object_key(file.md5):
            yield f"{file.path!r} has the object key {file.key!r:.80}, which is not that of its MD5"
    same = clash(file.path for file in dataset.files)
    if same is not None:
        yield f"{same!r} occurs twice, or is both a file and a directory"


def _bytes_faults(
    name: str,
    md5: str | None,
    size: int | None,
    form: re.Pattern[str] = _MD5,
    *,
    sha256: str | None = None,
) -> Iterator[str]:
    """Hashes and a size that no bytes can have; what is None is not there."""
    if md5 is not None and not form.fullmatch(md5):
        yield f"{name!r} has the MD5 {md5!r:.80}, which is not an MD5 hash"
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        yield f"{name!r} has the SHA-256 {sha256!r:.80}, which is not a SHA-256 hash"
    if size is not None and not 0 <= size <= _LARGEST:
        yield f"{name!r} has the size {size}, which no file has"


def _overlaps(manifest: Manifest) -> Iterator[str]:
    """Two datasets may hold the same file (one is part of the other), not two under one name."""
    places: dict[str, str] = {}
    for dataset in manifest.datasets:
        for file in dataset.files:
            place = dataset.place(file)
            if places.setdefault(place, file.sha256) != file.sha256:
                yield f"{place!r} names two different files"
    same = clash(places)
    if same is not None:
        yield f"{same!r} is both a file and a directory"
