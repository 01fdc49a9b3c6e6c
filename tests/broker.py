"""A real Kafka-protocol broker on loopback, from a wheel; or the one that KAFKA_BOOTSTRAP names."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from orchestration.servers import free_ports, kafka_command

START_UP = 30.0
STOP = 5.0
"""Seconds: a broker that was told to end and did nothing for so long hangs, and has written all."""
LONGEST_STOP = 120.0
"""Seconds that it may go on writing; half a million records took nine."""
IDLE = 0.02
"""The share of a processor that is nothing."""
REAL = "KAFKA_BOOTSTRAP"
"""Names a broker that runs already, such as a real Redpanda: the suite runs on that one then."""
_numbers = itertools.count(1)
Record = tuple[str | bytes | None, str | bytes | None]
"""(key, value)"""


class Broker:
    """A broker that can be stopped and started again with its data."""

    def __init__(self, folder: Path, port: int) -> None:
        """Keep data below ``folder``; nothing runs yet."""
        self.folder = folder
        self.bootstrap = f"127.0.0.1:{port}"
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._admin: AdminClient | None = None

    @property
    def env(self) -> dict[str, str]:
        """What the program under test reads."""
        return {"DATARELEASE_KAFKA_BOOTSTRAP_SERVERS": self.bootstrap}

    @property
    def admin(self) -> AdminClient:
        """The administrator's client; its futures need it to live on."""
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        return self._admin

    def start(self) -> None:
        """Run, and return when it answers."""
        command = kafka_command(self.folder / "data", self._port)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._await()

    def stop(self) -> None:
        """End it as an operator would: kill -9 would lose what it acknowledged last."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + LONGEST_STOP
            while self._works() and time.monotonic() < deadline:
                pass
            self.kill()  # it hangs now and then once it has written everything

    def _works(self) -> bool:
        """Whether it goes on, and took processor time in the last seconds."""
        assert self._process is not None
        watched = psutil.Process(self._process.pid)
        before = watched.cpu_times()
        try:
            self._process.wait(STOP)
        except subprocess.TimeoutExpired:
            after = watched.cpu_times()
            taken = after.user + after.system - before.user - before.system
            return bool(taken > IDLE * STOP)
        return False

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def topic(self, name: str = "events", *, partitions: int = 1, **config: str) -> str:
        """A new topic with a name of its own."""
        unique = f"{name}-{os.getpid()}-{next(_numbers)}"
        new = NewTopic(unique, num_partitions=partitions, replication_factor=1, config=config)
        self.admin.create_topics([new])[unique].result(30)
        return unique

    def again(self, name: str, *, partitions: int = 1) -> None:
        """A topic with the name of one that was deleted just now."""
        new = NewTopic(name, num_partitions=partitions, replication_factor=1)
        deadline = time.monotonic() + START_UP
        while True:
            try:
                self.admin.create_topics([new])[name].result(30)
            except KafkaException:  # a real broker deletes in the background
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def transaction(self, topic: str, records: Iterable[Record]) -> None:
        """Records committed in a transaction, whose marker takes an offset without a record."""
        producer = Producer(
            {"bootstrap.servers": self.bootstrap, "transactional.id": topic, "log_level": 0}
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        for key, value in records:
            producer.produce(topic, value, key)
        producer.commit_transaction(30)

    def ends(self, topic: str) -> list[int]:
        """The offset after the last record, by partition."""
        client = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "ends", "log_level": 0})
        partitions = client.list_topics(topic, timeout=30).topics[topic].partitions
        found = [
            client.get_watermark_offsets(TopicPartition(topic, it), timeout=30)[1]
            for it in sorted(partitions)
        ]
        client.close()
        return found

    def committed(self, topic: str) -> list[Message]:
        """Every message that a reader of committed transactions sees, by partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "log_level": 0,
            }
        )
        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        found: list[Message] = []
        for partition in sorted(partitions):
            consumer.assign([TopicPartition(topic, partition, 0)])
            while True:
                message = consumer.poll(30)
                assert message is not None, f"no end of partition {partition} of {topic}"
                if message.error() is not None:
                    break
                found.append(message)
        consumer.close()
        return found

    def produce(
        self,
        topic: str,
        records: Iterable[Record],
        *,
        partition: int | None = None,
        timestamp: int | None = None,
        headers: Mapping[str, str | bytes | None] | None = None,
    ) -> int:
        """How many records were written and acknowledged; keys choose the partition by default."""
        config = {"bootstrap.servers": self.bootstrap, "linger.ms": 20, "log_level": 0}
        producer = Producer({**config, "queue.buffering.max.messages": 1_000_000})
        place = -1 if partition is None else partition  # -1: the key chooses
        told = dict(headers or {})
        count = 0
        for key, value in records:
            while True:
                try:
                    producer.produce(
                        topic, value, key, place, timestamp=timestamp or 0, headers=told
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            count += 1
        left = producer.flush(60)
        assert left == 0, f"{left} of {count} records were not acknowledged"
        return count

    def _await(self) -> None:
        deadline = time.monotonic() + START_UP
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                self.admin.list_topics(timeout=1)
            except KafkaException:
                continue
            return
        raise RuntimeError(f"the broker did not start:\n{(self.folder / 'log').read_text()}")


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker with its data below ``folder``, which ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    broker = Broker(folder, *free_ports(1))
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()  # its data go with it


@contextmanager
def shared_broker(folder: Path) -> Iterator[Broker]:
    """The broker that KAFKA_BOOTSTRAP names, or one of our own."""
    real = os.environ.get(REAL)
    if real is None:
        with running_broker(folder) as broker:
            yield broker
        return
    broker = Broker(folder, 0)
    broker.bootstrap = real
    yield broker
