"""A GitHub on loopback: REST, uploads and git over TLS, in this process.

Every request is held against GitHub's own description before it is answered, and every answer
before it is sent; what is wrong is in ``violations``, which must be empty at the end of a test.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme
from tests.forge import (
    serve_people,
    serve_pulls,
    serve_releases,
    serve_settings,
    serve_setup,
    serve_talk,
)
from tests.forge.git_http import serve, token_of
from tests.forge.listener import Answer, Listener
from tests.forge.openapi import Endpoint, endpoint
from tests.forge.rest import DOCS, ROUTES, Call, Refusal, Reply
from tests.forge.world import World

ENDPOINTS = (
    serve_people, serve_pulls, serve_releases, serve_settings, serve_setup, serve_talk,
)  # fmt: skip
"""Importing them fills ``rest.ROUTES``."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to the API, as it came."""

    method: str
    path: str
    """Without ``/api/v3``; uploads begin with ``/uploads``."""
    query: Mapping[str, str]
    login: str | None
    """Whose token was shown."""
    body: Any
    status: int
    """What was answered."""


@dataclass(kw_only=True)
class Fault:
    """A failure to answer with instead, ``times`` more."""

    method: str
    path: str
    status: int
    times: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass
class GitHubServer:
    """The running server. ``world`` sets the scene and is read back."""

    world: World
    folder: Path
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    authority: trustme.CA = field(default_factory=trustme.CA)
    """It vouches for this server, and for others that the same programs are to trust."""

    @property
    def host(self) -> str:
        """As ``localhost:PORT``."""
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        """As in ``GITHUB_SERVER_URL``."""
        return f"https://{self.host}"

    @property
    def api_url(self) -> str:
        """As in ``GITHUB_API_URL``."""
        return f"{self.url}/api/v3"

    @property
    def bundle(self) -> Path:
        """A CA bundle that holds this server's authority alone."""
        return self.folder / "ca.pem"

    @property
    def trust(self) -> dict[str, str]:
        """Variables with which Python, git, node, curl and Go programs trust this server."""
        names = (
            "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS",
            "CURL_CA_BUNDLE",
        )  # fmt: skip
        return dict.fromkeys(names, str(self.bundle))

    def clone_url(self, full_name: str, token: str | None = None) -> str:
        """The address of a repository for git, with ``token`` in it where one is given."""
        who = f"x-access-token:{token}@" if token else ""
        return f"https://{who}{self.host}/{full_name}.git"

    def fail(
        self,
        method: str,
        path: str,
        status: int,
        times: int = 1,
        *,
        headers: Mapping[str, str] | None = None,
        message: str = "Made to fail",
    ) -> None:
        """Answers the next ``times`` such requests with ``status``.

        ``path`` is a regular expression, searched for in the path without ``/api/v3``.
        """
        body = {"message": message, "documentation_url": DOCS, "status": str(status)}
        self.faults.append(
            Fault(
                method=method, path=path, status=status, times=times,
                headers=headers or {}, body=body,
            )
        )  # fmt: skip

    def limit_rate(self, method: str, path: str, times: int = 1, *, wait: int = 1) -> None:
        """Answers the next such requests as GitHub does when too many came."""
        headers = {"x-ratelimit-remaining": "0", "Retry-After": str(wait)}
        self.fail(
            method, path, 403, times, headers=headers,
            message="You have exceeded a secondary rate limit. Please wait a few minutes.",
        )  # fmt: skip

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests so far to ``method`` and the pattern ``path``."""
        return [it for it in self.requests if it.method == method and re.search(path, it.path)]

    def answer(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        """What to send for one request."""
        parts = urlsplit(target)
        for prefix, kept in (("/api/v3", ""), ("/api/uploads", "/uploads")):
            if parts.path.startswith(f"{prefix}/"):
                path = kept + unquote(parts.path.removeprefix(prefix))
                return self._rest(method, path, parts.query, headers, raw)
        served = serve(self.world, method, unquote(parts.path), parts.query, headers, raw)
        if served is not None:
            return Answer(status=served.status, headers=served.headers, content=served.content)
        return Answer(status=404, headers={}, content=b"Not Found")

    def _rest(
        self, method: str, path: str, query: str, headers: Mapping[str, str], raw: bytes
    ) -> Answer:
        values = dict(parse_qsl(query, keep_blank_values=True))
        found = endpoint(method, path.removeprefix("/uploads"))
        with self.world.lock:
            token = token_of(self.world, headers.get("authorization", ""))
            body = _json(raw) if found is None or "assets" not in found.path else None
            fault = self._fault(method, path)
            if fault is not None:
                reply = Reply(status=fault.status, body=dict(fault.body), headers=fault.headers)
            elif headers.get("authorization") and token is None:
                reply = _refused(Refusal(401, "Bad credentials"))
            else:
                call = Call(
                    world=self.world, base=self.url, path=path,
                    values=found.values if found else {},
                    query=values, headers=headers, body=body, raw=raw, token=token,
                )  # fmt: skip
                reply = self._checked(method, found, call)
            self.requests.append(
                Request(
                    method=method, path=path, query=values, body=body, status=reply.status,
                    login=token.user.login if token else None,
                )
            )  # fmt: skip
        if reply.raw is not None:
            return Answer(status=reply.status, headers=reply.headers, content=reply.raw)
        content = b"" if reply.body is None else json.dumps(reply.body).encode()
        kind = {"Content-Type": "application/json; charset=utf-8"}
        limits = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4999"}
        return Answer(
            status=reply.status, headers={**limits, **kind, **reply.headers}, content=content
        )

    def _fault(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None

    def _checked(self, method: str, found: Endpoint | None, call: Call) -> Reply:
        """The endpoint's reply, once the request and the reply are as GitHub describes them."""
        if found is None:
            self.violations.append(f"request {method} {call.path}: no such endpoint is described")
            return _refused(Refusal(404, "Not Found"))
        wrong = found.wrong_query(call.query) + found.wrong_body(call.body)
        if wrong:
            self.violations += [f"request {method} {call.path}: {what}" for what in wrong]
            return _refused(Refusal(422, f"Invalid request.\n\n{'; '.join(wrong)}", errors=wrong))
        try:
            reply = ROUTES[method, found.path].answer(call)
        except Refusal as refusal:
            reply = _refused(refusal)
        if reply.raw is None:
            wrong = found.wrong_reply(reply.status, reply.body)
            self.violations += [f"reply {method} {call.path}: {what}" for what in wrong]
        return reply


def _json(raw: bytes) -> Any:
    return json.loads(raw) if raw else None


def _refused(refusal: Refusal) -> Reply:
    return Reply(status=refusal.status, body=refusal.body)


@contextmanager
def running_github(folder: Path) -> Iterator[GitHubServer]:
    """A running server whose repositories and certificate are below ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    server = GitHubServer(World(folder / "repositories"), folder)
    server.authority.cert_pem.write_to_path(str(server.bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Listener.answering(server.answer, context))
    listener.daemon_threads = True
    server.port = listener.server_port
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
