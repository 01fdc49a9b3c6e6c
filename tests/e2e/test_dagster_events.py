"""Events through Dagster's sensors and jobs, on a real broker: proposed, merged, released, told."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from tests.broker import Broker
from tests.commands import forked_dvc
from tests.dagster_daemon import Daemon
from tests.project import Project
from tests.roads import NAME, fed, produced

import datarelease as dr

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


@pytest.fixture
def project(tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A clone of an origin without GitHub; its topic has three hundred orders."""
    for name, value in broker.env.items():
        monkeypatch.setenv(name, value)
    for name in ("run_shown", "supervise"):
        monkeypatch.setattr(f"datarelease.adapters.dvc.program.{name}", forked_dvc)
    topic = broker.topic("orders", partitions=2)
    made = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path / "remote")
    fed(made, topic, auto_merge=True)
    made.release_settings(announce=broker.topic("news"))
    made.commit("Tell people")
    made.push()
    produced(broker, topic, range(300))
    return made


@pytest.mark.slow  # tests/unit/orchestration has its parts; tests/flows/ingest its events
def test_events_become_a_version(project: Project) -> None:
    """Sensor, proposal, merge by a person, release and announcement; then nothing is left to do."""
    with dg.DagsterInstance.ephemeral() as instance:
        daemon = Daemon(project, None, instance, {"DATARELEASE_MAIN": "release"})
        assert daemon.tick("main") == []
        assert daemon.said == "main has no data yet."
        [proposal] = daemon.tick(f"events_{NAME}")
        assert daemon.run(proposal, "propose")
        assert daemon.tick(f"events_{NAME}") == []
        branch = f"stream/{NAME}/000001-1"
        assert project.git("ls-remote", "--heads", "origin", branch)
        [attempt] = daemon.tick(f"merge_{NAME}")
        assert daemon.run(attempt, "merge"), "a first version is a person's: it says so"
        project.git("fetch", "--quiet")
        project.git("push", "--quiet", "origin", f"origin/{branch}:main")
        project.git("push", "--quiet", "origin", f":{branch}")

        [release] = daemon.tick("main")
        assert daemon.run(release, "release_main")
        assert sorted(dr.load("data-v1", NAME, repo=project.root)["id"]) == list(range(300))
        [news] = daemon.tick("announcements")
        assert daemon.run(news, "announce")
        assert daemon.tick(f"events_{NAME}") == []
        assert daemon.said == "no events wait"
        for name in ("announcements", "main", f"merge_{NAME}"):
            assert daemon.tick(name) == []
