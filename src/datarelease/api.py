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
    """What changed from one version to another.

    Args:
        before: The earlier version: ``data-v3``, ``v3`` or ``3``, ``latest``, or the name of a
            channel.
        after: The later version.
        repo: The git repository: a directory or an address (https, ssh, git, file). None: the
            current directory.

    Returns:
        A `Report` of two versions, without a verdict. ``.datasets`` has the details, and
        ``.rows("people")`` every row that changed. A notebook shows it as the HTML report.

    Warns:
        WithdrawnVersionWarning: One of the versions is withdrawn.

    Raises:
        ConfigError: There is no such version.
        WorldError: Statistics or data are neither in git nor on a remote.

    Examples:
        >>> import datarelease as dr
        >>> changes = dr.diff("data-v1", "data-v2")
        >>> changes.compatibility.value
        'patch'
        >>> people = changes.dataset("people").diff
        >>> people.rows_before, people.rows_after
        (20, 25)
        >>> changes.rows("people")["kind"].value_counts().to_dict()
        {'added': 5}
    """
    show_reports()
    repository = open_repository(repo, before, after, progress=Warnings())
    report = compare_versions(repository, before, after, tool=tool())
    return with_rows(report, lambda name: changed_rows(repository, before, after, name))


def verify(version: str, *, full: bool = False, repo: str | Path | None = None) -> Verification:
    """What is found of a version on its remotes.

    Args:
        version: The version: ``data-v3``, ``v3`` or ``3``, ``latest``, or the name of a channel.
        full: Read every object back and compute its hash. False: check that it exists, its size,
            and the hash that the remote reports.
        repo: The git repository: a directory or an address (https, ssh, git, file). None: the
            current directory.

    Returns:
        The objects and the faults that were found. ``.faults`` is empty if all is in order.

    Raises:
        ConfigError: There is no such version, or none of its remotes is configured.
        WorldError: A remote does not answer.

    Examples:
        >>> import datarelease as dr
        >>> dr.verify("data-v2").faults
        ()
    """
    repository = open_repository(repo, version)
    return verify_version(repository, catalogue_of(repository).find(version), full=full)


def check(*, repo: str | Path | None = None, base: str | None = None) -> Report:
    """What merging the work tree would release, and whether it may be released.

    Runs the stages that are out of date (`dvc repro`), validates and profiles each dataset,
    compares with the newest version and applies the policy. It writes nothing outside the work
    tree.

    Args:
        repo: A directory inside the work tree. None: the current directory.
        base: The version to compare with. None: the newest one that is not withdrawn.

    Returns:
        The report. ``.level`` is the verdict: ``pass``, ``warn`` or ``block``. A notebook shows it
        as the HTML report.

    Raises:
        ConfigError: Settings, pipeline, schema or work tree cannot be used.
        WorldError: The git remote does not answer, or data that is needed is not there.

    Examples:
        >>> import datarelease as dr
        >>> report = dr.check()
        >>> report.level, report.outcome
        ('pass', 'unchanged')
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
    """Release the data of the work tree as the next version.

    Pushes the data to every remote, checks that every object is there, and only then makes the tag.
    After a failure, call it again: it continues and ends in the same release.

    Args:
        repo: A directory inside the work tree. None: the current directory.
        reviewed: The digest that was reviewed. Other data is refused. None: no digest is compared.
        remotes: Names of DVC remotes. Empty: ``release.remotes`` of params.yaml.
        branch: The branch that HEAD is on, if it is not the default branch of the git remote.
        plan: Return each step of the release with its state, and do nothing. A step is ``refused``
            if the release would be blocked or finds other data than was reviewed.

    Returns:
        `Released` with the manifest, or `Nothing` with the reason why nothing was released. With
        ``plan``, a `ReleasePlan`.

    Raises:
        BlockedError: The data breaks its schema or a rule of the policy.
        ConfigError: The work tree or the settings cannot be released.
        WorldError: A remote failed, or another release was faster. Call it again.
        ConflictError: The data is not the data that was reviewed, or nobody reviewed it.

    Examples:
        >>> import datarelease as dr
        >>> plan = dr.release(plan=True)
        >>> [step.state for step in plan.steps if step.name == "tag"]
        ['skipped']
        >>> dr.release()
        <Nothing data-v2: nothing to release: same data as data-v2>
    """
    show_reports()
    ws = open_workspace(Path(repo or "."), progress=Warnings(), remotes=remotes)
    seen = () if reviewed is None else (reviewed,)
    if plan:
        return preview(ws, reviewed=seen, branch=branch)[0]
    return releasing.release(ws, reviewed=seen, documents=report_files, branch=branch)
