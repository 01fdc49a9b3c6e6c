"""The Python interface: what the command line does, as functions; `reading` has those of readers.

``import datarelease`` loads this module, and with it all that the functions need, when the first of
them is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, overload

from datarelease.app.reports import (
    VersionDiff,
    changed_rows,
    report_files,
    show_reports,
    with_rows,
)
from datarelease.app.repository import open_repository
from datarelease.app.wiring import tool
from datarelease.app.workspace import open_workspace
from datarelease.flows.check import check as checking
from datarelease.flows.check.compare import compare_versions
from datarelease.flows.check.pictures import with_pictures
from datarelease.flows.release import release as releasing
from datarelease.flows.release.preview import preview
from datarelease.flows.repository import catalogue_of
from datarelease.flows.versions.verify import Verification, verify_version
from datarelease.model.review.report import Report
from datarelease.model.versions.release import Nothing, Released, ReleasePlan
from datarelease.progress import TerminalBars, Warnings


def diff(before: str, after: str, *, repo: str | Path | None = None) -> VersionDiff:
    """What changed from one version to another; ``.datasets`` has the details.

    ``.rows("customers")`` gives every row that changed. A notebook shows it as the HTML report.

    Warns:
        WithdrawnVersionWarning: One of them was withdrawn.

    Raises:
        ConfigError: No such version.
        WorldError: Statistics or data are neither in git nor on a remote.
    """
    show_reports()
    repository = open_repository(repo, before, after, progress=Warnings())
    report = compare_versions(repository, before, after, tool=tool())
    return with_rows(report, lambda name: changed_rows(repository, before, after, name))


def verify(version: str, *, full: bool = False, repo: str | Path | None = None) -> Verification:
    """What is found of a version on its remotes; ``.faults`` is empty when all is in order.

    Raises:
        ConfigError: No such version, or none of its remotes is configured.
        WorldError: A remote does not answer.
    """
    repository = open_repository(repo, version)
    return verify_version(repository, catalogue_of(repository).find(version), full=full)


def check(*, repo: str | Path | None = None, base: str | None = None) -> Report:
    """What merging the work tree would release, and whether it may (``.level``).

    A notebook shows it as the HTML report.

    Args:
        repo: A directory inside the work tree; None: the current directory.
        base: The version to compare with; None: the newest that is not withdrawn.

    Raises:
        ConfigError: Settings, pipeline, schema or work tree cannot be used.
        WorldError: The git remote, or data that is needed, is not available.
    """
    show_reports()
    ws = open_workspace(Path(repo or "."), progress=TerminalBars())
    return with_pictures(ws, checking.check(ws, base=base))


@overload
def release(
    *,
    repo: str | Path | None = None,
    reviewed: str | None = None,
    remotes: Sequence[str] = (),
    branch: str | None = None,
    plan: Literal[False] = False,
) -> Released | Nothing: ...


@overload
def release(
    *,
    repo: str | Path | None = None,
    reviewed: str | None = None,
    remotes: Sequence[str] = (),
    branch: str | None = None,
    plan: Literal[True],
) -> ReleasePlan: ...


def release(
    *,
    repo: str | Path | None = None,
    reviewed: str | None = None,
    remotes: Sequence[str] = (),
    branch: str | None = None,
    plan: bool = False,
) -> Released | Nothing | ReleasePlan:
    """The work tree's data released as the next version, or why there is nothing to release.

    Args:
        repo: A directory inside the work tree; None: the current directory.
        reviewed: Refuse data with another digest.
        remotes: Names of DVC remotes; none: ``release.remotes`` of params.yaml.
        branch: The branch that HEAD is on, where it is not the git remote's default branch.
        plan: Do nothing, and return each step of the release with its state. Where the release
            would be blocked or find other bytes than reviewed, a step is ``refused``.

    Raises:
        BlockedError: The data failed its schema or the policy.
        ConfigError: The work tree or the settings cannot be released from.
        WorldError: A remote failed, or other releases were faster; running it again is safe.
        ConflictError: Other bytes than reviewed.
    """
    show_reports()
    ws = open_workspace(Path(repo or "."), progress=Warnings(), remotes=remotes)
    seen = () if reviewed is None else (reviewed,)
    if plan:
        return preview(ws, reviewed=seen, branch=branch)[0]
    return releasing.release(ws, reviewed=seen, documents=report_files, branch=branch)
