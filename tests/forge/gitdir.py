"""Small git work trees that tests of the fake GitHub push and pull with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def checked_out(work_tree: Path) -> str | None:
    """The commit of the branch that is checked out, read without a process; None: ask git."""
    head = work_tree / ".git" / "HEAD"
    name = head.read_text().strip() if head.is_file() else ""
    return loose(head.parent, name.removeprefix("ref: ")) if name.startswith("ref: ") else None


def loose(repository: Path, ref: str) -> str | None:
    """What ``ref`` points at where it has a file of its own, as after each change of it."""
    try:
        return (repository / ref).read_text().strip()
    except OSError:
        return None


@dataclass(frozen=True, kw_only=True)
class WorkTree:
    """A clone, or a repository of its own, at ``path``."""

    path: Path

    @classmethod
    def made(cls, path: Path, files: Mapping[str, str]) -> WorkTree:
        """A new repository with one commit of ``files`` on main."""
        path.mkdir(parents=True)
        tree = cls(path=path)
        tree.git("init", "--quiet", "--initial-branch=main")
        tree.commit(files)
        return tree

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What came of ``git ARGUMENTS``, whether it worked or not."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ,
        )

    def git(self, *arguments: str) -> str:
        """What ``git ARGUMENTS`` prints; it must work."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str], *, branch: str | None = None) -> str:
        """Commits ``files``, on ``branch`` where one is named; the SHA."""
        if branch is not None:
            self.git("checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        self.git("add", "--", *files)
        self.git("commit", "--quiet", "--message", f"Change {', '.join(files)}")
        return checked_out(self.path) or self.git("rev-parse", "HEAD")
