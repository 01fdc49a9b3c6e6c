"""Definitions of repositories of all kinds, built by the one function."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from tests.log_records import logged
from tests.project import Project

from datarelease.errors import ConfigError, SettingsError
from datarelease.orchestration.definitions import build_definitions

STREAM = {"orders": {"topic": "shop.orders"}}
ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def keys(definitions: dg.Definitions, kind: str = "materializable") -> set[str]:
    """The keys of the assets that Dagster can make (or merely knows: ``external``)."""
    graph = definitions.resolve_asset_graph()
    made, known = graph.materializable_asset_keys, graph.external_asset_keys
    found = made if kind == "materializable" else known
    return {key.to_user_string() for key in found}


def job_names(definitions: dg.Definitions) -> set[str]:
    """The names of the jobs."""
    return set(definitions.get_repository_def().job_names) - {"__ASSET_JOB"}


def with_stream(project: Project, **policy: object) -> None:
    """Feed a third dataset from a topic."""
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["artifacts"]["orders"] = {
        "path": "data/orders", "type": "dataset", "meta": {"key": ["id"], "schema": "orders.yaml"},
    }  # fmt: skip
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    project.release_settings(streams=STREAM, policy=policy)


def test_a_topic_is_what_the_plan_of_its_stream_is_made_from(project: Project) -> None:
    """An external asset that nobody can make here, upstream of all that comes of its events."""
    with_stream(project)
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["stages"]["drain-orders"] = {
        "cmd": "datarelease ingest drain orders", "deps": ["streams/orders.json"],
        "outs": ["data/streams/orders/raw"],
    }  # fmt: skip
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    project.write("streams/orders.json", "{}")
    definitions = build_definitions(project.root, env={})
    assert keys(definitions, "external") >= {"topics/shop.orders", "streams/orders.json"}
    graph = definitions.resolve_asset_graph()
    plan = graph.get(dg.AssetKey(["streams", "orders.json"]))
    assert plan.parent_keys == {dg.AssetKey(["topics", "shop.orders"])}
    raw = graph.get(dg.AssetKey(["data", "streams", "orders", "raw"]))
    assert raw.parent_keys == {plan.key}


def test_a_repository_is_its_outputs_sources_and_releases(project: Project) -> None:
    """One asset an output, one a source, one a remote, each in its group, described."""
    definitions = build_definitions(project.root, env={})
    assert keys(definitions) == {"data/people.csv", "data/events", "release/storage"}
    assert keys(definitions, "external") == {"make.py"}
    specs = {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}
    assert {key: spec.group_name for key, spec in specs.items()} == {
        "data/people.csv": "pipeline", "data/events": "pipeline", "make.py": "sources",
        "release/storage": "releases",
    }  # fmt: skip
    people = specs["data/people.csv"]
    assert [dep.asset_key.to_user_string() for dep in people.deps] == ["make.py"]
    assert people.kinds == {"dvc", "csv"}
    assert (people.metadata["dataset"], people.metadata["key"]) == ("people", ["id"])
    assert {dep.asset_key.to_user_string() for dep in specs["release/storage"].deps} == {
        "data/people.csv", "data/events",
    }  # fmt: skip
    checks = definitions.resolve_asset_graph().asset_check_keys
    assert {(key.asset_key.to_user_string(), key.name) for key in checks} == {
        (path, name) for path in ("data/people.csv", "data/events") for name in ("schema", "policy")
    }
    assert job_names(definitions) == {
        "check", "release", "release_main", "follow_main", "released_checks",
    }  # fmt: skip


def test_a_schedule_and_sensors_that_act_wait_to_be_switched_on(project: Project) -> None:
    """What only looks runs from the start; what acts does where the environment says so."""
    with_stream(project, auto_merge=True)
    for env, running in (({}, False), ({"DATARELEASE_AUTOMATION": "on"}, True)):
        repository = build_definitions(project.root, env=env).get_repository_def()
        on = {
            sensor.name
            for sensor in repository.sensor_defs
            if sensor.default_status is dg.DefaultSensorStatus.RUNNING
        }
        acting = {"events_orders", "merge_orders", "announcements"}
        assert on == {"dvc_lock", "versions"} | (acting if running else set())
        [nightly] = repository.schedule_defs
        assert (nightly.default_status is dg.DefaultScheduleStatus.RUNNING) == running
    assert job_names(build_definitions(project.root, env={})) >= {"propose", "merge", "announce"}


def test_merging_by_itself_needs_the_policy(project: Project) -> None:
    """Without `auto_merge` there is no sensor that merges."""
    with_stream(project)
    repository = build_definitions(project.root, env={}).get_repository_def()
    assert "merge_orders" not in {sensor.name for sensor in repository.sensor_defs}


def test_production_differs_by_environment_only(project: Project) -> None:
    """Other remotes, hours and intervals come from variables."""
    project.add_remote("archive", "../../archive")
    env = {
        "DATARELEASE_REMOTES": "storage, archive", "DATARELEASE_CHECK_CRON": "15 4 * * 1",
        "DATARELEASE_TIMEZONE": "Europe/Berlin", "DATARELEASE_SENSOR_SECONDS": "300",
        "DATARELEASE_REPOSITORY": str(project.root), "DATARELEASE_REVIEWED": "0" * 64,
    }  # fmt: skip
    definitions = build_definitions(env=env)
    assert {"release/storage", "release/archive"} <= keys(definitions)
    repository = definitions.get_repository_def()
    [nightly] = repository.schedule_defs
    assert (nightly.cron_schedule, nightly.execution_timezone) == ("15 4 * * 1", "Europe/Berlin")
    assert {sensor.minimum_interval_seconds for sensor in repository.sensor_defs} == {300}


def test_all_faults_of_the_environment_are_told_at_once(project: Project) -> None:
    """Each variable is named with what is wrong with it."""
    env = {
        "DATARELEASE_CHECK_CRON": "often", "DATARELEASE_AUTOMATION": "maybe",
        "DATARELEASE_SENSOR_SECONDS": "0", "DATARELEASE_TIMEZONE": "Mars/Olympus",
        "DATARELEASE_MAIN": "2",
    }  # fmt: skip
    with pytest.raises(SettingsError) as caught:
        build_definitions(project.root, env=env)
    assert {problem.where for problem in caught.value.problems} == set(env)


def test_a_remote_that_is_not_there_is_an_error_of_ours(project: Project) -> None:
    """It names those that are."""
    with pytest.raises(ConfigError, match=r"no remote called 'nowhere' \(it has: storage\)"):
        build_definitions(project.root, env={"DATARELEASE_REMOTES": "nowhere"})


def test_without_a_remote_there_are_checks_and_no_releases(project: Project) -> None:
    """The definitions load, and the log says what to do."""
    project.write(".dvc/config", "[core]\n    analytics = false\n")
    with logged("dagster") as said:
        definitions = build_definitions(project.root, env={})
    assert "DVC has no remote, so there are no jobs that release" in "\n".join(said)
    assert keys(definitions) == {"data/people.csv", "data/events"}
    assert job_names(definitions) == {"check"}


def test_without_a_lock_or_data_it_loads(project: Project) -> None:
    """A fresh clone, or a repository that never ran."""
    (project.root / "dvc.lock").unlink()
    shutil.rmtree(project.root / "data")
    assert "data/people.csv" in keys(build_definitions(project.root, env={}))


def test_without_stages_what_dvc_files_track_is_checked_and_released(project: Project) -> None:
    """Data that nobody makes here is a source with checks; the release is of it."""
    (project.root / "dvc.lock").unlink()
    pipeline = project.read_yaml("dvc.yaml")
    del pipeline["stages"], pipeline["artifacts"]["events"]
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    project.write("data/.gitignore", "/people.csv\n")
    project.dvc("add", "--quiet", "data/people.csv")
    definitions = build_definitions(project.root, env={})
    assert keys(definitions) == {"release/storage"}
    assert keys(definitions, "external") == {"data/people.csv"}
    assert definitions.resolve_job_def("check").nodes


def test_a_stage_may_be_called_like_a_job(project: Project) -> None:
    """Dagster wants other names for ops than for jobs; the user need not know."""
    pipeline = project.read_yaml("dvc.yaml")
    make = pipeline["stages"].pop("make")
    pipeline["stages"] = {
        "check": make,
        "release": {"cmd": "cp make.py b.csv", "deps": ["make.py"], "outs": ["b.csv"]},
        "check_datasets": {"cmd": "cp b.csv c.csv", "deps": ["b.csv"], "outs": ["c.csv"]},
    }
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    definitions = build_definitions(project.root, env={})
    definitions.get_repository_def().load_all_definitions()
    assert {"b.csv", "c.csv"} <= keys(definitions)


def test_datasets_of_one_directory_have_checks_of_their_own(project: Project) -> None:
    """Two datasets inside the same output are told apart."""
    pipeline = project.read_yaml("dvc.yaml")
    for part in (0, 1):
        pipeline["artifacts"][f"part{part}"] = {
            "path": f"data/events/part-{part}.csv",
            "type": "dataset",
        }
    del pipeline["artifacts"]["events"]
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    checks = build_definitions(project.root, env={}).resolve_asset_graph().asset_check_keys
    names = {key.name for key in checks if key.asset_key.path[-1] == "events"}
    assert names == {"schema_part0", "policy_part0", "schema_part1", "policy_part1"}


def test_tests_may_bring_resources_of_their_own(project: Project) -> None:
    """An override takes the place of ours."""
    mine = object()
    definitions = build_definitions(project.root, env={}, resources={"repository": mine})
    assert definitions.resources is not None
    assert definitions.resources["repository"] is mine


def test_the_page_lists_every_variable() -> None:
    """What the code reads of the environment stands in the documentation, and the other way."""
    code = "".join(
        path.read_text() for path in (ROOT / "src/datarelease/orchestration").glob("*.py")
    )
    page = (ROOT / "docs" / "data/dagster-in-production.md").read_text()
    name = re.compile(r"DATARELEASE_(?!KAFKA)[A-Z_]*[A-Z]")
    assert set(name.findall(code)) == set(name.findall(page))


def test_the_shim_has_the_assets_of_this_repository() -> None:
    """Dagster reads its definitions from a file that names no other repository."""
    shim = runpy.run_path(str(ROOT / "orchestration" / "dagster_app" / "definitions.py"))
    assert "release/storage" in keys(shim["defs"])


@pytest.mark.slow  # the test above loads the same file
def test_the_shim_passes_dagsters_own_check(home: Path) -> None:
    """`dagster definitions validate` loads this very repository."""
    command = [sys.executable, "-m", "dagster", "definitions", "validate", "-f", str(
        ROOT / "orchestration" / "dagster_app" / "definitions.py"
    )]  # fmt: skip
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stdout + done.stderr
