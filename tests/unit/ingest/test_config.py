"""Settings of Kafka's client and the schema registry, from the environment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.errors import ConfigError, SettingsError
from datarelease.ingest.kafka.config import (
    BOOTSTRAP,
    COMMON,
    REFUSED,
    kafka_config,
    nearest_variable,
    registry_config,
    variable_of,
)
from datarelease.ingest.raw import schema_id

PLACE = {BOOTSTRAP: "broker:9092"}


@pytest.mark.parametrize("name", [name for name in COMMON if name != "bootstrap.servers"])
def test_every_common_property_can_be_set(name: str) -> None:
    """A variable's name leads to the property as librdkafka spells it."""
    found = kafka_config({**PLACE, variable_of(name): "value"})
    spelt = "log_level" if name == "log.level" else name
    assert (found.bootstrap, found.properties) == ("broker:9092", {spelt: "value"})


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_properties_say_why(name: str) -> None:
    """What exactly-once rests on cannot be set, and the reason is told."""
    with pytest.raises(SettingsError) as caught:
        kafka_config({**PLACE, variable_of(name): "value"})
    [problem] = caught.value.problems
    assert problem.where == variable_of(name)
    assert REFUSED[name] in problem.what


def test_empty_variables_and_those_of_others_count_for_nothing() -> None:
    """An unset secret of a workflow is an empty text; other programs' variables are theirs."""
    env = {**PLACE, "DATARELEASE_KAFKA_SASL_PASSWORD": "", "KAFKA_GROUP_ID": "x", "HOME": "/"}
    assert kafka_config(env).properties == {}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("DATARELEASE_KAFKA_SASL_MECHANSIM", "DATARELEASE_KAFKA_SASL_MECHANISM"),
        ("DATARELEASE_KAFKA_SSL_CA_LOCATON", "DATARELEASE_KAFKA_SSL_CA_LOCATION"),
        ("DATARELEASE_KAFKA_QQ", None),
    ],
)
def test_misspelt_variables_have_a_nearest(given: str, meant: str | None) -> None:
    """The name that was probably meant, where there is one."""
    assert nearest_variable(given) == meant


def test_missing_address_names_the_misspelt_one() -> None:
    """Somebody who set a variable that is nearly right is shown it."""
    with pytest.raises(ConfigError, match="DATARELEASE_KAFKA_BOOTSTRAP_SERVER") as caught:
        kafka_config({"DATARELEASE_KAFKA_BOOTSTRAP_SERVER": "broker:9092"})
    assert "Did you mean" in caught.value.what


def test_secrets_are_in_no_repr() -> None:
    """Whatever is logged or shown by mistake, passwords are not in it."""
    kafka = kafka_config({**PLACE, "DATARELEASE_KAFKA_SASL_PASSWORD": "hunter2"})
    registry = registry_config(
        {
            "DATARELEASE_SCHEMA_REGISTRY_URL": "http://registry:8081",
            "DATARELEASE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO": "me:hunter2",
        }
    )
    assert kafka.properties["sasl.password"] == "hunter2"
    assert registry.user_info == "me:hunter2"
    assert "hunter2" not in f"{kafka!r}{registry!r}"


@given(st.integers(0, 2**32 - 1), st.binary())
def test_schema_ids_are_read_from_the_wire_format(number: int, rest: bytes) -> None:
    """A zero byte and four more are an id, whatever comes after them."""
    assert schema_id(b"\0" + number.to_bytes(4) + rest) == number


@given(st.none() | st.binary(max_size=4) | st.binary(min_size=1).filter(lambda one: one[0] != 0))
def test_what_is_not_in_the_wire_format_has_no_id(value: bytes | None) -> None:
    """Tombstones, short values and other first bytes name no schema."""
    assert schema_id(value) is None
