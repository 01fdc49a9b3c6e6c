"""One repository on GitHub, through the REST API."""

from __future__ import annotations

import time
from collections.abc import Callable

from datarelease.adapters.github.dispatch import Dispatches
from datarelease.adapters.github.issues import Issues
from datarelease.adapters.github.pulls import Pulls
from datarelease.adapters.github.releases import Releases
from datarelease.adapters.github.requests import Requests
from datarelease.model.directory import ROOT
from datarelease.model.github import BOT


class GitHub(Pulls, Releases, Issues, Dispatches):
    """A repository on GitHub: pull requests, comments, statuses, releases, issues.

    Requests are repeated after temporary failures (the network, 5xx, rate limits), for about a
    minute. A request that fails raises ``GitHubError``, a ``WorldError``.
    """

    def __init__(
        self,
        *,
        api_url: str,
        repository: str,
        token: str,
        bot: str = BOT,
        directory: str = ROOT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Ask ``repository`` (``owner/name``) with ``token``; nothing is asked yet.

        Args:
            api_url: ``https://api.github.com``; of GitHub Enterprise ``https://HOST/api/v3``.
            repository: ``owner/name``
            token: Sent with every request and shown nowhere.
            bot: Login whose comments, statuses and issues are ours.
            directory: Of the DVC root in the repository, where there are several.
            sleep: Waits for so many seconds.

        Raises:
            ConfigError: PyGithub is not installed.
        """
        super().__init__(
            Requests(api_url=api_url, repository=repository, token=token, sleep=sleep),
            bot,
            directory,
        )
