"""Manifest and documents of a version on its remotes: looked for, and put back where they are lost.

They are there twice: under their own SHA-256, written and read back before the tag, and as copies
at ``releases/data-vN/``, which people and programs read without git. Copies are made after the tag
from bytes that it names, so that writing them again, by whomever, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from datarelease.adapters.store.directory import Store
from datarelease.flows.repository import Repository
from datarelease.flows.versions.documents import find_bytes, sha256_hex
from datarelease.model.versions.manifest import (
    Manifest,
    document_key,
    documents_of,
    manifest_key,
    metadata_key,
)
from datarelease.model.versions.release import Fault


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
        if found is None:
            return Fault(remote=remote.name, key=document.key, md5="", kind="missing")
        if document.size not in {None, found.size}:
            detail = f"{found.size:,} bytes, not {document.size:,}"
            return Fault(remote=remote.name, key=document.key, md5="", kind="size", found=detail)
        if full or document.size is None:
            data = remote.read(document.key)
            if data is None or sha256_hex(data) != document.sha256:
                return Fault(remote=remote.name, key=document.key, md5="", kind="hash")
        return None

    with ThreadPoolExecutor(8) as pool:
        faults = list(pool.map(look, wanted))
    return {document: fault for document, fault in zip(wanted, faults, strict=True) if fault}


def put_back(
    repository: Repository, remote: Store, documents: Iterable[StoredDocument]
) -> tuple[StoredDocument, ...]:
    """Write documents to a remote, over what is there; those whose bytes are nowhere are returned.

    Raises:
        WorldError: A remote failed.
    """
    files, lost = {}, []
    for document in documents:
        data = find_bytes(repository, document.sha256, document.copy)
        if data is None:
            lost.append(document)
        else:
            files[document.key] = repository.objects.keep(data)
    remote.upload(files, lambda _: None)
    return tuple(lost)


def heal_copies(repository: Repository, manifest: Manifest, sha256: str) -> tuple[str, ...]:
    """Write the copies that a version's remotes lack or that differ; what was wrong, in words.

    Args:
        repository: The repository.
        manifest: Of the version.
        sha256: Of the manifest, as the tag names it.

    A release that was stopped after its tag leaves them to the next one.

    Raises:
        WorldError: A remote failed.
    """
    healed = []
    copies = [document for document in stored_documents(manifest, sha256) if document.is_copy]
    for remote in remotes_of(repository, manifest):
        faults = document_faults(remote, copies)
        lost = put_back(repository, remote, faults)
        healed += [str(fault) for document, fault in faults.items() if document not in lost]
    return tuple(healed)


def remotes_of(repository: Repository, manifest: Manifest) -> tuple[Store, ...]:
    """The remotes of a version that are configured here."""
    names = {remote.name for remote in manifest.remotes}
    return tuple(remote for remote in repository.remotes if remote.name in names)
