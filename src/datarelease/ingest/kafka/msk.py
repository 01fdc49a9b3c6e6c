"""Sign-in to Amazon MSK with the AWS identity that is available: role, profile or keys.

Amazon's own package signs the token (Amazon MSK Developer Guide, "Configure clients to use IAM
access control"); librdkafka sends it as OAUTHBEARER and asks again before it expires.
"""

from __future__ import annotations

from collections.abc import Callable

from datarelease.errors import ConfigError
from datarelease.model.project import installation

MECHANISM = "AWS_MSK_IAM"
"""What the clients of other languages call it. It is OAUTHBEARER on the wire."""


def token_source(region: str | None) -> Callable[[str], tuple[str, float]]:
    """What librdkafka calls for a token: it gives the token and when it expires (Unix seconds).

    Raises:
        ConfigError: No region is named, or Amazon's package is not installed.
    """
    if not region:
        raise ConfigError(
            f"Sign-in by {MECHANISM} needs the region of the cluster.",
            untouched="Nothing was changed.",
            remedy="Set AWS_REGION.",
        )
    try:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise ConfigError(
            f"Sign-in by {MECHANISM} needs Amazon's signer, which is not installed.",
            untouched="Nothing was changed.",
            remedy=installation("msk"),
        ) from error

    def token(_: str) -> tuple[str, float]:
        signed, milliseconds = MSKAuthTokenProvider.generate_auth_token(region)
        return signed, milliseconds / 1000

    return token
