"""Whether the work tree equals its commit, apart from files that this program writes."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from datarelease.adapters.dvc.tracked import LOCK
from datarelease.errors import ConfigError
from datarelease.flows.check.reproduce import dvc_files, is_among, products_of
from datarelease.flows.repository import Workspace
from datarelease.model.paths import within
from datarelease.model.review.report import REPORTS
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE

_SHOWN = 8
Changes = Sequence[tuple[str, bool]]
"""(path, whether git tracks it) of the files that differ from HEAD (``Git.changed``)."""


def unclean_files(ws: Workspace, changed: Changes) -> tuple[str, ...]:
    """Of what ``changed``, the edited tracked files, and inputs that git does not track.

    What ``dvc repro`` and we write does not count: locks, reports, metrics and other outputs that
    git holds, and the ``.gitignore`` files in which DVC notes its outputs.
    """
    inputs = {DATASETS_FILE, *ws.tracked.artifacts, PARAMS_FILE, *dvc_files(ws)}
    inputs |= {dataset.schema for dataset in ws.settings.datasets if dataset.schema}
    inputs |= {dep.path for stage in ws.tracked.stages() for dep in stage.deps}
    own = {name for d in ws.settings.datasets for name in (d.validation_file, d.profile_file)}
    own |= set(REPORTS)
    edited = [
        path
        for path, tracked in changed
        if (tracked or any(within(path, name) for name in inputs))
        and path not in own
        and posixpath.basename(path) not in {LOCK, ".gitignore"}
    ]
    products = products_of(ws) if edited else ()
    return tuple(path for path in edited if not is_among(path, products))


def refuse_unclean(ws: Workspace, changed: Changes) -> None:
    """Nothing but our own products may differ from HEAD.

    Raises:
        ConfigError: Uncommitted edits to tracked files, or inputs that git does not track.
    """
    unclean = unclean_files(ws, changed)
    if unclean:
        shown = ", ".join(unclean[:_SHOWN]) + (", …" if len(unclean) > _SHOWN else "")
        raise ConfigError(
            f"The work tree has edits that are not committed: {shown}",
            untouched="Nothing was pushed or tagged.",
            remedy="Commit them (or `git stash` them), then run the command again.",
        )
