"""Requests to GitHub's REST API through PyGithub, one method call one request (a page, one more).

PyGithub knows the token, the connection, the encoding and the kinds of errors. Its objects are left
aside: they ask for what they miss behind their attributes, so nobody can say how many requests a
line makes. What comes back is JSON, which ``github_shapes`` reads strictly.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

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
from datarelease.errors import ConfigError
from datarelease.model.project import installation

if TYPE_CHECKING:
    from github.Requester import Requester

_T = TypeVar("_T")

PAGE = 100
"""Entries of a page; GitHub gives no more."""
_PAGES = 100
"""Longer listings are refused."""
_TIMEOUT = 30
"""Seconds without any data."""
_PATIENCE = 2 * LONGEST_WAIT
"""Seconds that one run waits for GitHub, over all its requests."""
_NOT_FOUND = 404


class Requests:
    """One repository on GitHub, asked with one token."""

    def __init__(
        self,
        *,
        api_url: str,
        repository: str,
        token: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is asked yet.

        Args:
            api_url: ``https://api.github.com``
            repository: ``owner/name``
            token: Sent with every request and shown nowhere.
            sleep: Waits for so many seconds.
            clock: Seconds since 1970.

        Raises:
            ConfigError: PyGithub is not installed.
        """
        self.repository = repository
        self._requester = _requester(api_url, token)
        self._sleep = sleep
        self._clock = clock
        self._left = _PATIENCE

    def get(self, path: str, ask: Ask, **parameters: str) -> Any:
        """What is at ``path`` (below the repository).

        Raises:
            GitHubError: The request failed.
        """
        return self._send("GET", path, ask, parameters=parameters)[1]

    def find(self, path: str, ask: Ask, **parameters: str) -> Any | None:
        """What is at ``path``; None: nothing.

        Raises:
            GitHubError: The request failed.
        """
        try:
            return self.get(path, ask, **parameters)
        except GitHubError as error:
            if error.answer.status == _NOT_FOUND:
                return None
            raise

    def pages(self, path: str, ask: Ask, **parameters: str) -> Iterator[Any]:
        """The entries of a listing, one request a page.

        Raises:
            GitHubError: The request failed.
        """
        for page in range(1, _PAGES + 1):
            wanted = {**parameters, "per_page": str(PAGE), "page": str(page)}
            headers, entries = self._send("GET", path, ask, parameters=wanted)
            if not isinstance(entries, list):
                raise self.unexpected(ask, "a list was expected")
            yield from entries
            # The address in the header is not followed: ours leads nowhere else.
            if 'rel="next"' not in headers.get("link", ""):
                return
        raise self.unexpected(ask, f"there are more than {_PAGES * PAGE} entries")

    def send(self, verb: str, path: str, ask: Ask, content: object = None) -> Any:
        """The answer to a request that changes something.

        Raises:
            GitHubError: It was not done.
        """
        return self._send(verb, path, ask, content=content)[1]

    def upload(self, url: str, ask: Ask, *, name: str, data: bytes, kind: str) -> Any:
        """The answer to a file that was handed over; ``url`` comes from GitHub.

        Raises:
            GitHubError: It was not taken.
        """
        headers = {"Content-Type": kind, "Content-Length": str(len(data))}

        def once() -> tuple[dict[str, Any], Any]:
            return self._requester.requestMemoryBlobAndCheck(
                "POST", url, {"name": name}, dict(headers), io.BytesIO(data)
            )

        return self._patiently(once, ask)[1]

    def unexpected(self, ask: Ask, what: str) -> GitHubError:
        """The error for an answer that is not what GitHub documents."""
        answer = Answer(status=200, message="")
        return GitHubError(
            answer,
            f"GitHub ({self.repository}) was asked to {ask.what}, and its answer is not as "
            f"documented: {what}.",
            untouched=ask.untouched,
            remedy="Update datarelease; if it is the newest, please report this.",
        )

    def _send(
        self,
        verb: str,
        path: str,
        ask: Ask,
        *,
        parameters: Mapping[str, str] | None = None,
        content: object = None,
    ) -> tuple[dict[str, Any], Any]:
        url = f"/repos/{self.repository}{path}"

        def once() -> tuple[dict[str, Any], Any]:
            return self._requester.requestJsonAndCheck(
                verb, url, parameters=dict(parameters or {}), input=content
            )

        return self._patiently(once, ask)

    def _patiently(self, once: Callable[[], _T], ask: Ask) -> _T:
        """What ``once`` returns; where waiting helps, it is called again."""

        def wait(state: RetryCallState) -> float | None:
            error = state.outcome.exception() if state.outcome else None
            if not isinstance(error, _RefusedError):
                return None
            seconds = pause(error.answer, ask, state.attempt_number, self._clock())
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
            done: _T = again(_refusing, once)
        except _RefusedError as error:
            raise github_error(error.answer, ask, self.repository) from error.__cause__
        return done


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
    except requests.RequestException as error:
        raise _RefusedError(Answer(status=None, message=brief(str(error)))) from error
    except (ValueError, RuntimeError) as error:
        # Not JSON where JSON is expected (a page of a proxy, for example), or a redirection.
        raise _RefusedError(Answer(status=None, message=brief(str(error)))) from error


def _requester(api_url: str, token: str) -> Requester:
    try:
        from github import Auth, Github  # noqa: PLC0415 - heavy: PyGithub
    except ImportError as error:
        raise ConfigError(
            "PyGithub is not installed.",
            untouched="Nothing was changed.",
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
