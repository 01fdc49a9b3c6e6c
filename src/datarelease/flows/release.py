"""The release: push, verify, claim the number, tag. Running it again is the recovery."""

from __future__ import annotations

from collections.abc import Callable

from datarelease.errors import ConfigError, ConflictError
from datarelease.flows.check import Checked, check
from datarelease.flows.claim import Documents, Taken, claim, write_documents
from datarelease.flows.clean import refuse_unclean
from datarelease.flows.damage import refuse_damage
from datarelease.flows.plan import plan
from datarelease.flows.push import push, verify
from datarelease.flows.tag import catch_up, tag
from datarelease.flows.workspace import Workspace
from datarelease.model.release import Nothing, Released
from datarelease.model.report import Report

ATTEMPTS = 5
"""Plans made anew after another release took the number, before we give up."""


def release(
    ws: Workspace,
    *,
    reviewed: str | None,
    documents: Documents,
    on_report: Callable[[Report], None] = lambda _: None,
    checking: Callable[[Workspace], Checked] = check,
) -> Released | Nothing:
    """Release the work tree's data as the next version, or say why there is nothing to release.

    Args:
        ws: The repository.
        reviewed: The digest that a reviewer saw; other data is refused. None: nobody reviewed it.
        documents: Renders what lies beside the manifest.
        on_report: Called with the report before anything is decided by it.
        checking: Finds out what there is to release; by default by running what is out of date.

    Raises:
        BlockedError: The data failed its schema or the policy.
        ConfigError: The work tree, the settings or the repository cannot be released from.
        WorldError: A remote failed, or lacks objects; run it again.
        ConflictError: Other bytes than reviewed.
    """
    _preconditions(ws)
    for _ in range(ATTEMPTS):
        refuse_unclean(ws)
        checked = checking(ws)
        on_report(checked.report)
        refuse_unclean(ws)
        refuse_damage(ws, checked.catalogue)
        candidate = plan(ws, checked, reviewed=reviewed)
        if isinstance(candidate, Nothing):
            if checked.catalogue.latest is not None and checked.report.tag is None:
                catch_up(ws, checked.catalogue.latest)
            return candidate
        try:
            verified = verify(ws, push(ws, candidate))
            claimed = claim(ws, verified)
            write_documents(ws, claimed, checked, documents)
            return tag(ws, claimed)
        except Taken:
            ws.progress.say("another release was faster: planning again")
    raise ConflictError(
        f"Other releases took the number {ATTEMPTS} times in a row.",
        untouched="No tag was made.",
        remedy="Run the command again when they are done.",
    )


def _preconditions(ws: Workspace) -> None:
    if not ws.git.has_remote():
        raise ConfigError(
            "There is no git remote 'origin'.",
            untouched="Nothing was pushed or tagged.",
            remedy="A version needs a place that everybody sees: `git remote add origin URL`.",
        )
    if not ws.remotes:
        raise ConfigError(
            "DVC has no default remote, and release.remotes names none.",
            untouched="Nothing was pushed or tagged.",
            remedy="Add one: `dvc remote add --default storage URL`.",
        )
    ws.git.complete_history()
    head = ws.head()
    if ws.git.branch() is None:
        default = ws.git.default_branch()
        tip = ws.git.fetch_branch(default) if default else None
        if tip is None or not ws.git.is_ancestor(head, tip):
            raise ConfigError(
                f"HEAD is detached at {head[:12]}, a commit that is not on the remote's "
                f"{default or 'default'} branch.",
                untouched="Nothing was pushed or tagged.",
                remedy="Switch to the branch to release from: `git switch main`.",
            )
