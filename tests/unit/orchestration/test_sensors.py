"""Sensors: what each asks for, once, again after failures, and never for something known."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import dagster as dg
import pytest
import yaml
from tests.commands import forked_dvc, run
from tests.dagster_daemon import Daemon, shown
from tests.project import Project
from tests.slow_cases import slow_but

from datarelease.errors import WorldError
from datarelease.ingest.commit import Committed
from datarelease.ingest.plan import Waiting
from datarelease.ingest.propose.merge import Merging
from datarelease.ingest.propose.propose import Proposal
from datarelease.orchestration.ingestion import Ingestion
from datarelease.progress import Progress

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


def waits(
    events: int = 0,
    *,
    oldest: str = "2026-11-23T00:00:00Z",
    due: bool = True,
    reason: str = "enough",
) -> Waiting:
    """What waits on a broker."""
    return Waiting(stream="orders", events=events, oldest=oldest, due=due, reason=reason, lost=0)


@dataclass
class Fake(Ingestion):
    """An ingestion that does what it is told, and remembers what it was asked."""

    root: Path = Path()
    waits: Waiting = field(default_factory=waits)
    branches: Sequence[tuple[str, str]] = ()
    merging: Literal["merged", "waits", "refused", "nothing"] = "waits"
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def waiting(self, stream: str, progress: Progress) -> Waiting:  # noqa: ARG002
        """What waits."""
        if self.fails:
            raise WorldError("The broker does not answer.", remedy="Start it.")
        return self.waits

    def propose(self, stream: str, progress: Progress, *, force: bool) -> Proposal:
        """Nothing but a note."""
        progress.say("proposing")
        self.asked.append(f"propose {stream} {force}")
        if self.fails:
            raise WorldError("GitHub does not answer.")
        return Proposal(stream=stream, state="opened", message="said")

    def proposed(self, stream: str) -> Sequence[tuple[str, str]]:  # noqa: ARG002
        """The branches."""
        return self.branches

    def merge(self, stream: str, progress: Progress) -> Merging:  # noqa: ARG002
        """Nothing but a note."""
        self.asked.append(f"merge {stream}")
        return Merging(stream=stream, state=self.merging, reason="said")

    def commit(self, stream: str, progress: Progress) -> Committed:  # noqa: ARG002
        """Nothing but a note."""
        self.asked.append(f"commit {stream}")
        return Committed(
            stream=stream, group=f"datarelease-{stream}", tag=None, batches=(), dead=0, offsets={}
        )

    def announce(self, tag: str | None, progress: Progress) -> None:  # noqa: ARG002
        """Nothing but a note."""
        self.asked.append(f"announce {tag}")


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


@pytest.fixture
def streaming(project: Project) -> Project:
    """A project in which a third dataset is fed from a topic."""
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["artifacts"]["orders"] = {
        "path": "data/orders", "type": "dataset", "meta": {"key": ["id"], "schema": "orders.yaml"},
    }  # fmt: skip
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    propose = {"events": 100, "minutes": 5}
    project.release_settings(
        streams={"orders": {"topic": "shop.orders", "propose": propose}},
        policy={"auto_merge": True},
        announce="releases",
    )
    return project


@pytest.fixture
def fake() -> Fake:
    """An ingestion with events that wait."""
    return Fake(waits=waits(events=120))


@pytest.fixture
def daemon(streaming: Project, fake: Fake, instance: dg.DagsterInstance) -> Daemon:
    """The daemon of the streaming project."""
    return Daemon(streaming, fake, instance)


def test_events_that_are_due_are_proposed_once(daemon: Daemon, fake: Fake) -> None:
    """One run for the stream; ticks that come twice, and after it, ask for no other."""
    [request] = daemon.tick("events_orders")
    assert request.partition_key == "orders"
    assert daemon.tick("events_orders") == []
    assert daemon.run(request, "propose")
    assert daemon.tick("events_orders") == []
    assert fake.asked == ["propose orders False"]


def test_what_is_not_due_is_not_proposed(daemon: Daemon, fake: Fake) -> None:
    """The tick says why."""
    fake.waits = waits(events=3, due=False, reason="3 of 100 events wait")
    assert daemon.tick("events_orders") == []


def test_the_lag_of_a_topic_is_told_where_it_changed(daemon: Daemon, fake: Fake) -> None:
    """The topic's asset shows what waits, whether it is due or not; nothing twice."""
    for events, due in ((0, False), (120, True)):
        fake.waits = waits(events=events, due=due)
        daemon.tick("events_orders")
        assert daemon.events == 1
        daemon.tick("events_orders")
        assert daemon.events == 0
        key = dg.AssetKey(["topics", "shop.orders"])
        [record] = daemon.instance.fetch_observations(key, limit=1).records
        observation = record.asset_observation
        assert observation is not None
        assert observation.metadata["lag"].value == events


def test_after_a_refusal_more_events_ask_again(daemon: Daemon, fake: Fake) -> None:
    """The same first event with a hundred more behind it is worth another try, one more is not."""
    [first] = daemon.tick("events_orders")
    daemon.run(first, "propose")
    fake.waits = waits(events=121)
    assert daemon.tick("events_orders") == []
    fake.waits = waits(events=220)
    [second] = daemon.tick("events_orders")
    assert second.run_key != first.run_key


def test_other_events_are_another_proposal(daemon: Daemon, fake: Fake) -> None:
    """After a merge the first event that waits is another one."""
    [first] = daemon.tick("events_orders")
    daemon.run(first, "propose")
    fake.waits = waits(events=120, oldest="2026-11-23T01:00:00Z")
    assert len(daemon.tick("events_orders")) == 1


def test_a_run_that_failed_is_asked_for_again_after_a_pause(
    daemon: Daemon, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at once; when the pause is over, under another key."""
    monkeypatch.setattr("datarelease.orchestration.resources.WORLD_RETRIES", None)
    monkeypatch.setattr("datarelease.orchestration.ingestion.WORLD_RETRIES", None)
    [first] = daemon.tick("events_orders")
    fake.fails = True
    assert not daemon.run(first, "propose")
    fake.fails = False
    assert daemon.tick("events_orders") == []
    monkeypatch.setattr("datarelease.orchestration.sensors.PAUSE", 0)
    [again] = daemon.tick("events_orders")
    assert again.run_key != first.run_key
    assert daemon.run(again, "propose")
    assert daemon.tick("events_orders") == []


def test_a_broker_that_is_down_fails_the_tick_in_our_words(daemon: Daemon, fake: Fake) -> None:
    """What happened and what to do; the next tick looks again."""
    fake.fails = True
    with pytest.raises(dg.Failure, match="The broker does not answer") as caught:
        daemon.tick("events_orders")
    assert "Start it." in str(caught.value)


def test_open_proposals_are_tried_ever_less_often(
    daemon: Daemon, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a branch nothing runs; with one, a run, a pause, another run."""
    assert daemon.tick("merge_orders") == []
    fake.branches = [("stream/orders/000001-1", "c" * 40)]
    [first] = daemon.tick("merge_orders")
    assert daemon.run(first, "merge")
    assert daemon.tick("merge_orders") == []
    monkeypatch.setattr("datarelease.orchestration.sensors.PAUSE", 0)
    [second] = daemon.tick("merge_orders")
    assert second.run_key != first.run_key
    assert fake.asked == ["merge orders"]


@pytest.mark.parametrize("outcome", slow_but({"refused"}, ["merged", "refused"]))
def test_what_was_merged_or_refused_is_left(
    daemon: Daemon,
    fake: Fake,
    monkeypatch: pytest.MonkeyPatch,
    outcome: Literal["merged", "refused"],
) -> None:
    """Its branch may stay on the remote; only another commit asks again."""
    monkeypatch.setattr("datarelease.orchestration.sensors.PAUSE", 0)
    fake.branches, fake.merging = [("stream/orders/000001-1", "c" * 40)], outcome
    [attempt] = daemon.tick("merge_orders")
    assert daemon.run(attempt, "merge")
    assert daemon.tick("merge_orders") == []
    assert outcome in daemon.said
    fake.branches = [("stream/orders/000001-1", "d" * 40)]
    assert len(daemon.tick("merge_orders")) == 1


def test_every_new_version_is_announced(
    project: Project, fake: Fake, instance: dg.DagsterInstance
) -> None:
    """Whoever cut it: the newest at first, then each one, and none twice."""
    project.release_settings(announce="releases")
    project.commit("Tell people")
    daemon = Daemon(project, fake, instance)
    assert daemon.tick("announcements") == []
    run(project, "release")
    [first] = daemon.tick("announcements")
    assert first.run_key == "data-v1"
    assert daemon.run(first, "announce")
    assert daemon.tick("announcements") == []
    project.params(rows=21)
    project.repro()
    project.commit("More")
    run(project, "release")
    assert [request.run_key for request in daemon.tick("announcements")] == ["data-v2"]
    assert fake.asked == ["announce data-v1"]


def test_an_announcement_commits_the_streams_first(daemon: Daemon, fake: Fake) -> None:
    """Offsets and dead letters before the news, which readers may act on."""
    config = {"ops": {"commit_and_announce": {"config": {"tag": "data-v1"}}}}
    assert daemon.run(dg.RunRequest(run_config=config), "announce")
    assert fake.asked == ["commit orders", "announce data-v1"]


def test_versions_cut_elsewhere_show_as_releases(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """Once, with what the tag says of it."""
    daemon = Daemon(project, Fake(), instance)
    daemon.tick("versions")
    assert daemon.events == 0
    run(project, "release")
    daemon.tick("versions")
    assert daemon.events == 1
    entry = instance.get_latest_materialization_event(dg.AssetKey(["release", "storage"]))
    assert entry is not None
    assert entry.asset_materialization is not None
    metadata = entry.asset_materialization.metadata
    assert metadata["version"].value == "data-v1"
    assert metadata["rows"].value == "events=30 people=20"
    daemon.tick("versions")
    assert daemon.events == 0


CHECKS = [
    (path, name) for path in ("data/people.csv", "data/events") for name in ("schema", "policy")
]


def evaluations(
    instance: dg.DagsterInstance, path: str, check: str
) -> list[dg.AssetCheckEvaluation]:
    """All evaluations of a check that Dagster has."""
    runs = instance.get_run_records()
    found = [
        entry.asset_check_evaluation
        for run_id in ["", *(record.dagster_run.run_id for record in runs)]
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    ]
    key = dg.AssetCheckKey(dg.AssetKey(path.split("/")), check)
    return [each for each in found if each is not None and each.asset_check_key == key]


def test_released_data_shows_its_checks_as_evaluated(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """By one run, from the report of the version; another run or another daemon adds nothing."""
    daemon = Daemon(project, Fake(), instance)
    run(project, "release")
    daemon.tick("dvc_lock")
    assert [shown(instance, *check) for check in CHECKS] == [None] * 4
    [request] = daemon.tick("versions")
    assert Daemon(project, Fake(), instance).tick("versions")[0].run_key == request.run_key
    assert daemon.run(request, "released_checks")
    for path, name in CHECKS:
        found = shown(instance, path, name)
        assert found is not None, (path, name)
        assert found.passed
        assert found.description == "from the report of data-v1"
        assert found.metadata["version"].value == "data-v1"
        newest = instance.fetch_materializations(dg.AssetKey(path.split("/")), limit=1).records[0]
        assert found.target_materialization_data is not None
        assert found.target_materialization_data.storage_id == newest.storage_id
    policy = shown(instance, "data/people.csv", "policy")
    assert policy is not None
    assert "merging publishes **data-v1**" in str(policy.metadata["report"].value)
    assert Daemon(project, Fake(), instance).tick("versions") == []
    assert daemon.run(request, "released_checks")
    for path, name in CHECKS:
        assert len(evaluations(instance, path, name)) == 1


@pytest.mark.slow  # test_released_checks.py decides it
def test_data_that_nobody_checked_is_not_shown_with_the_result_of_a_version(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """It has no result until it is released, and then that of its own version."""
    daemon = Daemon(project, Fake(), instance)
    run(project, "release")
    daemon.tick("dvc_lock")
    [first] = daemon.tick("versions")
    assert daemon.run(first, "released_checks")
    project.params(rows=21)
    project.repro()
    project.commit("One more")
    daemon.tick("dvc_lock")
    assert [shown(instance, *check) for check in CHECKS] == [None] * 4
    [second] = daemon.tick("versions")
    assert daemon.run(second, "released_checks")
    # The events were made again and are the same: they are data of the version still.
    assert shown(instance, "data/people.csv", "schema") is None
    assert shown(instance, "data/people.csv", "policy") is None
    same = shown(instance, "data/events", "policy")
    assert same is not None
    assert same.metadata["version"].value == "data-v1"
    assert daemon.tick("versions") == []
    run(project, "release")
    [third] = daemon.tick("versions")
    assert len({first.run_key, second.run_key, third.run_key}) == 3
    assert daemon.run(third, "released_checks")
    found = shown(instance, "data/people.csv", "policy")
    assert found is not None
    assert found.metadata["version"].value == "data-v2"


@pytest.mark.slow  # test_released_checks.py decides it
def test_a_run_that_evaluates_the_checks_is_left_alone(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """What the job `check` found is about the same materialization, and stays the newest."""
    daemon = Daemon(project, Fake(), instance)
    run(project, "release")
    assert daemon.run(dg.RunRequest(), "check")
    assert daemon.tick("versions") == []
    assert daemon.run(dg.RunRequest(), "released_checks")
    for path, name in CHECKS:
        found = shown(instance, path, name)
        assert found is not None
        assert "version" not in found.metadata


@pytest.mark.parametrize("fault", slow_but({"is no report"}, ["is missing", "is no report"]))
def test_a_report_that_cannot_be_read_is_said_once(
    project: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The release is told, the run ends with a warning, and the checks stay without a result."""
    daemon = Daemon(project, Fake(), instance)
    run(project, "release")
    daemon.tick("dvc_lock")
    found = None if fault == "is missing" else b"{}"
    monkeypatch.setattr("datarelease.orchestration.releases.find_document", lambda *_: found)
    [request] = daemon.tick("versions")
    assert daemon.events == 1
    assert daemon.run(request, "released_checks")
    assert shown(instance, "data/people.csv", "schema") is None
    assert daemon.tick("versions") == []
    assert daemon.said == "Checks of data-v1 have no result for events, people: unreadable."
    [record] = instance.get_run_records(dg.RunsFilter(job_name="released_checks"))
    [warned] = [
        entry.user_message
        for entry in instance.all_logs(record.dagster_run.run_id)
        if entry.level == logging.WARNING
    ]
    assert "report.json of data-v1" in warned
    assert "The job `check` evaluates" in warned


@pytest.mark.slow  # another run that failed, above, is asked for again
def test_a_remote_that_is_away_is_asked_again(
    project: Project, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails and says why; after a pause the sensor asks for another one."""
    monkeypatch.setattr("datarelease.orchestration.checks.WORLD_RETRIES", None)
    daemon = Daemon(project, Fake(), instance)
    run(project, "release")
    daemon.tick("dvc_lock")
    [first] = daemon.tick("versions")

    def away(*_: object) -> None:
        raise WorldError("The remote storage does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr("datarelease.orchestration.releases.find_manifest", away)
        assert not daemon.run(first, "released_checks")
    assert daemon.tick("versions") == []
    monkeypatch.setattr("datarelease.orchestration.sensors.PAUSE", 0)
    [again] = daemon.tick("versions")
    assert daemon.run(again, "released_checks")
    assert shown(instance, "data/events", "policy") is not None


def test_checks_of_data_that_a_dvc_file_tracks_are_evaluated_too(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """Such a source is observed and never materialised; what was released is what was observed."""
    (project.root / "dvc.lock").unlink()
    pipeline = project.read_yaml("dvc.yaml")
    del pipeline["stages"], pipeline["artifacts"]["events"]
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    project.write("data/.gitignore", "/people.csv\n/events\n")
    project.dvc("add", "--quiet", "data/people.csv")
    project.commit("Tracked by a file")
    daemon = Daemon(project, Fake(), instance)
    run(project, "release")
    daemon.tick("dvc_lock")
    [request] = daemon.tick("versions")
    assert daemon.run(request, "released_checks")
    found = shown(instance, "data/people.csv", "schema")
    assert found is not None
    assert found.target_materialization_data is None
    assert daemon.tick("versions") == []
    assert daemon.run(request, "released_checks")
    assert len(evaluations(instance, "data/people.csv", "schema")) == 1


def test_the_default_branch_is_released_when_it_moved(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """One run for each commit; the clone follows, and the commit of the release asks for none."""
    daemon = Daemon(project, Fake(), instance, {"DATARELEASE_MAIN": "release"})
    other = project.clone(project.root.parent / "colleague")
    other.params(rows=22)
    merged = other.commit("Two more")
    other.push()
    [request] = daemon.tick("main")
    assert daemon.tick("main") == []
    assert daemon.run(request, "release_main")
    assert merged in project.git("log", "--format=%H")
    assert project.git("tag") == "data-v1"
    assert daemon.tick("main") == []
    entry = instance.get_latest_materialization_event(dg.AssetKey(["release", "storage"]))
    assert entry is not None
    assert entry.asset_materialization is not None
    assert entry.asset_materialization.metadata["version"].value == "data-v1"
    daemon.tick("versions")
    assert daemon.events == 0
    daemon.tick("dvc_lock")
    assert daemon.stale() == {"FRESH"}


def test_the_clone_follows_what_was_merged(project: Project, instance: dg.DagsterInstance) -> None:
    """Its lock and its data are those of the newest commit; nothing is released."""
    daemon = Daemon(project, Fake(), instance, {"DATARELEASE_MAIN": "follow"})
    assert daemon.tick("main") == []
    other = project.clone(project.root.parent / "colleague")
    other.params(rows=22)
    other.repro()
    merged = other.commit("Two more")
    other.push()
    # A check that ran here meanwhile left a lock of its own, which gives way.
    project.params(rows=21)
    project.repro()
    project.git("checkout", "--quiet", "params.yaml")
    [request] = daemon.tick("main")
    assert daemon.run(request, "follow_main")
    assert project.head == merged
    assert project.git("status", "--porcelain") == ""
    assert project.git("tag") == ""
    assert daemon.tick("main") == []


def test_a_clone_that_went_another_way_is_left_alone(
    project: Project, instance: dg.DagsterInstance
) -> None:
    """Somebody works in it: the run fails and says what to do, nothing is lost."""
    daemon = Daemon(project, Fake(), instance, {"DATARELEASE_MAIN": "follow"})
    other = project.clone(project.root.parent / "colleague")
    other.write("theirs", "x")
    other.commit("Theirs")
    other.push()
    project.write("mine", "x")
    mine = project.commit("Mine")
    [request] = daemon.tick("main")
    assert not daemon.run(request, "follow_main")
    assert project.head == mine
