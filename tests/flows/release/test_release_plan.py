"""The plan of a release: its steps and their state, and nothing done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.commands import run
from tests.project import REMOTE, Project

import datarelease as dr
from datarelease.documents import to_json

pytestmark = pytest.mark.one_dataset


def states(project: Project, *arguments: str, code: int = 0) -> dict[str, tuple[str, str]]:
    """State and words of each step, by its name."""
    plan: Any = run(project, "release", "--plan", "--json", *arguments, code=code).json
    return {step["name"]: (step["state"], step["what"]) for step in plan["steps"]}


def everything(project: Project) -> tuple[object, ...]:
    """All that a release changes: refs and work tree here and there, and files on the remote."""
    return (
        project.git("for-each-ref", "refs/heads", "refs/tags"),
        project.git("ls-remote", "origin"),
        project.git("status", "--porcelain"),
        sorted(path.as_posix() for path in project.remote.rglob("*")),
        (project.root / "dvc.lock").read_bytes(),
    )


def test_the_steps_of_the_first_release_and_of_none(built: Project) -> None:
    """Before a release all is to do, after it nothing is; neither look changes anything."""
    before = everything(built)
    plan = run(built, "release", "--plan", "--json").json
    assert (plan["tag"], plan["verdict"], plan["format"]) == ("data-v1", "pass", 1)
    found = {step["name"]: step["state"] for step in plan["steps"]}
    assert found == {
        "branch": "done", "pipeline": "done", "check": "done", "review": "skipped",
        "version": "to do", "push": "to do", "verify": "to do", "record": "to do",
        "commit": "skipped", "tag": "to do", "copies": "to do",
    }  # fmt: skip
    shown = run(built, "release", "--plan").text
    assert "data-v1, the next number that is not in use" in shown
    assert everything(built) == before
    run(built, "release")
    after = everything(built)
    steps = states(built)
    assert steps["tag"] == ("skipped", "nothing to release: same data as data-v1")
    assert steps["check"] == ("done", "verdict pass, compared with data-v1")
    assert everything(built) == after


def test_a_stale_lock_is_said_and_stays(released: Project) -> None:
    """Where stages have to run first, they are named and not run."""
    released.params(rows=25)
    released.commit("Other parameters")
    released.push()
    before = everything(released)
    steps = states(released)
    state, what = steps["pipeline"]
    assert (state, what.startswith("dvc.lock is out of date: `dvc repro` runs make")) == (
        "to do",
        True,
    )
    assert steps["tag"] == ("to do", "it depends on the data that is made")
    assert everything(released) == before


@pytest.mark.slow  # test_loop.py uploads what changed
@pytest.mark.two_datasets
def test_objects_that_are_there_are_not_sent(built: Project) -> None:
    """Pushed by hand, the data is on the remote already; what is missing is counted."""
    built.dvc("push", "--quiet")
    assert states(built)["push"][0] == "done"
    next(path for path in (built.remote / "files").rglob("*") if path.is_file()).unlink()
    assert states(built)["push"] == ("to do", f"{REMOTE}: 1 of 5 objects to send")


def test_a_refusal_is_a_step_and_an_exit_code(released: Project) -> None:
    """Other data than reviewed is shown in the plan, which then ends as the release would."""
    steps = states(released, "--reviewed", "0" * 64, code=4)
    assert steps["review"][0] == "refused"
    assert steps["tag"] == ("skipped", "the release is refused")


def test_python_returns_the_plan_that_the_command_prints(built: Project) -> None:
    """`dr.release(plan=True)` is the value behind `release --plan`, and does nothing either."""
    before = everything(built)
    plan = dr.release(repo=built.root, plan=True)
    assert to_json(plan) == run(built, "release", "--plan", "--json").json
    assert repr(plan) == "<ReleasePlan data-v1: pass, 6 to do>"
    assert everything(built) == before


def test_python_returns_a_refused_plan(released: Project) -> None:
    """Where the release would raise, its plan has a step that is refused."""
    plan = dr.release(repo=released.root, reviewed="0" * 64, plan=True)
    assert [step.name for step in plan.steps if step.state == "refused"] == ["review"]
    assert plan.tag is None


@pytest.mark.parametrize("option", ["--bundle", "--out"])
def test_a_plan_is_about_the_work_tree(built: Project, option: str, tmp_path: Path) -> None:
    """A plan takes no bundle and writes no record."""
    done = run(built, "release", "--plan", option, str(tmp_path / "x"), code=2)
    assert "--plan excludes --bundle and --out" in done.text
