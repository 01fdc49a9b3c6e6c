"""Pushes data to the remotes before it is proposed, and verifies it there."""

from __future__ import annotations

from collections import defaultdict

from datarelease.adapters.store.directory import Store
from datarelease.errors import ConfigError
from datarelease.flows.check.tracked_outputs import work_tree_snapshot
from datarelease.flows.transfer import complete
from datarelease.flows.verify import faults_error, find_faults
from datarelease.flows.workspace import Workspace
from datarelease.model.versions.release import Fault


def deliver(ws: Workspace) -> int:
    """The number of objects sent; the remotes now hold all available objects that DVC tracks.

    What is not available, as it did not change, must be on the remotes if a dataset needs it.

    Raises:
        ConfigError: There is no remote.
        WorldError: A remote failed, or lacks objects after that; they are named.
    """
    if not ws.remotes:
        raise ConfigError(
            "DVC has no default remote, and release.remotes names none.",
            untouched="Nothing was pushed or proposed.",
            remedy="Add one: `dvc remote add --default storage URL`.",
        )
    sent, left = 0, list[Fault]()
    for remote, needed in _needed(ws):
        lost = complete(ws, remote, needed, sample=False)
        left += find_faults(remote, {md5: needed[md5] for md5 in lost}, progress=ws.progress)
        sent += len(lost)
    if left:
        raise faults_error(
            left,
            what=f"{len(left)} object(s) are not on the remote after the push:",
            untouched="Nothing was proposed.",
            remedy="Run the command again: it sends what is missing.",
        )
    return sent


def _needed(ws: Workspace) -> list[tuple[Store, dict[str, int | None]]]:
    """Each remote with hash, and size where it is known, of what has to be there."""
    places: dict[str | None, set[str]] = defaultdict(set)
    for dataset in work_tree_snapshot(ws).datasets:
        for entry in dataset.entries:
            places[entry.remote] |= {*ws.objects.expanded([entry.md5])}
    for out in (out for out in ws.dvc.outputs() if out.kept and not out.legacy):
        tracked = ws.objects.expanded([str(out.md5)])
        name = ws.named(out.remote).name if out.remote else None
        places[name] |= {md5 for md5 in tracked if ws.objects.has(md5)}
    stores = {remote.name: remote for remote in ws.remotes}
    stores |= {name: ws.named(name) for name in places if name and name not in stores}
    return [
        (
            store,
            {
                md5: ws.objects.path(md5).stat().st_size if ws.objects.has(md5) else None
                for md5 in places[name] | (places[None] if store in ws.remotes else set())
            },
        )
        for name, store in stores.items()
    ]
