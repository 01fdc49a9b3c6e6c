"""Draining: the same offsets give the same bytes, or an error; never other bytes."""

from __future__ import annotations

import fcntl
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import NewPartitions
from tests.broker import Broker
from tests.commands import KILLED, Point, run
from tests.ingesting import STREAM, Ingesting
from tests.registry import framed, running_registry
from tests.slow_cases import slow_but

from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.ingest import raw
from datarelease.ingest.raw import read_raw_header

Make = Callable[..., Ingesting]


@pytest.fixture
def make(broker: Broker, tmp_path: Path) -> Make:
    """Makes a repository whose stream reads a topic of its own, with three partitions."""

    def made(records: int = 0, *, partitions: int = 3, **stream: Any) -> Ingesting:
        topic = broker.topic(partitions=partitions)
        fill(broker, topic, range(records))
        return Ingesting.made(tmp_path / "ingest", broker.env, topic, **stream)

    return made


def fill(broker: Broker, topic: str, numbers: range) -> None:
    """An event a number, whose key is the number."""
    broker.produce(topic, ((str(n), json.dumps({"id": n})) for n in numbers))


def topic_of(repository: Ingesting) -> str:
    """The topic of the stream's plan."""
    return repository.planned.topic


def keys(repository: Ingesting) -> list[int]:
    """The keys of all records, sorted."""
    return sorted(int(record["key"]) for record in repository.records())


def expire(broker: Broker, topic: str, partition: int, offset: int) -> None:
    """Let the broker drop everything before an offset."""
    place = TopicPartition(topic, partition, offset)
    broker.admin.delete_records([place])[place].result(10)


# --- the same bytes


def test_replay_gives_the_same_bytes(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """However records arrive, in chunks of thousands or of seven, the files are the same."""
    monkeypatch.setattr(raw, "ROWS", 100)
    monkeypatch.setattr(raw, "BYTES", 900)
    repository = make(1_000, batch=400)
    repository.plan()
    first = repository.drain()
    assert (first.written, first.kept, first.records, first.holes) == ((1, 2, 3), (), 1_000, 0)
    before = repository.parts()
    for chunk in (7, 64):
        monkeypatch.setattr("datarelease.ingest.kafka.broker.CHUNK", chunk)
        repository.forget()
        assert repository.drain().written == (1, 2, 3)
        assert repository.parts() == before
    assert keys(repository) == list(range(1_000))


def test_row_groups_are_bounded_by_bytes(
    make: Make, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Huge values make small row groups, which end with the record that fills them."""
    monkeypatch.setattr(raw, "BYTES", 1_000_000)
    repository = make(partitions=1)
    repository.plan()
    sizes = [600_000, 600_000, 10, 900_000, 10, 950_000, 300_000, 5]
    broker.produce(topic_of(repository), [(str(n), b"x" * s) for n, s in enumerate(sizes)])
    repository.plan()
    repository.drain()
    (file,) = repository.files()
    rows = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    assert rows == [2, 4, 2]  # 1.2 MB | 1.85 MB, the one that reached it included | the rest
    assert [len(record["value"]) for record in repository.records()] == sizes


def test_files_are_sorted_and_say_what_they_hold(make: Make) -> None:
    """Records are by partition and offset; the header repeats the plan's batch."""
    repository = make(300, batch=100)
    plan = repository.plan().plan
    repository.drain()
    for batch in plan.batches:
        path = repository.raw / batch.part
        header = read_raw_header(path)
        assert (header.topic, header.cluster) == (plan.topic, plan.cluster)
        assert (header.batch, header.schemas, header.format) == (batch, {}, "json")
    for table, batch in zip(repository.tables(), plan.batches, strict=True):
        places = list(zip(table["partition"].to_pylist(), table["offset"].to_pylist(), strict=True))
        assert places == [(s.partition, o) for s in batch.spans for o in range(s.start, s.end)]


def test_files_that_are_there_are_kept_unread(make: Make, broker: Broker) -> None:
    """A second drain needs no broker; a new batch is drained beside the old files."""
    repository = make(10)
    repository.plan()
    repository.drain()
    before = repository.parts()
    away = Ingesting(repository.root, repository.origin, {})
    assert away.drain().kept == (1,)
    repository.publish()
    fill(broker, topic_of(repository), range(10, 20))
    repository.plan()
    assert (repository.drain().kept, repository.drain().kept) == ((1,), (1, 2))
    assert repository.parts()["000001.parquet"] == before["000001.parquet"]
    assert keys(repository) == list(range(20))


def test_a_plan_is_appended_to(make: Make, broker: Broker) -> None:
    """Batches that nobody merged yet stay, and so do their files; other ones of main count more."""
    repository = make(10, partitions=1)
    first = repository.plan().new
    repository.drain()
    fill(broker, topic_of(repository), range(10, 15))
    done = repository.plan()
    assert done.plan.batches == (*first, *done.new)
    assert (done.pending, done.dropped) == (first, ())
    assert [(s.start, s.end) for batch in done.new for s in batch.spans] == [(10, 15)]
    assert repository.drain().kept == (1,)
    assert repository.plan().new == ()
    other = repository.clone(repository.root.parent / "other")
    assert [batch.offsets for batch in other.plan().new] == [15]
    other.publish()
    there = repository.plan()
    assert there.plan == other.planned
    assert (there.dropped, there.pending) == (done.plan.batches, ())


def test_files_of_no_batch_are_removed(make: Make) -> None:
    """A part that was planned anew is drained anew, and one that is planned no more goes."""
    repository = make(10, batch=5)
    repository.plan()
    repository.drain()
    (repository.raw / "000003.parquet").write_bytes(b"old")
    (repository.raw / ".tmp-left").write_bytes(b"left")
    repository.settings(topic=topic_of(repository), batch=100)
    assert [batch.number for batch in repository.plan(anew=True).dropped] == [1, 2]
    done = repository.drain()
    assert (done.written, done.removed) == ((1,), (".tmp-left", "000002.parquet", "000003.parquet"))
    assert keys(repository) == list(range(10))


@pytest.mark.parametrize("left", slow_but({"half"}, [b"", b"PAR1", "half"]))
def test_damaged_file_is_drained_anew(make: Make, left: bytes | str) -> None:
    """A file that was cut off, by whomever, is no file."""
    repository = make(10)
    repository.plan()
    repository.drain()
    before = repository.parts()
    path = repository.raw / "000001.parquet"
    path.write_bytes(path.read_bytes()[:-100] if isinstance(left, str) else left)
    assert repository.drain().written == (1,)
    assert repository.parts() == before


# --- killed


POINTS = [
    Point(function="datarelease.ingest.cli.commands:drain_now"),
    Point(function="datarelease.ingest.raw:RowGroups.add", call=1),
    Point(function="datarelease.ingest.raw:RowGroups.add", call=4, when="after"),
    Point(function="datarelease.ingest.raw:RowGroups.finish", call=2),
    Point(function="datarelease.ingest.raw:RowGroups.finish", call=2, when="after"),
    Point(function="datarelease.ingest.drain:to_disk", call=1),
    Point(function="datarelease.ingest.drain:to_disk", call=2),
    Point(function="datarelease.ingest.drain:to_disk", call=3, when="after"),
]


QUICK = {"before drain_now 1", "after RowGroups.add 4", "before to_disk 1", "after to_disk 3"}
"""Before anything is there, within a file, before it is whole, and after the last one."""


@pytest.mark.parametrize("point", slow_but(QUICK, POINTS))
def test_killed_drain_is_finished_by_the_next(make: Make, point: Point) -> None:
    """Whenever a drain is killed, every file is whole or not there, and the next one agrees."""
    repository = make(200, batch=100)
    repository.plan()
    repository.drain()
    before = repository.parts()
    repository.forget()
    run(repository.root, "ingest", "drain", STREAM, env=dict(repository.env), points=[point],
        code=KILLED)  # fmt: skip
    left = repository.parts() if repository.raw.exists() else {}
    assert all(before[name] == data for name, data in left.items())
    repository.drain()
    assert repository.parts() == before
    scratch = repository.root / ".dvc" / "tmp" / "datarelease" / "drain" / STREAM
    assert list(scratch.iterdir()) == []


def test_two_drains_of_one_work_tree_do_not_meet(make: Make) -> None:
    """The second one is refused with the advice to wait, and changes nothing."""
    repository = make(10)
    repository.plan()
    repository.drain()
    lock = repository.root / ".dvc" / "tmp" / "datarelease" / "drain" / f"{STREAM}.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(WorldError, match="Another drain of orders runs"):
            repository.drain()
    assert repository.drain().kept == (1,)


def test_full_disk_leaves_no_half_file(make: Make) -> None:
    """A full disk is reported and leaves no file; with free space the next drain writes it."""
    repository = make(1_000)
    repository.plan()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        with pytest.raises(WorldError, match="data/streams/orders/raw cannot be written"):
            repository.drain()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(repository.raw.iterdir()) == []
    assert repository.drain().records == 1_000


# --- what the broker no longer has, or has otherwise


def test_expired_records_are_an_error_and_leave_nothing(make: Make, broker: Broker) -> None:
    """Planned offsets that the broker dropped since are reported with the remedy."""
    repository = make(partitions=1)
    repository.plan()
    fill(broker, topic_of(repository), range(10))
    repository.plan()
    expire(broker, topic_of(repository), 0, 4)
    with pytest.raises(WorldError, match="no longer has offset 0") as caught:
        repository.drain()
    assert "dvc pull" in caught.value.remedy
    assert list(repository.raw.iterdir()) == []
    repository.plan(anew=True)  # nobody has agreed on the old plan yet
    assert repository.planned.batches[0].spans[0].start == 4
    assert repository.drain().records == 6


def test_expired_records_of_agreed_batches_count_as_lost(make: Make, broker: Broker) -> None:
    """What expires between two agreed batches is counted with the second one."""
    repository = make(10, partitions=1)
    repository.plan()
    repository.drain()
    repository.publish()
    fill(broker, topic_of(repository), range(10, 30))
    expire(broker, topic_of(repository), 0, 15)
    (batch,) = repository.plan().new
    assert [(s.start, s.end, s.lost) for s in batch.spans] == [(15, 30, 5)]
    assert repository.drain().kept == (1,)
    assert keys(repository) == [*range(10), *range(15, 30)]


def made_again(broker: Broker, topic: str, numbers: range) -> None:
    """Delete a topic and make it again with other records at the same offsets."""
    broker.admin.delete_topics([topic])[topic].result(10)
    broker.again(topic, partitions=1)
    fill(broker, topic, numbers)


def test_topic_made_again_is_never_mixed_in(make: Make, broker: Broker) -> None:
    """Other records at the planned offsets are a conflict, for drain and for plan."""
    repository = make(10, partitions=1)
    repository.plan()
    repository.publish()
    made_again(broker, topic_of(repository), range(100, 130))
    with pytest.raises(ConflictError, match="not the one that was planned"):
        repository.drain()
    assert list(repository.raw.iterdir()) == []
    with pytest.raises(ConflictError, match="not the one that was drained before"):
        repository.plan()


def test_another_cluster_is_a_conflict(make: Make) -> None:
    """A plan made on one cluster is not drained from another."""
    repository = make(10)
    repository.plan()
    plan = json.loads(repository.plan_file.read_text())
    repository.plan_file.write_text(json.dumps({**plan, "cluster": "another"}))
    with pytest.raises(ConflictError, match="it is on another cluster, or"):
        repository.drain()
    repository.publish()
    with pytest.raises(ConflictError, match="and was on another"):
        repository.plan()


def test_holes_have_to_be_allowed(make: Make, broker: Broker) -> None:
    """Offsets without a record stop the drain, unless the stream says that there are some."""
    repository = make(partitions=1)
    repository.plan()
    topic = topic_of(repository)
    broker.transaction(topic, [("1", "{}"), ("2", "{}")])
    fill(broker, topic, range(3, 6))
    repository.plan()
    with pytest.raises(WorldError, match="1 of the 6 offsets of batch 1 have no record") as caught:
        repository.drain()
    assert "holes: true" in caught.value.remedy
    assert list(repository.raw.iterdir()) == []
    repository.settings(topic=topic, holes=True)
    done = repository.drain()
    assert (done.records, done.holes) == (5, 1)
    assert keys(repository) == [1, 2, 3, 4, 5]


# --- records of all kinds


def test_records_are_kept_as_they_are(make: Make, broker: Broker) -> None:
    """Odd bytes, tombstones, empty values and headers go into the file untouched."""
    repository = make(partitions=1)
    repository.plan()
    odd = bytes(range(256))
    topic = topic_of(repository)
    broker.produce(topic, [(odd, odd), ("gone", None), (None, b"")])
    broker.produce(topic, [("h", "{}")], headers={"a": odd, "b": None})
    repository.plan()
    repository.drain()
    found = [(r["key"], r["value"], r["headers"]) for r in repository.records()]
    assert found == [
        (odd, odd, None),
        (b"gone", None, None),
        (None, b"", None),
        (b"h", b"{}", [{"name": "a", "value": odd}, {"name": "b", "value": None}]),
    ]


def test_empty_topic_is_an_empty_directory(make: Make) -> None:
    """A stream begins before its first event."""
    repository = make()
    assert repository.plan().new == ()
    assert repository.drain().written == ()
    assert list(repository.raw.iterdir()) == []


def test_topic_that_grows_partitions(make: Make, broker: Broker) -> None:
    """Records of partitions that were added later come with the next batch."""
    repository = make(10, partitions=1)
    repository.plan()
    repository.drain()
    repository.publish()
    topic = topic_of(repository)
    broker.admin.create_partitions([NewPartitions(topic, 3)])[topic].result(10)
    for partition in range(3):
        broker.produce(topic, [(str(100 + partition), "{}")], partition=partition)
    repository.plan()
    repository.drain()
    assert keys(repository) == [*range(10), 100, 101, 102]


# --- plans


def test_plan_begins_where_the_remote_is(make: Make, broker: Broker, tmp_path: Path) -> None:
    """A plan follows what everybody agreed on, where the work tree does not continue it."""
    repository = make(10)
    repository.plan()
    assert [b.number for b in repository.plan(anew=True).new] == [1]
    repository.publish()
    other = repository.clone(tmp_path / "other")
    fill(broker, topic_of(repository), range(10, 15))
    assert [b.number for b in other.plan().new] == [2]
    other.publish()
    fill(broker, topic_of(repository), range(15, 20))
    planned = repository.plan()
    assert [b.number for b in planned.new] == [3]
    assert planned.plan.batches[:2] == other.planned.batches


def test_drain_without_a_broker_fails_at_once(make: Make) -> None:
    """A build that knows no broker and lacks the records says what to do."""
    repository = make(10)
    repository.plan()
    with pytest.raises(ConfigError, match="DATARELEASE_KAFKA_BOOTSTRAP_SERVERS is not set"):
        Ingesting(repository.root, repository.origin, {}).drain()


def test_without_the_extra_the_way_to_install_it_is_told(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Kafka's client is missing, what is drained already is kept, and the rest says why."""
    repository = make(10)
    repository.plan()
    repository.drain()
    monkeypatch.setitem(sys.modules, "datarelease.ingest.kafka.broker", None)
    assert repository.drain().kept == (1,)
    repository.forget()
    with pytest.raises(ConfigError, match="client is not installed") as caught:
        repository.drain()
    assert "datarelease[orchestration]" in caught.value.remedy


def test_drain_without_a_plan_says_so(make: Make) -> None:
    """The first step is named."""
    with pytest.raises(ConfigError, match=r"streams/orders\.json does not exist"):
        make(10).drain()


def test_unknown_stream_names_the_nearest(make: Make) -> None:
    """A misspelt name is exit 2, with the stream that was probably meant."""
    done = run(make(1).root, "ingest", "plan", "order", code=2)
    assert "did you mean 'orders'?" in done.text


@pytest.mark.slow  # test_ingest_transcripts.py shows what they print
def test_commands_tell_what_they_did(make: Make) -> None:
    """Each command has a line for people and a document for machines."""
    repository = make(10)
    env = dict(repository.env)

    def told(*arguments: str) -> str:
        return run(repository.root, "ingest", *arguments, env=env).out

    assert "10 of 100,000 events wait" in told("waiting", STREAM)
    assert json.loads(told("waiting", STREAM, "--json"))["events"] == 10
    assert "batch 1: 10 offsets" in told("plan", STREAM)
    again = json.loads(told("plan", STREAM, "--json"))
    assert (again["new"], again["pending"][0]["number"]) == ([], 1)
    assert "1 batch drained (10 records), 0 kept" in told("drain", STREAM)
    assert json.loads(told("drain", STREAM, "--json"))["kept"] == [1]


# --- Avro


@pytest.fixture
def avro(make: Make, broker: Broker) -> tuple[Ingesting, Callable[..., None]]:
    """A stream of Avro, and what produces values into it."""
    repository = make(partitions=1, format="avro")
    repository.plan()
    topic = topic_of(repository)

    def send(*values: bytes | None) -> None:
        broker.produce(topic, [("k", value) for value in values])

    return repository, send


def test_schemas_are_kept_with_the_records(
    avro: tuple[Ingesting, Callable[..., None]],
) -> None:
    """The text of each schema that a record names is in the header; the rest is left to parse."""
    repository, send = avro
    with running_registry(first=70) as registry:
        old, new = registry.register({"type": "int"}), registry.register({"type": "long"})
        send(framed(new, b"1"), framed(old, b"2"), framed(999, b""), b"\x01junk", b"\0\0", None)
        repository.plan()
        away = Ingesting(repository.root, repository.origin, {**repository.env, **registry.env})
        away.drain()
        header = read_raw_header(repository.raw / "000001.parquet")
        assert header.schemas == {70: '{"type": "int"}', 71: '{"type": "long"}'}
        assert header.format == "avro"
        assert registry.asked == ["/schemas/ids/70", "/schemas/ids/71", "/schemas/ids/999"]
        before = repository.parts()
        repository.forget()
        away.drain()
        assert repository.parts() == before
    assert repository.drain().kept == (1,)  # no registry any more


def test_registry_with_a_password(avro: tuple[Ingesting, Callable[..., None]]) -> None:
    """The log-in is sent; without it, the variable to set is named and the password is not."""
    repository, send = avro
    with running_registry("reader:hunter2") as registry:
        send(framed(registry.register({"type": "int"}), b""))
        repository.plan()
        env = {**repository.env, **registry.env}
        with pytest.raises(WorldError, match="BASIC_AUTH_USER_INFO") as caught:
            Ingesting(repository.root, repository.origin, env).drain()
        assert "hunter2" not in str(caught.value)
        env["DATARELEASE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO"] = "reader:hunter2"
        assert Ingesting(repository.root, repository.origin, env).drain().written == (1,)


@pytest.mark.parametrize(
    ("env", "error", "said"),
    [
        ({}, ConfigError, "DATARELEASE_SCHEMA_REGISTRY_URL is not set"),
        ({"DATARELEASE_SCHEMA_REGISTRY_URL": "nonsense"}, ConfigError, "not the address"),
        ({"DATARELEASE_SCHEMA_REGISTRY_URL": "http://127.0.0.1:1"}, WorldError, "does not answer"),
    ],
)
def test_registry_that_cannot_be_asked(
    avro: tuple[Ingesting, Callable[..., None]],
    env: dict[str, str],
    error: type[Exception],
    said: str,
) -> None:
    """Without the registry nothing is written: the records could not be read later."""
    repository, send = avro
    send(framed(1, b""))
    repository.plan()
    with pytest.raises(error, match=said):
        Ingesting(repository.root, repository.origin, {**repository.env, **env}).drain()
    assert list(repository.raw.iterdir()) == []


@pytest.mark.parametrize(
    ("schema", "kind", "said"),
    [
        ("{}", "PROTOBUF", "is not Avro"),
        ('{"type": "array", "items": "com.example.Other"}', "AVRO", "refers to other schemas"),
        pytest.param('{"type": "recrod"}', "AVRO", "is not valid Avro", marks=pytest.mark.slow),
        ("{", "AVRO", "is not valid Avro"),
    ],
)
def test_schema_that_nobody_could_read_is_refused(
    avro: tuple[Ingesting, Callable[..., None]], schema: str, kind: str, said: str
) -> None:
    """A schema that is not Avro, or not whole, stops the drain before its records are kept."""
    repository, send = avro
    with running_registry() as registry:
        send(framed(registry.register(schema, kind), b""))
        repository.plan()
        env = {**repository.env, **registry.env}
        with pytest.raises(ConfigError, match=said):
            Ingesting(repository.root, repository.origin, env).drain()
    assert list(repository.raw.iterdir()) == []
