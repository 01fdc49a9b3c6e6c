"""What remotes on servers refuse, and what is said of it: passwords, hosts, places, silence."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.contract.test_store import configured, put
from tests.remote_servers import Place, RemoteServers

from datarelease.errors import ConfigError, WorldError


@pytest.fixture
def place(remote_servers: RemoteServers) -> Callable[[str], Place]:
    """Makes a place on a server of a kind."""
    return lambda kind: remote_servers.place(kind, Path.home())


@pytest.mark.parametrize("kind", ["webdav", "ssh"])
def test_a_wrong_password_is_told(place: Callable[[str], Place], tmp_path: Path, kind: str) -> None:
    """Credentials that are refused are named as such at once, and the password is not shown."""
    wrong = dataclasses.replace(place(kind), settings={"user": "writer", "password": "hunter2"})
    with pytest.raises(WorldError, match="refused these credentials") as caught:
        configured(wrong, tmp_path).stat(["a"])
    assert "hunter2" not in str(caught.value)


def test_an_unknown_host_gets_no_password(place: Callable[[str], Place], tmp_path: Path) -> None:
    """A host whose key is not in known_hosts is refused before anybody signs in."""
    there = place("ssh")
    (Path.home() / ".ssh" / "known_hosts").write_text("")
    with pytest.raises(WorldError, match="a key that this machine does not know") as caught:
        configured(there, tmp_path).stat(["a"])
    assert "No credentials were sent." in str(caught.value)


def test_a_key_and_known_hosts_may_be_texts(
    remote_servers: RemoteServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workflow's secret and variable are enough: no file is read, and none is written."""
    there = dataclasses.replace(remote_servers.place("ssh", Path.home()), settings={})
    (Path.home() / ".ssh" / "known_hosts").unlink()
    key, hosts = remote_servers.ssh.private_key, remote_servers.ssh.known_hosts
    monkeypatch.setenv("DATARELEASE_STORAGE_PRIVATE_KEY", key)
    monkeypatch.setenv("DATARELEASE_STORAGE_KNOWN_HOSTS", hosts)
    store = configured(there, tmp_path)
    put(store, tmp_path / "in", a__b=b"1")
    assert store.read("a/b") == b"1"
    monkeypatch.setenv("DATARELEASE_STORAGE_PRIVATE_KEY", "hunter2")
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        configured(there, tmp_path).read("a/b")
    assert "hunter2" not in str(caught.value)


def test_a_connection_that_ended_is_made_again(
    remote_servers: RemoteServers, tmp_path: Path
) -> None:
    """A host that hangs up, as after a long stage, is asked again, and what was sent is sent."""
    store = configured(remote_servers.place("ssh", Path.home()), tmp_path)
    put(store, tmp_path / "in", a__b=b"1")
    remote_servers.ssh.hang_up()
    assert store.read("a/b") == b"1"
    started = threading.Event()

    def interrupt(_: int) -> None:
        if not started.is_set():
            started.set()
            remote_servers.ssh.hang_up()

    files = {f"many/{number}": tmp_path / "in" / "a__b" for number in range(60)}
    store.upload(files, interrupt)
    assert len(store.stat(list(files))) == len(files)


def test_a_server_that_takes_no_uploads_is_told(
    place: Callable[[str], Place], tmp_path: Path
) -> None:
    """POST is DVC's default, and this server knows PUT alone."""
    there = dataclasses.replace(place("http"), settings={})
    with pytest.raises(WorldError, match="does not accept this kind of request") as caught:
        put(configured(there, tmp_path), tmp_path / "in", a__b=b"1")
    assert "dvc remote modify storage method PUT" in caught.value.remedy


@pytest.mark.parametrize("address", ["ssh://127.0.0.1:9/x", "azure://container/x", "gs://bucket/x"])
def test_nobody_is_asked_before_the_first_request(tmp_path: Path, address: str) -> None:
    """A check of a fork's pull request names the remotes, and has nothing to sign in with."""
    assert configured(Place(url=address), tmp_path).url == address


def test_azure_without_an_account_is_told(tmp_path: Path) -> None:
    """By the first request, with the variables that would name one."""
    with pytest.raises(WorldError, match="no credentials were found") as caught:
        configured(Place(url="azure://container/x"), tmp_path).stat(["a"])
    assert "AZURE_STORAGE_CONNECTION_STRING" in caught.value.remedy


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("webdav", "there is no folder"),
        ("gs", "there is no bucket 'none'"),
        pytest.param("azure", "there is no container 'none'", marks=pytest.mark.slow),
    ],
)
def test_a_place_that_is_not_there_is_told(
    place: Callable[[str], Place], tmp_path: Path, kind: str, says: str
) -> None:
    """Objects are not called missing where their bucket or folder is."""
    there = place(kind)
    gone = dataclasses.replace(there, url=there.url.rpartition("/")[0] + "/none")
    store = configured(gone, tmp_path)
    with pytest.raises(WorldError, match=says):
        store.stat(["a"])
    with pytest.raises(WorldError, match=says):
        put(store, tmp_path / "in", a__b=b"1")


@pytest.fixture
def deaf() -> Iterator[int]:
    """The port of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["webdav", "ssh"])
def test_a_server_that_is_silent_is_told(deaf: int, tmp_path: Path, scheme: str) -> None:
    """After the time limit the remote is called silent, and is not asked again."""
    there = Place(url=f"{scheme}://127.0.0.1:{deaf}/x", settings={"user": "u", "password": "p"})
    with pytest.raises(WorldError, match="was silent for 2 seconds"):
        configured(there, tmp_path, timeout=2).stat(["a"])


@pytest.mark.parametrize("scheme", ["webdav", "ssh"])
def test_a_server_that_is_not_there_is_told(tmp_path: Path, scheme: str) -> None:
    """A refused connection is the network's fault, with the address to correct."""
    there = Place(url=f"{scheme}://127.0.0.1:9/x", settings={"user": "u", "password": "p"})
    with pytest.raises(WorldError, match="cannot be reached"):
        configured(there, tmp_path, timeout=2).stat(["a"])


@pytest.mark.parametrize("kind", ["webdav", "ssh"])
def test_an_upload_that_fails_leaves_no_rest(
    place: Callable[[str], Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """What was written under another name is removed, and the object that was there stays."""
    store = configured(place(kind), tmp_path)
    put(store, tmp_path / "in", a__b=b"before")

    def failed(*_: object) -> None:
        raise PermissionError("no renames here")

    monkeypatch.setattr(type(store.kind), "replace", failed)  # type: ignore[attr-defined]
    with pytest.raises(WorldError, match="no renames here"):
        put(store, tmp_path / "in", a__b=b"after")
    assert store.read("a/b") == b"before"
    assert [item["name"].rpartition("/")[2] for item in store._fs.ls(store.path("a"))] == ["b"]  # type: ignore[attr-defined]
