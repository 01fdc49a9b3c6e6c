"""Which branch of the git remote a release is made from, and whether it may be."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from datarelease.errors import ConfigError, WorldError
from datarelease.flows.workspace import Workspace


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
    if name is not None:
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
                remedy=f"`git switch {quote(name)}` first, or name the branch that you are on: "
                f"--branch {quote(str(here))}.",
            )
        ws.git.fetch_versions(ws.tags.prefix)
        return ReleaseBranch(name=name, asked=True)
    default = ws.git.default_branch()
    if default is None:
        if here is None:
            raise _detached(ws, default)
        ws.git.fetch_versions(ws.tags.prefix)
        return ReleaseBranch(name=here, asked=False)
    tip = ws.git.fetch_versions(ws.tags.prefix, default)
    if here is None and (tip is None or not ws.git.is_ancestor(ws.head(), tip)):
        raise _detached(ws, default)
    if here not in {None, default}:
        raise ConfigError(
            f"HEAD is on the branch {here}; versions are released from {default}, the git "
            "remote's default branch.",
            untouched="Nothing was pushed or tagged.",
            remedy=f"Merge {here} into {default} and release there; or, to release this branch "
            f"without a merge, add --branch {here}.",
        )
    found = ReleaseBranch(name=default, asked=False)
    if found.diverged(ws, tip, ws.head()):
        raise WorldError(
            f"origin/{default} and HEAD have diverged: each has commits that the other lacks.",
            untouched="Nothing was tagged.",
            remedy=f"Integrate origin/{default} (`git pull --rebase origin {quote(default)}`) and "
            "run the command again. To release a branch without a merge: --branch NAME.",
        )
    return found


# --- inside


def _detached(ws: Workspace, default: str | None) -> ConfigError:
    return ConfigError(
        f"HEAD is detached at {ws.head()[:12]}, a commit that is not on the remote's "
        f"{default or 'default'} branch.",
        untouched="Nothing was pushed or tagged.",
        remedy=f"Switch to the branch to release from: `git switch {quote(default or 'main')}`; or "
        "name the branch that the release belongs to: --branch NAME.",
    )
