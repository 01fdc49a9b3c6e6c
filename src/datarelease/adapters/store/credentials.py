"""The credentials of each remote, from the environment alone: never a file, never an argument.

With two remotes in one job the plain ``AWS_*`` variables would go to both, so a remote can have
variables of its own, and DagsHub has its token; remotes of other kinds have theirs in
`remote_variables`. What is not set here is left to DVC's settings and to the chain of Amazon's SDK.
Sources: DVC's documentation, "Amazon S3 and Compatible Servers"; DagsHub's client,
``DAGSHUB_CLIENT_HOST`` for an installation of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from datarelease.adapters.store.remote_variables import (
    own_advice,
    own_settings,
    variable_prefix,
)
from datarelease.errors import ConfigError

DAGSHUB_TOKEN = "DAGSHUB_TOKEN"  # noqa: S105 - the variable's name
DAGSHUB_HOST = "DAGSHUB_CLIENT_HOST"
_DAGSHUB = "https://dagshub.com"
SIGN_IN_SETTINGS = (
    "access_key_id", "secret_access_key", "session_token", "profile", "credentialpath",
    "configpath", "allow_anonymous_login",
)  # fmt: skip
"""DVC's settings that say who asks."""
_CHAIN = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
    "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)  # fmt: skip
"""Where Amazon's SDK looks for credentials in the environment."""

_OTHER_CHAINS = (
    "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID",
)  # fmt: skip
"""The same of Google's and Azure's clients."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """The credentials of requests to one remote."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def credentials(
    name: str, settings: Mapping[str, Any], env: Mapping[str, str]
) -> Credentials | None:
    """The credentials in ``env`` for the remote ``name``; None: DVC and Amazon's SDK find them.

    What is empty in ``env`` counts as not set, and blanks around a value (a line end that was
    pasted along) do not belong to it.

    Raises:
        ConfigError: One half of a pair is missing, or a token would be sent unencrypted.
    """
    if _scheme(settings) != "s3":
        return None
    own = [_value(env, f"{variable_prefix(name)}_{part}") for part in _PARTS]
    if own[0] and own[1]:
        return Credentials(access_key=own[0], secret_key=own[1], session_token=own[2])
    if any(own):
        missing = variable_prefix(name) + "_" + (_PARTS[1] if own[0] else _PARTS[0])
        raise ConfigError(
            f"The credentials of the remote {name!r} are incomplete: {missing} is not set.",
            remedy=f"Set {missing} as well, or unset the other variables that begin with "
            f"{variable_prefix(name)}_.",
        )
    token = _value(env, DAGSHUB_TOKEN)
    if token and is_dagshub(settings, env):
        _refuse_clear_text(name, settings)
        return Credentials(access_key=token, secret_key=token)
    return None


def is_dagshub(settings: Mapping[str, Any], env: Mapping[str, str]) -> bool:
    """The remote is on DagsHub, as the host of its S3 endpoint shows."""
    endpoint = urlsplit(str(settings.get("endpointurl") or ""))
    host = urlsplit(_value(env, DAGSHUB_HOST) or _DAGSHUB)
    return bool(endpoint.netloc) and endpoint.netloc.lower() == host.netloc.lower()


def authorised(name: str, settings: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """DVC's settings of a remote, with the credentials of ``env`` in place of its own.

    DagsHub without any credentials is asked as a stranger would, which public repositories may
    allow: the keys of another remote are never sent there.
    """
    if _scheme(settings) != "s3":
        return own_settings(name, settings, env)
    found = credentials(name, settings, env)
    if found is None and not _is_left_alone(settings, env):
        return {**settings, "allow_anonymous_login": True}
    if found is None:
        return dict(settings)
    kept = {key: value for key, value in settings.items() if key not in SIGN_IN_SETTINGS}
    kept |= {"access_key_id": found.access_key, "secret_access_key": found.secret_key}
    return kept | ({"session_token": found.session_token} if found.session_token else {})


def program_environment(
    name: str, settings: Mapping[str, Any], env: Mapping[str, str]
) -> dict[str, str]:
    """The environment for a ``dvc`` program that talks to the remote ``name`` and no other.

    DVC knows the plain ``AWS_*`` variables only, so they are set to what belongs to this remote,
    or unset where they belong to another.
    """
    found = credentials(name, settings, env)
    if found is None and _is_left_alone(settings, env):
        return dict(env)
    kept = {key: value for key, value in env.items() if key not in _CHAIN}
    if found is not None:
        kept |= {"AWS_ACCESS_KEY_ID": found.access_key, "AWS_SECRET_ACCESS_KEY": found.secret_key}
        kept |= {"AWS_SESSION_TOKEN": found.session_token} if found.session_token else {}
    return kept


def withheld(env: Mapping[str, str]) -> dict[str, str]:
    """``env`` without whatever a client would find credentials of any remote by itself in."""
    others = (*_CHAIN, DAGSHUB_TOKEN, *_OTHER_CHAINS)
    return {key: value for key, value in env.items() if key not in others}


def advice(name: str, settings: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Where the remote's credentials come from, as what to check when they are refused."""
    if _scheme(settings) != "s3":
        return own_advice(name, settings)
    own = f"{variable_prefix(name)}_{_PARTS[0]} and {variable_prefix(name)}_{_PARTS[1]}"
    if _value(env, f"{variable_prefix(name)}_{_PARTS[0]}"):
        return own
    if is_dagshub(settings, env):
        return f"{DAGSHUB_TOKEN} (a token of DagsHub's user settings; it counts for this remote)"
    return "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE)"


_PARTS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")


def _value(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None


def _scheme(settings: Mapping[str, Any]) -> str:
    return urlsplit(str(settings.get("url", ""))).scheme.lower()


def _is_left_alone(settings: Mapping[str, Any], env: Mapping[str, str]) -> bool:
    """The remote is not on DagsHub, or DVC's own settings have its credentials."""
    return not is_dagshub(settings, env) or any(settings.get(key) for key in SIGN_IN_SETTINGS)


def _refuse_clear_text(name: str, settings: Mapping[str, Any]) -> None:
    endpoint = urlsplit(str(settings["endpointurl"]))
    if endpoint.scheme != "https" and endpoint.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ConfigError(
            f"remote {name!r}: {DAGSHUB_TOKEN} would be sent unencrypted to {endpoint.hostname}.",
            untouched="Nothing was sent.",
            remedy=f"`dvc remote modify {name} endpointurl "
            f"https://{endpoint.hostname}{endpoint.path}`",
        )
