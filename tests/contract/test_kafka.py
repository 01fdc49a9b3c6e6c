"""The adapter of the broker, on a real one."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pytest
from confluent_kafka import KafkaError, Producer, TopicPartition
from tests.broker import Broker as Server
from tests.broker import running_broker

from datarelease.errors import ConfigError, ConflictError, SettingsError, WorldError
from datarelease.ingest.kafka import broker as adapter
from datarelease.ingest.kafka.broker import Broker
from datarelease.ingest.kafka.client import Errors, kafka_error
from datarelease.ingest.kafka.config import KafkaConfig, kafka_config
from datarelease.ingest.kafka.producer import Writer
from datarelease.ingest.kafka.source import Message


@pytest.fixture
def kafka(broker: Server) -> Iterator[Broker]:
    """The adapter, connected."""
    with Broker(kafka_config(broker.env), patience=10) as connected:
        yield connected


def offsets(kafka: Broker, topic: str, partition: int, start: int, end: int) -> list[int]:
    """The offsets of what is read."""
    return [
        offset
        for records in kafka.read(topic, partition, start, end)
        for offset in records.column("offset").to_pylist()
    ]


def transactional(broker: Server, name: str) -> Producer:
    """A producer that has begun a transaction."""
    producer = Producer(
        {"bootstrap.servers": broker.bootstrap, "transactional.id": name, "log_level": 0}
    )
    producer.init_transactions(10)
    producer.begin_transaction()
    return producer


# --- what is there


def test_topic_is_described(broker: Server, kafka: Broker) -> None:
    """A topic has its cluster's id and all its partitions."""
    name = broker.topic(partitions=3)
    topic = kafka.topic(name)
    assert (topic.name, topic.partitions) == (name, (0, 1, 2))
    assert topic.cluster == str(broker.admin.list_topics(timeout=5).cluster_id)
    assert topic.id is None or len(topic.id) == 22


def test_unknown_topic_names_the_nearest(broker: Server, kafka: Broker) -> None:
    """A misspelt topic is a fault of the settings, with the name that was probably meant."""
    name = broker.topic("payments")
    with pytest.raises(ConfigError, match="Did you mean") as caught:
        kafka.topic(name.replace("payments", "payment"))
    assert name in str(caught.value)


def test_logs_tell_what_is_gone_and_what_is_undecided(broker: Server, kafka: Broker) -> None:
    """Deleted records move the low mark, and an open transaction stops the stable one."""
    name = broker.topic(partitions=3)
    broker.produce(name, [("k", "v")] * 5, partition=0)
    broker.admin.delete_records([TopicPartition(name, 0, 3)])[TopicPartition(name, 0)].result(10)
    broker.produce(name, [("k", "v")] * 2, partition=1)
    writer = transactional(broker, f"open-{name}")
    writer.produce(name, b"undecided", partition=1)
    writer.flush(10)
    logs = kafka.logs(kafka.topic(name))
    assert (logs[0].low, logs[0].stable, logs[0].high) == (3, 5, 5)
    assert (logs[1].low, logs[1].stable, logs[1].high) == (0, 2, 3)
    assert (logs[2].low, logs[2].stable, logs[2].high) == (0, 0, 0)
    writer.abort_transaction(10)


# --- records


def test_records_come_back_as_they_were(broker: Server, kafka: Broker) -> None:
    """Keys, values, times and headers survive byte by byte; a tombstone stays one."""
    name = broker.topic()
    odd = bytes(range(256))
    broker.produce(
        name, [(odd, odd)], timestamp=1_234_567_890_123, headers={"a": odd, "b": None, "": b""}
    )
    broker.produce(name, [("gone", None), (None, b"")], timestamp=1)
    records = pa.Table.from_batches(list(kafka.read(name, 0, 0, 3)))
    first, tombstone, empty = records.to_pylist()
    assert (first["partition"], first["offset"]) == (0, 0)
    assert (first["key"], first["value"]) == (odd, odd)
    assert records.column("timestamp").cast("int64").to_pylist() == [1_234_567_890_123, 1, 1]
    assert first["headers"] == [
        {"name": "a", "value": odd},
        {"name": "b", "value": None},
        {"name": "", "value": b""},
    ]
    assert (tombstone["key"], tombstone["value"], tombstone["headers"]) == (b"gone", None, None)
    assert (empty["key"], empty["value"]) == (None, b"")


def test_reading_stops_at_the_end_asked_for(broker: Server, kafka: Broker) -> None:
    """A span is read to its end and no further, from its start and no earlier."""
    name = broker.topic()
    broker.produce(name, [(str(n), "v") for n in range(50)])
    assert offsets(kafka, name, 0, 10, 20) == list(range(10, 20))
    assert offsets(kafka, name, 0, 0, 50) == list(range(50))
    assert offsets(kafka, name, 0, 7, 7) == []


def test_chunks_are_bounded(broker: Server, kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more records are handed over at once than the bound says, and none is left out."""
    monkeypatch.setattr(adapter, "CHUNK", 7)
    name = broker.topic()
    broker.produce(name, [(str(n), "v") for n in range(50)])
    chunks = list(kafka.read(name, 0, 0, 50))
    assert max(chunk.num_rows for chunk in chunks) <= 7
    assert sum(chunk.num_rows for chunk in chunks) == 50


def test_huge_values_come_whole(broker: Server, kafka: Broker) -> None:
    """A value near the limit of a broker is read like any other."""
    name = broker.topic()
    values = [bytes([n]) * 900_000 for n in range(5)]
    broker.produce(name, [("k", value) for value in values])
    found = [v.as_py() for r in kafka.read(name, 0, 0, 5) for v in r.column("value")]
    assert found == values


def test_first_records_skip_to_what_is_there(broker: Server, kafka: Broker) -> None:
    """Each partition gives its record at the offset; one without a record there is left out."""
    name = broker.topic(partitions=3)
    broker.produce(name, [("a", "0"), ("b", "1")], partition=0)
    broker.produce(name, [("c", "2")], partition=1)
    found = kafka.first_records(name, {0: 1, 1: 0, 2: 0})
    assert {place: (record.offset, record.key) for place, record in found.items()} == {
        0: (1, b"b"),
        1: (0, b"c"),
    }
    assert kafka.first_records(name, {}) == {}


def test_fingerprints_tell_records_apart(broker: Server, kafka: Broker) -> None:
    """A key and a value that only together make the same bytes are another record."""
    name = broker.topic()
    broker.produce(name, [("ab", "c"), ("a", "bc"), (None, "abc"), ("abc", None)], timestamp=5)
    found = [kafka.first_records(name, {0: n})[0].fingerprint for n in range(4)]
    assert len(set(found)) == 4


def test_markers_of_transactions_leave_holes(broker: Server, kafka: Broker) -> None:
    """A span that ends with a transaction's marker is read to its end, without a record there."""
    name = broker.topic()
    writer = transactional(broker, f"done-{name}")
    for _ in range(3):
        writer.produce(name, b"v", partition=0)
    writer.commit_transaction(10)
    assert kafka.logs(kafka.topic(name))[0].stable == 4
    assert offsets(kafka, name, 0, 0, 4) == [0, 1, 2]


def test_aborted_records_are_not_read(broker: Server, kafka: Broker) -> None:
    """What a producer took back is a hole."""
    name = broker.topic()
    writer = transactional(broker, f"abort-{name}")
    writer.produce(name, b"aborted", partition=0)
    writer.flush(10)
    writer.abort_transaction(10)
    broker.produce(name, [("k", "kept")], partition=0)
    assert offsets(kafka, name, 0, 0, 3) == [2]


# --- what went wrong


def test_expired_offsets_are_an_error(broker: Server, kafka: Broker) -> None:
    """Reading from before the oldest record says that the broker no longer has it."""
    name = broker.topic()
    broker.produce(name, [("k", "v")] * 5)
    broker.admin.delete_records([TopicPartition(name, 0, 3)])[TopicPartition(name, 0)].result(10)
    with pytest.raises(WorldError, match="no longer has offset 1 of partition 0"):
        offsets(kafka, name, 0, 1, 5)
    assert offsets(kafka, name, 0, 3, 5) == [3, 4]


def test_log_that_ends_too_early_is_an_error(broker: Server, kafka: Broker) -> None:
    """Records that were planned and are not there are lost, not waited for."""
    name = broker.topic()
    broker.produce(name, [("k", "v")] * 5)
    with pytest.raises(WorldError, match="ends at offset 5, but 9 was its end"):
        offsets(kafka, name, 0, 0, 9)


def test_unreachable_broker_is_an_error_of_the_world() -> None:
    """Nobody at the address: the message names it, and running again is safe."""
    with (
        Broker(KafkaConfig(bootstrap="127.0.0.1:1"), patience=0.5) as kafka,
        pytest.raises(WorldError, match=r"127\.0\.0\.1:1 did not answer"),
    ):
        kafka.topic("events")


def test_broker_that_falls_silent_is_an_error_of_the_world() -> None:
    """A broker that is gone in the middle of a span ends the reading after some patience."""
    mock = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused", "log_level": 0})
    (place,) = mock.list_topics(timeout=5).brokers.values()
    mock.produce("events", b"v", partition=0)
    assert mock.flush(10) == 0
    config = KafkaConfig(bootstrap=f"{place.host}:{place.port}")
    with Broker(config, patience=1) as kafka:
        reading = kafka.read("events", 0, 0, 2)
        with pytest.raises(WorldError, match="ends at offset 1"):
            list(reading)
        reading = kafka.read("events", 0, 1, 2)
        mock.close()
        with pytest.raises(WorldError, match="sent nothing for 1 seconds"):
            list(reading)


@pytest.mark.slow  # starts a broker twice
def test_reading_goes_on_over_a_restart(tmp_path: Path) -> None:
    """A broker that is stopped and started again in the middle of a span costs no record."""
    with running_broker(tmp_path / "kafka") as server:
        name = server.topic()
        server.produce(name, [(str(n), "v" * 1000) for n in range(30_000)])
        with Broker(kafka_config(server.env), patience=30) as kafka:
            found: list[int] = []
            for number, records in enumerate(kafka.read(name, 0, 0, 30_000)):
                found += records.column("offset").to_pylist()
                if number == 0:
                    server.stop()
                    server.start()
    assert found == list(range(30_000))


class Doorkeeper(socketserver.BaseRequestHandler):
    """A broker that lets nobody in: every password is wrong.

    It speaks ApiVersions, SaslHandshake and SaslAuthenticate of the Kafka protocol, in their first
    versions.
    """

    def handle(self) -> None:
        """Answer until the client gives up."""
        while len(size := self.request.recv(4, socket.MSG_WAITALL)) == 4:
            asked = self.request.recv(int.from_bytes(size), socket.MSG_WAITALL)
            api, version, correlation = struct.unpack(">hhi", asked[:8])
            body = {
                18: struct.pack(">hi", 35 if version else 0, 3)
                + b"".join(struct.pack(">hhh", key, 0, top) for key, top in self.KNOWN.items()),
                17: struct.pack(">hih", 0, 1, 5) + b"PLAIN",
                36: struct.pack(">hh", 58, 5) + b"wrong" + struct.pack(">i", 0),
            }[api]
            answer = struct.pack(">i", correlation) + body
            self.request.sendall(len(answer).to_bytes(4) + answer)

    KNOWN = MappingProxyType({18: 0, 17: 1, 36: 0})
    """Newest version by key of the API."""


def test_wrong_password_is_told_at_once() -> None:
    """A broker that refuses the log-in is not asked again and again until patience ends."""
    properties = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "somebody",
        "sasl.password": "hunter2",
    }
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Doorkeeper) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        config = KafkaConfig(
            bootstrap=f"127.0.0.1:{server.server_address[1]}", properties=properties
        )
        with Broker(config, patience=60) as kafka, pytest.raises(WorldError) as caught:
            kafka.topic("events")
        server.shutdown()
    assert "refused the connection" in caught.value.what
    assert "DATARELEASE_KAFKA_SASL_" in caught.value.remedy
    assert "hunter2" not in f"{caught.value}{config!r}"


@pytest.mark.parametrize(
    "code", [KafkaError._AUTHENTICATION, KafkaError.TOPIC_AUTHORIZATION_FAILED]
)
def test_wrong_password_outweighs_the_silence_after_it(code: int) -> None:
    """What was met in the background explains more than the time-out that it leads to."""
    errors = Errors()
    errors(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    silent = errors.worst
    errors(KafkaError(code))
    assert silent is None
    assert errors.worst is not None
    told = kafka_error(errors.worst, "topics were listed", KafkaConfig(bootstrap="broker:9092"))
    assert "refused the connection before topics were listed" in told.what


@pytest.mark.parametrize(
    ("name", "value"), [("sasl.mechansim", "PLAIN"), ("security.protocol", "hunter2")]
)
def test_property_that_the_client_refuses_is_named(name: str, value: str) -> None:
    """A misspelt property or value is a fault of the settings, whose value is not repeated."""
    with pytest.raises(ConfigError) as caught:
        Broker(KafkaConfig(bootstrap="127.0.0.1:1", properties={name: value}))
    assert name in str(caught.value)
    assert value not in str(caught.value)
    assert "mechansim" not in name or "DATARELEASE_KAFKA_SASL_MECHANISM" in str(caught.value)


def test_what_exactly_once_rests_on_cannot_be_set() -> None:
    """All refused properties are reported at once, each with its reason."""
    env = {
        "DATARELEASE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "DATARELEASE_KAFKA_GROUP_ID": "mine",
        "DATARELEASE_KAFKA_ISOLATION_LEVEL": "read_uncommitted",
    }
    with pytest.raises(SettingsError) as caught:
        kafka_config(env)
    assert [problem.where for problem in caught.value.problems] == [
        "DATARELEASE_KAFKA_GROUP_ID",
        "DATARELEASE_KAFKA_ISOLATION_LEVEL",
    ]


# --- writing


def test_messages_and_offsets_are_written_together(broker: Server, kafka: Broker) -> None:
    """A transaction's messages can be read, and the group stands where it was told."""
    events, letters = broker.topic(partitions=2), broker.topic("letters")
    config = kafka_config(broker.env)
    with Writer(config, f"w-{events}") as writer:
        assert writer.committed(events, [0, 1]) == {}
        messages = [
            Message(key=b"k", value=None, headers=[("why", b"x")]),
            Message(key=None, value=b"v"),
        ]
        assert writer.write(letters, messages, {1: 7}, of=events) == 2
        assert writer.committed(events, [0, 1]) == {1: 7}
        assert writer.write(letters, [], {0: 3}, of=events) == 0
        assert writer.committed(events, [0, 1]) == {0: 3, 1: 7}
    found = [row for r in kafka.read(letters, 0, 0, 2) for row in r.to_pylist()]
    assert [(row["key"], row["value"]) for row in found] == [(b"k", None), (None, b"v")]
    assert found[0]["headers"] == [{"name": "why", "value": b"x"}]


def test_newer_writer_shuts_the_older_one_out(broker: Server, kafka: Broker) -> None:
    """Of two writers of one name only the newer one's messages come to be."""
    name, config = broker.topic(), kafka_config(broker.env)
    with Writer(config, f"w-{name}") as older, Writer(config, f"w-{name}") as newer:
        with pytest.raises(ConflictError, match="has taken over"):
            older.write(name, [Message(key=b"old", value=b"")])
        newer.write(name, [Message(key=b"new", value=b"")])
    log = kafka.logs(kafka.topic(name))[0]
    keys = [k.as_py() for r in kafka.read(name, 0, 0, log.stable) for k in r.column("key")]
    assert keys == [b"new"]


def test_failed_batch_of_messages_leaves_nothing(broker: Server, kafka: Broker) -> None:
    """Whatever interrupts the messages, none of those before it is seen."""

    def messages() -> Iterator[Message]:
        yield Message(key=b"first", value=b"")
        raise KeyError

    name = broker.topic()
    with Writer(kafka_config(broker.env), f"w-{name}") as writer:
        with pytest.raises(KeyError):
            writer.write(name, messages())
        writer.write(name, [Message(key=b"second", value=b"")])
    log = kafka.logs(kafka.topic(name))[0]
    keys = [k.as_py() for r in kafka.read(name, 0, 0, log.stable) for k in r.column("key")]
    assert keys == [b"second"]
