"""A repository with one dataset of customers, an origin and a remote that can be made empty again.

Its branches differ in what DVC has done already: on `fresh` the dataset is a bare `.dvc` file, so
that `datarelease` validates and profiles it itself; on `staged` the stages `validate` and
`profile` have run and `dvc.lock` shows it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.places import ROOT, environment, run

FRESH, STAGED = "fresh", "staged"
_CONFIG = """\
[core]
    remote = storage
    analytics = false
    check_update = false
"""
_STAGES = """\
stages:
  validate:
    cmd: datarelease validate customers
    deps: [{path}, schemas/customers.yaml]
    metrics: [reports/customers/validation.json: {{cache: false}}]
  profile:
    cmd: datarelease profile customers
    deps: [{path}]
    metrics: [reports/customers/profile.json: {{cache: false}}]
"""
_ARTIFACTS = """\
artifacts:
  customers:
    path: {path}
    type: dataset
    meta:
      schema: schemas/customers.yaml
      key: [customer_id]
      pii: [first_name, last_name, email, phone]
"""


@dataclass
class Repository:
    """A work tree below ``folder`` with ``path`` as its dataset."""

    folder: Path
    path: str
    """``data/customers.parquet``, or ``data/customers`` for a directory."""
    env: dict[str, str] = field(default_factory=environment)
    _number: int = 0

    @property
    def work(self) -> Path:
        """The work tree."""
        return self.folder / "work"

    def create(self, data: Path) -> None:
        """Begin anew on `staged` with ``data`` added; the stages have not run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.git("init", "--quiet", f"--initial-branch={STAGED}")
        self.dvc("init", "--quiet")
        self.write(".dvc/config", _CONFIG)
        self.write(".gitignore", "/reports/report.*\n")
        self.write("params.yaml", "release: {}\n")
        self.write("schemas/customers.yaml", (ROOT / "schemas/customers.yaml").read_text())
        self.write("dvc.yaml", (_STAGES + _ARTIFACTS).format(path=self.path))
        self.add(data)

    def add(self, data: Path) -> None:
        """Take ``data`` as the dataset, and commit."""
        target = self.work / self.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if data.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(data, target)
        else:
            target.unlink(missing_ok=True)
            shutil.copyfile(data, target)
        self.dvc("add", "--quiet", self.path)
        self.commit("Data")

    def run_stages(self) -> None:
        """Have DVC run what is out of date, and commit."""
        self.dvc("repro", "--quiet")
        self.commit("Validation and profile")

    def branch_fresh(self) -> None:
        """Make `fresh` from `staged`: the same data, without stages and what they left."""
        self.git("switch", "--quiet", "-c", FRESH)
        self.write("dvc.yaml", _ARTIFACTS.format(path=self.path))
        (self.work / "dvc.lock").unlink(missing_ok=True)
        shutil.rmtree(self.work / "reports", ignore_errors=True)
        self.commit("Without stages")

    def forget(self) -> None:
        """Let the next command compute everything: results that are kept by content go."""
        shutil.rmtree(self.memo, ignore_errors=True)

    @property
    def memo(self) -> Path:
        """Where results are kept by content."""
        return self.work / ".dvc/cache/files/memo"

    def on(self, branch: str) -> None:
        """Switch; the data of all branches is the same."""
        self.git("switch", "--quiet", branch)

    def unreleased(self, branch: str, url: str | None = None, **options: str) -> None:
        """Be on ``branch`` with a new origin that has it, a new and empty remote, and no tag.

        Args:
            branch: The branch.
            url: The remote's; None: a new directory.
            options: Further settings of the remote, such as ``endpointurl``.
        """
        self._number += 1
        origin = self.folder / f"origin-{self._number}.git"
        remote = self.remote
        if self._number > 1:
            shutil.rmtree(self.folder / f"origin-{self._number - 1}.git")
            shutil.rmtree(self.folder / f"remote-{self._number - 1}", ignore_errors=True)
            self.git("remote", "remove", "origin")
        self.git("init", "--quiet", "--bare", str(origin))
        self.git("remote", "add", "origin", str(origin))
        for tag in self.git("tag", "--list").split():
            self.git("tag", "--delete", tag)
        self.on(branch)
        self.git("push", "--quiet", "--set-upstream", "origin", branch)
        remote.mkdir()
        self._configure(url or str(remote), options)
        self.dvc("status", "--quiet")  # what DVC knows of the files themselves, it knows each time
        os.sync()

    @property
    def remote(self) -> Path:
        """The directory that is the newest remote, where no other was given."""
        return self.folder / f"remote-{self._number}"

    def objects(self) -> int:
        """How many objects a remote must have when the dataset is on it."""
        data = self.work / self.path
        return 1 + sum(1 for _ in data.iterdir()) if data.is_dir() else 1

    def _configure(self, url: str, options: Mapping[str, str]) -> None:
        settings = {"url": url, "verify": "true", **options}
        lines = [f"    {name} = {value}\n" for name, value in settings.items()]
        self.write(".dvc/config.local", "['remote \"storage\"']\n" + "".join(lines))

    def commit(self, message: str) -> None:
        """All changes."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)

    def write(self, path: str, text: str) -> None:
        """A file of the work tree."""
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> str:
        """What git prints."""
        return run("git", *arguments, cwd=self.work, env=self.env)

    def dvc(self, *arguments: str) -> str:
        """What DVC prints."""
        return run("dvc", *arguments, cwd=self.work, env=self.env)

    def datarelease(self, *arguments: str) -> str:
        """What `datarelease` prints."""
        return run("datarelease", *arguments, cwd=self.work, env=self.env)
