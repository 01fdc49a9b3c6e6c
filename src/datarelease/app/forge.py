"""The wiring of GitHub, from what a workflow tells about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datarelease.app.actions import Actions

if TYPE_CHECKING:
    from datarelease.adapters.github import GitHub


def open_github(run: Actions) -> GitHub:
    """GitHub, as the repository and the token of a workflow's run reach it."""
    from datarelease.adapters.github import GitHub  # noqa: PLC0415 - heavy: PyGithub

    return GitHub(api_url=run.api, repository=run.repository, token=run.token or "", bot=run.bot)
