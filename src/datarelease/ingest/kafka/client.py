"""Clients of librdkafka, sign-in to Amazon MSK, and the client's errors as errors of this package.

Source of properties and error codes: librdkafka's "Configuration properties" and "rdkafka.h". For
MSK, Amazon's own package signs a token with the AWS identity that is available: role, profile or
keys (Amazon MSK Developer Guide, "Configure clients to use IAM access control"). librdkafka sends
it as OAUTHBEARER and asks again before it expires.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException

from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.ingest.kafka.config import KafkaConfig, unknown_property
from datarelease.model.project import installation

_READING: Mapping[str, str | int | bool] = {
    "auto.offset.reset": "error",
    "check.crcs": True,
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "fetch.queue.backoff.ms": 5,
    "isolation.level": "read_committed",
}
"""Required for exactly-once; and after a full queue the next fetch is not delayed by a second."""
PEEKING: Mapping[str, str | int | bool] = {
    "max.partition.fetch.bytes": 1 << 16,
    "queued.min.messages": 1,
}
"""For one record of each of many partitions."""
_LARGEST_ANSWER = 2_147_483_647
"""Bytes, the most that the client allows. A broker may answer with more than it was asked for."""
_REFUSALS = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - the client's own spelling of a public code
    KafkaError._SSL,  # noqa: SLF001 - as above
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.UNSUPPORTED_SASL_MECHANISM,
    KafkaError.ILLEGAL_SASL_STATE,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
_SILENT = logging.getLogger("datarelease.kafka")
_SILENT.addHandler(logging.NullHandler())
_PROPERTY = re.compile(r'property:? "([^"]+)"')


Client = TypeVar("Client")


class Errors:
    """Errors of a client's background threads; the newest refusal counts."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.refusal: KafkaError | None = None
        self.fatal: KafkaError | None = None

    def __call__(self, error: KafkaError) -> None:
        """Called by librdkafka."""
        if error.code() in _REFUSALS:
            self.refusal = error
        if error.fatal():
            self.fatal = error

    @property
    def worst(self) -> KafkaError | None:
        """An error that waiting does not resolve, or None."""
        return self.fatal or self.refusal


def consumer(
    config: KafkaConfig,
    group: str,
    errors: Errors,
    more: Mapping[str, str | int | bool] = MappingProxyType({}),
) -> Consumer:
    """A consumer that joins no group unless told so."""
    return client_of(Consumer, config, {**_READING, **more, "group.id": group}, errors)


def client_of(
    make: Callable[[dict[str, Any]], Client],
    config: KafkaConfig,
    ours: Mapping[str, str | int | bool],
    errors: Errors,
) -> Client:
    """A client with the properties of ``config``, and ``ours`` above them."""
    basis: dict[str, object] = {
        "client.id": "datarelease",
        "receive.message.max.bytes": _LARGEST_ANSWER,
    }
    if not config.properties.keys() & {"debug", "log_level"}:
        # Errors are raised as exceptions; librdkafka would also write them to standard error.
        basis |= {"log_level": 0, "logger": _SILENT}
    given: dict[str, object] = {"bootstrap.servers": config.bootstrap, **config.properties}
    if given.get("sasl.mechanism") == MECHANISM:
        given |= {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER"}
        given["oauth_cb"] = token_source(config.region)
    try:
        return make({**basis, **given, **ours, "error_cb": errors})
    except KafkaException as error:
        found = _PROPERTY.search(str(error.args[0].str()))
        if found is None:
            raise kafka_error(error.args[0], "a client could be set up", config) from error
        raise unknown_property(found.group(1)) from None  # the cause quotes the value


def kafka_error(error: KafkaError, purpose: str, config: KafkaConfig) -> DatareleaseError:
    """The error of ours for one of the client: ``purpose`` (a clause) is what was not reached."""
    untouched = "Batches that were finished before are kept; no file is incomplete."
    if error.code() in _REFUSALS:
        return WorldError(
            f"The broker at {config.bootstrap} refused the connection before {purpose} "
            f"({error.name()}).",
            untouched=untouched,
            remedy="Check DATARELEASE_KAFKA_SECURITY_PROTOCOL, the DATARELEASE_KAFKA_SASL_… and "
            "DATARELEASE_KAFKA_SSL_… variables, and the rights of that user on the broker.",
        )
    return WorldError(
        f"The broker at {config.bootstrap} did not answer, or answered incorrectly, before "
        f"{purpose} ({error.name()}).",
        untouched=untouched,
        remedy="Check that it runs and can be reached from here, then run the command again.",
    )


MECHANISM = "AWS_MSK_IAM"
"""What the clients of other languages call it. It is OAUTHBEARER on the wire."""


def token_source(region: str | None) -> Callable[[str], tuple[str, float]]:
    """What librdkafka calls for a token: it gives the token and when it expires (Unix seconds).

    Raises:
        ConfigError: No region is named, or Amazon's package is not installed.
    """
    if not region:
        raise ConfigError(
            f"Sign-in by {MECHANISM} needs the region of the cluster.",
            remedy="Set AWS_REGION.",
        )
    try:
        from aws_msk_iam_sasl_signer import MSKAuthTokenProvider  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise ConfigError(
            f"Sign-in by {MECHANISM} needs Amazon's signer, which is not installed.",
            remedy=installation("msk"),
        ) from error

    def token(_: str) -> tuple[str, float]:
        signed, milliseconds = MSKAuthTokenProvider.generate_auth_token(region)
        return signed, milliseconds / 1000

    return token
