"""docs/migrate.md, played: a repository that released by hand adopts, releases and goes on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project

PAGE = Path(__file__).parents[3] / "docs" / "migrate.md"
pytestmark = pytest.mark.slow
CHECKED = re.compile(r"<!-- checked: \S+test_migrate\.py -->\n```console\n(.*?)```", re.DOTALL)
DATA = "data/customers.csv"


def blocks() -> list[list[str]]:
    """The commands of each block of the page that this module plays."""
    return [
        [line.removeprefix("$ ") for line in found.splitlines()]
        for found in CHECKED.findall(PAGE.read_text(encoding="utf-8"))
    ]


def play(project: Project, commands: list[str]) -> str:
    """What the commands print; each has to succeed."""
    said = []
    for command in commands:
        for part in command.split(" && "):
            program, *arguments = shlex.split(part)
            match program:
                case "datarelease":
                    said.append(run(project, *arguments).text)
                case "git":
                    said.append(project.git(*arguments))
                case _:
                    assert program == "dvc"
                    said.append(project.dvc(*arguments, served=True))
    return "\n".join(said)


def write(project: Project, rows: int) -> None:
    """The data with so many rows, as a commit."""
    lines = "".join(f"{number},name {number}\n" for number in range(rows))
    project.write(DATA, f"id,name\n{lines}")
    project.dvc("add", "--quiet", DATA)
    project.commit(f"{rows} rows")


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, list[str]]]:
    """Two tags by hand, then the page's steps 1 to 4; and what each block printed."""
    folder = tmp_path_factory.mktemp("migrate")
    project = Project(folder / "work", folder / "origin.git", folder / "remote")
    project.root.mkdir()
    env = hermetic_environment(folder / "home") | {"DATARELEASE_REF": "v1.0.0"}
    with environment(env):
        project.git("init", "--quiet")
        project.dvc("init", "--quiet")
        project.dvc("remote", "add", "--default", "storage", str(project.remote))
        for rows, tag in ((20, "v1.2.0"), (21, "data-v4")):
            write(project, rows)
            project.git("tag", tag)
        project.dvc("push", "--quiet", "--all-tags")
        write(project, 22)
        project.run("git", "init", "--quiet", "--bare", str(project.origin))
        project.git("remote", "add", "origin", str(project.origin))
        project.git("push", "--quiet", "--set-upstream", "origin", "main", "--tags")
        *before, release, _ = blocks()
        said = [play(project, block) for block in before]
        project.push()
        said.append(play(project, release))
        yield project, said


def test_the_page_has_the_blocks_that_are_played() -> None:
    """Five blocks, of which the last restores an old state."""
    assert [len(block) for block in blocks()] == [2, 1, 3, 3, 3]


def test_old_tags_take_numbers_and_are_no_versions(migrated: tuple[Project, list[str]]) -> None:
    """`data-v4` made by hand: the first version is data-v5, compared with nothing."""
    project, said = migrated
    assert "v1.2.0" in said[0]
    listed = run(project, "list", "--json").json
    assert [version["tag"] for version in listed] == ["data-v5"]
    assert "nothing: the first version" in run(project, "show", "data-v5").text


def test_gc_keeps_what_old_tags_name(migrated: tuple[Project, list[str]]) -> None:
    """Nothing of the versions before is on the list of what may go."""
    project, _ = migrated
    before = {path for path in project.remote.rglob("*") if path.is_file()}
    run(project, "gc", "--apply", "--older-than", "1d")
    assert before <= {path for path in project.remote.rglob("*") if path.is_file()}


def test_an_old_state_becomes_the_newest_version(migrated: tuple[Project, list[str]]) -> None:
    """The last block brings the data of v1.2.0 back, and merging it releases data-v6."""
    project, _ = migrated
    play(project, blocks()[-1])
    assert len((project.root / DATA).read_text().splitlines()) == 21
    project.dvc("repro", "--quiet", served=True)
    project.commit("The data of v1.2.0")
    project.git("switch", "main", "--quiet")
    project.git("merge", "--quiet", "restore-v1.2.0")
    project.push()
    assert "data-v6" in run(project, "release").text
