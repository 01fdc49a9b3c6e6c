"""The branch that is released from, the tag, and what follows it in this clone.

The tag is the commit point. The git remote takes a new one once, so that of all releases of one
number one wins. What fails after that is a warning: the version exists.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from shlex import quote

from datarelease.adapters.git.repository import VERSIONS
from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.flows.catalogue import Catalogue, fetch_tags, fetched_catalogue
from datarelease.flows.check.reproduce import products_of
from datarelease.flows.release.plan import count_files, report_rows
from datarelease.flows.repository import Workspace, catalogue_of
from datarelease.flows.versions.documents import heal_copies, sha256_hex
from datarelease.flows.versions.tagged_commit import remedy_of_refusal
from datarelease.flows.versions.tell_readers import tell_readers
from datarelease.model.versions.manifest import trailers_of
from datarelease.model.versions.release import Candidate, Recorded, Released
from datarelease.model.versions.version import Version, write_message
from datarelease.model.wording import plural
from datarelease.progress import Step


@dataclass(frozen=True, kw_only=True)
class ReleaseBranch:
    """The branch that is released from."""

    name: str
    asked: bool
    """It was named on the command line: it is released from even if it has diverged."""

    def diverged(self, ws: Workspace, tip: str | None, head: str) -> bool:
        """``head`` lacks commits that the remote's branch has, and the branch lacks ``head``."""
        return (
            tip is not None
            and not ws.git.is_ancestor(tip, head)
            and not ws.git.is_ancestor(head, tip)
        )


def release_branch(ws: Workspace, name: str | None) -> ReleaseBranch:
    """The branch to release from: the git remote's default branch, or the one called ``name``.

    Our copies of the remote's tags and of that branch are up to date after it.

    Raises:
        ConfigError: HEAD is elsewhere.
        WorldError: The default branch has commits that HEAD lacks, and lacks HEAD itself; or the
            git remote does not answer.
    """
    here = ws.git.branch()
    return _default_branch(ws, here) if name is None else _named_branch(ws, name, here)


def _named_branch(ws: Workspace, name: str, here: str | None) -> ReleaseBranch:
    """The branch that somebody asked for, which HEAD is on, or which a detached HEAD stands for."""
    if not ws.git.is_branch_name(name):
        raise ConfigError(
            f"{name!r} cannot be the name of a branch.",
            untouched="Nothing was pushed or tagged.",
            remedy="Name a branch: `--branch NAME`.",
        )
    if here not in {None, name}:
        raise ConfigError(
            f"HEAD is on the branch {here}, not on {name}.",
            untouched="Nothing was pushed or tagged.",
            remedy=f"Run `git switch {quote(name)}` first, or name the branch that you are on: "
            f"--branch {quote(str(here))}.",
        )
    fetch_tags(ws.git, ws.tags)
    return ReleaseBranch(name=name, asked=True)


def _default_branch(ws: Workspace, here: str | None) -> ReleaseBranch:
    """The git remote's default branch; where it has none yet, the one that HEAD is on."""
    default = ws.git.default_branch()
    if default is None:
        if here is None:
            raise _detached(ws, default)
        fetch_tags(ws.git, ws.tags)
        return ReleaseBranch(name=here, asked=False)
    tip = fetch_tags(ws.git, ws.tags, default)
    if here is None and (tip is None or not ws.git.is_ancestor(ws.head(), tip)):
        raise _detached(ws, default)
    if here not in {None, default}:
        raise ConfigError(
            f"HEAD is on the branch {here}, but versions are released from {default}, the git "
            "remote's default branch.",
            untouched="Nothing was pushed or tagged.",
            remedy=f"Merge {here} into {default} and release there; or, to release this branch "
            f"without a merge, add --branch {here}.",
        )
    found = ReleaseBranch(name=default, asked=False)
    if found.diverged(ws, tip, ws.head()):
        raise WorldError(
            f"origin/{default} and HEAD have diverged: each has commits that the other lacks.",
            untouched="Nothing was pushed or tagged.",
            remedy=f"Integrate origin/{default} (`git pull --rebase origin {quote(default)}`) and "
            "run the command again. To release your branch without a merge, add --branch NAME.",
        )
    return found


class VersionTaken(Exception):  # noqa: N818 - no error: the signal to plan again
    """The versions or the branch changed since the plan."""


def tag(ws: Workspace, recorded: Recorded, seen: Catalogue, branch: ReleaseBranch) -> Released:
    """Push the annotated tag to the git remote, with the branch if it may be moved.

    The plan was made for the versions ``seen``.

    Raises:
        VersionTaken: Versions appeared or were withdrawn since the plan, or the branch diverged.
        WorldError: The git remote failed or refused the tag.
    """
    candidate, manifest = recorded.candidate, recorded.manifest
    tip = _read_again(ws, seen, branch)
    with ws.progress.step(Step.TAG_OBJECT):
        sha = ws.git.tag_object(manifest.tag, candidate.commit, _message(recorded))
    ref = f"refs/tags/{manifest.tag}"
    moves, alone = _branch_to_move(ws, candidate, branch, tip)
    if moves:
        head = f"refs/heads/{branch.name}"
        with ws.progress.step(Step.PUSH):
            results = ws.git.push({head: candidate.commit, ref: sha}, atomic=True)
        if all(result.accepted for result in results):
            return Released(recorded=recorded, tag_object=sha, branch=branch.name)
        _branch_to_move(ws, candidate, branch, _read_again(ws, seen, branch))
        alone = results[0].reason
    if alone:
        ws.progress.say(f"the tag is pushed without the branch {branch.name}: {alone}")
    with ws.progress.step(Step.PUSH):
        [result] = ws.git.push({ref: sha})
    if result.accepted:
        return Released(recorded=recorded, tag_object=sha, branch=None, alone=alone)
    tip = _read_again(ws, seen, branch)
    raise WorldError(
        f"The git remote refused the tag {manifest.tag}: {result.reason}",
        untouched="The data and the manifest are on the remotes; no tag was made.",
        remedy=remedy_of_refusal(ws.git, candidate.commit, tip, branch.name),
    )


def follow(ws: Workspace, released: Released) -> Released:
    """Bring this clone and the copies on the remotes up to the tag; what fails is a warning."""
    name, index = released.manifest.tag, list[str]()
    ws.progress.say(f"the tag {name} is on the git remote")
    clone = attempt(
        ws,
        lambda: _follow(ws, released),
        failed=f"This clone could not be moved to {released.recorded.candidate.commit[:12]}",
        remedy="Remove what is in the way, then run `datarelease release` again.",
    )
    copies = attempt(
        ws,
        lambda: _copy(ws, released),
        failed=f"The copies of manifest and documents at releases/{name}/ are incomplete",
        remedy=f"`datarelease verify {name} --repair` writes them, and so does the next release.",
    )
    tags = attempt(
        ws,
        lambda: index.extend(tell_readers(ws, catalogue_of(ws))),
        failed="The index of versions was not written",
        remedy="`datarelease verify latest --repair` writes it, and so does the next release.",
    )
    warnings = (*released.warnings, *filter(None, (clone, copies, tags, *index)))
    return dataclasses.replace(released, warnings=warnings)


def attempt(ws: Workspace, step: Callable[[], None], *, failed: str, remedy: str) -> str:
    """Do what a version does not depend on; what did not work, in words, or nothing."""
    try:
        step()
    except (DatareleaseError, OSError) as error:
        what = error.what if isinstance(error, DatareleaseError) else str(error)
        warning = f"{failed}: {what.rstrip('.')}. {remedy}"
        ws.progress.warn(warning)
        return warning
    return ""


def catch_up(ws: Workspace, version: Version) -> None:
    """Do what a run that was stopped after its push left undone in this clone.

    That is the local tag, the local branch where the remote's holds the release commit, and the
    index. Work tree files are not touched.

    Raises:
        ConfigError: git refused.
        WorldError: The git remote does not answer.
    """
    if ws.git.resolve(f"refs/tags/{version.tag}") is None:
        _set(ws, f"refs/tags/{version.tag}", f"{VERSIONS}/{version.tag}")
    head, branch = ws.git.resolve("HEAD"), ws.git.branch()
    if head is not None and branch and ws.git.resolve(f"{version.commit}^") == head:
        products = [path for path in products_of(ws) if ws.read(path) is not None]
        same = all(ws.read(path) == ws.git.read(version.commit, path) for path in products)
        tip = ws.git.fetch_branch(branch)
        if same and tip is not None and ws.git.is_ancestor(version.commit, tip):
            _set(ws, f"refs/heads/{branch}", version.commit, old=head)
            head = version.commit
    changed = [path for path, _ in ws.git.changed()]
    as_head = [path for path in changed if head and ws.read(path) == ws.git.read(head, path)]
    if as_head:
        with ws.progress.step(Step.INDEX):
            ws.git.adopt(as_head)


# --- inside


def _detached(ws: Workspace, default: str | None) -> ConfigError:
    return ConfigError(
        f"HEAD is detached at {ws.head()[:12]}, a commit that is not on the remote's "
        f"{default or 'default'} branch.",
        untouched="Nothing was pushed or tagged.",
        remedy=f"Switch to the branch to release from: `git switch {quote(default or 'main')}`; or "
        "name the branch that the release belongs to: --branch NAME.",
    )


def _read_again(ws: Workspace, seen: Catalogue, branch: ReleaseBranch) -> str | None:
    """The commit of the remote's branch now; None: it has no such branch.

    Raises:
        VersionTaken: The remote has other versions than ``seen``.
    """
    tip = fetch_tags(ws.git, ws.tags, branch.name)
    if fetched_catalogue(ws.git, ws.tags) != seen:
        # Compared with another version, or the same data under two numbers: plan again.
        raise VersionTaken
    return tip


def _branch_to_move(
    ws: Workspace, candidate: Candidate, branch: ReleaseBranch, tip: str | None
) -> tuple[bool, str]:
    """Whether the released commit continues the remote's branch; if it cannot, why.

    Raises:
        VersionTaken: The branch has diverged from HEAD, and nobody asked to release nevertheless.
    """
    if not branch.asked and branch.diverged(ws, tip, candidate.head):
        raise VersionTaken
    if tip is None:
        return True, ""
    if ws.git.is_ancestor(candidate.commit, tip):
        return False, ""
    continues = ws.git.is_ancestor(tip, candidate.commit)
    return continues, "" if continues else "it has commits that the release lacks"


def _follow(ws: Workspace, released: Released) -> None:
    """Make the local tag, and move the local branch, whose files the work tree already has."""
    candidate, branch = released.recorded.candidate, released.branch
    _set(ws, f"refs/tags/{released.manifest.tag}", released.tag_object)
    if branch is not None and candidate.files and ws.git.branch() == branch:
        _set(ws, f"refs/heads/{branch}", candidate.commit, old=candidate.head)
        with ws.progress.step(Step.INDEX):
            ws.git.adopt(candidate.files)


def _copy(ws: Workspace, released: Released) -> None:
    manifest, document = released.manifest, released.recorded.document
    written = heal_copies(ws, manifest, sha256_hex(document))
    ws.progress.say(f"releases/{manifest.tag}/ is complete: {plural(len(written), 'file')} sent")


def _set(ws: Workspace, ref: str, sha: str, *, old: str | None = None) -> None:
    with ws.progress.step(Step.REF):
        moved = ws.git.set_ref(ref, sha, old=old)
    if not moved:
        raise ConfigError(f"git did not move {ref} to {sha[:12]}.", untouched="")


def _message(recorded: Recorded) -> str:
    manifest = recorded.manifest
    sizes = ", ".join(
        f"{dataset.name} {dataset.rows:,} rows"
        if dataset.rows is not None
        else f"{dataset.name} {plural(len(dataset.files), 'file')}"
        for dataset in manifest.datasets
    )
    digest, *others = trailers_of(manifest).items()
    trailers = [
        digest,
        ("Manifest-Sha256", sha256_hex(recorded.document)),
        ("Rows", report_rows(recorded.candidate.report)),
        ("Files", count_files(recorded.candidate.report)),
        *others,
    ]
    return write_message(f"{manifest.tag}: {sizes}", [it for it in trailers if it[1]])
