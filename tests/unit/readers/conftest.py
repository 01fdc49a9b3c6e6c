"""A remote with three versions, made once, as a directory and behind a web server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.published import Published
from tests.web import FileServer

from datarelease.model.versions.version import Yank

PEOPLE = b"id,plan,since\n1,A,2020-01-01\n2,B,\n3,A,2020-01-03\n"
ROWS = 20_000


def part(year: int) -> bytes:
    """A Parquet file of ten row groups, sorted by id."""
    ids = range(ROWS)
    table = pa.table(
        {
            "id": pa.array([year * ROWS + n for n in ids], pa.int64()),
            "value": pa.array([n * 0.5 for n in ids]),
            "text": pa.array([f"a longer text of number {n * 7919 % ROWS}" for n in ids]),
        }
    )
    stream = io.BytesIO()
    parquet.write_table(table, stream, row_group_size=ROWS // 10)
    return stream.getvalue()


PARTS = {f"year={year}/part-0.parquet": part(year) for year in (2023, 2024)}


def published(root: Path) -> Published:
    """data-v1 and data-v2 with people, data-v3 withdrawn."""
    remote = Published(root)
    remote.release({"people": {"people.csv": PEOPLE[:-18]}}, rows={"people": 2})
    remote.release(
        {"people": {"people.csv": PEOPLE}, "events": PARTS, "images": {"cats/1.png": b"meow"}},
        rows={"people": 3, "events": 2 * ROWS},
        types={},
    )
    remote.release(
        {"people": {"people.csv": b"id\n1\n"}},
        yank=Yank(reason="wrong unit", date="2026-11-29T10:00:00+00:00", replacement="data-v2"),
    )
    return remote


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The remote, which no test changes."""
    return published(tmp_path_factory.mktemp("published"))


@pytest.fixture
def remote(tmp_path: Path) -> Published:
    """A remote of the test's own, with one small version."""
    remote = Published(tmp_path / "remote")
    remote.release({"people": {"people.csv": PEOPLE}}, rows={"people": 3})
    return remote


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where readers keep objects."""
    monkeypatch.setenv("DATARELEASE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def web(shared: Published, cache: Path) -> Iterator[FileServer]:  # noqa: ARG001 - readers use it
    """The shared remote behind a web server."""
    with FileServer(shared.root).running() as server:
        yield server


@pytest.fixture
def own_web(remote: Published, cache: Path) -> Iterator[FileServer]:  # noqa: ARG001
    """The test's own remote behind a web server."""
    with FileServer(remote.root).running() as server:
        yield server
