"""A check that computes with Spark, here on Sail: the same report, made in its own process."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.commands import run
from tests.project import Project

pytestmark = pytest.mark.one_dataset

VALIDATE = """\
  validate-people:
    cmd: datarelease validate people
    deps: [data/people.csv]
    metrics:
      - reports/people/validation.json:
          cache: false
  profile-people:
    cmd: datarelease profile people
    deps: [data/people.csv]
    metrics:
      - reports/people/profile.json:
          cache: false
artifacts:
"""


def report(project: Project, *arguments: str) -> dict[str, Any]:
    """The report of a check, without what an edit of the engine's name changes."""
    found: dict[str, Any] = json.loads(run(project, "check", "--json", *arguments).out)
    del found["params"], found["commit"]
    return found


def test_the_report_is_that_of_duckdb(edited: Project) -> None:
    """Whatever is computed, none of it depends on the engine."""
    expected = report(edited)
    (edited.root / ".dvc/cache/files/memo").rename(edited.root / "memo")
    edited.release_settings(engine="spark")
    done = run(edited, "check")
    assert "people: validating 1 file" in done.err
    assert report(edited) == expected


@pytest.mark.slow  # as with DuckDB, whose reports are the same
def test_the_first_check_of_a_pipeline_has_no_lock(built: Project) -> None:
    """What the stages have just made is what is computed."""
    built.release_settings(engine="spark")
    built.git("rm", "--quiet", "--cached", "dvc.lock")
    (built.root / "dvc.lock").unlink()
    built.commit("No lock yet")
    done = run(built, "check")
    assert "people: validating 1 file" in done.err
    assert "first release" in done.out


@pytest.mark.slow  # as with DuckDB, of which test_records.py says so
def test_the_check_computes_what_stages_record(edited: Project) -> None:
    """Its own process, which may know a cluster, computes before they run; they find the result."""
    pipeline = (edited.root / "dvc.yaml").read_text().replace("artifacts:\n", VALIDATE)
    edited.write("dvc.yaml", pipeline)
    edited.release_settings(engine="spark")
    edited.params(seed=77)
    done = run(edited, "check")
    assert "people: validating 1 file" in done.err  # a record that came first would be taken
    assert "people: profiling 1 file" in done.err
    found = json.loads((edited.root / "reports/people/validation.json").read_text())
    assert found["rows"] == edited.read_yaml("params.yaml")["make"]["rows"]
    assert "validate-people" in edited.read_yaml("dvc.lock")["stages"]


def test_an_engine_that_is_unknown(edited: Project) -> None:
    """The nearest name is proposed."""
    edited.release_settings(engine="sparc")
    done = run(edited, "check", code=2)
    assert "params.yaml: release.engine: expected 'duckdb' or 'spark', found 'sparc'" in done.err
    assert "did you mean 'spark'?" in done.err


@pytest.mark.slow  # Spark waits for seconds; see test_spark_session.py
def test_a_server_that_does_not_answer(edited: Project) -> None:
    """It is the world's fault: exit 3, and nothing was pushed."""
    edited.release_settings(engine="spark")
    address = "sc://127.0.0.1:1/;token=secret"
    done = run(edited, "check", code=3, env={"DATARELEASE_SPARK_REMOTE": address})
    assert "Spark at 127.0.0.1:1 does not answer" in done.err
    assert "secret" not in done.out + done.err
