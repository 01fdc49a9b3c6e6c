"""git: revisions, files at a revision, commits and pushes. Tags' meaning belongs to the model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.addresses import without_credentials
from datarelease.adapters.git import objects as git_objects
from datarelease.adapters.git import push as git_push
from datarelease.adapters.git import tags as git_tags
from datarelease.adapters.git.objects import Content, Tree
from datarelease.adapters.git.program import REMOTE, GitProgram, one_line
from datarelease.adapters.git.push import PushResult
from datarelease.adapters.git.tags import Tag
from datarelease.errors import ConfigError
from datarelease.progress import TIMEOUT

__all__ = ["Git", "PushResult", "Tag"]

VERSIONS = "refs/datarelease"
"""Our own copy of the remote's version tags, so that local tags cannot affect a plan."""


class Git:
    """A repository, used through the ``git`` program."""

    def __init__(self, root: Path, *, env: Mapping[str, str], timeout: float = TIMEOUT) -> None:
        """Use the repository around ``root``; paths are relative to it, ``env`` is passed on.

        A call of git that does nothing for ``timeout`` seconds is ended.
        """
        self.root = root
        self._git = GitProgram(root, env=env, timeout=timeout)

    # --- where we are

    def is_repository(self) -> bool:
        """There is a git work tree around the root.

        Raises:
            ConfigError: There is one that git refuses to use, such as another person's.
        """
        done = self._git.attempt("rev-parse", "--is-inside-work-tree")
        above = (self.root.resolve(), *self.root.resolve().parents)
        if done.code and any((folder / ".git").exists() for folder in above):
            raise ConfigError(
                f"git refuses this repository: {one_line(done.stderr)}",
                untouched="Nothing was changed.",
            )
        return done.code == 0 and done.stdout.strip() == b"true"

    def top(self) -> Path:
        """The top of the work tree, where GitHub looks for workflows; the root where none is."""
        done = self._git.attempt("rev-parse", "--show-toplevel")
        found = done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
        return (Path(found) if done.code == 0 and found else self.root).resolve()

    def has_remote(self) -> bool:
        """A remote called ``origin`` is configured."""
        return self._git.attempt("remote", "get-url", REMOTE).code == 0

    def remote_url(self) -> str | None:
        """The address of ``origin`` without credentials, or None."""
        done = self._git.attempt("remote", "get-url", REMOTE)
        return without_credentials(done.stdout.decode().strip()) if done.code == 0 else None

    def is_shallow(self) -> bool:
        """The history was cut off by ``git clone --depth``."""
        return self._git.line("rev-parse", "--is-shallow-repository") == "true"

    def branch(self) -> str | None:
        """The branch that HEAD is on; None: HEAD is detached."""
        done = self._git.attempt("symbolic-ref", "--short", "-q", "HEAD")
        return done.stdout.decode().strip() if done.code == 0 else None

    def is_branch_name(self, name: str) -> bool:
        """Git accepts ``name`` as the name of a branch."""
        return self._git.attempt("check-ref-format", f"refs/heads/{name}").code == 0

    def resolve(self, revision: str) -> str | None:
        """The commit that ``revision`` names, or None."""
        done = self._git.attempt(
            "rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{commit}}"
        )
        return done.stdout.decode().strip() if done.code == 0 else None

    def default_branch(self) -> str | None:
        """The branch that the remote's HEAD names, as the remote says now; None: it has none.

        Raises:
            WorldError: The remote does not answer.
        """
        done = self._git.network("ls-remote", "--symref", REMOTE, "HEAD")
        found = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", done, re.MULTILINE)
        return found.group(1) if found else None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """``ancestor`` is ``descendant`` or is in its history."""
        return self._git.attempt("merge-base", "--is-ancestor", ancestor, descendant).code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit in both histories, or None."""
        done = self._git.attempt("merge-base", one, other)
        return done.stdout.decode().strip() if done.code == 0 else None

    def commit_date(self, commit: str) -> str:
        """When ``commit`` was made, ISO 8601 in UTC."""
        return self._git.line(
            "log", "-1", "--no-show-signature", "--format=%cd",
            "--date=format-local:%Y-%m-%dT%H:%M:%SZ", commit,
        )  # fmt: skip

    # --- files

    def read(self, revision: str, path: str) -> bytes | None:
        """The bytes of a file at a revision, or None where there is no such file."""
        done = self._git.attempt("cat-file", "blob", f"{revision}:./{path}")
        return done.stdout if done.code == 0 else None

    def files(self, revision: str | None = None) -> tuple[str, ...]:
        """The tracked files: of a revision, or of the work tree together with untracked ones."""
        if revision is None:
            listed = self._git.output("ls-files", "-z", "-c", "-o", "--exclude-standard")
        else:
            listed = self._git.output("ls-tree", "-r", "-z", "--name-only", revision)
        return tuple(dict.fromkeys(name for name in listed.split("\0") if name))

    def tree(self, revision: str) -> Tree:
        """The files of a revision as a value, for callers that read many of them."""
        return Tree(self._git, revision)

    def changed(self) -> tuple[tuple[str, bool], ...]:
        """(path, tracked) of the files that differ from HEAD, untracked ones included."""
        listed = self._git.output(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", "."
        )
        prefix = self._git.line("rev-parse", "--show-prefix")
        items = (item for item in listed.split("\0") if item)
        return tuple((item[3:].removeprefix(prefix), not item.startswith("??")) for item in items)

    # --- the remote's tags

    def fetch_versions(self, prefix: str) -> None:
        """Bring our copy of the remote's tags that begin with ``prefix`` up to date.

        Local tags are neither read nor written. In a shallow clone only the tagged commits come,
        in a full one the few commits that are missing.

        Raises:
            WorldError: The remote does not answer.
        """
        tags = f"refs/tags/{prefix}*"
        depth = ["--depth=1"] if self.is_shallow() else []
        done = self._git.attempt(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", *depth, REMOTE,
            f"+{tags}:{VERSIONS}/{prefix}*",
        )  # fmt: skip
        if done.code == 0:
            return
        # With --depth git prunes, ends with 1 and says nothing where the remote has no such tag.
        silent = depth and not done.stderr.strip()
        if not silent or self._git.network("ls-remote", REMOTE, tags).strip():
            raise self._git.unreachable(done.stderr)

    def fetch_branch(self, branch: str) -> str | None:
        """The remote's commit of ``branch``, fetched; None: the remote has no such branch.

        Raises:
            WorldError: The remote does not answer.
        """
        ref = f"{VERSIONS}-heads/{branch}"
        listed = self._git.network("ls-remote", REMOTE, f"refs/heads/{branch}")
        if not listed.strip():
            return None
        self._git.network(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", REMOTE,
            f"+refs/heads/{branch}:{ref}",
        )  # fmt: skip
        return self.resolve(ref)

    def complete_history(self) -> None:
        """Turn a shallow clone into a full one, which ancestry needs.

        Raises:
            WorldError: The remote does not answer.
        """
        if self.is_shallow():
            self._git.network("fetch", "--quiet", "--unshallow", "--no-tags", REMOTE)

    def tags(self, prefix: str, *, local: bool = False) -> tuple[Tag, ...]:
        """Our copy of the remote's tags (or the local ones) that begin with ``prefix``."""
        space = "refs/tags" if local else VERSIONS
        return tuple(git_tags.read_tags(self._git, space, prefix))

    # --- writing

    def commit_files(self, parent: str, files: Mapping[str, Content], message: str) -> str:
        """A new commit on ``parent`` with ``files`` (None: removed); no branch is moved.

        Its dates are those of ``parent``, so that the same content gives the same commit on
        every run.
        """
        return git_objects.commit_files(self._git, parent, files, message)

    def tag_object(self, name: str, commit: str, message: str) -> str:
        """An annotated tag object for ``commit``; no ref is made."""
        return git_objects.tag_object(self._git, name, commit, message)

    def push(self, refs: Mapping[str, str], *, atomic: bool = False) -> tuple[PushResult, ...]:
        """What became of each ``{remote ref: object}`` (empty: delete the ref); never forced.

        Raises:
            WorldError: The remote does not answer or refuses the request as a whole.
        """
        return git_push.push_refs(self._git, refs, atomic=atomic)

    def switch(self, branch: str) -> None:
        """Check a branch out; edits that are in its way make git refuse.

        Raises:
            ConfigError: git refused.
        """
        self._git.line("switch", "--quiet", branch)

    def mirror(self, url: str) -> str:
        """Make this directory a repository whose origin is ``url``; its newest commit, fetched.

        Only the tip of the default branch comes.

        Raises:
            WorldError: ``url`` does not answer.
            ConfigError: It has no commit.
        """
        if not (self.root / ".git").is_dir():
            self._git.line("init", "--quiet")
        if not self.has_remote():
            self._git.line("remote", "add", "--", REMOTE, url)
        if not self._git.network("ls-remote", REMOTE, "HEAD").strip():
            raise ConfigError(
                f"The repository {without_credentials(url)} has no commit.",
                untouched="Nothing was changed.",
                remedy="Check the address.",
            )
        ref = f"{VERSIONS}-heads/HEAD"
        self._git.network(
            "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", REMOTE,
            f"+HEAD:{ref}",
        )  # fmt: skip
        return self._git.line("rev-parse", ref)

    def set_ref(self, ref: str, sha: str, *, old: str | None = None) -> bool:
        """``ref`` now names ``sha``; False: it was not at ``old`` any more."""
        return self._git.attempt("update-ref", ref, sha, *([old] if old else [])).code == 0

    def adopt(self, paths: Sequence[str]) -> None:
        """Update the index of these files to HEAD."""
        self._git.line("reset", "--quiet", "HEAD", "--", *paths)

    def new_branch(self, name: str, commit: str) -> bool:
        """A branch at ``commit`` now exists; False: the name is taken by another commit."""
        if self.resolve(f"refs/heads/{name}") == commit:
            return True
        return self._git.attempt("branch", "--no-track", name, commit).code == 0
