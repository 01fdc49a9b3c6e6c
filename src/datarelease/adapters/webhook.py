"""Sends a message to a webhook: https only, no redirection is followed, nothing of it is shown.

The address is a secret; what is said of it is the name that the caller gives it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from datarelease.errors import WorldError

ATTEMPTS = 4
TIMEOUTS = (10.0, 20.0)
"""Seconds for a connection, and without an answer."""
LONGEST_PAUSE = 30.0
"""Seconds that are waited at most before another attempt, whatever the receiver asks for."""
_PASSING = {408, 425, 429, 500, 502, 503, 504}


def post_message(
    name: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Post ``body`` to ``url``, again after failures that may pass.

    Raises:
        WorldError: The address is none that is taken, or the receiver did not accept the message.
            The message names ``name``, and neither the address nor the answer.
    """
    fault = _address_fault(url)
    if fault:
        raise WorldError(f"{name}: {fault}", remedy=f"Correct the secret {name}.")
    with requests.Session() as session:
        # Else a password for this host in ~/.netrc would be sent along.
        session.auth = lambda request: request
        again = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_pause,
            sleep=sleep,
            reraise=True,
        )
        try:
            again(_post, session, url, body, dict(headers))
        except _RefusedMessageError as error:
            raise WorldError(
                f"{name}: the message was not accepted: {error}",
                remedy="Run the job again to send it again.",
            ) from None  # the cause may quote the address


class _RefusedMessageError(Exception):
    """The receiver did not take the message; the text holds nothing of address and answer."""


class _PassingError(_RefusedMessageError):
    """Another attempt may help."""

    def __init__(self, what: str, after: float | None = None) -> None:
        super().__init__(what)
        self.after = after


def _address_fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "its value is not an address."
    if parts.scheme != "https" or not host:
        return "its value is not an https address."
    if parts.username or parts.password:
        return "the address holds a user name or a password."
    return None if url.isprintable() and " " not in url else "its value is not an address."


def _post(session: requests.Session, url: str, body: bytes, headers: dict[str, str]) -> None:
    try:
        # Redirections are not followed: they could lead anywhere, also inside this network.
        answer = session.post(
            url, data=body, headers=headers, timeout=TIMEOUTS, allow_redirects=False, stream=True
        )
    except requests.exceptions.SSLError as error:
        what = "the certificate of the receiver is not trusted"
        raise _RefusedMessageError(what) from error
    except (requests.ConnectionError, requests.Timeout) as error:
        what = "the receiver did not answer"
        raise _PassingError(what) from error
    except (requests.RequestException, ValueError) as error:
        raise _RefusedMessageError(type(error).__name__) from error
    status = answer.status_code
    after = answer.headers.get("Retry-After")
    answer.close()  # what it says is not read: it may be of any length
    if status in _PASSING:
        raise _PassingError(f"it answered {status}", _seconds(after))
    if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's success
        raise _RefusedMessageError(f"it answered {status}")


def _pause(state: RetryCallState) -> float:
    """What the receiver asks for, or one, two, four seconds; never long."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, _PassingError) else None
    return min(2.0 ** (state.attempt_number - 1) if asked is None else asked, LONGEST_PAUSE)


def _seconds(header: str | None) -> float | None:
    """``Retry-After`` (RFC 9110, 10.2.3) as seconds from now; None: it is not there, or odd."""
    if header is None:
        return None
    if header.isascii() and header.isdecimal():
        return float(header[:9])
    try:
        when = parsedate_to_datetime(header)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
