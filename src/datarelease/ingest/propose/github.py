"""Which GitHub a repository is on, and the token to speak to it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from datarelease.adapters.git.scratch_clone import find_origin
from datarelease.app.wiring import git_environment, with_token
from datarelease.errors import ConfigError
from datarelease.model.git_address import GITHUB_NAME, repository_of
from datarelease.model.github import BOT

SERVER = "https://github.com"


@dataclass(frozen=True, kw_only=True)
class GitHubRemote:
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


def hub_at(url: str, env: Mapping[str, str]) -> GitHubRemote | None:
    """The repository on GitHub that ``url`` leads to; None: it is elsewhere.

    ``DATARELEASE_GITHUB_REPOSITORY`` names it where the address does not tell.

    Raises:
        ConfigError: That name is none.
    """
    server = (env.get("GITHUB_SERVER_URL") or SERVER).rstrip("/")
    named = env.get("DATARELEASE_GITHUB_REPOSITORY")
    if named and not GITHUB_NAME.fullmatch(named):
        raise ConfigError(
            f"DATARELEASE_GITHUB_REPOSITORY is {named!r}, which is not OWNER/NAME.",
            untouched="Nothing was changed.",
        )
    repository = named or repository_of(url, server)
    if repository is None:
        return None
    api = "https://api.github.com" if server == SERVER else f"{server}/api/v3"
    return GitHubRemote(
        server=server,
        api=(env.get("GITHUB_API_URL") or api).rstrip("/"),
        repository=repository,
        token=env.get("GITHUB_TOKEN") or None,
        bot=env.get("DATARELEASE_BOT") or BOT,
    )


def environment_for(
    url: str, hub: GitHubRemote | None, env: Mapping[str, str]
) -> Mapping[str, str]:
    """``env`` for git, with the token where ``url`` is one of the GitHub and has none itself."""
    address = urlsplit(url)
    if hub is not None and hub.token and address.scheme == "https" and not address.username:
        return with_token(env, hub.server, hub.token)
    return env


def git_reaching(root: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with which git reaches the origin of the repository around ``root``.

    Raises:
        ConfigError: ``DATARELEASE_GITHUB_REPOSITORY`` is not a name.
    """
    base = git_environment(env)
    url = find_origin(root, env=base)
    return environment_for(url, hub_at(url, env), base) if url else base
