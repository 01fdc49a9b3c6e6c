"""Withdrawing a version, reversibly: its bytes and its tag stay."""

from __future__ import annotations

from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import Catalogue, read_catalogue
from datarelease.flows.repository import Repository
from datarelease.flows.versions.tagged_commit import tagged_commit
from datarelease.flows.versions.tell_readers import tell_readers
from datarelease.model.versions.version import Version, write_message
from datarelease.progress import Step


def yank(
    repository: Repository,
    text: str,
    *,
    reason: str,
    replacement: str | None = None,
    by: str | None = None,
    in_workflow: bool = False,
) -> Version:
    """Mark a version as withdrawn; ``latest`` and baselines skip it from now on.

    Args:
        repository: Whose git remote gets the tag.
        text: The version.
        reason: Why, written for users of the version.
        replacement: The version to use instead; None: the newest other one.
        by: Who asked for it, where git's own identity does not say that.
        in_workflow: The tag is pushed with the token of a workflow.

    Raises:
        ConfigError: No such version, no reason, it is withdrawn already, or so is the replacement.
        WorldError: The git remote refused the tag.
    """
    catalogue = read_catalogue(repository.git, repository.tags)
    version = catalogue.find_exactly(text)
    if not reason.strip():
        raise ConfigError(
            "A reason is needed, written for users of the version.",
            remedy="Add `--reason TEXT` (in Python: reason=TEXT).",
        )
    _refuse_erased(catalogue, version)
    if version.yank is not None:
        raise ConfigError(
            f"{version.tag} is withdrawn already: {version.yank.reason}",
            remedy=f"To give another reason, run `datarelease unyank {version.tag}` first.",
        )
    use = _replacement(catalogue, version, replacement)
    trailers = [
        ("Reason", reason),
        *([("Replacement", use.tag)] if use else []),
        *([("By", by)] if by else []),
    ]
    name = repository.tags.format_yank(version.number)
    message = write_message(f"{version.tag} is withdrawn", trailers)
    with repository.progress.step(Step.TAG_OBJECT):
        commit = tagged_commit(repository, version, in_workflow=in_workflow)
        sha = repository.git.tag_object(name, commit, message)
    _push(repository, f"refs/tags/{name}", sha)
    return _indexed(repository, version)


def _replacement(catalogue: Catalogue, version: Version, text: str | None) -> Version | None:
    others = [other for other in catalogue.versions if other.in_force and other != version]
    if text is None:
        return others[-1] if others else None
    # The newest that is left, once this one is withdrawn.
    found = others[-1] if text == "latest" and others else catalogue.find(text)
    if found not in others:
        state = "erased" if found.erased else "withdrawn as well"
        same = "the version itself" if found == version else state
        raise ConfigError(
            f"{found.tag} cannot replace {version.tag}: it is {same}.",
            remedy="Name an active version; `datarelease list` shows them.",
        )
    return found


def unyank(repository: Repository, text: str) -> Version:
    """Take the withdrawal of a version back.

    Raises:
        ConfigError: No such version, or it is not withdrawn.
        WorldError: The git remote refused.
    """
    catalogue = read_catalogue(repository.git, repository.tags)
    version = catalogue.find_exactly(text)
    _refuse_erased(catalogue, version)
    if version.yank is None:
        raise ConfigError(f"{version.tag} is not withdrawn.")
    _push(repository, f"refs/tags/{repository.tags.format_yank(version.number)}", "")
    return _indexed(repository, version)


def _indexed(repository: Repository, version: Version) -> Version:
    """The version as it is now, after readers without git were told as well."""
    catalogue = read_catalogue(repository.git, repository.tags)
    tell_readers(repository, catalogue)
    return catalogue.find(version.tag)


def _refuse_erased(catalogue: Catalogue, version: Version) -> None:
    erasure = catalogue.erasure(version)
    if erasure is not None:
        raise ConfigError(
            f"{erasure} An erased version can be neither withdrawn nor restored.",
            remedy="`datarelease list` shows the active versions.",
        )


def _push(repository: Repository, ref: str, sha: str) -> None:
    """Make the ref, or with an empty ``sha`` delete it."""
    with repository.progress.step(Step.PUSH):
        [result] = repository.git.push({ref: sha})
    if not result.accepted:
        raise WorldError(
            f"The git remote refused {ref}: {result.reason}",
            untouched="Nothing was changed.",
            remedy="Check that you may push and delete tags, then run the command again.",
        )
