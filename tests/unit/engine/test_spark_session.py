"""Where a session of Spark comes from, and what is said where none can be had."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datarelease.analysis.engine.spark import session
from datarelease.errors import ConfigError, WorldError
from datarelease.model.project import installation


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Says which packages there are, and whether the one called pyspark has a JVM part."""

    def only(packages: Collection[str], *, jars: bool = False) -> None:
        place = tmp_path / "pyspark"
        (place / "jars" if jars else place).mkdir(parents=True)
        spec = SimpleNamespace(submodule_search_locations=[str(place)])
        monkeypatch.setattr(session, "find_spec", lambda name: spec if name in packages else None)

    return only


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Addresses that were connected to, and whether they are on this machine."""
    seen: list[tuple[str, bool]] = []

    def connect(address: str, *, same_machine: bool, stop: Any) -> None:
        del stop
        seen.append((address, same_machine))

    monkeypatch.setattr(session, "_connected", connect)
    return seen


def test_nothing_installed(installed: Callable[..., None]) -> None:
    """Without an address and without a Spark here, the extra to install is named."""
    installed({"pyspark"})
    with pytest.raises(ConfigError, match=r"DATARELEASE_SPARK_REMOTE is not set") as caught:
        session.open_session(None)
    assert installation("sail") in caught.value.remedy


def test_no_client(installed: Callable[..., None]) -> None:
    """An address needs the client, which is an extra of its own."""
    installed(())
    with pytest.raises(ConfigError, match="needs the client of Spark") as caught:
        session.open_session("sc://cluster:15002")
    assert caught.value.remedy == installation("spark")


def test_the_jvm_is_taken_where_there_is_no_sail(
    installed: Callable[..., None], connected: list[tuple[str, bool]]
) -> None:
    """The whole of Spark, not its client alone, can start a server of its own."""
    installed({"pyspark"}, jars=True)
    session.open_session(None)
    assert connected == [("local[*]", True)]


@pytest.mark.parametrize("address", ["spark://host:7077", "host:15002", "sc://", "sc:host"])
def test_what_is_no_address(address: str) -> None:
    """Only addresses of Spark Connect are taken; the message repeats none of them."""
    with pytest.raises(ConfigError, match="is not an address of Spark Connect") as caught:
        session.open_session(address)
    assert address not in str(caught.value).replace("sc://HOST:PORT", "")


@pytest.mark.parametrize(
    ("host", "here"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("10.0.0.1", False), ("c", False)],
)
def test_whose_files_it_reads(connected: list[tuple[str, bool]], host: str, *, here: bool) -> None:
    """A server of this machine reads its files by their paths; another one cannot."""
    session.open_session(f"sc://{host}:15002/;token=secret")
    assert connected == [(f"sc://{host}:15002/;token=secret", here)]


@pytest.mark.parametrize(
    "retries", [1, pytest.param(session._RETRIES, marks=pytest.mark.slow, id="as ever")]
)
def test_no_answer(monkeypatch: pytest.MonkeyPatch, retries: int) -> None:
    """A server that is not there is said within seconds, without what its address keeps secret."""
    monkeypatch.setattr(session, "_RETRIES", retries)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with pytest.raises(WorldError, match=f"Spark at 127.0.0.1:{port} does not answer") as caught:
        session.open_session(f"sc://127.0.0.1:{port}/;token=secret")
    assert "secret" not in str(caught.value)
    assert time.monotonic() - began < 60
