"""`datarelease init` in repositories that know nothing of us, with real git and real DVC."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import KILLED, Done, Point, run, start
from tests.conftest import environment, hermetic_environment
from tests.get_started import PARAMS, fresh_clone, make_get_started
from tests.project import Project
from tests.servers import Bucket
from tests.slow_cases import slow_but
from tests.stories import installed_tool
from tests.terminals import attach, terminal
from tests.versions import assert_whole, tags, tree_state

from datarelease.errors import ConfigError
from datarelease.model.project import REPOSITORY
from datarelease.progress import Step


@pytest.fixture(scope="session")
def get_started_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository in the style of DVC's get-started example, made once."""
    folder = tmp_path_factory.mktemp("get-started")
    with environment(hermetic_environment(folder / "home")):
        make_get_started(folder / "template", rows=120)
    return folder / "template"


@pytest.fixture
def get_started(get_started_template: Path, tmp_path: Path) -> Project:
    """A copy of it whose data are available."""
    return Project.copied(get_started_template, tmp_path / "get-started")


@pytest.fixture
def lone(get_started: Project) -> Project:
    """The same without its pipeline: a `.dvc` file, hence two stages of ours and no more."""
    for name in ("dvc.yaml", "dvc.lock"):
        (get_started.root / name).unlink()
    return get_started


@pytest.fixture(scope="session")
def adopted_template(
    get_started_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A fresh clone without data (``clone``) in which init ran, pushed; and what init said."""
    folder = tmp_path_factory.mktemp("adopted")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(get_started_template, folder / "template")
        clone = fresh_clone(project, folder / "template" / "clone")
        said = run(clone, "init", "--yes").text
        clone.commit("Adopt data releases")
        clone.push()
    return folder / "template", said


@pytest.fixture
def adopted(adopted_template: tuple[Path, str], tmp_path: Path) -> Project:
    """A copy of that clone."""
    project = Project.copied(adopted_template[0], tmp_path / "adopted")
    clone = Project(tmp_path / "adopted" / "clone", project.origin, project.remote)
    clone.git("remote", "set-url", "origin", str(clone.origin))
    return clone


@pytest.fixture
def bare(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Project]:
    """Makes git repositories without DVC that hold some files, committed."""

    def make(files: dict[str, str | bytes]) -> Project:
        project = Project(tmp_path / "bare", tmp_path / "none", tmp_path / "none")
        project.root.mkdir()
        project.git("init", "--quiet")
        for path, content in files.items():
            project.write(path, content)
        project.commit("Before")
        return project

    return make


def planned(project: Project, *arguments: str) -> dict[str, Any]:
    """The plan as JSON; nothing is written."""
    found: dict[str, Any] = run(project, "init", "--json", *arguments).json
    return found


def files_of(project: Project) -> dict[str, bytes]:
    """Every file of the work tree but git's and DVC's own."""
    return {
        path.relative_to(project.root).as_posix(): path.read_bytes()
        for path in project.root.rglob("*")
        if path.is_file()
        and not path.is_relative_to(project.root / ".git")
        and not any(path.is_relative_to(project.root / ".dvc" / part) for part in ("tmp", "cache"))
    }


def refused(project: Project, *arguments: str) -> Done:
    """A run that must end with exit code 2 and change nothing."""
    before = files_of(project)
    done = run(project, "init", *arguments, code=2)
    assert files_of(project) == before
    return done


def leave() -> None:
    """What ends a command well before its time."""
    sys.exit(0)


def write(project: Project, *arguments: str, env: dict[str, str] | None = None) -> Done:
    """`init --yes` that ends when the files are written: tests about files need no stage run."""
    points = [Point(step=Step.FIRST_RUN, act=leave)]
    return run(project, "init", "--yes", *arguments, points=points, env=env)


def test_a_newcomer_adopts_and_releases_with_no_further_edit(
    adopted: Project, adopted_template: tuple[Path, str]
) -> None:
    """In a fresh clone without data: init, commit, check, release; then nothing is left to do."""
    clone, said = adopted, adopted_template[1]
    assert "git add schemas/listings.yaml" in said
    for path in ("dvc.lock", "reports/listings/validation.json", "reports/prepared/profile.json"):
        assert path in said.partition("git add")[2]
    report = run(clone, "check", "--json").json
    assert (report["outcome"], report["verdict"]["findings"]) == ("first", [])
    assert [dataset["name"] for dataset in report["datasets"]] == ["listings", "prepared"]
    assert all(dataset["validation"]["schema"] for dataset in report["datasets"])
    released = run(clone, "release", "--json").json
    assert (released["released"], released["tag"]) == (True, "data-v1")
    assert_whole(clone, "data-v1")
    assert tags(clone) == ["data-v1"]
    reports = clone.git("ls-tree", "-r", "--name-only", "data-v1", "reports").splitlines()
    assert reports == [
        f"reports/{name}/{kind}.json"
        for name in ("listings", "prepared")
        for kind in ("profile", "validation")
    ]
    assert run(clone, "release", "--json").json["released"] is False
    assert "nothing to do" in run(clone, "init").text


def test_the_first_check_needs_no_data(adopted: Project, tmp_path: Path) -> None:
    """Another clone, whose remote cannot be read, passes: lock and reports say it all."""
    adopted.remote.rename(tmp_path / "elsewhere")
    other = fresh_clone(adopted, tmp_path / "adopted" / "other")
    done = run(other, "check", "--json")
    assert (done.json["outcome"], done.json["verdict"]["findings"]) == ("first", [])
    assert "dvc.lock is up to date" in done.err
    data = [path.name for path in (other.root / "data").rglob("*") if path.is_file()]
    assert sorted(data) == [".gitignore", "listings.csv.dvc"]
    assert other.git("status", "--porcelain") == ""


def test_stages_of_others_are_never_run(get_started: Project, tmp_path: Path) -> None:
    """A stale stage before ours stays stale: its recorded data is checked, its lock stands."""
    script = (get_started.root / "src" / "prepare.py").read_text()
    get_started.write("src/prepare.py", script + 'pathlib.Path("RAN").touch()\n')
    get_started.commit("Edit a stage and do not run it")
    get_started.push()
    clone = fresh_clone(get_started, tmp_path / "get-started" / "clone")
    before = clone.read_yaml("dvc.lock")["stages"]
    run(clone, "init", "--yes")
    after = clone.read_yaml("dvc.lock")["stages"]
    assert not (clone.root / "RAN").exists()
    assert {name: stage for name, stage in after.items() if name in before} == before
    assert set(after) - set(before) == {
        "validate-listings", "validate-prepared", "profile-listings", "profile-prepared",
    }  # fmt: skip
    [used] = (dep for dep in after["profile-prepared"]["deps"] if dep["path"] == "data/prepared")
    assert used["md5"] == before["prepare"]["outs"][0]["md5"]
    assert "nothing to do" in run(clone, "init").text


def test_data_that_violates_a_schema_is_told_and_init_goes_on_later(lone: Project) -> None:
    """Exit 1, the files stay, the message has the command; corrected, only the rest is planned."""
    lone.write("schemas/listings.yaml", "schema_type: dataframe\ncolumns: {nope: {}}\n")
    done = run(lone, "init", "--yes", code=1)
    assert "listings: the data violates its schema" in done.err
    assert "are kept. Stages that have not run yet: validate-listings, " in done.err
    assert "dvc repro --single-item validate-listings profile-listings" in done.err
    assert (lone.root / ".github/workflows/data.yml").is_file()

    columns = "schema_type: dataframe\ncolumns: {listing_id: {}}\n"
    lone.write("schemas/listings.yaml", columns)
    plan = run(lone, "init", "--yes", "--json").json
    assert (plan["files"], plan["commands"], plan["remotes"]) == ([], [], [])
    [step] = plan["last"]
    assert step["arguments"][:4] == ["dvc", "repro", "--single-item", "validate-listings"]
    assert planned(lone)["last"] == []


def test_a_remote_that_cannot_be_read_is_told_and_init_goes_on_later(
    get_started: Project, tmp_path: Path
) -> None:
    """Exit 3, nothing undone, the message has the commands; init plans these and nothing else."""
    clone = fresh_clone(get_started, tmp_path / "get-started" / "clone")
    write(clone)
    shutil.rmtree(clone.root / ".dvc" / "cache")
    clone.remote.rename(tmp_path / "elsewhere")
    before = files_of(clone)
    done = run(clone, "init", "--yes", code=3)
    assert "`dvc pull data/listings.csv data/prepared` failed" in done.err
    assert "Stages that have not run yet: validate-listings" in done.err
    assert "then `dvc repro --single-item validate-listings" in done.text
    assert files_of(clone) == before
    (tmp_path / "elsewhere").rename(clone.remote)
    plan = planned(clone)
    assert (plan["files"], plan["commands"], plan["remotes"]) == ([], [], [])
    assert [step["arguments"][1] for step in plan["last"]] == ["pull", "repro"]


def test_the_plan_is_shown_and_nothing_written_without_a_yes(get_started: Project) -> None:
    """No terminal and no --yes: a summary, exit 2, nothing changed; --plan shows each file."""
    done = refused(get_started)
    assert "without a terminal it cannot be confirmed" in done.err
    assert "--yes" in done.err
    listed = (
        "schemas/listings.yaml",
        "key listing_id",
        "$ dvc repro --single-item validate-listings validate-prepared profile-listings",
    )
    files = ("+++ b/dvc.yaml", "pii: [contact_email]")
    assert all(text in done.out for text in (*listed, "datarelease init --plan"))
    assert not any(text in done.out for text in files)
    before = files_of(get_started)
    whole = run(get_started, "init", "--plan")
    assert files_of(get_started) == before
    assert all(text in whole.out for text in (*listed, *files))
    assert "owner1@example.com" not in done.out + whole.out


def test_what_stood_there_stays_line_by_line(get_started: Project) -> None:
    """Files that are added to keep every line; metrics, plots and models are no datasets."""
    before = files_of(get_started)
    write(get_started)
    after = files_of(get_started)
    for path, content in before.items():
        if path == ".dvc/config":
            continue  # DVC writes it in its own style
        lines = iter(after[path].splitlines())
        assert all(line in lines for line in content.splitlines()), path
    assert set(yaml.safe_load(after["dvc.yaml"])["artifacts"]) == {"listings", "prepared"}
    assert after["params.yaml"].decode().startswith(PARAMS)
    assert "verify = true" in after[".dvc/config"].decode()
    assert set(after) - set(before) == {
        "schemas/listings.yaml", "schemas/prepared.yaml", ".github/workflows/data.yml",
        ".github/workflows/data-report.yml", ".github/workflows/data-release.yml",
        ".github/workflows/data-verify.yml", ".github/workflows/data-versions.yml",
        ".github/dependabot.yml",
    }  # fmt: skip


def test_what_a_stream_keeps_beside_its_dataset_is_not_offered(lone: Project) -> None:
    """Raw records and dead letters are no datasets, unless somebody names them."""
    folder = "data/streams/orders"
    for path in ("data/orders/000001.csv", f"{folder}/raw/000001.csv", f"{folder}/dead/000001.csv"):
        lone.write(path, "id,value\n1,2\n2,3\n")
    stages = {
        "drain-orders": {"cmd": "echo", "outs": [f"{folder}/raw"]},
        "parse-orders": {"cmd": "echo", "outs": ["data/orders", f"{folder}/dead"]},
    }
    lone.write("dvc.yaml", yaml.safe_dump({"stages": stages}))
    lone.dvc("commit", "--force", "--quiet")
    before = planned(lone)
    assert {one["path"] for one in before["datasets"]} >= {"data/orders", f"{folder}/raw"}
    lone.write("params.yaml", f"{PARAMS}release: {{streams: {{orders: {{topic: orders}}}}}}\n")
    after = planned(lone)
    assert [one["path"] for one in after["datasets"]] == ["data/listings.csv", "data/orders"]
    assert not [note for note in after["left_out"] if note["what"].startswith(folder)]
    named = planned(lone, "--dataset", "data/orders", "--dataset", f"{folder}/raw")
    assert [one["path"] for one in named["datasets"]] == ["data/orders", f"{folder}/raw"]


@pytest.mark.slow  # tests below read plans; the first finds nothing to do
def test_json_is_the_plan(get_started: Project) -> None:
    """`--json` prints the plan as a value and writes nothing; the second run's is empty."""
    before = files_of(get_started)
    plan = planned(get_started)
    assert files_of(get_started) == before
    assert plan["branch"] == "main"
    assert plan["made"][0] == "dvc.lock"
    assert [step["arguments"][:3] for step in plan["last"]] == [["dvc", "repro", "--single-item"]]
    write(get_started, "--json")
    again = planned(get_started)
    assert (again["files"], again["commands"], again["remotes"]) == ([], [], [])
    assert again["last"] == plan["last"], "it has not run yet"
    told = {note["what"] for note in again["skipped"]}
    assert {"dvc.yaml", ".gitignore", ".github/workflows/data.yml"} <= told


def test_remotes_are_set_up_by_name(lone: Project) -> None:
    """DVC's own configuration holds them, nothing secret; the release goes to those named."""
    done = run(
        lone, "init", "--yes", "--remote", "dagshub:ada/flats", "--remote", "s3://flats/data"
    )
    listed = [line.split()[:2] for line in lone.dvc("remote", "list").splitlines()]
    assert ["dagshub", "s3://dvc"] in listed
    assert ["s3", "s3://flats/data"] in listed
    config = (lone.root / ".dvc" / "config").read_text()
    assert "endpointurl = https://dagshub.com/ada/flats.s3" in config
    assert config.count("verify = true") == 3
    assert "remote = storage" in config, "the default remote stays"
    assert lone.read_yaml("params.yaml")["release"]["remotes"] == ["dagshub", "s3"]
    assert "DAGSHUB_TOKEN" in done.out
    assert "AWS_ROLE" in done.out
    assert (
        "nothing to do"
        in run(lone, "init", "--remote", "dagshub:ada/flats", "--remote", "s3://flats/data").out
    )


@pytest.mark.slow  # a repository without DVC gets one, too
def test_a_repository_of_dvc_files_alone_gets_a_pipeline(lone: Project) -> None:
    """Without dvc.yaml, and without params.yaml, both are made."""
    (lone.root / "params.yaml").unlink()
    run(lone, "init", "--yes")
    assert list(lone.read_yaml("dvc.yaml")["artifacts"]) == ["listings"]
    assert set(lone.read_yaml("params.yaml")) == {"release"}
    assert (lone.root / "reports/listings/profile.json").is_file()


def test_somebodys_files_are_left_alone(get_started: Project) -> None:
    """A workflow, schema, dependabot file or release section that is there stays; it is said."""
    own = {
        ".github/workflows/data.yml": "name: mine\n",
        ".github/dependabot.yaml": "version: 2\n",
        "schemas/listings.yaml": "schema_type: dataframe\ncolumns: {listing_id: {}}\n",
        "params.yaml": f"{PARAMS}release: {{tag_prefix: flats-v}}\n",
    }
    for path, text in own.items():
        get_started.write(path, text)
    done = write(get_started, "--remote", "s3://flats")
    for path, text in own.items():
        assert (get_started.root / path).read_text() == text
    assert ".github/workflows/data.yml: it differs from what init would write" in done.text
    assert "b/schemas/listings.yaml" not in done.out
    assert "add s3 there" in done.text


def test_a_repository_without_dvc(bare: Callable[..., Project]) -> None:
    """DVC is initialised and takes the data over; git's index lets go of it, history stays."""
    rows = "".join(f"{n},x{n}\n" for n in range(20))
    project = bare(
        {"data/sales.csv": f"sale_id,what\n{rows}", "tests/x.csv": "a\n1\n", "README": "x"}
    )
    project.write("data/new.csv", f"id,what\n{rows}")
    done = run(project, "init", "--yes")
    assert "! git rm -r --cached --quiet -- data/sales.csv" in done.out
    assert "history keeps" in done.out
    assert "$ dvc add --quiet data/new.csv data/sales.csv" in done.out
    assert (project.root / "data/sales.csv").read_text().startswith("sale_id")
    project.git(
        *next(
            line.split("2. ")[1].split()[1:]
            for line in done.out.splitlines()
            if "2. git add" in line
        )
    )
    project.git("commit", "--quiet", "-m", "Adopt")
    assert project.git("status", "--porcelain") == ""
    tracked = project.git("ls-files").splitlines()
    assert {"data/sales.csv.dvc", "data/new.csv.dvc", ".dvc/config", "tests/x.csv"} <= set(tracked)
    assert not {"data/sales.csv", "data/new.csv"} & set(tracked)
    assert project.git("show", "HEAD~1:data/sales.csv").startswith("sale_id")
    assert set(project.read_yaml("dvc.yaml")["artifacts"]) == {"new", "sales"}
    assert "nothing to do" in run(project, "init").out


POINTS = [
    Point(step=Step.COMMAND, call=3),
    Point(step=Step.EDIT),
    Point(step=Step.FIRST_RUN),
]
"""When git has let go of the data; when DVC has it; when the files are written."""


def test_killed_again_and_again_it_goes_on(bare: Callable[..., Project]) -> None:
    """Each run goes on where the one before was killed, and the last ends in the same state."""
    rows = "sale_id,what\n1,a\n2,b\n"
    project = bare({"data/sales.csv": rows, "data/returns.csv": rows})
    for point in POINTS:
        assert not (project.root / "dvc.yaml").exists()
        run(project, "init", "--yes", code=KILLED, points=[point])
    run(project, "init", "--yes")
    assert set(project.read_yaml("dvc.yaml")["artifacts"]) == {"sales", "returns"}
    assert "nothing to do" in run(project, "init").out


# --- what is refused


def test_without_git_there_is_nothing_to_adopt(tmp_path: Path) -> None:
    """No git repository: the remedy is named."""
    done = run(tmp_path, "init", code=2)
    assert "git init" in done.err


def test_without_data_there_is_nothing_to_release(bare: Callable[..., Project]) -> None:
    """No table anywhere: what to do is said."""
    done = refused(bare({"README": "x"}), "--yes")
    assert "no usable table (CSV, JSON Lines, Parquet or Arrow)" in done.text
    assert "dvc repro" in done.text


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("dvc.yaml", "stages:\n  a: [\n", "line 3, column 1"),
        ("dvc.yaml", "<<<<<<< HEAD\nstages: {}\n", "merge conflict marker"),
        ("params.yaml", "a: 1\na: 2\n", "the key 'a' occurs twice"),
        pytest.param(
            "params.yaml", "release: {tag_prefx: x}\n", "did you mean 'tag_prefix'",
            marks=pytest.mark.slow,
        ),
        ("dvc.yaml", "stages:\n  a: {cmdd: x}\n", "DVC cannot read"),
        ("dvc.yaml", "artifacts: {a: {path: x.csv, type: datset}}\n", "did you mean 'dataset'"),
        (".gitignore", "*.json\n", "git ignores files that have to be committed"),
        pytest.param(
            ".gitignore", "<<<<<<< HEAD\n", "merge conflict marker", marks=pytest.mark.slow
        ),
        (".dvc/config", "[core\n", "configuration (.dvc/config) cannot be used"),
    ],
)  # fmt: skip
def test_broken_files_are_refused(get_started: Project, path: str, text: str, said: str) -> None:
    """The fault and its place are named, and nothing is half-written."""
    get_started.write(path, text)
    assert said in refused(get_started, "--yes").text


def test_a_misspelt_remote_is_refused(get_started: Project) -> None:
    """Before anything is read."""
    done = refused(get_started, "--yes", "--remote", "dagshub.com/ada/flats")
    assert "dagshub:OWNER/REPO" in done.err


@pytest.mark.parametrize(
    "name", slow_but({"dvc.yaml", ".github"}, ["dvc.yaml", "params.yaml", ".github", ".dvc/config"])
)
def test_links_are_not_written_through(get_started: Project, name: str) -> None:
    """A settings file or folder that is a symbolic link leads elsewhere: refused."""
    target = get_started.root.parent / "elsewhere"
    place = get_started.root / name
    if place.exists():
        place.rename(target)
    else:
        target.mkdir()
    place.symlink_to(target)
    before = tree_state(get_started.root.parent)
    assert "is a symbolic link" in refused(get_started, "--yes").text
    after = tree_state(get_started.root.parent)
    assert {
        path: after[path] for path in before if "/elsewhere" in path or path == "elsewhere"
    } == {
        path: state for path, state in before.items() if "/elsewhere" in path or path == "elsewhere"
    }


def test_data_that_cannot_be_read_is_left_out_with_its_reason(get_started: Project) -> None:
    """An unreadable table does not keep the others from being adopted; it is not quoted."""
    get_started.write("data/prepared/train.csv", b"a,b\n1,secret,\n")
    (get_started.root / "data/prepared/test.csv").unlink()
    plan = planned(get_started)
    [left] = plan["left_out"]
    assert left["what"] == "data/prepared"
    assert "more values than the header has columns" in left["why"]
    assert "(line 2)" in left["why"]
    assert "secret" not in left["why"]
    assert [d["name"] for d in plan["datasets"]] == ["listings"]


def test_data_that_is_nowhere_is_said(get_started: Project, tmp_path: Path) -> None:
    """A clone whose remote lost everything: each dataset with what is missing, and the remedy."""
    clone = fresh_clone(get_started, tmp_path / "get-started" / "clone")
    shutil.rmtree(get_started.remote)
    done = refused(clone, "--yes")
    assert "data/listings.csv: 1 object is neither in DVC's cache nor on a remote" in done.text
    assert "dvc pull" in done.text


def late_edit() -> None:
    """Somebody adds to params.yaml."""
    with Path("params.yaml").open("a", encoding="utf-8") as file:
        file.write("late: 1\n")


def test_files_changed_in_the_meantime_are_not_lost(get_started: Project) -> None:
    """An edit that came after the plan was made stops it before anything is written."""
    path = get_started.root / "params.yaml"

    function = "datarelease.cli.init_command:carry_out"
    points = [Point(function=function, act=late_edit)]
    done = run(get_started, "init", "--yes", code=2, points=points)
    assert "params.yaml was changed while the plan was shown" in done.err
    assert path.read_text().endswith("late: 1\n")
    assert not (get_started.root / "schemas").exists()


@pytest.mark.slow  # tests/unit/adopt/test_plan.py has many datasets
def test_a_directory_of_unlike_tables_becomes_several(bare: Callable[..., Project]) -> None:
    """Each readable file of it is a dataset; with many, two `foreach` groups check them all."""
    project = bare({"README": "x"})
    project.dvc("init", "--quiet")
    for name in "abcde":
        project.write(f"data/{name}.csv", f"id,{name}\n1,2\n2,3\n")
    project.write("data/odd name, {x}.csv", "id,Größe\n1,2\n")
    project.write("data/empty.csv", "")
    project.dvc("add", "--quiet", "data")
    plan = write(project, "--json").json
    assert [note["what"] for note in plan["left_out"]] == ["data/empty.csv"]
    loaded = project.read_yaml("dvc.yaml")
    assert loaded["artifacts"]["odd-name-x"]["path"] == "data/odd name, {x}.csv"
    assert set(loaded["stages"]) == {"validate", "profile"}
    project.dvc("repro", "--quiet", "validate@odd-name-x", "profile@a", served=True)
    assert (project.root / "reports/odd-name-x/validation.json").is_file()
    assert (project.root / "reports/a/profile.json").is_file()
    assert plan["last"][0]["arguments"] == ["dvc", "repro", "--single-item", "validate", "profile"]
    again = planned(project)
    assert again["files"] == []
    assert "validate" not in again["last"][0]["arguments"], "some of the group have run"
    assert "validate@b" in again["last"][0]["arguments"]
    assert "validate@a" not in again["last"][0]["arguments"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere DVC starts each stage")
@pytest.mark.slow  # counts processes
def test_several_files_are_checked_with_python_started_once(
    bare: Callable[..., Project], tmp_path: Path
) -> None:
    """Ten stages start no interpreter, and plain `dvc repro` finds nothing left to run."""
    project = bare({f"data/{name}.csv": f"id,{name}\n1,2\n2,3\n" for name in "abcde"})
    (tmp_path / "sitecustomize.py").write_text(
        f"import sys\nopen({str(tmp_path / 'starts')!r}, 'a').write(f'{{sys.orig_argv}}\\n')\n"
    )
    env = {"PYTHONPATH": str(tmp_path)}
    project.run(sys.executable, "-c", "'counted'", env=env)
    # DVC itself is forked here from the process that has it loaded.
    run(project, "init", "--yes", env=env)
    [counted] = (tmp_path / "starts").read_text().splitlines()
    assert "'counted'" in counted
    lock = (project.root / "dvc.lock").read_bytes()
    assert len(project.read_yaml("dvc.lock")["stages"]) == 10
    assert project.dvc("repro").count("didn't change, skipping") == 15
    assert project.dvc("status") == "Data and pipelines are up to date.\n"
    assert (project.root / "dvc.lock").read_bytes() == lock


def test_what_dvcignore_leaves_out_is_neither_read_nor_proposed(
    bare: Callable[..., Project],
) -> None:
    """The schema is inferred from the parts that DVC tracks, and loose files are searched alike."""
    rows = "id,x\n1,2\n2,3\n"
    project = bare({"raw/p0.csv": rows, "raw/p1.csv": "id,x\nz,9\n", ".dvcignore": "p1.csv\n"})
    project.dvc("init", "--quiet")
    assert [(d["path"], d["rows"]) for d in planned(project)["datasets"]] == [("raw/p0.csv", 2)]
    project.git("rm", "--cached", "--quiet", "-r", "raw")
    project.dvc("add", "--quiet", "raw")
    assert [(d["path"], d["rows"]) for d in planned(project)["datasets"]] == [("raw", 2)]


@pytest.mark.slow  # test_layouts.py adopts partitions, test_broken.py names Delta
def test_partitions_and_delta_tables(bare: Callable[..., Project]) -> None:
    """Folders `key=value` are columns of one dataset, which is said; a Delta table is left out."""
    project = bare({"README": "x"})
    for year in (2023, 2024):
        project.write(f"data/sales/y={year}/{year}abc.csv", f"id,price\n{year},2\n{year + 9},3\n")
    project.write("data/delta/_delta_log/00000000000000000000.json", "{}")
    project.write("data/delta/part-00000.parquet", "x")
    plan = write(project, "--json").json
    [sales] = plan["datasets"]
    assert (sales["path"], sales["rows"], sales["columns"]) == ("data/sales", 4, 3)
    assert sales["partitions"] == ["y"]
    [note] = plan["left_out"]
    assert note["what"] == "data/delta"
    assert note["why"].startswith("a Delta table, ")
    schema = project.read_yaml("schemas/sales.yaml")
    assert schema["columns"]["y"]["dtype"] == "int64"
    project.dvc("add", "--quiet", "data/delta")
    project.dvc("repro", "--quiet")
    assert project.read_yaml("reports/sales/validation.json")["rows"] == 4
    again = run(project, "init")
    assert "data/delta: a Delta table, " in again.out


@pytest.mark.slow  # test_golden.py adopts European numbers
def test_dialects_of_csv_files_are_declared(bare: Callable[..., Project]) -> None:
    """A title, decimal commas, an encoding and a code `NA`: said, written, and then checked."""
    countries = "".join(f"{code},Name of {code}\n" for code in ("DE", "NA", "CH", "FR"))
    project = bare(
        {
            "data/prices.csv": "Preise, Café\nid;preis\n1;1.234,50\n2;7,00\n".encode("cp1252"),
            "data/countries.csv": f"country_id,name\n{countries}",
        }
    )
    done = run(project, "init", "--yes")
    german = 'csv: {delimiter: ";", decimal: ",", thousands: ".", encoding: cp1252, skip_rows: 1}'
    codes = 'csv: {null_values: [""]}'
    said = " ".join(done.out.split())
    assert f"read with {german}" in said
    assert f"read with {codes}" in said
    text = (project.root / "dvc.yaml").read_text()
    assert (text.count(german), text.count(codes), text.count("csv: {")) == (1, 1, 2)
    declared = project.read_yaml("dvc.yaml")["artifacts"]
    assert declared["countries"]["meta"]["key"] == ["country_id"]
    assert project.read_yaml("schemas/prices.yaml")["columns"]["preis"]["dtype"] == "float64"
    for name, rows in (("prices", 2), ("countries", 4)):
        validation = project.read_yaml(f"reports/{name}/validation.json")
        assert (validation["rows"], validation["violations"]) == (rows, [])
    # A dataset that somebody declared is told what it lacks, and read as it is.
    entry = {"path": "data/prices.csv", "type": "dataset", "meta": {"key": ["id"]}}
    project.write("dvc.yaml", yaml.safe_dump({"artifacts": {"prices": entry}}))
    notes = planned(project)["left_out"]
    assert german in next(note["why"] for note in notes if note["what"] == "data/prices.csv")


def inner_project(project: Project, name: str) -> Project:
    """A DVC root below the top of a git repository, with data."""
    inner = Project(project.root / name, project.origin, project.remote)
    inner.root.mkdir(parents=True, exist_ok=True)
    inner.dvc("init", "--quiet", "--subdir")
    inner.write("data/x.csv", "id,a\n1,2\n2,3\n")
    inner.write("requirements.txt", "")
    inner.dvc("add", "--quiet", "data/x.csv")
    return inner


@pytest.mark.slow  # tests/flows/versions has projects below the top
def test_dvc_below_the_top_of_git_gets_workflows_of_its_own(
    bare: Callable[..., Project],
) -> None:
    """At the top, where GitHub looks, named after the directory, beside those of another root."""
    project = bare({"README": "x"})
    churn, sales = (inner_project(project, f"models/{name}") for name in ("churn", "sales"))
    done = write(churn)
    assert not (churn.root / ".github").exists()
    assert "../../.github/workflows/data-models-churn.yml" in done.out
    write(sales)
    folder = project.root / ".github" / "workflows"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"data-models-{name}{step}.yml"
        for name in ("churn", "sales")
        for step in ("-release", "-report", "-verify", "-versions", "")
    ]  # fmt: skip
    prefixes = {
        name: root.read_yaml("params.yaml")["release"]["tag_prefix"]
        for name, root in (("churn", churn), ("sales", sales))
    }
    assert prefixes == {"churn": "data-models-churn-v", "sales": "data-models-sales-v"}
    check = project.read_yaml(".github/workflows/data-models-churn.yml")["jobs"]["check"]
    assert check["with"] == {
        "directory": "models/churn", "requirements": "models/churn/requirements.txt",
    }  # fmt: skip
    again = planned(churn)
    assert (again["files"], again["left_out"]) == ([], [])
    done = run(churn, "doctor", "--json", "--github", "acme/data", code=None)
    [line] = [line for line in done.json["lines"] if line["check"] == "workflows"]
    assert (line["state"], line["found"]) == ("ok", "check, report, release, verify")
    # One repository has one site: the second catalogue would take the place of the first.
    for root in (churn, sales):
        root.release_settings(site="https://acme.github.io/data/")
    write(churn)
    left = {Path(note["what"]).name: note["why"] for note in planned(sales)["left_out"]}
    assert set(left) == {"data-models-sales-site.yml", "data-models-sales-tags.yml"}
    assert "data-models-churn-site.yml deploys GitHub Pages" in left["data-models-sales-site.yml"]
    assert planned(churn)["left_out"] == []


def test_a_directory_that_no_workflow_can_name_is_said(bare: Callable[..., Project]) -> None:
    """The rest is done."""
    inner = inner_project(bare({"README": "x"}), "données")
    done = write(inner)
    assert "a workflow cannot name the directory données: its path may have letters" in done.out
    assert list(inner.read_yaml("dvc.yaml")["artifacts"]) == ["x"]


def test_workflows_name_the_version_that_was_chosen(lone: Project) -> None:
    """`--ref` takes a tag or a full SHA, and nothing that would not be one word of YAML."""
    done = refused(lone, "--yes", "--ref", "main # or what")
    assert "--ref: 'main # or what' is neither a tag nor the full SHA of a commit" in done.err
    sha = "0123456789abcdef0123456789abcdef01234567"
    done = write(lone, "--ref", sha)
    assert done.out.count("(with datarelease 0123456789ab)") == 5, "the plan says which"
    for path in (lone.root / ".github" / "workflows").iterdir():
        named = re.findall(rf"{re.escape(REPOSITORY)}[\w./-]*@(.*)", path.read_text())
        assert set(named) == {sha}, path
    assert f"/blob/{sha}/docs/settings.md" in (lone.root / "params.yaml").read_text()


def test_workflows_of_another_version_of_the_tool_are_ours(adopted: Project) -> None:
    """Dependabot moves the version: nothing is left to do, and no version has to be known."""
    for path in (adopted.root / ".github" / "workflows").iterdir():
        moved = re.sub(r"(datarelease[\w./-]*@)\S+.*", rf"\g<1>{'b' * 40} # v9", path.read_text())
        path.write_text(moved)
    plan = run(adopted, "init", "--json", env={"DATARELEASE_REF": ""}).json
    assert (plan["files"], plan["left_out"]) == ([], [])


def test_a_step_that_another_file_has_is_not_written_again(get_started: Project) -> None:
    """Files of earlier versions release in `data.yml`: a second file would release twice."""
    release = f"{REPOSITORY}/.github/workflows/release.yml@v0"
    check = f"{REPOSITORY}/.github/workflows/check.yml@v0"
    text = f"on: [push]\njobs: {{release: {{uses: {release}}}, check: {{uses: {check}}}}}\n"
    get_started.write(".github/workflows/data.yml", text)
    plan = write(get_started, "--json").json
    left = {note["what"]: note["why"] for note in plan["left_out"]}
    assert left[".github/workflows/data-release.yml"] == "data.yml does this already"
    written = {edit["path"] for edit in plan["files"]}
    assert ".github/workflows/data-release.yml" not in written
    assert ".github/workflows/data-report.yml" in written


@pytest.mark.slow  # tests/contract/test_own_commit.py finds it
def test_workflows_name_the_commit_of_the_tool_that_runs(lone: Project, tmp_path: Path) -> None:
    """The installed commit, while nothing is published; edited, no commit is named: exit 2."""
    tree, env = installed_tool(tmp_path)
    command = [sys.executable, "-m", "datarelease", "init", "--json"]

    def init(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], cwd=lone.root, env=env, check=False, capture_output=True, text=True
        )

    plan = json.loads(init().stdout)
    [text] = [e["after"] for e in plan["files"] if e["path"].endswith("/data-release.yml")]
    named = set(re.findall(rf"{re.escape(REPOSITORY)}[\w./-]*@(.*)", text))
    assert named == {f"{tree.git('rev-parse', 'HEAD')} # not published yet"}
    (tree.path / "src" / "datarelease" / "documents.py").open("a").write("# edited\n")
    done = init("--yes")
    assert done.returncode == 2
    assert "1 of its files differ from the last commit there, for example" in done.stderr
    assert "datarelease init --ref COMMIT" in done.stderr
    assert not (lone.root / "schemas").exists()


def test_a_declared_dataset_that_is_no_table_is_pointed_out(get_started: Project) -> None:
    """DVC's own example declares XML as a dataset: it stays, and what will come of it is said."""
    declared = "artifacts:\n  raw:\n    path: data/raw.xml\n    type: dataset\n"
    get_started.write("dvc.yaml", (get_started.root / "dvc.yaml").read_text() + declared)
    done = write(get_started)
    assert "data/raw.xml: dvc.yaml declares it as the dataset raw" in done.out
    assert "give the entry another `type`" in done.out
    assert set(get_started.read_yaml("dvc.yaml")["artifacts"]) == {"raw", "listings", "prepared"}


def test_files_that_dvc_does_not_track_are_added_where_they_are_named(
    bare: Callable[..., Project],
) -> None:
    """Nothing is taken unasked; with `--dataset` the plan has DVC track them, and asks first."""
    project = bare({"images/a.png": "a", "images/b.png": "b"})
    assert "`datarelease init --dataset PATH`" in refused(project, "--yes").text
    done = run(project, "init", "--plan", "--dataset", "images")
    assert "dvc add --quiet images" in done.out
    assert "git rm -r --cached --quiet -- images" in done.out
    assert not (project.root / ".dvc").exists()


def test_data_that_git_ignores_is_named(bare: Callable[..., Project]) -> None:
    """Where nothing else is found, the ignored tables are, with what to do about them."""
    project = bare({".gitignore": "/data/\n/.venv/\n"})
    project.write("data/x.csv", "a\n1\n")
    project.write(".venv/lib/y.csv", "a\n1\n")
    done = refused(project, "--yes")
    assert "data/x.csv: git ignores it" in done.text
    assert "y.csv" not in done.text


def test_what_dvc_has_git_ignore_stays_ignored(bare: Callable[..., Project]) -> None:
    """`dvc add` and init both add to the .gitignore at the top: no rule is lost."""
    project = bare({"sales.csv": "id,a\n1,2\n2,3\n", ".gitignore": "/mine"})
    write(project)
    rules = (project.root / ".gitignore").read_text().split()
    assert rules == [
        "/mine",
        "/sales.csv",
        "/reports/report.*",
        "/reports/pull-request.json",
        "/reports/*/*.parquet",
    ]
    assert "?? sales.csv" not in project.git("status", "--porcelain").splitlines()


def test_a_failure_at_the_last_step_takes_the_remotes_back(get_started: Project) -> None:
    """When the files cannot be written, DVC's configuration is as it was, too."""
    points = [Point(step=Step.EDIT, act=full_disk)]
    before = files_of(get_started)
    done = run(get_started, "init", "--yes", "--remote", "s3://flats", code=2, points=points)
    assert "No space left" in done.err
    assert files_of(get_started) == before


def full_disk() -> None:
    """What writing to a full disk ends in."""
    raise ConfigError("No space left on device.")


def test_names_of_columns_cannot_command_the_terminal(get_started: Project) -> None:
    """Escape sequences in a header come out spelled, never raw."""
    get_started.write("data/listings.csv", "id,e\x1b[31mmail\n1,x\n2,y\n")
    done = write(get_started)
    assert "\x1b" not in done.out
    assert "\x1b" not in get_started.root.joinpath("dvc.yaml").read_text()
    assert "\x1b" not in get_started.root.joinpath("schemas/listings.yaml").read_text()


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 2), (b"y\n", 0)])
def test_a_person_is_asked(lone: Project, answer: bytes, code: int) -> None:
    """On a terminal the plan is shown, and carried out only after a yes."""
    with terminal() as there:
        started = start(lone, "init", prepare=partial(attach, there.name, 0, 1, 2))
        there.watch(started, until=b"[y/N]")
        there.type(answer)
        there.watch(started)
        assert started.wait().code == code
    assert (lone.root / "schemas").exists() == (code == 0)


def test_the_data_is_pulled_with_the_credentials_of_the_remote_alone(
    lone: Project, bucket: Bucket, tmp_path: Path
) -> None:
    """From the environment, as everywhere; without them the remote refuses: exit 3."""
    lone.use_bucket(bucket)
    lone.dvc("push", "--quiet")
    lone.commit("A private remote")
    lone.push()
    clone = fresh_clone(lone, tmp_path / "clone")
    keys = {
        "DATARELEASE_STORAGE_ACCESS_KEY_ID": bucket.keys.access,
        "DATARELEASE_STORAGE_SECRET_ACCESS_KEY": bucket.keys.secret,
    }
    write(clone, env=keys)
    shutil.rmtree(clone.root / ".dvc" / "cache")
    assert "`dvc pull data/listings.csv` failed" in run(clone, "init", "--yes", code=3).err
    done = run(clone, "init", "--yes", env=keys)
    assert "git add dvc.lock reports/listings/validation.json" in done.out
    assert "an earlier run wrote" in done.out
    assert bucket.keys.secret not in done.text


def test_what_dvc_never_pushes_is_left_out(lone: Project) -> None:
    """An output with `push: false` is not adopted as a dataset, and init says why."""
    mark(lone, push=False)
    assert "push: false" in refused(lone, "--yes").text


def test_data_on_a_remote_of_its_own_is_read_there(lone: Project) -> None:
    """`remote: NAME` of an output is where init looks for data that is not available."""
    (lone.root / ".dvc" / "cache").rename(lone.root.with_name("other"))
    lone.add_remote("other", str(lone.root.with_name("other")))
    mark(lone, remote="other")
    (lone.root / "data/listings.csv").unlink()
    shutil.rmtree(lone.remote)
    assert [dataset["path"] for dataset in planned(lone)["datasets"]] == ["data/listings.csv"]


def mark(project: Project, **flags: object) -> None:
    """Give the output of the one `.dvc` file flags."""
    content = project.read_yaml("data/listings.csv.dvc")
    content["outs"][0].update(flags)
    project.write("data/listings.csv.dvc", yaml.safe_dump(content))


# --- what is no table


@pytest.mark.slow  # tests/unit/adopt/test_file_datasets.py suggests their rules
def test_pictures_and_an_xml_file_are_adopted(get_started: Project) -> None:
    """Data that was added or declared is a dataset of files; a model that a stage makes is none."""
    project = get_started
    for number in range(4):
        project.write(f"images/{number}.png", b"\x89PNG\r\n\x1a\n" + bytes(number * 400))
    project.write("images/labels.csv", "id,label\n0,cat\n1,dog\n")
    for number in (1, 2):
        project.write(f"texts/chapter {number}.txt", f"Text {number}")
    project.write("data.xml", "<people/>")
    project.dvc("add", "--quiet", "images", "texts", "data.xml")
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"] = {"posts": {"path": "data.xml", "type": "dataset"}}
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    project.commit("Other data")
    project.push()
    plan = planned(project)
    found = {one["name"]: one for one in plan["datasets"] if one["files"] is not None}
    assert {name: one["files"] for name, one in found.items()} == {
        "images": 5, "texts": 2, "posts": 1,
    }  # fmt: skip
    assert not any("model" in one["path"] for one in plan["datasets"])
    said = run(project, "init", "--yes").text
    assert "images: images, added with dvc add; 5 files" in said
    artifacts = project.read_yaml("dvc.yaml")["artifacts"]
    assert artifacts["images"]["meta"] == artifacts["posts"]["meta"] == {"files": None}
    text = (project.root / "dvc.yaml").read_text()
    assert "# kinds: [image/png, text/csv]" in text
    assert r'# names: "[A-Za-z0-9._-]+\\.(csv|png)"' in text
    assert "# max_size: 5kB" in text
    project.commit("Adopt data releases")
    project.push()
    report = run(project, "check", "--json").json
    assert report["verdict"]["findings"] == []
    # The rules hold as they stand: they are comments only so that people decide.
    lines = [line.replace("# ", "", 1) if "# kinds" in line or "# names" in line or "# max" in line
             else line for line in text.splitlines()]  # fmt: skip
    project.write("dvc.yaml", "\n".join(lines) + "\n")
    project.commit("Rules")
    report = run(project, "check", "--json").json
    assert [one for one in report["verdict"]["findings"] if one["rule"] == "violations"] == []
