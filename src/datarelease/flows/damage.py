"""What remotes have lost of a version since it was released: repaired, and always told."""

from __future__ import annotations

from collections.abc import Mapping

from datarelease.adapters.store import Store
from datarelease.documents import decode_manifest
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.push import send
from datarelease.flows.read import manifest_of
from datarelease.flows.verify import faults_error, find_faults, holders
from datarelease.flows.workspace import Workspace
from datarelease.model.manifest import manifest_key
from datarelease.model.release import Fault
from datarelease.model.version import Version


def refuse_damage(ws: Workspace, catalogue: Catalogue) -> None:
    """Look for the newest version on the remotes; send again what they lack, where it is at hand.

    Raises:
        WorldError: Something was missing or damaged; also where it could be repaired, because
            somebody has to find out what deletes released data.
    """
    latest = catalogue.latest
    if latest is None or not ws.remotes:
        return
    found = {remote: remote.read(manifest_key(latest.tag)) for remote in ws.remotes}
    sound = [data for data in found.values() if data is not None and manifest_of(data, latest)]
    document = sound[0] if sound else ws.objects.kept(latest.trailer("Manifest-Sha256") or "")
    if document is None:
        faults = [_manifest_fault(remote, latest, found) for remote in ws.remotes]
        raise faults_error(
            faults,
            what=f"The manifest of {latest.tag} was lost:",
            untouched="No tag was made.",
            remedy="Run the command in the clone that released it (it keeps a copy), or put the "
            "file back from a backup of the remote.",
        )
    _repair(ws, latest, document, found)


def _repair(
    ws: Workspace, version: Version, document: bytes, found: Mapping[Store, bytes | None]
) -> None:
    kept = ws.objects.keep(document)
    manifest = decode_manifest(document)
    faults: list[Fault] = []
    for remote, objects in holders(ws, manifest):
        lost = find_faults(remote, objects, progress=ws.progress)
        send(ws, remote, [fault.md5 for fault in lost if ws.objects.has(fault.md5)])
        faults += lost
        if remote in found and found[remote] != document:
            # Create-only first: a bucket's policy may refuse any other way below releases/.
            if not remote.create(manifest_key(version.tag), document):
                remote.upload({manifest_key(version.tag): kept}, lambda _: None)
            faults.append(_manifest_fault(remote, version, found))
    if faults:
        repaired = all(not fault.md5 or ws.objects.has(fault.md5) for fault in faults)
        raise faults_error(
            faults,
            what=f"{len(faults)} object(s) of {version.tag} were lost or damaged on a remote:",
            untouched="No tag was made." + (" What is at hand was sent again." if repaired else ""),
            remedy="Find out what changed the remote, then run the command again."
            if repaired
            else "Run it where the data is at hand (in DVC's cache): it sends what is missing.",
        )


def _manifest_fault(remote: Store, version: Version, found: Mapping[Store, bytes | None]) -> Fault:
    return Fault(
        remote=remote.name,
        key=manifest_key(version.tag),
        md5="",
        kind="missing" if found[remote] is None else "hash",
    )
