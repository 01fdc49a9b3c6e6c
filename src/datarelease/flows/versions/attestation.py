"""What a workflow attested of a version, held against its tag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datarelease.errors import ConflictError, WorldError
from datarelease.flows.repository import Repository
from datarelease.flows.versions.documents import find_manifest_bytes, manifest_of
from datarelease.model.versions.attestation import (
    EXTENSION,
    PREDICATE_TYPE,
    release_predicate,
)
from datarelease.model.versions.version import Version

if TYPE_CHECKING:
    from datarelease.adapters.github.attestation import GitHubCli


def verify_attestation(
    repository: Repository,
    version: Version,
    name: str,
    gh: GitHubCli,
    *,
    signer: str | None = None,
) -> Mapping[str, Any]:
    """What is attested of the manifest that the tag names, if it agrees with the tag.

    ``name`` is the repository ``owner/name`` on GitHub, ``signer`` that of the workflow where it is
    another one.

    Raises:
        ConflictError: What is attested is not what the tag says, the reviewed digest included.
        WorldError: There is no attestation that holds, or no remote has the manifest.
    """
    data = find_manifest_bytes(repository, version)
    manifest = manifest_of(data, version) if data is not None else None
    if data is None or manifest is None:
        raise WorldError(
            f"No remote has the manifest that {version.tag} names.",
            untouched="Nothing was changed.",
            remedy=f"`datarelease verify {version.tag} --repair` writes it again.",
        )
    expected = release_predicate(manifest, name)
    found = [s.get("predicate") for s in gh.attested(data, name, PREDICATE_TYPE, signer=signer)]
    if expected in found:
        result: Mapping[str, Any] = expected[EXTENSION]
        return result
    raise ConflictError(
        f"The attestation of {version.tag} does not match its tag.",
        untouched="Nothing was changed.",
        remedy="Compare `gh attestation verify manifest.json --format json` with "
        f"`datarelease show {version.tag} --json`, and find out who made the tag.",
    )
