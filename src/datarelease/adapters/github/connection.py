"""The connection to one repository on GitHub: requests through PyGithub, answers as values.

One method call is one request (of a listing, one a page). PyGithub knows the token, the transport,
the encoding and the kinds of errors. Its objects are not used: they ask for what they lack behind
their attributes, so that nobody can say how many requests a line makes. What comes back is JSON,
which ``adapters.github.values`` reads strictly.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from datarelease.adapters.github.errors import (
    LONGEST_WAIT,
    Answer,
    Ask,
    GitHubError,
    answer_of,
    brief,
    github_error,
    pause,
)
from datarelease.adapters.github.values import shape_fault
from datarelease.errors import ConfigError
from datarelease.model.directory import ROOT
from datarelease.model.git_address import GITHUB_NAME
from datarelease.model.github import BOT
from datarelease.model.project import installation

if TYPE_CHECKING:
    from github.Requester import Requester

_T = TypeVar("_T")
_Reply = tuple[dict[str, Any], Any]
"""Headers by lower-case name, and what was in the body."""

PAGE = 100
"""Entries of a page; GitHub gives no more."""
_PAGES = 100
"""Longer listings are refused."""
_TIMEOUT = 30
"""Seconds without any data."""
_PATIENCE = 2 * LONGEST_WAIT
"""Seconds that one run waits for GitHub, over all its requests."""
_NOT_FOUND = 404


class GitHubConnection:
    """One repository on GitHub, asked with one token.

    Requests are repeated after temporary failures (the network, 5xx, rate limits), for about two
    minutes in all. A request that fails raises ``GitHubError``, a ``WorldError``.
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
        """Nothing is asked yet. The arguments are as in ``model.github.GitHubAccess``.

        Raises:
            ConfigError: PyGithub is not installed, or ``repository`` is not OWNER/NAME.
        """
        if not GITHUB_NAME.fullmatch(repository):
            raise ConfigError(
                f"{repository!r} is not a repository on GitHub.",
                untouched="Nothing was read or changed on GitHub.",
                remedy="Write OWNER/NAME.",
            )
        self.bot, self.directory = bot, directory
        self._repository = repository
        self._requester = _requester(api_url, token)
        self._sleep = sleep
        self._left = _PATIENCE

    def _get(self, reader: Callable[[Any], _T], path: str, ask: Ask, **parameters: str) -> _T:
        """What is at ``path`` (below the repository)."""
        return self._read(reader, ask, self._request("GET", path, ask, parameters=parameters)[1])

    def _find(
        self, reader: Callable[[Any], _T], path: str, ask: Ask, **parameters: str
    ) -> _T | None:
        """What is at ``path``; None: nothing."""
        try:
            return self._get(reader, path, ask, **parameters)
        except GitHubError as error:
            if error.answer.status == _NOT_FOUND:
                return None
            raise

    def _list(
        self, reader: Callable[[Any], _T], path: str, ask: Ask, **parameters: str
    ) -> Iterator[_T]:
        """The entries of a listing, one request a page."""
        for page in range(1, _PAGES + 1):
            wanted = {**parameters, "per_page": str(PAGE), "page": str(page)}
            headers, entries = self._request("GET", path, ask, parameters=wanted)
            if not isinstance(entries, list):
                raise self._unexpected(ask, "a list was expected")
            yield from (self._read(reader, ask, entry) for entry in entries)
            # The address in the header is not followed: ours leads nowhere else.
            if 'rel="next"' not in headers.get("link", ""):
                return
        raise self._unexpected(ask, f"there are more than {_PAGES * PAGE} entries")

    def _send(
        self, reader: Callable[[Any], _T], verb: str, path: str, ask: Ask, content: object = None
    ) -> _T:
        """The answer to a request that changes something."""
        return self._read(reader, ask, self._request(verb, path, ask, content=content)[1])

    def _upload(
        self, reader: Callable[[Any], _T], url: str, ask: Ask, *, name: str, data: bytes, kind: str
    ) -> _T:
        """The answer to a file of media type ``kind``; ``url`` comes from GitHub."""
        headers = {"Content-Type": kind, "Content-Length": str(len(data))}

        def once() -> _Reply:
            return self._requester.requestMemoryBlobAndCheck(
                "POST", url, {"name": name}, dict(headers), io.BytesIO(data)
            )

        return self._read(reader, ask, self._patiently(once, ask)[1])

    def _read(self, reader: Callable[[Any], _T], ask: Ask, data: object) -> _T:
        try:
            return reader(data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise self._unexpected(ask, shape_fault(error)) from error

    def _unexpected(self, ask: Ask, what: str) -> GitHubError:
        """The error for an answer that is not what GitHub documents."""
        return GitHubError(
            Answer(status=200, message=""),
            f"GitHub ({self._repository}) was asked to {ask.what}, and its answer is not as "
            f"documented: {what}.",
            untouched=ask.untouched,
            remedy="Update datarelease. If it is the newest version, this is a bug: please report "
            "it.",
        )

    def _request(
        self,
        verb: str,
        path: str,
        ask: Ask,
        *,
        parameters: Mapping[str, str] | None = None,
        content: object = None,
    ) -> _Reply:
        url = f"/repos/{self._repository}{path}"

        def once() -> _Reply:
            return self._requester.requestJsonAndCheck(
                verb, url, parameters=dict(parameters or {}), input=content
            )

        return self._patiently(once, ask)

    def _patiently(self, once: Callable[[], _Reply], ask: Ask) -> _Reply:
        """What ``once`` returns; where waiting helps, it is called again."""

        def wait(state: RetryCallState) -> float | None:
            error = state.outcome.exception() if state.outcome else None
            if not isinstance(error, _RefusedError):
                return None
            seconds = pause(error.answer, ask, state.attempt_number, time.time())
            return seconds if seconds is not None and seconds <= self._left else None

        def sleep(seconds: float) -> None:
            self._left -= seconds
            self._sleep(seconds)

        again = Retrying(
            retry=retry_if_exception_type(_RefusedError),
            stop=lambda state: wait(state) is None,
            wait=lambda state: wait(state) or 0.0,
            sleep=sleep,
            reraise=True,
        )
        try:
            done: _Reply = again(_refusing, once)
        except _RefusedError as error:
            raise github_error(error.answer, ask, self._repository) from error.__cause__
        return done


def part(text: str) -> str:
    """``text`` as one part of an address.

    >>> part("data/v1?x")
    'data%2Fv1%3Fx'
    """
    return quote(text, safe="")


class _RefusedError(Exception):
    """What PyGithub raised, as an answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.message)
        self.answer = answer


def _refusing(once: Callable[[], _T]) -> _T:
    import requests  # noqa: PLC0415 - heavy: what PyGithub asks with
    from github import GithubException  # noqa: PLC0415 - heavy: PyGithub

    try:
        return once()
    except GithubException as error:
        raise _RefusedError(answer_of(error.status, error.headers, error.data)) from error
    except (requests.RequestException, ValueError, RuntimeError) as error:
        # Not JSON where JSON is expected (a page of a proxy, for example), or a redirection.
        raise _RefusedError(Answer(status=None, message=brief(str(error)))) from error


def _requester(api_url: str, token: str) -> Requester:
    try:
        from github import Auth, Github  # noqa: PLC0415 - heavy: PyGithub
    except ImportError as error:
        raise ConfigError(
            "PyGithub is not installed.",
            remedy=installation("github"),
        ) from error
    # Its own retries would repeat what must not be repeated, its pauses are for many writes.
    client = Github(
        auth=Auth.Token(token),
        base_url=api_url,
        timeout=_TIMEOUT,
        per_page=PAGE,
        user_agent="datarelease",
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
        api_version="2022-11-28",
    )
    return client.requester
