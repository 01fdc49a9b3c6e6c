"""Every event in exactly one part or in the dead letters, whatever is killed on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.broker import Broker, running_broker
from tests.chaos import Ingester, Killer, Sender, keys_of, orders
from tests.project import Project
from tests.roads import NAME, fed

import datarelease as dr
from datarelease.documents import decode
from datarelease.model.data.stream import StreamCounts, StreamPlan

PARTITIONS = 6


def proven(root: Path, count: int) -> None:
    """Each key is in one part or in the dead letters; each record was counted once.

    The log may have an event twice, where its producer had to send it again: the second one is a
    duplicate, or the second dead letter of its key, from another offset.
    """
    good, bad = keys_of(count)
    ids: Counter[int] = Counter()
    for path in sorted((root / "data" / NAME).iterdir()):
        ids.update(pq.read_table(path, columns=["id"])["id"].to_pylist())
    assert ids.keys() == good
    assert max(ids.values()) == 1
    dead = [
        row
        for path in sorted((root / "data" / "streams" / NAME / "dead").iterdir())
        for row in pq.read_table(path).to_pylist()
    ]
    assert {row["key"].decode() for row in dead} == bad
    assert len({(row["partition"], row["offset"]) for row in dead}) == len(dead)
    plan = decode(StreamPlan, (root / f"streams/{NAME}.json").read_bytes())
    batches = decode(StreamCounts, (root / "reports" / NAME / "stream.json").read_bytes()).batches
    assert [batch.spans for batch in batches] == [batch.spans for batch in plan.batches]
    assert sum(batch.events for batch in batches) == len(good)
    assert sum(batch.dead for batch in batches) == len(dead)
    duplicates = sum(batch.duplicates for batch in batches)
    assert duplicates + len(good) + len(dead) == sum(plan.ends().values()) >= count
    assert not any(batch.holes or batch.lost or batch.tombstones for batch in batches)


def parts(root: Path) -> dict[str, bytes]:
    """All files that drain and parse made, by their names."""
    folders = (f"data/{NAME}", f"data/streams/{NAME}")
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in folders
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def work(ingester: Ingester, done: Callable[[], bool]) -> None:
    """Plan, drain, parse, and push the plan if nobody was faster; again and again."""
    while True:
        last = done()  # seen before the round, so that one whole round comes after it
        ingester.git("fetch", "--quiet", "origin", "main")
        ingester.git("reset", "--quiet", "--hard", "FETCH_HEAD")
        steps = (("plan", NAME), ("drain", NAME), ("parse", NAME))
        if all(ingester.run("ingest", *step) == 0 for step in steps):
            ingester.git("add", "--", f"streams/{NAME}.json")
            ingester.git("commit", "--quiet", "-m", "Events")
            if ingester.git("push", "--quiet", "origin", "HEAD:main") == 0 and last:
                return


def restarted(broker: Broker, sender: Sender, topic: str, count: int) -> None:
    """The broker stopped and started again when half of the events are on their way.

    Ingesters go on meanwhile; the producer holds its breath, because the broker of the tests loses
    what it acknowledged in the second before it stops.
    """
    while sender.is_alive() and sender.sent < count // 2:
        sender.join(0.05)
    assert sender.is_alive()
    with sender.silent():
        ends = broker.ends(topic)
        broker.stop()
        broker.start()
        assert broker.ends(topic) == ends, "the broker of the tests lost what it acknowledged"


@pytest.mark.slow  # tests/flows/ingest has each of its failures
def test_forty_thousand_events_survive_everything(tmp_path: Path) -> None:
    """Two ingesters at once, killed five times, and a broker that restarts: nothing is lost.

    Both push plans to one branch; each stage is a process, forked from one that has all loaded.
    """
    count = 40_000
    with running_broker(tmp_path / "kafka") as broker:
        topic = broker.topic(partitions=PARTITIONS)
        project = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path / "remote")
        fed(project, topic)
        project.release_settings(streams={NAME: {"topic": topic, "batch": 4_000}})
        project.commit("Larger batches")
        project.push()
        ingesters = [
            Ingester(project.clone(tmp_path / name).root, broker.env, forked=True)
            for name in ("one", "two")
        ]
        sender = Sender(broker, topic, orders(range(count)), portion=1_000, pause=0.2)
        killer = Killer(ingesters, times=5, seed=4, pause=(0.2, 2.0))

        def done() -> bool:
            return not sender.is_alive() and not killer.is_alive()

        threads = [threading.Thread(target=work, args=(one, done)) for one in ingesters]
        for thread in (sender, killer, *threads):
            thread.start()
        restarted(broker, sender, topic, count)
        for thread in (sender, killer, *threads):
            thread.join(240)
            assert not thread.is_alive()

        assert sender.failed == 0
        assert killer.killed == 5
        assert [one.bugs for one in ingesters] == [[], []]
        last = Ingester(project.clone(tmp_path / "last").root, broker.env, forked=True)
        for step in ("drain", "parse"):
            assert last.run("ingest", step, NAME) == 0, last.ended[-1]
    proven(last.root, count)
    whole = parts(last.root)
    for ingester in ingesters:
        ingester.git("pull", "--quiet", "origin", "main")
        there = parts(ingester.root)
        assert all(whole[name] == data for name, data in there.items()), "other bytes"


@pytest.mark.slow
@pytest.mark.timeout(1_500)
def test_million_events_are_released_once(tmp_path: Path) -> None:
    """A million events through proposals and merges into a version: each key in it once.

    Two ingesters propose and merge, each in a clone of its own; they are killed twenty times, some
    of the times alone, so that the pipeline which they had started goes on. The broker restarts
    while events come. Dead letters end in the file, and once each in their topic.
    """
    count, first = 1_000_000, 20_000
    with running_broker(tmp_path / "kafka") as broker:
        topic, dead = broker.topic(partitions=PARTITIONS), broker.topic("dead")
        project = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path / "remote")
        fed(project, topic, auto_merge=True)
        stream = {"topic": topic, "batch": 100_000, "dead_letters": dead}
        project.release_settings(streams={NAME: stream})
        project.commit("Larger batches")
        project.push()
        ingesters = [
            Ingester(project.clone(tmp_path / name).root, broker.env) for name in ("one", "two")
        ]
        person = Ingester(project.root, broker.env)
        begun(broker, topic, person, first)
        sender = Sender(broker, topic, orders(range(first, count)), portion=10_000, pause=0.5)
        killer = Killer(ingesters, times=20, seed=4, pause=(1, 9), alone=0.3)

        def done() -> bool:
            return not sender.is_alive() and not killer.is_alive()

        threads = [threading.Thread(target=propose, args=(one, done)) for one in ingesters]
        for thread in (sender, killer, *threads):
            thread.start()
        restarted(broker, sender, topic, count - first)
        for thread in (sender, killer, *threads):
            thread.join(900)
            assert not thread.is_alive(), [one.ended[-3:] for one in ingesters]
        for one in ingesters:
            one.end()

        assert (sender.failed, killer.killed) == (0, 20)
        assert [one.bugs for one in ingesters] == [[], []]
        person.git("pull", "--quiet", "origin", "main")
        assert person.run("release") == 0, person.ended[-1]
        for _ in range(2):
            assert person.run("ingest", "commit", NAME) == 0, person.ended[-1]
        letters = Counter(
            (told["datarelease.partition"], told["datarelease.offset"], message.key())
            for message in broker.committed(dead)
            for told in [dict(message.headers() or ())]
        )
    good, bad = keys_of(count)
    tag = person.newest()
    released = Counter(dr.load(tag, NAME, repo=project.root)["id"].tolist())
    assert released.keys() == good
    assert {(key or b"").decode() for _, _, key in letters} == bad
    assert max(released.values()) == max(letters.values()) == 1
    assert person.git("checkout", "--quiet", tag) == 0
    project.dvc("pull", "--quiet")
    proven(project.root, count)


def begun(broker: Broker, topic: str, person: Ingester, count: int) -> None:
    """A first version with the first events, as a person makes it."""
    broker.produce(topic, orders(range(count)))
    assert person.run("ingest", "propose", NAME) == 0, person.ended[-1]
    assert person.git("pull", "--quiet", "--no-rebase", "origin", f"stream/{NAME}/000001-1") == 0
    assert person.git("push", "--quiet", "origin", "main", f":stream/{NAME}/000001-1") == 0
    assert person.run("release") == 0, person.ended[-1]


def propose(ingester: Ingester, done: Callable[[], bool]) -> None:
    """Propose what waits and merge it, until nothing waits when everything has come."""
    while True:
        last = done()
        code = ingester.run("ingest", "propose", NAME)
        said = ingester.ended[-1][2]
        ingester.run("ingest", "merge", NAME)
        if last and code == 0 and "no events wait" in said:
            return
