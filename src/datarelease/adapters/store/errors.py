"""The errors of a remote's client library: which are temporary, and what to do.

Sources: Amazon S3 API Reference, "Error responses"; ``s3fs.errors``, which turns most codes into
Python's own exceptions and keeps the original as their cause; the exceptions of gcsfs, adlfs,
asyncssh and webdav4, which keep the status of an answer.
"""

from __future__ import annotations

import errno
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from datarelease.errors import DatareleaseError, WorldError, disk_fault
from datarelease.model.git_address import without_credentials
from datarelease.progress import TIMEOUT

_NO_CREDENTIALS = {
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "ProfileNotFound",
    "NoAuthTokenError", "TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError",
    "DefaultCredentialsError", "RefreshError", "AzureAuthError", "CredentialUnavailableError",
}  # fmt: skip
"""Named, not imported: the clients are optional parts."""
_UNREACHABLE = {
    "EndpointConnectionError", "ConnectionClosedError", "ProxyConnectionError", "SSLError",
    "ConnectionRefusedError", "gaierror", "ClientConnectorError", "ClientConnectorDNSError",
    "ConnectError", "ServiceRequestError", "ConnectionLost",
}  # fmt: skip
_TIMED_OUT = {
    "ConnectTimeoutError", "ReadTimeoutError", "AioReadTimeoutError", "ConnectTimeout",
    "ReadTimeout", "WriteTimeout", "PoolTimeout", "ServiceResponseTimeoutError",
    "ServiceRequestTimeoutError",
}  # fmt: skip
_UNKNOWN_HOST = "HostKeyNotVerifiable"
_FORBIDDEN = {401, 403}
_NO_METHOD = {405, 501}
_LATER = {408, 425, 429}
"""Statuses of refusals that may be none the next time."""
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"}
_SKEWED = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "301"}
_REDIRECTED = {"TemporaryRedirect", "Redirect", "302", "307", "308"}
_BARE = {"400", "403"}
"""The status alone, of an answer without a body: it may stand for any of these."""
_SKEW = 300.0
"""Seconds that a clock may be off before requests are refused; Amazon allows 15 minutes."""
_REFUSED = (PermissionError, FileNotFoundError, FileExistsError, IsADirectoryError, WorldError)
_SETTLED = {
    errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.ENAMETOOLONG, errno.EMSGSIZE,
    getattr(errno, "EREMCHG", errno.EINVAL),
}  # fmt: skip
"""How ``s3fs`` renders answers that will be the same next time."""
_DAMAGED = {"BadDigest", "IncompleteBody", "RequestTimeout"}
"""Refusals caused by the connection, not by the request."""


class SilentError(WorldError):
    """A remote took a request and did not answer."""


def s3_code(error: BaseException) -> str | None:
    """The S3 error code behind an exception, such as ``NoSuchBucket``, or None."""
    code = _response(error).get("Error", {}).get("Code")
    return str(code) if code else None


def _response(error: BaseException) -> Mapping[str, Any]:
    """What botocore read of the answer behind an exception; empty: there was none."""
    for candidate in (error, error.__cause__):
        response = getattr(candidate, "response", None)
        if isinstance(response, dict):
            return response
    return {}


def may_pass(error: BaseException) -> bool:
    """A retry may help: the network or the server failed, not the request."""
    if not isinstance(error, Exception) or isinstance(error, _REFUSED):
        return False
    if type(error).__name__ in _NO_CREDENTIALS | {_UNKNOWN_HOST}:
        return False
    if _goes_round(error) or disk_fault(error) or _is_settled(_status(error)):
        return False
    return getattr(error, "errno", None) not in _SETTLED or s3_code(error) in _DAMAGED


def _status(error: BaseException) -> int | None:
    """The status of the HTTP answer behind an exception; None: there was none."""
    for candidate in (error, error.__cause__):
        for name in ("status_code", "status", "code"):
            found = getattr(candidate, name, None)
            if isinstance(found, int) and 100 <= found < 600:  # noqa: PLR2004 - what HTTP has
                return found
    return None


def _is_settled(status: int | None) -> bool:
    return status is not None and 400 <= status < 500 and status not in _LATER  # noqa: PLR2004


@contextmanager
def store_errors(name: str, url: str, keys: str, timeout: float = TIMEOUT) -> Iterator[None]:
    """Turns whatever a client library raises for the remote ``name`` into a WorldError.

    ``keys`` says where its credentials come from, ``timeout`` how many seconds it may be silent.

    Errors about missing or existing objects pass unchanged: only the caller knows what they mean.
    """
    try:
        yield
    except (FileNotFoundError, FileExistsError, DatareleaseError):
        raise
    except Exception as error:
        # Whatever a client library raises for a network is, for us, the world.
        where = f"remote {name!r} ({url})"
        disk = disk_fault(error)
        if disk is not None:
            raise disk from error
        if _timed_out(error):
            raise SilentError(
                f"{where} was silent for {timeout:g} seconds.",
                remedy="Check the network and the endpoint (`dvc remote list`), then run the same "
                "command again. `release.timeout` in params.yaml sets the limit, in seconds.",
            ) from error
        told = _told(where, name, error) or _translated(where, name, keys, error)
        raise told from error


@contextmanager
def reasoned(fs: Any, bucket: str) -> Iterator[None]:
    """Raises a refusal of ``fs`` with its reason where the answer had none: HEAD has no body."""
    try:
        yield
    except Exception as error:
        if s3_code(error) not in _BARE or not hasattr(fs, "call_s3"):
            raise
        try:
            fs.call_s3("list_objects_v2", Bucket=bucket, MaxKeys=1)
        except Exception as reason:
            if s3_code(reason) not in {*_BARE, None}:
                raise reason from reason.__cause__  # which holds the answer
        raise


def _timed_out(error: BaseException) -> bool:
    """Whether the server neither answered nor accepted data within the time limit."""
    if _response(error):
        return False
    chain: BaseException | None = error
    while chain is not None:
        if type(chain).__name__ in _TIMED_OUT or isinstance(chain, TimeoutError):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _told(where: str, name: str, error: BaseException) -> WorldError | None:
    """The error for a refusal whose reason the answer gives, in its code or its headers."""
    code, response = s3_code(error), _response(error)
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if code in _EXPIRED:
        return WorldError(
            f"{where}: the credentials have expired.",
            remedy="Get new ones (sign in again, for example with `aws sso login`, or set a "
            "new session token), then run the same command again.",
        )
    skew = _skew(headers.get("date"))
    if code in _SKEWED or (code in _BARE and skew is not None and abs(skew) > _SKEW):
        off = f" by {abs(skew) / 60:.0f} minutes" if skew is not None else ""
        return WorldError(
            f"{where} refused the request because of its time: the clock of this machine differs "
            f"from the server's{off}.",
            remedy="Set the clock, for example with NTP, then run the same command again.",
        )
    region = headers.get("x-amz-bucket-region") or response.get("Error", {}).get("Region")
    if code in _ELSEWHERE or (code in _BARE and region and "region" in brief_error(error)):
        there = f" in {region}" if region else " elsewhere"
        return WorldError(
            f"{where}: the bucket is{there}, and the request went to another region or another "
            f"endpoint: {brief_error(error)}",
            remedy=f"Name the region (`dvc remote modify {name} region {region or 'REGION'}`), or "
            f"correct the endpoint (`dvc remote modify {name} endpointurl URL`).",
        )
    if code in _REDIRECTED or _goes_round(error):
        target = headers.get("location")
        return WorldError(
            f"{where}: the endpoint redirects every request"
            f"{f' to {without_credentials(target)}' if target else ', in a circle'}.",
            remedy="Name the endpoint that answers without a redirect: "
            f"`dvc remote modify {name} endpointurl URL`.",
        )
    return None


def _goes_round(error: BaseException) -> bool:
    """The endpoint redirected until the client gave up."""
    chain = (error, error.__cause__, error.__context__)
    return any("TooManyRedirects" in repr(one) for one in chain)


def _skew(date: object) -> float | None:
    """Seconds that our clock is behind the ``Date`` of an answer; None: it has no such header."""
    with suppress(TypeError, ValueError):
        return (parsedate_to_datetime(str(date)) - datetime.now(UTC)).total_seconds()
    return None


def _translated(where: str, name: str, keys: str, error: Exception) -> WorldError:
    kind = type(error).__name__
    if kind == _UNKNOWN_HOST:
        return WorldError(
            f"{where}: the host shows a key that this machine does not know.",
            untouched="No credentials were sent.",
            remedy="Compare the key with what its operator says, and add it to ~/.ssh/known_hosts "
            "(`ssh HOST` shows it and asks). Then run the same command again.",
        )
    if _is_refusal(error):
        return WorldError(
            f"{where} refused these credentials: {brief_error(error)}",
            remedy=f"Check {keys}, and that they may read, list and write below this address; "
            "then run the same command again.",
        )
    if _status(error) in _NO_METHOD:
        return WorldError(
            f"{where} does not accept this kind of request: {brief_error(error)}",
            remedy=f"If it accepts uploads by PUT or POST: `dvc remote modify {name} method PUT` "
            "(or POST). Otherwise name another remote in `release.remotes`.",
        )
    if kind in _NO_CREDENTIALS:
        return WorldError(
            f"{where}: no credentials were found: {brief_error(error)}",
            remedy=f"Set {keys}, or `dvc remote modify --local {name} profile NAME`."
            if "s3://" in where
            else f"Set {keys}.",
        )
    if kind in _UNREACHABLE:
        return WorldError(
            f"{where} cannot be reached: {brief_error(error)}",
            remedy="Check the network and the endpoint "
            f"(`dvc remote modify {name} endpointurl URL`), then run the same command again."
            if "s3://" in where
            else f"Check the network and the address (`dvc remote modify {name} url URL`), then "
            "run the same command again.",
        )
    return WorldError(
        f"{where} could not be used: {brief_error(error)}",
        remedy="Check the address (`dvc remote list`) and the network, then run the same command "
        "again.",
    )


def _is_refusal(error: Exception) -> bool:
    # gcsfs keeps neither the status of a 403 nor a type of its own for it.
    google = type(error) is OSError and str(error).startswith("Forbidden: ")
    return google or isinstance(error, PermissionError) or _status(error) in _FORBIDDEN


def brief_error(error: BaseException) -> str:
    """What an exception says, on one short line and without credentials."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    line = textwrap.shorten(without_credentials(str(text)), 300, placeholder=" …")
    return line if line.endswith((".", "!", "?")) else f"{line}."
