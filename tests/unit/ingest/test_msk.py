"""Sign-in to Amazon MSK: the token is signed with the AWS identity available, nothing is asked."""

from __future__ import annotations

import base64
import builtins
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from datarelease.errors import ConfigError
from datarelease.ingest.kafka.client import Errors, consumer, token_source
from datarelease.ingest.kafka.config import kafka_config

ENV = {
    "DATARELEASE_KAFKA_BOOTSTRAP_SERVERS": "b-1.example:9098",
    "DATARELEASE_KAFKA_SASL_MECHANISM": "AWS_MSK_IAM",
    "AWS_REGION": "eu-central-1",
}


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of somebody."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-somebody")


def test_the_token_is_a_signed_request_that_expires() -> None:
    """It names the action, the region and the key's id; the secret is not in it."""
    signed, expires = token_source("eu-central-1")("")
    text = base64.urlsafe_b64decode(signed + "=" * (-len(signed) % 4)).decode()
    address = urlsplit(text)
    query = parse_qs(address.query)
    assert address.hostname == "kafka.eu-central-1.amazonaws.com"
    assert query["Action"] == ["kafka-cluster:Connect"]
    assert query["X-Amz-Credential"][0].startswith("AKIAEXAMPLE/")
    assert "secret-of-somebody" not in text
    assert time.time() < expires < time.time() + 3600


def test_a_client_signs_in_with_it() -> None:
    """The client library takes the mechanism and asks us for the token."""
    config = kafka_config(ENV)
    assert config.region == "eu-central-1"
    client = consumer(config, "datarelease-orders", Errors())
    client.close()


def test_without_a_region_nothing_is_signed() -> None:
    """The error names the variable."""
    config = kafka_config({k: v for k, v in ENV.items() if k != "AWS_REGION"})
    with pytest.raises(ConfigError) as raised:
        consumer(config, "datarelease-orders", Errors())
    assert "AWS_REGION" in str(raised.value.remedy)


def test_without_the_signer_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra of its own."""
    load = builtins.__import__

    def blocked(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("aws_msk"):
            raise ImportError(name)
        return load(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", blocked)
    with pytest.raises(ConfigError) as raised:
        token_source("eu-central-1")
    assert "datarelease[msk]" in str(raised.value.remedy)
