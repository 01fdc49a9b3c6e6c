"""`release.export`: files under their own names on the remote, which follow the newest version."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests.commands import KILLED, Point, run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import manifest, object_path

from datarelease.progress import Step

READABLE = [
    Point(step=Step.EXPORT),
    *(Point(step=Step.EXPORT, call=n, when="after") for n in (2, 3)),
]
"""The paths of the version; then of the newest one: the state, the copies, the state; the old."""


@pytest.fixture(scope="session")
def exporting(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with `export: true` whose data-v1 was released with it, and whose data changed."""
    folder = tmp_path_factory.mktemp("exporting")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(templates / "template", folder / "exporting")
        project.release_settings(export=True)
        project.commit("Readable paths", "params.yaml")
        project.push()
        run(project, "release")
        project.params(rows=25, parts=2)
        project.repro()
        project.commit("More people, fewer parts")
        project.push()
    return folder / "exporting"


@pytest.fixture
def project(exporting: Path, tmp_path: Path) -> Project:
    """A copy of it."""
    return Project.copied(exporting, tmp_path / "exporting")


def below(project: Project, folder: str) -> dict[str, bytes]:
    """The readable files in a folder of the remote."""
    place = project.remote / "releases" / folder
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and path.relative_to(place).parts[0] in {"people", "events"}
    } if place.exists() else {}  # fmt: skip


def of_version(project: Project, tag: str) -> dict[str, bytes]:
    """The same as the manifest and the objects of a version say."""
    return {
        f"{dataset['name']}/{file['path']}": object_path(project.remote, file["md5"]).read_bytes()
        for dataset in manifest(project.remote, tag)["datasets"]
        for file in dataset["files"]
    }


def assert_exported(project: Project, *tags: str, latest: str) -> None:
    """Each version has its files under their names, and `latest` those of the newest one."""
    for tag in tags:
        assert below(project, tag) == of_version(project, tag)
    assert below(project, "latest") == of_version(project, latest)
    state = json.loads((project.remote / "releases/latest/version.json").read_text())
    assert (state["tag"], set(state["files"])) == (latest, set(of_version(project, latest)))


def test_latest_follows_releases_and_withdrawals(project: Project) -> None:
    """A part that is gone is gone there as well; a withdrawal brings the earlier files back."""
    assert_exported(project, "data-v1", latest="data-v1")
    assert "events/part-2.csv" in below(project, "latest")
    done = run(project, "release")
    assert "warning" not in done.err
    assert_exported(project, "data-v1", "data-v2", latest="data-v2")
    assert "events/part-2.csv" not in below(project, "latest")
    run(project, "yank", "2", "--reason", "wrong")
    assert_exported(project, "data-v1", "data-v2", latest="data-v1")
    run(project, "unyank", "2")
    assert_exported(project, latest="data-v2")
    # No promise rests on them; what is wrong is made again from the objects.
    shutil.rmtree(project.remote / "releases/latest/people")
    (project.remote / "releases/data-v2/events/part-0.csv").unlink()
    (project.remote / "releases/latest/people").mkdir()
    run(project, "verify", "2")
    run(project, "verify", "2", "--repair")
    assert_exported(project, "data-v2", latest="data-v2")
    # An edit in place reaches no object, and a purge takes the readable files along.
    run(project, "yank", "2", "--reason", "wrong")
    with (project.remote / "releases/data-v2/people/people.csv").open("r+b") as stream:
        stream.write(b"XX")
    run(project, "verify", "2", "--full")
    run(project, "purge", "2", "--reason", "a request", "--apply")
    assert below(project, "data-v2") == {}
    assert_exported(project, "data-v1", latest="data-v1")


@pytest.mark.parametrize("point", slow_but({"after export 2"}, READABLE))
def test_an_export_that_was_stopped_is_finished_by_the_next_release(
    project: Project, point: Point
) -> None:
    """The version is there already; the same command ends with the same paths."""
    run(project, "release", points=[point], code=KILLED)
    run(project, "release")
    assert_exported(project, "data-v1", "data-v2", latest="data-v2")


def test_what_cannot_be_copied_is_a_warning(project: Project) -> None:
    """The release has happened, and says what to do."""
    place = project.remote / "releases/latest/people"
    shutil.rmtree(place)
    place.write_text("a file is in the way")
    done = run(project, "release", "--json")
    assert done.json["tag"] == "data-v2"
    assert "The readable paths of data-v2 are incomplete" in done.err
    assert json.loads((place.parent / "version.json").read_text())["tag"] is None
    place.unlink()
    run(project, "verify", "2", "--repair")
    assert_exported(project, "data-v1", "data-v2", latest="data-v2")


def test_stale_readable_paths_are_garbage(project: Project) -> None:
    """What a release was not allowed to remove goes with `gc`."""
    stale = project.remote / "releases/latest/events/part-9.csv"
    stale.write_text("old")
    os.utime(stale, (0, 0))
    [remote] = run(project, "gc", "--apply", "--json").json["remotes"]
    assert [item["key"] for item in remote["garbage"]] == ["releases/latest/events/part-9.csv"]
    assert_exported(project, "data-v1", latest="data-v1")
