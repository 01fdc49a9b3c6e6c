"""Errors of the clients of remotes: what they mean, whatever class they have."""

from __future__ import annotations

import pytest
from gcsfs.retry import HttpError, validate_response

from datarelease.adapters.store.errors import may_pass, store_errors
from datarelease.errors import ConfigError, WorldError


def answered(status: int) -> Exception:
    """What gcsfs raises for an answer."""
    with pytest.raises((OSError, HttpError)) as caught:
        validate_response(status, b'{"error": {"message": "no"}}', "b/o/x")
    found: Exception = caught.value
    return found


class Dav(Exception):  # noqa: N818 - webdav4 calls it HTTPError
    """An answer to a request by WebDAV."""

    status_code = 401


@pytest.mark.parametrize(
    "error",
    [
        answered(403),
        answered(401),
        PermissionError("no"),
        type("HTTPError", (Exception,), {"status_code": 401})(),
    ],
    ids=["gcsfs 403", "gcsfs 401", "SFTP", "WebDAV"],
)
def test_refused_credentials_are_named(error: Exception) -> None:
    """With the variables to check."""
    with (
        pytest.raises(WorldError, match="refused these credentials") as caught,
        store_errors("r", "gs://b", "GOOGLE_APPLICATION_CREDENTIALS"),
    ):
        raise error
    assert "GOOGLE_APPLICATION_CREDENTIALS" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (404, False), (408, True), (429, True), (503, True)]
)
def test_what_is_tried_again(status: int, again: bool) -> None:  # noqa: FBT001 - a column
    """Faults of the server and of its load pass; those of the request do not."""
    error = Exception("failed")
    error.__cause__ = type("Cause", (Exception,), {"status": status})()
    assert may_pass(error) is again


def test_our_own_errors_stay_as_they_are() -> None:
    """A fault of the settings, found while a remote is opened, is none of the network."""
    with pytest.raises(ConfigError, match="mine"), store_errors("r", "ssh://h/x", "keys"):
        raise ConfigError("mine", remedy="do")
