"""Proposals of a repository: the desk, the broker and GitHub put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datarelease.app.github import open_github
from datarelease.ingest.plan.plan import extended
from datarelease.ingest.propose.merge import Merging, merge
from datarelease.ingest.propose.proposals import Branches, Proposals, PullRequests
from datarelease.ingest.propose.propose import Proposal, propose
from datarelease.ingest.propose.scratch_clone import ScratchClone
from datarelease.ingest.wiring.access import connected
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.progress import Progress


def propose_now(
    root: Path, name: str, *, env: Mapping[str, str], progress: Progress, force: bool = False
) -> Proposal:
    """The proposal with all that waits for the stream ``name``: opened now, or open already.

    Raises:
        ConfigError: No such stream, no broker configured, or a pipeline that does not run.
        ConflictError: The topic is another one, or a branch has our name and is not ours.
        WorldError: The broker, git, a remote or GitHub failed; running it again is safe.
    """

    def planner(stream: Stream, plan: StreamPlan | None) -> StreamPlan:
        with connected(env) as broker:
            progress.say(f"{stream.topic}: asking the broker")
            return extended(plan, stream, broker)

    clone = ScratchClone(root, env=env, progress=progress)
    with clone.held():
        return propose(clone, name, proposals_of, planner, force=force)


def merge_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Merging:
    """The open proposal of the stream ``name`` merged, or why it was not.

    Raises:
        ConfigError: No such stream, or settings that cannot be used.
        WorldError: git, a remote or GitHub failed; running it again is safe.
    """
    clone = ScratchClone(root, env=env, progress=progress)
    with clone.held():
        return merge(clone, name, proposals_of)


def proposals_of(clone: ScratchClone) -> Proposals:
    """Pull requests, where the origin is on a GitHub and there is a token for it."""
    access = clone.github
    if access is not None and access.token:
        github = open_github(access)
        return PullRequests(github, access.repository, clone.directory)
    if access is not None:
        clone.say(f"GITHUB_TOKEN is not set: branches of {access.repository}, no pull requests")
    return Branches(clone.git, clone.heads, clone.branch)
