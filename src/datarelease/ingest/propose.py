"""What waits on a topic becomes a proposal: one for the same offsets, however often it is asked.

The name of its branch follows from the offsets that the default branch has, so two proposers
cannot make two; a branch is only ever created. Every step first looks whether its result is there,
so that running it again is the recovery.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from datarelease.adapters.tracked import load_yaml
from datarelease.documents import encode
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.flows.check import check
from datarelease.flows.local_files import write
from datarelease.flows.plan import products
from datarelease.flows.reproduce import work_tree_outputs
from datarelease.flows.workspace import Workspace
from datarelease.ingest.deliver import deliver
from datarelease.ingest.described import Described, body, describe
from datarelease.ingest.desk import Desk, plan_at
from datarelease.ingest.proposals import Filed, Proposals
from datarelease.model.stream import Stream, StreamPlan
from datarelease.settings import DATASETS_FILE, PARAMS_FILE, read_settings

Planner = Callable[[Stream, StreamPlan | None], StreamPlan]
"""The plan with what waits on the broker appended; the same one where nothing does."""
Place = Callable[[Desk], Proposals]
"""Where proposals of a repository are; asked after the desk was refreshed."""
ATTEMPTS = 3
"""Times that we begin anew because the default branch moved, or somebody was faster."""


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


class Moved(Exception):  # noqa: N818 - no error: the signal to begin anew
    """The world is not the one that we began with; the message says how."""


def propose(
    desk: Desk, name: str, place: Place, planner: Planner, *, force: bool = False
) -> Proposal:
    """The proposal with what waits for a stream, opened now or before.

    Args:
        desk: Where it is made; it must be held.
        name: The stream's.
        place: Where proposals are.
        planner: Asks the broker.
        force: Propose again after a refusal, however little came since.

    Raises:
        ConfigError: No such stream, or a pipeline that does not run.
        WorldError: The broker, git, a remote or GitHub failed; run it again.
        ConflictError: The topic is another one, or somebody else's branch has our name.
    """
    for _ in range(ATTEMPTS):
        try:
            return _once(desk, name, place, planner, force=force)
        except Moved as moved:
            desk.say(f"{moved}: beginning anew")
    raise WorldError(
        f"The git remote changed {ATTEMPTS} times while a proposal for {name} was prepared.",
        untouched="Nothing was proposed.",
        remedy="Run the command again.",
    )


def prefix_of(stream: str) -> str:
    """What the branches of a stream's proposals begin with."""
    return f"stream/{stream}/"


def stream_at(desk: Desk, commit: str, name: str) -> Stream:
    """The settings of a stream at a commit of the default branch.

    Raises:
        ConfigError: It has no such stream.
    """
    read = desk.reader(commit)
    settings = read_settings(load_yaml(read, DATASETS_FILE), load_yaml(read, PARAMS_FILE))
    stream = settings.stream(name)
    if stream is None:
        known = ", ".join(found.name for found in settings.streams) or "none"
        raise ConfigError(
            f"params.yaml on {desk.branch} of the git remote has no stream {name!r} (it has: "
            f"{known}).",
            untouched="Nothing was changed.",
            remedy=f"Make one with `datarelease ingest add {name}`, and merge that first.",
        )
    return stream


def covers(plan: StreamPlan | None, other: StreamPlan | None) -> bool:
    """``plan`` goes as far as ``other`` everywhere."""
    ends = plan.ends() if plan else {}
    return all(ends.get(part, 0) >= end for part, end in (other.ends() if other else {}).items())


# --- inside


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """What everything is derived from."""

    desk: Desk
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


def _once(desk: Desk, name: str, place: Place, planner: Planner, *, force: bool) -> Proposal:
    tip = desk.refresh()
    stream = stream_at(desk, tip, name)
    plan = plan_at(desk, tip, stream)
    begun = _Begun(desk=desk, tip=tip, stream=stream, plan=plan, proposals=place(desk))
    for filed in begun.proposals.open(prefix_of(name)):
        done = covers(plan, _plan_of(begun, filed))
        if filed.pull is not None or not done:
            return _still_open(begun, filed, outdated=done)
    branch, refused = _slot(begun)
    left = desk.heads.get(branch)
    if left is not None:
        desk.say(f"branch {branch} is there without a pull request: taking it up")
        return _filed(begun, branch, _taken_up(begun, branch, left))
    asked = planner(stream, plan)
    why_not = None if force else _why_not(begun, asked, refused)
    if asked == plan or not asked.batches:
        why_not = "nothing waits"
    if why_not is not None:
        return Proposal(stream=name, state="nothing", message=why_not)
    return _filed(begun, branch, _made(begun, branch, asked))


def _plan_of(begun: _Begun, filed: Filed) -> StreamPlan | None:
    commit = begun.desk.git.fetch(filed.commit, *begun.proposals.places(filed))
    return plan_at(begun.desk, commit, begun.stream)


def _still_open(begun: _Begun, filed: Filed, *, outdated: bool) -> Proposal:
    what = f"pull request #{filed.pull}" if filed.pull else f"branch {filed.branch}"
    message = f"{what} is open"
    if outdated:
        message += f", and {begun.desk.branch} has its events already: close it"
    return Proposal(
        stream=begun.stream.name, state="open", branch=filed.branch, pull=filed.pull,
        url=filed.url, commit=filed.commit, message=message,
    )  # fmt: skip


def _slot(begun: _Begun) -> tuple[str, Filed | None]:
    """The branch for what comes next, and the refused proposal of the same batch before it."""
    refused: Filed | None = None
    for attempt in count(1):
        branch = f"{prefix_of(begun.stream.name)}{begun.number:06}-{attempt}"
        filed = begun.proposals.last(branch)
        if filed is None:
            break
        if filed.state == "open":
            raise Moved(f"a proposal from {branch} was opened meanwhile")
        git = begun.desk.git
        landed = filed.merge_commit is not None and filed.base == begun.desk.branch
        if landed and not git.is_ancestor(str(filed.merge_commit), begun.tip):
            raise Moved(f"{branch} was merged meanwhile")
        refused = filed
    return branch, refused


def _why_not(begun: _Begun, plan: StreamPlan, refused: Filed | None) -> str | None:
    """Why the same is not proposed again: it was refused, and little came since."""
    if refused is None or begun.desk.git.is_taken_back(refused.branch, refused.commit):
        return None
    fresh, enough = _fresh(plan, _plan_of(begun, refused)), begun.stream.propose_events
    if fresh >= enough:
        return None
    what = f"pull request #{refused.pull}" if refused.pull else f"branch {refused.branch}"
    return (
        f"{what} was closed unmerged, and {fresh:,} events came since; proposed again at "
        f"{enough:,}, or with --force"
    )


def _made(begun: _Begun, branch: str, plan: StreamPlan) -> Described:
    """A commit with what waits, its data on the remotes, its branch at the git remote."""
    desk, stream = begun.desk, begun.stream
    ws = desk.lay(begun.tip)
    _bring_parts(ws, stream)
    write(ws.root / stream.plan_file, encode(plan).encode())
    checked = check(ws)
    files = {**products(ws), stream.plan_file: ws.read(stream.plan_file)}
    commit = ws.git.commit_files(begun.tip, files, _message(begun, plan, branch))
    described = describe(ws, stream, begun.tip, commit)
    sent = deliver(ws)
    desk.say(f"{stream.name}: verdict {checked.report.level}, {sent} objects sent")
    default, heads = desk.git.advertised()
    if default != desk.branch or heads.get(desk.branch) != begun.tip:
        raise Moved(f"{desk.branch} moved meanwhile")
    desk.git.claim(branch, commit)
    if not desk.git.create(branch, commit):
        raise Moved(f"branch {branch} was made by somebody else")
    return described


def _fresh(plan: StreamPlan, refused: StreamPlan | None) -> int:
    """Offsets that nobody was shown yet."""
    ends = refused.ends() if refused else {}
    highs = {span.partition: span.high for batch in plan.batches for span in batch.spans}
    return sum(max(0, high - ends.get(part, 0)) for part, high in highs.items())


def _bring_parts(ws: Workspace, stream: Stream) -> None:
    """Let the parts of earlier batches be at hand: the stages add to them."""
    kept = {stream.raw_dir, stream.dead_dir, stream.dataset.path}
    hashes = [out.md5 for out in work_tree_outputs(ws) if out.path in kept and out.md5]
    ws.objects.ensure(hashes)
    missing = [md5 for md5 in ws.objects.expanded(hashes) if not ws.objects.has(md5)]
    if missing:
        ws.objects.ensure(missing)
        ws.dvc.reset()


def _message(begun: _Begun, plan: StreamPlan, branch: str) -> str:
    new = [batch for batch in plan.batches if batch.number >= begun.number]
    offsets = sum(batch.offsets for batch in new)
    batches = (
        f"batch {begun.number}" if len(new) == 1 else f"batches {begun.number} to {new[-1].number}"
    )
    return f"{begun.stream.name}: {batches}, {offsets:,} offsets\n\nProposal: {branch}"


def _taken_up(begun: _Begun, branch: str, left: str) -> Described:
    """What is in a branch that a proposer left behind when it was killed.

    Raises:
        ConflictError: It is no proposal that continues the default branch.
    """
    desk, stream = begun.desk, begun.stream
    commit = desk.git.fetch(left, f"refs/heads/{branch}")
    plan = plan_at(desk, commit, stream)
    then = begun.plan.batches if begun.plan else ()
    if plan is None or plan.batches[: len(then)] != then or len(plan.batches) <= len(then):
        raise ConflictError(
            f"The git remote has a branch {branch}, which does not continue {stream.plan_file} of "
            f"{desk.branch}.",
            untouched="Nothing was proposed.",
            remedy=f"Delete it (`git push origin --delete {branch}`), then run the command again.",
        )
    return describe(desk.lay(begun.tip), stream, begun.tip, commit)


def _filed(begun: _Begun, branch: str, described: Described) -> Proposal:
    """The proposal, opened from a branch that is there.

    Before that the world is looked at once more: another proposer may have had the same branch,
    and its proposal may be merged by now, its branch gone, so that ours was made a second time.
    """
    desk, proposals, stream = begun.desk, begun.proposals, begun.stream
    tip, commit = desk.refresh(), described.commit
    if desk.heads.get(branch) != commit:
        raise Moved(f"branch {branch} went meanwhile")
    before = proposals.last(branch)
    merged = covers(plan_at(desk, tip, stream), plan_at(desk, commit, stream))
    if merged or (before is not None and before.pull is not None and before.state != "open"):
        desk.git.withdraw(branch, commit)
        raise Moved(f"what {branch} holds was merged or refused meanwhile")
    filed = proposals.file(
        branch, commit, base=desk.branch, title=described.title, body=body(described)
    )
    return _opened(described, filed)


def _opened(described: Described, filed: Filed) -> Proposal:
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
