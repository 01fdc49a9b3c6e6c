"""Objects of a version that remotes have lost since its release: repaired and always reported."""

from __future__ import annotations

from datarelease.adapters.store.directory import Store
from datarelease.errors import WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.transfer import send
from datarelease.flows.verify import faults_error, faults_of
from datarelease.flows.versions.documents import find_manifest, find_manifest_bytes, manifest_of
from datarelease.flows.versions.stored_documents import (
    document_faults,
    heal_copies,
    put_back,
    stored_documents,
)
from datarelease.flows.workspace import Workspace
from datarelease.model.versions.manifest import Manifest, document_key, manifest_key
from datarelease.model.versions.release import Fault
from datarelease.model.versions.version import Version


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
            what=f"{len(faults)} object(s) of {latest.tag} were lost or damaged on a remote:",
            untouched="No tag was made."
            + ("" if unrepaired else " Objects in DVC's cache were sent again."),
            remedy=(
                "Run the command in a clone whose DVC cache has the data: it sends the missing "
                "objects."
            )
            if unrepaired
            else "Find out what changed the remote, then run the command again.",
        )


def heal(ws: Workspace, catalogue: Catalogue) -> None:
    """Write the copies that a release which was stopped after its tag left undone.

    Raises:
        WorldError: A remote failed.
    """
    newest = catalogue.versions[-1] if catalogue.versions else None
    for version in dict.fromkeys(v for v in (newest, catalogue.latest) if v is not None):
        manifest = find_manifest(ws, version)
        if manifest is None:
            continue
        for line in heal_copies(ws, manifest, version.manifest_sha256 or ""):
            ws.progress.say(f"copy of {version.tag} written again: {line}")


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
        f"file back from a backup of the remote, here or at "
        f"{document_key(version.manifest_sha256 or '')}. If {version.tag} was tagged by hand and "
        "is not a version, delete that tag.",
    )
