"""Proposes the waiting events of a topic: once for the same offsets, however often it is run.

The name of its branch follows from the offsets that the default branch has, so two proposers
cannot make two; a branch is only ever created. Every step first looks whether its result is there,
so that running it again is the recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from datarelease.errors import WorldError
from datarelease.ingest.access import connected
from datarelease.ingest.plan import extended
from datarelease.ingest.propose.next_branch import (
    BranchMoved,
    ProposalBase,
    covers,
    next_branch,
    plan_of,
    prefix_of,
    refusal_of,
    stream_at_commit,
)
from datarelease.ingest.propose.proposal_commit import adopt_commit, make_commit
from datarelease.ingest.propose.proposals import OpenProposal, Proposals, proposals_of
from datarelease.ingest.propose.pull_request_text import Described, body
from datarelease.ingest.propose.scratch_clone import ScratchClone, plan_at
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.progress import Progress

Planner = Callable[[Stream, StreamPlan | None], StreamPlan]
"""The plan with what waits on the broker appended; the same one where nothing does."""
FindProposals = Callable[[ScratchClone], Proposals]
"""Where proposals of a repository are; asked after the clone was refreshed."""
_ATTEMPTS = 3
"""How often a proposal is started again because the default branch moved, or another run was
faster.
"""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """How it ended."""

    stream: str
    state: Literal["opened", "open", "nothing"]
    """``open``: one is open already."""
    branch: str | None = None
    pull: int | None = None
    url: str | None = None
    commit: str | None = None
    digest: str | None = None
    """Of the data that merging brings."""
    events: int = 0
    dead: int = 0
    message: str
    """The same in words."""


def propose(
    clone: ScratchClone,
    name: str,
    find_proposals: FindProposals,
    planner: Planner,
    *,
    force: bool = False,
) -> Proposal:
    """The proposal with what waits for a stream, opened now or before.

    Args:
        clone: Where it is made; it must be held.
        name: The stream's.
        find_proposals: Tells where proposals are.
        planner: Asks the broker.
        force: Propose again after a refusal, however little came since.

    Raises:
        ConfigError: No such stream, or a pipeline that does not run.
        WorldError: The broker, git, a remote or GitHub failed; run it again.
        ConflictError: The topic is another one, or somebody else's branch has our name.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _once(clone, name, find_proposals, planner, force=force)
        except BranchMoved as moved:
            clone.say(f"{moved}: starting again")
    raise WorldError(
        f"The git remote changed {_ATTEMPTS} times while a proposal for {name} was prepared.",
        untouched="Nothing was proposed.",
        remedy="Run the command again.",
    )


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
    with clone.locked():
        return propose(clone, name, proposals_of, planner, force=force)


# --- inside


def _once(
    clone: ScratchClone, name: str, find_proposals: FindProposals, planner: Planner, *, force: bool
) -> Proposal:
    tip = clone.refresh()
    stream = stream_at_commit(clone, tip, name)
    plan = plan_at(clone, tip, stream)
    base = ProposalBase(
        clone=clone, tip=tip, stream=stream, plan=plan, proposals=find_proposals(clone)
    )
    for proposal in base.proposals.open(prefix_of(name)):
        done = covers(plan, plan_of(base, proposal))
        if proposal.pull is not None or not done:
            return _still_open(base, proposal, outdated=done)
    branch, refused = next_branch(base)
    left = clone.heads.get(branch)
    if left is not None:
        clone.say(f"branch {branch} exists without a pull request: continuing with it")
        return _proposal(base, branch, adopt_commit(base, branch, left))
    extended_plan = planner(stream, plan)
    refusal = None if force else refusal_of(base, extended_plan, refused)
    if extended_plan == plan or not extended_plan.batches:
        refusal = "nothing waits"
    if refusal is not None:
        return Proposal(stream=name, state="nothing", message=refusal)
    return _proposal(base, branch, make_commit(base, branch, extended_plan))


def _still_open(base: ProposalBase, proposal: OpenProposal, *, outdated: bool) -> Proposal:
    what = f"pull request #{proposal.pull}" if proposal.pull else f"branch {proposal.branch}"
    message = f"{what} is open"
    if outdated:
        message += f", and {base.clone.branch} has its events already: close it"
    return Proposal(
        stream=base.stream.name, state="open", branch=proposal.branch, pull=proposal.pull,
        url=proposal.url, commit=proposal.commit, message=message,
    )  # fmt: skip


def _proposal(base: ProposalBase, branch: str, described: Described) -> Proposal:
    """The proposal, opened from a branch that is there.

    Before that the remote is read once more: another proposer may have had the same branch,
    and its proposal may be merged by now, its branch gone, so that ours was made a second time.
    """
    clone, proposals, stream = base.clone, base.proposals, base.stream
    tip, commit = clone.refresh(), described.commit
    if clone.heads.get(branch) != commit:
        raise BranchMoved(f"branch {branch} was deleted meanwhile")
    before = proposals.last(branch)
    merged = covers(plan_at(clone, tip, stream), plan_at(clone, commit, stream))
    if merged or (before is not None and before.pull is not None and before.state != "open"):
        clone.git.withdraw(branch, commit)
        raise BranchMoved(f"what {branch} holds was merged or refused meanwhile")
    proposal = proposals.create(
        branch, commit, base=clone.branch, title=described.title, body=body(described)
    )
    return _opened(described, proposal)


def _opened(described: Described, proposal: OpenProposal) -> Proposal:
    where = f"pull request #{proposal.pull}" if proposal.pull else f"branch {proposal.branch}"
    return Proposal(
        stream=described.stream.name,
        state="opened",
        branch=proposal.branch,
        pull=proposal.pull,
        url=proposal.url,
        commit=proposal.commit,
        digest=described.digest,
        events=described.report.events,
        dead=described.report.dead,
        message=f"{where}: {described.title}",
    )
