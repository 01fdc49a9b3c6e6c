"""The manifest of a version and the documents that it lists, found by the SHA-256 of their bytes.

The tag names the manifest, the manifest names the documents. Where bytes come from does not matter
then: this machine's copy, or one of two places on a remote. Under their own SHA-256 they are
written and read back before the tag. The copies at ``releases/data-vN/``, which people and programs
read without git, are made after the tag from bytes that it names, so that writing them again, by
whomever, changes nothing. A function that asks remotes raises WorldError where one cannot be asked
and no other place has what is wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.store.directory import Store
from datarelease.adapters.store.several import first
from datarelease.documents import DocumentError, decode_manifest
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.repository import Repository
from datarelease.flows.transfer import fault_in, upload
from datarelease.flows.write_file import write
from datarelease.model.versions.manifest import Manifest, documents_of, is_about
from datarelease.model.versions.release import Fault
from datarelease.model.versions.remote_keys import (
    MANIFEST,
    document_key,
    manifest_key,
    metadata_key,
)
from datarelease.model.versions.version import Version
from datarelease.progress import Step


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
    """The manifest with the SHA-256 in the tag, whatever it says; None: no place has it."""
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
    """A document of a version by its name; None: it has none, or no place has those bytes."""
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
        def wrong(key: str) -> None:
            repository.progress.say(
                f"{key} on {remote.name} is not used: it does not match the SHA-256 in the tag"
            )

        found = read_by_hash(remote.read, sha256, copy, wrong)
        return found[1] if found is not None else None

    return first(repository.remotes, read)


def read_by_hash(
    read: Callable[[str], bytes | None], sha256: str | None, copy: str, wrong: Callable[[str], None]
) -> tuple[str, bytes] | None:
    """A document of one place, with its key: under its own SHA-256, otherwise its readable copy.

    Args:
        read: Reads the object with a key of that place; None: it has no such object.
        sha256: Of the document. None: whatever the copy holds.
        copy: The key of the copy below ``releases/data-vN/``.
        wrong: Is called with the key of an object that has other bytes.

    Returns:
        None where that place has no such bytes.
    """
    for key in (*([document_key(sha256)] if sha256 else []), copy):
        data = read(key)
        if data is not None and sha256 in {None, sha256_hex(data)}:
            return key, data
        if data is not None:
            wrong(key)
    return None


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
    """Write documents below ``target``, by name."""
    for name, data in documents.items():
        write(target / name, data)


@dataclass(frozen=True, kw_only=True)
class StoredDocument:
    """A manifest, or a document that one lists, at one of its two places on a remote."""

    key: str
    sha256: str
    size: int | None
    """None: it is read, whatever its size."""
    copy: str
    """Key of its copy for people; equal to ``key`` where this is the copy."""

    @property
    def is_copy(self) -> bool:
        """It is at ``releases/data-vN/``."""
        return self.key == self.copy


def stored_documents(manifest: Manifest, sha256: str) -> tuple[StoredDocument, ...]:
    """Where a remote has the manifest with ``sha256``, and the documents that it lists.

    Of format 1 that is the manifest alone, at the place that is for copies now.
    """
    copies: dict[str, tuple[str, int | None]] = {manifest_key(manifest.tag): (sha256, None)}
    for name, document in documents_of(manifest).items():
        if document is not None:
            copies[metadata_key(manifest.tag, name)] = (document.sha256, document.size)
    places = [(key, key, *found) for key, found in copies.items()]
    if manifest.documents:
        places += [(document_key(found[0]), key, *found) for key, found in copies.items()]
    return tuple(
        StoredDocument(key=key, copy=copy, sha256=digest, size=size)
        for key, copy, digest, size in places
    )


def document_faults(
    remote: Store, documents: Iterable[StoredDocument], *, full: bool = False
) -> dict[StoredDocument, Fault]:
    """What is missing or has other bytes on a remote; with ``full`` everything is read.

    Raises:
        WorldError: The remote cannot be asked.
    """
    wanted = tuple(documents)

    def look(document: StoredDocument) -> Fault | None:
        # One at a time: together, a store would list the documents of all versions there are.
        found = remote.stat([document.key]).get(document.key)
        fault = fault_in(remote, document.key, document.size, found)
        if fault is None and (full or document.size is None):
            data = remote.read(document.key)
            if data is None or sha256_hex(data) != document.sha256:
                return Fault(remote=remote.name, key=document.key, md5="", kind="hash")
        return fault

    with ThreadPoolExecutor(8) as pool:
        faults = list(pool.map(look, wanted))
    return {document: fault for document, fault in zip(wanted, faults, strict=True) if fault}


def put_back(
    repository: Repository, remote: Store, documents: Iterable[StoredDocument]
) -> tuple[StoredDocument, ...]:
    """Write documents to a remote, over what is there; returns those whose bytes are nowhere."""
    files, lost = {}, []
    for document in documents:
        data = find_bytes(repository, document.sha256, document.copy)
        if data is None:
            lost.append(document)
        else:
            files[document.key] = repository.objects.keep(data)
    upload(remote, files, repository.progress)
    return tuple(lost)


def heal_copies(repository: Repository, manifest: Manifest, sha256: str) -> tuple[str, ...]:
    """Write the copies that a version's remotes lack or that differ; what was wrong, in words.

    A release that was stopped after its tag leaves them to the next one. The tag names ``sha256``.
    """
    healed = []
    copies = [document for document in stored_documents(manifest, sha256) if document.is_copy]
    for remote in remotes_of(repository, manifest):
        with repository.progress.step(Step.COPIES):
            faults = document_faults(remote, copies)
            lost = put_back(repository, remote, faults)
        healed += [str(fault) for document, fault in faults.items() if document not in lost]
    return tuple(healed)


def remotes_of(repository: Repository, manifest: Manifest) -> tuple[Store, ...]:
    """The remotes of a version that are configured here."""
    names = {remote.name for remote in manifest.remotes}
    return tuple(remote for remote in repository.remotes if remote.name in names)
