"""The wiring of GitHub and CML: from the environment to one repository on a GitHub."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datarelease.adapters.git.scratch_clone import find_origin
from datarelease.adapters.github.attestation import GitHubCli
from datarelease.adapters.github.cml import WATERMARK_TITLE, Cml, speaks_to
from datarelease.app.actions import Actions
from datarelease.app.wiring import git_environment, with_token
from datarelease.errors import ConfigError
from datarelease.flows.pull_requests.announce import TOKEN
from datarelease.flows.repository import Repository
from datarelease.model.directory import titled
from datarelease.model.git_address import GITHUB_NAME, repository_of
from datarelease.model.github import BOT, GITHUB_COM, GitHubAccess
from datarelease.progress import Progress
from datarelease.render.markdown.comment import CommentSource

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

_PROGRAM = "cml"


def github_access(env: Mapping[str, str], url: str | None) -> GitHubAccess | None:
    """The repository on GitHub that the git address ``url`` leads to; None: it is elsewhere.

    ``DATARELEASE_GITHUB_REPOSITORY`` names it where the address does not tell.

    Raises:
        ConfigError: That name is not OWNER/NAME.
    """
    server = (env.get("GITHUB_SERVER_URL") or GITHUB_COM).rstrip("/")
    named = env.get("DATARELEASE_GITHUB_REPOSITORY")
    if named and not GITHUB_NAME.fullmatch(named):
        raise ConfigError(f"DATARELEASE_GITHUB_REPOSITORY is {named!r}, which is not OWNER/NAME.")
    repository = named or repository_of(url or "", server)
    return access_to(repository, env) if repository else None


def access_to(repository: str, env: Mapping[str, str]) -> GitHubAccess:
    """How ``repository`` (``owner/name``) is reached on the GitHub that ``env`` names."""
    server = (env.get("GITHUB_SERVER_URL") or GITHUB_COM).rstrip("/")
    api = "https://api.github.com" if server == GITHUB_COM else f"{server}/api/v3"
    return GitHubAccess(
        server=server,
        api=(env.get("GITHUB_API_URL") or api).rstrip("/"),
        repository=repository,
        token=env.get("GITHUB_TOKEN") or None,
        bot=env.get("DATARELEASE_BOT") or BOT,
    )


def open_github(access: GitHubAccess) -> GitHub:
    """The repository on GitHub.

    Raises:
        ConfigError: There is no token, it is not OWNER/NAME, or PyGithub is not installed.
    """
    from datarelease.adapters.github.repository import GitHub  # noqa: PLC0415 - heavy: PyGithub

    return GitHub(
        api_url=access.api,
        repository=access.repository,
        token=_token(access),
        bot=access.bot,
        directory=access.directory,
    )


def dispatcher(run: Actions, env: Mapping[str, str]) -> Callable[[str], GitHub] | None:
    """Connects to other repositories with the token in ``env`` for them; None: there is none."""
    token = env.get(TOKEN)
    if not token:
        return None
    return lambda name: open_github(replace(run, repository=name, token=token))


def environment_for(
    url: str, access: GitHubAccess | None, env: Mapping[str, str]
) -> Mapping[str, str]:
    """``env`` for git, with the token where ``url`` is one of the GitHub and has none itself."""
    address = urlsplit(url)
    if access is not None and access.token and address.scheme == "https" and not address.username:
        return with_token(env, access.server, access.token)
    return env


def environment_for_origin(root: Path, env: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with which git reaches the origin of the repository around ``root``.

    Raises:
        ConfigError: ``DATARELEASE_GITHUB_REPOSITORY`` is not a name.
    """
    base = git_environment(env)
    url = find_origin(root, env=base)
    return environment_for(url, github_access(env, url), base) if url else base


def open_cml(run: Actions, progress: Progress) -> Cml | None:
    """CML, if it is installed and uses this GitHub; otherwise ``progress`` receives the reason."""
    program = shutil.which(_PROGRAM)
    if program is None:
        progress.say("CML is not installed, so the built-in poster writes the comment")
        return None
    if not speaks_to(run.server, run.api):
        progress.say(
            f"CML does not know the API at {run.api}, so the built-in poster writes the comment"
        )
        return None
    return Cml(
        program,
        server=run.server,
        repository=run.repository,
        token=_token(run),
        env=os.environ,
        title=titled(WATERMARK_TITLE, run.directory),
    )


def comment_source(run: Actions, *, url: str | None = None) -> CommentSource:
    """The place of comments; ``url`` is the run that they describe, if it is another one."""
    return CommentSource(
        server=run.server,
        repository=run.repository,
        run_url=url or run.run_url,
        branch=run.default_branch,
        workflow=run.workflow,
    )


def _token(access: GitHubAccess) -> str:
    if not access.token:
        raise ConfigError(
            "GITHUB_TOKEN is not set.",
            remedy="Give the step `GITHUB_TOKEN: ${{ github.token }}` under `env:`.",
        )
    return access.token


def open_attestations(repository: Repository, env: Mapping[str, str]) -> tuple[str, GitHubCli]:
    """The repository on GitHub (``owner/name``), and the program that checks its attestations.

    Raises:
        ConfigError: It is not on GitHub, or ``gh`` is not installed.
    """
    access = github_access(env, repository.git.remote_url())
    if access is None:
        raise ConfigError(
            "Only versions of a repository on GitHub are attested; this one's git remote is "
            "elsewhere.",
            untouched="Nothing was checked.",
            remedy="Verify without --attestation: the tag names the SHA-256 of the manifest. If it "
            "is a mirror, set DATARELEASE_GITHUB_REPOSITORY to OWNER/NAME.",
        )
    program = shutil.which("gh", path=env.get("PATH"))
    if program is None:
        raise ConfigError(
            "Attestations are checked by GitHub's program gh, which is not installed.",
            untouched="Nothing was checked.",
            remedy="Install it (https://cli.github.com) and sign in with `gh auth login`, then run "
            "the command again; or verify without --attestation.",
        )
    return access.repository, GitHubCli(program, env=env)
