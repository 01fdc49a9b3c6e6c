"""Removing from the remotes what nothing needs. A preview and the removal read the same survey.

Nothing is recorded on the way: what a run that was stopped left is found by the next one.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from datarelease.adapters.store.upkeep import Upkeep, upkeep_of
from datarelease.errors import WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.retention.holders import Keeping
from datarelease.flows.retention.survey import Rules, garbage_of, survey, unused_runs
from datarelease.flows.versions.documents import read_manifest
from datarelease.flows.versions.missing import health_of
from datarelease.model.versions.outcome import Health
from datarelease.model.versions.retention import (
    DOCUMENTS,
    Garbage,
    Needed,
    RemoteSweep,
    object_hash,
    scratch_key,
)
from datarelease.model.versions.snapshot import TREE
from datarelease.model.versions.version import Version
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Step

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What nothing needs on each remote, and what became of it."""

    needed: Needed
    remotes: tuple[RemoteSweep, ...]
    applied: bool
    """It was deleted."""
    health: Health | None = None
    """Of every version afterwards; None: nothing was deleted."""


def survey_all(keeping: Keeping, older_than: timedelta) -> Collection:
    """What nothing needs on each remote and is old enough; nothing is changed.

    Raises:
        ConfigError: A remote has no listings.
        WorldError: A branch, a manifest or a remote cannot be read.
    """
    keeping.whole.complete_history()
    catalogue = keeping.catalogue()
    needed = keeping.needed(catalogue)
    before = datetime.now(UTC) - older_than
    sweeps = [
        survey(keeping, upkeep_of(store), needed, catalogue, before)[0] for store in keeping.stores
    ]
    return Collection(needed=needed, remotes=tuple(sweeps), applied=False)


def collect(
    keeping: Keeping,
    older_than: timedelta,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Collection:
    """The same, deleted. Where ``clock`` and that of a remote differ, the earlier one counts.

    Raises:
        ConfigError: A remote has no listings, or there are no credentials to delete with.
        WorldError: A branch, a manifest or a remote cannot be read, and nothing was deleted; or a
            remote refused, or a version was found damaged afterwards.
    """
    keeping.whole.complete_history()
    catalogue = keeping.catalogue()
    needed = keeping.needed(catalogue)
    # All are opened and surveyed before the first object goes.
    opened = [keeping.deleting(store.name) for store in keeping.stores]
    before = min([clock(), *map(time_of, opened)]) - older_than
    surveys = [survey(keeping, upkeep, needed, catalogue, before) for upkeep in opened]
    sweeps = tuple(sweep for sweep, _ in surveys)
    gone: set[str] = set()
    for upkeep, (sweep, rules) in zip(opened, surveys, strict=True):
        listings = [item for item in sweep.garbage if item.key.endswith(TREE)]
        gone |= _delete(keeping, upkeep, listings, rules)
    # Whoever pushes a directory from now on sends its listing, and is seen by it.
    catalogue = keeping.catalogue()
    now = keeping.needed(catalogue) if any(sweep.garbage for sweep in sweeps) else needed
    for upkeep, sweep in zip(opened, sweeps, strict=True):
        rest = {item.key for item in sweep.garbage if not item.key.endswith(TREE)}
        if rest:
            again, rules = survey(keeping, upkeep, now, catalogue, before)
            still = [item for item in again.garbage if item.key in rest]
            gone |= _delete(keeping, upkeep, still, rules)
    health = _look_afterwards(keeping, gone)
    return Collection(needed=needed, remotes=sweeps, applied=True, health=health)


def verifiable(keeping: Keeping, catalogue: Catalogue) -> list[Version]:
    """The versions with data of which a remote is configured here."""
    configured = {store.name for store in keeping.repository.remotes}
    return [
        version
        for version in catalogue.versions
        if version.erased is None
        and any(
            remote.name in configured
            for remote in read_manifest(keeping.repository, version).remotes
        )
    ]


def time_of(upkeep: Upkeep) -> datetime:
    """The time now by a remote's clock: that of a small object which is written and deleted.

    Raises:
        WorldError: The remote refuses that, or does not say when objects were written.
    """
    key = scratch_key()
    with tempfile.NamedTemporaryFile() as empty:
        upkeep.store.upload({key: Path(empty.name)}, lambda _: None)
    found = [item.modified for item in upkeep.walk(DOCUMENTS) if item.key == key]
    upkeep.delete([key], lambda _: None)
    if not found or found[0] is None:
        raise WorldError(
            f"The remote {upkeep.store.name!r} ({upkeep.store.url}) does not say when objects were "
            "written.",
            untouched="Nothing was deleted.",
            remedy="Delete unused objects with the tools of that server instead.",
        )
    return found[0]


# --- inside


def _delete(
    keeping: Keeping, upkeep: Upkeep, garbage: Sequence[Garbage], rules: Rules
) -> frozenset[str]:
    """Delete, folder by folder, what is still garbage when the folder is listed once more.

    What was written again meanwhile is young now, and stays. Returns the hashes that went.
    """
    progress = keeping.repository.progress
    gone: list[str] = []
    folders: dict[str, set[str]] = defaultdict(set)
    for item in garbage:
        folders[item.key.rpartition("/")[0]].add(item.key)
    label = f"Deleting from {upkeep.store.name}"
    with progress.track(label, len(garbage), "objects") as advance:
        for folder, keys in folders.items():
            now = [item for item in upkeep.walk(folder) if item.key in keys]
            runs = unused_runs(upkeep, now, rules, ())
            still = [item.key for item in garbage_of(now, rules, runs)]
            with progress.step(Step.DELETE):
                upkeep.delete(still, advance)
            gone += still
    if gone:
        were = agreeing(len(gone), "was", "were")
        progress.say(f"{plural(len(gone), 'object')} {were} deleted from {upkeep.store.name}")
    return frozenset(md5 for key in gone if (md5 := object_hash(key)))


def _look_afterwards(keeping: Keeping, gone: set[str]) -> Health:
    """The health of all versions, those that were made meanwhile too.

    Raises:
        WorldError: Something is missing, or what is needed now was deleted.
    """
    catalogue = keeping.catalogue()
    health = health_of(keeping.repository, verifiable(keeping, catalogue), full=False)
    lost = sorted(gone & keeping.needed(catalogue).objects)
    bad = [version.tag for version in health.versions if not version.sound]
    if lost or bad:
        what = f"{', '.join(bad)} {agreeing(len(bad), 'is', 'are')} incomplete" if bad else ""
        shown = ", ".join(lost[:_SHOWN])
        also = f"{plural(len(lost), 'deleted object')} came into use meanwhile ({shown})"
        raise WorldError(
            f"After the deletion, {' and '.join(filter(None, (what, also if lost else '')))}.",
            untouched="What the other versions, branches and pull requests need is there.",
            remedy="Run `datarelease verify VERSION --repair` and `dvc push` in a clone whose DVC "
            "cache has the data: they send it again.",
        )
    return health
