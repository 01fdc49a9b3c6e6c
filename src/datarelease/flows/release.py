"""The release: push, verify, claim the number, tag. Running it again is the recovery."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping

from datarelease.adapters.store import Store
from datarelease.documents import DocumentError, decode, encode
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.check import Checked, check
from datarelease.flows.plan import plan, refuse_unclean, report_rows
from datarelease.flows.read import find_manifest
from datarelease.flows.verify import expected_objects, faults_error, find_faults
from datarelease.flows.workspace import Workspace
from datarelease.model.manifest import Manifest, manifest_key, metadata_key, object_key
from datarelease.model.release import Candidate, Claimed, Fault, Nothing, Pushed, Released, Verified
from datarelease.model.report import Report
from datarelease.model.trailers import write_message

ATTEMPTS = 5
"""Plans made anew after another release took the number, before we give up."""

Documents = Callable[[Report], Mapping[str, bytes]]
"""Renders the files about a version that lie beside its manifest, by name."""


class _Taken(Exception):  # noqa: N818 - no error: the signal to plan again
    """Another release took the number in the meantime."""


def release(
    ws: Workspace,
    *,
    reviewed: str | None,
    documents: Documents,
    on_report: Callable[[Report], None] = lambda _: None,
) -> Released | Nothing:
    """Release the work tree's data as the next version, or say why there is nothing to release.

    Args:
        ws: The repository.
        reviewed: The digest that a reviewer saw; other data is refused. None: nobody reviewed it.
        documents: Renders what lies beside the manifest.
        on_report: Called with the report before anything is decided by it.

    Raises:
        BlockedError: The data failed its schema or the policy.
        ConfigError: The work tree, the settings or the repository cannot be released from.
        WorldError: A remote failed, or lacks objects; run it again.
        ConflictError: Other bytes than reviewed.
    """
    _preconditions(ws)
    for _ in range(ATTEMPTS):
        refuse_unclean(ws)
        checked = check(ws)
        on_report(checked.report)
        refuse_unclean(ws)
        _refuse_damage(ws, checked.catalogue)
        candidate = plan(ws, checked, reviewed=reviewed)
        if isinstance(candidate, Nothing):
            return candidate
        try:
            verified = verify(ws, push(ws, candidate))
            claimed = claim(ws, verified)
            _write_documents(ws, claimed, checked, documents)
            return tag(ws, claimed)
        except _Taken:
            ws.progress.say("another release was faster: planning again")
    raise ConflictError(
        f"Other releases took the number {ATTEMPTS} times in a row.",
        untouched="No tag was made.",
        remedy="Run the command again when they are done.",
    )


def push(ws: Workspace, candidate: Candidate) -> Pushed:
    """Hand every object that a remote lacks to it; directory listings go last.

    Raises:
        WorldError: A remote failed.
    """
    sizes = expected_objects(candidate.manifest)
    objects = {md5: sizes.get(md5) for md5 in (*candidate.extra_objects, *sizes)}
    sent = []
    for remote in ws.remotes:
        faults = find_faults(remote, objects, progress=ws.progress, sample=False)
        lost = [fault.md5 for fault in faults]
        ws.objects.ensure(lost)
        _upload(ws, remote, lost)
        ws.progress.say(f"push {remote.name}: {len(lost)} sent, {len(objects) - len(lost)} there")
        sent.append((remote.name, len(lost)))
    return Pushed(candidate=candidate, uploaded=tuple(sent))


def verify(ws: Workspace, pushed: Pushed) -> Verified:
    """Find every object on every remote.

    Raises:
        WorldError: Objects are missing or damaged; they are named.
    """
    objects = expected_objects(pushed.candidate.manifest)
    faults: list[Fault] = []
    for remote in ws.remotes:
        faults += find_faults(remote, objects, progress=ws.progress)
    if faults:
        raise faults_error(
            faults,
            what=f"{len(faults)} object(s) are not on the remote after the push:",
            untouched="No tag was made.",
            remedy="Run the command again: it sends what is missing.",
        )
    ws.progress.say(f"verify: {len(objects)} objects on {len(ws.remotes)} remote(s)")
    return Verified(pushed=pushed, objects=len(objects))


def claim(ws: Workspace, verified: Verified) -> Claimed:
    """Put the manifest on every remote, create-only: who writes it first owns the number.

    A manifest of this very release, left by a run that was stopped, is taken as it is. One of
    another release without a tag keeps its number for ever; the next number is tried.

    Raises:
        WorldError: A remote failed.
    """
    manifest = verified.pushed.candidate.manifest
    while True:
        document = _claimed(ws, manifest)
        if document is not None:
            ws.progress.say(f"manifest: {manifest_key(manifest.tag)} is in place")
            return Claimed(
                verified=verified, manifest=decode(Manifest, document), document=document
            )
        if any(v.number == manifest.number for v in _catalogue(ws).versions):
            raise _Taken
        ws.progress.say(f"manifest: {manifest.tag} belongs to a release that was never finished")
        number = manifest.number + 1
        manifest = dataclasses.replace(manifest, number=number, tag=ws.tags.format(number))


def tag(ws: Workspace, claimed: Claimed) -> Released:
    """Put the annotated tag on the git remote, with the branch where it may be moved.

    Raises:
        WorldError: The git remote failed or refused the tag.
    """
    candidate, manifest = claimed.verified.pushed.candidate, claimed.manifest
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
    if any(version.number == manifest.number for version in _catalogue(ws).versions):
        raise _Taken
    raise WorldError(
        f"The git remote refused the tag {manifest.tag}: {result.reason}",
        untouched="The data and the manifest are on the remotes; no tag was made.",
        remedy="Check that you may push tags (a tag ruleset?), then run the command again.",
    )


# --- inside


def _preconditions(ws: Workspace) -> None:
    if not ws.git.has_remote():
        raise ConfigError(
            "There is no git remote 'origin'.",
            untouched="Nothing was pushed or tagged.",
            remedy="A version needs a place that everybody sees: `git remote add origin URL`.",
        )
    if not ws.remotes:
        raise ConfigError(
            "DVC has no default remote, and release.remotes names none.",
            untouched="Nothing was pushed or tagged.",
            remedy="Add one: `dvc remote add --default storage URL`.",
        )
    ws.git.complete_history()
    head = ws.head()
    if ws.git.branch() is None:
        default = ws.git.default_branch()
        tip = ws.git.fetch_branch(default) if default else None
        if tip is None or not ws.git.is_ancestor(head, tip):
            raise ConfigError(
                f"HEAD is detached at {head[:12]}, a commit that is not on the remote's "
                f"{default or 'default'} branch.",
                untouched="Nothing was pushed or tagged.",
                remedy="Switch to the branch to release from: `git switch main`.",
            )


def _refuse_damage(ws: Workspace, catalogue: Catalogue) -> None:
    """A released version that a remote no longer holds is repaired if possible, and always told.

    Raises:
        WorldError: Something was missing; also where it could be repaired, because somebody has
            to find out what deletes released data.
    """
    latest = catalogue.latest
    manifest = find_manifest(ws, latest) if latest is not None else None
    if manifest is None:
        return
    names = {remote.name for remote in manifest.remotes}
    objects = expected_objects(manifest)
    faults: list[Fault] = []
    for remote in ws.remotes:
        if remote.name in names:
            found = find_faults(remote, objects, progress=ws.progress, sample=False)
            here = [fault.md5 for fault in found if ws.objects.has(fault.md5)]
            _upload(ws, remote, here)
            faults += found
    if faults:
        repaired = all(ws.objects.has(fault.md5) for fault in faults)
        raise faults_error(
            faults,
            what=f"{len(faults)} object(s) of {manifest.tag} were lost or damaged on a remote:",
            untouched="No tag was made."
            + (" The objects were sent again from DVC's cache." if repaired else ""),
            remedy="Find out what changed the remote, then run the command again."
            if repaired
            else "Run it where the data is at hand (in DVC's cache): it sends what is missing.",
        )


def _upload(ws: Workspace, remote: Store, hashes: list[str]) -> None:
    if not hashes:
        return
    with ws.progress.track(f"Pushing to {remote.name}", len(hashes), "objects") as advance:
        # A listing on the remote promises its files, so it comes after them.
        for trees in (False, True):
            part = [md5 for md5 in hashes if md5.endswith(".dir") is trees]
            remote.upload({object_key(md5): ws.objects.path(md5) for md5 in part}, advance)


def _claimed(ws: Workspace, manifest: Manifest) -> str | None:
    """The manifest as every remote now holds it; None: the number belongs to another release."""
    document = encode(manifest)
    for remote in ws.remotes:
        key = manifest_key(manifest.tag)
        if remote.create(key, document.encode()):
            continue
        existing = remote.read(key)
        if existing is None or not _same_release(existing, manifest):
            return None
        document = existing.decode()
    return document


def _same_release(existing: bytes, manifest: Manifest) -> bool:
    try:
        found = decode(Manifest, existing)
    except DocumentError:
        return False
    return (found.digest, found.commit, found.tag) == (
        manifest.digest,
        manifest.commit,
        manifest.tag,
    )


def _write_documents(
    ws: Workspace, claimed: Claimed, checked: Checked, documents: Documents
) -> None:
    report = dataclasses.replace(checked.report, tag=claimed.manifest.tag)
    files = dict(documents(report))
    for dataset in ws.settings.datasets:
        found = checked.assessments[dataset.name]
        files[dataset.validation_file] = encode(found.validation).encode()
        if found.profile is not None:
            files[dataset.profile_file] = encode(found.profile).encode()
    for remote in ws.remotes:
        for name, data in files.items():
            remote.create(metadata_key(claimed.manifest.tag, name), data)
    ws.progress.say(f"documents: {len(files)} beside the manifest")


def _catalogue(ws: Workspace) -> Catalogue:
    return read_catalogue(ws.git, ws.tags)


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
