"""One status for all projects of a repository: what a change touches has to pass, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datarelease.model.directory import ROOT
from datarelease.model.github import CommitStatus, StatusState
from datarelease.model.review.reviewed_digest import context_for

CONTEXT_OF_ALL = "datarelease/all"
"""Name of the status about all projects, for a change of the default branch."""
_LIMIT = 140
"""Characters of a description; GitHub refuses more."""


def context_of_all(base: str, default: str) -> str:
    """The name of the status about a change of the branch ``base``.

    >>> context_of_all("main", "main"), context_of_all("next", "main")
    ('datarelease/all', 'datarelease/all (into next)')
    """
    return CONTEXT_OF_ALL if base == default else f"{CONTEXT_OF_ALL} (into {base})"


def touched(directories: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """The projects, by directory, that files at ``paths`` are in; the innermost has a file.

    >>> touched([".", "sales", "sales/web"], ["README.md", "sales/web/dvc.yaml"])
    ('.', 'sales/web')
    """
    known = sorted(directories, key=lambda d: (d != ROOT, len(d)), reverse=True)
    found = set()
    for path in paths:
        inner = (d for d in known if d == ROOT or path.startswith(f"{d}/"))
        found |= {next(inner, None)} - {None}
    return tuple(sorted(directory for directory in found if directory is not None))


def status_of_all(
    directories: Sequence[str],
    statuses: Sequence[CommitStatus],
    *,
    base: str,
    default: str,
    bot: str,
    url: str,
) -> CommitStatus:
    """The status that the projects at ``directories``, which a change touches, come to.

    Args:
        directories: Those whose own statuses have to be there and to pass.
        statuses: Of the commit, newest first; only what ``bot`` wrote counts.
        base: The branch that the change goes into.
        default: The default branch.
        bot: Login of the account that posts reports.
        url: Leads to details.
    """
    newest: dict[str, StatusState] = {}
    for status in statuses:
        if status.author == bot:
            newest.setdefault(status.context, status.state)
    states = {d: newest.get(context_for(base, default, d), "pending") for d in directories}
    bad = [d for d, state in states.items() if state in {"failure", "error"}]
    waiting = [d for d, state in states.items() if state == "pending"]
    state: StatusState = "failure" if bad else "pending" if waiting else "success"
    if bad or waiting:
        said = f"blocked: {', '.join(bad)}" if bad else f"waits for {', '.join(waiting)}"
    else:
        said = f"passed: {', '.join(directories)}" if directories else _NONE
    shown = said if len(said) <= _LIMIT else f"{said[: _LIMIT - 1]}\N{HORIZONTAL ELLIPSIS}"
    return CommitStatus(
        context=context_of_all(base, default), state=state, description=shown, url=url
    )


_NONE = "no project is touched"
