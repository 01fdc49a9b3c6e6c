"""The tag: the commit point of a release, and what follows it in this clone."""

from __future__ import annotations

import hashlib

from datarelease.adapters.git import VERSIONS
from datarelease.errors import WorldError
from datarelease.flows.catalogue import read_catalogue
from datarelease.flows.claim import Taken
from datarelease.flows.plan import report_rows
from datarelease.flows.reproduce import products_of
from datarelease.flows.workspace import Workspace
from datarelease.model.release import Candidate, Claimed, Released
from datarelease.model.trailers import write_message
from datarelease.model.version import Version


def tag(ws: Workspace, claimed: Claimed) -> Released:
    """Put the annotated tag on the git remote, with the branch where it may be moved.

    Raises:
        Taken: Other versions appeared since the plan, or this tag did.
        WorldError: The git remote failed or refused the tag.
    """
    candidate, manifest = claimed.verified.pushed.candidate, claimed.manifest
    latest = read_catalogue(ws.git, ws.tags).latest
    if (latest.tag if latest else None) != candidate.manifest.baseline:
        # Compared with another version, or the same data under two numbers: plan again.
        raise Taken
    sha = ws.git.tag_object(manifest.tag, candidate.commit, _message(claimed))
    ref = f"refs/tags/{manifest.tag}"
    branch = _branch_to_move(ws, candidate)
    if branch is not None:
        refs = {f"refs/heads/{branch}": candidate.commit, ref: sha}
        if all(result.accepted for result in ws.git.push(refs, atomic=True)):
            _follow(ws, candidate, branch)
            return _tagged(ws, claimed, sha, branch)
        ws.progress.say(f"branch {branch} did not take the release commit: tagging it alone")
    [result] = ws.git.push({ref: sha})
    if result.accepted:
        return _tagged(ws, claimed, sha, None)
    if any(
        version.number == manifest.number for version in read_catalogue(ws.git, ws.tags).versions
    ):
        raise Taken
    raise WorldError(
        f"The git remote refused the tag {manifest.tag}: {result.reason}",
        untouched="The data and the manifest are on the remotes; no tag was made.",
        remedy="Check that you may push tags (a tag ruleset?), then run the command again.",
    )


def catch_up(ws: Workspace, version: Version) -> None:
    """Do what a run that was stopped after its push left undone in this clone.

    That is the local tag, the local branch where the remote's holds the release commit, and the
    index. Work tree files are not touched.
    """
    ref = f"refs/tags/{version.tag}"
    if ws.git.resolve(ref) is None:
        ws.git.set_ref(ref, f"{VERSIONS}/{version.tag}")
    head, branch = ws.git.resolve("HEAD"), ws.git.branch()
    if head is not None and branch and ws.git.resolve(f"{version.commit}^") == head:
        products = [path for path in products_of(ws) if ws.read(path) is not None]
        same = all(ws.read(path) == ws.git.read(version.commit, path) for path in products)
        tip = ws.git.fetch_branch(branch)
        if same and tip is not None and ws.git.is_ancestor(version.commit, tip):
            ws.git.set_ref(f"refs/heads/{branch}", version.commit, old=head)
            head = version.commit
    changed = [path for path, _ in ws.git.changed()]
    as_head = [path for path in changed if head and ws.read(path) == ws.git.read(head, path)]
    if as_head:
        ws.git.adopt(as_head)


# --- inside


def _branch_to_move(ws: Workspace, candidate: Candidate) -> str | None:
    """The remote's branch that the release commit continues, if it does."""
    branch = ws.git.branch()
    if branch is None:
        branch = ws.git.default_branch()
    tip = ws.git.fetch_branch(branch) if branch else None
    if tip is None:
        return branch
    behind = ws.git.is_ancestor(candidate.commit, tip)
    return branch if not behind and ws.git.is_ancestor(tip, candidate.commit) else None


def _follow(ws: Workspace, candidate: Candidate, branch: str) -> None:
    """Move the local branch to the release commit, whose files the work tree already has."""
    if candidate.files and ws.git.branch() == branch:
        ws.git.set_ref(f"refs/heads/{branch}", candidate.commit, old=candidate.head)
        ws.git.adopt(candidate.files)


def _tagged(ws: Workspace, claimed: Claimed, sha: str, branch: str | None) -> Released:
    ws.git.set_ref(f"refs/tags/{claimed.manifest.tag}", sha)
    ws.progress.say(f"tag: {claimed.manifest.tag} is on the git remote")
    return Released(claimed=claimed, branch=branch)


def _message(claimed: Claimed) -> str:
    manifest = claimed.manifest
    report = claimed.verified.pushed.candidate.report
    sizes = ", ".join(
        f"{dataset.name} {dataset.rows:,} rows"
        for dataset in manifest.datasets
        if dataset.rows is not None
    )
    trailers = [
        ("Digest", manifest.digest),
        ("Manifest-Sha256", hashlib.sha256(claimed.document.encode()).hexdigest()),
        ("Rows", report_rows(report)),
        ("Baseline", manifest.baseline or ""),
        ("Rollback-Of", manifest.rollback_of or ""),
        ("Compatibility", manifest.compatibility.value),
        ("Verdict", manifest.verdict),
        ("Reviewed", manifest.reviewed or ""),
        ("Remotes", " ".join(remote.name for remote in manifest.remotes)),
    ]
    return write_message(
        f"{manifest.tag}: {sizes}", [(key, value) for key, value in trailers if value]
    )
