"""Wrong turns that a newcomer takes, and the words that lead back to the way."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.slow_cases import slow_but

ROOT = Path(__file__).parents[2]
TRIPS = "trip_id,minutes,member\n" + "".join(
    f"{n},{n % 40 + 3},{'yes' if n % 3 else 'no'}\n" for n in range(1, 61)
)
MORE = "61,12,yes\n"
DATA, POINTER = "data/trips.csv", "data/trips.csv.dvc"
WORKFLOW = ".github/workflows/data.yml"
Turn = Callable[[Project], object]


@pytest.fixture(scope="module")
def bikes_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one CSV file that was adopted and released once."""
    folder = tmp_path_factory.mktemp("bikes")
    with environment(hermetic_environment(folder / "home")):
        project = Project(folder / "t/work", folder / "t/origin.git", folder / "t/remote")
        project.write(DATA, TRIPS)
        project.git("init", "--quiet")
        project.run("git", "init", "--quiet", "--bare", str(project.origin))
        project.git("remote", "add", "origin", str(project.origin))
        run(project, "init", "--yes", "--remote", str(project.remote))
        config = project.root / ".dvc" / "config"
        config.write_text(config.read_text().replace(str(project.remote), "../../remote"))
        project.commit("Adopt data releases")
        run(project, "release")
    shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
    return folder / "t"


@pytest.fixture
def bikes(bikes_template: Path, tmp_path: Path) -> Project:
    """A copy of it."""
    return Project.copied(bikes_template, tmp_path / "bikes")


def edited(project: Project, text: str = TRIPS + MORE) -> None:
    """Other data in the file, and nothing else."""
    path = project.root / DATA
    path.unlink()
    path.write_text(text)


def added(project: Project, text: str = TRIPS + MORE) -> None:
    """Other data that DVC knows, not committed."""
    edited(project, text)
    project.dvc("add", "--quiet", DATA)


def committed(project: Project) -> None:
    """Other data, committed."""
    added(project)
    project.commit("Add a trip")


def replaced(path: str, old: str, new: str) -> Turn:
    """A turn that edits a file."""

    def turn(project: Project) -> None:
        text = (project.root / path).read_text()
        assert old in text
        project.write(path, text.replace(old, new))

    return turn


def then(*turns: Turn) -> Turn:
    """One turn after the other."""

    def turn(project: Project) -> None:
        for one in turns:
            one(project)

    return turn


def without_remote(project: Project) -> None:
    """No remote of DVC at all."""
    project.write(".dvc/config", "[core]\n    autostage = false\n")
    project.commit("Remove the remote")


def without_origin(project: Project) -> None:
    """Other data, and no git remote."""
    project.git("remote", "remove", "origin")
    committed(project)


def elsewhere(project: Project) -> None:
    """The remote's address is misspelt."""
    replaced(".dvc/config", "../../remote", "../../remotte")(project)
    committed(project)


def misspelt_origin(project: Project) -> None:
    """The address of the git remote leads nowhere."""
    project.git("remote", "set-url", "origin", f"{project.origin}x")


def untracked(project: Project) -> None:
    """The data and the file by which git knows it are gone."""
    for path in (DATA, POINTER):
        (project.root / path).unlink()
    project.commit("Tidy up")


def on_topic(project: Project) -> None:
    """Other data on a branch that nobody merged."""
    project.git("switch", "--quiet", "--create", "june")
    committed(project)


def detached(project: Project) -> None:
    """Other data on no branch."""
    project.git("checkout", "--quiet", "--detach")
    committed(project)


def deleted(project: Project) -> None:
    """The data file is gone; DVC's cache has it."""
    (project.root / DATA).unlink()


def nothing(_: Project) -> None:
    """As it is."""


TURNS: dict[str, tuple[Turn, Sequence[str], int, Sequence[str]]] = {
    "no remote": (
        without_remote, ["release"], 2,
        ["DVC has no default remote", "Nothing was pushed or tagged", "datarelease init --remote"],
    ),
    "no origin": (
        without_origin, ["release"], 2,
        ["no git remote 'origin'", "Nothing was pushed or tagged", "git remote add origin URL",
         "git init --bare"],
    ),
    "a misspelt origin": (
        misspelt_origin, ["check"], 3, ["origin.gitx", "Check its address", "same command again"],
    ),
    "an edit that is not committed": (
        replaced("params.yaml", "tag_prefix: data-v", "tag_prefix: data-v\n  timeout: 50"),
        ["release"], 2, ["not committed: params.yaml", "Nothing was pushed", "Commit them"],
    ),
    "edited data without dvc add": (
        edited, ["check"], 2,
        ["differs from data/trips.csv.dvc", "Nothing was changed", "`dvc add data/trips.csv`",
         "`dvc checkout --force data/trips.csv.dvc`, which discards the edit"],
    ),
    "added data that is not committed": (
        added, ["release"], 2, ["not committed: data/trips.csv.dvc", "Commit them"],
    ),
    "a misspelt remote": (
        elsewhere, ["release"], 3,
        ["of data-v1 were lost", "No tag was made", "new or misspelt", "`dvc remote list`"],
    ),
    "a remote that init cannot read": (
        nothing, ["init", "--yes", "--remote", "store"], 2,
        ["--remote store", "Nothing was changed", "s3://BUCKET/PREFIX", "/DIRECTORY"],
    ),
    "a reader's directory that is not there": (
        nothing, ["list", "--from", "nowhere-at-all"], 2, ["not a directory", "the DVC remote", "s3://"],
    ),
    "a reader's directory of something else": (
        nothing, ["list", "--from", "."], 2, ["There is no version", "address of the DVC remote"],
    ),
    "a reader's web server that does not answer": (
        nothing, ["get", "latest", "--from", "http://127.0.0.1:9"], 3,
        ["http://127.0.0.1:9", "Nothing was written", "Check the address"],
    ),
    "a repository that is not there": (
        nothing, ["list", "--repo", "file:///nowhere/at/all"], 3,
        ["file:///nowhere/at/all", "Check its address"],
    ),
    "a typo in params.yaml": (
        replaced("params.yaml", "tag_prefix", "tag_prefx"), ["check"], 2,
        ["params.yaml: release.tag_prefx", "did you mean 'tag_prefix'", "Correct the lines"],
    ),
    "params.yaml that is no YAML": (
        replaced("params.yaml", "release:", "release: ["), ["check"], 2, ["params.yaml", "line"],
    ),
    "a typo in dvc.yaml": (
        replaced("dvc.yaml", "type: dataset", "type: datset"), ["check"], 2,
        ["dvc.yaml: artifacts.trips.type", "did you mean 'dataset'"],
    ),
    "a typo in a stage": (
        replaced("dvc.yaml", "cmd: datarelease validate", "cmdd: datarelease validate"),
        ["check"], 2, ["dvc.yaml", "stages.validate-trips.cmdd: extra keys not allowed",
                       "Correct the lines named above"],
    ),
    "a typo in a schema": (
        replaced("schemas/trips.yaml", "isin:", "isn:"), ["check"], 2,
        ["schemas/trips.yaml: columns.member.isn", "did you mean isin?", "Correct the lines"],
    ),
    "a typo in DVC's configuration": (
        replaced(".dvc/config", "url =", "ulr ="), ["check"], 2,
        [".dvc/config", "'url'", "Nothing was changed", "Correct it"],
    ),
    "a typo in a workflow": (
        replaced(WORKFLOW, "check.yml@", "checks.yml@"),
        ["doctor", "--github", "acme/bikes"], 2,
        ["no workflow in .github/workflows runs: check", "correct a wrong one, or delete it"],
    ),
    "a typo in a workflow, and init again": (
        replaced(WORKFLOW, "check.yml@", "checks.yml@"), ["init", "--yes"], 0,
        [f"{WORKFLOW}: it differs from what init", "delete it and run `datarelease init` again",
         "nothing to do but what is left alone"],
    ),
    "init twice": (nothing, ["init", "--yes"], 0, ["already there", "nothing to do"]),
    "a deleted data file": (deleted, ["check"], 0, ["nothing to release: same data as data-v1"]),
    "a deleted data file and its pointer": (
        untracked, ["check"], 2,
        ["DVC tracks no output 'data/trips.csv'", "`dvc add data/trips.csv`", "remove the entry"],
    ),
    "an empty CSV file": (
        lambda project: added(project, ""), ["check"], 1,
        ["the file is empty: a CSV file starts with a header line", "Correct what it names"],
    ),
    "a CSV file with its header alone": (
        lambda project: added(project, TRIPS.partition("\n")[0] + "\n"), ["check"], 1,
        ["trips: the dataset is empty", "Nothing was pushed or tagged"],
    ),
    "a branch that is not merged": (
        on_topic, ["release"], 2,
        ["HEAD is on the branch june", "released from main", "Merge june into main"],
    ),
    "no branch": (detached, ["release"], 2, ["HEAD is detached", "`git switch main`"]),
    "a version that is not there": (
        nothing, ["get", "data-v7"], 2, ["no version 'data-v7'", "data-v1", "datarelease list"],
    ),
    "a misspelt version": (
        nothing, ["show", "data-1"], 2, ["is not a version", "Write data-v1, v1, 1 or latest"],
    ),
    "a misspelt dataset": (
        nothing, ["get", "data-v1", "--dataset", "trip"], 2, ["no dataset 'trip'", "'trips'"],
    ),
    "a misspelt command": (nothing, ["relase"], 2, ["Did you mean 'release'"]),
}  # fmt: skip
"""What was done, the command after it, its exit code, and words of what it says."""


SLOW = {
    "no remote", "a misspelt remote", "an empty CSV file", "a typo in a schema",
    "a typo in dvc.yaml", "a typo in DVC's configuration", "a version that is not there",
    "a misspelt dataset", "no branch", "a branch that is not merged",
}  # fmt: skip
"""test_broken.py, test_blocked.py and test_branches.py have each of these faults."""


@pytest.mark.parametrize("name", slow_but(TURNS.keys() - SLOW, TURNS))
def test_a_wrong_turn_is_answered_with_the_way_back(name: str, bikes: Project) -> None:
    """The message says what happened, what was left untouched and what to do; no tag is made."""
    turn, command, code, words = TURNS[name]
    turn(bikes)
    done = run(bikes, *command, code=code)
    assert [word for word in words if word not in done.text] == [], done.text
    listed = bikes.run("git", "--git-dir", str(bikes.origin), "tag", "--list", "data-v*")
    assert listed.split() == ["data-v1"]


@pytest.mark.parametrize("command", [["check"], ["release"], ["list"], ["get", "data-v1"]])
def test_before_init_every_command_names_it(command: list[str], tmp_path: Path) -> None:
    """In a folder that nobody adopted, inside git or outside, the message names `init`."""
    done = run(tmp_path, *command, code=2)
    assert "not inside a DVC repository" in done.err
    assert "run `datarelease init`" in done.text


@pytest.mark.slow  # test_broken.py goes on when a remote answers
def test_a_repaired_remote_address_goes_on(bikes: Project) -> None:
    """After the correction that the message asks for, the same release is made."""
    elsewhere(bikes)
    run(bikes, "release", code=3)
    replaced(".dvc/config", "../../remotte", "../../remote")(bikes)
    bikes.commit("Correct the address")
    assert run(bikes, "release", "--json").json["tag"] == "data-v2"


def test_git_without_a_name_releases_and_rolls_back(bikes: Project, tmp_path: Path) -> None:
    """Nobody told git who they are: a release and a roll-back need no configuration for it."""
    committed(bikes)
    nobody = tmp_path / "gitconfig"
    nobody.write_text("[safe]\n\tdirectory = *\n")
    env = {"GIT_CONFIG_GLOBAL": str(nobody)}
    assert run(bikes, "release", "--json", env=env).json["tag"] == "data-v2"
    assert run(bikes, "rollback", "data-v1", "--json", env=env).json["rollback_of"] == "data-v1"


@pytest.mark.slow  # "no origin", above, is quick
def test_the_folder_without_origin_is_told_of_one(tmp_path: Path) -> None:
    """After `init` in a folder without a git remote, the next steps say how to add one."""
    project = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path / "remote")
    project.write(DATA, TRIPS)
    project.git("init", "--quiet")
    said = run(project, "init", "--yes", "--remote", str(project.remote)).text
    assert "there is no git remote yet: `git remote add origin URL`" in said
    assert "git push -u origin main" in said
    assert "a directory does for this machine" in said


def test_make_names_the_python_that_it_needs(tmp_path: Path) -> None:
    """With an older Python `make` says so, with the way to name another, and sets nothing up."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "uv.txt").touch()
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), f"PYTHON={old}", ".venv/uv.stamp"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "is older than 3.11: name another with make PYTHON=python3.11" in done.stdout
    assert not (tmp_path / ".venv").exists()
