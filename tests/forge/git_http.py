"""Smart HTTP for the repositories, by git's own ``http-backend``."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.forge.records import Push, Repository, Token
from tests.forge.rest import may, visible
from tests.forge.world import World

ADDRESS = re.compile(
    r"/(?P<name>[\w.-]+/[\w.-]+?)(\.git)?/(?P<rest>info/refs|git-upload-pack|git-receive-pack)\Z"
)


@dataclass(frozen=True, kw_only=True)
class GitReply:
    """What git answers."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@cache
def _backend() -> str:
    folder = subprocess.run(
        ["git", "--exec-path"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return str(Path(folder) / "git-http-backend")


def token_of(world: World, authorization: str) -> Token | None:
    """The token in an ``Authorization`` header, for git (the password) or for the API."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "basic":
        value = base64.b64decode(value).decode().partition(":")[2]
    return world.tokens.get(value.strip())


def serve(
    world: World, method: str, address: str, query: str, headers: Mapping[str, str], body: bytes
) -> GitReply | None:
    """Git's answer, or None where the address is not git's."""
    match = ADDRESS.match(address)
    if match is None:
        return None
    authorization = headers.get("authorization", "")
    token = token_of(world, authorization)
    if authorization and token is None:
        return _plain(401, "Invalid username or token.")
    repo = world.repositories.get(match["name"])
    pushing = "receive-pack" in query or match["rest"] == "git-receive-pack"
    if repo is None or not visible(repo, token):
        return _plain(404, "Repository not found.") if token else _plain(401, "Who is asking?")
    if not may(repo, token, ("contents",), write=pushing):
        if token is None:
            return _plain(401, "No anonymous write access.")
        name = repo.full_name
        return _plain(403, f"Permission to {name}.git denied to {token.user.login}.")
    received = match["rest"] == "git-receive-pack"
    before = {name: sha for name, (_, sha) in repo.bare.refs("refs/").items()} if received else {}
    reply = _run(repo, match["rest"], method, query, headers, body, token)
    if received:
        _note(world, repo, token, before)
    return reply


def _plain(status: int, text: str) -> GitReply:
    headers = {"Content-Type": "text/plain"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return GitReply(status=status, headers=headers, content=f"remote: {text}\n".encode())


def _run(
    repo: Repository, rest: str, method: str, query: str, headers: Mapping[str, str], body: bytes,
    token: Token | None,
) -> GitReply:  # fmt: skip
    """One run of the CGI program."""
    environment = repo.bare.environment | {
        "GIT_PROJECT_ROOT": str(repo.bare.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_HTTP_MAX_REQUEST_BUFFER": "100M",
        "PATH_INFO": f"/{rest}",
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_USER": "forge",
        "REMOTE_ADDR": "127.0.0.1",
        "FORGE_TOKEN": token.kind if token else "",
    }
    done = subprocess.run(
        [_backend()], input=body, env=environment, check=True, capture_output=True
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
    found = dict(lines)
    status = int(found.pop("Status", "200").split()[0])
    return GitReply(status=status, headers=found, content=content)


def _note(world: World, repo: Repository, token: Token | None, before: Mapping[str, str]) -> None:
    """Writes down which refs a push changed, and brings pull requests up to date."""
    assert token is not None
    after = {name: sha for name, (_, sha) in repo.bare.refs("refs/").items()}
    with world.lock:
        for ref in sorted(set(before) | set(after)):
            old, new = before.get(ref, "0" * 40), after.get(ref, "0" * 40)
            if old != new and not ref.startswith("refs/pull/"):
                world.pushes.append(
                    Push(
                        repository=repo.full_name,
                        ref=ref,
                        before=old,
                        after=new,
                        user=token.user.login,
                        kind=token.kind,
                    )
                )
        world.refresh(repo)
