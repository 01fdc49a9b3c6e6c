"""Objects on the remotes: verified, independent of DVC's own status, and sent where they lack."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from datarelease.adapters.store.directory import ObjectInfo, Store
from datarelease.adapters.store.workers import each
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.repository import Repository
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.release import Fault
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import TREE
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Advance, Progress, Step

SAMPLE_BYTES = 64 << 20
"""Read back for a sample, per remote, where the remote itself does not tell a hash."""
_READERS = 4
_SHOWN = 20


def holders(
    repository: Repository, manifest: Manifest
) -> tuple[tuple[Store, dict[str, int | None]], ...]:
    """The remotes of a version, each with hash and size of the objects that it must hold.

    Those that are not configured here are told, and left out.
    """
    found = [
        (remote, manifest.objects_on(remote.name))
        for remote in repository.remotes
        if any(whole.name == remote.name for whole in manifest.remotes)
    ]
    for bound in manifest.output_remotes:
        try:
            found.append((repository.named(bound.name), manifest.objects_on(bound.name)))
        except ConfigError as error:
            repository.progress.say(f"the remote {bound.name} is not checked: {error.what}")
    return tuple(found)


def faults_of(
    repository: Repository, manifest: Manifest, *, full: bool = False
) -> tuple[tuple[Store, tuple[Fault, ...]], ...]:
    """The remotes of a version, each with what is missing or damaged there, named by its path."""
    paths: dict[str, str] | None = None
    found = []
    for remote, objects in holders(repository, manifest):
        faults = find_faults(remote, objects, progress=repository.progress, full=full)
        if faults:
            paths = paths or manifest.paths
            faults = tuple(dataclasses.replace(f, path=paths.get(f.md5, "")) for f in faults)
        found.append((remote, faults))
    return tuple(found)


def find_faults(
    remote: Store,
    objects: Mapping[str, int | None],
    *,
    progress: Progress,
    full: bool = False,
    sample: bool = True,
) -> tuple[Fault, ...]:
    """What is missing or damaged of ``objects`` (hash: size) on a remote, in key order.

    Presence, size and the hash that the remote tells are checked of every object; bytes are read
    back for a sample of those without such a hash, or with ``full`` for all.

    Raises:
        WorldError: The remote cannot be asked.
    """
    keys = {md5: object_key(md5) for md5 in sorted(objects)}
    with progress.step(Step.LOOK):
        found = remote.stat(list(keys.values()))
    faults = []
    for md5, key in keys.items():
        fault = fault_in(remote, key, objects[md5], found.get(key), md5)
        if fault is not None and fault.kind == "hash" and _has(remote, key, md5):
            # An encrypted object's ETag is not MD5 and can look like one: the bytes decide.
            fault = None
        faults += [fault] if fault else []
    bad = {fault.md5 for fault in faults}
    sound = {md5: found[key] for md5, key in keys.items() if md5 not in bad}
    chosen = list(sound) if full else _sample(sound) if sample else []
    if chosen:
        faults += _read_back(remote, chosen, progress)
    return tuple(sorted(faults, key=lambda fault: fault.key))


def fault_in(
    remote: Store, key: str, size: int | None, found: ObjectInfo | None, md5: str = ""
) -> Fault | None:
    """What is wrong with an object of ``size`` and ``md5`` (None, empty: any), by what is said."""
    fault = partial(Fault, remote=remote.name, key=key, md5=md5)
    if found is None:
        return fault(kind="missing")
    if size is not None and found.size != size:
        return fault(kind="size", found=f"{found.size:,} bytes, not {size:,}")
    if md5 and found.md5 is not None and found.md5 != md5.removesuffix(TREE):
        return fault(kind="hash", found=f"MD5 {found.md5}")
    return None


def _has(remote: Store, key: str, md5: str) -> bool:
    return remote.digest(key) == md5.removesuffix(TREE)


def _sample(sound: Mapping[str, ObjectInfo]) -> list[str]:
    """Objects without a hash of their own, in an order that nobody chose, up to the budget."""
    unknown = (md5 for md5, info in sound.items() if info.md5 is None)
    chosen, total = [], 0
    for md5 in sorted(unknown, key=lambda md5: hashlib.sha256(md5.encode()).digest()):
        if total + sound[md5].size <= SAMPLE_BYTES:
            total += sound[md5].size
            chosen.append(md5)
    return chosen


def _read_back(remote: Store, hashes: Sequence[str], progress: Progress) -> list[Fault]:
    def read(md5: str) -> Fault | None:
        key = object_key(md5)
        found = remote.digest(key)
        advance(1)
        if found == md5.removesuffix(TREE):
            return None
        return Fault(remote=remote.name, key=key, md5=md5, kind="hash", found=f"MD5 {found}")

    with progress.track(f"Reading back from {remote.name}", len(hashes), "objects") as advance:
        return [fault for fault in each(read, hashes, _READERS) if fault]


def faults_error(faults: Sequence[Fault], *, what: str, untouched: str, remedy: str) -> WorldError:
    """The error that names the objects at fault."""
    lines = [f"  {fault}" for fault in faults[:_SHOWN]]
    if len(faults) > _SHOWN:
        lines.append(f"  … and {len(faults) - _SHOWN:,} more")
    listed = "\n".join(lines)
    return WorldError(f"{what}\n{listed}", untouched=untouched, remedy=remedy)


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
    there = len(objects) - len(lost)
    ws.progress.say(
        f"{plural(len(lost), 'object')} {agreeing(len(lost), 'was', 'were')} sent to "
        f"{remote.name}; {there:,} {agreeing(there, 'was', 'were')} there already"
    )
    return lost


def send(ws: Repository, remote: Store, hashes: Sequence[str]) -> None:
    """Upload objects of the cache, over what the remote has under their names."""
    if not hashes:
        return
    unproven = [md5 for md5 in hashes if md5 not in ws.objects.proven]
    with ws.progress.track("Checking before the upload", len(unproven), "objects") as advance:
        ws.objects.prove_all(unproven, advance)
    with (
        ws.progress.step(Step.SEND),
        ws.progress.track(f"Pushing to {remote.name}", len(hashes), "objects") as advance,
    ):
        # A listing on the remote implies its files, so it is sent after them.
        for trees in (False, True):
            part = [md5 for md5 in hashes if md5.endswith(TREE) is trees]
            files = {object_key(md5): ws.objects.path(md5) for md5 in part}
            upload(remote, files, ws.progress, advance)


def upload(
    remote: Store, files: Mapping[str, Path], progress: Progress, advance: Advance = lambda _: None
) -> None:
    """Write objects (key: local file) to a remote, a step each."""

    def uploaded(count: int) -> None:
        with progress.step(Step.UPLOAD):
            advance(count)

    remote.upload(files, uploaded)
