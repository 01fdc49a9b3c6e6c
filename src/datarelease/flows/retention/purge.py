"""Erasing the data of versions for good: what only they hold goes from every remote.

The tag that says so is pushed first. From then on every reader refuses the version, no release
builds on it, and a run that was stopped is finished by the same command.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from datarelease.adapters.store.upkeep import StoredObject, Upkeep, upkeep_of
from datarelease.documents import decode_or_none
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.retention.collect import verifiable
from datarelease.flows.retention.holders import Keeping
from datarelease.flows.retention.others import read_others
from datarelease.flows.retention.tombstone import push_tombstones, write_tombstones
from datarelease.flows.versions.documents import read_manifest
from datarelease.flows.versions.index import write_index
from datarelease.flows.versions.missing import health_of
from datarelease.model.versions.export import STATE_FILE, LatestFiles, latest_folder
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Health
from datarelease.model.versions.remote_keys import DIRECTORY, MANIFEST, document_key, object_key
from datarelease.model.versions.retention import ERASED_FILE, Garbage, GarbageReason, Needed
from datarelease.model.versions.snapshot import TREE
from datarelease.model.versions.version import Version
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Step


@dataclass(frozen=True, kw_only=True)
class RemoteErasure:
    """What goes from one remote."""

    remote: str
    url: str
    """Without credentials."""
    garbage: tuple[Garbage, ...]
    """Listings of directories first."""

    @property
    def size(self) -> int:
        """Bytes of what goes."""
        return sum(item.size for item in self.garbage)


@dataclass(frozen=True, kw_only=True)
class Purge:
    """Versions to erase, and what becomes of what they hold."""

    versions: tuple[Version, ...]
    remotes: tuple[RemoteErasure, ...]
    shared: int
    """Objects that stay, because other versions hold them as well."""
    shared_with: tuple[str, ...]
    """Tags of these versions: what must go there too has to be erased together."""
    named_by: tuple[str, ...]
    """Branches, tags and pull requests whose files of DVC name objects that go."""
    applied: bool = False
    health: Health | None = None
    """Of every other version afterwards."""


def plan_purge(keeping: Keeping, texts: Sequence[str]) -> Purge:
    """What erasing the versions that ``texts`` name would delete; nothing is changed.

    Raises:
        ConfigError: No such version, or it is the newest one in force.
        WorldError: A branch, a manifest or a remote cannot be read.
    """
    return _plan(keeping, texts, [upkeep_of(store) for store in keeping.stores])


def purge(keeping: Keeping, texts: Sequence[str], reason: str) -> Purge:
    """Erase the versions that ``texts`` name; run again after a failure, it finishes.

    Raises:
        ConfigError: As ``plan_purge``; or no reason, or no credentials that may delete.
        WorldError: As ``plan_purge``; or the git remote refused the tag, a remote refused a
            deletion, or another version was found damaged afterwards.
    """
    opened = [keeping.deleting(store.name) for store in keeping.stores]
    first = _plan(keeping, texts, opened)
    new = [version for version in first.versions if version.erased is None]
    if new and not reason.strip():
        raise ConfigError(
            "A reason is needed, written for users of the version.",
            untouched="Nothing was erased.",
            remedy="Add `--reason TEXT`.",
        )
    if new:
        push_tombstones(keeping.repository, new, first.versions, _audit(first, reason))
    # What was released meanwhile is seen now; what comes later sees that the version is erased.
    plan = _plan(keeping, texts, opened)
    for upkeep, part in zip(opened, plan.remotes, strict=True):
        _erase(keeping, upkeep, plan.versions, part)
    catalogue = keeping.catalogue()
    writing = dataclasses.replace(
        keeping.repository,
        remotes=tuple(u.store for u in opened if u.store.name in _required(keeping)),
    )
    write_index(writing, catalogue)
    return dataclasses.replace(plan, applied=True, health=_look_afterwards(keeping, catalogue))


# --- inside


def _plan(keeping: Keeping, texts: Sequence[str], opened: Sequence[Upkeep]) -> Purge:
    keeping.whole.complete_history()
    catalogue = keeping.catalogue()
    found = {version.number: version for version in map(catalogue.find, texts)}
    versions = tuple(found[number] for number in sorted(found))
    _refuse_newest(catalogue, versions)
    own = [read_manifest(keeping.repository, version) for version in versions]
    _refuse_unreached(keeping, own)
    held = {md5 for manifest in own for md5 in manifest.objects}
    documents = {document.sha256 for manifest in own for document in manifest.documents}
    stays, kept_documents, shared_with = _held_by_others(keeping, catalogue, set(found), held)
    listed = [(upkeep, upkeep.walk(DIRECTORY)) for upkeep in opened]
    needed = Needed(
        objects=frozenset(stays),
        documents=frozenset(
            kept_documents | documents | {v.manifest_sha256 or "" for v in catalogue.versions}
        ),
    )
    for upkeep, stored in listed:
        others = read_others(
            upkeep.store, stored, needed, catalogue, keeping.whole, young=frozenset()
        )
        stays |= others.objects
        kept_documents |= others.documents
    going = held - stays
    tags = [version.tag for version in versions]
    return Purge(
        versions=versions,
        remotes=tuple(
            _on_remote(
                upkeep, stored, going, documents - kept_documents, _folders(upkeep, tags, catalogue)
            )
            for upkeep, stored in listed
        ),
        shared=len(held & stays),
        shared_with=shared_with,
        named_by=_named_by(keeping, catalogue, going, {version.commit for version in versions}),
    )


def _refuse_newest(catalogue: Catalogue, versions: Sequence[Version]) -> None:
    newest = catalogue.latest
    if newest is not None and newest in versions:
        raise ConfigError(
            f"{newest.tag} is the newest active version: the next release and everybody's "
            "`latest` build on it.",
            untouched="Nothing was erased.",
            remedy=f"Release data without it first, or withdraw it (`datarelease yank {newest.tag} "
            "--reason TEXT`), so that another version is the newest one.",
        )


def _refuse_unreached(keeping: Keeping, manifests: Sequence[Manifest]) -> None:
    for manifest in manifests:
        held = {remote.name for remote in (*manifest.remotes, *manifest.output_remotes)}
        for name in sorted(held - keeping.covered):
            raise ConfigError(
                f"{manifest.tag} is also on the remote {name!r}, which is not configured here.",
                untouched="Nothing was erased.",
                remedy=f"Add it (`dvc remote add {name} URL`). If that storage no longer exists, "
                "let the remote lead to an empty directory.",
            )


def _held_by_others(
    keeping: Keeping, catalogue: Catalogue, numbers: set[int], held: set[str]
) -> tuple[set[str], set[str], tuple[str, ...]]:
    """Objects and documents of the versions that stay, and who of them shares any of ``held``."""
    objects: set[str] = set()
    documents: set[str] = set()
    sharing: list[str] = []
    for version in catalogue.versions:
        if version.number not in numbers and version.erased is None:
            manifest = read_manifest(keeping.repository, version)
            objects |= manifest.objects.keys()
            documents |= {document.sha256 for document in manifest.documents}
            sharing += [version.tag] if held & manifest.objects.keys() else []
    return objects, documents, tuple(sharing)


def _on_remote(
    upkeep: Upkeep,
    stored: Sequence[StoredObject],
    going: set[str],
    documents: set[str],
    folders: tuple[str, ...],
) -> RemoteErasure:
    keys = [object_key(md5) for md5 in sorted(going)]
    sizes = {key: info.size for key, info in upkeep.store.stat(keys).items()}
    originals = {document_key(sha256) for sha256 in documents}
    stay = {folder + name for folder in folders for name in (MANIFEST, ERASED_FILE)}
    sizes |= {
        item.key: item.size
        for item in stored
        if item.key in originals or (item.key.startswith(folders) and item.key not in stay)
    }
    garbage = [
        Garbage(key=key, size=size, reason=GarbageReason.ERASED) for key, size in sizes.items()
    ]
    return RemoteErasure(
        remote=upkeep.store.name,
        url=upkeep.store.url,
        garbage=tuple(sorted(garbage, key=lambda item: (not item.key.endswith(TREE), item.key))),
    )


def _folders(upkeep: Upkeep, tags: Sequence[str], catalogue: Catalogue) -> tuple[str, ...]:
    """The folders with documents and readable files of the versions, a slash behind each."""
    latest = latest_folder(catalogue.grammar.prefix)
    state = decode_or_none(LatestFiles, upkeep.store.read(f"{latest}/{STATE_FILE}"))
    # Nobody moved it on when the version was withdrawn.
    behind = [f"{latest}/"] if state is not None and state.tag in tags else []
    return (*(f"{DIRECTORY}/{tag}/" for tag in tags), *behind)


def _named_by(
    keeping: Keeping, catalogue: Catalogue, going: set[str], commits: set[str]
) -> tuple[str, ...]:
    """Who else names what goes; tags of the versions' own commits apart."""
    return tuple(name for name, hashes in keeping.refs(catalogue, commits) if hashes & going)


def _audit(plan: Purge, reason: str) -> tuple[tuple[str, str], ...]:
    """What the tag of the erasure says; git adds when and who."""
    objects = sum(len(part.garbage) for part in plan.remotes)
    remotes = " ".join(part.remote for part in plan.remotes)
    return ("Reason", reason), ("Objects", str(objects)), ("Remotes", remotes)


def _erase(
    keeping: Keeping, upkeep: Upkeep, versions: Sequence[Version], part: RemoteErasure
) -> None:
    progress = keeping.repository.progress
    if upkeep.store.name in _required(keeping):
        with progress.step(Step.TOMBSTONE):
            write_tombstones(upkeep.store, keeping.catalogue(), versions)
    listings = [item.key for item in part.garbage if item.key.endswith(TREE)]
    others = [item.key for item in part.garbage if not item.key.endswith(TREE)]
    with progress.track(f"Erasing on {part.remote}", len(part.garbage), "objects") as advance:
        for keys in filter(None, (listings, others)):
            with progress.step(Step.DELETE):
                upkeep.delete(keys, advance, versions=True)
    left = upkeep.store.stat([item.key for item in part.garbage])
    if left:
        raise WorldError(
            f"The remote {part.remote} still has {plural(len(left), 'object')} after the deletion, "
            f"such as {next(iter(left))}.",
            untouched="The remotes after it were not touched.",
            remedy="Find out what keeps or restores them, then run the command again.",
        )


def _required(keeping: Keeping) -> set[str]:
    return {store.name for store in keeping.repository.remotes}


def _look_afterwards(keeping: Keeping, catalogue: Catalogue) -> Health:
    health = health_of(keeping.repository, verifiable(keeping, catalogue), full=False)
    bad = [version.tag for version in health.versions if not version.sound]
    if bad:
        raise WorldError(
            f"The versions are erased, but {', '.join(bad)} {agreeing(len(bad), 'is', 'are')} "
            "incomplete.",
            untouched="",
            remedy=f"Run `datarelease verify {bad[0]} --repair` in a clone whose DVC cache has the "
            "data: it sends the missing objects again.",
        )
    return health
