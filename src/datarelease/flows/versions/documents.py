"""The manifest of a version and the documents that it lists, found by the SHA-256 of their bytes.

The tag names the manifest, the manifest names the documents. Where bytes come from does not matter
then: this machine's copy, ``releases/sha256/`` on a remote, or the copy beside the manifest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.remotes import first
from datarelease.documents import DocumentError, decode_manifest
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.repository import Repository
from datarelease.flows.write_file import write
from datarelease.model.versions.manifest import (
    MANIFEST,
    Manifest,
    document_key,
    documents_of,
    is_about,
    manifest_key,
    metadata_key,
)
from datarelease.model.versions.version import Version


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def read_manifest(repository: Repository, version: Version) -> Manifest:
    """The manifest that the tag of a version names.

    Raises:
        ConfigError: No remote is configured.
        WorldError: It is nowhere, or it is about another version.
    """
    if not repository.remotes:
        raise ConfigError(
            "No DVC remote is configured, so there is no place to read data from.",
            remedy="Add the remote that holds the versions: `dvc remote add -d NAME URL`.",
        )
    manifest = find_manifest(repository, version)
    if manifest is None:
        where = ", ".join(remote.name for remote in repository.remotes)
        raise WorldError(
            f"No remote has the manifest that {version.tag} names "
            f"({where}: {manifest_key(version.tag)}).",
            untouched="Nothing was changed.",
            remedy="Check that the remotes are the ones it was released to (`dvc remote list`).",
        )
    return manifest


def find_manifest(repository: Repository, version: Version) -> Manifest | None:
    """The manifest of a version; None where no place has one that agrees with the tag.

    Raises:
        WorldError: It was not found, and a remote could not be asked; or it is refused.
    """
    data = find_manifest_bytes(repository, version)
    return manifest_of(data, version) if data is not None else None


def find_manifest_bytes(repository: Repository, version: Version) -> bytes | None:
    """The manifest with the SHA-256 in the tag, whatever it says; None: no place has it.

    Raises:
        WorldError: It was not found, and a remote could not be asked.
    """
    sha256 = version.manifest_sha256
    return find_bytes(repository, sha256, manifest_key(version.tag)) if sha256 is not None else None


def manifest_of(data: bytes, version: Version) -> Manifest | None:
    """The manifest if it is the one that the tag names, and agrees with the tag; else None.

    Raises:
        WorldError: The tag names it, and it holds what no manifest may.
    """
    if version.manifest_sha256 != sha256_hex(data):
        return None
    try:
        manifest = decode_manifest(data)
    except DocumentError as error:
        raise WorldError(
            f"The manifest of {version.tag} is refused: {error}",
            untouched="Nothing was written.",
            remedy="No release of this version of datarelease writes such a manifest: "
            "update datarelease; if that does not help, find out who made the tag.",
        ) from error
    return manifest if is_about(manifest, version) else None


def find_document(repository: Repository, manifest: Manifest, name: str) -> bytes | None:
    """A document of a version by its name; None: it has none, or no place has those bytes.

    Raises:
        WorldError: It was not found, and a remote could not be asked.
    """
    listed = documents_of(manifest)
    if name not in listed:
        return None
    document = listed[name]
    return find_bytes(
        repository, document.sha256 if document else None, metadata_key(manifest.tag, name)
    )


def find_bytes(repository: Repository, sha256: str | None, copy: str) -> bytes | None:
    """The bytes with a SHA-256 (None: any), from the first place that has them, or None.

    ``copy`` is the key of the copy for people, asked where there is nothing under the SHA-256.

    Raises:
        WorldError: They were not found, and a remote could not be asked.
    """
    kept = repository.objects.kept(sha256) if sha256 is not None else None
    if kept is not None:
        return kept

    def read(remote: Store) -> bytes | None:
        for key in (*([document_key(sha256)] if sha256 else []), copy):
            data = remote.read(key)
            if data is not None and sha256 in {None, sha256_hex(data)}:
                return data
            if data is not None:
                repository.progress.say(f"{remote.name}: {key} has other bytes than the tag names")
        return None

    return first(repository.remotes, read)


def fetch_documents(repository: Repository, version: Version, target: Path) -> tuple[str, ...]:
    """Write the documents of a version below ``target``; their names, sorted.

    Raises:
        ConfigError: They cannot be written there.
        WorldError: No remote has the manifest, or none answers.
    """
    manifest = read_manifest(repository, version)
    found = {MANIFEST: find_manifest_bytes(repository, version)}
    found |= {name: find_document(repository, manifest, name) for name in documents_of(manifest)}
    there = {name: data for name, data in found.items() if data is not None}
    write_documents(there, target)
    return tuple(sorted(there))


def write_documents(documents: Mapping[str, bytes], target: Path) -> None:
    """Write documents below ``target``, by name.

    Raises:
        ConfigError: They cannot be written there.
    """
    for name, data in documents.items():
        write(target / name, data)
