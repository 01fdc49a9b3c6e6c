"""Programs that are killed at random moments, and a producer that goes on whatever happens."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from confluent_kafka import Producer
from tests.broker import Broker, Record
from tests.commands import start

ALLOWED = {0, 2, 3, 4, -signal.SIGKILL}
"""How a command may end here: done, another one was faster, the broker is away, or killed. A bug is
70, and bad data 1."""


_ONE_AT_A_TIME = threading.Lock()
"""`multiprocessing` looks at all children of this process whenever a thread starts another one."""


class Ingester:
    """Commands run one after the other, by a process each, that anybody may kill."""

    def __init__(self, root: Path, env: Mapping[str, str], *, forked: bool = False) -> None:
        """Run in ``root``; ``forked``: from a process that has everything loaded.

        Most of the time of such a process is work then, and a kill meets work.
        """
        self.root = root
        self.killed = 0
        self._forked = forked
        self.ended: list[tuple[tuple[str, ...], int, str]] = []
        """(arguments, exit code, the end of what it said) of each command."""
        self._env = {**os.environ, **env}
        self._running: int | None = None
        self._orphaned: list[int] = []
        """The groups of programs killed alone. The system may use the ids of other ones again."""

    def run(self, *arguments: str) -> int:
        """The exit code of ``datarelease ARGUMENTS``; what it had started may still run."""
        code, said = (self._fork if self._forked else self._start)(arguments)
        self._running = None
        self.ended.append((arguments, code, said[-2000:]))
        return code

    def _fork(self, arguments: tuple[str, ...]) -> tuple[int, str]:
        """The same in a fork, with a session of its own."""
        with _ONE_AT_A_TIME:
            started = start(self.root, *arguments, env=dict(self._env), prepare=os.setsid)
        self._running = started.pid
        while True:
            with _ONE_AT_A_TIME:
                if started.ended:
                    done = started.wait()
                    return done.code, done.out + done.err
            time.sleep(0.01)

    def _start(self, arguments: tuple[str, ...]) -> tuple[int, str]:
        """Exit code and output of a program, with a session of its own."""
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "datarelease", *arguments],
                cwd=self.root, env=self._env, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, text=True, start_new_session=True,
            )  # fmt: skip
            self._running = process.pid
            process.wait(300)
            output.seek(0)
            return process.returncode, output.read()

    def kill(self, *, alone: bool) -> bool:
        """End what runs now, with everything that it started or ``alone``; False: nothing runs."""
        process = self._running
        if process is None:
            return False
        try:
            (os.kill if alone else os.killpg)(process, signal.SIGKILL)
        except ProcessLookupError:
            return False
        if alone:
            self._orphaned.append(process)
        self.killed += 1
        return True

    def end(self) -> None:
        """End whatever was left alone."""
        for group in self._orphaned:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def git(self, *arguments: str) -> int:
        """The exit code of git."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, check=False, env=self._env
        )
        return done.returncode

    def newest(self) -> str:
        """The tag of the newest version."""
        with_names = ["git", "tag", "--list", "data-v*", "--sort=-version:refname"]
        done = subprocess.run(
            with_names, cwd=self.root, capture_output=True, check=True, env=self._env, text=True
        )
        return done.stdout.split()[0]

    @property
    def bugs(self) -> list[tuple[tuple[str, ...], int, str]]:
        """Commands that ended as no command may."""
        return [one for one in self.ended if one[1] not in ALLOWED]


class Killer(threading.Thread):
    """Kills ingesters at random moments, ``times`` times in all."""

    def __init__(
        self,
        ingesters: list[Ingester],
        *,
        times: int,
        seed: int,
        pause: tuple[float, float],
        alone: float = 0.0,
    ) -> None:
        """Wait for a random part of ``pause`` (seconds) before each.

        ``alone`` is how often (0 to 1) the program alone is killed, not what it has started.
        """
        super().__init__(daemon=True)
        self._ingesters = ingesters
        self._times = times
        self._random = random.Random(seed)  # noqa: S311 - chaos that can be repeated
        self._pause = pause
        self._alone = alone
        self.stop = threading.Event()

    def run(self) -> None:
        """Until all are done."""
        while self.killed < self._times and not self.stop.is_set():
            self.stop.wait(self._random.uniform(*self._pause))
            ingester = self._random.choice(self._ingesters)
            ingester.kill(alone=self._random.random() < self._alone)

    @property
    def killed(self) -> int:
        """How many so far."""
        return sum(ingester.killed for ingester in self._ingesters)


class Sender(threading.Thread):
    """Produces records, a portion at a time, over restarts of the broker."""

    def __init__(
        self, broker: Broker, topic: str, records: Iterable[Record], *, portion: int, pause: float
    ) -> None:
        """Wait ``pause`` seconds after each ``portion``."""
        super().__init__(daemon=True)
        self._topic = topic
        self._records = records
        self._portion = portion
        self._pause = pause
        self._producer = Producer(
            {
                "bootstrap.servers": broker.bootstrap,
                # Not an idempotent one: the broker of the tests forgets them when it restarts, and
                # gives a fatal error then. So a retry may write a record twice, as in real life.
                "acks": "all",
                "linger.ms": 20,
                "queue.buffering.max.messages": 1_000_000,
                "log_level": 0,
            }
        )
        self._sending = threading.Lock()
        self.sent = 0
        self.failed = 0

    def run(self) -> None:
        """Until all are acknowledged."""
        records = iter(self._records)
        while portion := list(islice(records, self._portion)):
            with self._sending:
                self._send(portion)
            time.sleep(self._pause)
        with self._sending:
            self._acknowledged()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing is on its way while the block runs, and everything sent is acknowledged."""
        with self._sending:
            self._acknowledged()
            yield

    def _send(self, portion: Iterable[Record]) -> None:
        for key, value in portion:
            while True:
                try:
                    self._producer.produce(self._topic, value, key, on_delivery=self._delivered)
                    break
                except BufferError:
                    self._producer.poll(0.1)
            self.sent += 1
        self._producer.poll(0)

    def _acknowledged(self) -> None:
        self.failed += self._producer.flush(120)

    def _delivered(self, error: object, _: object) -> None:
        self.failed += error is not None


def orders(ids: Iterable[int]) -> Iterable[Record]:
    """An order for each id; each thousandth breaks the schema, under a key of its own."""
    for n in ids:
        if n % 1000 == 999:
            yield f"bad-{n}", json.dumps({"id": n, "customer": f"c{n % 7}", "amount": -1.0})
        else:
            yield str(n), json.dumps({"id": n, "customer": f"c{n % 7}", "amount": n % 100 + 0.5})


def keys_of(count: int) -> tuple[set[int], set[str]]:
    """The ids of good orders, and the keys of bad ones."""
    bad = range(999, count, 1000)
    return set(range(count)) - set(bad), {f"bad-{n}" for n in bad}
