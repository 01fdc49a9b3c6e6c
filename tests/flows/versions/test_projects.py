"""Several DVC projects in one repository: adopted, released and read apart from each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project

import datarelease as dr
from datarelease.app.projects import split_subdirectory
from datarelease.errors import ConfigError

pytestmark = pytest.mark.one_dataset

DIRECTORIES = ("models/churn", "sales")


def tag(directory: str) -> str:
    """The first version of the project there."""
    return f"data-{directory.replace('/', '-')}-v1"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two projects below the top of a repository, adopted by one command and released."""
    folder = tmp_path_factory.mktemp("projects")
    project = Project(folder / "work", folder / "origin.git", folder / "remote")
    project.root.mkdir()
    with environment(hermetic_environment(folder / "home") | {"DATARELEASE_REF": "v1.0.0"}):
        project.git("init", "--quiet")
        for directory in DIRECTORIES:
            project.write(f"{directory}/data/t.csv", f"id,name\n1,{directory}\n2,x\n")
            place = project.root / directory
            below = Project(place, project.origin, project.remote / directory)
            below.dvc("init", "--quiet", "--subdir")
            below.dvc("add", "--quiet", "data/t.csv")
            below.dvc("remote", "add", "--default", "storage", str(below.remote))
        project.run("git", "init", "--quiet", "--bare", str(project.origin))
        project.git("remote", "add", "origin", str(project.origin))
        run(project, "init", "--all", "--yes")
        project.commit("Adopt data releases")
        project.git("push", "--quiet", "--set-upstream", "origin", "main")
        for directory in DIRECTORIES:
            run(project, "release", "-C", directory)
    return project


def test_each_project_is_adopted_with_files_and_tags_of_its_own(both: Project) -> None:
    """One command writes settings and workflows for each; a second run finds nothing to do."""
    names = {path.name for path in (both.root / ".github" / "workflows").iterdir()}
    assert {"data-sales.yml", "data-models-churn.yml"} <= names
    assert set(both.git("ls-remote", "--tags", "origin").split()) >= {
        f"refs/tags/{tag(directory)}" for directory in DIRECTORIES
    }
    done = run(both, "init", "--all", "--yes")
    assert done.out.count("nothing to do") == len(DIRECTORIES)


@pytest.mark.parametrize("arguments", [("-C", "sales", "list"), ("list", "-C", "sales")])
def test_c_names_the_directory_before_or_after_the_command(
    both: Project, arguments: tuple[str, ...]
) -> None:
    """As in git; what a command is given besides is relative to it."""
    assert tag("sales") in run(both, *arguments).out
    assert tag("models/churn") in run(both, "-C", "models", "list", "-C", "churn").out
    refused = run(both, "-C", "nowhere", "list", code=2)
    assert "nowhere" in refused.err


def test_a_whole_tag_says_which_project_is_read(both: Project, tmp_path: Path) -> None:
    """From the top of a clone, and by address alone, for commands and in Python."""
    for directory in DIRECTORIES:
        assert tag(directory) in run(both, "show", tag(directory)).out
        for address in (f"file://{both.origin}", str(both.root)):
            names = dr.load(tag(directory), "t", repo=address)["name"]
            assert list(names) == [directory, "x"]
            assert len(dr.files(tag(directory), "t", repo=address)) == 1
    target = tmp_path / "got"
    run(both, "get", tag("sales"), str(target), "--repo", f"file://{both.origin}")
    assert (target / "data" / "t.csv").read_text().startswith("id,name\n1,sales")


def test_an_address_may_name_the_directory(both: Project) -> None:
    """Then short spellings of versions will do; a directory without a project is refused."""
    address = f"file://{both.origin}#subdirectory="
    assert [version.tag for version in dr.versions(repo=f"{address}sales")] == [tag("sales")]
    found = dr.load("latest", "t", repo=f"{address}models/churn")
    assert list(found["name"]) == ["models/churn", "x"]
    for directory, said in (("models", "has no models/.dvc/config"), ("../x", "'../x' is not")):
        with pytest.raises(ConfigError, match=said):
            dr.versions(repo=f"{address}{directory}")
    with pytest.raises(ConfigError, match="is not a DVC project"):
        dr.versions(repo=f"{both.root / 'sales'}#subdirectory=data")


def test_what_could_mean_either_project_is_refused_with_their_names(both: Project) -> None:
    """Reading by a short spelling, and writing from the top, name all projects and the way out."""
    with pytest.raises(ConfigError) as failed:
        dr.load("latest", "t", repo=f"file://{both.origin}")
    read = run(both, "show", "v1", code=2).text
    written = run(both, "check", code=2).text
    for text in (str(failed.value), read, written):
        assert all(f"{directory} (data-" in text for directory in DIRECTORIES)
    assert "#subdirectory=" in str(failed.value)
    assert "datarelease -C models/churn" in written


def test_a_directory_becomes_a_project_of_its_own(both: Project, tmp_path: Path) -> None:
    """`init --subdir` runs `dvc init --subdir`, also below another project."""
    both.git("clone", "--quiet", str(both.origin), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone", both.origin, both.remote)
    clone.write("sales/web/data/pages.csv", "id,name\n1,a\n2,b\n")
    run(clone, "-C", "sales/web", "init", "--subdir", "--yes", "--remote", str(tmp_path / "r"),
        env={"DATARELEASE_REF": "v1.0.0"})  # fmt: skip
    assert (clone.root / "sales/web/.dvc/config").is_file()
    assert "data-sales-web-v" in (clone.root / "sales/web/params.yaml").read_text()
    assert (clone.root / ".github/workflows/data-sales-web.yml").is_file()


def test_a_fragment_of_another_kind_stays_with_the_address() -> None:
    """Only `#subdirectory=` at the end is taken off."""
    assert split_subdirectory("https://u:p#x@host/a") == ("https://u:p#x@host/a", None)


@pytest.mark.slow  # test_wording.py releases what a folder's pipeline makes
def test_a_dataset_may_be_declared_beside_its_data(built: Project) -> None:
    """A `dvc.yaml` in a folder declares datasets with paths from there, as DVC reads them."""
    built.write("sub/data/u.csv", "id,x\n1,2\n1,3\n")
    built.write(
        "sub/dvc.yaml",
        "artifacts:\n  u:\n    path: data/u.csv\n    type: dataset\n    meta: {key: [id]}\n",
    )
    built.dvc("add", "--quiet", "sub/data/u.csv")
    assert (
        "u: 1 check failed. next: Correct the data or the key."
        in run(built, "validate", "u", code=1).text
    )
    built.commit("A dataset below")
    built.push()
    assert "u" in run(built, "check", code=1).text
    built.write("sub/data/u.csv", "id,x\n1,2\n2,3\n")
    built.dvc("add", "--quiet", "sub/data/u.csv")
    built.commit("Unique keys")
    built.push()
    run(built, "release")
    clone = built.clone(built.root.parent / "fresh")
    frame = dr.load("data-v1", "u", repo=clone.root)
    assert list(frame["id"]) == [1, 2]
    assert "dataset u in sub/dvc.yaml" in run(built, "init", "--plan").text


def test_two_declarations_of_one_name_are_refused(built: Project) -> None:
    """Both files are named."""
    built.write("sub/dvc.yaml", "artifacts:\n  people: {path: ../data/people.csv, type: dataset}\n")
    done = run(built, "check", code=2)
    assert (
        "sub/dvc.yaml: artifacts.people: dvc.yaml also declares a dataset with this name"
        in done.text
    )


@pytest.mark.slow  # test_loop.py rolls back
def test_a_rollback_leaves_the_projects_below_alone(released: Project) -> None:
    """What another project tracks is neither restored nor removed."""
    nested = Project(released.root / "sub", released.origin, released.remote)
    nested.root.mkdir()
    nested.dvc("init", "--quiet", "--subdir")
    nested.write("u.csv", "id\n1\n")
    nested.dvc("add", "--quiet", "u.csv")
    released.params(rows=25)
    released.commit("More people, and a project below")
    released.push()
    released.repro()
    released.commit("Lock")
    released.push()
    run(released, "release")
    assert "u.csv" not in run(released, "show", "data-v2").text
    run(released, "rollback", "data-v1")
    assert (nested.root / "u.csv.dvc").is_file()
    changed = released.git("show", "--name-only", "--format=", "HEAD").split()
    assert "dvc.lock" in changed
    assert not [name for name in changed if name.startswith("sub/")]
