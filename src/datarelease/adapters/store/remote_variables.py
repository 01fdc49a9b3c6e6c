"""Credentials of remotes that are not on S3, from variables of their own.

``DATARELEASE_NAME_…`` sets one setting of DVC for the remote ``name`` and takes the place of what
DVC's files say about who asks. What is not set here is left to DVC, to Google's and Azure's own
variables and files, and to the keys and the agent of SSH. Source: DVC's ``dvc.config_schema``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from datarelease.errors import ConfigError

_SIGN_IN = {"USER": "user", "PASSWORD": "password"}
_SETTINGS: Mapping[str, Mapping[str, str]] = {
    # A text takes the place of its file (`connection.google_settings`).
    "gs": {"CREDENTIALS_FILE": "credentialpath", "CREDENTIALS_JSON": "credentialpath"},
    "azure": {
        "CONNECTION_STRING": "connection_string",
        "ACCOUNT_KEY": "account_key",
        "SAS_TOKEN": "sas_token",
    },
    "ssh": {**_SIGN_IN, "KEY_FILE": "keyfile", "PASSPHRASE": "passphrase"},
    "webdav": {**_SIGN_IN, "TOKEN": "token"},
    "http": _SIGN_IN,
}
"""By scheme: the end of a variable's name, and DVC's setting."""
_TEXTS = ("PRIVATE_KEY", "KNOWN_HOSTS")
"""Of remotes by SSH; DVC has no settings for them."""
_ANONYMOUS = "allow_anonymous_login"
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "azure": ("client_id", "client_secret", "tenant_id"),
    "ssh": ("ask_password", "ask_passphrase", "gss_auth"),
    "webdav": ("ask_password", "bearer_token_command", "custom_auth_header"),
    "http": ("ask_password", "auth", "custom_auth_header"),
}
"""DVC's settings that say who asks and have no variable."""
_OPEN = {"webdav", "http"}
"""Schemes that encrypt nothing; and what they send as a secret, whoever receives it can use."""
_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}
_HOST = "HOST"
"""The end of the name of the variable that says which host a password is for."""
_SAME = {"webdavs": "webdav", "https": "http"}
_PLAIN: Mapping[str, str] = {
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "azure": "AZURE_STORAGE_CONNECTION_STRING (or AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, "
    "AZURE_CLIENT_ID)",
    "ssh": "the keys in ~/.ssh or SSH_AUTH_SOCK",
}
"""Where credentials come from else."""


def variable_prefix(name: str) -> str:
    """What the variables of the remote ``name`` begin with.

    >>> variable_prefix("my-remote")
    'DATARELEASE_MY_REMOTE'
    """
    return "DATARELEASE_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def own_settings(name: str, settings: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    """DVC's settings of a remote, with the credentials that ``env`` has for it in place of its own.

    Variables that are empty count as not set; blanks around a value do not belong to it.

    Raises:
        ConfigError: A secret would be sent unencrypted, or to a host that it is not for.
    """
    kind = _kind(settings)
    known = _SETTINGS.get(kind, {})
    prefix = variable_prefix(name)
    found = {
        setting: value
        for end, setting in known.items()
        if (value := env.get(f"{prefix}_{end}", "").strip())
    }
    if not found:
        return dict(settings)
    _refuse_clear_text(name, settings)
    if kind in _OPEN:
        _refuse_other_host(name, settings, env)
    replaced = {*known.values(), *_OTHERS.get(kind, ()), _ANONYMOUS} - {"user"}
    kept = {key: value for key, value in settings.items() if key not in replaced}
    return kept | found | ({"auth": "basic"} if kind == "http" else {})


def ssh_texts(
    name: str, settings: Mapping[str, Any], env: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """The private key and the known hosts of a remote by SSH, as texts; None: not set.

    They are for workflows, which have secrets and variables, and files only if a step makes some.
    """
    if _kind(settings) != "ssh":
        return None, None
    prefix = variable_prefix(name)
    key, hosts = (env.get(f"{prefix}_{end}", "").strip() for end in _TEXTS)
    return key + "\n" if key else None, hosts + "\n" if hosts else None


def own_advice(name: str, settings: Mapping[str, Any]) -> str:
    """Where the remote's credentials come from, as what to check when they are refused."""
    kind = _kind(settings)
    ends = [*_SETTINGS.get(kind, ()), *(_TEXTS[:1] if kind == "ssh" else ())]
    own = [f"{variable_prefix(name)}_{end}" for end in ends]
    return " or ".join(filter(None, (_PLAIN.get(kind), ", ".join(own)))) or "its credentials"


def _kind(settings: Mapping[str, Any]) -> str:
    scheme = urlsplit(str(settings.get("url", ""))).scheme.lower()
    return _SAME.get(scheme, scheme)


def _refuse_clear_text(name: str, settings: Mapping[str, Any]) -> None:
    address = urlsplit(str(settings["url"]))
    if address.scheme.lower() not in _OPEN or address.hostname in _THIS_MACHINE:
        return
    raise ConfigError(
        f"remote {name!r}: its password would be sent unencrypted to {address.hostname}.",
        untouched="Nothing was sent.",
        remedy=f"`dvc remote modify {name} url {address.scheme}s://{address.hostname}"
        f"{address.path}`",
    )


def _refuse_other_host(name: str, settings: Mapping[str, Any], env: Mapping[str, str]) -> None:
    """A pull request can change the address of a remote; it must not decide who gets its password.

    Others need no such variable: keys of object stores sign requests and are not sent, and a host
    of SSH has to show a key that is known.
    """
    address = urlsplit(str(settings["url"]))
    variable = f"{variable_prefix(name)}_{_HOST}"
    wanted = env.get(variable, "").strip().lower()
    if address.hostname in _THIS_MACHINE or (wanted and wanted == address.hostname):
        return
    what = (
        f"its credentials are for the host {wanted} ({variable}), and its address names "
        f"{address.hostname}"
        if wanted
        else f"its credentials are in the environment, and {variable} does not say for which host"
    )
    raise ConfigError(
        f"remote {name!r}: {what}.",
        untouched="Nothing was sent.",
        remedy=f"If the address in .dvc/config is right, set {variable}={address.hostname}.",
    )
