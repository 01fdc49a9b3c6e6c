"""After a release: dead letters sent and offsets committed, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from tests.broker import Broker
from tests.commands import KILLED, Point, run
from tests.ingesting import STREAM, Ingesting
from tests.slow_cases import slow_but

from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.ingest.commit import Committed, commit_now, settle
from datarelease.ingest.kafka.config import kafka_config
from datarelease.ingest.kafka.producer import Writer
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.stream import DeadLetter, Stream, group_of
from datarelease.progress import Quiet, Step

Make = Callable[..., Ingesting]


@pytest.fixture
def make(broker: Broker, tmp_path: Path) -> Make:
    """Makes a repository whose stream has two batches in two partitions, all planned."""

    def made(**stream: Any) -> Ingesting:
        topic = broker.topic(partitions=2)
        for partition in range(2):
            broker.produce(topic, [(str(n), "{}") for n in range(10)], partition=partition)
        repository = Ingesting.made(tmp_path / "ingest", broker.env, topic, batch=12, **stream)
        repository.plan()
        return repository

    return made


def letter(partition: int, offset: int, value: bytes | None = b"bad") -> DeadLetter:
    """A dead letter."""
    return DeadLetter(
        partition=partition, offset=offset, timestamp=1_700_000_000_000 + offset, key=b"k",
        value=value, reason="amount:type", detail="",
    )  # fmt: skip


DEAD = {1: [letter(0, 2), letter(1, 5, b"\xff\x00")], 2: [letter(0, 6), letter(1, 9)]}
"""Of partition 0, batch 1 has the offsets 0 to 5; of partition 1 likewise."""


def commit(repository: Ingesting) -> Committed:
    """What the command did."""
    return commit_now(repository.root, STREAM, env=repository.env, progress=Quiet())


def read(broker: Broker, topic: str) -> list[tuple[int, int, bytes | None]]:
    """(partition, offset, value) of the dead letters that a reader of committed messages sees."""
    found = []
    for message in broker.committed(topic):
        told = told_in(message)
        place = int(told["datarelease.partition"]), int(told["datarelease.offset"])
        found.append((*place, message.value()))
    return found


def told_in(message: Message) -> dict[str, bytes]:
    """The headers of a message."""
    headers = message.headers() or []
    assert isinstance(headers, list)
    return {name: value for name, value in headers if isinstance(value, bytes)}


def stands(broker: Broker, topic: str) -> list[int]:
    """Where the group is, by partition; -1001: nowhere."""
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap, "group.id": f"datarelease-{STREAM}"}
    )
    places = consumer.committed([TopicPartition(topic, n) for n in range(2)], timeout=10)
    consumer.close()
    return [place.offset for place in places]


def sent(letters: Sequence[DeadLetter]) -> list[tuple[int, int, bytes | None]]:
    """As ``read`` gives them."""
    return [(one.partition, one.offset, one.value) for one in letters]


def test_dead_letters_and_offsets_are_told_once(make: Make, broker: Broker) -> None:
    """A released version's dead letters arrive with reasons, and the group moves to its ends."""
    target = broker.topic("dead")
    repository = make(dead_letters=target)
    first_one = replace(letter(0, 2), headers=(("trace", b"\x01"), ("empty", None)))
    repository.release(1, {**DEAD, 1: [first_one, *DEAD[1][1:]]})
    topic = repository.planned.topic
    done = commit(repository)
    assert (done.tag, done.batches, done.dead) == ("data-v1", (1, 2), 4)
    assert done.offsets == {0: 10, 1: 10}
    assert stands(broker, topic) == [10, 10]
    assert read(broker, target) == sent([*DEAD[1], *DEAD[2]])
    first = next(iter(broker.committed(target)))
    assert first.key() == b"k"
    assert list(first.headers() or [])[:2] == [("trace", b"\x01"), ("empty", None)]
    assert told_in(first) == {
        "trace": b"\x01",
        "datarelease.stream": b"orders",
        "datarelease.topic": topic.encode(),
        "datarelease.partition": b"0",
        "datarelease.offset": b"2",
        "datarelease.timestamp": b"1700000000002",
        "datarelease.reason": b"amount:type",
        "datarelease.detail": b"",
    }
    again = commit(repository)
    assert (again.batches, again.dead, again.offsets) == ((), 0, done.offsets)
    assert len(read(broker, target)) == 4


def test_next_version_tells_what_is_new(make: Make, broker: Broker) -> None:
    """Only the batches since then are committed; the group's offsets never decrease."""
    target = broker.topic("dead")
    repository = make(dead_letters=target)
    repository.release(1, DEAD)
    commit(repository)
    topic = repository.planned.topic
    broker.produce(topic, [("n", "{}")] * 3, partition=1)
    repository.plan()
    repository.release(2, {**DEAD, 3: [letter(1, 12)]})
    done = commit(repository)
    assert (done.tag, done.batches, done.dead) == ("data-v2", (3,), 1)
    assert stands(broker, topic) == [10, 13]
    assert read(broker, target)[4:] == [(1, 12, b"bad")]


def test_what_is_not_released_is_not_told(make: Make, broker: Broker) -> None:
    """A plan, even a merged one, commits nothing at the broker before it is released."""
    repository = make()
    repository.publish()
    done = commit(repository)
    assert (done.tag, done.batches) == (None, ())
    assert stands(broker, repository.planned.topic) == [-1001, -1001]


def test_without_a_topic_only_offsets_are_told(make: Make, broker: Broker) -> None:
    """Streams whose dead letters stay in their file still show their lag."""
    repository = make()
    repository.release(1, DEAD)
    done = commit(repository)
    assert (done.batches, done.dead) == ((1, 2), 0)
    assert stands(broker, repository.planned.topic) == [10, 10]


def test_missing_topic_is_told_before_anything_is_sent(make: Make, broker: Broker) -> None:
    """A dead-letter topic that nobody made is a fault of the settings."""
    repository = make(dead_letters="nowhere")
    repository.release(1, DEAD)
    with pytest.raises(ConfigError, match="no topic 'nowhere'"):
        commit(repository)
    assert stands(broker, repository.planned.topic) == [-1001, -1001]


def test_dead_letters_that_are_on_no_remote(make: Make, broker: Broker) -> None:
    """Without its dead letters a batch is not committed, so that they are sent later."""
    target = broker.topic("dead")
    repository = make(dead_letters=target)
    repository.release(1, DEAD)
    for path in (repository.remote / "files").rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"PAR1":
            path.unlink()
    with pytest.raises(WorldError, match="neither in DVC's cache nor on a remote"):
        commit(repository)
    assert stands(broker, repository.planned.topic) == [-1001, -1001]
    assert read(broker, target) == []


POINTS = [
    Point(step=Step.TRANSACTION, call=1),
    Point(step=Step.MESSAGES, call=1, when="after"),
    Point(step=Step.OFFSETS, call=1, when="after"),
    Point(step=Step.TRANSACTION, call=1, when="after"),
    Point(step=Step.MESSAGES, call=2, when="after"),
    Point(step=Step.OFFSETS, call=2, when="after"),
    Point(step=Step.TRANSACTION, call=2, when="after"),
]


@pytest.mark.parametrize("point", slow_but({"after messages 1"}, POINTS))
def test_killed_commit_is_finished_by_the_next(make: Make, broker: Broker, point: Point) -> None:
    """Whenever it is killed, each dead letter is seen once in the end, and never before offsets."""
    target = broker.topic("dead")
    repository = make(dead_letters=target)
    repository.release(1, DEAD)
    env = dict(repository.env)
    run(repository.root, "ingest", "commit", STREAM, env=env, points=[point], code=KILLED)
    done = run(repository.root, "ingest", "commit", STREAM, "--json", env=env).json
    assert read(broker, target) == sent([*DEAD[1], *DEAD[2]])
    assert stands(broker, repository.planned.topic) == [10, 10]
    assert done["offsets"] == {"0": 10, "1": 10}


def test_second_commit_shuts_the_first_one_out(broker: Broker) -> None:
    """Of two runs at once, the later one does the work, and the other reports it."""
    topic, target = broker.topic(partitions=2), broker.topic("dead")
    stream = Stream(
        dataset=Dataset(name=STREAM, path="data/orders"), topic=topic, dead_letters=target
    )
    config, group = kafka_config(broker.env), group_of(stream)
    with Writer(config, group) as first:
        assert first.committed(topic, [0]) == {}
        with Writer(config, group) as second:
            with pytest.raises(ConflictError, match="has taken over"):
                settle(first, stream, {0: 5}, [letter(0, 1)])
            assert second.committed(topic, [0]) == {}
            assert settle(second, stream, {0: 5}, [letter(0, 1)]) == 1
            assert second.committed(topic, [0]) == {0: 5}
    assert read(broker, target) == [(0, 1, b"bad")]


@pytest.mark.slow  # test_ingest_transcripts.py shows what it prints
def test_command_tells_what_it_did(make: Make) -> None:
    """A line for people, before the first version, after it, and when there is nothing to do."""
    repository = make()
    env = dict(repository.env)

    def told() -> str:
        return run(repository.root, "ingest", "commit", STREAM, env=env).out

    assert "there is no version yet" in told()
    repository.release(1, DEAD)
    assert "2 batches of data-v1 committed for datarelease-orders" in told()
    assert "all batches of data-v1 are committed already" in told()
