"""The data repository of the local stack: a bare origin and a clone, with orders from a topic."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent / "shop"
FILES = {
    "dvc.yaml": "pipeline.yaml",  # under its own name, DVC would take it for one of this project
    "params.yaml": "params.yaml",
    "schemas/orders.yaml": "orders.yaml",
}
IGNORED = {"data": "/orders\n", "data/streams/orders": "/raw\n/dead\n"}
"""What DVC writes into ``.gitignore`` when the stages run first."""
TOPICS = {"shop.orders": 3, "shop.orders.dead": 1, "data.releases": 1}
"""Partitions of each topic that params.yaml names."""
BUCKET = "shop-data"
FIRST = "stream/orders/000001-1"
"""Branch of the first proposal."""
_CONFIG = f"""\
[core]
    remote = storage
    analytics = false
    check_update = false
['remote "storage"']
    url = s3://{BUCKET}
    region = us-east-1
    verify = true
"""
_LOCAL = """\
['remote "storage"']
    endpointurl = {endpoint}
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """Where the repository lies, and the environment of the programs that work in it."""

    origin: Path
    work: Path
    env: Mapping[str, str]

    def make(self) -> None:
        """A new repository with its first commit at the origin."""
        self.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        self.run("git", "init", "--quiet", "--initial-branch=main", str(self.work))
        for name, source in FILES.items():
            target = self.work / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((TEMPLATE / source).read_bytes())
        for folder, lines in IGNORED.items():
            (self.work / folder).mkdir(parents=True, exist_ok=True)
            (self.work / folder / ".gitignore").write_text(lines, encoding="utf-8")
        self.git("remote", "add", "origin", str(self.origin))
        self.run(sys.executable, "-m", "dvc", "init", "--quiet", cwd=self.work)
        (self.work / ".dvc" / "config").write_text(_CONFIG, encoding="utf-8")
        (self.work / ".gitignore").write_text("/reports/report.*\n", encoding="utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Orders from the topic shop.orders")
        self.git("push", "--quiet", "--set-upstream", "origin", "main")

    def connect(self, endpoint: str) -> None:
        """Say where the S3 server is today; in a file that git does not hold."""
        local = self.work / ".dvc" / "config.local"
        local.write_text(_LOCAL.format(endpoint=endpoint), encoding="utf-8")

    def first_proposal(self) -> bool:
        """The first proposal is at the origin, and nobody has merged it."""
        heads = self.run("git", "-C", str(self.origin), "branch", "--no-merged", "main")
        return FIRST in heads

    def merge_first(self, clone: Path) -> None:
        """Merge it, as a reviewer does."""
        if not clone.exists():
            self.run("git", "clone", "--quiet", str(self.origin), str(clone))
        self.run("git", "pull", "--quiet", "--ff-only", cwd=clone)
        self.run("git", "merge", "--quiet", "--no-ff", "--no-edit", f"origin/{FIRST}", cwd=clone)
        self.run("git", "push", "--quiet", "origin", "main", cwd=clone)

    def versions(self) -> dict[str, str]:
        """The versions at the origin, oldest first: tag and subject."""
        form = "%(refname:short)%09%(contents:subject)"
        listed = self.run(
            "git", "-C", str(self.origin), "for-each-ref", "--sort=version:refname",
            f"--format={form}", "refs/tags/data-v*",
        )  # fmt: skip
        return dict(line.split("\t", 1) for line in listed.splitlines())

    def git(self, *arguments: str) -> str:
        """What git prints in the clone."""
        return self.run("git", *arguments, cwd=self.work)

    def run(self, *command: str, cwd: Path | None = None) -> str:
        """What a program prints; it must succeed."""
        done = subprocess.run(
            command, cwd=cwd, env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"`{' '.join(command)}` failed:\n{done.stderr}")
        return done.stdout
