"""The credentials that delete: from variables of their own, which no workflow sets.

What may write versions may not delete, so the variables of a remote's writer and those of its
provider are never used for it. ``DATARELEASE_DELETE_NAME_…`` has the same ends as the variables of
the writer (`credentials`, `remote_variables`), and for S3 ``PROFILE`` as well, a profile of the
person's own AWS configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from datarelease.adapters.store.credentials import SIGN_IN_SETTINGS, authorised, withheld
from datarelease.adapters.store.remote_variables import own_advice, variable_prefix
from datarelease.errors import ConfigError

DELETING = "DATARELEASE_DELETE_"
"""What the names of all these variables begin with."""


def deleting_environment(
    name: str, settings: Mapping[str, Any], env: Mapping[str, str]
) -> dict[str, str]:
    """``env`` with the credentials that delete in place of all others for the remote ``name``.

    Raises:
        ConfigError: There are none.
    """
    writer, own = variable_prefix(name), _prefix(name)
    kept = {key: value for key, value in withheld(env).items() if not key.startswith(f"{writer}_")}
    given = {key.removeprefix(own): env[key] for key in env if key.startswith(own) and env[key]}
    scheme = urlsplit(str(settings.get("url", ""))).scheme
    if len(scheme) > 1 and not given:
        raise ConfigError(
            f"remote {name!r}: there are no credentials that may delete.",
            untouched="Nothing was deleted.",
            remedy=f"Set {_advice(name, settings)}, for this command alone "
            "(docs/erasure.md). The credentials that releases write with are not "
            "used for it.",
        )
    return kept | {f"{writer}_{end}": value for end, value in given.items()}


def deleting_settings(
    name: str, settings: Mapping[str, Any], env: Mapping[str, str]
) -> dict[str, Any]:
    """DVC's settings of a remote with the credentials of ``deleting_environment``."""
    profile = env.get(f"{variable_prefix(name)}_PROFILE", "").strip()
    if profile and urlsplit(str(settings.get("url", ""))).scheme == "s3":
        return {key: value for key, value in settings.items() if key not in SIGN_IN_SETTINGS} | {
            "profile": profile
        }
    return authorised(name, settings, env)


def _prefix(name: str) -> str:
    return DELETING + variable_prefix(name).removeprefix("DATARELEASE_") + "_"


def _advice(name: str, settings: Mapping[str, Any]) -> str:
    own = _prefix(name)
    if urlsplit(str(settings.get("url", ""))).scheme == "s3":
        return f"{own}ACCESS_KEY_ID and {own}SECRET_ACCESS_KEY, or {own}PROFILE"
    written = own_advice(name, settings)
    ends = written.rpartition(" or ")[2].replace(variable_prefix(name) + "_", own)
    return ends.replace(", ", " or ")
