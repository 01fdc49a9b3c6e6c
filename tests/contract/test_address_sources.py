"""One suite for the addresses that readers name: a directory, a web server, and buckets."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pytest
from click.testing import CliRunner
from gcsfs.core import GCSFileSystem
from tests.pasting import rows_by_polars
from tests.published import Published
from tests.remote_servers import RemoteServers
from tests.servers import Bucket
from tests.slow_cases import slow_but
from tests.unit.readers.conftest import PARTS, PEOPLE, ROWS

import datarelease as dr
from datarelease.adapters.store import address
from datarelease.adapters.store.address import ObjectSource, open_source
from datarelease.cli import group
from datarelease.errors import ConfigError, WorldError
from datarelease.model.project import installation

OBJECTS = {
    "releases/index.json": b"{}",
    "releases/data-v1/manifest.json": b"one",
    "releases/data-v2/manifest.json": b"two",
    "files/md5/aa/bb": bytes(range(256)) * 40_000,  # more than one request of a bucket
}
Filled = Callable[[Mapping[str, bytes]], str]
"""Puts objects somewhere and says at which address they are."""


def _directory(request: pytest.FixtureRequest) -> Filled:
    root: Path = request.getfixturevalue("tmp_path") / "remote"

    def fill(objects: Mapping[str, bytes]) -> str:
        for key, data in objects.items():
            (root / key).parent.mkdir(parents=True, exist_ok=True)
            (root / key).write_bytes(data)
        return str(root)

    return fill


def _web(request: pytest.FixtureRequest) -> Filled:
    servers: RemoteServers = request.getfixturevalue("remote_servers")
    address = servers.place("http", Path.home()).url
    requests = pytest.importorskip("requests")

    def fill(objects: Mapping[str, bytes]) -> str:
        for key, data in objects.items():
            requests.put(f"{address}/{key}", data=data, timeout=30).raise_for_status()
        return address

    return fill


def _s3(request: pytest.FixtureRequest) -> Filled:
    bucket: Bucket = request.getfixturevalue("bucket")
    environment: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    environment.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    environment.setenv("AWS_ACCESS_KEY_ID", bucket.reader.access)
    environment.setenv("AWS_SECRET_ACCESS_KEY", bucket.reader.secret)
    environment.setenv("AWS_DEFAULT_REGION", "us-east-1")

    def fill(objects: Mapping[str, bytes]) -> str:
        bucket.fs().pipe({f"{bucket.name}/data/{key}": data for key, data in objects.items()})
        return bucket.url("data")

    return fill


def _gs(request: pytest.FixtureRequest) -> Filled:
    return _bucket(request, "gs", lambda settings: {
        "endpoint_url": settings["endpointurl"], "token": "anon",
    })  # fmt: skip


def _azure(request: pytest.FixtureRequest) -> Filled:
    return _bucket(request, "azure", lambda settings: {
        "connection_string": settings["connection_string"],
    })  # fmt: skip


def _bucket(
    request: pytest.FixtureRequest,
    kind: str,
    options: Callable[[Mapping[str, str]], dict[str, str]],
) -> Filled:
    """A bucket whose options the user's configuration of fsspec has."""
    servers: RemoteServers = request.getfixturevalue("remote_servers")
    place = servers.place(kind, Path.home())
    name = place.url.partition("://")[2]
    protocol = {"azure": "abfs"}.get(kind, kind)
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setitem(fsspec.config.conf, protocol, options(place.settings))

    def fill(objects: Mapping[str, bytes]) -> str:
        fs = _writer(protocol)
        for key, data in objects.items():
            fs.pipe_file(f"{name}/data/{key}", data)
        return f"{place.url}/data"

    return fill


def _storage_options(address: str) -> dict[str, str] | None:
    """What Polars has to be told of the account at an address, as its user writes it."""
    scheme = address.partition("://")[0]
    if scheme == "gs":
        key = {
            "gcs_base_url": fsspec.config.conf["gs"]["endpoint_url"],
            "disable_oauth": True,
            **dict.fromkeys(("client_email", "private_key", "private_key_id"), ""),
        }
        return {"service_account_key": json.dumps(key)}
    if scheme == "azure":
        parts = fsspec.config.conf["abfs"]["connection_string"].strip(";").split(";")
        fields = dict(part.split("=", 1) for part in parts)
        return {
            "account_name": fields["AccountName"],
            "account_key": fields["AccountKey"],
            "endpoint": fields["BlobEndpoint"],
            "allow_http": "true",
        }
    return None


def _writer(protocol: str) -> Any:
    """A file system that writes there; that of Google asks no gRPC server, which none is here."""
    if protocol == "gs":
        return GCSFileSystem()
    return fsspec.filesystem(protocol)


KINDS: dict[str, Callable[[pytest.FixtureRequest], Filled]] = {
    "directory": _directory, "web": _web, "s3": _s3, "gs": _gs, "azure": _azure,
}  # fmt: skip
MOST = slow_but({*KINDS} - {"azure"}, KINDS)


@pytest.fixture(params=MOST)
def source(request: pytest.FixtureRequest) -> ObjectSource:
    """An address of each kind, with the same objects."""
    filled = KINDS[request.param](request)
    return open_source(filled(OBJECTS))


def test_an_address_gives_objects_parts_and_folders(source: ObjectSource) -> None:
    """The same bytes by every way of reading them; what is not there is no error of the world."""
    data = OBJECTS["files/md5/aa/bb"]
    assert source.read("releases/index.json", 10) == b"{}"
    assert source.read("releases/none.json", 10) is None
    assert source.size("files/md5/aa/bb") == len(data)
    assert source.part("files/md5/aa/bb", 5, 300) == data[5:300]
    assert b"".join(source.chunks("files/md5/aa/bb", 0)) == data
    assert b"".join(source.chunks("files/md5/aa/bb", len(data) - 3)) == data[-3:]
    with pytest.raises(FileNotFoundError):
        list(source.chunks("files/md5/cc/dd", 0))
    assert source.folders("releases") in {("data-v1", "data-v2"), None}
    assert source.folders("nowhere") in {(), None}
    with pytest.raises(WorldError, match="larger than 9 bytes"):
        source.read("files/md5/aa/bb", 9)


@pytest.mark.parametrize(
    ("scheme", "package", "extra"),
    [
        ("s3", "s3fs", "read-s3"),
        ("gs", "gcsfs", "read-gs"),
        ("gcs", "gcsfs", "read-gs"),
        ("azure", "adlfs", "read-azure"),
        ("az", "adlfs", "read-azure"),
        ("abfs", "adlfs", "read-azure"),
    ],
)
def test_a_package_that_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, scheme: str, package: str, extra: str
) -> None:
    """Such an error ends a command with 2; it says what to install, and how."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=f"not installed: {package}") as caught:
        dr.versions(f"{scheme}://bucket/prefix")
    assert caught.value.exit_code == 2
    assert caught.value.remedy == f"{installation(extra)}."


def test_a_bucket_is_opened_again_when_the_credentials_change(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long process reads with the credentials of now, and opens a bucket once while they stay."""
    bucket.fs().pipe_file(f"{bucket.name}/data/one", b"1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with pytest.raises(WorldError, match="one at s3://"):
        open_source(bucket.url("data")).read("one", 10)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.reader.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.reader.secret)
    assert open_source(bucket.url("data")).read("one", 10) == b"1"
    file_systems = address._opened.cache_info().misses
    assert open_source(bucket.url("data")).read("one", 10) == b"1"
    assert address._opened.cache_info().misses == file_systems


@pytest.fixture
def published_at(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The same two versions at an address of a kind."""
    monkeypatch.setenv("DATARELEASE_CACHE", str(tmp_path / "cache"))
    remote = Published(tmp_path / "published")
    remote.release({"people": {"people.csv": PEOPLE}}, rows={"people": 3})
    remote.release(
        {"people": {"people.csv": PEOPLE}, "events": PARTS}, rows={"people": 3, "events": 2 * ROWS}
    )
    files = [path for path in remote.root.rglob("*") if path.is_file()]
    filled = KINDS[request.param](request)
    return filled({path.relative_to(remote.root).as_posix(): path.read_bytes() for path in files})


@pytest.mark.parametrize("published_at", MOST, indirect=True)
def test_readers_read_each_kind_of_address(published_at: str, tmp_path: Path) -> None:
    """Versions, whole and opened tables, files and copies: the same rows wherever they are."""
    place = published_at
    assert [version.tag for version in dr.versions(place)] == ["data-v1", "data-v2"]
    where = [("year", "==", 2024), ("id", "<", 2024 * ROWS + 3)]
    wanted = [2024 * ROWS + n for n in range(3)]
    asked: dict[str, Any] = {"columns": ["id"], "where": where}
    opened = dr.open(place, "latest", "events", **asked)
    assert [row[0] for row in opened.fetchall()] == wanted
    lazy = dr.open(place, "latest", "events", engine="polars", **asked)
    assert lazy.collect()["id"].to_list() == wanted
    dataset = dr.open(place, "latest", "events", engine="pyarrow", **asked)
    assert dataset.to_table().column("id").to_pylist() == wanted
    assert not [path for path in (tmp_path / "cache").glob("sha256/**/*") if path.is_file()]
    assert list(dr.load(place, "v1", "people")["id"]) == [1, 2, 3]
    assert len(dr.load(place, "latest", "events", engine="polars")) == 2 * ROWS
    assert dr.files(place, "latest", "people")["people.csv"].read_bytes() == PEOPLE
    [copied] = dr.get(place, "latest", tmp_path / "out", datasets=["people"])
    assert copied.read_bytes() == PEOPLE


# A command opens an address as the readers, above, do.
@pytest.mark.parametrize("published_at", slow_but({"directory", "s3"}, KINDS), indirect=True)
def test_commands_read_each_kind_of_address(published_at: str, tmp_path: Path) -> None:
    """`list`, `show`, `get` and `url` with ``--from``; tools read the lines that `url` prints."""

    def printed(*arguments: str) -> str:
        done = CliRunner().invoke(group, [*arguments, "--from", published_at])
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    assert "data-v2" in printed("list")
    assert json.loads(printed("show", "latest", "--json"))["manifest"]["tag"] == "data-v2"
    printed("get", "latest", str(tmp_path / "out"))
    assert (tmp_path / "out/data/people/people.csv").read_bytes() == PEOPLE
    line = printed("url", "latest", "events", "--sql", "polars")
    options = _storage_options(published_at)
    line = line.replace("glob=False", f"glob=False, storage_options={options}")
    assert rows_by_polars(line) == 2 * ROWS
    line = printed("url", "latest", "events", "--sql", "duckdb")
    scheme = published_at.partition("://")[0]
    if scheme in {"azure", "http"}:
        return  # DuckDB reads these by its extensions alone, which tests do not download
    connection = duckdb.connect()
    if scheme in {"s3", "gs"}:
        connection.register_filesystem(_writer(scheme))
    assert connection.sql(line).count("*").fetchall() == [(2 * ROWS,)]
