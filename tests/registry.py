"""A schema registry on loopback, after "Schema Registry API Reference" of Confluent's docs.

It has what producers and readers of events need: POST /subjects/{subject}/versions and
GET /schemas/ids/{id}. Equal texts have one id; unknown ids are 404 with error code 40403.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CONTENT = "application/vnd.schemaregistry.v1+json"


class Registry(ThreadingHTTPServer):
    """The server, with its schemas by their ids."""

    daemon_threads = True

    def __init__(self, user_info: str | None = None, *, first: int = 1) -> None:
        """Listen; ids count up from ``first``, and ``user_info`` (user:password) is asked for."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.schemas: dict[int, dict[str, Any]] = {}
        self.first = first
        self.asked: list[str] = []
        """Every path that was asked for, in order."""
        self.broken = False
        """Answer everything with 500."""
        self.authorization = (
            None if user_info is None else f"Basic {base64.b64encode(user_info.encode()).decode()}"
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def env(self) -> dict[str, str]:
        """What the program under test reads."""
        return {"DATARELEASE_SCHEMA_REGISTRY_URL": self.url}

    def register(self, schema: str | dict[str, Any], kind: str = "AVRO") -> int:
        """The id of a schema, now known."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        entry = {"schema": text, "schemaType": kind}
        for number, known in self.schemas.items():
            if known == entry:
                return number
        number = self.first + len(self.schemas)
        self.schemas[number] = entry
        return number


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        """GET /schemas/ids/{id}."""
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        number = path.removeprefix("/schemas/ids/")
        if self._refused():
            return
        found = self.server.schemas.get(int(number)) if number.isdecimal() else None
        if found is None:
            self._answer(404, {"error_code": 40403, "message": f"Schema {number} not found"})
            return
        # Avro is the default, and not named.
        kind = {} if found["schemaType"] == "AVRO" else {"schemaType": found["schemaType"]}
        self._answer(200, {"schema": found["schema"], **kind})

    def do_POST(self) -> None:
        """POST /subjects/{subject}/versions."""
        self.server.asked.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._refused():
            number = self.server.register(body["schema"], body.get("schemaType", "AVRO"))
            self._answer(200, {"id": number})

    def _refused(self) -> bool:
        if self.server.broken:
            self._answer(500, {"error_code": 50001, "message": "Error in the backend data store"})
            return True
        wanted = self.server.authorization
        if wanted is not None and self.headers.get("Authorization") != wanted:
            self._answer(401, {"error_code": 401, "message": "Unauthorized"})
            return True
        return False

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@contextmanager
def running_registry(user_info: str | None = None, *, first: int = 1) -> Iterator[Registry]:
    """A registry that ends with the block."""
    with Registry(user_info, first=first) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def framed(number: int, avro: bytes) -> bytes:
    """Avro in Confluent's wire format."""
    return b"\0" + number.to_bytes(4) + avro
