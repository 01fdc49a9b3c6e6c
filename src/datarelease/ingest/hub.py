"""Which GitHub a repository is on, and the token to speak to it with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from datarelease.adapters.git_desk import find_origin
from datarelease.app.wiring import git_environment, with_token
from datarelease.errors import ConfigError
from datarelease.model.forge import BOT

SERVER = "https://github.com"
_NAME = re.compile(r"[A-Za-z0-9][\w-]*/(?!\.{1,2}$)[\w.-]+", re.ASCII)
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^/].*)")


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A repository on a GitHub."""

    server: str
    """``https://github.com``"""
    api: str
    repository: str
    """``owner/name``"""
    token: str | None = field(repr=False)
    """None: we can read and write branches alone."""
    bot: str
    """Login that posts reports and their statuses."""


def hub_at(url: str, env: Mapping[str, str]) -> Hub | None:
    """The repository on GitHub that ``url`` leads to; None: it is elsewhere.

    ``DATARELEASE_GITHUB_REPOSITORY`` names it where the address does not tell.

    Raises:
        ConfigError: That name is none.
    """
    server = (env.get("GITHUB_SERVER_URL") or SERVER).rstrip("/")
    named = env.get("DATARELEASE_GITHUB_REPOSITORY")
    if named and not _NAME.fullmatch(named):
        raise ConfigError(
            f"DATARELEASE_GITHUB_REPOSITORY is {named!r}, which is not OWNER/NAME.",
            untouched="Nothing was changed.",
        )
    repository = named or repository_of(url, server)
    if repository is None:
        return None
    api = "https://api.github.com" if server == SERVER else f"{server}/api/v3"
    return Hub(
        server=server,
        api=(env.get("GITHUB_API_URL") or api).rstrip("/"),
        repository=repository,
        token=env.get("GITHUB_TOKEN") or None,
        bot=env.get("DATARELEASE_BOT") or BOT,
    )


def reaching(url: str, hub: Hub | None, env: Mapping[str, str]) -> Mapping[str, str]:
    """``env`` for git, with the token where ``url`` is one of the GitHub and has none itself."""
    address = urlsplit(url)
    if hub is not None and hub.token and address.scheme == "https" and not address.username:
        return with_token(env, hub.server, hub.token)
    return env


def git_reaching(root: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with which git reaches the origin of the repository around ``root``.

    Raises:
        ConfigError: ``DATARELEASE_GITHUB_REPOSITORY`` is no name.
    """
    base = git_environment(env)
    url = find_origin(root, env=base)
    return reaching(url, hub_at(url, env), base) if url else base


def repository_of(url: str, server: str) -> str | None:
    """``owner/name`` of a git address on the GitHub at ``server``; None: it is elsewhere.

    >>> repository_of("git@github.com:acme/data.git", "https://github.com")
    'acme/data'
    >>> repository_of("https://gitlab.com/acme/data", "https://github.com") is None
    True
    """
    scp = _SCP.fullmatch(url)
    if "://" in url:
        address = urlsplit(url)
        host, path = address.netloc.rpartition("@")[2], address.path
        if address.scheme == "ssh":
            host = address.hostname or ""
    elif scp:
        host, path = scp["host"], scp["path"]
    else:
        return None
    there = urlsplit(server)
    name = path.strip("/").removesuffix(".git")
    known = host.lower() in {there.netloc.lower(), (there.hostname or "").lower()}
    return name if known and _NAME.fullmatch(name) else None
