"""The formats, byte for byte: reports, records, tags and the output of every command."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest
import yaml
from click.testing import CliRunner
from pydantic import TypeAdapter
from rich.console import Console, RenderableType
from tests import sample_reports as samples
from tests.flows.check.test_blocked import BAD, EVENTS_SCHEMA, PEOPLE_SCHEMA
from tests.flows.ingest.test_parse import SCHEMA as EVENT_SCHEMA
from tests.flows.ingest.test_parse import event
from tests.flows.pull_requests.test_announce import LOST, outcome
from tests.flows.pull_requests.test_announce import manifest as manifest_of_release
from tests.flows.pull_requests.test_post import Desk, desk, event_of, left, step
from tests.get_started import listings
from tests.goldens import GOLDEN, MOST, UPDATE, Golden, environment, playground
from tests.project import Project, make_template
from tests.raw_files import Adopted
from tests.versions import manifest, manifest_path, message, object_path

from datarelease.cli import group
from datarelease.cli.gc_command import collection_json, collection_lines
from datarelease.cli.post_command import command as post_command
from datarelease.cli.purge_command import purge_json, purge_lines
from datarelease.documents import encode
from datarelease.flows.retention.collect import Collection
from datarelease.flows.retention.purge import Purge, RemoteErasure
from datarelease.ingest.add import plan_stream
from datarelease.ingest.announce import announce_now
from datarelease.ingest.commit import commit_now
from datarelease.ingest.dead_letters import replay_now
from datarelease.ingest.drain import drain_now
from datarelease.ingest.plan import plan_now, waiting_now
from datarelease.ingest.propose.merge import merge_now
from datarelease.ingest.propose.propose import propose_now
from datarelease.model.versions.outcome import Bundle
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.retention import Garbage, GarbageReason, Needed, RemoteSweep
from datarelease.model.versions.version import Version
from datarelease.render.html.report import html
from datarelease.render.markdown.comment import CommentSource, comment, notice, unreported
from datarelease.render.markdown.version_texts import damage_issue, release_page
from datarelease.render.terminal.report import summary

INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
PRICES = "city;price\nAthens;1,50\nChania;1,70\n"
SECTION = {"policy": {"psi": {"max": 0.25, "level": "warn"}, "rows": {"min": 1, "level": "block"}}}
PRINTED = {
    "add": plan_stream, "plan": plan_now, "drain": drain_now, "waiting": waiting_now,
    "propose": propose_now, "merge": merge_now, "commit": commit_now, "announce": announce_now,
    "dead replay": replay_now,
}  # fmt: skip
"""Commands of `ingest` that need a broker or GitHub: their JSON is what these functions return."""
OTHERWISE = {
    "init": "adoption/plan.json", "post": "posting/post.json", "gc": "deletion/gc.json",
    "purge": "deletion/purge.json",
}  # fmt: skip
"""Commands whose JSON is kept without the line that was typed."""
STYLE = re.compile(rb"<style>[^<]*")
"""The same in every HTML report: one golden file, of another story, has it."""
Make = Callable[[str], Golden]
__all__ = ["desk"]  # a fixture of the tests of posting


def with_json(group: click.Group, *path: str) -> Iterator[str]:
    """The names of all commands that can print JSON."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from with_json(command, *path, name)
        elif command is not None and any("--json" in part.opts for part in command.params):
            yield " ".join((*path, name))


def test_the_json_of_every_command_is_kept() -> None:
    """A command that prints JSON has a golden file of it, or of its shape."""
    kept = {f"ingest {name}" for name in PRINTED}
    kept |= {name for name, path in OTHERWISE.items() if (GOLDEN / path).exists()}
    for path in GOLDEN.rglob("*.txt"):
        typed = path.read_text(encoding="utf-8").partition("\n")[0].split()
        if typed[:2] == ["$", "datarelease"] and "--json" in typed:
            kept |= {" ".join(typed[2 : 2 + words]) for words in (1, 2, 3)}
    assert sorted(set(with_json(group)) - kept) == []


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes the recorder of a story; the environment has fixed dates from now on."""
    with playground() as folder:

        def make(story: str) -> Golden:
            os.environ.update(environment())
            return Golden(story, folder, update=request.config.getoption(UPDATE))

        yield make


@contextmanager
def at(hour: int) -> Iterator[None]:
    """Commits and tags of the block are made so many hours after the first."""
    os.environ.update(environment(hour))
    yield
    os.environ.update(environment())


def full_project(golden: Golden) -> Project:
    """Four datasets, two other outputs, a policy; nothing is released.

    A CSV file with a key, a directory of CSV files, both made by a stage; Parquet files in
    partitions, and a CSV file in a dialect of its own.
    """
    template = make_template(golden.root, dict(os.environ), events=True)
    project = Project.copied(template, golden.root / "project")
    declared = project.read_yaml("dvc.yaml")
    for name, schema in (("people", PEOPLE_SCHEMA), ("events", EVENTS_SCHEMA)):
        project.write(f"schemas/{name}.yaml", schema)
        declared["artifacts"][name]["meta"]["schema"] = f"schemas/{name}.yaml"
    shutil.copytree(INPUTS / "first", project.root / "data" / "readings")
    project.write("data/prices.csv", PRICES)
    project.write("raw/notes.csv", "id,note\n1,hello\n")
    project.write("raw/pages/a.txt", "a\n")
    declared["artifacts"]["readings"] = {"path": "data/readings", "type": "dataset"}
    declared["artifacts"]["prices"] = {
        "path": "data/prices.csv",
        "type": "dataset",
        "meta": {"key": ["city"], "csv": {"delimiter": ";", "decimal": ","}},
    }
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.dvc("add", "--quiet", "data/readings", "data/prices.csv", "raw/notes.csv", "raw/pages")
    project.release_settings(**SECTION)
    project.commit("Datasets")
    project.push()
    return project


def keep_reports(golden: Golden, project: Project, name: str, *kinds: str) -> None:
    """Keep what the last check wrote."""
    for kind in kinds:
        content = (project.root / "reports" / f"report.{kind}").read_bytes()
        golden.add(f"{name}/report.{kind}", STYLE.sub(b"<style>as in texts/", content))


def keep_version(golden: Golden, project: Project, tag: str) -> None:
    """Keep the tag, the manifest, and the names of the documents of a version."""
    golden.add(f"{tag}/tag.txt", message(project, tag))
    golden.add_manifest(f"{tag}/manifest.json", manifest_path(project.remote, tag).read_bytes())
    folder = project.remote / "releases" / tag
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    golden.add(f"{tag}/documents.txt", "\n".join(names) + "\n")


@pytest.mark.timeout(900)  # thirty commands, one after the other
def test_the_life_of_a_dataset(golden: Make) -> None:
    """Versions, their records and the output of each command are what they were."""
    story = golden("versions")
    project = full_project(story)
    first_version(story, project)
    second_version(story, project)
    reading(story, project)
    blocked(story, project)
    withdrawn(story, project)
    rolled_back(story, project)
    lost(story, project)
    prepared(story, project)
    story.finish()


def first_version(golden: Golden, project: Project) -> None:
    """There is nothing to compare with."""
    golden.run(project, "validate", "people", "--json", name="validate.json.txt")
    golden.run(project, "profile", "people", "--json", name="profile.json.txt")
    golden.show(project, "profile", "people")
    golden.run(project, "check", name="first/check.txt")
    keep_reports(golden, project, "first", "md", "html")
    golden.run(project, "release", "--json", name="first/release.txt")
    keep_version(golden, project, "data-v1")
    documents = project.remote / "releases" / "data-v1" / "reports"
    for name in ("people", "readings"):
        golden.add(f"data-v1/{name}.profile.json", (documents / name / "profile.json").read_bytes())


def second_version(golden: Golden, project: Project) -> None:
    """Rows come, change and go; a column drifts; a row moves to another partition."""
    with at(1):
        project.params(rows=30, seed=2, parts=4)
        project.repro()
        shutil.rmtree(project.root / "data" / "readings")
        shutil.copytree(INPUTS / "second", project.root / "data" / "readings")
        project.dvc("add", "--quiet", "data/readings")
        project.commit("More people")
        project.push()
        golden.run(project, "check", "--json", name="second/check.txt")
        keep_reports(golden, project, "second", "md", "html")
        golden.run(project, "release", "--plan", name="second/plan.txt")
        golden.run(project, "release", "--plan", "--json", name="second/plan-json.txt")
        golden.run(project, "release", name="second/release.txt")
        keep_version(golden, project, "data-v2")
        golden.run(project, "release", "--json", name="second/nothing.txt")


def reading(golden: Golden, project: Project) -> None:
    """The commands that read, for people and for machines."""
    for arguments in (
        ("list",), ("list", "--json"), ("show", "data-v2"), ("show", "data-v2", "--json"),
        ("url", "data-v2", "people", "--sql", "duckdb", "--json"),
        ("diff", "data-v1", "data-v2"), ("get", "data-v1", "../got", "--json"),
        ("verify", "data-v2", "--json"),
    ):  # fmt: skip
        name = "-".join(part.strip("-./") for part in arguments)
        golden.run(project, *arguments, name=f"read/{name}.txt")
    golden.show(project, "url", "data-v2", "people", "--sql", "duckdb")
    golden.show(project, "get", "data-v1", "../people-v1", "--dataset", "people")


def blocked(golden: Golden, project: Project) -> None:
    """Violations, a breaking change and a file that cannot be read; then the change with a waiver.

    What a step of a workflow is told is kept, too.
    """
    script = (project.root / "make.py").read_text()
    gone = script.replace('("event", "person", "value")', '("event", "person")').replace(
        ", n * 1.5) for n", ") for n"
    )
    project.write(
        "make.py", gone.replace('write("data/people.csv"', f'{BAD}write("data/people.csv"')
    )
    schema = project.read_yaml("schemas/events.yaml")
    del schema["columns"]["value"]
    project.write("schemas/events.yaml", yaml.safe_dump(schema))
    project.repro()
    project.write("data/prices.csv", 'city;price\n"Athens;1,50\n')
    project.dvc("add", "--quiet", "data/prices.csv")
    golden.run(project, "validate", "people", name="blocked/validate.txt", code=1)
    golden.run(project, "check", name="blocked/check.txt", code=1)
    keep_reports(golden, project, "blocked", "md", "json")
    golden.run(project, "release", name="blocked/uncommitted.txt", code=2)
    project.git("checkout", "--quiet", "data/prices.csv.dvc")
    project.dvc("checkout", "--quiet", "--force", "data/prices.csv.dvc")
    project.write("make.py", gone)
    waiver = {"what": "events.value", "until": "data-v3", "reason": "Nobody used it."}
    project.release_settings(policy={**SECTION["policy"], "allow_breaking": [waiver]})
    golden.run(project, "check", name="waived/check.txt", env=step_of_workflow(golden))
    keep_reports(golden, project, "waived", "md")
    golden.add("waived/outputs.txt", (golden.root / "outputs").read_bytes())
    golden.add(
        "waived/pull-request.json", (project.root / "reports/pull-request.json").read_bytes()
    )
    project.git("reset", "--quiet", "--hard")
    project.dvc("checkout", "--quiet", "--force")


def step_of_workflow(golden: Golden) -> dict[str, str]:
    """The environment of a step on GitHub Actions in a run for a pull request."""
    pull = {"number": 7, "head": {"sha": "0" * 40}, "base": {"ref": "main"}}
    event = golden.root / "event.json"
    event.write_text(json.dumps({"pull_request": pull}))
    (golden.root / "outputs").unlink(missing_ok=True)
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SHA": "0" * 40,
        "GITHUB_RUN_ID": "42",
        "GITHUB_OUTPUT": str(golden.root / "outputs"),
    }


def withdrawn(golden: Golden, project: Project) -> None:
    """A channel is set to a version that is withdrawn, and the withdrawal is taken back."""
    with at(2):
        set_stable = ("channel", "set", "stable", "data-v2", "--reason", "The team checked it.")
        golden.run(project, *set_stable, "--json", name="channel.set.txt")
        golden.add("channel.tag.txt", message(project, "data-channel-stable-1"))
        golden.run(project, "channel", "list", "--json", name="channel.list.txt")
        golden.run(project, "yank", "data-v2", "--reason", "Wrong plan.", "--json", name="yank.txt")
        golden.add("yank.tag.txt", message(project, "data-v2-yanked"))
        golden.run(project, "list", "--json", name="yank.list.txt")
        golden.run(project, "changelog", "data-v2", "--json", name="changelog.json.txt")
        golden.run(project, "changelog", "data-v2", name="changelog.txt")
        golden.run(project, "site", "--out", "../public", "--json", name="site.json.txt")
        golden.show(project, "site", "--out", "../public")
    with at(3):
        golden.run(project, "unyank", "data-v2", "--json", name="unyank.txt")
        golden.show(project, "yank", "data-v2", "--reason", "The plan of two people is wrong.")
        golden.show(project, "unyank", "data-v2")


def rolled_back(golden: Golden, project: Project) -> None:
    """The data of the first version come back as the third."""
    with at(4):
        golden.show(project, "rollback", "data-v1")
        project.git("switch", "--quiet", "main")
        project.git("branch", "--quiet", "-D", "rollback-to-data-v1")
        golden.run(project, "rollback", "data-v1", "--json", name="rollback.txt")
        project.git("switch", "--quiet", "main")
        project.git("merge", "--quiet", "--no-ff", "-m", "Roll back", "rollback-to-data-v1")
        project.push()
        golden.run(project, "release", "--json", name="rolled-back/release.txt")
        keep_version(golden, project, "data-v3")


def lost(golden: Golden, project: Project) -> None:
    """An object of the newest version is gone from the remote."""
    people = next(
        dataset for dataset in manifest(project.remote, "data-v3")["datasets"]
        if dataset["name"] == "people"
    )  # fmt: skip
    object_path(project.remote, people["files"][0]["md5"]).unlink()
    golden.run(project, "verify", "data-v3", "--json", name="lost/verify.json.txt", code=3)
    golden.run(project, "verify", "data-v3", name="lost/verify.txt", code=3)
    golden.run(project, "release", "--json", name="lost/release.txt", code=3)
    golden.run(project, "verify", "data-v3", "--repair", "--json", name="lost/repair.txt")


def prepared(golden: Golden, project: Project) -> None:
    """What is set up, and what a workflow keeps of the cache."""
    golden.run(project, "diff", "data-v1", "data-v3", "--json", name="read/diff-json.txt")
    golden.run(project, "doctor", "--json", name="doctor.txt")
    golden.show(project, "doctor")
    golden.keep_document("index", (project.remote / "releases" / "index.json").read_bytes())
    with at(5):
        reason = ("--reason", "The team checked it.")
        golden.show(project, "channel", "set", "stable", "data-v3", *reason, name="channel-set")
        golden.show(project, "channel", "list", name="channel-list")
    unused = object_path(project.remote, "d41d8cd98f00b204e9800998ecf8427e")
    unused.parent.mkdir(parents=True, exist_ok=True)
    unused.write_bytes(b"no version has this")
    os.utime(unused, (0, 0))
    golden.show(project, "gc")
    golden.show(project, "purge", "data-v2", "--reason", "A person asked for it.")
    golden.run(project, "trim", name="trim/trim.txt", env=step_of_workflow(golden))
    golden.add("trim/outputs.txt", (golden.root / "outputs").read_bytes())


def test_adoption(golden: Make) -> None:
    """The plan of `init`, and each file that it would write, are what they were."""
    story = golden("adoption")
    project = Project(story.root / "work", story.root / "origin.git", story.root / "remote")
    project.root.mkdir()
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    project.write("data/listings.csv", listings(120))
    project.write("params.yaml", "train:\n  seed: 1  # of the split\n")
    project.dvc("add", "--quiet", "data/listings.csv")
    project.dvc("remote", "add", "--quiet", "--default", "storage", str(project.remote))
    project.commit("Listings")
    project.git("remote", "add", "origin", "https://github.com/acme/flats")
    plan = story.run(project, "init", "--json").json
    for edit in plan.pop("files"):
        story.add(f"files/{edit['path'].lstrip('.')}", edit["after"])
    story.add("plan.json", json.dumps(plan, indent=2) + "\n")
    story.show(project, "init", "--yes")
    story.finish()


def test_deletion(golden: Make) -> None:
    """What `gc` and `purge` say of what goes, for people and for programs."""
    story = golden("deletion")
    md5, sha256 = "d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c14" * 4
    garbage = (
        Garbage(key=f"{object_key(md5)}.dir", size=120, reason=GarbageReason.UNUSED),
        Garbage(key=f"releases/sha256/{sha256}", size=2048, reason=GarbageReason.ORPHAN),
    )
    sweep = RemoteSweep(
        remote="storage", url="s3://bucket/data", garbage=garbage, kept=1200, kept_size=8_000_000,
        young=3, young_size=4_500,
    )  # fmt: skip
    shared = dataclasses.replace(
        sweep, remote="backup", url="/backup", garbage=(), shared=("sales-v1 of commit 0a1b",)
    )
    needed = Needed(
        objects=frozenset(), documents=frozenset(), holders=("the branch main", "the work tree"),
        unread=(f"{object_key(md5)}.dir",),
    )  # fmt: skip
    collection = Collection(needed=needed, remotes=(sweep, shared), applied=False)
    story.add("gc.json", json.dumps(collection_json(collection), indent=2) + "\n")
    story.add("gc.txt", "\n".join(collection_lines(collection)) + "\n")
    erasure = Purge(
        versions=(Version(number=3, tag="data-v3", commit="c", digest="d"),),
        remotes=(RemoteErasure(remote="storage", url="s3://bucket/data", garbage=garbage[:1]),),
        shared=12,
        shared_with=("data-v2", "data-v5"),
        named_by=("the branch topic",),
    )
    story.add("purge.json", json.dumps(purge_json(erasure), indent=2) + "\n")
    story.add("purge.txt", "\n".join(purge_lines(erasure, "request 17")) + "\n")
    done = dataclasses.replace(erasure, applied=True, named_by=())
    story.add("purged.txt", "\n".join(purge_lines(done, "request 17")) + "\n")
    story.finish()


def test_texts_on_github(golden: Make) -> None:
    """Comments, notices, the page of a release and the issue of lost data are what they were."""
    story = golden("texts")
    place = CommentSource(
        server="https://github.com", repository="acme/data",
        run_url="https://github.com/acme/data/actions/runs/1",
    )  # fmt: skip
    reports = {
        "blocked": samples.blocked(), "warned": samples.warned(), "first": samples.first(),
        "rollback": samples.rollback(), "unchanged": samples.unchanged(),
        "streamed": samples.streamed(),
    }  # fmt: skip
    for name, report in reports.items():
        story.add(f"comment-{name}.md", comment(report, place))
        story.add(f"terminal-{name}.txt", printed(summary(report)))
    story.add("report-blocked.html", html(reports["blocked"]))
    story.add("report-streamed.json", encode(reports["streamed"]))
    story.add("comment-none.md", unreported(place))
    story.add("comment-released.md", comment(outcome(), place))
    failed = outcome(
        state="failed", tag=None, number=None, what="The remote refused.",
        untouched="Nothing was tagged.", remedy="Run it again.",
    )  # fmt: skip
    story.add("notice.md", notice(failed, place))
    story.add("outcome.json", encode(outcome(report=None)))
    story.add("release.md", release_page(manifest_of_release(), outcome(), place))
    story.add("issue.md", damage_issue(LOST, place))
    story.keep_document("health", encode(LOST))
    built = Bundle(commit="c" * 40, digest="d" * 64, staging=None, tree=("dvc.lock", "params.yaml"))
    story.keep_document("bundle", encode(built))
    pictures = samples.files().datasets[0].diff.files_after
    assert pictures is not None
    story.keep_document("files-profile", encode(pictures))
    story.finish()


def test_posting(golden: Make, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comment and the status that a step posts, and what it prints, are what they were.

    Replaced are the address of the server and the pull request's commit.
    """
    story = golden("posting")
    left(desk, tmp_path)
    posted = step(desk, tmp_path, monkeypatch, event=event_of(desk))
    again = CliRunner().invoke(post_command, [str(tmp_path / "artifact"), "--json"])
    assert (posted.exit_code, again.exit_code) == (0, 0)
    statuses = [
        {"state": status.state, "context": status.context, "description": status.description}
        for status in desk.repo.statuses_of(desk.pull.head)
    ]
    kept = {
        "post.txt": posted.stdout,
        "post.json": again.stdout,
        "comment.md": "\n".join(desk.ours()),
        "statuses.json": json.dumps(statuses, indent=1) + "\n",
    }
    for name, text in kept.items():
        plain = text.replace(desk.github.url, "https://github.example")
        story.add(name, plain.replace(desk.pull.head, "0" * 40))
    story.keep_shown("post", f"$ datarelease post artifact\nexit code 0\n\n{posted.stdout}")
    story.finish()


def printed(shown: RenderableType) -> str:
    """What a terminal of 100 columns without colours shows."""
    console = Console(width=100, file=io.StringIO(), color_system=None, legacy_windows=False)
    console.print(shown)
    return str(console.file.getvalue())  # type: ignore[attr-defined] # a StringIO


def test_a_stream(golden: Make) -> None:
    """Counts, rows and dead letters of a batch, and what the commands print, are what they were."""
    story = golden("stream")
    stream = Adopted.at(story.root / "work", EVENT_SCHEMA, key=("id",), pii=("email",), time="at")
    stream.drained(
        1, {0: [event(1), None, event(2, amount=101)], 2: [event(1), b"{", event(3, amount="1")]}
    )
    meta = {"schema": "schemas/orders.yaml", "key": ["id"], "pii": ["email"]}
    orders = {"path": "data/orders", "type": "dataset", "meta": meta}
    release = {"streams": {"orders": {"topic": "orders", "time": "at"}}}
    (stream.root / ".dvc").mkdir()
    (stream.root / ".dvc" / "config").touch()
    (stream.root / "dvc.yaml").write_text(yaml.safe_dump({"artifacts": {"orders": orders}}))
    (stream.root / "params.yaml").write_text(yaml.safe_dump({"release": release}))
    project = Project(stream.root, stream.root, stream.root)
    story.run(project, "ingest", "parse", "orders", "--json", name="parse.txt")
    story.run(project, "ingest", "dead", "list", "orders", "--json", name="dead-list.txt")
    story.run(project, "ingest", "dead", "show", "orders", "2:1", "--json", name="dead-show.txt")
    story.show(project, "ingest", "parse", "orders", name="ingest-parse")
    story.show(project, "ingest", "dead", "list", "orders", name="ingest-dead-list")
    story.show(project, "ingest", "dead", "show", "orders", "2:1", name="ingest-dead-show")
    for name, data in stream.files().items():
        if not name.endswith(".parquet"):
            story.add(Path(name).name, data)
    story.add("rows.json", json.dumps(stream.rows(), indent=1, default=str) + "\n")
    for name, function in PRINTED.items():
        result = get_type_hints(function)["return"]
        shape = without_names(TypeAdapter(result).json_schema(mode="serialization"))
        story.add(f"shapes/{name.replace(' ', '-')}.json", json.dumps(shape, indent=1) + "\n")
    story.finish()


def without_names(schema: dict[str, Any]) -> Any:
    """A JSON Schema without names and descriptions of classes: each definition at its place."""
    definitions = schema.get("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, list):
            return [inlined(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return inlined(definitions[part["$ref"].rpartition("/")[2]])
        left_out = {"$defs", "title", "description"}
        properties = part.get("properties", {})
        plain = {key: inlined(value) for key, value in part.items() if key not in left_out}
        if properties:
            plain["properties"] = {name: inlined(value) for name, value in properties.items()}
        return plain

    return inlined(schema)


def test_the_golden_files_are_small() -> None:
    """All together have at most 420 KB."""
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) <= MOST
