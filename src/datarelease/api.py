"""The Python interface: what the command line does, as functions.

``import datarelease`` loads this module, and with it all that the functions need, when the first of
them is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, overload

from datarelease.analysis.engine.frames import read_frame
from datarelease.app.reports import (
    VersionDiff,
    changed_rows,
    report_files,
    show_reports,
    with_rows,
)
from datarelease.app.repository import open_catalogue, open_repository
from datarelease.app.version_list import Versions
from datarelease.app.wiring import tool
from datarelease.app.workspace import open_workspace
from datarelease.flows.check import check as checking
from datarelease.flows.check.compare import compare_versions
from datarelease.flows.check.pictures import with_pictures
from datarelease.flows.release import release as releasing
from datarelease.flows.release.preview import preview
from datarelease.flows.repository import catalogue_of, find_version
from datarelease.flows.versions.files import ReleasedFiles, files_of_version
from datarelease.flows.versions.read import Verification, table_of_version, verify_version
from datarelease.flows.versions.read import get as get_files
from datarelease.model.review.report import Report
from datarelease.model.versions.release import Nothing, Released, ReleasePlan
from datarelease.progress import TerminalBars, Warnings

Frame = Literal["pandas", "pyarrow", "polars", "duckdb"]


def versions(*, repo: str | Path | None = None) -> Versions:
    """The released versions, oldest first: a list that prints as a table.

    ``.to_frame()`` gives them as a ``pandas.DataFrame``.

    Args:
        repo: A directory, or an address (https, ssh, git, file), with ``#subdirectory=DIR`` for a
            project that is not at its top; None: the current directory.

    Raises:
        ConfigError: No DVC repository there.
        WorldError: The git remote does not answer.
    """
    return Versions(open_catalogue(repo))


def load(
    version: str,
    dataset: str,
    *,
    columns: Sequence[str] | None = None,
    engine: Frame = "pandas",
    repo: str | Path | None = None,
) -> Any:
    """One dataset of a version as a data frame.

    Only that dataset's files are fetched (into DVC's cache; hashes are checked), and only
    ``columns`` are read. Files are read as they were when they were checked: the same dialect,
    the same missing values, the same types. Folders called ``key=value`` inside the dataset are
    columns, and so is an index that pandas wrote.

    Args:
        version: ``data-v3``, ``v3``, ``3``, ``latest`` or the name of a channel.
        dataset: Its name in ``dvc.yaml: artifacts``.
        columns: Which columns, in this order; None: all.
        engine: ``pandas`` gives a ``pandas.DataFrame``, ``pyarrow`` a ``pyarrow.Table``,
            ``polars`` a ``polars.DataFrame``, ``duckdb`` a ``duckdb.DuckDBPyRelation``.
        repo: A directory, or an address (https, ssh, git, file), with ``#subdirectory=DIR`` for a
            project that is not at its top; None: the current directory. Of several projects, a
            whole tag says which one is meant.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version, dataset, column or engine; or it is a dataset of files.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    repository = open_repository(repo, version, progress=Warnings())
    found = find_version(repository, version)
    files, types = table_of_version(repository, found, dataset)
    with repository.engine() as reader:
        return read_frame(reader, files, columns=columns, engine=engine, types=types)


def files(version: str, dataset: str, *, repo: str | Path | None = None) -> ReleasedFiles:
    """The files of one dataset of a version: a sequence, of which no file is fetched yet.

    Each has ``path``, ``name``, ``size``, ``md5`` and ``sha256``; ``.open()`` and ``.read_bytes()``
    fetch it into DVC's cache first, where the hash is checked. A file is found by its place or by
    its path: ``files("data-v3", "images")["cats/1.png"]``. Of a table they are its part files.

    Args:
        version: ``data-v3``, ``v3``, ``3``, ``latest`` or the name of a channel.
        dataset: Its name in ``dvc.yaml: artifacts``.
        repo: A directory, or an address (https, ssh, git, file); None: the current directory.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version or dataset.
        WorldError: The manifest is missing, or a remote does not answer.
    """
    repository = open_repository(repo, progress=Warnings())
    return files_of_version(repository, find_version(repository, version), dataset)


def get(
    version: str,
    dest: str | Path,
    *,
    datasets: Sequence[str] = (),
    force: bool = False,
    repo: str | Path | None = None,
) -> tuple[Path, ...]:
    """The files of a version, put below ``dest`` as they are in the repository.

    Warns:
        WithdrawnVersionWarning: It was withdrawn; why and what to use instead is in the message.

    Raises:
        ConfigError: No such version or dataset, or a file that differs is in the way.
        WorldError: An object is missing or damaged, or a remote does not answer.
    """
    repository = open_repository(repo, version, progress=Warnings())
    found = find_version(repository, version)
    return get_files(repository, found, Path(dest), datasets, overwrite=force)


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
