"""The wiring of GitHub and CML, from what a workflow tells about itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from datarelease.adapters.github.cml import WATERMARK_TITLE, Cml, speaks_to
from datarelease.app.actions import Actions
from datarelease.errors import ConfigError
from datarelease.flows.pull_requests.dispatch import TOKEN
from datarelease.model.directory import titled
from datarelease.progress import Progress
from datarelease.render.markdown.comment import CommentSource

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

_PROGRAM = "cml"


def open_github(run: Actions) -> GitHub:
    """GitHub, as the repository and the token of a workflow's run reach it.

    Raises:
        ConfigError: There is no token, or PyGithub is not installed.
    """
    from datarelease.adapters.github.repository import GitHub  # noqa: PLC0415 - heavy: PyGithub

    return GitHub(
        api_url=run.api,
        repository=run.repository,
        token=_token(run),
        bot=run.bot,
        directory=run.directory,
    )


def dispatcher(run: Actions, env: Mapping[str, str]) -> Callable[[str], GitHub] | None:
    """Connects to other repositories with the token in ``env`` for them; None: there is none."""
    from datarelease.adapters.github.repository import GitHub  # noqa: PLC0415 - heavy: PyGithub

    token = env.get(TOKEN)
    if not token:
        return None
    return lambda name: GitHub(api_url=run.api, repository=name, token=token, bot=run.bot)


def open_cml(run: Actions, progress: Progress) -> Cml | None:
    """CML, if it is installed and uses this GitHub; otherwise ``progress`` receives the reason."""
    program = shutil.which(_PROGRAM)
    if program is None:
        progress.say("CML is not installed; the built-in poster writes the comment")
        return None
    if not speaks_to(run.server, run.api):
        progress.say(f"CML does not know the API at {run.api}; the built-in poster takes over")
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


def _token(run: Actions) -> str:
    if not run.token:
        raise ConfigError(
            "GITHUB_TOKEN is not set.",
            untouched="Nothing was changed.",
            remedy="Give the step `GITHUB_TOKEN: ${{ github.token }}` under `env:`.",
        )
    return run.token
