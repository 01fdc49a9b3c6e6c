"""The standard metadata of a version at an address, as its manifest lists it."""

from __future__ import annotations

from pathlib import Path

from datarelease.adapters.untrusted import refuse_links_to
from datarelease.errors import ConfigError
from datarelease.flows.versions.documents import write_documents
from datarelease.model.versions.manifest import METADATA, ManifestDocument, documents_of
from datarelease.model.versions.remote_keys import metadata_key
from datarelease.model.versions.version import Version
from datarelease.readers.address import AddressReader, document_at, manifest_at

METADATA_LIMIT = 64 << 20
"""Bytes of one."""


def write_metadata_there(reader: AddressReader, version: Version, target: Path) -> tuple[Path, ...]:
    """Put the metadata that a version's manifest lists below ``target``; where it is.

    Each file has the SHA-256 that the manifest says.

    Raises:
        ConfigError: The manifest lists none, or it cannot be written there.
        WorldError: A file is missing or has other bytes, or the address cannot be read.
    """
    listed = documents_of(manifest_at(reader, version))
    wanted = [document for name in sorted(METADATA & listed.keys()) if (document := listed[name])]
    if not wanted:
        raise ConfigError(
            f"{version.tag} was released without metadata.",
            untouched="Its files were put there; nothing else was written.",
            remedy=f"In a clone of its git repository, `datarelease get {version.tag} --metadata` "
            "makes it from the manifest.",
        )
    found = {document.name: _read(reader, version, document) for document in wanted}
    refuse_links_to(target, found)
    write_documents(found, target)
    return tuple(target / name for name in found)


def _read(reader: AddressReader, version: Version, document: ManifestDocument) -> bytes:
    what = f"{document.name} of {version.tag}"
    wanted = (document.sha256, metadata_key(version.tag, document.name))
    untouched = "No metadata was written."
    return document_at(reader, version, what, wanted, METADATA_LIMIT, untouched=untouched)[1]
