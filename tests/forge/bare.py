"""A bare repository behind the fake GitHub: branches, the three ways to merge, and what is refused.

All of it is real git; nothing here knows of pull requests, only of commits and refs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.forge.gitdir import loose

MergeMethod = Literal["merge", "squash", "rebase"]
GITCONFIG = """\
[user]
	name = GitHub
	email = noreply@github.com
[init]
	defaultBranch = main
	templateDir =
[gc]
	auto = 0
[http]
	receivepack = true
[receive]
	advertisePushOptions = true
	autogc = false
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[maintenance]
	auto = false
[safe]
	directory = *
"""
UPDATE_HOOK = """\
#!/bin/sh
# Refuses each ref by itself, as GitHub's rules do: only with --atomic does all of a push fall.
# A workflow's token pushes no workflow file that no branch has ("Scopes for OAuth apps").
if [ "$FORGE_TOKEN" = workflow ] && [ -n "$(echo "$3" | tr -d 0)" ]; then
  known=$(for tip in $(git for-each-ref --format='%(objectname)' refs/heads); do
    git ls-tree -r "$tip" -- .github/workflows
  done)
  if git ls-tree -r "$3" -- .github/workflows | grep --quiet -vxF "$known"; then
    echo "refusing to allow a GitHub App to create or update workflow" >&2
    echo "without 'workflows' permission" >&2
    exit 1
  fi
fi
case "$1" in
  refs/pull/*) echo "deny updating a hidden ref" >&2; exit 1 ;;
  refs/heads/*)
    if [ "$(git config forge.protected)" = "$1" ]; then
      echo "error: GH006: Protected branch update failed for $1." >&2
      echo "error: Changes must be made through a pull request." >&2
      exit 1
    fi ;;
  refs/tags/data-v* | refs/tags/data-channel-*)
    set -f
    for pattern in $(git config --get-all forge.unruled); do
      case "$1" in $pattern) exit 0 ;; esac
    done
    if [ "$(git config forge.tagRules)" = true ] && [ -n "$(echo "$2" | tr -d 0)" ]; then
      echo "error: GH013: Repository rule violations found for $1." >&2
      echo "- Cannot update this protected ref." >&2
      exit 1
    fi ;;
esac
"""


class Conflict(Exception):  # noqa: N818 (GitHub's own word)
    """The two sides cannot be put together without a person."""


@dataclass(frozen=True, kw_only=True)
class Bare:
    """A bare repository at ``path``; ``home`` holds the server's own git configuration."""

    path: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What git needs to run for the server, and nothing of the caller's."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": str(self.home / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "LC_ALL": "C",
        }

    def git(
        self, *arguments: str, cwd: Path | None = None, more: Mapping[str, str] | None = None
    ) -> str:
        """What ``git ARGUMENTS`` prints here; ``more`` are further variables of its environment.

        Raises:
            subprocess.CalledProcessError: git said no.
        """
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.path,
            env=self.environment | dict(more or {}),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    @classmethod
    def made(cls, path: Path, home: Path, *, source: str | Path | None = None) -> Bare:
        """A new repository, empty or with the branches and tags of ``source``."""
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitconfig").write_text(GITCONFIG)
        path.mkdir(parents=True)
        bare = cls(path=path, home=home)
        bare.git("init", "--quiet", "--bare")
        hook = path / "hooks" / "update"
        hook.parent.mkdir()
        hook.write_text(UPDATE_HOOK)
        hook.chmod(0o755)
        if source is not None:
            bare.fetch(source, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")
        return bare

    def fetch(self, source: str | Path, *refspecs: str) -> None:
        """Takes ``refspecs`` from ``source``, a path."""
        self.git("fetch", "--quiet", "--no-tags", str(source), *(f"+{spec}" for spec in refspecs))

    def rules(self, *, protected: str | None, tags: bool, unruled: Sequence[str] = ()) -> None:
        """Refuses pushes to the branch ``protected``, and changes of our permanent tags.

        The rules for tags leave out refs that match one of ``unruled``.
        """
        for pattern in unruled:
            self.git("config", "--add", "forge.unruled", pattern)
        self.git("config", "forge.protected", f"refs/heads/{protected}" if protected else "")
        self.git("config", "forge.tagRules", str(tags).lower())

    def sha(self, revision: str) -> str | None:
        """The commit that ``revision`` names, or None."""
        if revision.startswith("refs/heads/") and (known := loose(self.path, revision)):
            return known
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except subprocess.CalledProcessError:
            return None

    def refs(self, prefix: str) -> dict[str, tuple[str, str]]:
        """Kind and SHA of each ref whose name starts with ``prefix``."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objecttype) %(objectname)")
        rows = (line.split() for line in lines.splitlines())
        return {name: (kind, sha) for name, kind, sha in rows if name.startswith(prefix)}

    def set(self, ref: str, sha: str | None) -> None:
        """Points ``ref`` at ``sha``, or removes it."""
        if sha is None:
            self.git("update-ref", "-d", ref)
        elif loose(self.path, ref) != sha:
            self.git("update-ref", ref, sha)

    def between(self, base: str, head: str) -> list[str]:
        """The commits of ``head`` that ``base`` lacks, oldest first; all where it is no commit."""
        commits = head if set(base) == {"0"} else f"{base}..{head}"
        return self.git("rev-list", "--reverse", commits).split()

    def contains(self, tip: str, sha: str) -> bool:
        """Whether ``sha`` is ``tip`` or one of its ancestors."""
        return self.git("rev-list", "--count", f"{tip}..{sha}") == "0"

    def tree(self, sha: str, *, recursive: bool) -> list[tuple[str, str, str, str]]:
        """Mode, kind, hash and path of each entry of a commit's tree."""
        listed = self.git("ls-tree", "-z", *(["-r", "-t"] if recursive else []), sha)
        rows = (line.split("\t", 1) for line in listed.split("\0") if line)
        return [(*meta.split(" ", 2), path) for meta, path in rows]  # type: ignore[misc]

    def changed(self, base: str, head: str) -> list[tuple[str, str, str]]:
        """Status, path and (of a renamed one) former path of the files that ``head`` changes."""
        merge_base = self.git("merge-base", base, head)
        listed = self.git("diff", "--name-status", "-z", "-M", merge_base, head).split("\0")
        names, found = iter(listed), []
        words = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}
        for letter in names:
            if letter.startswith("R"):
                before = next(names)
                found.append(("renamed", next(names), before))
            elif letter:
                found.append((words[letter], next(names), ""))
        return found

    def holds(self, text: str) -> bool:
        """Whether ``text`` is in any object that was ever pushed: file, commit, tag or name."""
        done = subprocess.run(
            ["git", "cat-file", "--batch", "--batch-all-objects"],
            cwd=self.path, env=self.environment, check=True, capture_output=True,
        )  # fmt: skip
        return text.encode() in done.stdout

    def subject(self, sha: str) -> tuple[str, str, str]:
        """Message, author's name and author's address of a commit."""
        name, address, message = self.git("log", "-1", "--format=%an%n%ae%n%B", sha).split("\n", 2)
        return message.strip(), name, address

    def merged_tree(self, base: str, head: str) -> str:
        """The tree of both sides put together.

        Raises:
            Conflict: the two sides changed the same lines.
        """
        try:
            return self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        except subprocess.CalledProcessError as error:
            raise Conflict from error

    def trial_merge(self, base: str, head: str) -> str | None:
        """A merge commit of both sides that no branch holds, or None where they conflict."""
        message = f"Merge {head} into {base}"
        try:
            tree = self.merged_tree(base, head)
        except Conflict:
            return None
        return self.git("commit-tree", tree, "-p", base, "-p", head, "-m", message)

    def merge(self, branch: str, head: str, *, how: MergeMethod, message: str, author: str) -> str:
        """Merges ``head`` into ``branch`` as the web page does; the branch's new SHA.

        Raises:
            Conflict: the two sides changed the same lines.
        """
        base = self.sha(f"refs/heads/{branch}")
        assert base is not None, f"no branch {branch}"
        who = {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": f"{author}@users.noreply.github.com"}
        if how == "rebase":
            new = self._rebased(base, head)
        else:
            parents = ["-p", base] + (["-p", head] if how == "merge" else [])
            tree = self.merged_tree(base, head)
            new = self.git("commit-tree", tree, *parents, "-m", message, more=who)
        self.git("update-ref", f"refs/heads/{branch}", new, base)
        return new

    def _rebased(self, base: str, head: str) -> str:
        """The last of the commits of ``head``, each made again on ``base``."""
        folder = Path(tempfile.mkdtemp(prefix="rebase-"))
        try:
            self.git("worktree", "add", "--quiet", "--detach", str(folder / "tree"), base)
            self.git("cherry-pick", *self.between(base, head), cwd=folder / "tree")
            return self.git("rev-parse", "HEAD", cwd=folder / "tree")
        except subprocess.CalledProcessError as error:
            raise Conflict from error
        finally:
            shutil.rmtree(folder)
            self.git("worktree", "prune")
