"""Proposes the waiting events of a topic: once for the same offsets, however often it is run.

The name of its branch follows from the offsets that the default branch has, so two proposers
cannot make two; a branch is only ever created. Every step first looks whether its result is there,
so that running it again is the recovery.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote
from typing import Literal

from datarelease.documents import encode
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.flows.check.check import Checked, check
from datarelease.flows.check.reproduce import is_among, products_of, work_tree_outputs
from datarelease.flows.release.plan import products
from datarelease.flows.workspace import Workspace
from datarelease.flows.write_file import write
from datarelease.ingest.propose.deliver import deliver
from datarelease.ingest.propose.next_branch import (
    BranchMoved,
    ProposalBase,
    covers,
    plan_of,
    prefix_of,
    slot,
    stream_at_commit,
    why_not,
)
from datarelease.ingest.propose.proposals import OpenProposal, Proposals
from datarelease.ingest.propose.pull_request_text import Described, body, describe
from datarelease.ingest.propose.scratch_clone import ScratchClone, plan_at
from datarelease.model.data.stream import Stream, StreamPlan

Planner = Callable[[Stream, StreamPlan | None], StreamPlan]
"""The plan with what waits on the broker appended; the same one where nothing does."""
ProposalsOf = Callable[[ScratchClone], Proposals]
"""Where proposals of a repository are; asked after the desk was refreshed."""
IGNORE = ".gitignore"
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
    clone: ScratchClone, name: str, place: ProposalsOf, planner: Planner, *, force: bool = False
) -> Proposal:
    """The proposal with what waits for a stream, opened now or before.

    Args:
        clone: Where it is made; it must be held.
        name: The stream's.
        place: Where proposals are.
        planner: Asks the broker.
        force: Propose again after a refusal, however little came since.

    Raises:
        ConfigError: No such stream, or a pipeline that does not run.
        WorldError: The broker, git, a remote or GitHub failed; run it again.
        ConflictError: The topic is another one, or somebody else's branch has our name.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _once(clone, name, place, planner, force=force)
        except BranchMoved as moved:
            clone.say(f"{moved}: starting again")
    raise WorldError(
        f"The git remote changed {_ATTEMPTS} times while a proposal for {name} was prepared.",
        untouched="Nothing was proposed.",
        remedy="Run the command again.",
    )


def stranger(
    clone: ScratchClone, ws: Workspace, commit: str, tip: str, stream: Stream
) -> str | None:
    """Why ``commit`` is not a proposal as we make them; None: it is one, whoever made it.

    That is one commit after the default branch, with the plan and what a run of the pipeline
    leaves. ``ws`` is the default branch's work tree at ``tip``.
    """
    git = clone.git
    parents = git.parents(commit)
    if len(parents) != 1 or not git.is_ancestor(parents[0], tip):
        return f"it is more than one commit after {clone.branch}"
    made = (*products_of(ws), stream.plan_file)
    for path in git.differing(parents[0], commit):
        inside = path.removeprefix(git.prefix)
        ours = is_among(inside, made) or posixpath.basename(inside) == IGNORE
        if not path.startswith(git.prefix) or not ours:
            return f"it changes {path}, which no run of the pipeline makes"
    return None


# --- inside


def _once(
    clone: ScratchClone, name: str, place: ProposalsOf, planner: Planner, *, force: bool
) -> Proposal:
    tip = clone.refresh()
    stream = stream_at_commit(clone, tip, name)
    plan = plan_at(clone, tip, stream)
    begun = ProposalBase(clone=clone, tip=tip, stream=stream, plan=plan, proposals=place(clone))
    for filed in begun.proposals.open(prefix_of(name)):
        done = covers(plan, plan_of(begun, filed))
        if filed.pull is not None or not done:
            return _still_open(begun, filed, outdated=done)
    branch, refused = slot(begun)
    left = clone.heads.get(branch)
    if left is not None:
        clone.say(f"branch {branch} exists without a pull request: continuing with it")
        return _filed(begun, branch, _taken_up(begun, branch, left))
    asked = planner(stream, plan)
    refusal = None if force else why_not(begun, asked, refused)
    if asked == plan or not asked.batches:
        refusal = "nothing waits"
    if refusal is not None:
        return Proposal(stream=name, state="nothing", message=refusal)
    return _filed(begun, branch, _made(begun, branch, asked))


def _still_open(begun: ProposalBase, filed: OpenProposal, *, outdated: bool) -> Proposal:
    what = f"pull request #{filed.pull}" if filed.pull else f"branch {filed.branch}"
    message = f"{what} is open"
    if outdated:
        message += f", and {begun.clone.branch} has its events already: close it"
    return Proposal(
        stream=begun.stream.name, state="open", branch=filed.branch, pull=filed.pull,
        url=filed.url, commit=filed.commit, message=message,
    )  # fmt: skip


def _made(begun: ProposalBase, branch: str, plan: StreamPlan) -> Described:
    """A commit with what waits, its data on the remotes, its branch at the git remote."""
    clone, stream = begun.clone, begun.stream
    ws = clone.lay(begun.tip)
    _bring_parts(ws, stream)
    write(ws.root / stream.plan_file, encode(plan).encode())
    checked = _ran(ws, stream, plan)
    files = {**products(ws), **_ignores(ws), stream.plan_file: ws.read(stream.plan_file)}
    commit = ws.git.commit_files(begun.tip, files, _message(begun, plan, branch))
    described = describe(ws, stream, begun.tip, commit)
    sent = deliver(ws)
    clone.say(f"{stream.name}: verdict {checked.report.level}, {sent} objects sent")
    default, heads = clone.git.advertised()
    if default != clone.branch or heads.get(clone.branch) != begun.tip:
        raise BranchMoved(f"{clone.branch} moved meanwhile")
    clone.git.claim(branch, commit)
    if not clone.git.create(branch, commit):
        raise BranchMoved(f"branch {branch} was made by somebody else")
    return described


def _ran(ws: Workspace, stream: Stream, plan: StreamPlan) -> Checked:
    """The pipeline was run, and its outcome checked.

    Raises:
        WorldError: The records that were planned a moment ago could not be drained.
        ConfigError: Another stage failed.
    """
    try:
        return check(ws)
    except ConfigError as error:
        raw = ws.root / stream.raw_dir
        absent = [batch for batch in plan.batches if not (raw / batch.part).is_file()]
        if not absent:
            raise
        raise WorldError(
            f"{error.what}\nBatch {absent[0].number} of {stream.name} was not drained.",
            untouched="Nothing was proposed.",
            remedy="Run the command again when the broker answers.",
        ) from error


def _bring_parts(ws: Workspace, stream: Stream) -> None:
    """Let the parts of earlier batches be available: the stages add to them."""
    kept = {stream.raw_dir, stream.dead_dir, stream.dataset.path}
    hashes = [out.md5 for out in work_tree_outputs(ws) if out.path in kept and out.md5]
    ws.objects.ensure(hashes)
    missing = [md5 for md5 in ws.objects.expanded(hashes) if not ws.objects.has(md5)]
    if missing:
        ws.objects.ensure(missing)
        ws.dvc.reset()


def _ignores(ws: Workspace) -> dict[str, bytes | None]:
    """The files in which DVC lists its outputs: without them ``git add`` would add the data."""
    places = {posixpath.dirname(out.path) for out in work_tree_outputs(ws)}
    wanted = {posixpath.join(place, IGNORE) for place in places}
    return {path: ws.read(path) for path, _ in ws.git.changed() if path in wanted}


def _message(begun: ProposalBase, plan: StreamPlan, branch: str) -> str:
    new = [batch for batch in plan.batches if batch.number >= begun.number]
    offsets = sum(batch.offsets for batch in new)
    batches = (
        f"batch {begun.number}" if len(new) == 1 else f"batches {begun.number} to {new[-1].number}"
    )
    return f"{begun.stream.name}: {batches}, {offsets:,} offsets\n\nProposal: {branch}"


def _taken_up(begun: ProposalBase, branch: str, left: str) -> Described:
    """The content of a branch that a killed run left behind.

    Raises:
        ConflictError: It is not a proposal that continues the default branch.
    """
    clone, stream = begun.clone, begun.stream
    commit = clone.git.fetch(left, f"refs/heads/{branch}")
    plan = plan_at(clone, commit, stream)
    then = begun.plan.batches if begun.plan else ()
    ws = clone.lay(begun.tip)
    why = stranger(clone, ws, commit, begun.tip, stream)
    if plan is None or plan.batches[: len(then)] != then or len(plan.batches) <= len(then):
        why = f"it does not continue {stream.plan_file} of {clone.branch}"
    if why is not None:
        raise ConflictError(
            f"The git remote has a branch {branch}, which is not a proposal of datarelease: {why}.",
            untouched="Nothing was proposed.",
            remedy=f"Delete it (`git push origin --delete {quote(branch)}`), then run the "
            "command again.",
        )
    return describe(ws, stream, begun.tip, commit)


def _filed(begun: ProposalBase, branch: str, described: Described) -> Proposal:
    """The proposal, opened from a branch that is there.

    Before that the remote is read once more: another proposer may have had the same branch,
    and its proposal may be merged by now, its branch gone, so that ours was made a second time.
    """
    clone, proposals, stream = begun.clone, begun.proposals, begun.stream
    tip, commit = clone.refresh(), described.commit
    if clone.heads.get(branch) != commit:
        raise BranchMoved(f"branch {branch} was deleted meanwhile")
    before = proposals.last(branch)
    merged = covers(plan_at(clone, tip, stream), plan_at(clone, commit, stream))
    if merged or (before is not None and before.pull is not None and before.state != "open"):
        clone.git.withdraw(branch, commit)
        raise BranchMoved(f"what {branch} holds was merged or refused meanwhile")
    filed = proposals.file(
        branch, commit, base=clone.branch, title=described.title, body=body(described)
    )
    return _opened(described, filed)


def _opened(described: Described, filed: OpenProposal) -> Proposal:
    where = f"pull request #{filed.pull}" if filed.pull else f"branch {filed.branch}"
    return Proposal(
        stream=described.stream.name,
        state="opened",
        branch=filed.branch,
        pull=filed.pull,
        url=filed.url,
        commit=filed.commit,
        digest=described.digest,
        events=described.report.events,
        dead=described.report.dead,
        message=f"{where}: {described.title}",
    )
