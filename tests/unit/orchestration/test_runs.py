"""Runs in this process, on real repositories: stages, checks and releases as Dagster sees them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
import yaml
from tests.commands import forked_dvc, run
from tests.dagster_daemon import StaleStatus, stale_statuses
from tests.project import Project

import datarelease.adapters.process
from datarelease.adapters.dvc.graph import read_graph
from datarelease.adapters.process import supervise
from datarelease.orchestration.definitions import build_definitions
from datarelease.orchestration.pipeline import Pipeline, lock_events
from datarelease.orchestration.releases import CONSENT, release_key

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
SCHEMA = """\
schema_type: dataframe
api: pandas
columns:
  id: {dtype: int64}
  name: {dtype: str}
  email: {dtype: str}
  plan: {dtype: str, checks: {isin: [A, B, C]}}
  spend: {dtype: float64, checks: {less_than: 1000}}
strict: false
"""


@pytest.fixture(autouse=True)
def _loaded_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC in a fork of a process that has it loaded, as other tests start it."""
    for name in ("run_shown", "supervise"):
        monkeypatch.setattr(f"datarelease.adapters.dvc.program.{name}", forked_dvc)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster that keeps everything in memory."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def executed(project: Project, job: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """How a job ended."""
    definitions = build_definitions(project.root, env={})
    return definitions.resolve_job_def(job).execute_in_process(
        instance=instance, raise_on_error=False
    )


def stale(project: Project, instance: dg.DagsterInstance) -> dict[str, StaleStatus]:
    """What Dagster thinks of each asset, after a reload."""
    return stale_statuses(build_definitions(project.root, env={}), instance)


def made(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    """What a run materialised, by key."""
    return {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }


def refused(result: dg.ExecuteInProcessResult, step: str) -> dg.Failure | None:
    """The failure of a step as its author told it."""
    for event in result.all_events:
        if event.is_step_failure and event.step_key == step:
            told = event.step_failure_data.user_failure_data
            assert told is not None
            return dg.Failure(told.description, told.metadata)
    return None


def guarded(project: Project, schema: str = SCHEMA) -> None:
    """Give the people a schema and a stage that holds them to it; one dataset is enough."""
    pipeline = project.read_yaml("dvc.yaml")
    del pipeline["artifacts"]["events"]
    pipeline["artifacts"]["people"]["meta"]["schema"] = "schemas/people.yaml"
    pipeline["stages"]["validate"] = {
        "cmd": "datarelease validate people",
        "deps": ["data/people.csv", "schemas/people.yaml"],
        "metrics": [{"reports/people/validation.json": {"cache": False}}],
    }
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    project.write("schemas/people.yaml", schema)


def test_a_release_from_nothing_to_nothing_to_do(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """Stages run, checks pass, data-v1 is there with its metadata; again, all is unchanged."""
    guarded(project)
    project.commit("A schema")
    first = executed(project, "release", instance)
    assert first.success
    assert project.git("tag") == "data-v1"
    found = made(first)
    release = found["release/storage"]
    assert release.metadata["version"].value == "data-v1"
    assert release.metadata["rows"].value == {"people": 20}
    # The people; beside them, so that `dvc pull` works, the directory of events: a list, 3 files.
    assert release.metadata["objects_uploaded"].value == 5
    assert release.metadata["objects_verified"].value == 5
    assert "merging publishes **data-v1**" in str(release.metadata["report"].value)
    assert found["reports/people/validation.json"].metadata["rows"].value == 20
    lock = project.read_yaml("dvc.lock")["stages"]["make"]["outs"]
    versions = {out["path"]: out["md5"] for out in lock}
    assert {path: (found[path].tags or {})["dagster/data_version"] for path in versions} == versions
    checks = {check.check_name: check for check in first.get_asset_check_evaluations()}
    assert {name: check.passed for name, check in checks.items()} == {
        "schema": True, "policy": True,
    }  # fmt: skip
    assert set(stale(project, instance).values()) == {StaleStatus.FRESH}
    again = executed(project, "release", instance)
    assert again.success
    after = made(again)
    assert {key: (event.tags or {})["dagster/data_version"] for key, event in after.items()} == {
        key: (event.tags or {})["dagster/data_version"] for key, event in found.items()
    }
    assert "nothing to release" in str(after["release/storage"].metadata["outcome"].value)
    assert project.git("tag") == "data-v1"


def test_materialising_everything_releases_nothing(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """It ends before the release and says so; the same assets publish where the run consents."""
    definitions = build_definitions(project.root, env={})
    everything = definitions.resolve_implicit_global_asset_job_def()
    result = everything.execute_in_process(instance=instance)
    assert set(made(result)) == {"data/people.csv", "data/events"}
    [warned] = [
        event.message for event in instance.all_logs(result.run_id)
        if "Nothing was released" in event.message
    ]  # fmt: skip
    assert "the job `release`" in warned
    assert project.git("tag") == ""
    assert not any(path.is_file() for path in project.remote.rglob("*"))
    one = everything.get_subset(asset_selection={release_key("storage")})
    assert made(one.execute_in_process(instance=instance)) == {}
    assert set(made(one.execute_in_process(instance=instance, run_config=CONSENT))) == {
        "release/storage"
    }
    assert project.git("tag") == "data-v1"


def test_bad_data_fails_its_check_and_is_not_released(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """The stage fails with DVC's exit code, the check tells the violations, no value is shown."""
    guarded(project, SCHEMA.replace("[A, B, C]", "[A, B]"))
    project.commit("A schema that the data breaks")
    result = executed(project, "release", instance)
    assert not result.success
    failed = refused(result, "validate")
    assert failed is not None
    assert failed.metadata["exit_code"].value == 255
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert not checks["schema"].passed
    assert checks["schema"].severity is dg.AssetCheckSeverity.ERROR
    assert "`plan`" in str(checks["schema"].metadata["failed"].value)
    assert not checks["policy"].passed
    assert not any("@example.com" in str(event) for event in result.all_events)
    assert "release/storage" not in made(result)
    assert project.git("tag") == ""


def test_a_release_that_is_refused_says_why(project: Project, instance: dg.DagsterInstance) -> None:
    """Where no stage stops it, the release does, with the reasons and the report."""
    project.release_settings(policy={"rows": {"min": 1000, "level": "block"}})
    project.commit("More rows are wanted than there are")
    result = executed(project, "release", instance)
    assert not result.success
    failed = refused(result, "release_datasets")
    assert failed is not None
    assert "people" in str(failed.description)
    assert failed.metadata["exit_code"].value == 1
    assert "Correct the data" in str(failed.metadata["next"].value)
    assert "⛔" in str(failed.metadata["report"].value)
    assert project.git("tag") == ""


def test_other_data_than_reviewed_is_refused(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """The digest that a reviewer saw comes by the environment, and conflicts are not retried."""
    definitions = build_definitions(project.root, env={"DATARELEASE_REVIEWED": "0" * 64})
    result = definitions.resolve_job_def("release").execute_in_process(
        instance=instance, raise_on_error=False
    )
    failed = refused(result, "release_datasets")
    assert failed is not None
    assert failed.metadata["exit_code"].value == 4
    assert not any(event.is_step_up_for_retry for event in result.all_events)


def test_a_lock_that_changed_elsewhere_shows_without_a_run(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """After `dvc repro` by hand everything is fresh; after an edit it is stale, as DVC has it."""

    def told() -> int:
        events = list(lock_events(Pipeline(read_graph(project.root)), project.root, instance))
        for event in events:
            instance.report_runless_asset_event(event)
        return len(events)

    outputs = ("data/people.csv", "data/events")

    def state() -> set[StaleStatus]:
        found = stale(project, instance)
        return {found[path] for path in outputs}

    assert state() == {StaleStatus.MISSING}
    assert told() == 3
    assert told() == 0
    assert state() == {StaleStatus.FRESH}
    project.params(rows=30)
    assert (told(), state()) == (0, {StaleStatus.STALE})
    project.repro()
    assert (told(), state()) == (2, {StaleStatus.FRESH})
    project.write("make.py", (project.root / "make.py").read_text() + "# other\n")
    assert (told(), state()) == (1, {StaleStatus.STALE})
    assert run(project, "check", code=None).code in {0, 2}


def test_one_output_of_a_stage_can_be_wanted_alone(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """Its stage runs, and Dagster is told of that one."""
    definitions = build_definitions(project.root, env={})
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance, asset_selection=[dg.AssetKey(["data", "events"])]
    )
    assert set(made(result)) == {"data/events"}


def test_a_stage_may_speak_to_dagster_itself(
    project: Project, instance: dg.DagsterInstance, capfd: pytest.CaptureFixture[str]
) -> None:
    """Pipes reach through DVC into the command, whose output is shown; its token is not there."""
    script = """
import os
from dagster_pipes import open_dagster_pipes
print("token:", repr(os.environ.get("GITHUB_TOKEN")))
with open_dagster_pipes() as pipes:
    open("spoken.txt", "w").write("x")
    pipes.report_asset_materialization(
        asset_key="spoken.txt", metadata={"said": "hello"}
    )
"""
    project.write("speak.py", script)
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["stages"] = {"speak": {"cmd": "python speak.py", "outs": ["spoken.txt"]}}
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    (project.root / "dvc.lock").unlink()
    os.environ["GITHUB_TOKEN"] = "planted-4711"
    result = executed(project, "check", instance)
    assert result.success
    assert made(result)["spoken.txt"].metadata["said"].value == "hello"
    out, err = capfd.readouterr()
    assert "token: None" in out + err
    assert "planted-4711" not in out + err


def _interrupted(folder: Path) -> None:
    """A process that supervises a shell with a child; told to stop, it raises as Dagster does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    datarelease.adapters.process.GRACE = 0.3
    script = f"trap '' INT; sleep 300 & echo $! > {folder}/child; wait; sleep 300"
    try:
        supervise(["sh", "-c", script], cwd=folder, env=dict(os.environ))
    except KeyboardInterrupt:
        (folder / "raised").touch()


def test_a_run_that_is_ended_leaves_no_process_behind(tmp_path: Path) -> None:
    """The command of a stage and its children end, also where they do not listen."""
    process = multiprocessing.get_context("fork").Process(target=_interrupted, args=(tmp_path,))
    process.start()
    child = tmp_path / "child"
    deadline = time.monotonic() + 30
    while not (child.exists() and child.read_text().strip()) and time.monotonic() < deadline:
        process.join(0.05)
    sleeping = psutil.Process(int(child.read_text()))
    os.kill(process.pid or 0, signal.SIGTERM)
    process.join(30)
    assert process.exitcode == 0
    assert (tmp_path / "raised").exists()
    assert not sleeping.is_running() or sleeping.status() == psutil.STATUS_ZOMBIE
