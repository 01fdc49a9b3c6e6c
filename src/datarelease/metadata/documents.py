"""All descriptions of a version, by the names of their files."""

from __future__ import annotations

from datarelease.metadata.checksums import SHA256SUMS, checksums
from datarelease.metadata.croissant import CROISSANT, croissant
from datarelease.metadata.datapackage import DATAPACKAGE, datapackage
from datarelease.metadata.facts import VersionSources
from datarelease.metadata.odcs import ODCS, odcs


def metadata_files(version: VersionSources) -> dict[str, bytes]:
    """The standard metadata of a version, and the files of its repository that go with it."""
    return {
        CROISSANT: croissant(version),
        DATAPACKAGE: datapackage(version),
        ODCS: odcs(version),
        SHA256SUMS: checksums(version.manifest),
        **version.files,
    }
