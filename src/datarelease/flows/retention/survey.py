"""What a remote holds, and which of it nothing needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datarelease.adapters.store.upkeep import StoredObject, Upkeep
from datarelease.adapters.store.workers import each
from datarelease.adapters.strict_yaml import load_mapping
from datarelease.documents import decode_or_none
from datarelease.errors import SettingsError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.retention.holders import Keeping
from datarelease.flows.retention.others import read_others
from datarelease.model.versions.export import STATE_FILE, LatestFiles, latest_folder
from datarelease.model.versions.remote_keys import DIRECTORY
from datarelease.model.versions.retention import (
    OBJECTS,
    RUNS,
    Garbage,
    GarbageReason,
    Needed,
    RemoteSweep,
    document_hash,
    is_run,
    is_scratch,
    object_hash,
)
from datarelease.model.versions.snapshot import TREE

_LISTERS = 8


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What counts on one remote."""

    objects: frozenset[str]
    documents: frozenset[str]
    before: datetime
    """What was written since then is too young to go."""
    objects_stay: bool
    """Others use the remote, of whom not everything is known."""
    stale: frozenset[str] = frozenset()
    """Keys of readable paths that no longer belong to the newest version."""

    def is_young(self, item: StoredObject) -> bool:
        """It was written lately, or the remote does not say when."""
        return item.modified is None or item.modified > self.before

    def reason(self, key: str) -> GarbageReason | None:
        """Why an object may go, were it old enough; None: it stays. Run cache apart."""
        md5, sha256 = object_hash(key), document_hash(key)
        if md5 is not None:
            return None if md5 in self.objects or self.objects_stay else GarbageReason.UNUSED
        if sha256 is not None:
            return None if sha256 in self.documents else GarbageReason.ORPHAN
        if key in self.stale:
            return GarbageReason.STALE
        return GarbageReason.SCRATCH if is_scratch(key) else None


def survey(
    keeping: Keeping, upkeep: Upkeep, needed: Needed, catalogue: Catalogue, before: datetime
) -> tuple[RemoteSweep, Rules]:
    """What nothing needs on one remote and is older than ``before``, and by which rules.

    Raises:
        WorldError: The remote cannot be listed or read, or a young listing cannot be expanded.
    """
    store = upkeep.store
    keeping.repository.progress.say(f"{store.name}: listing {store.url}")
    documents = upkeep.walk(DIRECTORY)
    folders = [f"{OBJECTS}/{name}" for name in store.folders(OBJECTS)]
    objects = [item for page in each(upkeep.walk, folders, _LISTERS) for item in page]
    rules = Rules(
        objects=needed.objects, documents=needed.documents, before=before, objects_stay=False
    )
    others = read_others(
        store, documents, needed, catalogue, keeping.whole,
        young=frozenset(item.key for item in documents if rules.is_young(item)),
    )  # fmt: skip
    # Whoever pushed a listing lately relies on its files, however old those are.
    fresh = {md5 for item in objects if rules.is_young(item) and (md5 := object_hash(item.key))}
    files, _ = keeping.expand(sorted(m for m in fresh - needed.objects if m.endswith(TREE)))
    rules = Rules(
        objects=needed.objects | others.objects | files,
        documents=needed.documents | others.documents,
        before=before,
        objects_stay=bool(others.elsewhere),
        stale=_stale(upkeep, documents, latest_folder(catalogue.grammar.prefix)),
    )
    runs = upkeep.walk(RUNS)
    found = [*objects, *documents, *runs]
    garbage = garbage_of(found, rules, unused_runs(upkeep, runs, rules, fresh))
    return _sweep(upkeep, found, garbage, rules, others.elsewhere), rules


def garbage_of(
    found: Iterable[StoredObject], rules: Rules, runs: frozenset[str] = frozenset()
) -> tuple[Garbage, ...]:
    """What may go of the objects that a remote holds; ``runs`` of its run cache.

    Listings of directories come first: DVC takes a listing that is there for the sign that all of
    its files are.
    """
    old = [item for item in found if not rules.is_young(item)]
    garbage = [
        Garbage(key=item.key, size=item.size, reason=reason)
        for item in old
        if (reason := GarbageReason.RUN if item.key in runs else rules.reason(item.key)) is not None
    ]
    return tuple(sorted(garbage, key=lambda item: (not item.key.endswith(TREE), item.key)))


def unused_runs(
    upkeep: Upkeep, runs: Sequence[StoredObject], rules: Rules, fresh: Iterable[str]
) -> frozenset[str]:
    """The entries of the run cache of which some output is not kept, so that DVC cannot use them.

    An entry that cannot be read stays.
    """
    kept = rules.objects | set(fresh)
    old = [item.key for item in runs if is_run(item.key) and not rules.is_young(item)]
    if rules.objects_stay:
        return frozenset()
    outputs = each(lambda key: _outputs(upkeep.store.read(key)), old, _LISTERS)
    return frozenset(
        key for key, outs in zip(old, outputs, strict=True) if outs is not None and outs - kept
    )


# --- inside


def _stale(upkeep: Upkeep, stored: Sequence[StoredObject], folder: str) -> frozenset[str]:
    """What is in the folder of the newest version and does not belong there, as its state says."""
    below = [item.key for item in stored if item.key.startswith(f"{folder}/")]
    data = upkeep.store.read(f"{folder}/{STATE_FILE}") if below else None
    state = decode_or_none(LatestFiles, data)
    if state is None or state.tag is None:
        return frozenset()
    return frozenset(below) - {f"{folder}/{path}" for path in (STATE_FILE, *state.files)}


def _outputs(data: bytes | None) -> frozenset[str] | None:
    """The hashes of the outputs of an entry (``dvc.stage.cache``); None: it is no such entry."""
    try:
        entry: dict[str, Any] = load_mapping(data or b"", "run cache")
    except SettingsError:
        return None
    outs = entry.get("outs")
    if not isinstance(outs, list):
        return None
    return frozenset(str(out["md5"]) for out in outs if isinstance(out, dict) and "md5" in out)


def _sweep(
    upkeep: Upkeep,
    found: Sequence[StoredObject],
    garbage: Sequence[Garbage],
    rules: Rules,
    shared: tuple[str, ...],
) -> RemoteSweep:
    going = {item.key for item in garbage}
    young = [item for item in found if rules.is_young(item) and rules.reason(item.key)]
    kept = [item for item in found if item.key not in going]
    return RemoteSweep(
        remote=upkeep.store.name,
        url=upkeep.store.url,
        garbage=tuple(garbage),
        kept=len(kept) - len(young),
        kept_size=sum(item.size for item in kept) - sum(item.size for item in young),
        young=len(young),
        young_size=sum(item.size for item in young),
        shared=shared,
    )
