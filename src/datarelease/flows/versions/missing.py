"""Objects of versions that remotes have lost since their release: found, repaired, reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from datarelease.adapters.store.directory import Store
from datarelease.errors import WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.repository import Repository, Workspace
from datarelease.flows.transfer import faults_error, faults_of, holders, send
from datarelease.flows.versions.documents import (
    document_faults,
    find_manifest,
    find_manifest_bytes,
    heal_copies,
    manifest_of,
    put_back,
    remotes_of,
    stored_documents,
)
from datarelease.flows.versions.verify import Verification, verify_version
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Health, VersionHealth
from datarelease.model.versions.release import Fault
from datarelease.model.versions.remote_keys import document_key, manifest_key
from datarelease.model.versions.version import Version
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Step


def look_at_newest(
    repository: Repository, catalogue: Catalogue, count: int, *, full: bool
) -> Health:
    """The health of the ``count`` newest active versions of ``catalogue``.

    Raises:
        ConfigError: None of a version's remotes is configured.
    """
    versions = [version for version in catalogue.versions if version.in_force]
    return health_of(repository, versions[-count:], full=full)


def health_of(repository: Repository, versions: Sequence[Version], *, full: bool) -> Health:
    """The health of versions, the last one first.

    Raises:
        ConfigError: None of a version's remotes is configured.
    """
    found = []
    for version in reversed(versions):
        repository.progress.say(f"{version.tag}: verifying")
        try:
            result = verify_version(repository, version, full=full)
        except WorldError as error:
            found.append(
                VersionHealth(tag=version.tag, remotes=(), objects=0, faults=(), error=error.what)
            )
        else:
            found.append(
                VersionHealth(
                    tag=version.tag,
                    remotes=result.remotes,
                    objects=result.objects,
                    faults=result.faults,
                    error=None,
                )
            )
    return Health(versions=tuple(found))


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
    if version.erased is not None:
        for remote in remotes_of(repository, found.manifest):
            bad = {fault.key for fault in found.faults if fault.remote == remote.name}
            put_back(repository, remote, [one for one in documents if one.key in bad])
        return verify_version(repository, version, full=full)
    for remote, _ in holders(repository, found.manifest):
        faults = [fault for fault in found.faults if fault.remote == remote.name]
        bad = {fault.key for fault in faults}
        with repository.progress.step(Step.REPAIR):
            put_back(repository, remote, [one for one in documents if one.key in bad])
            _send(repository, remote, [fault for fault in faults if fault.md5])
    return verify_version(repository, version, full=full)


def refuse_damage(ws: Workspace, catalogue: Catalogue) -> None:
    """Check the newest version on the remotes; send again what they lack, if it is available.

    Copies at ``releases/data-vN/`` are not damage: ``heal`` writes them.

    Raises:
        WorldError: Something was missing or damaged; also where it could be repaired, because
            somebody has to find out what deletes released data.
    """
    latest = catalogue.latest
    if latest is None or not ws.remotes:
        return
    document = find_manifest_bytes(ws, latest)
    manifest = manifest_of(document, latest) if document is not None else None
    if document is None or manifest is None:
        raise _no_manifest(ws, latest)
    ws.objects.keep(document)
    whole = {remote.name for remote in manifest.remotes}
    faults: list[Fault] = []
    unrepaired = False
    for remote, lost in faults_of(ws, manifest):
        send(ws, remote, [fault.md5 for fault in lost if ws.objects.has(fault.md5)])
        unrepaired |= not all(ws.objects.has(fault.md5) for fault in lost)
        faults += lost
        if remote.name in whole:
            found, left = _documents(ws, remote, latest, manifest)
            unrepaired |= left
            faults += found
    if faults:
        raise faults_error(
            faults,
            what=f"{plural(len(faults), 'object')} of {latest.tag} "
            f"{agreeing(len(faults), 'was', 'were')} lost or damaged on a remote:",
            untouched="No tag was made."
            + ("" if unrepaired else " Objects in DVC's cache were sent again."),
            remedy=(
                "Run the command in a clone whose DVC cache has the data: it sends the missing "
                "objects."
            )
            if unrepaired
            else "If the remote's address is new or misspelt, correct it (`dvc remote list` shows "
            "it). Otherwise find out what changed the remote. Then run the command again.",
        )


def heal(ws: Workspace, catalogue: Catalogue) -> None:
    """Write the copies that a release which was stopped after its tag left undone.

    Those of an erased version stay away, wherever their bytes still are.

    Raises:
        WorldError: A remote failed.
    """
    newest = catalogue.versions[-1] if catalogue.versions else None
    for version in dict.fromkeys(v for v in (newest, catalogue.latest) if v is not None):
        manifest = find_manifest(ws, version) if version.erased is None else None
        if manifest is None:
            continue
        for line in heal_copies(ws, manifest, version.manifest_sha256 or ""):
            ws.progress.say(f"a copy of {version.tag} was written again: {line}")


# --- inside


def _documents(
    ws: Workspace, remote: Store, version: Version, manifest: Manifest
) -> tuple[list[Fault], bool]:
    """What a remote lacks of a version's documents, sent again; and whether some is nowhere."""
    needed = [
        document
        for document in stored_documents(manifest, version.manifest_sha256 or "")
        if not (manifest.documents and document.is_copy)
    ]
    faults = document_faults(remote, needed)
    return list(faults.values()), bool(put_back(ws, remote, faults))


def _no_manifest(ws: Workspace, version: Version) -> WorldError:
    key = manifest_key(version.tag)
    faults = [
        Fault(
            remote=remote.name,
            key=key,
            md5="",
            kind="missing" if remote.read(key) is None else "hash",
        )
        for remote in ws.remotes
    ]
    return faults_error(
        faults,
        what=f"The manifest of {version.tag} was lost:",
        untouched="No tag was made.",
        remedy="Run the command in the clone that released it (it keeps a copy), or put the "
        f"file back from a backup of the remote, at the key above or at "
        f"{document_key(version.manifest_sha256 or '')}. If {version.tag} was tagged by hand and "
        "is not a version, delete that tag.",
    )


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
            repository.progress.say(f"the object {md5} is not available: {error.what}")
    send(repository, remote, [md5 for md5 in wanted if objects.has(md5)])
