"""What all parts of ``GitHub`` share: the connection and the parsing of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar
from urllib.parse import quote

from datarelease.adapters.github.errors import Ask
from datarelease.adapters.github.requests import Requests
from datarelease.adapters.github.values import ShapeError
from datarelease.model.directory import ROOT

_T = TypeVar("_T")


class GitHubConnection:
    """A repository on GitHub."""

    def __init__(self, requests: Requests, bot: str, directory: str = ROOT) -> None:
        """Ask through ``requests``; ``bot`` is the login that is us, for the DVC root there."""
        self._requests = requests
        self._bot = bot
        self._directory = directory

    @property
    def bot(self) -> str:
        """Login of the account that writes our comments, statuses and issues."""
        return self._bot

    @property
    def directory(self) -> str:
        """Of the DVC root that our comments, statuses and issues are about."""
        return self._directory

    def _read(self, reader: Callable[[object], _T], ask: Ask, data: object) -> _T:
        try:
            return reader(data)
        except ShapeError as error:
            raise self._requests.unexpected(ask, str(error)) from error

    def _each(
        self, reader: Callable[[object], _T], ask: Ask, entries: Iterable[object]
    ) -> Iterator[_T]:
        for entry in entries:
            yield self._read(reader, ask, entry)


def part(text: str) -> str:
    """``text`` as one part of an address.

    >>> part("data/v1?x")
    'data%2Fv1%3Fx'
    """
    return quote(text, safe="")
