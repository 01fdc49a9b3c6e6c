"""The loop: edit, release, nothing to release, and back to older content."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.commands import KILLED, Point, run
from tests.project import Project
from tests.remote_servers import RemoteServers
from tests.servers import Bucket
from tests.slow_cases import slow_but
from tests.versions import assert_whole, branch, commit, manifest, message, tags, tree_state

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.model.versions.remote_keys import object_key
from datarelease.progress import Step

pytestmark = pytest.mark.one_dataset


def release(project: Project, *arguments: str) -> dict[str, object]:
    """The result of a release that must end well."""
    found: dict[str, object] = run(project, "release", "--json", *arguments).json
    return found


def test_a_real_edit_makes_the_next_version_and_then_nothing_is_left(edited: Project) -> None:
    """An edit gives data-v2, whole on the remote; a second run releases and writes nothing."""
    before = branch(edited)
    result = release(edited)
    assert (result["released"], result["tag"], result["rollback_of"]) == (True, "data-v2", None)
    assert tags(edited) == ["data-v1", "data-v2"]
    assert_whole(edited, "data-v2")
    assert manifest(edited.remote, "data-v2")["baseline"] == "data-v1"
    assert edited.git("rev-parse", f"{branch(edited)}^") == before, "a release commit on main"

    remote, origin = tree_state(edited.remote), tree_state(edited.origin)
    again = run(edited, "release", "--json")
    assert (again.json["released"], again.json["tag"]) == (False, "data-v2")
    assert "nothing to release" in again.json["reason"]
    assert (tree_state(edited.remote), tree_state(edited.origin)) == (remote, origin)


@pytest.mark.two_datasets
def test_only_what_changed_is_uploaded(edited: Project) -> None:
    """Of six objects the three that the edit made are sent: the table, a part and the listing."""
    assert release(edited)["uploaded"] == 3


def test_params_that_change_no_byte_make_no_version(released: Project) -> None:
    """A parameter that the stage does not use changes dvc.lock, and no version comes of it."""
    released.params(unused=5)
    released.commit("A parameter that nothing reads")
    released.push()
    report = run(released, "check", "--json").json
    assert report["outcome"] == "same_bytes"
    assert [change["name"] for change in report["params"]] == ["make.unused"]
    result = release(released)
    assert (result["released"], result["tag"]) == (False, "data-v1")
    assert "the parameters changed, the data did not" in str(result["reason"])
    assert tags(released) == ["data-v1"]


@pytest.mark.slow  # a rollback uploads nothing, either
def test_params_edited_back_make_the_next_version_without_an_upload(edited: Project) -> None:
    """Older content under edited-back params is data-v3 with rollback_of data-v1, nothing sent."""
    release(edited)
    edited.params(rows=20, parts=3)
    edited.commit("Back to the first data")
    edited.push()
    report = run(edited, "check", "--json").json
    assert (report["outcome"], report["rollback_of"], report["tag"]) == (
        "rollback", "data-v1", "data-v3",
    )  # fmt: skip
    result = release(edited)
    assert (result["tag"], result["rollback_of"], result["uploaded"]) == ("data-v3", "data-v1", 0)
    assert manifest(edited.remote, "data-v3")["rollback_of"] == "data-v1"
    assert "\nRollback-Of: data-v1\n" in message(edited, "data-v3")
    assert_whole(edited, "data-v3")
    first, third = manifest(edited.remote, "data-v1"), manifest(edited.remote, "data-v3")
    assert first["digest"] == third["digest"]


def test_rollback_makes_a_branch_whose_merge_is_the_next_version(edited: Project) -> None:
    """The branch restores inputs and data; merged, it is data-v3 with no upload and no run."""
    release(edited)
    result = run(edited, "rollback", "data-v1", "--json").json
    assert (result["branch"], result["rollback_of"], result["data"]) == (
        "rollback-to-data-v1", "data-v1", True,
    )  # fmt: skip
    assert edited.read_yaml("params.yaml")["make"]["rows"] == 20
    assert len((edited.root / "data/people.csv").read_text().splitlines()) == 21
    edited.git("switch", "--quiet", "main")
    edited.git("merge", "--quiet", "--no-ff", "-m", "Merge the roll-back", result["branch"])
    edited.push()
    done = run(edited, "release", "--json")
    assert "skipped because dvc.lock is up to date" not in done.out
    assert (done.json["tag"], done.json["rollback_of"], done.json["uploaded"]) == (
        "data-v3", "data-v1", 0,
    )  # fmt: skip
    assert_whole(edited, "data-v3")


def test_rollback_in_a_fresh_clone_fetches_the_data(edited: Project, tmp_path: Path) -> None:
    """A clone with an empty cache gets the old data, and can release it without the pipeline."""
    release(edited)
    clone = edited.clone(tmp_path / "clone")
    assert run(clone, "rollback", "data-v1", "--json").json["data"] is True
    assert len((clone.root / "data/people.csv").read_text().splitlines()) == 21
    done = run(clone, "release", "--json", "--branch", "rollback-to-data-v1")
    assert (done.json["tag"], done.json["uploaded"]) == ("data-v3", 0)
    assert "runs the pipeline" not in done.err


@pytest.mark.slow  # tests/unit/model/test_waivers.py judges it
def test_rollback_after_columns_were_added_is_not_blocked(released: Project) -> None:
    """What a roll-back takes away is a warning; the rule on breaking changes lets it pass."""
    script = (released.root / "make.py").read_text()
    released.write("make.py", script.replace(
        '("id", "name", "email", "plan", "spend"), people',
        '("id", "name", "email", "plan", "spend", "extra"), [(*p, 1) for p in people]',
    ))  # fmt: skip
    released.commit("One more column")
    released.push()
    assert release(released)["tag"] == "data-v2"
    run(released, "rollback", "data-v1")
    report = run(released, "check", "--json").json
    assert report["compatibility"] == "breaking"
    assert {finding["level"] for finding in report["verdict"]["findings"]} == {"warn"}
    result = release(released, "--branch", "rollback-to-data-v1")
    assert result["rollback_of"] == "data-v1"


def test_rollback_to_what_is_there_says_so(released: Project) -> None:
    """Rolling back to the data of HEAD is a usage error, and no branch is left."""
    done = run(released, "rollback", "data-v1", code=2)
    assert "HEAD already has everything of data-v1" in done.text
    assert released.git("branch", "--list", "rollback*") == ""


ROLLBACK = [Point(step=step, when="after") for step in (Step.BRANCH, Step.SWITCH, Step.CHECKOUT)]


# With a branch, and on it without the data.
@pytest.mark.parametrize("point", slow_but({"after branch 1", "after switch 1"}, ROLLBACK))
def test_rollback_killed_and_run_again_finishes(edited: Project, point: Point) -> None:
    """Wherever it was killed, the second run ends on the branch, with its data and its words."""
    edited.commit("The lock", "dvc.lock")
    run(edited, "rollback", "data-v1", points=[point], code=KILLED)
    result = run(edited, "rollback", "data-v1", "--json").json
    assert (result["branch"], result["rollback_of"], result["data"], result["commit"]) == (
        "rollback-to-data-v1", "data-v1", True, edited.head,
    )  # fmt: skip
    assert result["files"] == ["dvc.lock", "params.yaml"]
    assert edited.git("branch", "--show-current") == "rollback-to-data-v1"
    assert len((edited.root / "data/people.csv").read_text().splitlines()) == 21


@pytest.mark.slow  # counts processes of two repositories
def test_rollback_starts_as_many_processes_for_fifty_files_as_for_five(
    make_project: Callable[..., Project], tmp_path: Path
) -> None:
    """However many files a version had as inputs, git is started equally often; modes come back."""
    counts = []
    for files in (5, 50):
        project = make_project(f"with {files} files")
        write_lib(project, files, "first")
        (project.root / "lib/0.py").chmod(0o755)
        declared = project.read_yaml("dvc.yaml")
        declared["stages"]["make"]["deps"].append("lib")
        project.write("dvc.yaml", yaml.safe_dump(declared))
        project.repro()
        project.commit("A library")
        project.push()
        run(project, "release")
        write_lib(project, files, "second")
        (project.root / "lib/0.py").chmod(0o644)
        project.params(rows=21)
        project.repro()
        project.commit("Another library")
        log = tmp_path / f"log of {files}"
        run(project, "rollback", "1", env=counting_git(tmp_path, log))
        counts.append(len(log.read_text().splitlines()))
        assert {path.read_text() for path in (project.root / "lib").iterdir()} == {"first"}
        assert (project.root / "lib/0.py").stat().st_mode & 0o111
    assert counts[0] == counts[1] < 40


def write_lib(project: Project, files: int, content: str) -> None:
    """As many files in the folder `lib`, all alike."""
    for number in range(files):
        project.write(f"lib/{number}.py", content)


def counting_git(folder: Path, log: Path) -> dict[str, str]:
    """An environment in which each start of git adds a line to ``log``."""
    program = folder / "bin" / "git"
    program.parent.mkdir(exist_ok=True)
    real = shutil.which("git")
    program.write_text(f'#!/bin/sh\necho "$1" >> \'{log}\'\nexec {real} "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def test_rollback_keeps_the_release_section_of_today(edited: Project) -> None:
    """The policy is not data: what was decided since stays in force on the branch."""
    edited.release_settings(policy={"rows": {"min": 3}})
    edited.commit("A policy", "params.yaml")
    release(edited)
    run(edited, "rollback", "1")
    params = edited.read_yaml("params.yaml")
    assert params["make"]["rows"] == 20
    assert params["release"] == {"policy": {"rows": {"min": 3}}}


def source_project(project: Project) -> Project:
    """A project whose datasets are files under ``dvc add``, with no pipeline."""
    project.git("rm", "--quiet", "--cached", "dvc.lock", "make.py")
    for name in ("dvc.lock", "make.py"):
        (project.root / name).unlink()
    declared = project.read_yaml("dvc.yaml")
    project.write("dvc.yaml", yaml.safe_dump({"artifacts": declared["artifacts"]}))
    project.dvc("add", "--quiet", "data/people.csv", "data/events")
    project.commit("Data under dvc add")
    project.push()
    return project


@pytest.mark.two_datasets
@pytest.mark.slow  # test_tracked.py releases what `dvc add` tracks
def test_sources_under_dvc_add_are_released_and_rolled_back(built: Project) -> None:
    """Datasets of .dvc files go round the same loop; an edit that is not recorded is refused."""
    project = source_project(built)
    assert release(project)["tag"] == "data-v1"
    people = project.root / "data/people.csv"
    people.write_text(people.read_text() + "21,Person 21,person21@example.com,A,1.5\n")
    done = run(project, "check", code=2)
    assert "differs from data/people.csv.dvc" in done.text
    project.dvc("add", "--quiet", "data/people.csv")
    project.commit("One more")
    project.push()
    assert release(project)["tag"] == "data-v2"
    result = run(project, "rollback", "data-v1", "--json").json
    assert result["files"] == ["data/people.csv.dvc"]
    assert len(people.read_text().splitlines()) == 21
    third = release(project, "--branch", "rollback-to-data-v1")
    assert (third["tag"], third["uploaded"], third["rollback_of"]) == ("data-v3", 0, "data-v1")
    assert commit(project, "data-v3") == project.head


@pytest.mark.slow  # tests/flows/versions/test_missing.py releases to S3
@pytest.mark.two_datasets
def test_the_loop_runs_on_s3(built: Project, bucket: Bucket) -> None:
    """Two releases, nothing to release and a roll-back against a real S3 server."""
    built.use_bucket(bucket)
    built.commit("Data on S3", ".dvc/config")
    built.push()
    assert release(built)["uploaded"] == 5
    built.params(rows=25)
    built.commit("More rows")
    built.push()
    assert release(built)["uploaded"] == 1
    assert release(built)["released"] is False
    shutil.rmtree(built.root / ".dvc" / "cache")
    shutil.rmtree(built.root / "data")
    run(built, "rollback", "data-v1")
    third = release(built, "--branch", "rollback-to-data-v1")
    assert (third["tag"], third["uploaded"], third["rollback_of"]) == ("data-v3", 0, "data-v1")
    assert tags(built) == ["data-v1", "data-v2", "data-v3"]
    assert run(built, "verify", "data-v1", "--full", "--json").json["faults"] == []


SLOW = pytest.mark.slow  # test_missing.py releases to S3; tests/contract has each kind of remote


@pytest.mark.two_datasets
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=SLOW) for kind in ("webdav", "ssh", "gs", "azure", "http")]
)
def test_the_loop_runs_on_other_servers(
    built: Project,
    remote_servers: RemoteServers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
) -> None:
    """Two releases, a repair, and DVC's own pull, with credentials from the environment alone."""
    place = remote_servers.place(kind, Path.home())
    plain = {name: value for name, value in place.settings.items() if name not in place.secrets}
    built.add_remote("storage", place.url, default=True, **plain)
    for name in place.secrets:
        monkeypatch.setenv(f"DATARELEASE_STORAGE_{name.upper()}", place.settings[name])
    built.commit("Data on a server", ".dvc/config")
    built.push()
    assert release(built)["uploaded"] == 5
    built.params(rows=25)
    built.commit("More rows")
    built.push()
    assert release(built)["uploaded"] == 1
    store = DvcConfig(built.root / ".dvc", env=os.environ).store("storage")
    document = json.loads(store.read("releases/data-v1/manifest.json") or b"")
    (tmp_path / "damaged").write_bytes(b"damaged")
    lost = object_key(document["datasets"][0]["files"][0]["md5"])
    store.upload({lost: tmp_path / "damaged"}, lambda _: None)
    assert run(built, "verify", "data-v1", "--json", code=3).json["faults"] != []
    assert run(built, "verify", "data-v1", "--repair", "--json").json["faults"] == []
    shutil.rmtree(built.root / ".dvc" / "cache")
    shutil.rmtree(built.root / "data")
    assert release(built)["released"] is False
    assert run(built, "check", "--json").code == 0


@SLOW
def test_a_number_stays_used_on_a_remote_without_listings(
    built: Project, remote_servers: RemoteServers
) -> None:
    """Whoever deletes a tag frees no number: the remote is asked for the versions that would be."""
    place = remote_servers.place("http", Path.home())
    built.add_remote("storage", place.url, default=True, **place.settings)
    built.commit("Data on a server", ".dvc/config")
    built.push()
    assert release(built)["tag"] == "data-v1"
    built.git("push", "--quiet", "origin", ":refs/tags/data-v1")
    built.git("tag", "--delete", "data-v1")
    built.params(rows=25)
    built.commit("More rows")
    built.push()
    assert release(built)["tag"] == "data-v2"


@pytest.mark.slow  # test_blocked.py releases what stages write
def test_metrics_of_stages_go_into_the_release_commit(released: Project) -> None:
    """What a stage makes for git (`cache: false`) is a product, no edit."""
    pipeline = released.read_yaml("dvc.yaml")
    pipeline["stages"]["count"] = {
        "cmd": "wc -l < data/people.csv > lines.txt", "deps": ["data/people.csv"],
        "metrics": [{"lines.txt": {"cache": False}}],
    }  # fmt: skip
    released.write("dvc.yaml", yaml.safe_dump(pipeline))
    released.repro()
    released.commit("Count the lines")
    released.params(rows=33)
    released.commit("More people")
    released.push()
    assert release(released)["tag"] == "data-v2"
    assert released.git("show", "data-v2:lines.txt").strip() == "34"
    assert released.git("status", "--porcelain", "--untracked-files=no") == ""


def test_an_edit_by_hand_is_still_refused(released: Project) -> None:
    """Tracked files that no stage makes have to be committed first."""
    released.write("make.py", (released.root / "make.py").read_text() + "# more\n")
    assert "make.py" in run(released, "release", code=2).err
