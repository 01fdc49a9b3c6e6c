"""Events that start workflows of a repository on GitHub."""

from __future__ import annotations

from datarelease.adapters.github.connection import GitHubConnection
from datarelease.adapters.github.errors import Ask


class Dispatches(GitHubConnection):
    """The events of a repository."""

    def dispatch(self, event: str, payload: dict[str, object]) -> None:
        """Start the workflows that wait for ``event`` (``repository_dispatch``); 1 request.

        Args:
            event: At most 100 characters.
            payload: What they find under ``github.event.client_payload``, at most 10 properties.

        Raises:
            GitHubError: It was not started.
        """
        ask = Ask(
            what=f"start the workflows that wait for {event}",
            permission="contents: write",
            untouched="No workflow was started there.",
            repeatable=False,
        )
        content = {"event_type": event, "client_payload": payload}
        self._requests.send("POST", "/dispatches", ask, content)
