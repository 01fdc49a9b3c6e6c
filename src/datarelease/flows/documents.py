"""What lies beside the manifest of a version, brought here for whoever announces it."""

from __future__ import annotations

from pathlib import Path

from datarelease.errors import WorldError
from datarelease.flows.local_files import write
from datarelease.flows.read import read_manifest
from datarelease.flows.shelf import Shelf
from datarelease.model.manifest import MANIFEST, documents_of, manifest_key, metadata_key
from datarelease.model.version import Version


def fetch_documents(shelf: Shelf, version: Version, target: Path) -> tuple[str, ...]:
    """Write the documents of a version below ``target``; their names, sorted.

    Raises:
        ConfigError: They cannot be written there.
        WorldError: No remote has the manifest, or none answers.
    """
    manifest = read_manifest(shelf, version)
    keys = {MANIFEST: manifest_key(version.tag)}
    keys |= {name: metadata_key(version.tag, name) for name in documents_of(manifest)}
    found = []
    for name, key in sorted(keys.items()):
        data = _first(shelf, key)
        if data is not None:
            write(target / name, data)
            found.append(name)
    return tuple(found)


def _first(shelf: Shelf, key: str) -> bytes | None:
    """A document from the first remote that has it."""
    problem = None
    for remote in shelf.remotes:
        try:
            data = remote.read(key)
        except WorldError as error:
            problem = problem or error
            continue
        if data is not None:
            return data
    if problem is not None:
        raise problem
    return None
