"""The release: push, verify, record, tag. Running it again is the recovery."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Mapping

from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import Catalogue, fetched_catalogue
from datarelease.flows.check.check import Checked, check
from datarelease.flows.check.clean import refuse_unclean
from datarelease.flows.release.branch import ReleaseBranch, release_branch
from datarelease.flows.release.numbers import numbers_in_use, without_hand_made
from datarelease.flows.release.plan import plan_release
from datarelease.flows.release.record import Documents, record
from datarelease.flows.release.tag import VersionTaken, attempt, catch_up, follow, tag
from datarelease.flows.transfer import push_objects, verify_objects
from datarelease.flows.versions.missing import heal, refuse_damage
from datarelease.flows.workspace import Workspace
from datarelease.model.review.report import Report
from datarelease.model.versions.release import Nothing, Released

_PATIENCE = 900.0
"""Seconds after which a release that other releases overtook does not plan again."""
OnReport = Callable[[Report, Mapping[str, bytes]], None]
"""Takes a report and its files, by name."""
Checking = Callable[[Workspace, Catalogue], Checked]


def release(
    ws: Workspace,
    *,
    reviewed: Collection[str],
    documents: Documents,
    branch: str | None = None,
    on_report: OnReport = lambda _report, _files: None,
    checking: Checking = check,
) -> Released | Nothing:
    """Release the work tree's data as the next version, or say why there is nothing to release.

    Args:
        ws: The repository.
        reviewed: The digests that reviewers saw, of which there may be several where changes came
            together; other data is refused. Empty: nobody reviewed it.
        documents: Renders what the manifest lists.
        branch: The branch to release from, where it is not the git remote's default branch.
        on_report: Called with the report and its files before anything is decided by it.
        checking: Finds out what there is to release; by default by running what is out of date.

    Raises:
        BlockedError: The data failed its schema or the policy.
        ConfigError: The work tree, the settings or the repository cannot be released from.
        WorldError: A remote failed, or lacks objects, or other releases were faster; run it again.
        ConflictError: Other bytes than reviewed.
    """
    started = time.monotonic()
    while True:
        place, seen, catalogue = prepare(ws, branch)
        checked = checking(ws, catalogue)
        files = documents(checked.report)
        on_report(checked.report, files)
        refuse_unclean(ws, checked.changed)
        refuse_damage(ws, checked.catalogue)
        candidate = plan_release(ws, checked, reviewed=reviewed)
        if isinstance(candidate, Nothing):
            return _put_right(ws, checked, candidate)
        heal(ws, checked.catalogue)
        try:
            recorded = record(ws, verify_objects(ws, push_objects(ws, candidate)), checked, files)
            return follow(ws, tag(ws, recorded, seen, place))
        except VersionTaken:
            ws.progress.say("another release was faster: planning again")
        if time.monotonic() - started > _PATIENCE:
            raise WorldError(
                f"Other releases were faster for {_PATIENCE / 60:.0f} minutes.",
                untouched="No tag was made.",
                remedy="Run the command again when they have ended.",
            )


def prepare(ws: Workspace, branch: str | None) -> tuple[ReleaseBranch, Catalogue, Catalogue]:
    """The branch, the versions on the git remote now, and those that a release counts.

    Raises:
        ConfigError: The work tree or the repository cannot be released from.
        WorldError: A remote does not answer, or the branch has diverged.
    """
    _preconditions(ws)
    refuse_unclean(ws, ws.git.changed())
    place = release_branch(ws, branch)
    seen = fetched_catalogue(ws.git, ws.tags)
    return place, seen, without_hand_made(ws, seen).taking(numbers_in_use(ws, seen))


def _put_right(ws: Workspace, checked: Checked, nothing: Nothing) -> Nothing:
    """Finish what an earlier run left undone after its tag."""
    latest = checked.catalogue.latest
    warnings = [
        attempt(
            ws,
            lambda: heal(ws, checked.catalogue),
            failed="Copies of the newest version are incomplete",
            remedy="`datarelease verify latest --repair` writes them.",
        )
    ]
    if latest is not None and checked.report.tag is None:
        warnings.append(
            attempt(
                ws,
                lambda: catch_up(ws, latest),
                failed=f"This clone could not be moved to {latest.tag}",
                remedy="Remove what is in the way, then run `datarelease release` again.",
            )
        )
    return dataclasses.replace(nothing, warnings=tuple(text for text in warnings if text))


def _preconditions(ws: Workspace) -> None:
    if not ws.git.has_remote():
        raise ConfigError(
            "There is no git remote 'origin'.",
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "A version needs a git remote that all users share: `git remote add origin URL`."
            ),
        )
    if not ws.remotes:
        raise ConfigError(
            "DVC has no default remote, and release.remotes names none.",
            untouched="Nothing was pushed or tagged.",
            remedy="Add one: `dvc remote add --default storage URL`.",
        )
    ws.head()
    ws.git.complete_history()
