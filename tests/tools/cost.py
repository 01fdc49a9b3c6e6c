"""Measure what each test costs: seconds on the clock, and of the processor with all programs.

    python -m pytest -p tests.tools.cost --cost build/cost ...
    python -m tests.tools.cost build/cost

Processor seconds are read from `/proc` for the worker and all its descendants. They depend far less
than the clock on what else the machine does. They include what a server spends while the test runs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

TICK = 1 / os.sysconf("SC_CLK_TCK")
SHOWN = 40


def pytest_addoption(parser: pytest.Parser) -> None:
    """The folder that measurements go to."""
    parser.addoption("--cost", default="build/cost", help="folder of the measurements of each test")


class Cost:
    """Writes what each test and each fixture cost, one line of JSON each."""

    def __init__(self, folder: Path) -> None:
        """Write to a file of this worker's own below ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self._file = (folder / f"{worker}.jsonl").open("w", buffering=1)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measure a test with its fixtures."""
        with self._measured("test", item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """Measure a fixture without those that it asks for."""
        with self._measured("fixture", f"{fixturedef.argname} ({fixturedef.scope})"):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Measure the collection."""
        with self._measured("collection", "all"):
            return (yield)

    @contextmanager
    def _measured(self, kind: str, name: str) -> Iterator[None]:
        wall, own, all_ = time.monotonic(), time.process_time(), processor_seconds(os.getpid())
        try:
            yield
        finally:
            own = time.process_time() - own
            line = {
                "kind": kind,
                "name": name,
                "wall": round(time.monotonic() - wall, 3),
                "own": round(own, 3),
                "programs": round(max(0.0, processor_seconds(os.getpid()) - all_ - own), 3),
            }
            self._file.write(json.dumps(line) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    """Measure in each worker, or in the one process that there is."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        config.pluginmanager.register(Cost(Path(config.getoption("cost"))), "cost-of-tests")


def processor_seconds(root: int) -> float:
    """What ``root``, its descendants and the children that they waited for have used."""
    ticks, waiting = 0, [root]
    while waiting:
        folder = Path("/proc", str(waiting.pop()))
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            stat = (folder / "stat").read_bytes()
            ticks += sum(map(int, stat[stat.rindex(b")") + 2 :].split()[11:15]))
            for thread in (folder / "task").iterdir():
                with suppress(FileNotFoundError, ProcessLookupError):  # one thread of it has
                    waiting += map(int, (thread / "children").read_bytes().split())
    return ticks * TICK


def lines_of(folder: Path) -> Iterator[dict[str, Any]]:
    """Every measurement below ``folder``."""
    for path in sorted(folder.rglob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield json.loads(line)


def table(folder: Path) -> Iterator[str]:
    """The lines of the sums over files, tests and fixtures, the most expensive first."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    walls: dict[str, Counter[str]] = defaultdict(Counter)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines_of(folder):
        names = [(line["kind"], line["name"])]
        if line["kind"] == "test":
            file = line["name"].partition("::")[0]
            names += [
                ("function", line["name"].partition("[")[0]), ("file", file),
                ("folder", file.rpartition("/")[0]), ("all", "tests"),
            ]  # fmt: skip
        for kind, name in names:
            sums[kind][name] += line["own"] + line["programs"]
            walls[kind][name] += line["wall"]
            counts[kind][name] += 1
    for kind in ("all", "folder", "collection", "fixture", "file", "function"):
        yield f"\n{kind}: processor seconds, wall seconds, number"
        for name, value in sums[kind].most_common(SHOWN):
            yield f"{value:8.2f} {walls[kind][name]:8.2f} {counts[kind][name]:5} {name}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(table(Path(sys.argv[1]))) + "\n")
