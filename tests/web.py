"""A web server for files on loopback, which counts what it sends and can break off on purpose."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote


class FileServer:
    """Files below a directory, by ranges where it ``ranges``."""

    def __init__(self, root: Path, *, ranges: bool = True) -> None:
        """Serve ``root`` on a free port."""
        self.root, self.ranges = root, ranges
        self.sent: list[int] = []
        """Bytes of each answer's body, in order."""
        self.breaks: list[int] = []
        """After so many bytes the next answers break off, one each."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def do_HEAD(self) -> None:
                server.answer(self, body=False)

            def do_GET(self) -> None:
                server.answer(self, body=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, *, body: bool) -> None:
        """One answer."""
        place = self.root / unquote(request.path).lstrip("/")
        data = place.read_bytes() if place.is_file() else b""
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
        request.send_response(206 if wanted and self.ranges else 200 if place.is_file() else 404)
        if wanted and self.ranges:
            start = int(wanted[1] or len(data) - int(wanted[2]))
            end = int(wanted[2] or len(data) - 1) if wanted[1] else len(data) - 1
            request.send_header("Content-Range", f"bytes {start}-{end}/{len(data)}")
            data = data[start : end + 1]
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if body:
            cut = self.breaks.pop(0) if self.breaks and len(data) > self.breaks[0] else len(data)
            self.sent.append(cut)
            request.wfile.write(data[:cut])
            request.close_connection = cut < len(data)

    @contextmanager
    def running(self) -> Iterator[FileServer]:
        """It answers within the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
