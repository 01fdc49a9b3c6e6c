"""The commit of a proposal: made from what waits, its data sent to the remotes, then its branch.

A branch that a proposer left behind when it was killed is taken over if it holds such a commit.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from shlex import quote

from datarelease.adapters.store.directory import Store
from datarelease.documents import encode
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.flows.check.check import Checked, check
from datarelease.flows.check.clean import Changes
from datarelease.flows.check.reproduce import is_among, products_of
from datarelease.flows.check.tracked_outputs import work_tree_snapshot
from datarelease.flows.release.plan import products
from datarelease.flows.repository import Workspace
from datarelease.flows.transfer import complete, faults_error, find_faults
from datarelease.flows.write_file import write
from datarelease.ingest.propose.proposals import BranchMoved, ProposalBase
from datarelease.ingest.propose.pull_request_text import Described, describe
from datarelease.ingest.propose.scratch_clone import ScratchClone
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.model.versions.release import Fault
from datarelease.model.wording import agreeing, plural

IGNORE = ".gitignore"


def make_commit(base: ProposalBase, branch: str, plan: StreamPlan) -> Described:
    """A commit with what waits, its data on the remotes, its branch at the git remote."""
    clone, stream = base.clone, base.stream
    ws = clone.check_out(base.tip)
    _bring_parts(ws, stream)
    write(ws.root / stream.plan_file, encode(plan).encode())
    checked = _ran(ws, stream, plan)
    files = {**products(ws, checked.changed), **_ignores(ws, checked.changed)}
    files[stream.plan_file] = ws.read(stream.plan_file)
    commit = ws.git.commit_files(base.tip, files, _message(base, plan, branch))
    described = describe(ws, stream, base.tip, commit)
    sent = deliver(ws)
    clone.say(f"{stream.name}: verdict {checked.report.level}, {plural(sent, 'object')} sent")
    default, heads = clone.git.advertised()
    if default != clone.branch or heads.get(clone.branch) != base.tip:
        raise BranchMoved(f"{clone.branch} moved meanwhile")
    clone.git.claim(branch, commit)
    if not clone.git.create(branch, commit):
        raise BranchMoved(f"branch {branch} was made by somebody else")
    return described


def adopt_commit(base: ProposalBase, branch: str, left: str) -> Described:
    """The content of a branch that a killed run left behind.

    Raises:
        ConflictError: It is not a proposal that continues the default branch.
    """
    clone, stream = base.clone, base.stream
    commit = clone.git.fetch(left, f"refs/heads/{branch}")
    plan = clone.plan_at(commit, stream)
    then = base.plan.batches if base.plan else ()
    ws = clone.check_out(base.tip)
    why = commit_fault(clone, ws, commit, base.tip, stream)
    if plan is None or plan.batches[: len(then)] != then or len(plan.batches) <= len(then):
        why = f"it does not continue {stream.plan_file} of {clone.branch}"
    if why is not None:
        raise ConflictError(
            f"The git remote has a branch {branch}, which is not a proposal of datarelease: {why}.",
            untouched="Nothing was proposed.",
            remedy=f"Delete it (`git push origin --delete {quote(branch)}`), then run the "
            "command again.",
        )
    return describe(ws, stream, base.tip, commit)


def commit_fault(
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


def deliver(ws: Workspace) -> int:
    """The number of objects sent; the remotes now hold all available objects that DVC tracks.

    What is not available, as it did not change, must be on the remotes if a dataset needs it.

    Raises:
        ConfigError: There is no remote.
        WorldError: A remote failed, or lacks objects after that; they are named.
    """
    if not ws.remotes:
        raise ConfigError(
            "DVC has no default remote, and release.remotes names none.",
            untouched="Nothing was pushed or proposed.",
            remedy="Add one: `dvc remote add --default storage URL`.",
        )
    sent, left = 0, list[Fault]()
    for remote, needed in _needed(ws):
        lost = complete(ws, remote, needed, sample=False)
        left += find_faults(remote, {md5: needed[md5] for md5 in lost}, progress=ws.progress)
        sent += len(lost)
    if left:
        raise faults_error(
            left,
            what=f"{plural(len(left), 'object')} {agreeing(len(left), 'is', 'are')} "
            "not on the remote after the push:",
            untouched="Nothing was proposed.",
            remedy="Run the command again: it sends what is missing.",
        )
    return sent


def _needed(ws: Workspace) -> list[tuple[Store, dict[str, int | None]]]:
    """Each remote with hash, and size where it is known, of what has to be there."""
    places: dict[str | None, set[str]] = defaultdict(set)
    for dataset in work_tree_snapshot(ws).datasets:
        for entry in dataset.entries:
            places[entry.remote] |= {*ws.objects.expanded([entry.md5])}
    for out in (out for out in ws.dvc.outputs() if out.kept and not out.legacy):
        tracked = ws.objects.expanded([str(out.md5)])
        name = ws.named(out.remote).name if out.remote else None
        places[name] |= {md5 for md5 in tracked if ws.objects.has(md5)}
    stores = {remote.name: remote for remote in ws.remotes}
    stores |= {name: ws.named(name) for name in places if name and name not in stores}
    return [
        (
            store,
            {
                md5: ws.objects.path(md5).stat().st_size if ws.objects.has(md5) else None
                for md5 in places[name] | (places[None] if store in ws.remotes else set())
            },
        )
        for name, store in stores.items()
    ]


# --- inside


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
    hashes = [out.md5 for out in ws.tracked.outputs if out.path in kept and out.md5]
    ws.objects.ensure(hashes)
    missing = [md5 for md5 in ws.objects.expanded(hashes) if not ws.objects.has(md5)]
    if missing:
        ws.objects.ensure(missing)
        ws.dvc.reset()


def _ignores(ws: Workspace, changed: Changes) -> dict[str, bytes | None]:
    """The files in which DVC lists its outputs: without them ``git add`` would add the data."""
    places = {posixpath.dirname(out.path) for out in ws.tracked.outputs}
    wanted = {posixpath.join(place, IGNORE) for place in places}
    return {path: ws.read(path) for path, _ in changed if path in wanted}


def _message(base: ProposalBase, plan: StreamPlan, branch: str) -> str:
    new = [batch for batch in plan.batches if batch.number >= base.number]
    offsets = sum(batch.offsets for batch in new)
    batches = (
        f"batch {base.number}" if len(new) == 1 else f"batches {base.number} to {new[-1].number}"
    )
    return f"{base.stream.name}: {batches}, {offsets:,} offsets\n\nProposal: {branch}"
