"""Which credentials remotes that are not on S3 get from the environment."""

from __future__ import annotations

import pytest

from datarelease.adapters.store.credentials import advice, authorised
from datarelease.errors import ConfigError
from datarelease.model.stage_environment import is_never_passed

DAV = {"url": "webdavs://host/x", "verify": True}
OWN = {
    "DATARELEASE_MY_REMOTE_HOST": "host",
    "DATARELEASE_MY_REMOTE_USER": "me",
    "DATARELEASE_MY_REMOTE_PASSWORD": " s3cret\n",
}


def test_what_is_set_for_a_remote_goes_to_it_alone() -> None:
    """Blanks around a value do not count, and another remote gets nothing."""
    assert authorised("my-remote", DAV, OWN) == {**DAV, "user": "me", "password": "s3cret"}
    assert authorised("other", DAV, OWN) == DAV
    assert authorised("my-remote", {"url": "/srv/data"}, OWN) == {"url": "/srv/data"}


def test_the_environment_takes_the_place_of_dvcs_own_settings() -> None:
    """Whatever else says who asks is left out; the user of the settings stays."""
    own = {**DAV, "user": "me", "token": "old", "ask_password": True, "custom_auth_header": "X"}
    found = authorised("r", own, {"DATARELEASE_R_PASSWORD": "p", "DATARELEASE_R_HOST": "HOST"})
    assert found == {**DAV, "user": "me", "password": "p"}


@pytest.mark.parametrize(
    ("url", "end", "setting"),
    [
        ("gs://b/x", "CREDENTIALS_FILE", "credentialpath"),
        ("gs://b/x", "CREDENTIALS_JSON", "credentialpath"),
        ("azure://c/x", "CONNECTION_STRING", "connection_string"),
        ("azure://c/x", "ACCOUNT_KEY", "account_key"),
        ("azure://c/x", "SAS_TOKEN", "sas_token"),
        ("ssh://h/x", "KEY_FILE", "keyfile"),
        ("ssh://h/x", "PASSPHRASE", "passphrase"),
        ("webdavs://h/x", "TOKEN", "token"),
        ("https://h/x", "PASSWORD", "password"),
    ],
)
def test_each_kind_has_variables_of_its_own(url: str, end: str, setting: str) -> None:
    """They are settings of DVC, no stage ever sees one, and messages name them."""
    variable = f"DATARELEASE_R_{end}"
    env = {variable: "value", "DATARELEASE_R_HOST": "h"}
    found = authorised("r", {"url": url, "allow_anonymous_login": True}, env)
    assert found[setting] == "value"
    assert "allow_anonymous_login" not in found
    assert is_never_passed(variable)
    assert variable in advice("r", {"url": url}, {})


def test_http_signs_in_by_basic_authentication() -> None:
    """DVC takes user and password only where a method is named."""
    assert authorised("my-remote", {"url": "https://host/x"}, OWN)["auth"] == "basic"


@pytest.mark.parametrize("scheme", ["webdav", "http"])
def test_a_password_is_not_sent_unencrypted(scheme: str) -> None:
    """But to this machine itself; the message has the address that encrypts."""
    with pytest.raises(ConfigError, match=f"{scheme}s://host/x"):
        authorised("my-remote", {"url": f"{scheme}://host/x"}, OWN)
    here = {"url": f"{scheme}://127.0.0.1:80/x"}
    assert authorised("my-remote", here, OWN)["password"] == "s3cret"


@pytest.mark.parametrize("url", ["webdavs://host.evil/x", "https://evil/host", "https://me@evil/x"])
def test_a_password_goes_to_the_host_that_it_is_for(url: str) -> None:
    """An address in the repository, which anybody may change, does not decide who gets it."""
    with pytest.raises(ConfigError, match="are for the host host"):
        authorised("my-remote", {"url": url}, OWN)
    unnamed = {name: value for name, value in OWN.items() if not name.endswith("HOST")}
    with pytest.raises(ConfigError, match="DATARELEASE_MY_REMOTE_HOST does not say"):
        authorised("my-remote", {"url": url}, unnamed)
    assert "password" not in authorised("my-remote", {"url": url}, {})


def test_variables_of_brokers_stay_what_they_were() -> None:
    """Their names look alike; a pipeline may name them as before."""
    assert not is_never_passed("DATARELEASE_KAFKA_SASL_PASSWORD")
