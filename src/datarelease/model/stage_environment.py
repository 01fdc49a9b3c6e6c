"""What the stages of a pipeline see of the environment: the one list of what is kept from them.

A stage is code of the repository. It does not get tokens and keys of ours, of the remotes and of
the workflow; a pipeline that needs one names it in ``release.stage_environment``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

NEVER = (
    "ACTIONS_*", "CML_TOKEN", "DAGSHUB_TOKEN", "DAGSHUB_USER_TOKEN",
    "DATARELEASE_*_ACCESS_KEY_ID", "DATARELEASE_*_ACCOUNT_KEY", "DATARELEASE_*_CONNECTION_STRING",
    "DATARELEASE_*_CREDENTIALS_FILE", "DATARELEASE_*_CREDENTIALS_JSON", "DATARELEASE_*_KEY_FILE",
    "DATARELEASE_*_PASSPHRASE",
    "DATARELEASE_*_PASSWORD", "DATARELEASE_*_PRIVATE_KEY", "DATARELEASE_*_SAS_TOKEN",
    "DATARELEASE_*_SECRET_ACCESS_KEY",
    "DATARELEASE_*_SESSION_TOKEN", "DATARELEASE_*_TOKEN", "DATARELEASE_SPARK_REMOTE",
    "GH_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "REPO_TOKEN",
    "STAGING_*",
)  # fmt: skip
"""Of the workflow and of publishing: no setting hands them on."""
HIDDEN = (
    "AWS_ACCESS_KEY_ID", "AWS_BEARER_TOKEN_*", "AWS_CONFIG_FILE", "AWS_CONTAINER_*",
    "AWS_DEFAULT_PROFILE", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_SECRET_ACCESS_KEY",
    "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_CLIENT_*", "AZURE_FEDERATED_TOKEN*", "AZURE_PASSWORD",
    "AZURE_STORAGE_*", "CLOUDSDK_AUTH_*", "DATARELEASE_KAFKA_*", "DATARELEASE_SCHEMA_REGISTRY_*",
    "DVC_STUDIO_TOKEN", "GDRIVE_CREDENTIALS_DATA", "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_GHA_CREDS_PATH", "OSS_ACCESS_KEY_*", "SSH_AUTH_SOCK", "STUDIO_TOKEN",
)  # fmt: skip
"""Of remotes and brokers: a pipeline may have reasons to use its own under these names."""
_BROKER = ("DATARELEASE_KAFKA_*", "DATARELEASE_SCHEMA_REGISTRY_*")
_SIGN_IN = "DATARELEASE_KAFKA_SASL_MECHANISM"
_DRAIN = re.compile(r"datarelease ingest drain [A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class StageEnvironment:
    """The environment of stages."""

    seen: Mapping[str, str]
    broker: Mapping[str, str] = field(repr=False)
    """What a stage sees beside it that does nothing but drain a topic."""


def stage_environment(env: Mapping[str, str], passed: Iterable[str] = ()) -> StageEnvironment:
    """What stages see of ``env``, with the variables in ``passed``."""
    allowed = {name for name in passed if not is_never_passed(name)}
    kept = (*NEVER, *HIDDEN)
    seen = {k: v for k, v in env.items() if k in allowed or not _matches(k, kept)}
    broker = {name: value for name, value in env.items() if _matches(name, _BROKER)}
    if env.get(_SIGN_IN, "").upper() == "AWS_MSK_IAM":
        broker |= {k: v for k, v in env.items() if k.startswith("AWS_")}
    return StageEnvironment(seen=seen, broker=broker)


def is_never_passed(name: str) -> bool:
    """No setting hands the variable ``name`` to a stage.

    >>> is_never_passed("GITHUB_TOKEN"), is_never_passed("AWS_PROFILE")
    (True, False)
    """
    return _matches(name, NEVER) and not _matches(name, _BROKER)


def is_drain(command: object) -> bool:
    """A stage's command drains a topic and does nothing else.

    >>> is_drain("datarelease ingest drain orders"), is_drain("datarelease ingest drain x; env")
    (True, False)
    """
    return isinstance(command, str) and _DRAIN.fullmatch(command) is not None


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    name = name.upper()  # Windows knows no case in these names
    exact, ends = _split(patterns)
    return name in exact or any(
        name.startswith(head) and name.endswith(tail) and len(name) >= len(head) + len(tail)
        for head, tail in ends
    )


@cache
def _split(patterns: tuple[str, ...]) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """The ``patterns`` that are names, and what names begin and end with by those with a star.

    To match each name with each pattern took a fiftieth of the start of a command.
    """
    exact = frozenset(pattern for pattern in patterns if "*" not in pattern)
    ends = (pattern.partition("*") for pattern in patterns if pattern not in exact)
    return exact, tuple((head, tail) for head, _, tail in ends)
