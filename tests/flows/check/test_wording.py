"""What check says of each kind of change, and that it reads no more than it has to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import run
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import manifest, object_path, tags

pytestmark = pytest.mark.one_dataset

HEADER = '("id", "name", "email", "plan", "spend"), people)'
TABLES: dict[str, tuple[str, list[str]]] = {
    "added": (
        '("id", "name", "email", "plan", "spend", "age"), [(*p, 7) for p in people])', ["added"],
    ),
    "removed": ('("id", "name", "email", "spend"), [(*p[:3], p[4]) for p in people])', ["removed"]),
    "renamed": ('("id", "name", "email", "tariff", "spend"), people)', ["renamed"]),
    "retyped": (
        '("id", "name", "email", "plan", "spend"), [(*p[:4], f"{p[4]} EUR") for p in people])',
        ["retyped"],
    ),
}  # fmt: skip


def checked(project: Project, *arguments: str, code: int | None = None) -> tuple[Any, str]:
    """The report of a check, and what a person reads."""
    spoken = run(project, "check", *arguments, code=code).text
    markdown, report = (
        (project.root / f"reports/report.{form}").read_text(encoding="utf-8")
        for form in ("md", "json")
    )
    return json.loads(report), f"{spoken}\n{markdown}"


def of(report: Any, name: str) -> Any:
    """What the report says of one dataset's change."""
    return next(item["diff"] for item in report["datasets"] if item["name"] == name)


@pytest.mark.two_datasets
def test_the_first_release_is_a_profile_and_no_error(built: Project) -> None:
    """No baseline: every dataset is new, and merging publishes data-v1."""
    report, words = checked(built, code=0)
    assert (report["outcome"], report["base"], report["tag"]) == ("first", None, "data-v1")
    assert {item["diff"]["status"] for item in report["datasets"]} == {"added"}
    assert "first release" in words
    assert "data-v1" in words


def test_no_change_is_said(released: Project) -> None:
    """Same data, same params: nothing to release."""
    report, words = checked(released, code=0)
    assert (report["outcome"], report["tag"], report["base"]) == ("unchanged", None, "data-v1")
    assert "nothing to release" in words
    assert "same data as data-v1" in words


@pytest.mark.two_datasets
def test_an_edit_says_what_merging_publishes(edited: Project) -> None:
    """The next tag, the base, the parameters that changed, old and new, and the rows."""
    report, words = checked(edited, code=0)
    assert (report["outcome"], report["base"], report["tag"]) == ("release", "data-v1", "data-v2")
    changes = {change["name"]: (change["before"], change["after"]) for change in report["params"]}
    assert changes == {"make.rows": ("20", "25"), "make.parts": ("3", "4")}
    assert "merging publishes data-v2" in words.replace("*", "")
    assert of(report, "people")["rows"]["added"] == 5
    assert of(report, "events")["files"] == {
        "added": 1, "removed": 0, "changed": 0, "unchanged": 3, "renamed": 0,
    }  # fmt: skip


@pytest.mark.slow  # test_loop.py rolls back
def test_data_of_an_older_version_is_called_a_roll_back(edited: Project) -> None:
    """The data is that of data-v1: said so, with the number that it gets."""
    run(edited, "release")
    edited.params(rows=20, parts=3)
    report, words = checked(edited, code=0)
    assert (report["outcome"], report["rollback_of"], report["tag"]) == (
        "rollback", "data-v1", "data-v3",
    )  # fmt: skip
    assert "data of data-v1" in words.replace("*", "")


@pytest.mark.parametrize("kind", slow_but({"renamed"}, TABLES))
def test_each_change_of_columns_has_its_word(released: Project, kind: str) -> None:
    """A column added, removed, renamed or of another type is reported as just that."""
    script = (released.root / "make.py").read_text()
    table, kinds = TABLES[kind]
    assert HEADER in script
    released.write("make.py", script.replace(HEADER, table))
    report, words = checked(released)
    assert [change["kind"] for change in of(report, "people")["schema"]] == kinds
    column = {"added": "age", "removed": "plan", "renamed": "tariff", "retyped": "spend"}[kind]
    assert column in words
    expected = "additive" if kind == "added" else "breaking"
    assert report["compatibility"] == expected


def test_datasets_added_and_removed(released: Project) -> None:
    """A dataset that is new, and one that is gone: additive and breaking, both named."""
    declared = released.read_yaml("dvc.yaml")
    declared["artifacts"]["copies"] = declared["artifacts"].pop("people")
    released.write("dvc.yaml", yaml.safe_dump(declared))
    report, words = checked(released, code=1)
    assert (of(report, "copies")["status"], of(report, "people")["status"]) == ("added", "removed")
    assert report["compatibility"] == "breaking"
    assert "people" in words
    assert "copies" in words


def test_the_base_can_be_named(edited: Project) -> None:
    """--base compares with an older version, and says that there is a newer one."""
    run(edited, "release")
    edited.params(rows=30)
    report, words = checked(edited, "--base", "data-v1", code=0)
    assert (report["base"], report["tag"]) == ("data-v1", "data-v3")
    assert of(report, "people")["rows_before"] == 20
    assert "the newest version is data-v2" in words


def test_reports_go_where_they_are_told_to(released: Project, tmp_path: Path) -> None:
    """--out names the directory; the default is reports/."""
    run(released, "check", "--out", str(tmp_path / "there"))
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == [
        "report.html", "report.json", "report.md",
    ]  # fmt: skip
    assert not (released.root / "reports").exists()


@pytest.mark.two_datasets
@pytest.mark.slow  # tests/unit/flows/test_row_diff_memo.py says so of parts
def test_only_changed_parts_are_read_for_the_row_diff(edited: Project) -> None:
    """`diff` needs the two changed parts only: it works with all others gone from everywhere."""
    run(edited, "release")
    script = (edited.root / "make.py").read_text()
    edited.write("make.py", script.replace("n * 1.5", "n * (9.5 if part == 1 else 1.5)"))
    edited.commit("Another part 1", "make.py")
    run(edited, "release")
    old, new = (manifest(edited.remote, tag)["datasets"][0] for tag in ("data-v2", "data-v3"))
    assert old["name"] == "events"
    shared = {file["md5"] for file in old["files"]} & {file["md5"] for file in new["files"]}
    assert len(shared) == 3
    for place in (edited.remote, edited.root / ".dvc/cache"):
        for md5 in shared:
            object_path(place, md5).unlink()
    shutil.rmtree(edited.root / "data")
    report = run(edited, "diff", "2", "3", "--json").json
    rows = of(report, "events")["rows"]
    assert (rows["changed"], rows["unchanged"], rows["skipped_files"]) == (9, 1, 3)


def inside_a_directory(project: Project) -> None:
    """The dataset `part` is one file of the tracked directory."""
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"] = {
        "part": {"path": "data/events/part-1.csv", "type": "dataset", "meta": {"key": ["event"]}},
    }  # fmt: skip
    project.write("dvc.yaml", yaml.safe_dump(declared))
    project.commit("One part is the dataset")
    project.push()


@pytest.mark.two_datasets
@pytest.mark.slow  # tests/flows/release/test_tracked.py releases one
def test_a_dataset_inside_of_a_tracked_directory(built: Project) -> None:
    """One file of a tracked directory is a dataset: other files of it make no version."""
    inside_a_directory(built)
    assert run(built, "release", "--json").json["tag"] == "data-v1"
    assert [file["path"] for file in manifest(built.remote, "data-v1")["datasets"][0]["files"]] == [
        "part-1.csv",
    ]  # fmt: skip
    built.params(parts=5)
    built.commit("More parts")
    built.push()
    assert run(built, "release", "--json").json["released"] is False
    script = (built.root / "make.py").read_text()
    built.write("make.py", script.replace("n * 1.5", "n * 2.5"))
    built.commit("Other values")
    built.push()
    report, _ = checked(built, code=0)
    assert of(report, "part")["rows"]["changed"] == 9
    assert run(built, "release", "--json").json["tag"] == "data-v2"
    shutil.rmtree(built.root / "data")
    shutil.rmtree(built.root / ".dvc/cache")
    run(built, "get", "data-v2", "out")
    assert "2.5" in (built.root / "out/data/events/part-1.csv").read_text()
    built.dvc("pull", "--quiet")
    assert (built.root / "data/people.csv").is_file(), "what is no dataset was pushed as well"


def in_a_subdirectory(project: Project) -> Project:
    """The same repository one level down: git at the top, DVC (``--subdir``) in data/."""
    top = project.root
    inner = top / "inner"
    inner.mkdir()
    for name in ("data", "make.py", "dvc.yaml", "dvc.lock", "params.yaml", ".dvc", ".dvcignore"):
        (top / name).rename(inner / name)
    config = (inner / ".dvc/config").read_text()
    (inner / ".dvc/config").write_text(
        config.replace("../../remote", "../../../remote").replace(
            "[core]\n", "[core]\n    no_scm = false\n"
        )
    )
    moved = Project(inner, project.origin, project.remote)
    moved.git("-C", str(top), "add", "-A")
    moved.commit("One level down")
    moved.push()
    return moved


@pytest.mark.slow  # tests/flows/versions/test_projects.py has projects below the top
def test_dvc_in_a_subdirectory_of_git(built: Project) -> None:
    """Dvc init --subdir: the whole loop works there, and other directories do not matter."""
    project = in_a_subdirectory(built)
    (project.root.parent / "unrelated.txt").write_text("not ours")
    assert run(project, "release", "--json").json["tag"] == "data-v1"
    project.params(rows=30)
    project.commit("More rows", "params.yaml")
    project.push()
    report = run(project, "check", "--json").json
    assert [change["name"] for change in report["params"]] == ["make.rows"]
    result = run(project, "release", "--json").json
    assert (result["tag"], result["uploaded"]) == ("data-v2", 1)
    listed = project.git("diff", "--name-only", "HEAD^", "HEAD")
    assert listed == "inner/dvc.lock"
    run(project, "rollback", "data-v1")
    done = run(project, "release", "--json", "--branch", "rollback-to-data-v1")
    assert done.json["rollback_of"] == "data-v1"
    assert tags(project) == ["data-v1", "data-v2", "data-v3"]


Edit = Callable[[Project], None]


def big_names(project: Project) -> None:
    """Names that try to break out of tables, terminals and web pages."""
    script = (project.root / "make.py").read_text()
    names = ["i|d", "na`me", "<b>email</b>", "pl\\nan 🐧", "שלום"]
    project.write("make.py", script.replace(
        '("id", "name", "email", "plan", "spend")', repr(tuple(names)),
    ))  # fmt: skip
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"] = {"key": ["i|d"]}
    project.write("dvc.yaml", yaml.safe_dump(declared, allow_unicode=True))


def wide(project: Project) -> None:
    """300 columns and values of 10,000 characters."""
    script = (project.root / "make.py").read_text()
    project.write("make.py", script.replace(
        HEADER,
        '("id", *(f"c{n}" for n in range(299))),'
        ' [(p[0], "x" * 10_000, *range(298)) for p in people])',
    ))  # fmt: skip


# Limits of the page are those of tests/unit/render.
@pytest.mark.parametrize("edit", slow_but({"big_names"}, [big_names, wide], lambda e: e.__name__))
def test_reports_stay_whole_and_short(released: Project, edit: Edit) -> None:
    """Strange names and large tables: reports are written, the comment under its limit."""
    edit(released)
    done = run(released, "check", code=None)
    assert done.code in {0, 1}, done.err
    markdown = (released.root / "reports/report.md").read_text(encoding="utf-8")
    assert len(markdown) < 60_000
    page = (released.root / "reports/report.html").read_text(encoding="utf-8")
    assert "<b>email</b>" not in page


def test_a_pipeline_in_a_subdirectory_is_run_and_released(built: Project) -> None:
    """A dataset made by ``sub/dvc.yaml`` is reproduced and released as one of the root's."""
    stage = {
        "stages": {
            "copy": {
                "cmd": "python -c \"open('more.csv', 'w').write('id\\n1\\n2\\n')\"",
                "outs": ["more.csv"],
            }
        }
    }
    built.write("sub/dvc.yaml", yaml.safe_dump(stage))
    dvc_yaml = built.read_yaml("dvc.yaml")
    dvc_yaml["artifacts"]["more"] = {"path": "sub/more.csv", "type": "dataset"}
    built.write("dvc.yaml", yaml.safe_dump(dvc_yaml))
    built.commit("A second pipeline")
    built.push()
    assert run(built, "release", "--json").json["tag"] == "data-v1"
    found = {part["name"]: part["rows"] for part in manifest(built.remote, "data-v1")["datasets"]}
    assert found["more"] == 2
    assert "`dvc repro` is skipped" in run(built, "check").err
