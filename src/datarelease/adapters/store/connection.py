"""Connections to remotes: time limits, and which layer retries.

One layer tries again, as a rule ``ObjectStore``. The retries of the libraries below it are off,
because they would multiply with its own, and a dead endpoint would be asked for many minutes. Those
of Google and Azure cannot be turned off; there ``ObjectStore`` asks once (`RemoteKind.attempts`).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from datarelease.errors import ConfigError

CONCURRENCY = 32
"""Requests under way at once; each waits for the network, none for a core."""
_CONNECT = 10.0
"""Seconds for one attempt to reach a host; a lost packet is sent again within the first three."""
_PROBES = 4
"""Questions in vain after which a host counts as silent (SSH)."""


class Connection:
    """A file system that is opened when it is first used, and again after its connection ended."""

    def __init__(self, opened: Callable[[], Any], has_ended: Callable[[Any], bool]) -> None:
        """Open it by ``opened``, which connects anew each time that it is called."""
        self._open = opened
        self._has_ended = has_ended
        self._opened: Any = None
        self._opening = Lock()

    @property
    def fs(self) -> Any:
        """The file system, which remembers no listings."""
        with self._opening:
            if self._opened is None:
                opened = self._open()
                opened.dircache.use_listings_cache = False
                opened.dircache.clear()
                self._opened = opened
        return self._opened

    def forget_ended(self) -> None:
        """Have the next use connect again if the connection ended."""
        with self._opening:
            if self._opened is not None and self._has_ended(self._opened):
                self._opened = None


def connected_filesystem(
    fs: Any, timeout: float, ssh: tuple[str | None, str | None] = (None, None)
) -> Any:
    """The fsspec file system inside DVC's wrapper ``fs``, which keeps it to itself.

    ``timeout`` is how many seconds the other side may be silent; a transfer that goes on
    may take as long as it takes. What is set for a remote on S3 or Azure counts instead, and HTTP
    has DVC's own limits. ``ssh``: a private key and known hosts, as texts, in place of files.

    Raises:
        ConfigError: They are none.
    """
    protocol = fs.protocol
    if protocol == "s3":
        return _connected_s3(fs, timeout)
    if protocol == "gs":
        return _connected_google(fs, timeout)
    if protocol == "azure":
        fs.fs_args.setdefault("connection_timeout", min(timeout, _CONNECT))
        fs.fs_args.setdefault("read_timeout", timeout)
    elif protocol == "ssh":
        fs.fs_args |= ssh_settings(timeout, *ssh)
    elif protocol in {"webdav", "webdavs"}:
        fs.fs_args |= {"retry": False, "timeout": timeout}
    return fs.fs


def _connected_s3(fs: Any, timeout: float) -> Any:
    config = fs.fs_args.setdefault("config_kwargs", {})
    config["retries"] = {"mode": "standard", "total_max_attempts": 1}
    config["max_pool_connections"] = CONCURRENCY
    config.setdefault("connect_timeout", min(timeout, _CONNECT))
    config.setdefault("read_timeout", timeout)
    config |= _stalled_uploads_end()
    if fs.fs_args.get("client_kwargs", {}).get("endpoint_url"):
        # Checksums in a trailer are Amazon's; many other stores refuse them.
        config["request_checksum_calculation"] = "when_required"
        config["response_checksum_validation"] = "when_required"
    opened = fs.fs
    opened.retries = 1  # s3fs counts attempts
    return opened


def ssh_settings(timeout: float, key: str | None, hosts: str | None) -> dict[str, Any]:
    """Settings of asyncssh: time limits, and what DVC leaves open.

    DVC accepts the key of any host, forwards the agent of this machine to it, and asks for
    passwords on the terminal. ``key`` and ``hosts``: texts in place of files.

    Raises:
        ConfigError: The texts are no private key, or no known hosts.
    """
    import asyncssh  # noqa: PLC0415 - an optional part

    try:
        known = asyncssh.import_known_hosts(hosts) if hosts else ()
        keys = [asyncssh.import_private_key(key)] if key else []
    except (ValueError, asyncssh.KeyImportError) as error:
        raise ConfigError(
            f"The private key or the known hosts of a remote by SSH cannot be read: {error}.",
            untouched="Nothing was sent.",
            remedy="Set the variables to the whole text of a key without a passphrase, and to "
            "lines of a known_hosts file (docs/remotes.md).",
        ) from None
    of_key = {"client_keys": keys, "preferred_auth": ["publickey"]} if keys else {}
    return of_key | {
        "client_factory": asyncssh.SSHClient,
        # Empty: the user's known_hosts. DVC's None is no check.
        "known_hosts": known,
        "agent_forwarding": False,
        "connect_timeout": min(timeout, _CONNECT),
        "login_timeout": timeout,
        "keepalive_interval": max(1, timeout / _PROBES),
        "keepalive_count_max": _PROBES,
    }


def google_settings(credentials: object) -> dict[str, Any]:
    """Settings of gcsfs: a key of a service account where ``credentials`` is its text, not a path.

    Raises:
        ConfigError: The text is no such key.
    """
    text = str(credentials or "")
    if not text.startswith("{"):
        return {}
    try:
        key = json.loads(text)
    except ValueError:
        key = {}
    if key.get("type") != "service_account":
        raise ConfigError(
            "The credentials of a remote on Google Cloud Storage are not a service account key.",
            untouched="Nothing was sent.",
            remedy="Set the variable to the whole text of the key's JSON file (docs/remotes.md).",
        )
    return {"token": key}


def google_class() -> Any:
    """The file system of gcsfs that asks Google's JSON interface alone.

    The class that fsspec takes asks another service, by gRPC and with other rights, for the kind of
    the bucket before each request. Where that is not allowed it waits a minute each time.

    Raises:
        ImportError: gcsfs is not installed.
    """
    from gcsfs.core import GCSFileSystem  # noqa: PLC0415 - an optional part

    return GCSFileSystem


def _connected_google(fs: Any, timeout: float) -> Any:
    from aiohttp import ClientTimeout  # noqa: PLC0415 - an optional part

    limits = ClientTimeout(total=None, sock_connect=min(timeout, _CONNECT), sock_read=timeout)
    key = google_settings(fs.fs_args.get("token"))
    return google_class()(**fs.fs_args | key | {"requests_timeout": limits})


def _stalled_uploads_end() -> dict[str, Any]:
    """Settings that end an upload whose data the server does not read.

    The read time-out of aiohttp begins when a request was sent in full. Until then, while a server
    takes no bytes or has not said that it will (``Expect: 100-continue``), nothing bounds it.
    """
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - an optional part
    from aiobotocore.httpsession import AIOHTTPSession  # noqa: PLC0415 - an optional part
    from botocore.exceptions import ReadTimeoutError  # noqa: PLC0415 - an optional part

    class WatchedSession(AIOHTTPSession):  # type: ignore[misc]
        """Ends a request whose body did not move for the read time-out."""

        def __init__(self, *args: Any, timeout: tuple[float, float], **kwargs: Any) -> None:
            super().__init__(*args, timeout=timeout, **kwargs)
            self._limit = timeout[1]

        async def send(self, request: Any) -> Any:
            if not hasattr(request.body, "tell"):
                return await super().send(request)
            sending = asyncio.ensure_future(super().send(request))
            place, since = request.body.tell(), time.monotonic()
            try:
                while not (await asyncio.wait({sending}, timeout=self._limit / 4))[0]:
                    now = request.body.tell()
                    if now != place:
                        place, since = now, time.monotonic()
                    elif time.monotonic() - since >= self._limit:
                        raise ReadTimeoutError(endpoint_url=request.url)
                return sending.result()
            finally:
                sending.cancel()

    settings = {"http_session_cls": WatchedSession}
    try:
        AioConfig(**settings)
    except TypeError:  # an aiobotocore that does not know this setting yet
        return {}
    return settings
