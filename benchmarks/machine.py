"""What the figures were measured on, without names of anybody or anything."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil
from benchmarks.places import LOCK, ROOT, run

OURS = ("dvc", "dvc-s3", "duckdb", "narwhals", "pandera", "pyarrow", "pandas", "confluent-kafka")
PEERS = ("pandera", "pandas", "datacompy", "polars", "pyarrow")


def machine() -> str:
    """Cores, processor, memory and system in one sentence."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB of memory, {system}."


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def load() -> float:
    """Processes that wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


def versions() -> str:
    """Versions of both environments."""
    ours = ", ".join(f"{name} {version(name)}" for name in OURS)
    peers = ", ".join(f"{name} {pinned}" for name, pinned in _pinned(PEERS))
    return f"{ours}; peers: {peers}."


def commit() -> str:
    """The commit that is measured, and whether the work tree is another."""
    head = run("git", "rev-parse", "--short", "HEAD", cwd=ROOT)
    edited = run("git", "status", "--porcelain", "--", "src", "benchmarks", cwd=ROOT)
    return f"{head}, with edits" if edited else head


def _pinned(names: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        name, equals, rest = line.partition("==")
        if equals and name in names:
            found.append((name, rest.split()[0]))
    return found
