"""Merging a proposal without a person: only where policy, check and origin leave no doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from datarelease.errors import BlockedError, ConfigError
from datarelease.flows.check.check import check
from datarelease.flows.check.streams import compare_streams, counts_then
from datarelease.flows.repository import Workspace
from datarelease.ingest.propose.proposal_commit import commit_fault
from datarelease.ingest.propose.proposals import (
    OpenProposal,
    Proposals,
    covers,
    prefix_of,
    proposals_of,
)
from datarelease.ingest.propose.propose import FindProposals
from datarelease.ingest.propose.scratch_clone import ScratchClone
from datarelease.model.data.stream import Stream
from datarelease.model.review.append_only import not_append_only
from datarelease.model.review.diff import Compatibility
from datarelease.model.review.report import Report
from datarelease.progress import Progress

_State = Literal["merged", "waits", "refused", "nothing"]


@dataclass(frozen=True, kw_only=True)
class Merging:
    """How it ended."""

    stream: str
    state: _State
    """``waits``: it may be merged later. ``refused``: a person decides."""
    reason: str
    """Why it was merged or not, in words."""
    branch: str | None = None
    pull: int | None = None
    url: str | None = None
    commit: str | None = None
    """What the default branch has since; None: it was not merged."""


class _Refusal(Exception):  # noqa: N818 - no error: the answer
    def __init__(self, reason: str, state: _State = "refused", *, outdated: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.state, self.outdated = reason, state, outdated


def merge(clone: ScratchClone, name: str, find_proposals: FindProposals) -> Merging:
    """The open proposal of a stream, merged where nothing speaks against it.

    It is merged where the policy says ``auto_merge``, its one commit was made in this clone and has
    nothing but what a run of the pipeline makes, the data of the merge passes our own check and
    only adds rows, and, on GitHub, the status of the check says the same digest. One
    that was overtaken by other data on the default branch is withdrawn, to be made again.
    """
    tip = clone.refresh()
    stream = clone.stream_at(tip, name)
    proposals = find_proposals(clone)
    there = clone.plan_at(tip, stream)
    found = [
        proposal
        for proposal in proposals.open(prefix_of(name))
        if proposal.pull is not None or not covers(there, clone.plan_at(proposal.commit, stream))
    ]
    if not found:
        return Merging(stream=name, state="nothing", reason="no proposal is open")
    proposal = found[0]
    answer = partial(
        Merging, stream=name, branch=proposal.branch, pull=proposal.pull, url=proposal.url
    )
    if len(found) > 1:
        return answer(state="refused", reason="more than one proposal is open")
    try:
        commit = _merged(clone, tip, stream, proposals, proposal)
    except _Refusal as refusal:
        if not refusal.outdated:
            return answer(state=refusal.state, reason=refusal.reason)
        _withdraw(clone, proposals, proposal)
        reason = f"{refusal.reason}: it was withdrawn, and its events are part of the next proposal"
        return answer(state="waits", reason=reason)
    return answer(state="merged", reason=f"{proposal.branch} is in {clone.branch}", commit=commit)


def merge_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Merging:
    """The open proposal of the stream ``name`` merged, or why it was not.

    Raises:
        ConfigError: No such stream, or settings that cannot be used.
        WorldError: git, a remote or GitHub failed; running it again is safe.
    """
    clone = ScratchClone(root, env=env, progress=progress)
    with clone.locked():
        return merge(clone, name, proposals_of)


# --- inside


def _merged(
    clone: ScratchClone, tip: str, stream: Stream, proposals: Proposals, proposal: OpenProposal
) -> str:
    """The commit that the default branch has since; cheap questions first."""
    clone.git.fetch(proposal.commit, *proposals.places(proposal))
    _origin(clone, proposal)
    if covers(clone.plan_at(tip, stream), clone.plan_at(proposal.commit, stream)):
        raise _Refusal(f"{clone.branch} has its events already")
    ws = clone.check_out(tip)
    if not ws.settings.policy.auto_merge:
        raise _Refusal("params.yaml does not say `release.policy.auto_merge: true`")
    why = commit_fault(clone, ws, proposal.commit, tip, stream)
    if why is not None:
        raise _Refusal(why)
    review = proposals.review(proposal)
    if not review.passed:
        raise _Refusal(review.reason, "refused" if review.final else "waits")
    merged = clone.git.merge(tip, proposal.commit, f"Merge {proposal.branch}")
    if merged is None:
        raise _Refusal(f"it conflicts with {clone.branch}", outdated=True)
    report = _report(clone)
    _passed(report)
    _appended(ws, stream, report, tip, merged)
    if review.digest not in {None, report.digest}:
        # Where main has other data since, the check was about another merge.
        reason = f"its check saw other data: {str(review.digest)[:12]}, not {report.digest[:12]}"
        raise _Refusal(reason, outdated=not clone.git.is_ancestor(tip, proposal.commit))
    commit = proposals.merge(proposal, merged)
    if commit is None:
        raise _Refusal(f"{clone.branch} does not accept it: it is protected, or has moved", "waits")
    return commit


def _origin(clone: ScratchClone, proposal: OpenProposal) -> None:
    """It goes into the default branch, and its newest commit is ours."""
    if proposal.base != clone.branch:
        raise _Refusal(f"its base is {proposal.base}, not {clone.branch}")
    if not clone.git.is_mine(proposal.branch, proposal.commit):
        raise _Refusal(
            f"its newest commit {proposal.commit[:12]} was not made in this repository: somebody "
            "pushed to it, or another machine opened it"
        )


def _report(clone: ScratchClone) -> Report:
    """Our own check of what merging gives, in the scratch clone."""
    try:
        return check(clone.opened()).report
    except (BlockedError, ConfigError) as error:
        raise _Refusal(f"it cannot be checked: {error.what}") from error


def _passed(report: Report) -> None:
    if report.level != "pass":
        reasons = "; ".join(
            f"{finding.column or finding.dataset}: {finding.message}"
            for finding in report.verdict.findings
        )
        raise _Refusal(f"the verdict is {report.level}: {reasons}")
    if report.compatibility > Compatibility.PATCH:
        raise _Refusal(f"the change is {report.compatibility.name.lower()}, not a patch")


def _appended(ws: Workspace, stream: Stream, report: Report, tip: str, merged: str) -> None:
    """It only adds to what was released and to what the default branch has, whatever rules say."""
    then, now = (
        counts_then(ws.at(commit).read, [stream.dataset], ws.progress) for commit in (tip, merged)
    )
    part = report.dataset(stream.name)
    brought = next((one for one in report.streams if one.name == stream.name), None)
    [against_tip] = compare_streams(then or None, now) or (None,)
    words = not_append_only(part.diff if part else None, brought)
    words = words or not_append_only(None, against_tip)
    if not now:
        words = f"not append-only: it has no {stream.counts_file}"
    if words:
        raise _Refusal(f"it is {words}")


def _withdraw(clone: ScratchClone, proposals: Proposals, proposal: OpenProposal) -> None:
    """Take back a proposal that the default branch has overtaken, so that it is made again.

    Nobody refused it: unlike one that a person closed, it does not wait for more events.
    """
    clone.git.take_back(proposal.branch, proposal.commit)
    proposals.close(proposal)
    clone.git.withdraw(proposal.branch, proposal.commit)
