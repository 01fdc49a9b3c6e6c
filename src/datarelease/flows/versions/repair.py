"""Repairs a version on its remotes, from any place that still has its bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from datarelease.adapters.store.directory import Store
from datarelease.errors import WorldError
from datarelease.flows.repository import Repository
from datarelease.flows.transfer import send
from datarelease.flows.verify import holders
from datarelease.flows.versions.documents import find_manifest_bytes
from datarelease.flows.versions.read import Verification, verify_version
from datarelease.flows.versions.stored_documents import put_back, stored_documents
from datarelease.model.versions.release import Fault
from datarelease.model.versions.version import Version


def repair_version(
    repository: Repository, version: Version, found: Verification, *, full: bool
) -> Verification:
    """Write again what ``found`` says is missing or damaged; what is found then.

    Objects come from DVC's cache or from another remote, documents from any place that has the
    bytes that the tag names.

    Raises:
        ConfigError: None of its remotes is configured.
        WorldError: A remote cannot be written to.
    """
    document = find_manifest_bytes(repository, version)
    if document is not None:
        repository.objects.keep(document)
    documents = stored_documents(found.manifest, version.manifest_sha256 or "")
    for remote, _ in holders(repository, found.manifest):
        faults = [fault for fault in found.faults if fault.remote == remote.name]
        bad = {fault.key for fault in faults}
        put_back(repository, remote, [document for document in documents if document.key in bad])
        _send(repository, remote, [fault for fault in faults if fault.md5])
    return verify_version(repository, version, full=full)


# --- inside


def _send(repository: Repository, remote: Store, faults: Sequence[Fault]) -> None:
    wanted = [fault.md5 for fault in faults]
    own = repository.objects
    objects = dataclasses.replace(
        own,
        remotes=tuple(other for other in own.remotes if other.name != remote.name),
        bound=lambda: [other for other in own.bound() if other.name != remote.name],
    )
    for md5 in wanted:
        try:
            objects.bring([md5])
        except WorldError as error:
            # Damaged there as well: what is not repaired is reported at the end.
            repository.progress.say(f"{md5}: {error.what}")
    send(repository, remote, [md5 for md5 in wanted if objects.has(md5)])
