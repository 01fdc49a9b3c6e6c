"""Sends word of a release to webhooks. It never fails a release: what fails is said, in a line."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence

from datarelease.adapters.webhook import post_message
from datarelease.errors import WorldError
from datarelease.flows.pull_requests.comment import error_line
from datarelease.model.versions.outcome import Outcome
from datarelease.model.webhook import WEBHOOK_VARIABLE, Webhook, WebhookFormat, signed_headers
from datarelease.progress import Progress

_USER_AGENT = "datarelease"


def notify(
    outcome: Outcome,
    webhooks: Sequence[Webhook],
    bodies: Mapping[WebhookFormat, Callable[[], bytes]],
    *,
    repository: str,
    env: Mapping[str, str],
    progress: Progress,
    post: Callable[[str, str, bytes, Mapping[str, str]], None] = post_message,
) -> tuple[str, ...]:
    """Send ``outcome`` to each webhook that wants to know of such an end.

    Sent again, a message has the same id, so that a receiver can tell.

    Returns:
        Who was not sent word and why, in one line each, without any secret.
    """
    problems = []
    for webhook in webhooks:
        if outcome.state not in webhook.on:
            continue
        fault = _fault(webhook, env)
        if fault is not None:
            problems.append(fault)
            continue
        body = bodies[webhook.format]()
        headers = {"Content-Type": "application/json", "User-Agent": _USER_AGENT}
        if webhook.key is not None:
            key, now = env[webhook.key].strip(), int(time.time())
            headers |= signed_headers(_message_id(repository, outcome), now, body, key)
        try:
            post(webhook.url, env[webhook.url].strip(), body, headers)
            progress.say(
                f"the webhook {webhook.url} was notified of {outcome.tag or outcome.state}"
            )
        except WorldError as error:
            problems.append(error_line(error))
    return tuple(problems)


def _message_id(repository: str, outcome: Outcome) -> str:
    about = f"{repository}\n{outcome.state}\n{outcome.tag}\n{outcome.commit}"
    return f"msg_{hashlib.sha256(about.encode()).hexdigest()[:32]}"


def _fault(webhook: Webhook, env: Mapping[str, str]) -> str | None:
    """Why a webhook cannot be used; None: it can."""
    for name in (webhook.url, *([webhook.key] if webhook.key else [])):
        # The record may have been written by another version; a setting cannot say this.
        if not WEBHOOK_VARIABLE.fullmatch(name):
            return (
                f"release.notify names {name!r:.80}, which is not the name of a webhook's secret."
            )
        if not env.get(name, "").strip():
            return f"release.notify names {name}, but this secret is not set."
    return None
