"""GitHub's refusals: how long to wait before the next request, and the message for users.

Sources: GitHub's documentation, "Rate limits for the REST API", "Troubleshooting the REST API" and
"Best practices for using the REST API".
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datarelease.errors import WorldError
from datarelease.model.git_address import without_credentials

WAITS = (0.5, 1.0, 2.0)
"""Seconds before the second, third and fourth try where GitHub or the network failed."""
LONGEST_WAIT = 65.0
"""Seconds that are waited for a rate limit; a secondary one lasts about a minute."""
_RATE_LIMITS = ("rate limit exceeded", "secondary rate limit", "abuse detection")


@dataclass(frozen=True)
class Ask:
    """A request to GitHub, in the words of error messages."""

    what: str
    """``read the comments of #7``"""
    permission: str
    """``pull-requests: write``"""
    untouched: str = "Nothing was changed."
    repeatable: bool = True
    """The request is idempotent."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A refusal."""

    status: int | None
    """None: no answer came."""
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    """By lower-case name."""

    @property
    def limited(self) -> bool:
        """Too many requests were made."""
        if self.status == 429:  # noqa: PLR2004 - Too Many Requests
            return True
        if self.status != 403:  # noqa: PLR2004 - Forbidden
            return False
        message = self.message.lower()
        spent = self.headers.get("x-ratelimit-remaining") == "0"
        return (
            spent or "retry-after" in self.headers or any(word in message for word in _RATE_LIMITS)
        )

    @property
    def failed(self) -> bool:
        """GitHub or the network failed; it is unknown whether the request was carried out."""
        return self.status is None or self.status >= 500  # noqa: PLR2004 - server errors


class GitHubError(WorldError):
    """A request to GitHub failed."""

    def __init__(self, answer: Answer, what: str, *, untouched: str, remedy: str) -> None:
        """Keep the answer, so that callers need not parse the message."""
        super().__init__(what, untouched=untouched, remedy=remedy)
        self.answer = answer


def pause(answer: Answer, ask: Ask, tries: int, now: float) -> float | None:
    """Seconds to wait before the next try; None: trying again does not help, or not soon."""
    if answer.limited:
        seconds = _until(answer, now)
        return seconds if seconds <= LONGEST_WAIT and tries <= len(WAITS) else None
    if answer.failed and ask.repeatable and tries <= len(WAITS):
        after = _number(answer.headers.get("retry-after"))
        return WAITS[tries - 1] if after is None else after if after <= LONGEST_WAIT else None
    return None


def _until(answer: Answer, now: float) -> float:
    """Seconds until a rate limit ends; one that does not say lasts a minute (documentation)."""
    after = _number(answer.headers.get("retry-after"))
    if after is not None:
        return after
    reset = _number(answer.headers.get("x-ratelimit-reset"))
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    # The time is given in whole seconds.
    return max(reset - now, 0.0) + 1 if spent and reset is not None else 60.0


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdecimal() else None


def github_error(answer: Answer, ask: Ask, repository: str) -> GitHubError:
    """The error that says what was asked, why it failed, and what to do."""
    why, remedy = _reason(answer, ask)
    return GitHubError(
        answer,
        f"GitHub ({repository}) was asked to {ask.what}: {why}",
        untouched=ask.untouched,
        remedy=remedy,
    )


_AGAIN = "Run the job again; that is safe."


def _reason(answer: Answer, ask: Ask) -> tuple[str, str]:
    """Why it was not done, and what to do."""
    if answer.status is None:
        return f"it cannot be reached: {answer.message}", _AGAIN
    grant = f"Give the job `{ask.permission}` under `permissions:`"
    if answer.limited:
        why, remedy = "its rate limit is used up", f"Wait some minutes. {_AGAIN}"
    elif answer.failed:
        why, remedy = "it failed", _AGAIN
    elif answer.status in _REASONS:
        why, remedy = _REASONS[answer.status]
    else:
        why = "it did not accept the request"
        remedy = "Correct what it names, then run the job again."
    reply = f"{answer.status}: {answer.message}" if answer.message else f"{answer.status}"
    why = why.format(permission=ask.permission)
    return f"{why} ({reply}).", remedy.format(grant=grant)


_REASONS = {
    401: (
        "it does not know the token",
        "Give the step `GITHUB_TOKEN: ${{{{ github.token }}}}` under `env:`.",
    ),
    403: (
        "it refused, and the token probably lacks `{permission}`",
        "{grant}, then run the job again.",
    ),
    404: (
        "it found nothing, or the token may not see it",
        "Check the name. If it exists: {grant}.",
    ),
}


def answer_of(status: int, headers: Mapping[str, Any] | None, data: object) -> Answer:
    """A refusal as GitHub sends it: its message, and what it says of each fault."""
    parts: list[str] = []
    if isinstance(data, Mapping):
        parts.append(str(data.get("message") or ""))
        errors = data.get("errors")
        parts += map(_fault, errors if isinstance(errors, list) else [])
    return Answer(
        status=status,
        message=brief("; ".join(part for part in parts if part)),
        headers={str(name).lower(): str(value) for name, value in (headers or {}).items()},
    )


def _fault(fault: object) -> str:
    if not isinstance(fault, Mapping):
        return str(fault)
    known = [str(fault[key]) for key in ("resource", "field", "code", "message") if fault.get(key)]
    return " ".join(known) or json.dumps(dict(fault), default=str)


def brief(text: str) -> str:
    """A message on one short line, without credentials."""
    return textwrap.shorten(without_credentials(text), 300, placeholder=" …")
