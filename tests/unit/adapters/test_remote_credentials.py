"""Which credentials each remote gets from the environment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.adapters.store.credentials import (
    Credentials,
    advice,
    authorised,
    credentials,
    is_dagshub,
    program_environment,
)
from datarelease.errors import ConfigError

DAGSHUB = {"url": "s3://dvc", "endpointurl": "https://dagshub.com/me/data.s3", "verify": True}
AWS = {"url": "s3://bucket/prefix", "region": "eu-central-1"}
KEYS = {"AWS_ACCESS_KEY_ID": "plain", "AWS_SECRET_ACCESS_KEY": "plain-secret"}
TOKEN = {"DAGSHUB_TOKEN": "t0ken"}
OWN = {
    "DATARELEASE_MY_REMOTE_ACCESS_KEY_ID": "mine",
    "DATARELEASE_MY_REMOTE_SECRET_ACCESS_KEY": "s",
}


def pair(found: Credentials | None) -> tuple[str, str, str | None] | None:
    """The parts of credentials."""
    return None if found is None else (found.access_key, found.secret_key, found.session_token)


def test_dagshub_takes_its_token_as_key_and_secret() -> None:
    """The token is both halves of the pair."""
    assert pair(credentials("origin", DAGSHUB, TOKEN | KEYS)) == ("t0ken", "t0ken", None)


def test_another_remote_never_gets_dagshubs_token() -> None:
    """An S3 remote elsewhere is left to DVC and Amazon's chain, whatever else is set."""
    for settings in (AWS, {**AWS, "endpointurl": "https://s3.example.org"}):
        assert credentials("origin", settings, TOKEN | KEYS) is None
        assert authorised("origin", settings, TOKEN | KEYS) == settings


def test_plain_variables_never_go_to_dagshub() -> None:
    """Without a token DagsHub is asked anonymously, not with Amazon's keys."""
    assert credentials("origin", DAGSHUB, KEYS) is None
    assert authorised("origin", DAGSHUB, KEYS) == {**DAGSHUB, "allow_anonymous_login": True}
    env = program_environment("origin", DAGSHUB, KEYS | {"AWS_PROFILE": "p", "HOME": "/h"})
    assert env == {"HOME": "/h"}


@pytest.mark.parametrize(
    "own", [{"profile": "hub"}, {"access_key_id": "a", "secret_access_key": "b"}]
)
def test_dvcs_own_settings_stand_where_the_environment_has_none(own: dict[str, str]) -> None:
    """A person's profile or keys in .dvc/config.local work for DagsHub as before."""
    settings = {**DAGSHUB, **own}
    assert authorised("origin", settings, KEYS) == settings
    assert program_environment("origin", settings, KEYS) == KEYS


def test_the_environment_takes_the_place_of_dvcs_own_settings() -> None:
    """A profile of somebody's machine does not keep a workflow's token from being used."""
    found = authorised("origin", {**DAGSHUB, "profile": "hub", "session_token": "old"}, TOKEN)
    assert found == {**DAGSHUB, "access_key_id": "t0ken", "secret_access_key": "t0ken"}


def test_any_remote_may_have_variables_of_its_own() -> None:
    """The name in capitals, other characters as underscores; they come before the token."""
    env = OWN | {"DATARELEASE_MY_REMOTE_SESSION_TOKEN": "session"} | TOKEN | KEYS
    for settings in (AWS, DAGSHUB):
        assert pair(credentials("my-remote", settings, env)) == ("mine", "s", "session")
    assert authorised("my.remote", AWS, env)["session_token"] == "session"
    assert credentials("other", AWS, env) is None


def test_a_program_gets_the_variables_of_its_remote_only() -> None:
    """DVC's program knows the plain variables: those of another remote make room, profile too."""
    env = OWN | KEYS | {"AWS_SESSION_TOKEN": "old", "AWS_PROFILE": "p", "AWS_REGION": "eu-west-1"}
    found = program_environment("my-remote", AWS, env)
    assert found["AWS_ACCESS_KEY_ID"] == "mine"
    assert found["AWS_SECRET_ACCESS_KEY"] == "s"
    assert found["AWS_REGION"] == "eu-west-1"
    assert not {"AWS_SESSION_TOKEN", "AWS_PROFILE"} & set(found)
    assert program_environment("other", AWS, KEYS) == KEYS


@pytest.mark.parametrize(
    ("half", "missing"),
    [("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"), ("SECRET_ACCESS_KEY", "ACCESS_KEY_ID"),
     ("SESSION_TOKEN", "ACCESS_KEY_ID")],
)  # fmt: skip
def test_half_a_pair_names_the_other_half(half: str, missing: str) -> None:
    """What is missing is said by its name; what is there is not shown."""
    with pytest.raises(ConfigError, match=f"DATARELEASE_ORIGIN_{missing} is not set") as caught:
        credentials("origin", AWS, {f"DATARELEASE_ORIGIN_{half}": "valuable"})
    assert "valuable" not in str(caught.value)


def test_empty_variables_are_not_set() -> None:
    """A workflow hands an empty text where a secret does not exist."""
    empty = {"DAGSHUB_TOKEN": "", **dict.fromkeys(OWN, " \n")}
    assert credentials("my-remote", DAGSHUB, empty) is None


def test_a_pasted_line_end_is_no_part_of_a_token() -> None:
    """Secrets are often pasted with the line end behind them."""
    assert pair(credentials("x", DAGSHUB, {"DAGSHUB_TOKEN": " t0ken\n"})) == ("t0ken",) * 2 + (
        None,
    )


@pytest.mark.parametrize(
    "endpoint",
    ["https://dagshub.com.example.org/me/data.s3", "https://dagshub.com@example.org/me/data.s3",
     "https://example.org/dagshub.com/data.s3", "https://notdagshub.com/me/data.s3", ""],
)  # fmt: skip
def test_the_token_goes_to_dagshubs_host_only(endpoint: str) -> None:
    """Addresses that merely look like DagsHub do not get its token."""
    settings: dict[str, Any] = {"url": "s3://dvc", "endpointurl": endpoint}
    assert not is_dagshub(settings, {})
    assert credentials("origin", settings, TOKEN) is None


def test_an_installation_of_ones_own_is_dagshub_too() -> None:
    """DagsHub's own variable names the host; the public one is then a stranger."""
    env = TOKEN | {"DAGSHUB_CLIENT_HOST": "https://hub.example.org"}
    own = {"url": "s3://dvc", "endpointurl": "https://HUB.example.org/me/data.s3"}
    assert pair(credentials("origin", own, env)) == ("t0ken", "t0ken", None)
    assert credentials("origin", DAGSHUB, env) is None


def test_the_token_does_not_travel_in_the_clear() -> None:
    """The access key stands readable in each request, so plain http is refused."""
    settings = {**DAGSHUB, "endpointurl": "http://dagshub.com/me/data.s3"}
    with pytest.raises(ConfigError, match=r"unencrypted to dagshub\.com") as caught:
        credentials("origin", settings, TOKEN)
    assert "https://dagshub.com/me/data.s3" in caught.value.remedy
    assert "t0ken" not in str(caught.value)


def test_remotes_without_keys_of_that_kind_are_left_alone() -> None:
    """A directory, or another kind of store, has no access keys."""
    for url in ("/srv/data", "../remote", "gs://bucket/x", "https://dagshub.com/me/data.dvc"):
        assert authorised("my-remote", {"url": url}, OWN | TOKEN) == {"url": url}


def test_advice_names_the_variables_that_count() -> None:
    """Whoever is refused learns which variable to look at."""
    assert "DAGSHUB_TOKEN" in advice("x", DAGSHUB, {})
    assert "AWS_ACCESS_KEY_ID" in advice("x", AWS, {})
    assert advice("my-remote", AWS, OWN).startswith("DATARELEASE_MY_REMOTE_ACCESS_KEY_ID")
    assert "mine" not in advice("my-remote", AWS, OWN)


def test_secrets_are_not_shown_by_accident() -> None:
    """The value's own text holds no part of it, so that no log can."""
    shown = repr(Credentials(access_key="AKIA", secret_key="hush", session_token="quiet"))
    assert not any(part in shown for part in ("AKIA", "hush", "quiet"))


@given(st.text(min_size=1), st.dictionaries(st.sampled_from([*KEYS, *TOKEN, "HOME"]), st.text()))
def test_a_programs_environment_never_mixes_two_remotes(name: str, env: dict[str, str]) -> None:
    """Whatever is set, DagsHub's program has either the token in both places or nothing."""
    found = program_environment(name, DAGSHUB, env)
    token = env.get("DAGSHUB_TOKEN", "").strip() or None
    assert found.get("AWS_ACCESS_KEY_ID") == found.get("AWS_SECRET_ACCESS_KEY") == token
    assert found.get("HOME") == env.get("HOME")
