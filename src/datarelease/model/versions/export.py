"""Readable paths: where a remote has the files of a version under their own names.

They are copies for people and programs that know neither manifests nor hashes. No promise of a
version rests on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datarelease.model.versions.manifest import Manifest, ManifestFile, documents_of
from datarelease.model.versions.remote_keys import DIRECTORY, MANIFEST, metadata_key
from datarelease.model.versions.retention import ERASED_FILE
from datarelease.model.versions.version import DEFAULT_PREFIX

_FORMAT = 1
STATE_FILE = "version.json"
"""In the folder of the newest version: which one it is, and what belongs there."""


def latest_folder(prefix: str) -> str:
    """Where a remote has the readable files of the newest version of a project.

    >>> latest_folder("data-v"), latest_folder("sales-v")
    ('releases/latest', 'releases/latest-sales-v')
    """
    name = "latest" if prefix == DEFAULT_PREFIX else f"latest-{prefix}"
    return f"{DIRECTORY}/{name}"


@dataclass(frozen=True, kw_only=True)
class LatestFiles:
    """What the folder of the newest version holds."""

    tag: str | None
    """None: it is being changed."""
    files: Mapping[str, str]
    """MD5 of each file by its path in the folder; only what was verified is here."""
    format: int = _FORMAT


def readable_files(manifest: Manifest) -> dict[str, ManifestFile]:
    """The files of the datasets by ``DATASET/FILE``; names that documents have are left out."""
    taken = {MANIFEST, ERASED_FILE, *documents_of(manifest)}
    found = {
        f"{dataset.name}/{file.path}": file
        for dataset in manifest.datasets
        for file in dataset.files
    }
    return {path: file for path, file in found.items() if path not in taken}


def exported_key(tag: str, path: str) -> str:
    """Where a readable file of a version is on a remote, below its root."""
    return metadata_key(tag, path)
