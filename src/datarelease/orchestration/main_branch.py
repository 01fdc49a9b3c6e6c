"""What was merged: the clone follows it, and releases it where no workflow of GitHub does that.

The clone is only fast-forwarded; other work in it is not handled here.
"""
# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import dagster as dg

from datarelease.adapters.dvc.tracked import LOCK
from datarelease.adapters.git.program import GitProgram
from datarelease.app.wiring import git_environment
from datarelease.errors import ConfigError
from datarelease.flows.check.reproduce import is_among, products_of
from datarelease.flows.repository import Workspace
from datarelease.model.versions.release import Nothing
from datarelease.orchestration.assets import WORK_TREE
from datarelease.orchestration.metadata import release_metadata
from datarelease.orchestration.pipeline import (
    FOLLOW_MAIN,
    PULL_OP,
    PULL_RELEASE_OP,
    RELEASE_MAIN,
)
from datarelease.orchestration.releases import RemoteAddress, made_from, release_key, released
from datarelease.orchestration.resources import (
    WORLD_RETRIES,
    Logged,
    RepositoryResource,
    dagster_errors,
    job_of,
)
from datarelease.progress import Progress


def follow_main_job() -> dg.JobDefinition:
    """Takes what the default branch has."""

    @dg.op(name=PULL_OP, pool=WORK_TREE, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def pull(context: dg.OpExecutionContext, repository: RepositoryResource) -> None:
        """Move the clone to the default branch of its origin."""
        _follow(repository, Logged(context.log))

    return job_of(pull, FOLLOW_MAIN, "Takes what was merged into the default branch.")


def release_main_job(
    places: Sequence[RemoteAddress], deps: Mapping[str, dg.AssetKey]
) -> dg.JobDefinition:
    """Takes what the default branch has, then releases it; ``deps`` as in ``found_releases``."""

    @dg.op(name=PULL_RELEASE_OP, pool=WORK_TREE, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def pull_and_release(context: dg.OpExecutionContext, repository: RepositoryResource) -> None:
        """Move the clone to the default branch of its origin, and release what is there."""
        progress = Logged(context.log)
        _follow(repository, progress)
        result = released(repository, progress)
        if isinstance(result, Nothing):
            progress.say(result.reason)
            return
        git, manifest = repository.git, result.manifest
        for place in places:
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=release_key(place.name),
                    metadata=release_metadata(result, place.name),
                    tags=made_from(git, manifest.commit, manifest.digest, deps),
                )
            )

    about = "Takes what was merged into the default branch, and releases it."
    return job_of(pull_and_release, RELEASE_MAIN, about)


def tip_of(repository: RepositoryResource) -> tuple[str, str]:
    """The default branch of the origin and its newest commit, fetched now.

    Raises:
        ConfigError: The origin has no default branch.
        WorldError: It does not answer.
    """
    git = repository.git
    branch = git.default_branch() if git.has_remote() else None
    tip = git.fetch_branch(branch) if branch else None
    if branch is None or tip is None:
        raise ConfigError(
            "The git remote 'origin' does not exist, or has no default branch.",
            remedy="Push a branch to it: data is released from the default branch.",
        )
    return branch, tip


def holds_data(repository: RepositoryResource, commit: str) -> bool:
    """Something was ever made or tracked there: a stream may wait for its first events."""
    files = repository.git.files(commit)
    return any(PurePosixPath(path).name == LOCK or path.endswith(".dvc") for path in files)


def _follow(repository: RepositoryResource, progress: Progress) -> None:
    """Bring the work tree to the default branch, and into it what the cache has of its data.

    Raises:
        Failure: Why it does not work.
    """
    with dagster_errors():
        ws = repository.workspace(progress)
        branch, tip = tip_of(repository)
        if ws.git.branch() != branch:
            raise ConfigError(
                f"The clone in {ws.root} is not on the branch {branch}.",
                remedy=f"Give Dagster a clone of its own, on {branch}.",
            )
        if not ws.git.is_ancestor(tip, ws.head()):
            _move(ws, tip)
            if not repository.workspace(progress).dvc.checkout():
                progress.say("some data is not in the cache: steps that need it pull it or make it")
        progress.say(f"the clone is at {ws.head()[:12]}")


def _move(ws: Workspace, tip: str) -> None:
    """Fast-forward the work tree to ``tip``.

    Locks and reports that a check made here give way to those that were merged: DVC's cache has
    what they are about. Edits do not.

    Raises:
        ConfigError: Somebody committed or edited something here.
    """
    git = GitProgram(ws.root, env=git_environment(), timeout=ws.settings.timeout)
    products = products_of(ws)
    theirs = set(ws.git.files(tip))
    made = [(path, known) for path, known in ws.git.changed() if is_among(path, products)]
    tracked = [path for path, known in made if known]
    if ws.git.is_ancestor(ws.head(), tip):
        if tracked:
            git.line("checkout", "--quiet", "HEAD", "--", *tracked)
        for path in (path for path, known in made if not known and path in theirs):
            (ws.root / path).unlink(missing_ok=True)
    moved = git.attempt("merge", "--ff-only", tip)
    if moved.code:
        raise ConfigError(
            f"The clone cannot be moved forward to {tip[:12]}: {moved.stderr.strip()}",
            untouched="Only lock files and reports that a check had written were reset.",
            remedy="Give Dagster a clone of its own, in which nobody else works.",
        )
