"""Every object and document of a version looked for on its remotes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datarelease.errors import ConfigError
from datarelease.flows.repository import Repository
from datarelease.flows.transfer import faults_of
from datarelease.flows.versions.documents import (
    StoredDocument,
    document_faults,
    read_manifest,
    remotes_of,
    stored_documents,
)
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.release import Fault
from datarelease.model.versions.version import Erasure, Version
from datarelease.model.wording import plural, short_repr


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found of a version on its remotes."""

    manifest: Manifest
    remotes: tuple[str, ...]
    """The names of the remotes that were asked."""
    objects: int
    """How many objects the version has, wherever they are."""
    faults: tuple[Fault, ...]
    erased: Erasure | None = None
    """Its data was erased: nothing but its manifest has to be there."""

    def __repr__(self) -> str:
        found = f"{plural(self.objects, 'object')} on {', '.join(self.remotes)}"
        found = "erased" if self.erased else found
        return short_repr(self, self.manifest.tag, found, plural(len(self.faults), "fault"))


def verify_version(repository: Repository, version: Version, *, full: bool) -> Verification:
    """Every object of a version looked for on each of its remotes, and its documents.

    Of an erased version its manifest alone.

    Raises:
        ConfigError: None of its remotes is configured.
        WorldError: No remote has its manifest, or a remote cannot be asked.
    """
    manifest = read_manifest(repository, version)
    names = {remote.name for remote in manifest.remotes}
    if names.isdisjoint(remote.name for remote in repository.remotes):
        raise ConfigError(
            f"This repository uses no remote that {version.tag} was released to "
            f"({', '.join(sorted(names))}).",
            remedy=f"Add it with `dvc remote add {min(names)} URL`, or name it in "
            "`release.remotes` of params.yaml.",
        )
    for name in sorted(names - {remote.name for remote in repository.remotes}):
        repository.progress.say(
            f"the remote {name} is not checked: it is not configured in this repository"
        )
    faults: list[Fault] = []
    documents = stored_documents(manifest, version.manifest_sha256 or "")
    if version.erased is not None:
        return _verify_erased(repository, version, manifest, documents, full=full)
    remotes = faults_of(repository, manifest, full=full)
    for remote, found in remotes:
        if remote.name in names:
            faults += document_faults(remote, documents, full=full).values()
        faults += found
    return Verification(
        manifest=manifest,
        remotes=tuple(remote.name for remote, _ in remotes),
        objects=len(manifest.objects),
        faults=tuple(faults),
    )


def _verify_erased(
    repository: Repository,
    version: Version,
    manifest: Manifest,
    documents: Iterable[StoredDocument],
    *,
    full: bool,
) -> Verification:
    own = [document for document in documents if document.sha256 == version.manifest_sha256]
    remotes = remotes_of(repository, manifest)
    found = [document_faults(remote, own, full=full) for remote in remotes]
    return Verification(
        manifest=manifest,
        remotes=tuple(remote.name for remote in remotes),
        objects=0,
        faults=tuple(fault for faults in found for fault in faults.values()),
        erased=version.erased,
    )
