"""Which data counts as that of a version, and which checks have no result for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg
import pytest
from tests.project import Project

from datarelease.app.wiring import open_git
from datarelease.model.data.dataset import Dataset
from datarelease.model.versions.version import Version
from datarelease.orchestration.checks import Checks, ReleasedData
from datarelease.orchestration.pipeline import version_tags

FIRST, SECOND = dg.AssetKey(["data", "people.csv"]), dg.AssetKey(["data", "events"])
DEPS = {"data/people.csv": FIRST, "data/events": SECOND}
WHOLE = Checks(key=FIRST, dataset=Dataset(name="whole", path="data"), suffix="")
"""A dataset that is two outputs; Dagster shows its checks on the first."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster that keeps everything in memory."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def told(instance: dg.DagsterInstance, key: dg.AssetKey, md5: str) -> None:
    """Dagster hears of an asset at a data version."""
    tags = version_tags(md5, "code", {})
    instance.report_runless_asset_event(dg.AssetMaterialization(key, tags=tags))


def locked(project: Project) -> Mapping[str, str]:
    """The hashes in the lock, by path."""
    outs = project.read_yaml("dvc.lock")["stages"]["make"]["outs"]
    return {out["path"]: out["md5"] for out in outs}


def missing(project: Project, instance: dg.DagsterInstance) -> set[str]:
    """The names of the checks without a result, where a version has the data of the last commit."""
    version = Version(number=1, tag="data-v1", commit=project.head, digest="")
    data = ReleasedData(deps=DEPS, checks=[WHOLE])
    found = data.unevaluated(open_git(project.root), version, instance)
    return {name for each in found for name in each.names}


def test_every_part_of_a_dataset_has_to_be_the_data_of_the_version(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """A part that Dagster does not know, or that is other data, makes it no released data."""
    project.commit("The lock")
    assert missing(project, instance) == set()
    told(instance, FIRST, locked(project)["data/people.csv"])
    assert missing(project, instance) == set()
    told(instance, SECOND, "0" * 32)
    assert missing(project, instance) == set()
    told(instance, SECOND, locked(project)["data/events"])
    assert missing(project, instance) == {"schema", "policy"}


def test_a_check_that_has_a_result_is_not_evaluated_again(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """Each check for itself; data that came after the result has none."""
    project.commit("The lock")
    for path, md5 in locked(project).items():
        told(instance, DEPS[path], md5)
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=FIRST, check_name="schema", passed=True)
    )
    assert missing(project, instance) == {"policy"}
    told(instance, FIRST, locked(project)["data/people.csv"])
    assert missing(project, instance) == {"schema", "policy"}
