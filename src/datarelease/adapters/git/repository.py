"""git: revisions, files at a revision, commits and pushes. Tags' meaning belongs to the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from datarelease.adapters.git import objects as git_objects
from datarelease.adapters.git import remote as git_remote
from datarelease.adapters.git.batch import ObjectReader
from datarelease.adapters.git.every_ref import fetch_every_ref
from datarelease.adapters.git.objects import Content, Tag, Tags, TreeFile
from datarelease.adapters.git.program import REMOTE, GitProgram, one_line
from datarelease.adapters.git.remote import HEADS, VERSIONS, PushResult
from datarelease.errors import ConfigError
from datarelease.model.git_address import without_credentials
from datarelease.progress import TIMEOUT

__all__ = ["VERSIONS", "Git", "PushResult", "Tag", "Tags"]

_QUESTIONS = ("--is-inside-work-tree", "--is-shallow-repository", "--show-prefix")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a directory is in its repository."""

    inside: bool
    """In the work tree."""
    shallow: bool
    prefix: str
    """From the top: empty, or with a slash behind it."""


def _place(answers: str) -> Place:
    """What git answers to ``_QUESTIONS``, a line each."""
    inside, shallow, prefix = answers.split("\n", 2)
    return Place(
        inside=inside == "true", shallow=shallow == "true", prefix=prefix.removesuffix("\n")
    )


class Git:
    """A repository, used through the ``git`` program.

    Each method raises ConfigError where git refuses, one that asks the remote WorldError where it
    does not answer, and any of them where a disk fails or git makes no progress.
    """

    def __init__(self, root: Path, *, env: Mapping[str, str], timeout: float = TIMEOUT) -> None:
        """Use the repository around ``root``; paths are relative to it, ``env`` is passed on.

        A call of git that does nothing for ``timeout`` seconds is ended.
        """
        self.root = root
        self._git = GitProgram(root, env=env, timeout=timeout)
        self._objects = ObjectReader(self._git)
        self._place: Place | None = None
        self._has_remote = False

    def close(self) -> None:
        """End the process that reads objects; the next question begins another one."""
        self._objects.close()

    # --- where we are

    def is_repository(self) -> bool:
        """There is a git work tree around the root.

        Raises:
            ConfigError: There is one that git refuses to use, such as another person's.
        """
        done = self._git.attempt("rev-parse", *_QUESTIONS)
        above = (self.root.resolve(), *self.root.resolve().parents)
        if done.code and any((folder / ".git").exists() for folder in above):
            raise ConfigError(
                f"git refuses the repository at {self.root}: {one_line(done.stderr)}",
                remedy="Do what git says, then run the same command again.",
            )
        if done.code:
            return False
        self._place = _place(done.stdout.decode("utf-8", "surrogateescape"))
        return self._place.inside

    def top(self) -> Path:
        """The top of the work tree, where GitHub looks for workflows; the root where none is."""
        done = self._git.attempt("rev-parse", "--show-toplevel")
        found = done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
        return (Path(found) if done.code == 0 and found else self.root).resolve()

    def _where(self) -> Place:
        if self._place is None:
            self._place = _place(self._git.output("rev-parse", *_QUESTIONS))
        return self._place

    def has_remote(self) -> bool:
        """A remote called ``origin`` is configured."""
        self._has_remote = self._has_remote or self.remote_url() is not None
        return self._has_remote

    def remote_url(self) -> str | None:
        """The address of ``origin`` without credentials, or None."""
        done = self._git.attempt("remote", "get-url", REMOTE)
        return without_credentials(done.stdout.decode().strip()) if done.code == 0 else None

    def is_shallow(self) -> bool:
        """The history was cut off by ``git clone --depth``."""
        return self._where().shallow

    def branch(self) -> str | None:
        """The branch that HEAD is on; None: HEAD is detached."""
        done = self._git.attempt("symbolic-ref", "--short", "-q", "HEAD")
        return done.stdout.decode().strip() if done.code == 0 else None

    def is_branch_name(self, name: str) -> bool:
        """Git accepts ``name`` as the name of a branch."""
        return self._git.attempt("check-ref-format", f"refs/heads/{name}").code == 0

    def resolve(self, revision: str) -> str | None:
        """The commit that ``revision`` names, or None."""
        found = self._objects.read(f"{revision}^{{commit}}")
        return found.name if found is not None else None

    def default_branch(self) -> str | None:
        """The branch that the remote's HEAD names, as the remote says now; None: it has none."""
        return git_remote.head_branch(self._git)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """``ancestor`` is ``descendant`` or is in its history."""
        if ancestor == descendant:
            return True
        # Where a shallow history ends, git knows alone.
        if not self.is_shallow() and git_objects.is_near(self._objects, ancestor, descendant):
            return True
        return self._git.attempt("merge-base", "--is-ancestor", ancestor, descendant).code == 0

    def containing(self, commit: str, prefix: str) -> frozenset[str]:
        """Those of our copy of the remote's tags (``prefix``…) with ``commit`` in their history."""
        form = f"--format=%(refname:lstrip={VERSIONS.count('/') + 1})"
        listed = self._git.output(
            "for-each-ref", form, f"--contains={commit}", f"{VERSIONS}/{prefix}*"
        )
        return frozenset(listed.splitlines())

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit in both histories, or None."""
        done = self._git.attempt("merge-base", one, other)
        return done.stdout.decode().strip() if done.code == 0 else None

    def commit_date(self, commit: str) -> str:
        """When ``commit`` was made, ISO 8601 in UTC."""
        seconds, _ = git_objects.committed(self._objects, commit)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def commit_text(self, commit: str) -> git_objects.CommitText | None:
        """Author, message and parents of ``commit``; None: this clone does not have it."""
        return git_objects.commit_text(self._objects, commit)

    # --- files

    def read(self, revision: str, path: str) -> bytes | None:
        """The bytes of a file at a revision, or None where there is no such file."""
        found = self._objects.read(f"{revision}:./{path}")
        return found.content if found is not None and found.kind == "blob" else None

    def files(self, revision: str | None = None) -> tuple[str, ...]:
        """The tracked files: of a revision, or of the work tree together with untracked ones."""
        if revision is not None:
            return tuple(self.tree(revision))
        listed = self._git.output("ls-files", "-z", "-c", "-o", "--exclude-standard")
        return tuple(dict.fromkeys(name for name in listed.split("\0") if name))

    def tree(self, revision: str) -> dict[str, TreeFile]:
        """The files of a revision by path, submodules left out."""
        return git_objects.files_of(self._objects, revision)

    def folder(self, revision: str, path: str) -> str | None:
        """The name of the tree at a path from the top: equal content has an equal name."""
        found = self._objects.read(f"{revision}:{path}")
        return found.name if found is not None and found.kind == "tree" else None

    def changed(self) -> tuple[tuple[str, bool], ...]:
        """(path, tracked) of the files that differ from HEAD, untracked ones included."""
        listed = self._git.output(
            "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", "."
        )
        prefix = self._where().prefix
        items = (item for item in listed.split("\0") if item)
        return tuple((item[3:].removeprefix(prefix), not item.startswith("??")) for item in items)

    # --- the remote's tags

    def fetch_versions(self, *prefixes: str, branch: str | None = None) -> str | None:
        """Bring our copy of the remote's tags that begin with one of ``prefixes`` up to date.

        With ``branch`` that branch comes as well, at the same moment: its commit is returned, or
        None where the remote has no such branch. Local tags are neither read nor written. In a
        shallow clone only the tagged commits come, in a full one the few commits that are missing.
        """
        if branch is None or self.is_shallow():
            git_remote.fetch_versions(self._git, prefixes, shallow=self.is_shallow())
            return self.fetch_branch(branch) if branch else None
        ref = git_remote.fetch_branch(self._git, branch, prefixes)
        return self.resolve(ref) if ref else None

    def fetch_branch(self, branch: str) -> str | None:
        """The remote's commit of ``branch``, fetched; None: the remote has no such branch."""
        ref = git_remote.fetch_branch(self._git, branch)
        return self.resolve(ref) if ref else None

    def complete_history(self) -> None:
        """Turn a shallow clone into a full one, which ancestry needs."""
        if self.is_shallow():
            self._git.network("fetch", "--quiet", "--unshallow", "--no-tags", REMOTE)
            self._place = None

    def every_ref(self, pulls: Iterable[int]) -> dict[str, str]:
        """What each branch and tag, there and here, and each of ``pulls`` names; see `every_ref`.

        Raises:
            WorldError: The remote does not answer.
        """
        return fetch_every_ref(self._git, pulls, remote=self.has_remote())

    def tags(self, *prefixes: str) -> Tags:
        """The tags that begin with one of these: our copy of the remote's, and the local ones."""
        return git_objects.read_tags(self._git, self._objects, prefixes)

    # --- writing

    def commit_files(self, parent: str, files: Mapping[str, Content], message: str) -> str:
        """A new commit on ``parent`` with ``files`` (None: removed); no branch is moved.

        Its dates are those of ``parent``, so that the same content gives the same commit on
        every run.
        """
        return git_objects.commit_files(
            self._git, self._objects, parent, files, message, prefix=self._where().prefix
        )

    def tag_object(self, name: str, commit: str, message: str) -> str:
        """An annotated tag object for ``commit``; no ref is made."""
        return git_objects.tag_object(self._git, name, commit, message)

    def push(self, refs: Mapping[str, str], *, atomic: bool = False) -> tuple[PushResult, ...]:
        """What became of each ``{remote ref: object}`` (empty: delete the ref); never forced."""
        return git_remote.push_refs(self._git, refs, atomic=atomic)

    def switch(self, branch: str) -> None:
        """Check a branch out; edits that are in its way make git refuse."""
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
                remedy="Check the address.",
            )
        ref = f"{HEADS}/HEAD"
        self._git.network(*git_remote.FETCH, "--depth=1", REMOTE, f"+HEAD:{ref}")
        self._place = None  # it is shallow now
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
