"""Where proposals are published: pull requests on GitHub, or branches alone.

Both report the state of a proposal, open one, and merge one. What a proposal holds, and whether it
may be merged, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datarelease.adapters.git.scratch_clone import ScratchGit
from datarelease.adapters.github.errors import GitHubError
from datarelease.adapters.github.repository import MergeMethod
from datarelease.app.github import open_github
from datarelease.ingest.propose.scratch_clone import ScratchClone
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.model.directory import ROOT
from datarelease.model.github import PullRequest
from datarelease.model.review.reviewed_digest import context_of, reviewed_digest

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

_INVALID = 422
_REFUSED = {405, 409}
"""Not mergeable (a rule of the repository, a conflict); the branch moved."""
METHODS: tuple[MergeMethod, ...] = ("merge", "squash", "rebase")
"""Tried in this order: a repository may not allow all of them."""


def prefix_of(stream: str) -> str:
    """What the branches of a stream's proposals begin with."""
    return f"stream/{stream}/"


def covers(plan: StreamPlan | None, other: StreamPlan | None) -> bool:
    """``plan`` goes as far as ``other`` everywhere."""
    ends = plan.ends() if plan else {}
    return all(ends.get(part, 0) >= end for part, end in (other.ends() if other else {}).items())


@dataclass(frozen=True, kw_only=True)
class OpenProposal:
    """A proposal that others can see."""

    branch: str
    commit: str
    """Its newest."""
    state: Literal["open", "merged", "closed"]
    base: str
    """The branch it goes into."""
    pull: int | None = None
    """None: there are no pull requests here."""
    url: str | None = None
    merge_commit: str | None = None

    @property
    def what(self) -> str:
        """In words."""
        return f"pull request #{self.pull}" if self.pull else f"branch {self.branch}"


@dataclass(frozen=True, kw_only=True)
class ProposalReview:
    """Whether a proposal was checked where everybody sees it."""

    passed: bool
    digest: str | None = None
    """Of the data that was checked; None: nobody but us checks proposals here."""
    reason: str = ""
    """Why it did not pass."""
    final: bool = False
    """Waiting does not help."""


class Branches:
    """Branches of the git remote are the proposals: merged by hand, refused by deleting them."""

    def __init__(self, git: ScratchGit, heads: Mapping[str, str], base: str) -> None:
        """``heads`` are the remote's branches as of now, ``base`` its default branch."""
        self._git, self._heads, self._base = git, heads, base

    def open(self, prefix: str) -> Sequence[OpenProposal]:
        """The branches that are there."""
        self._git.see(prefix)
        found = (name for name in sorted(self._heads) if name.startswith(prefix))
        return [self._proposal(name, self._heads[name], "open") for name in found]

    def last(self, branch: str) -> OpenProposal | None:
        """The branch, or, where it is gone, what this clone last saw of it."""
        if branch in self._heads:
            return self._proposal(branch, self._heads[branch], "open")
        seen = self._git.seen(branch)
        return self._proposal(branch, seen, "closed") if seen else None

    def places(self, proposal: OpenProposal) -> Sequence[str]:
        """The branch alone."""
        return (f"refs/heads/{proposal.branch}",)

    def create(self, branch: str, commit: str, *, base: str, title: str, body: str) -> OpenProposal:  # noqa: ARG002
        """The branch is the proposal."""
        self._git.see(branch)
        return self._proposal(branch, commit, "open", base)

    def review(self, proposal: OpenProposal) -> ProposalReview:  # noqa: ARG002
        """Nobody else checks branches."""
        return ProposalReview(passed=True)

    def close(self, proposal: OpenProposal) -> None:
        """The proposal ends when its branch is deleted."""

    def merge(self, proposal: OpenProposal, merged: str) -> str | None:
        """Push the merge, and with it remove the branch, both or none."""
        refs = {f"refs/heads/{proposal.base}": merged, f"refs/heads/{proposal.branch}": ""}
        results = self._git.push(refs, atomic=True)
        return merged if all(result.accepted for result in results) else None

    def _proposal(
        self, branch: str, commit: str, state: Literal["open", "closed"], base: str | None = None
    ) -> OpenProposal:
        return OpenProposal(branch=branch, commit=commit, state=state, base=base or self._base)


class PullRequests:
    """Pull requests on GitHub."""

    def __init__(self, github: GitHub, repository: str, directory: str = ROOT) -> None:
        """``repository`` is ``owner/name``, ``directory`` that of the DVC root in it."""
        self._github, self._repository = github, repository
        self._context = context_of(directory)

    def open(self, prefix: str) -> Sequence[OpenProposal]:
        """From branches of the repository itself, never from forks."""
        pulls = [p for p in self._github.open_pulls() if p.head_branch.startswith(prefix)]
        return [_proposal(pull) for pull in reversed(pulls) if self._is_ours(pull)]

    def last(self, branch: str) -> OpenProposal | None:
        """The newest from the branch, which may be gone."""
        pulls = [p for p in self._github.pulls_from(branch, state="all") if self._is_ours(p)]
        return _proposal(pulls[0]) if pulls else None

    def places(self, proposal: OpenProposal) -> Sequence[str]:
        """The branch, and what GitHub keeps of it when it is gone."""
        return (f"refs/heads/{proposal.branch}", f"refs/pull/{proposal.pull}/head")

    def create(self, branch: str, commit: str, *, base: str, title: str, body: str) -> OpenProposal:  # noqa: ARG002 - GitHub knows it
        """The pull request, opened by us, by a run before or by another machine.

        Whether a request that failed was carried out is open, so GitHub is asked.
        """
        try:
            made = self._github.create_pull(head=branch, base=base, title=title, body=body)
        except GitHubError as error:
            if not (error.answer.failed or error.answer.status == _INVALID):
                raise
            found = [p for p in self._github.pulls_from(branch) if self._is_ours(p)]
            if not found:
                raise
            return _proposal(found[0])
        return _proposal(made)

    def review(self, proposal: OpenProposal) -> ProposalReview:
        """What the status of our check at the newest commit says."""
        statuses = self._github.statuses(proposal.commit)
        digest = reviewed_digest(statuses, bot=self._github.bot, context=self._context)
        if digest is not None:
            return ProposalReview(passed=True, digest=digest)
        ours = [status for status in statuses if status.context == self._context]
        newest = next((status for status in ours if status.author == self._github.bot), None)
        if newest is not None and newest.state != "pending":
            reason = f"its check ended with {newest.state}"
            return ProposalReview(passed=False, reason=reason, final=True)
        others = sorted({status.author for status in ours} - {self._github.bot})
        ignored = f"; the status that {', '.join(others)} set does not count" if others else ""
        return ProposalReview(passed=False, reason=f"its check has not ended yet{ignored}")

    def close(self, proposal: OpenProposal) -> None:
        """The pull request, closed."""
        self._github.close_pull(_number(proposal))

    def merge(self, proposal: OpenProposal, merged: str) -> str | None:  # noqa: ARG002
        """Let GitHub merge exactly this commit, in a way that the repository allows."""
        number = _number(proposal)
        for method in METHODS:
            try:
                return self._github.merge_pull(number, head=proposal.commit, method=method)
            except GitHubError as error:
                if error.answer.failed:
                    found = self._github.pull(number)
                    if found is not None and found.merged:
                        return found.merge_commit
                    raise
                if error.answer.status not in _REFUSED:
                    raise
        return None

    def _is_ours(self, pull: PullRequest) -> bool:
        return (pull.head_repository or "").lower() == self._repository.lower()


Proposals = Branches | PullRequests
"""Where the proposals of a repository are."""


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

    def plan_of(self, proposal: OpenProposal) -> StreamPlan | None:
        """The plan in a proposal, open or not."""
        commit = self.clone.git.fetch(proposal.commit, *self.proposals.places(proposal))
        return self.clone.plan_at(commit, self.stream)


def proposals_of(clone: ScratchClone) -> Proposals:
    """Pull requests, where the origin is on a GitHub and there is a token for it."""
    access = clone.github
    if access is not None and access.token:
        github = open_github(access)
        return PullRequests(github, access.repository, clone.directory)
    if access is not None:
        clone.say(
            f"GITHUB_TOKEN is not set: proposals for {access.repository} are branches without "
            "pull requests"
        )
    return Branches(clone.git, clone.heads, clone.branch)


# --- inside


def _number(proposal: OpenProposal) -> int:
    if proposal.pull is None:
        raise ValueError(proposal)
    return proposal.pull


def _proposal(pull: PullRequest) -> OpenProposal:
    return OpenProposal(
        branch=pull.head_branch,
        commit=pull.head,
        state="open" if pull.open else "merged" if pull.merged else "closed",
        base=pull.base,
        pull=pull.number,
        url=pull.url,
        merge_commit=pull.merge_commit if pull.merged else None,
    )
