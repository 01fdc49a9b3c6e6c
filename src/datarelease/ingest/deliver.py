"""Data to the remotes before anybody is told of it: sent where it lacks, found there again."""

from __future__ import annotations

from datarelease.errors import ConfigError
from datarelease.flows.content import snapshot
from datarelease.flows.push import complete
from datarelease.flows.reproduce import work_tree_outputs
from datarelease.flows.verify import faults_error, find_faults
from datarelease.flows.workspace import Workspace
from datarelease.model.release import Fault


def deliver(ws: Workspace) -> int:
    """How many objects the remotes were sent: they now hold all that DVC tracks and we have.

    What is not at hand, as it did not change, must be on the remotes if a dataset needs it.

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
    needed = _needed(ws)
    sent, left = 0, list[Fault]()
    for remote in ws.remotes:
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


def _needed(ws: Workspace) -> dict[str, int | None]:
    """Hash, and size where it is known, of what has to be on every remote."""
    now = snapshot(ws.settings.datasets, work_tree_outputs(ws), ws.objects)
    entries = [entry.md5 for dataset in now.datasets for entry in dataset.entries]
    tracked = [md5 for md5 in ws.objects.expanded(ws.dvc.outputs()) if ws.objects.has(md5)]
    return {
        md5: ws.objects.path(md5).stat().st_size if ws.objects.has(md5) else None
        for md5 in (*tracked, *ws.objects.expanded(entries))
    }
