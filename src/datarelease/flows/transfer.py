"""Pushes objects to the remotes that lack them, and verifies them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datarelease.adapters.store.directory import Store
from datarelease.flows.repository import Repository, with_remotes
from datarelease.flows.verify import faults_error, faults_of, find_faults, holders
from datarelease.flows.workspace import Workspace
from datarelease.model.versions.manifest import object_key
from datarelease.model.versions.release import Candidate, Pushed, Verified


def push_objects(ws: Workspace, candidate: Candidate) -> Pushed:
    """Hand every object that a remote lacks to it; directory listings go last.

    What ``verify_objects`` would find damaged is sent again as well.

    Raises:
        WorldError: A remote failed.
    """
    # An output that names another remote than before is where it was released to.
    before = {held.name for earlier in candidate.earlier for held in earlier.output_remotes}
    reached = with_remotes(ws, lambda: before)
    sent = tuple(
        (remote.name, len(complete(reached, remote, objects)))
        for remote, objects in holders(ws, candidate.manifest)
    )
    return Pushed(candidate=candidate, uploaded=sent)


def verify_objects(ws: Workspace, pushed: Pushed) -> Verified:
    """Find every object on every remote where it belongs.

    Raises:
        WorldError: Objects are missing or damaged; they are named.
    """
    manifest = pushed.candidate.manifest
    faults = [fault for _, found in faults_of(ws, manifest) for fault in found]
    if faults:
        raise faults_error(
            faults,
            what=f"{len(faults)} object(s) are not on the remote after the push:",
            untouched="No tag was made.",
            remedy="Run the command again: it sends what is missing.",
        )
    count = len(manifest.objects)
    remotes = len(manifest.remotes) + len(manifest.output_remotes)
    ws.progress.say(f"verify: {count} objects on {remotes} remote(s)")
    return Verified(pushed=pushed, objects=count)


def complete(
    ws: Repository, remote: Store, objects: Mapping[str, int | None], *, sample: bool = True
) -> tuple[str, ...]:
    """Hashes of the objects (with their sizes, where known) that a remote lacked and was sent.

    ``sample`` also reads some objects back, as ``find_faults`` does.

    Raises:
        WorldError: The remote failed, or no other place has what it lacks.
    """
    faults = find_faults(remote, objects, progress=ws.progress, sample=sample)
    lost = tuple(fault.md5 for fault in faults)
    ws.objects.ensure(lost)
    send(ws, remote, lost)
    ws.progress.say(f"push {remote.name}: {len(lost)} sent, {len(objects) - len(lost)} there")
    return lost


def send(ws: Repository, remote: Store, hashes: Sequence[str]) -> None:
    """Upload objects of the cache, over what the remote has under their names.

    Raises:
        WorldError: The remote failed, or the cache's own copy is damaged.
    """
    if not hashes:
        return
    unproven = [md5 for md5 in hashes if md5 not in ws.objects.proven]
    with ws.progress.track("Checking what is sent", len(unproven), "objects") as advance:
        for md5 in unproven:
            ws.objects.prove(md5)
            advance(1)
    with ws.progress.track(f"Pushing to {remote.name}", len(hashes), "objects") as advance:
        # A listing on the remote implies its files, so it is sent after them.
        for trees in (False, True):
            part = [md5 for md5 in hashes if md5.endswith(".dir") is trees]
            remote.upload({object_key(md5): ws.objects.path(md5) for md5 in part}, advance)
