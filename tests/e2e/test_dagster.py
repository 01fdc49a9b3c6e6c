"""`dagster dev` for real: this repository's data made, checked and released through its API."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.dagster_web import SHIM, Dagster, running_dagster
from tests.project import Project
from tests.tools.asset_graph import CHROMIUM, cloned, take

ASSETS = """{ assetNodes { assetKey { path } groupName staleStatus dataVersion kinds
    assetMaterializations(limit: 1) { metadataEntries { label
        ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr }
        ... on IntMetadataEntry { intValue } } }
    assetChecksOrError { ... on AssetChecks { checks { name
        executionForLatestMaterialization { status evaluation { success severity
            metadataEntries { label ... on TextMetadataEntry { text } } } } } } } } }"""


# tests/unit/orchestration plays runs, checks and sensors in its own process.
@pytest.fixture(scope="module", params=[pytest.param("started", marks=pytest.mark.slow)])
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dagster, Project]]:
    """Dagster on a clone of this repository with an origin of its own, started once."""
    folder = tmp_path_factory.mktemp("dagster")
    with environment(hermetic_environment(folder / "home")):
        work = cloned(folder)
        project = Project(work, folder / "origin.git", work / "build" / "remote")
        settings = {"DATARELEASE_REPOSITORY": str(work), "DATARELEASE_SENSOR_SECONDS": "5"}
        with running_dagster(folder, SHIM, env=settings) as server:
            yield server, project


def assets(server: Dagster) -> dict[str, dict[str, Any]]:
    """What Dagster knows of each asset, by key; metadata and checks by name."""
    found = {}
    for node in server.ask(ASSETS)["assetNodes"]:
        events = node.pop("assetMaterializations")
        entries = events[0]["metadataEntries"] if events else []
        node["metadata"] = {
            entry["label"]: next((v for k, v in entry.items() if k != "label"), None)
            for entry in entries
        }
        checks = node.pop("assetChecksOrError").get("checks", [])
        node["checks"] = {check["name"]: check for check in checks}
        found["/".join(node["assetKey"]["path"])] = node
    return found


def test_assets_are_made_checked_and_released(served: tuple[Dagster, Project]) -> None:
    """One job makes data-v1: each asset at DVC's version, fresh, with checks and metadata."""
    server, project = served
    assert server.ended(server.launch("release")) == "SUCCESS", server.log.read_text()[-4000:]
    assert project.git("ls-remote", "--tags", "origin", "data-v1")
    found = assets(server)
    lock = project.read_yaml("dvc.lock")["stages"]
    versions = {out["path"]: out["md5"] for stage in lock.values() for out in stage["outs"]}
    assert {path: found[path]["dataVersion"] for path in versions} == versions
    made = {path for path, node in found.items() if node["groupName"] != "sources"}
    assert made == {*versions, "release/storage"}
    assert {found[path]["staleStatus"] for path in made} == {"FRESH"}
    sources = {path: node for path, node in found.items() if node["groupName"] == "sources"}
    deps = {dep["path"]: dep["md5"] for stage in lock.values() for dep in stage["deps"]}
    assert {path: node["dataVersion"] for path, node in sources.items()} == {
        path: md5 for path, md5 in deps.items() if path not in versions
    }
    release = found["release/storage"]["metadata"]
    assert release["version"] == "data-v1"
    assert "merging publishes **data-v1**" in release["report"]
    assert release["objects_uploaded"] == 1
    for name, check in found["data/customers.parquet"]["checks"].items():
        assert check["executionForLatestMaterialization"]["status"] == "SUCCEEDED", name


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_asset_graph_is_drawn(served: tuple[Dagster, Project], tmp_path: Path) -> None:
    """The browser shows the stages' outputs and the release, materialised and checked."""
    server, _ = served
    target = tmp_path / "asset-graph.png"
    said = take(server, target)
    for name in ("customers.parquet", "validation.json", "profile.json", "storage"):
        assert name in said
    assert said.count("Materialized") == 4
    assert "2 / 2 Passed" in said
    assert 20_000 < target.stat().st_size < 300_000
    folder = os.environ.get("REPORT_SHOTS")  # to look at: REPORT_SHOTS=DIR pytest …
    if folder:
        shutil.copy(target, folder)


def test_data_released_elsewhere_shows_its_checks_as_evaluated(
    served: tuple[Dagster, Project],
) -> None:
    """The daemon takes the results from the report; what nobody released shows none of them."""
    server, project = served
    path, key = "data/customers.parquet", {"schema", "policy"}

    def executions(status: str | None) -> dict[str, Any] | None:
        found = assets(server)[path]["checks"]
        shown = {name: found[name]["executionForLatestMaterialization"] for name in found}
        told = {each["status"] if each else None for each in shown.values()}
        return shown if set(shown) == key and told == {status} else None

    def made(rows: int) -> None:
        project.params(rows=rows)
        project.repro()
        project.commit("Other customers")
        outs = project.read_yaml("dvc.lock")["stages"]["make"]["outs"]
        md5 = next(out["md5"] for out in outs if out["path"] == path)
        server.until(lambda: assets(server)[path]["dataVersion"] == md5 or None, "the lock")

    made(20_100)
    assert executions(None), assets(server)[path]["checks"]
    run(project, "release")
    tag = project.git("describe", "--tags", "--exact-match")
    shown = server.until(lambda: executions("SUCCEEDED"), "the evaluations")
    labels = {
        entry["label"]: entry.get("text")
        for entry in shown["schema"]["evaluation"]["metadataEntries"]
    }
    assert labels["version"] == tag
    made(20_200)
    assert executions(None), assets(server)[path]["checks"]


@pytest.mark.slow
def test_a_run_that_is_ended_ends_its_stage(served: tuple[Dagster, Project]) -> None:
    """Terminated in the user interface: the run is cancelled, DVC and its command are gone."""
    server, project = served
    mark = project.root.parent / "slow-stage"
    project.write(
        "src/make_tabular_data.py",
        f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(600)\n",
    )
    run = server.launch("check")
    stage = server.until(
        lambda: int(mark.read_text()) if mark.exists() and mark.read_text() else None, "the stage"
    )
    answer = server.ask(
        "mutation($id: String!) { terminateRun(runId: $id) { __typename } }", id=run
    )
    assert answer["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert server.ended(run) == "CANCELED"
    server.until(lambda: True if not Path(f"/proc/{stage}").exists() else None, "its end")
    project.git("checkout", "--quiet", "src/make_tabular_data.py")
    project.dvc("status", "--quiet", code=1)  # of the data that is gone; a lock held would be 255
