"""Proposes the waiting events of a topic: once for the same offsets, however often it is run.

The name of its branch follows from the offsets that the default branch has, so two proposers
cannot make two; a branch is only ever created. Every step first looks whether its result is there,
so that running it again is the recovery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

from datarelease.errors import WorldError
from datarelease.ingest.access import connected
from datarelease.ingest.plan import extended
from datarelease.ingest.propose.proposal_commit import adopt_commit, make_commit
from datarelease.ingest.propose.proposals import (
    BranchMoved,
    OpenProposal,
    ProposalBase,
    Proposals,
    covers,
    prefix_of,
    proposals_of,
)
from datarelease.ingest.propose.pull_request_text import Described, body
from datarelease.ingest.propose.scratch_clone import ScratchClone
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.model.wording import plural
from datarelease.progress import Progress

Planner = Callable[[Stream, StreamPlan | None], StreamPlan]
"""The plan with what waits on the broker appended; the same one where nothing does."""
FindProposals = Callable[[ScratchClone], Proposals]
"""Where proposals of a repository are; asked after the clone was refreshed."""
_ATTEMPTS = 3
"""How often a proposal is begun, as the default branch moved or another run was faster."""


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
    """How it ended, in words."""


def propose(
    clone: ScratchClone,
    name: str,
    find_proposals: FindProposals,
    planner: Planner,
    *,
    force: bool = False,
) -> Proposal:
    """The proposal with what waits for a stream, opened now or before.

    ``planner`` asks the broker. With ``force``, refused events are proposed again at once.
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
    stream = clone.stream_at(tip, name)
    plan = clone.plan_at(tip, stream)
    base = ProposalBase(
        clone=clone, tip=tip, stream=stream, plan=plan, proposals=find_proposals(clone)
    )
    for proposal in base.proposals.open(prefix_of(name)):
        done = covers(plan, base.plan_of(proposal))
        if proposal.pull is not None or not done:
            return _still_open(base, proposal, outdated=done)
    branch, refused = _next_branch(base)
    left = clone.heads.get(branch)
    if left is not None:
        clone.say(f"branch {branch} exists without a pull request: continuing with it")
        return _proposal(base, branch, adopt_commit(base, branch, left))
    extended_plan = planner(stream, plan)
    refusal = None if force else _refusal(base, extended_plan, refused)
    if extended_plan == plan or not extended_plan.batches:
        refusal = "no events wait"
    if refusal is not None:
        return Proposal(stream=name, state="nothing", message=refusal)
    return _proposal(base, branch, make_commit(base, branch, extended_plan))


def _next_branch(base: ProposalBase) -> tuple[str, OpenProposal | None]:
    """The branch for what comes next, and the refused proposal of the same batch before it."""
    refused: OpenProposal | None = None
    for attempt in count(1):
        branch = f"{prefix_of(base.stream.name)}{base.number:06}-{attempt}"
        proposal = base.proposals.last(branch)
        if proposal is None:
            break
        if proposal.state == "open":
            raise BranchMoved(f"a proposal from {branch} was opened meanwhile")
        git = base.clone.git
        landed = proposal.merge_commit is not None and proposal.base == base.clone.branch
        if landed and not git.is_ancestor(str(proposal.merge_commit), base.tip):
            raise BranchMoved(f"{branch} was merged meanwhile")
        refused = proposal
    return branch, refused


def _refusal(base: ProposalBase, plan: StreamPlan, refused: OpenProposal | None) -> str | None:
    """Why the same events are not proposed again: they were refused, and few came since."""
    if refused is None or base.clone.git.is_taken_back(refused.branch, refused.commit):
        return None
    fresh, enough = _fresh(plan, base.plan_of(refused)), base.stream.propose_events
    if fresh >= enough:
        return None
    return (
        f"{refused.what} was closed unmerged, and {plural(fresh, 'event')} came since then; they "
        f"are proposed again when {enough:,} have come, or with --force"
    )


def _fresh(plan: StreamPlan, refused: StreamPlan | None) -> int:
    """Offsets that were in no proposal yet."""
    ends = refused.ends() if refused else {}
    highs = {span.partition: span.high for batch in plan.batches for span in batch.spans}
    return sum(max(0, high - ends.get(part, 0)) for part, high in highs.items())


def _still_open(base: ProposalBase, proposal: OpenProposal, *, outdated: bool) -> Proposal:
    message = f"{proposal.what} is open"
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
    merged = covers(clone.plan_at(tip, stream), clone.plan_at(commit, stream))
    if merged or (before is not None and before.pull is not None and before.state != "open"):
        clone.git.withdraw(branch, commit)
        raise BranchMoved(f"what {branch} holds was merged or refused meanwhile")
    proposal = proposals.create(
        branch, commit, base=clone.branch, title=described.title, body=body(described)
    )
    return Proposal(
        stream=stream.name,
        state="opened",
        branch=proposal.branch,
        pull=proposal.pull,
        url=proposal.url,
        commit=proposal.commit,
        digest=described.digest,
        events=described.report.events,
        dead=described.report.dead,
        message=f"{proposal.what}: {described.title}",
    )
