"""A stand-in for DagsHub's storage: ``/USER/REPO.s3/dvc/…`` in front of a real S3 server.

What it plays, as the field notes have it: the bucket is always ``dvc``, access key and secret are
one token, and the signature covers the path as the client wrote it, prefix included.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.servers import DAGSHUB_BUCKET, S3Server

_PATH = re.compile(r"(/[\w.-]+/[\w-]+\.s3)(/.*)")
_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass(frozen=True, kw_only=True)
class DagsHub:
    """A running stand-in."""

    host: str
    """For ``DAGSHUB_CLIENT_HOST``."""
    seen: list[str]
    """The ``Authorization`` header of each request, empty for an anonymous one."""
    url: str = f"s3://{DAGSHUB_BUCKET}"

    def endpoint(self, repository: str = "me/data") -> str:
        """The S3 endpoint of a repository."""
        return f"{self.host}/{repository}.s3"

    def env(self, token: str) -> dict[str, str]:
        """The environment of somebody who has ``token``."""
        return {"DAGSHUB_CLIENT_HOST": self.host, "DAGSHUB_TOKEN": token}


@contextmanager
def running_dagshub(server: S3Server) -> Iterator[DagsHub]:
    """The stand-in, its storage empty; it ends with the block."""
    server.dagshub_bucket()
    backend = urlsplit(server.endpoint).netloc
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """Passes requests on, without the prefix, which the server is told of."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.append(self.headers.get("Authorization", ""))
            match = _PATH.fullmatch(self.path)
            if match is None:
                self.send_error(404)
                return
            headers = {**self.headers, "X-Forwarded-Prefix": match.group(1)}
            connection = http.client.HTTPConnection(backend, timeout=30)
            connection.request(self.command, match.group(2), body, headers)
            reply = connection.getresponse()
            content = reply.read()
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            length = reply.headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy.daemon_threads = True
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield DagsHub(host=f"http://127.0.0.1:{proxy.server_port}", seen=seen)
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
