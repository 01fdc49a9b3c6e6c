"""A real S3 server on loopback, from a wheel: signatures, per-bucket keys and all."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.servers import (
    S3_PORTS,
    free_ports,
    s3_command,
    s3_config,
    s3_endpoint,
    s3_identity,
)

BUCKETS = 400
"""Keys are fixed when the server starts; buckets are made when a test asks for one."""
START_UP = 60.0
DAGSHUB_BUCKET = "dvc"
"""What DagsHub calls the bucket of every repository."""
DAGSHUB_TOKEN = "0123456789abcdef-token-of-dagshub"
DAGSHUB_READER = "0123456789abcdef-reads-dagshub"
"""Tokens: each is access key and secret in one."""


@dataclass(frozen=True, kw_only=True)
class Keys:
    """An access key and its secret."""

    access: str
    secret: str

    @property
    def env(self) -> dict[str, str]:
        """As environment variables."""
        return {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket of its own for one test."""

    name: str
    endpoint: str
    keys: Keys
    """May read, list and write in this bucket, and see no other."""
    reader: Keys
    """May read and list only."""

    def url(self, prefix: str = "") -> str:
        """The address as ``dvc remote add`` takes it."""
        return f"s3://{self.name}/{prefix}".rstrip("/")

    def fs(self, keys: Keys | None = None) -> Any:
        """A fresh file system with ``keys``, to play another writer."""
        return file_system(self.endpoint, keys or self.keys)


def read_models_once() -> None:
    """Have botocore read the description of S3 once in a process, not for each file system.

    A session of botocore has a loader that keeps what it read. That is most of the processor time
    of a file system that asks one question. Sessions in tests share the loader.
    """
    from botocore import session

    if not hasattr(session.create_loader, "cache_info"):
        session.create_loader = cache(session.create_loader)


def file_system(endpoint: str, keys: Keys) -> Any:
    """An ``s3fs.S3FileSystem`` that shares no connection and no listing with any other."""
    from s3fs import S3FileSystem

    return S3FileSystem(
        key=keys.access,
        secret=keys.secret,
        endpoint_url=endpoint,
        client_kwargs={"region_name": "us-east-1"},
        config_kwargs={"retries": {"total_max_attempts": 1}},
        skip_instance_cache=True,
        use_listings_cache=False,
    )


class S3Server:
    """A running server."""

    def __init__(self, endpoint: str, admin: Keys) -> None:
        """Talk to ``endpoint``; ``admin`` may make buckets."""
        self.endpoint = endpoint
        self._admin = file_system(endpoint, admin)
        self._made = 0

    def bucket(self) -> Bucket:
        """A new, empty bucket with keys that fit no other."""
        number = self._made
        self._made += 1
        self._admin.mkdir(_name(number))
        return self.missing_bucket(number)

    def dagshub_bucket(self) -> None:
        """Make the bucket that DagsHub's tokens fit, or empty it."""
        if self._admin.exists(DAGSHUB_BUCKET):
            self._admin.rm(DAGSHUB_BUCKET, recursive=True)
        self._admin.mkdir(DAGSHUB_BUCKET)

    def missing_bucket(self, number: int = BUCKETS - 1) -> Bucket:
        """A bucket that is not there, with keys that would fit it."""
        return Bucket(
            name=_name(number),
            endpoint=self.endpoint,
            keys=_keys("writer", number),
            reader=_keys("reader", number),
        )


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """A server that keeps its data below ``folder`` and ends with the block."""
    read_models_once()
    folder.mkdir(parents=True, exist_ok=True)
    admin = Keys(access="admin", secret="secret-of-admin")
    config = s3_config(folder / "s3.json", _identities(admin))
    ports = free_ports(S3_PORTS)
    endpoint = s3_endpoint(ports)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(s3_command(folder, config, ports), stdout=log, stderr=log)
        try:
            server = S3Server(endpoint, admin)
            _await(server, process, folder / "log")
            yield server
        finally:
            process.kill()  # its data go with it
            process.wait()


def _identities(admin: Keys) -> Iterator[dict[str, object]]:
    yield s3_identity(
        "admin", admin.access, admin.secret, ["Admin", "Read", "Write", "List", "Tagging"]
    )
    reading = [f"Read:{DAGSHUB_BUCKET}", f"List:{DAGSHUB_BUCKET}"]
    for token, rights in (
        (DAGSHUB_TOKEN, [*reading, f"Write:{DAGSHUB_BUCKET}"]),
        (DAGSHUB_READER, reading),
    ):
        yield s3_identity(token, token, token, rights)
    for number in range(BUCKETS):
        name = _name(number)
        reading = [f"Read:{name}", f"List:{name}"]
        for role, rights in (("writer", [*reading, f"Write:{name}"]), ("reader", reading)):
            keys = _keys(role, number)
            yield s3_identity(keys.access, keys.access, keys.secret, rights)


def _name(number: int) -> str:
    return f"bucket-{number:03}"


def _keys(role: str, number: int) -> Keys:
    return Keys(access=f"{role}{number:03}", secret=f"secret-of-{role}-{number:03}")


def _await(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server takes writes: a bucket and an object of the admin's."""
    deadline = time.monotonic() + START_UP
    fault: Exception | None = None
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if not server._admin.exists("start-up"):
                server._admin.mkdir("start-up")
            server._admin.pipe_file("start-up/probe", b"probe")
        except Exception as error:  # noqa: BLE001 - whatever a server says that is still starting
            fault = error
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the S3 server did not start ({fault}); {log.read_text()[-2000:]}")
