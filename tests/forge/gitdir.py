"""Small git work trees that tests of the fake GitHub push and pull with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
        return self.git("rev-parse", "HEAD")
