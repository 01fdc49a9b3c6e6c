"""A repository with one stream whose stages are a stand-in: proposals without draining a topic.

Its one stage makes of the planned offsets what the real ones would: raw files, parts, dead letters
and counts. Each seventh record is a dead letter. So a test needs a broker only to be asked what
waits, or none at all (``Waits``).
"""

from __future__ import annotations

import atexit
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import yaml
from tests import commands
from tests.conftest import environment, hermetic_environment
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer
from tests.project import REMOTE, Project

from datarelease.documents import decode, encode
from datarelease.ingest.plan import cut
from datarelease.ingest.propose.merge import Merging, merge
from datarelease.ingest.propose.proposals import proposals_of
from datarelease.ingest.propose.propose import FindProposals, Proposal, propose
from datarelease.ingest.propose.scratch_clone import ScratchClone
from datarelease.model.data.stream import Span, Stream, StreamPlan
from datarelease.model.github import BOT
from datarelease.progress import Progress, Quiet

NAME = "orders"
STAGE = '''\
"""What `datarelease ingest drain` and `parse` would make of streams/orders.json."""

import hashlib
import json
import os
import pathlib
import shutil

from datarelease.adapters.dvc.listing import tree_md5
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.provenance import of_counts
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot, Entry

assert not {"GITHUB_TOKEN", "GH_TOKEN"} & set(os.environ)
plan = json.loads(pathlib.Path("streams/orders.json").read_text())
names = ("data/streams/orders/raw", "data/streams/orders/dead", "data/orders")
raw, dead, rows = map(pathlib.Path, names)
for folder in (raw, dead, rows):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
counts = []
for batch in plan["batches"]:
    name = f"{batch['number']:06}.csv"
    good, bad = [], []
    for span in batch["spans"]:
        for offset in range(span["start"], span["end"]):
            id = span["partition"] * 1_000_000 + offset
            (bad if offset % 7 == 6 else good).append(f"{id},{offset % 5}")
    (raw / name).write_text("\\n".join(good + bad))
    (rows / name).write_text("\\n".join(["id,amount", *good]) + "\\n")
    if bad:
        (dead / name).write_text("\\n".join(["id,amount", *bad]) + "\\n")
    counts.append({
        "number": batch["number"], "spans": batch["spans"],
        "md5": hashlib.md5((rows / name).read_bytes()).hexdigest(),
        "records": len(good) + len(bad), "events": len(good), "duplicates": 0, "tombstones": 0,
        "dead": len(bad), "reasons": [["amount:<b>|`type`", len(bad)]] if bad else [],
        "late": 0, "out_of_order": 0, "holes": 0, "schemas": [], "first": None, "last": None,
    })
dataset = Dataset(
    name="orders", path="data/orders", schema="schemas/orders.yaml", key=("id",)
)
parts = [DataFile(path=f"{one['number']:06}.csv", md5=one["md5"]) for one in counts]
whole = Entry(path=".", md5=tree_md5(parts))
content = DatasetSnapshot(name="orders", entries=(whole,))
here = {path.as_posix(): path.read_bytes() for path in pathlib.Path("schemas").iterdir()}
made_from = of_counts(dataset, content, here.get)
target = pathlib.Path("reports/orders/stream.json")
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps({
    "stream": "orders", "topic": plan["topic"], "cluster": plan["cluster"], "batches": counts,
    "key": ["id"], "made_from": made_from, "format": 1,
}))
'''
DVC_YAML: dict[str, Any] = {
    "stages": {
        "orders": {
            "cmd": "python stage.py",
            "deps": ["stage.py", "streams/orders.json"],
            "outs": [
                {"data/orders": {"persist": True}},
                {"data/streams/orders/raw": {"persist": True}},
                {"data/streams/orders/dead": {"persist": True}},
            ],
            "metrics": [{"reports/orders/stream.json": {"cache": False, "persist": True}}],
        }
    },
    "artifacts": {
        NAME: {
            "path": "data/orders",
            "type": "dataset",
            "meta": {"key": ["id"], "schema": "schemas/orders.yaml"},
        }
    },
}
SCHEMA = """\
schema_type: dataframe
api: pandas
columns:
  id: {dtype: int64}
  amount: {dtype: int64}
strict: true
"""
POLICY: dict[str, Any] = {"dead_letters": {"max": 0.5}, "psi": {"max": None}, "ks": {"max": None}}


def with_stream(project: Project, topic: str = NAME, **stream: object) -> None:
    """Make an empty project one with a stream, committed and pushed."""
    project.write("stage.py", STAGE)
    project.write("schemas/orders.yaml", SCHEMA)
    project.write("dvc.yaml", yaml.safe_dump(DVC_YAML, sort_keys=False))
    release = {"streams": {NAME: {"topic": topic, **stream}}, "policy": POLICY}
    project.write("params.yaml", yaml.safe_dump({"release": release}))
    project.write(".gitignore", "/data/\n/reports/report.*\n")
    project.commit("A stream")
    project.push()


@dataclass
class Hosted:
    """A project on GitHub, and the account that proposes."""

    github: GitHubServer
    repository: Repository
    project: Project
    env: dict[str, str]
    """Of whoever runs the ingester."""

    @property
    def pulls(self) -> list[Pull]:
        """All pull requests."""
        return self.repository.pulls

    def edit(self, path: str = "notes.txt", content: str = "something else") -> None:
        """A person's commit on main."""
        edited(self.project, path, content)
        self.github.world.refresh(self.repository)

    def merged(self, pull: Pull, *, tidy: bool = False) -> None:
        """A person merges; ``tidy``: and deletes the branch."""
        self.github.world.merge(self.repository, pull.number, login="bea")
        if tidy:
            self.repository.bare.set(f"refs/heads/{pull.branch}", None)

    def closed(self, pull: Pull) -> None:
        """A person closes it unmerged."""
        pull.open = False

    def proposed(self, waits: Waits, *, force: bool = False) -> Proposal:
        """What the ingester does."""
        done = proposed(self.project, proposals_of, waits, force=force, env=self.env)
        self.github.world.refresh(self.repository)
        return done

    def merging(self) -> Merging:
        """What it does about its open proposal."""
        return merging(self.project, proposals_of, env=self.env)

    def status(self, state: str, digest: str, *, login: str = BOT) -> None:
        """The check of the newest pull request ended so."""
        self.github.world.status(
            self.repository, self.pulls[-1].head, login=login, state=state,
            context="datarelease/check", description=f"pass · data-v2 after data-v1 · {digest}",
        )  # fmt: skip


def edited(project: Project, path: str = "notes.txt", content: str = "something else") -> None:
    """A person's commit on main of the origin."""
    project.git("pull", "--quiet", "--no-rebase", str(project.origin), "main")
    project.write(path, content)
    project.commit(f"Edit {path}")
    project.git("push", "--quiet", str(project.origin), "HEAD:main")


def hosted(project: Project, github: GitHubServer) -> Hosted:
    """A project moved to a private repository on GitHub; its origin has no credentials in it."""
    world = github.world
    repository = world.repository("acme/data", source=project.origin, private=True)
    repository.roles["robot"] = "write"
    permissions = {"contents": "write", "pull-requests": "write", "statuses": "read"}
    project.git("remote", "set-url", "origin", github.clone_url("acme/data"))
    return Hosted(
        github=github,
        repository=repository,
        project=dataclasses.replace(project, origin=repository.bare.path),
        env={
            "GITHUB_TOKEN": world.user_token("robot", permissions),
            "GITHUB_SERVER_URL": github.url,
            "GITHUB_API_URL": github.api_url,
        },
    )


@cache
def _place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="streaming-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def streaming(name: Literal["empty", "first", "open"]) -> Path:
    """A project with a stream, made once for a run of tests, to be copied.

    ``empty``: nothing was proposed yet. ``first``: its first batch is data-v1. ``open``: the second
    one is proposed and may be merged; ``proposal.json`` tells of it.
    """
    target = _place() / name
    with environment(hermetic_environment(_place() / "home")):
        if name == "empty":
            return make_streaming(target)
        if name == "first":
            first = Project.copied(streaming("empty"), target)
            done = proposed(first, proposals_of, Waits({0: 100}))
            first.git("pull", "--quiet", "origin", done.branch or "")
            first.git("push", "--quiet", "origin", "main", f":{done.branch}")
            commands.run(first, "release")
            shutil.rmtree(first.root / ".dvc" / "tmp")
        else:
            second = Project.copied(streaming("first"), target)
            automatic(second)
            done = proposed(second, proposals_of, Waits({0: 150}))
            (target / "proposal.json").write_text(encode(done))
    return target


def automatic(project: Project, **policy: object) -> None:
    """The default branch says that proposals may be merged."""
    params = yaml.safe_load((project.root / "params.yaml").read_text())
    params["release"]["policy"] = {**POLICY, "auto_merge": True, **policy}
    edited(project, "params.yaml", yaml.safe_dump(params))


def make_streaming(folder: Path) -> Path:
    """A project with a stream below ``folder``, for copies."""
    project = Project(folder / "work", folder / "origin.git", folder / "remote")
    project.root.mkdir(parents=True)
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    config = "[core]\n    analytics = false\n    check_update = false\n    remote = storage\n"
    config += f"['remote \"{REMOTE}\"']\n    url = ../../remote\n    verify = true\n"
    project.write(".dvc/config", config)
    project.run("git", "init", "--quiet", "--bare", str(project.origin))
    project.git("remote", "add", "origin", str(project.origin))
    with_stream(project)
    return folder


@dataclass
class Waits:
    """Stands for the broker: how far each partition's log goes."""

    ends: dict[int, int] = field(default_factory=dict)
    batch: int = 1_000
    asked: int = 0

    def __call__(self, stream: Stream, plan: StreamPlan | None) -> StreamPlan:
        """The plan with what waits, as ``ingest.plan.extended`` would make it."""
        self.asked += 1
        plan = plan or StreamPlan(topic=stream.topic, cluster="test", topic_id=None)
        before = plan.ends()
        waiting = {
            part: Span(partition=part, start=before.get(part, 0), end=end, high=end)
            for part, end in self.ends.items()
            if end > before.get(part, 0)
        }
        new = cut(waiting, size=self.batch, first=len(plan.batches) + 1)
        return dataclasses.replace(plan, batches=(*plan.batches, *new)) if new else plan


def proposed(
    project: Project | Path,
    place: FindProposals,
    waits: Waits,
    *,
    force: bool = False,
    env: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Proposal:
    """What `datarelease ingest propose` does, with somebody else than the broker to ask."""
    with at_desk(project, env=env, progress=progress) as clone:
        return propose(clone, NAME, place, waits, force=force)


def merging(
    project: Project | Path, place: FindProposals, *, env: Mapping[str, str] | None = None
) -> Merging:
    """What `datarelease ingest merge` does."""
    with at_desk(project, env=env) as clone:
        return merge(clone, NAME, place)


@contextmanager
def at_desk(
    project: Project | Path,
    *,
    env: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Iterator[ScratchClone]:
    """A desk that is held; DVC's program starts from a process that has it loaded."""
    root = project if isinstance(project, Path) else project.root
    clone = ScratchClone(root, env={**os.environ, **(env or {})}, progress=progress or Quiet())
    with patch("datarelease.adapters.dvc.program.run_shown", _dvc), clone.locked():
        yield clone


def _dvc(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> int:
    return commands.dvc(cwd, *arguments[4:], env=dict(env or {}), stdin=stdin).code


def plan_of(project: Project, revision: str) -> StreamPlan:
    """The plan at a revision of the origin."""
    git_dir = f"--git-dir={project.origin}"
    return decode(StreamPlan, project.git(git_dir, "show", f"{revision}:streams/{NAME}.json"))


def branches(project: Project) -> dict[str, str]:
    """The branches of the origin."""
    listed = project.git("ls-remote", "--heads", str(project.origin)).splitlines()
    return {line.split("\trefs/heads/")[1]: line.split("\t")[0] for line in listed}
