"""What the errors of a remote's client library mean: what may pass by itself, and what to do.

Sources: Amazon S3 API Reference, "Error responses"; ``s3fs.errors``, which turns most codes into
Python's own exceptions and keeps the original as their cause.
"""

from __future__ import annotations

import errno
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from datarelease.adapters.credentials import without_credentials
from datarelease.errors import WorldError

_NO_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "ProfileNotFound",
    "NoAuthTokenError",
    "TokenRetrievalError",
    "SSOTokenLoadError",
    "UnauthorizedSSOTokenError",
}
"""Named, not imported: botocore is an optional part."""
_UNREACHABLE = {
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "ReadTimeoutError",
    "ProxyConnectionError",
    "SSLError",
}
_REFUSED = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, WorldError)
_SETTLED = {errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.ENAMETOOLONG, errno.EMSGSIZE}
"""How ``s3fs`` renders answers that will be the same next time."""
_DAMAGED = {"BadDigest", "IncompleteBody", "RequestTimeout"}
"""Refusals that a line caused, not the request."""


def s3_code(error: BaseException) -> str | None:
    """The S3 error code behind an exception, such as ``NoSuchBucket``, or None."""
    for candidate in (error, error.__cause__):
        response = getattr(candidate, "response", None)
        if isinstance(response, dict):
            code = response.get("Error", {}).get("Code")
            return str(code) if code else None
    return None


def may_pass(error: BaseException) -> bool:
    """Trying again may help: the network or the server failed, not the request."""
    if not isinstance(error, Exception) or isinstance(error, _REFUSED):
        return False
    if type(error).__name__ in _NO_CREDENTIALS:
        return False
    return getattr(error, "errno", None) not in _SETTLED or s3_code(error) in _DAMAGED


@contextmanager
def explained(name: str, url: str, keys: str) -> Iterator[None]:
    """Turns whatever a client library raises for the remote ``name`` into a WorldError.

    ``keys`` says where its credentials come from.

    What is found missing or found there stays as it is: only the caller knows what that means.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError, WorldError):
        raise
    except Exception as error:
        # Whatever a client library raises for a network is, for us, the world.
        raise _translated(name, url, keys, error) from error


def _translated(name: str, url: str, keys: str, error: Exception) -> WorldError:
    where = f"remote {name!r} ({url})"
    if isinstance(error, PermissionError):
        return WorldError(
            f"{where} refused these credentials: {brief(error)}",
            remedy=f"Check {keys}, and that they may read, list and write below this address; "
            "then run it again.",
        )
    if type(error).__name__ in _NO_CREDENTIALS:
        return WorldError(
            f"{where}: no credentials were found: {brief(error)}",
            remedy=f"Set {keys}, or `dvc remote modify --local {name} profile NAME`.",
        )
    if type(error).__name__ in _UNREACHABLE:
        return WorldError(
            f"{where} cannot be reached: {brief(error)}",
            remedy="Check the network and the endpoint "
            f"(`dvc remote modify {name} endpointurl URL`), then run it again.",
        )
    return WorldError(
        f"{where} could not be used: {brief(error)}",
        remedy="Check the address (`dvc remote list`) and the network, then run it again.",
    )


def brief(error: BaseException) -> str:
    """What an exception says, on one short line and without credentials."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    line = textwrap.shorten(without_credentials(str(text)), 300, placeholder=" …")
    return line if line.endswith((".", "!", "?")) else f"{line}."
