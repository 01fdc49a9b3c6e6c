"""The parts of an adoption's plan: names, remotes, files, workflows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from datarelease.adapters.strict_yaml import parse_yaml
from datarelease.adopt.datasets import FoundTable, logged_tables, loose_tables, names_of
from datarelease.adopt.members import only
from datarelease.adopt.remotes import parse_remote, plan_remotes
from datarelease.adopt.setup import (
    dependabot_file,
    has_site,
    release_section,
    workflow_files,
    workflow_paths,
)
from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError
from datarelease.flows import edits
from datarelease.flows.dvc_yaml import MOST_PLAIN, PipelineDataset, edited_pipeline
from datarelease.flows.edits import Drafts, write_all
from datarelease.model.adoption import FileEdit, Note, Proposed
from datarelease.model.directory import suffix_of
from datarelease.model.project import REPOSITORY, UNPUBLISHED, ToolRef
from datarelease.model.review.policy import Policy
from datarelease.model.versions.version import TagGrammar
from datarelease.settings.read import read_settings

ROOT = Path(__file__).parents[3]

# --- names


@given(
    st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=8),
    st.sets(st.text(max_size=5)),
)
def test_names_are_valid_and_differ(paths: list[str], taken: set[str]) -> None:
    """Whatever the paths: names that DVC and we allow, each once, none that is taken."""
    names = list(names_of(paths, taken).values())
    assert len(names) == len(set(names)) == len(paths)
    assert all(re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) for name in names)
    assert not set(names) & {name.lower() for name in taken}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["data/customers.parquet"], ["customers"]),
        (["data/Größen Tabelle.csv"], ["groen-tabelle"]),
        (["a/x.csv", "b/x.csv", "x"], ["x", "b-x", "x-2"]),
        (["2026.csv"], ["data-2026"]),
        (["данные.csv"], ["dataset"]),
    ],
)
def test_names_come_from_paths(paths: list[str], names: list[str]) -> None:
    """The last part of the path, more of it where that is taken."""
    assert list(names_of(paths, []).values()) == names


def test_tables_outside_of_dvc(tmp_path: Path) -> None:
    """Numbered files of one folder are parts of one table; tests and docs hold no data."""
    files = [
        "data/a.csv", "data/b.csv", "data/notes.md", "parts/p-1.parquet", "parts/p-2.parquet",
        "tests/fixtures/x.csv", "docs/y.csv", ".venv/z.csv", "x.csv", "logs/1.csv", "logs/1.txt",
    ]  # fmt: skip
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = loose_tables(tmp_path, files, frozenset({"data/a.csv"}))
    assert [(one.path, len(one.table.paths), one.in_git) for one in found] == [
        ("data/a.csv", 1, True),
        ("data/b.csv", 1, False),
        ("logs/1.csv", 1, False),
        ("parts", 2, False),
        ("x.csv", 1, False),
    ]


def test_folders_of_partitions_are_one_table(tmp_path: Path) -> None:
    """Files in folders `key=value` belong together, whatever their names and with what marks them.

    Where a table lies beside such folders, or they lie at the top, each file stands for itself.
    """
    files = [
        "sales/y=2023/m=1/7f3a.csv", "sales/y=2024/m=1/b.csv", "sales/_SUCCESS", "sales/README.md",
        "mixed/a.csv", "mixed/y=1/b.csv", "y=1/c.csv",
    ]  # fmt: skip
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = loose_tables(tmp_path, files, frozenset())
    assert [(one.path, one.table.labels) for one in found] == [
        ("mixed/a.csv", ("a.csv",)),
        ("mixed/y=1/b.csv", ("b.csv",)),
        ("sales", ("y=2023/m=1/7f3a.csv", "y=2024/m=1/b.csv")),
        ("y=1/c.csv", ("c.csv",)),
    ]


def test_tables_with_a_log_are_no_datasets() -> None:
    """Delta, Iceberg and Hudi tables are left out as a whole, with what to do; the rest stays."""
    files = (
        "a.csv", "delta/_delta_log/0.json", "delta/part-0.parquet", "ice/data/x.parquet",
        "ice/metadata/v1.metadata.json", "hudi/.hoodie/hoodie.properties", "hudi/x.parquet",
        "other/metadata/columns.csv",
    )  # fmt: skip
    rest, notes = logged_tables(files)
    assert rest == ("a.csv", "other/metadata/columns.csv")
    assert [(note.what, note.why.partition(",")[0]) for note in notes] == [
        ("delta", "a Delta table"),
        ("ice", "an Iceberg table"),
        ("hudi", "a Hudi table"),
    ]
    assert all("plain Parquet" in note.why for note in notes)


def test_paths_choose_what_is_adopted() -> None:
    """A file, or all of a folder; a path without a table is refused with the nearest one."""
    table = Table(paths=(), format="csv")
    paths = ["data/a.csv", "data/sub/b.csv", "data2/c.csv"]
    found = [FoundTable(path=path, origin="x", table=table) for path in paths]
    notes = [Note(what="data/broken.csv", why="x"), Note(what="d.csv", why="x")]

    def kept(*chosen: str) -> tuple[list[str], list[str]]:
        tables, left = only(chosen, found, notes, ["e.csv"])
        return [one.path for one in tables], [note.what for note in left]

    assert kept() == (paths, ["data/broken.csv", "d.csv"])
    assert kept("data/a.csv", "data2") == (["data/a.csv", "data2/c.csv"], [])
    assert kept("data") == (["data/a.csv", "data/sub/b.csv"], ["data/broken.csv"])
    assert kept("e.csv") == ([], [])
    assert kept(".") == kept()
    with pytest.raises(ConfigError) as caught:
        kept("data/b.csv")
    assert "data/a.csv" in caught.value.remedy


# --- remotes


@pytest.mark.parametrize(
    ("text", "url", "endpoint"),
    [
        ("dagshub:ada/engine", "s3://dvc", "https://dagshub.com/ada/engine.s3"),
        ("dagshub:ada/engine.git", "s3://dvc", "https://dagshub.com/ada/engine.s3"),
        ("s3://bucket", "s3://bucket", None),
        ("s3://my.bucket-1/a/b/", "s3://my.bucket-1/a/b", None),
        ("gs://my_bucket/a/", "gs://my_bucket/a", None),
        ("azure://container/a/b", "azure://container/a/b", None),
        ("ssh://me@host:2222/srv/data", "ssh://me@host:2222/srv/data", None),
        ("webdavs://host/remote.php/dav/data/", "webdavs://host/remote.php/dav/data", None),
        ("/mnt/my share/", "/mnt/my share", None),
        ("../store", "/srv/store", None),
        ("./a/../b", "/srv/repository/b", None),
    ],
)
def test_remotes_by_name(text: str, url: str, endpoint: str | None) -> None:
    """DagsHub's S3 form has a fixed bucket; directories begin where the command was started."""
    wanted = parse_remote(text, Path("/srv/repository"))
    assert (wanted.url, wanted.endpoint) == (url, endpoint)


@pytest.mark.parametrize(
    "text",
    ["", "dagshub", "dagshub:ada", "dagshub:ada/x/y", "dagshub://ada/x", "https://dagshub.com/a/b.s3",
     "s3:/bucket", "s3://", "s3://B", "s3://bucket?x=1", "s3://key:secret@bucket/x", "gs://",
     "oss://bucket", "ssh://me:secret@host/x", "webdavs://host/x?y", "webdav://host/x", "azure://C",
     "mnt/x", "/mnt/\n[core]", "dagshub:a b/c", "s3://bucket/\n[core]"],
)  # fmt: skip
def test_other_spellings_are_refused(text: str) -> None:
    """With the right forms."""
    with pytest.raises(ConfigError) as caught:
        parse_remote(text)
    assert "dagshub:OWNER/REPO" in caught.value.remedy
    assert "s3://BUCKET/PREFIX" in caught.value.remedy


def planned(*texts: str, existing: dict[str, Any] | None = None, default: str | None = None) -> Any:
    """The plan for remotes, with those of the configuration."""
    return plan_remotes([parse_remote(text) for text in texts], existing or {}, default)


def test_the_first_remote_becomes_the_default() -> None:
    """Both verify what they fetch; nothing secret is written."""
    edits, names = planned("dagshub:ada/engine", "s3://bucket/x")
    assert names == ("dagshub", "s3")
    assert [edit.default for edit in edits] == [True, False]
    assert edits[0].commands == (
        "dvc remote add --default dagshub s3://dvc",
        "dvc remote modify dagshub endpointurl https://dagshub.com/ada/engine.s3",
        "dvc remote modify dagshub verify true",
    )
    assert edits[1].commands == (
        "dvc remote add s3 s3://bucket/x", "dvc remote modify s3 verify true",
    )  # fmt: skip


def test_a_directory_is_a_remote() -> None:
    """It verifies as the others do, and its command can be pasted."""
    [edit], names = planned("/mnt/my share")
    assert names == ("storage",)
    assert edit.commands == (
        "dvc remote add --default storage '/mnt/my share'",
        "dvc remote modify storage verify true",
    )
    existing = {"disk": {"url": "/mnt/x", "verify": "true"}}
    assert planned("/mnt/x", existing=existing) == ((), ("disk",))


def test_existing_remotes_keep_their_names_and_are_made_to_verify() -> None:
    """A remote of the same address is used as it is; a name that is taken is not taken over."""
    existing = {
        "origin": {"url": "s3://bucket/x/"},
        "s3": {"url": "s3://other", "verify": True},
        "web": {"url": "https://me:hunter2@host/x", "verify": "false"},
    }
    edits, names = planned("s3://bucket/x", "s3://third", existing=existing, default="origin")
    assert names == ("origin", "s3-third")
    assert [(edit.name, edit.new, edit.default) for edit in edits] == [
        ("origin", False, False), ("web", False, False), ("s3-third", True, False),
    ]  # fmt: skip
    assert "hunter2" not in repr(edits)


def test_two_buckets_and_one_named_twice() -> None:
    """Each bucket has a name of its own; a repetition counts once."""
    _, names = planned("s3://a-bucket", "s3://b-bucket", "s3://a-bucket")
    assert names == ("s3", "s3-b-bucket")


# --- workflows


REF = ToolRef(name="a" * 40, comment=UNPUBLISHED)
ROOTS = (".", "models/churn")
STAGING = ("s3://b", "gs://b", "azure://c", "ssh://h/x", "webdavs://h/x", "https://h/x")
EVERYWHERE = (("gs", "gs://b"), ("azure", "azure://c"), ("ssh", "ssh://h/x"),
              ("webdav", "webdavs://h/x"))  # fmt: skip
"""Remotes by the names that the reusable workflows know."""
REMOTES = (("gs", "gs://b/x"), ("azure", "azure://c/x"), ("ssh", "ssh://h/x"),
           ("dav-2", "webdavs://h/x"), ("s3", "s3://b/x"), ("here", "/srv/data"))  # fmt: skip


def texts(**changes: Any) -> dict[str, str]:
    """The workflow files as they are written, by file name."""
    values: dict[str, Any] = {"branch": "main", "ref": REF, "requirements": "requirements.txt"}
    files = workflow_files(**(values | changes))
    return {Path(path).name: text for path, text in files.items()}


def test_a_template_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a plan makes the workflow files: it compares those of several settings."""
    compiled = []

    class Counting(Environment):
        def compile(self, source: Any, name: str | None = None, *rest: Any, **more: Any) -> Any:
            compiled.append(name)
            return super().compile(source, name, *rest, **more)

    monkeypatch.setattr(edits, "Environment", Counting)
    edits._templates.cache_clear()
    try:
        assert texts(branch="main").keys() == texts(branch="next").keys()
    finally:
        edits._templates.cache_clear()
    assert "data.yml.j2" in compiled
    assert len(set(compiled)) == len(compiled)


def workflows(**changes: Any) -> dict[str, Any]:
    """The same as GitHub reads them."""
    return {name: parse_yaml(text) for name, text in texts(**changes).items()}


def ours(name: str) -> dict[str, Any]:
    """A reusable workflow of this project; its triggers are under `on`."""
    found: dict[Any, Any] = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
    return {"on" if key is True else key: value for key, value in found.items()}


def without_handbook(site: dict[str, Any]) -> dict[str, Any]:
    """Our own site without this project's handbook, which no other repository has."""
    pages = site["jobs"]["pages"]
    assert pages.pop("needs") == "handbook"
    pages["if"] = site["jobs"].pop("handbook")["if"]
    pages["steps"] = [
        {**step, "run": step["run"].replace("public/catalogue", "public")}
        if "run" in step
        else step
        for step in pages["steps"]
        if "download-artifact" not in step.get("uses", "")
    ]
    return site


def of_root(file: str, root: str) -> str:
    """What a file of the repository's root is called for another DVC root."""
    return file if root == "." else file.replace("data", "data-models-churn", 1)


CALLED = {
    "check": "data.yml",
    "build": "data-release.yml",
    "announce": "data-release.yml",
    "report": "data-report.yml",
}


@pytest.mark.parametrize(("name", "file"), CALLED.items())
def test_a_job_grants_what_the_called_workflow_needs_and_no_more(name: str, file: str) -> None:
    """The permissions of a calling job are those of the called workflow's jobs together."""
    job = workflows()[file]["jobs"][name]
    assert job["uses"] == f"{REPOSITORY}/.github/workflows/{name}.yml@{REF.name}"
    needed: dict[str, str] = {}
    for inner in ours(name)["jobs"].values():
        for scope, access in inner.get("permissions", {}).items():
            needed[scope] = "write" if "write" in {access, needed.get(scope)} else access
    assert job["permissions"] == needed


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("name", "file"), CALLED.items())
def test_a_job_hands_over_what_the_called_workflow_takes(name: str, file: str, root: str) -> None:
    """Inputs and secrets are declared there, and every secret is handed over: else it is empty."""
    job = workflows(directory=root)[of_root(file, root)]["jobs"][name]
    takes = ours(name)["on"]["workflow_call"]
    inputs = takes["inputs"]
    needed = {it for it, options in inputs.items() if options.get("required")}
    assert needed <= set(job.get("with", {})) <= set(inputs)
    assert job.get("with", {}).get("directory", ".") == root
    handed: set[str] = set()
    for address in STAGING:
        files = workflows(directory=root, staging=address)
        secrets = files[of_root(file, root)]["jobs"][name].get("secrets", {})
        assert all(value == f"${{{{ secrets.{key} }}}}" for key, value in secrets.items())
        handed |= set(secrets)
    assert handed == set(takes.get("secrets", {}))


def short(step: dict[str, Any], root: str) -> dict[str, Any]:
    """A step without what says that it is for the repository's root."""
    if step.get("uses") in {"$/action", f"{REPOSITORY}@{REF.name}"}:
        return {"tool": step.get("with", {}).get("directory", ".")}
    given = {
        key: value.removeprefix("./") if root == "." and isinstance(value, str) else value
        for key, value in step.get("with", {}).items()
    }
    env = {
        key: value
        for key, value in step.get("env", {}).items()
        if value != "." and not key.startswith("DATARELEASE_STAGING_")
    }
    return {**step, "with": given, "env": env}


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("workflow", "name"), [("release", "publish"), ("verify", "verify")])
def test_a_job_with_credentials_is_the_repositorys_own(workflow: str, name: str, root: str) -> None:
    """Step by step the job of our reusable workflow, with its environment, for that DVC root."""
    text = (ROOT / f".github/workflows/{workflow}.yml").read_text()
    for written, meant in {
        "${{ inputs.directory || '.' }}": root,
        "${{ inputs.directory }}": root,
        "${{ steps.tool.outputs.suffix }}": suffix_of(root),
    }.items():
        text = text.replace(written, meant)
    same = yaml.safe_load(text)["jobs"][name]
    job = workflows(directory=root, remotes=EVERYWHERE)[of_root(f"data-{workflow}.yml", root)][
        "jobs"
    ][name]
    for key in ("permissions", "environment", "outputs", "needs", "cache-mode"):
        assert job.get(key) == same.get(key), key
    assert job.get("defaults", {"run": {"working-directory": "."}}) == same["defaults"]
    for step, expected in zip(job["steps"], same["steps"], strict=True):
        assert short(step, root) == short(expected, root)
    for address in STAGING if workflow == "release" else ():
        files = workflows(directory=root, remotes=EVERYWHERE, staging=address)
        written_steps = files[of_root("data-release.yml", root)]["jobs"][name]["steps"]
        step, expected = (
            next(it for it in listed if it.get("id") == "release")
            for listed in (written_steps, same["steps"])
        )
        assert step["env"].items() <= {**expected["env"], "DATARELEASE_DIRECTORY": root}.items()


@pytest.mark.parametrize("root", ROOTS)
def test_caches_are_found_where_they_are_saved(root: str) -> None:
    """GitHub finds a cache only with the path that it was saved with, to the letter."""
    paths = {
        step["with"]["path"]
        for document in workflows(directory=root).values()
        for job in document["jobs"].values()
        for step in job.get("steps", ())
        if "actions/cache" in step.get("uses", "")
    }
    [restored] = [
        step["with"]["path"] for step in ours("check")["jobs"]["check"]["steps"]
        if "actions/cache/restore" in step.get("uses", "")
    ]  # fmt: skip
    assert paths == {restored.replace("${{ inputs.directory || '.' }}", root)}


@pytest.mark.parametrize(("root", "suffix"), [(".", ""), ("models/churn", "-models/churn")])
def test_a_release_waits_for_the_one_before(root: str, suffix: str) -> None:
    """Build and publication are in one file, whose group no called workflow has."""
    release = workflows(directory=root)[of_root("data-release.yml", root)]
    assert release["concurrency"] == {"group": f"data-release{suffix}", "queue": "max"}
    assert list(release["jobs"]) == ["build", "publish", "announce"]
    assert not {"concurrency"} & {key for name in ("build", "announce") for key in ours(name)}


def test_aws_is_signed_in_to_by_openid_connect_first() -> None:
    """The role comes from variables; keys are secrets of the environment that may be missing."""
    for file, job in (("data-release.yml", "publish"), ("data-verify.yml", "verify")):
        [step] = [
            it for it in workflows()[file]["jobs"][job]["steps"]
            if "configure-aws-credentials" in it.get("uses", "")
        ]  # fmt: skip
        assert step["if"] == "vars.AWS_ROLE != ''"
        assert step["with"]["role-to-assume"] == "${{ vars.AWS_ROLE }}"
        assert step["with"]["aws-region"] == "${{ vars.AWS_REGION }}"


def test_the_workflows_start_when_they_should() -> None:
    """Nothing is granted at the top; the report follows `data`, not itself; the branch is ours."""
    files = workflows(branch="release/no 1")
    data, report, release, verify = (
        files[f"{name}.yml"] for name in ("data", "data-report", "data-release", "data-verify")
    )
    assert all(document["permissions"] == {} for document in files.values())
    assert set(data[True]) == {"pull_request", "merge_group"}
    # GitHub disables whole files that have a schedule: nothing else stands in this one.
    assert set(verify[True]) == {"schedule", "workflow_dispatch"}
    assert set(verify["jobs"]) == {"verify"}
    assert release[True]["push"] == {"branches": ["release/no 1"]}
    assert set(release[True]) == {"push", "workflow_dispatch"}
    assert set(release[True]["workflow_dispatch"]["inputs"]) == {"accept"}
    assert report[True] == {"workflow_run": {"workflows": [data["name"]], "types": ["completed"]}}
    assert len({document["name"] for document in files.values()}) == len(files)


@pytest.mark.parametrize("root", ROOTS)
def test_versions_are_changed_by_a_form_that_runs_no_code(root: str) -> None:
    """The job of our own workflow, step by step; it waits for this root's releases, on main alone.

    What is typed reaches the commands through the environment, as one word each.
    """
    files, same = workflows(directory=root, remotes=EVERYWHERE), ours("versions")
    written = files[of_root("data-versions.yml", root)]
    assert str(written[True]) == str(same["on"]).replace("data-v3", of_root("data-v3", root))
    assert written["concurrency"] == files[of_root("data-release.yml", root)]["concurrency"]
    [job], [expected] = written["jobs"].values(), same["jobs"].values()
    for key in ("if", "permissions", "environment", "cache-mode"):
        assert job[key] == expected[key], key
    assert job["permissions"] == {"contents": "write", "id-token": "write"}
    checkout = job["steps"][0]["with"]
    assert checkout["ref"] == "${{ github.event.repository.default_branch }}"
    assert job.get("defaults", {"run": {"working-directory": "."}}) == {
        "run": {"working-directory": root}
    }
    for step, model in zip(job["steps"], expected["steps"], strict=True):
        wanted = short(model, root)
        assert short(step, root) == ({"tool": root} if "tool" in wanted else wanted)
        words = set(re.findall(r'"\$(\w+)"', step.get("run", "")))
        typed = {k for k, v in step.get("env", {}).items() if "inputs." in str(v)}
        assert words == typed
        assert "inputs." not in step.get("run", "")


@pytest.mark.parametrize("root", ROOTS)
def test_the_catalogue_is_made_and_deployed_by_own_jobs(root: str) -> None:
    """Those of our own workflow, step by step; it follows this root's release and its look."""
    file = of_root("data-site.yml", root)
    written = workflows(directory=root, remotes=EVERYWHERE)[file]
    same = without_handbook(ours("site"))
    files = workflows(directory=root)
    before = [
        of_root(f"data-{step}.yml", root) for step in ("release", "verify", "versions", "tags")
    ]
    followed = [files[file]["name"] for file in before]
    # A run for a tag is of no branch: a filter by branch would drop it.
    assert written[True]["workflow_run"] == {"workflows": followed, "types": ["completed"]}
    assert written["jobs"]["pages"]["if"] == same["jobs"]["pages"]["if"].replace(
        "github.event_name != 'workflow_run'", "github.event_name == 'workflow_dispatch'"
    )
    assert written["concurrency"]["queue"] == same["concurrency"]["queue"] == "max"
    for name in ("pages", "deploy"):
        job, expected = written["jobs"][name], same["jobs"][name]
        for key in ("permissions", "environment", "needs"):
            assert job.get(key) == expected.get(key), key
        assert "docs" not in str(written)
        for step, model in zip(job["steps"], expected["steps"], strict=True):
            if "upload-pages-artifact" in step.get("uses", ""):
                assert step["with"] == {"path": "public" if root == "." else f"{root}/public"}
            elif "tool" in short(step, root):
                assert short(step, root) == {"tool": root}
            elif "actions/cache" in step.get("uses", ""):
                below = "" if root == "." else f"{root}/"
                text = str(model).replace("public/catalogue/", f"{below}public/")
                assert str(step) == text.replace(".dvc/cache", f"{below or './'}.dvc/cache")
            else:
                assert short(step, root) == short(model, root)


@pytest.mark.parametrize(
    ("root", "prefix", "patterns"),
    [
        (".", None, ["data-v*-yanked", "data-v*-erased", "data-channel-*"]),
        (
            "models/churn", None,
            ["data-models-churn-v*-yanked", "data-models-churn-v*-erased",
             "data-models-churn-channel-*"],
        ),
        (".", "people/v", ["people/v*-yanked", "people/v*-erased", "people/channel-*"]),
    ],
)  # fmt: skip
def test_a_pushed_tag_runs_a_job_with_no_right_at_all(
    root: str, prefix: str | None, patterns: list[str]
) -> None:
    """Those of a withdrawal, an erasure and a channel, and of no version.

    The file is that of the tagged commit: it has no secret, no environment, and reads nothing.
    """
    tags = TagGrammar(prefix) if prefix else None
    written = workflows(directory=root, tags=tags)[of_root("data-tags.yml", root)]
    assert written[True] == {"push": {"tags": patterns}}
    assert (written["permissions"], "concurrency" in written) == ({}, False)
    [job] = written["jobs"].values()
    assert job == {
        "runs-on": "ubuntu-24.04", "timeout-minutes": 5, "permissions": {},
        "steps": [{"run": "true"}],
    }  # fmt: skip
    assert job == ours("tags")["jobs"]["tags"]


def test_the_catalogue_is_published_only_where_params_yaml_says_so() -> None:
    """Nothing of a private repository is public by adopting the tool."""
    assert not has_site({})
    assert not has_site({"release": {"site": None}})
    assert has_site({"release": {"site": "https://acme.github.io/data/"}})
    assert not {"site", "tags"} & set(workflow_paths(".", site=False))
    assert workflow_paths("models/churn")["site"].endswith("/data-models-churn-site.yml")


def test_requirements_are_named_where_there_are_any() -> None:
    """A repository without the file gets no such input."""
    for file, job in (("data.yml", "check"), ("data-release.yml", "build")):
        given = workflows()[file]["jobs"][job]["with"]
        assert given == {"requirements": "requirements.txt"}
        assert "with" not in workflows(requirements="")[file]["jobs"][job]


def test_every_permission_has_its_reason() -> None:
    """A comment beside each."""
    for name, text in texts().items():
        granted = re.findall(r"^ +[a-z-]+: (?:read|write)(?![\w-]).*", text, re.MULTILINE)
        assert bool(granted) is (name != "data-tags.yml")
        assert all(re.search(r": (?:read|write)  # \w", line) for line in granted), granted


def test_a_file_names_one_version_of_the_tool() -> None:
    """A commit, with why it is none of a release; every other action is pinned as ours are."""
    everything = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    for name, text in texts().items():
        if name == "data-tags.yml":
            continue  # it uses nothing
        named = re.findall(r"uses: (\S+)@(.*)", text)
        assert {ref for name, ref in named if name.startswith(REPOSITORY)} == {str(REF)}
        others = [f"{name}@{ref}" for name, ref in named if not name.startswith(REPOSITORY)]
        assert [pin for pin in others if pin not in everything] == []


@pytest.mark.parametrize("root", ROOTS)
def test_the_workflows_are_short(root: str) -> None:
    """They are read at once, and hold no shell."""
    for text in texts(directory=root).values():
        assert len(text.splitlines()) <= (100 if root == "." else 108)
        lines = [line for line in text.splitlines() if "@" not in line and "path:" not in line]
        assert max(map(len, lines)) <= 100, "besides those that name a commit"
        for command in re.findall(r"^ *(?:- )?run: *(.*)", text, re.MULTILINE):
            # What is typed into a form is one quoted word of the environment.
            plain = re.sub(r'(?<=[ =])"\$[A-Z]+"', "WORD", command)
            assert re.fullmatch(r'datarelease [\w .=-]+|"true"', plain)


@pytest.mark.parametrize(
    ("root", "remotes"), [*((root, ()) for root in ROOTS), (".", REMOTES)], ids=[*ROOTS, "remotes"]
)
@pytest.mark.parametrize("program", ["actionlint", "zizmor"])
def test_linters_of_workflows_find_nothing(
    program: str, root: str, remotes: Sequence[tuple[str, str]], tmp_path: Path
) -> None:
    """In files that are pinned to a commit: who pins to a tag has decided so."""
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    names = []
    for name, text in texts(directory=root, remotes=remotes).items():
        names.append(f".github/workflows/{name}")
        (tmp_path / names[-1]).write_text(text)
    more = ["--offline", "--quiet", ".github"] if program == "zizmor" else sorted(names)
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *more],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", ["data-release.yml", "data-verify.yml", "data-versions.yml"])
def test_jobs_sign_in_at_the_remotes_of_a_release(file: str) -> None:
    """By OpenID Connect where there is one, else by secrets named for the remote; in no other job.

    Without such remotes the file says nothing of them.
    """
    plain, made = texts()[file], texts(remotes=REMOTES)[file]
    assert not re.search("google|azure|SSH_|DAV_", plain)
    steps = [step for job in parse_yaml(made)["jobs"].values() for step in job.get("steps", ())]
    used = [step["uses"].partition("@")[0] for step in steps if "uses" in step]
    assert {"google-github-actions/auth", "azure/login"} <= set(used)
    for step in steps:
        env = step.get("env", {})
        if "AWS_ACCESS_KEY_ID" in env:
            assert env["DATARELEASE_DAV_2_PASSWORD"] == "${{ secrets.DAV_2_PASSWORD }}"
            assert env["DATARELEASE_DAV_2_HOST"] == "${{ vars.DAV_2_HOST }}"
            assert env["DATARELEASE_SSH_PRIVATE_KEY"] == "${{ secrets.SSH_PRIVATE_KEY }}"
            assert env["DATARELEASE_SSH_KNOWN_HOSTS"] == "${{ vars.SSH_KNOWN_HOSTS }}"
        else:
            assert "secrets.DAV_2" not in str(step)


def test_dependabot_waits_before_it_updates() -> None:
    """Actions are updated weekly, a few days after their release."""
    [update] = parse_yaml(dependabot_file())["updates"]
    assert update["package-ecosystem"] == "github-actions"
    assert update["cooldown"]["default-days"] >= 5


def test_the_release_section_says_the_defaults() -> None:
    """As it stands, and with the comments taken away, it means what nothing means."""
    one = {"artifacts": {"x": {"type": "dataset", "path": "x.csv"}}}
    text = release_section(remotes=["a", "b"], ref=ToolRef(name="v1"))
    read = read_settings(one, parse_yaml(text))
    assert (read.remotes, read.policy) == (("a", "b"), Policy())
    uncommented = re.sub(r"^  # (policy:|  \w+: )", r"  \1", text, flags=re.MULTILINE)
    assert set(parse_yaml(uncommented)["release"]["policy"]) >= {
        "psi",
        "row_loss",
        "allow_breaking",
    }
    assert read_settings(one, parse_yaml(uncommented)).policy == Policy()
    assert (
        "remotes" not in parse_yaml(release_section(remotes=[], ref=ToolRef(name="v1")))["release"]
    )


# --- dvc.yaml


def member(name: str, **changes: Any) -> PipelineDataset:
    """A dataset found, with a key and a personal column."""
    proposed = Proposed(
        name=name, path=f"data/{name}.csv", origin="made by the stage make", rows=1, columns=2,
        key=("no", "day"), pii=("e mail",),
    )  # fmt: skip
    return PipelineDataset(proposed=proposed, schema=f"schemas/{name}.yaml", **changes)


def test_few_datasets_get_stages_of_their_own() -> None:
    """Validation depends on data and schema, the profile on data and validation; git keeps both."""
    loaded = parse_yaml(edited_pipeline("", [member("a")], []))
    stages = loaded["stages"]
    assert stages["validate-a"]["cmd"] == "datarelease validate a"
    assert stages["validate-a"]["deps"] == ["data/a.csv", "schemas/a.yaml"]
    assert stages["validate-a"]["metrics"] == [{"reports/a/validation.json": {"cache": False}}]
    assert stages["profile-a"]["deps"] == ["data/a.csv", "reports/a/validation.json"]
    [dataset] = read_settings(loaded, {}).datasets
    assert (dataset.path, dataset.key, dataset.pii) == ("data/a.csv", ("no", "day"), ("e mail",))


def test_a_key_that_may_be_chance_is_a_comment_with_its_evidence() -> None:
    """Only a plain key is declared; a guess waits for somebody to take the `#` away."""
    found = member("a")
    guess = replace(found.proposed, key=(), guess=("iata",), evidence="unique in 19 rows")
    text = edited_pipeline("", [replace(found, proposed=guess)], [])
    assert "# key: [iata]  # a guess: unique in 19 rows\n" in text
    [dataset] = read_settings(parse_yaml(text), {}).datasets
    assert dataset.key == ()
    plain = replace(found.proposed, evidence="unique in 300 rows, never missing")
    text = edited_pipeline("", [replace(found, proposed=plain)], [])
    assert 'key: ["no", day]  # unique in 300 rows, never missing\n' in text


def test_no_description_is_made_up() -> None:
    """Reports show what somebody wrote of a dataset, or nothing."""
    text = edited_pipeline("", [member("a")], [])
    assert "desc" not in parse_yaml(text)["artifacts"]["a"]
    assert "# desc: what a row is; reports show it\n" in text


def test_many_datasets_share_two_stages() -> None:
    """More than a few are listed under `foreach`; names that are taken are left to their owners."""
    members = [member(f"d{number}") for number in range(MOST_PLAIN + 1)]
    loaded = parse_yaml(
        edited_pipeline("stages:\n  validate: {cmd: mine}\n", members, ["validate"])
    )
    assert set(loaded["stages"]) == {"validate", "datarelease-validate", "profile"}
    group = loaded["stages"]["datarelease-validate"]
    assert group["foreach"]["d0"] == {"path": "data/d0.csv", "schema": "schemas/d0.yaml"}
    assert group["do"]["cmd"] == "datarelease validate ${key}"
    assert len(read_settings(loaded, {}).datasets) == MOST_PLAIN + 1


def test_what_is_declared_stays_as_it_is() -> None:
    """A declaration without meta gets one; one with meta, and stages that exist, are left alone."""
    text = "artifacts:\n  a: {path: data/a.csv, type: dataset}\n"
    text += "  b:\n    path: data/b.csv\n    type: dataset\n"
    members = [
        member("a", declared=True, lacks=()),
        member("b", declared=True, bare=True, lacks=()),
    ]
    loaded = parse_yaml(edited_pipeline(text, members, []))
    assert "stages" not in loaded
    assert loaded["artifacts"]["a"] == {"path": "data/a.csv", "type": "dataset"}
    assert loaded["artifacts"]["b"]["meta"]["schema"] == "schemas/b.yaml"


# --- files


def test_nobodys_file_is_overwritten(tmp_path: Path) -> None:
    """A new file is planned; an equal one is skipped; another one is left alone, and said so."""
    (tmp_path / "same").write_text("x")
    (tmp_path / "other").write_text("y")
    drafts = Drafts(tmp_path)
    for name in ("new/deep", "same", "other"):
        drafts.create(name, "x", why="because")
    assert [edit.path for edit in drafts.edits] == ["new/deep"]
    assert [note.what for note in drafts.skipped] == ["same"]
    assert [note.what for note in drafts.left_out] == ["other"]


@pytest.mark.parametrize("how", ["link", "folder link", "folder", "read-only", "file on the way"])
def test_places_that_cannot_be_written_are_told_beforehand(tmp_path: Path, how: str) -> None:
    """Links, directories, files in the way and read-only files: before anything is written."""
    target = tmp_path / "sub" / "file.yaml"
    if how == "folder link":
        (tmp_path / "elsewhere").mkdir()
        target.parent.symlink_to(tmp_path / "elsewhere")
    elif how == "file on the way":
        target.parent.write_text("")
    else:
        target.parent.mkdir()
    if how == "link":
        (tmp_path / "real.yaml").write_text("a: 1\n")
        target.symlink_to(tmp_path / "real.yaml")
    elif how == "folder":
        target.mkdir()
    elif how == "read-only":
        target.write_text("a: 1\n")
        target.chmod(0o444)
    with pytest.raises(ConfigError) as caught:
        Drafts(tmp_path).edit("sub/file.yaml", "a: 1\nb: 2\n", why="because")
    assert "sub/file.yaml" in caught.value.what
    assert caught.value.untouched == "Nothing was changed."


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    """When the last one fails, the first has its old text again, and no scratch file is left."""
    (tmp_path / "a").write_text("old")
    (tmp_path / "z").mkdir()  # a file cannot take a directory's place
    (tmp_path / "z" / "full").touch()
    edits = [
        FileEdit(path="a", before="old", after="new", why=""),
        FileEdit(path="n/b", before=None, after="new", why=""),
        FileEdit(path="z", before=None, after="new", why=""),
    ]
    with pytest.raises(ConfigError) as caught:
        write_all(tmp_path, edits)
    assert "None of them" in caught.value.untouched
    assert (tmp_path / "a").read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "full", "z"]


def test_a_files_mode_stays(tmp_path: Path) -> None:
    """An edited file keeps its mode; a new one is readable by all."""
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)
    edit = FileEdit(path="a", before="old", after="new", why="")
    write_all(tmp_path, [edit, FileEdit(path="b", before=None, after="x", why="")])
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o644
