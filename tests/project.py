"""A small DVC repository with a bare origin and a remote, made with real git and real DVC.

It has one stage, `make`, which writes what `params.yaml` says: `data/people.csv` (dataset
`people`) and, unless the test is marked `one_dataset`, a directory of part files `data/events/`
(dataset `events`). Half of the time of such a test would go to the second.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dvc.config import Config
from tests.copies import copy_tree
from tests.forge.gitdir import checked_out
from tests.servers import Bucket, Keys

MAKE = '''\
"""Writes data/people.csv and data/events/ from params.yaml."""

import csv
import pathlib
import random

import yaml

params = yaml.safe_load(pathlib.Path("params.yaml").read_text(encoding="utf-8"))["make"]
rng = random.Random(params["seed"])
folder = pathlib.Path("data/events")
folder.mkdir(parents=True, exist_ok=True)


def write(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\\n")
        writer.writerow(header)
        writer.writerows(rows)


people = [
    (n, f"Person {n}", f"person{n}@example.com", rng.choice("ABC"), round(rng.gauss(50, 10), 2))
    for n in range(1, params["rows"] + 1)
]
write("data/people.csv", ("id", "name", "email", "plan", "spend"), people)
for part in range(params["parts"]):
    events = [(part * 10 + n, 1 + n % params["rows"], n * 1.5) for n in range(10)]
    write(folder / f"part-{part}.csv", ("event", "person", "value"), events)
'''

PEOPLE_ALONE = MAKE[: MAKE.index("for part in")].replace("data/events", "data")
"""Writes data/people.csv."""

DVC_YAML = """\
stages:
  make:
    cmd: python make.py
    deps:
      - make.py
    params:
      - make
    outs:
      - data/people.csv
      - data/events
artifacts:
  people:
    path: data/people.csv
    type: dataset
    meta:
      key: [id]
      pii: [name, email]
  events:
    path: data/events
    type: dataset
    meta:
      key: [event]
"""

PARAMS: dict[str, Any] = {"make": {"rows": 20, "seed": 1, "parts": 3}, "release": {}}
REMOTE = "storage"
_ADDRESS = re.compile(r"^\turl = .*$", re.MULTILINE)
"""The one remote in the configuration of a clone."""


@dataclass(frozen=True)
class Project:
    """A clone of the repository; ``git`` and ``dvc`` run in it under the test's environment."""

    root: Path
    origin: Path
    remote: Path
    """The directory that is DVC's default remote."""

    @classmethod
    def copied(cls, template: Path, target: Path) -> Project:
        """A project of its own, from the template."""
        copy_tree(template, target)
        made = cls(target / "work", target / "origin.git", target / "remote")
        # `git remote set-url` would be a process for each project, and change nothing but this.
        config = made.root / ".git" / "config"
        text, changed = _ADDRESS.subn(rf"\turl = {made.origin}", config.read_text())
        assert changed == 1, text
        config.write_text(text)
        return made

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, code: int = 0) -> str:
        """What a program prints on standard output; it must exit with ``code``."""
        done = subprocess.run(
            arguments, cwd=self.root, env={**os.environ, **(env or {})}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def git(self, *arguments: str, code: int = 0) -> str:
        """What git prints, without the last line end."""
        return self.run("git", *arguments, code=code).rstrip("\n")

    def dvc(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        code: int = 0,
        served: bool = False,
    ) -> str:
        """What DVC prints; ``served``: our own stages start no programs (`tests.commands.dvc`)."""
        from tests.commands import dvc

        done = dvc(self.root, *arguments, env={**os.environ, **(env or {})}, served=served)
        assert done.code == code, f"dvc {arguments}: {done.code}\n{done.err}"
        return done.out

    # --- editing

    def write(self, path: str, content: str | bytes) -> Path:
        """The file ``path``, written."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def read_yaml(self, path: str) -> dict[str, Any]:
        """The mapping in a YAML file of the work tree."""
        loaded: dict[str, Any] = yaml.safe_load((self.root / path).read_text())
        return loaded

    def params(self, **make: object) -> None:
        """Edit the parameters of the stage."""
        params = self.read_yaml("params.yaml")
        params["make"].update(make)
        self.write("params.yaml", yaml.safe_dump(params))

    def release_settings(self, **settings: object) -> None:
        """Edit the ``release:`` section."""
        params = self.read_yaml("params.yaml")
        params["release"] = {**(params.get("release") or {}), **settings}
        self.write("params.yaml", yaml.safe_dump(params))

    def commit(self, message: str = "Edit", *paths: str) -> str:
        """Commit ``paths`` (without any: every change); its hash."""
        self.git("add", *(("--", *paths) if paths else ("-A",)))
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head

    def push(self) -> None:
        """Push the branch to the origin."""
        self.git("push", "--quiet", "origin", "HEAD")

    def repro(self) -> None:
        """Run the pipeline."""
        self.dvc("repro", "--quiet", served=True)

    @property
    def head(self) -> str:
        """The commit that is checked out."""
        return checked_out(self.root) or self.git("rev-parse", "HEAD")

    # --- remotes

    def add_remote(self, name: str, url: str, *, default: bool = False, **options: str) -> None:
        """Add or replace a DVC remote, with ``verify`` on; as ``dvc remote add`` would."""
        config = Config(str(self.root / ".dvc"))
        with config.edit("repo") as repo:
            repo["remote"][name] = {"url": url, "verify": "true", **options}
            if default:
                repo["core"]["remote"] = name

    def secrets(self, name: str, keys: Keys) -> None:
        """Keys of the remote ``name``, where git does not see them."""
        with Config(str(self.root / ".dvc")).edit("local") as local:
            local["remote"][name] = {
                "access_key_id": keys.access,
                "secret_access_key": keys.secret,
            }

    def use_bucket(
        self, bucket: Bucket, *, name: str = REMOTE, prefix: str = "", keys: Keys | None = None
    ) -> None:
        """Make a bucket the remote ``name``, with its writer's keys or with ``keys``."""
        self.add_remote(
            name, bucket.url(prefix), default=name == REMOTE,
            endpointurl=bucket.endpoint, region="us-east-1",
        )  # fmt: skip
        self.secrets(name, keys or bucket.keys)

    # --- other places

    def clone(self, target: Path, *options: str) -> Project:
        """A fresh clone of the origin; its DVC remote is the same directory, its cache is empty."""
        self.git("clone", "--quiet", *options, f"file://{self.origin}", str(target))
        cloned = Project(target, self.origin, self.remote)
        config = target / ".dvc" / "config.local"
        config.write_text(f"['remote \"{REMOTE}\"']\n    url = {self.remote}\n")
        return cloned


def make_template(folder: Path, env: Mapping[str, str], *, events: bool) -> Path:
    """A project below ``folder`` whose pipeline has run and whose commit is at its origin.

    With ``events`` it has two datasets, otherwise `people` alone.
    """
    pipeline = yaml.safe_load(DVC_YAML)
    if not events:
        pipeline["stages"]["make"]["outs"].remove("data/events")
        del pipeline["artifacts"]["events"]
    template = folder / "template"
    project = Project(template / "work", template / "origin.git", template / "remote")
    project.root.mkdir(parents=True)
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        project.git("init", "--quiet")
        project.dvc("init", "--quiet")
        config = "[core]\n    analytics = false\n    check_update = false\n    remote = storage\n"
        config += f"['remote \"{REMOTE}\"']\n    url = ../../remote\n    verify = true\n"
        project.write(".dvc/config", config)
        project.write("make.py", MAKE if events else PEOPLE_ALONE)
        project.write("dvc.yaml", DVC_YAML if events else yaml.safe_dump(pipeline, sort_keys=False))
        project.write("params.yaml", yaml.safe_dump(PARAMS))
        project.repro()
        project.commit("First data")
        project.run("git", "init", "--quiet", "--bare", str(project.origin))
        project.git("remote", "add", "origin", str(project.origin))
        project.git("push", "--quiet", "--set-upstream", "origin", "main")
        shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
    finally:
        os.environ.clear()
        os.environ.update(before)
    return template
