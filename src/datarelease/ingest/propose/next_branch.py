"""Which proposal comes next for a stream: it follows from what the default branch has."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from datarelease.errors import ConfigError
from datarelease.ingest.propose.proposals import OpenProposal, Proposals
from datarelease.ingest.propose.scratch_clone import ScratchClone, plan_at
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.settings.read import DATASETS_FILE, PARAMS_FILE, read_settings


class BranchMoved(Exception):  # noqa: N818 - no error: the signal to begin anew
    """The remote's state changed since the start; the message says how."""


@dataclass(frozen=True, kw_only=True)
class ProposalBase:
    """What everything about the next proposal is derived from."""

    clone: ScratchClone
    tip: str
    """Of the default branch."""
    stream: Stream
    plan: StreamPlan | None
    """As it is there."""
    proposals: Proposals

    @property
    def number(self) -> int:
        """Of the first new batch."""
        return self.plan.batches[-1].number + 1 if self.plan and self.plan.batches else 1


def prefix_of(stream: str) -> str:
    """What the branches of a stream's proposals begin with."""
    return f"stream/{stream}/"


def stream_at_commit(clone: ScratchClone, commit: str, name: str) -> Stream:
    """The settings of a stream at a commit of the default branch.

    Raises:
        ConfigError: It has no such stream.
    """
    tracked = clone.at(commit)
    settings = read_settings(tracked.mapping(DATASETS_FILE), tracked.mapping(PARAMS_FILE))
    stream = settings.stream(name)
    if stream is None:
        known = ", ".join(found.name for found in settings.streams) or "none"
        raise ConfigError(
            f"params.yaml on {clone.branch} of the git remote has no stream {name!r} (it has: "
            f"{known}).",
            remedy=f"Add it with `datarelease ingest add {name}`, and merge that first.",
        )
    return stream


def covers(plan: StreamPlan | None, other: StreamPlan | None) -> bool:
    """``plan`` goes as far as ``other`` everywhere."""
    ends = plan.ends() if plan else {}
    return all(ends.get(part, 0) >= end for part, end in (other.ends() if other else {}).items())


def plan_of(base: ProposalBase, proposal: OpenProposal) -> StreamPlan | None:
    """The plan in a proposal, open or not."""
    commit = base.clone.git.fetch(proposal.commit, *base.proposals.places(proposal))
    return plan_at(base.clone, commit, base.stream)


def next_branch(base: ProposalBase) -> tuple[str, OpenProposal | None]:
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


def refusal_of(base: ProposalBase, plan: StreamPlan, refused: OpenProposal | None) -> str | None:
    """Why the same events are not proposed again: they were refused, and few came since."""
    if refused is None or base.clone.git.is_taken_back(refused.branch, refused.commit):
        return None
    fresh, enough = _fresh(plan, plan_of(base, refused)), base.stream.propose_events
    if fresh >= enough:
        return None
    what = f"pull request #{refused.pull}" if refused.pull else f"branch {refused.branch}"
    return (
        f"{what} was closed unmerged, and {fresh:,} events came since; proposed again at "
        f"{enough:,}, or with --force"
    )


def _fresh(plan: StreamPlan, refused: StreamPlan | None) -> int:
    """Offsets that were in no proposal yet."""
    ends = refused.ends() if refused else {}
    highs = {span.partition: span.high for batch in plan.batches for span in batch.spans}
    return sum(max(0, high - ends.get(part, 0)) for part, high in highs.items())
