"""HTTP over TLS, one thread a connection: reads requests whole, and sends answers whole."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

PATIENCE = 60.0
"""Seconds after which a silent connection is given up."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to send."""

    status: int
    headers: Mapping[str, str]
    content: bytes


Answering = Callable[[str, str, Mapping[str, str], bytes], Answer]


class Listener(BaseHTTPRequestHandler):
    """One connection; the handshake happens in its own thread, so that none waits for another."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    answering_with: ClassVar[staticmethod[[str, str, Mapping[str, str], bytes], Answer]]
    context: ClassVar[ssl.SSLContext]

    @classmethod
    def answering(cls, answer: Answering, context: ssl.SSLContext) -> type[Listener]:
        """A handler for a server that answers with ``answer``."""
        members = {"answering_with": staticmethod(answer), "context": context}
        return type("BoundListener", (cls,), members)

    def setup(self) -> None:
        """Wraps the connection."""
        self.request.settimeout(PATIENCE)
        self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        """Answers until the client goes; one that breaks off is not a fault of ours."""
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    def finish(self) -> None:
        """Closes; the client may have gone before."""
        try:
            super().finish()
            self.request.close()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.answering_with(self.command, self.path, headers, self._body())
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing: ``GitHubServer.requests`` is the log."""
