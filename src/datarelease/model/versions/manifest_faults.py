"""What a manifest from elsewhere may not say: names, hashes and sizes that no release writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from datarelease.model.data.dataset import DATASET_NAME
from datarelease.model.paths import clash, path_fault
from datarelease.model.versions.manifest import (
    Manifest,
    ManifestDataset,
    ManifestDocument,
    ManifestFile,
    TrackedOutput,
    object_key,
)
from datarelease.model.versions.snapshot import Entry

_MD5 = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OUTPUT = re.compile(r"[0-9a-f]{32}(\.dir)?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LARGEST = 2**63 - 1
_WHOLE = "."
"""Path of an entry that is the whole dataset, a directory."""


def manifest_faults(manifest: Manifest) -> Iterator[str]:
    """Entries that would write files outside the dataset, or read objects that are not data."""
    for dataset in manifest.datasets:
        if not DATASET_NAME.fullmatch(dataset.name):
            yield f"a dataset is called {dataset.name!r}"
        yield from (f"{dataset.name}: {fault}" for fault in _dataset_faults(dataset))
    twice = clash(dataset.name for dataset in manifest.datasets)
    if twice is not None:
        yield f"two datasets are called {twice!r}"
    else:
        yield from _overlaps(manifest)
    for output in manifest.tracked:
        yield from _tracked_faults(output)
    for document in manifest.documents:
        yield from _document_faults(document)


def _dataset_faults(dataset: ManifestDataset) -> Iterator[str]:
    fault = path_fault(dataset.path)
    if fault:
        yield f"the path {dataset.path!r} is refused: {fault}"
    for entry in dataset.entries:
        yield from _entry_faults(entry)
    for file in dataset.files:
        yield from _file_faults(file)
    same = clash(file.path for file in dataset.files)
    if same is not None:
        yield f"{same!r} occurs twice, or is both a file and a directory"


def _entry_faults(entry: Entry) -> Iterator[str]:
    fault = None if entry.path == _WHOLE else path_fault(entry.path)
    if fault:
        yield f"the path {entry.path!r} is refused: {fault}"
    if not _OUTPUT.fullmatch(entry.md5):
        yield f"{entry.path!r} has the MD5 {entry.md5!r:.80}"
    if entry.size is not None and not 0 <= entry.size <= _LARGEST:
        yield f"{entry.path!r} has the size {entry.size}"


def _file_faults(file: ManifestFile) -> Iterator[str]:
    fault = path_fault(file.path)
    if fault:
        yield f"the path {file.path!r} is refused: {fault}"
    if not _MD5.fullmatch(file.md5):
        yield f"{file.path!r} has the MD5 {file.md5!r:.80}"
    elif file.key != object_key(file.md5):
        yield f"{file.path!r} has the object key {file.key!r:.80}"
    if not _SHA256.fullmatch(file.sha256):
        yield f"{file.path!r} has the SHA-256 {file.sha256!r:.80}"
    if not 0 <= file.size <= _LARGEST:
        yield f"{file.path!r} has the size {file.size}"


def _tracked_faults(output: TrackedOutput) -> Iterator[str]:
    """Its paths are where nothing is written; its hashes are names of objects."""
    if output.md5 is not None and not _OUTPUT.fullmatch(output.md5):
        yield f"{output.path!r} has the MD5 {output.md5!r:.80}"
    if output.size is not None and not 0 <= output.size <= _LARGEST:
        yield f"{output.path!r} has the size {output.size}"
    for file in output.files:
        if not _MD5.fullmatch(file.md5) or file.key != object_key(file.md5):
            yield f"{file.path!r} has the MD5 {file.md5!r:.80}, the object key {file.key!r:.80}"
        if not 0 <= file.size <= _LARGEST:
            yield f"{file.path!r} has the size {file.size}"


def _document_faults(document: ManifestDocument) -> Iterator[str]:
    fault = path_fault(document.name)
    if fault:
        yield f"the document {document.name!r} is refused: {fault}"
    if not _SHA256.fullmatch(document.sha256):
        yield f"{document.name!r} has the SHA-256 {document.sha256!r:.80}"
    if not 0 <= document.size <= _LARGEST:
        yield f"{document.name!r} has the size {document.size}"


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
