"""Webhooks: who is sent word of a release, and what proves that it comes from here.

The signature is that of Standard Webhooks 1.0 (github.com/standard-webhooks), whose libraries
verify it: HMAC-SHA256 over the id, the time and the body.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

WEBHOOK_VARIABLE = re.compile(r"NOTIFY_[A-Z0-9_]{1,60}", re.ASCII)
"""Environment variables that a setting may name: no other secret of a job can be meant."""
WebhookFormat = Literal["json", "slack"]
ToldState = Literal["released", "blocked", "conflict", "unreviewed", "failed"]
"""How a release ended that people may be sent word of."""
_ENCODED = "whsec_"


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that is sent a message; a secret, so that settings hold the name alone."""

    url: str
    """The environment variable that has the address."""
    key: str | None = None
    """The environment variable that has the key of signatures; None: nothing is signed."""
    format: WebhookFormat = "json"
    on: tuple[ToldState, ...] = ("released",)


def signed_headers(message_id: str, seconds: int, body: bytes, key: str) -> Mapping[str, str]:
    """The headers by which a receiver knows the sender; ``seconds`` is the time, since 1970.

    The example is that of the specification.

    >>> body, key = b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    >>> headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, key)
    >>> headers["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    content = b".".join([message_id.encode(), str(seconds).encode(), body])
    digest = hmac.new(_key_bytes(key), content, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key_bytes(key: str) -> bytes:
    """``whsec_`` and Base64, as the specification writes keys, or the bytes of any other text."""
    if key.startswith(_ENCODED):
        try:
            return base64.b64decode(key.removeprefix(_ENCODED), validate=True)
        except binascii.Error:
            pass
    return key.encode()
