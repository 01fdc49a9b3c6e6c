"""What is used of Dagster beyond its public interface, held to the release that is installed."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from pathlib import Path

import dagster as dg
import pytest
from packaging.requirements import Requirement
from tests.dagster_daemon import shown

from datarelease.orchestration import dagster_private as private

ROOT = Path(__file__).parents[2]
ALLOWED = {"src/datarelease/orchestration/dagster_private.py", "tests/dagster_daemon.py"}
KEY = dg.AssetKey(["data", "people.csv"])


def imported(module: Path) -> set[str]:
    """The modules that a module imports from."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_one_module_imports_the_private_names() -> None:
    """One of the package and one of the tests; who else needs a name takes it from there."""
    modules = [path for folder in ("src", "tests", "orchestration") for path in
               (ROOT / folder).rglob("*.py")]  # fmt: skip
    found = {
        path.relative_to(ROOT).as_posix()
        for path in modules
        if "dagster" in path.read_text()
        if any(name.startswith("dagster._") for name in imported(path))
    }
    assert found == ALLOWED


@pytest.mark.parametrize("name", ["dagster", "dagster-webserver"])
def test_the_next_minor_release_is_not_taken_unseen(name: str) -> None:
    """The extra has an upper bound, which the locked release is below."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = map(Requirement, project["optional-dependencies"]["orchestration"])
    [found] = [each for each in wanted if each.name == name]
    pinned = re.search(
        rf"^{name}==(\S+)", (ROOT / "requirements/dev.txt").read_text(), re.MULTILINE
    )
    assert pinned is not None
    major, minor, *_ = pinned[1].split(".")
    assert pinned[1] in found.specifier
    assert f"{major}.{int(minor) + 1}.0" not in found.specifier


def test_the_tags_are_those_that_dagster_writes() -> None:
    """An asset with a code version and an input carries each of them, with the same names."""
    upstream, downstream = dg.AssetKey("up"), dg.AssetKey("down")

    @dg.multi_asset(specs=[dg.AssetSpec(upstream, code_version="1")])
    def up() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(data_version=dg.DataVersion("abc"))

    @dg.multi_asset(specs=[dg.AssetSpec(downstream, deps=[upstream], code_version="2")])
    def down() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(data_version=dg.DataVersion("def"))

    with dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([up, down], instance=instance).success
        entry = instance.get_latest_materialization_event(downstream)
    assert entry is not None
    assert entry.asset_materialization is not None
    tags = entry.asset_materialization.tags or {}
    assert tags[private.CODE_VERSION_TAG] == "2"
    assert tags[private.DATA_VERSION_TAG] == "def"
    assert tags[private.DATA_VERSION_IS_USER_PROVIDED_TAG] == "true"
    assert tags[private.get_input_data_version_tag(upstream)] == "abc"
    assert private.get_input_event_pointer_tag(upstream) in tags


def test_the_names_of_inputs_begin_with_the_prefix() -> None:
    """Both functions take a key alone; only tags of data versions have that prefix."""
    version_tag = private.get_input_data_version_tag(KEY)
    assert version_tag == f"{private.INPUT_DATA_VERSION_TAG_PREFIX}/data/people.csv"
    pointer = private.get_input_event_pointer_tag(KEY)
    assert not pointer.startswith(f"{private.INPUT_DATA_VERSION_TAG_PREFIX}/")
    assert private.NULL_EVENT_POINTER == "NULL"


def test_a_job_of_assets_has_the_type_that_we_name() -> None:
    """It is what the public function returns."""
    job = dg.define_asset_job("job", dg.AssetSelection.all())
    assert type(job) is private.UnresolvedAssetJobDefinition


def test_an_evaluation_takes_the_materialization_that_it_is_about() -> None:
    """By its place in the event log, its run and its time."""
    about = private.TargetMaterialization(storage_id=7, run_id="", timestamp=1.5)
    evaluation = dg.AssetCheckEvaluation(
        asset_key=KEY, check_name="schema", passed=True, target_materialization_data=about
    )
    assert evaluation.target_materialization_data == about


def test_the_latest_evaluation_of_a_check_is_found() -> None:
    """The instance gives its record: the run, the event with its time, and the evaluation."""
    check = dg.AssetCheckKey(KEY, "schema")
    told = dg.AssetCheckEvaluation(asset_key=KEY, check_name="schema", passed=True)
    with dg.DagsterInstance.ephemeral() as instance:
        latest = instance.get_latest_asset_check_evaluation_record
        assert list(inspect.signature(latest).parameters) == ["asset_check_key"]
        assert latest(check) is None
        instance.report_runless_asset_event(told)
        record = latest(check)
    assert record is not None
    assert record.event is not None
    assert (record.evaluation, record.run_id) == (told, "")
    assert record.event.timestamp > 0


def test_an_evaluation_without_a_run_is_shown_for_later_data() -> None:
    """Why `released_checks` is a job: the result of older data would be shown for new data."""
    told = dg.AssetMaterialization(KEY)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(told)
        [older] = instance.fetch_materializations(KEY, limit=1).records
        evaluation = dg.AssetCheckEvaluation(
            asset_key=KEY,
            check_name="schema",
            passed=True,
            target_materialization_data=private.TargetMaterialization(
                storage_id=older.storage_id, run_id=older.run_id, timestamp=older.timestamp
            ),
        )
        instance.report_runless_asset_event(evaluation)
        instance.report_runless_asset_event(told)
        assert shown(instance, "data/people.csv", "schema") == evaluation
