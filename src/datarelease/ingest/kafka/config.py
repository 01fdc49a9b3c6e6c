"""The broker's address and the client's settings, from the environment.

``DATARELEASE_KAFKA_X_Y`` is the property ``x.y`` of librdkafka ("Configuration properties" of its
documentation). Values may be secrets: they appear in no message and no ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from datarelease.errors import ConfigError, Problem, SettingsError
from datarelease.model.wording import nearest_name

_PREFIX = "DATARELEASE_KAFKA_"
BOOTSTRAP = f"{_PREFIX}BOOTSTRAP_SERVERS"
_REGISTRY = "DATARELEASE_SCHEMA_REGISTRY_"
REGISTRY_URL = f"{_REGISTRY}URL"
REGISTRY_USER = f"{_REGISTRY}BASIC_AUTH_USER_INFO"

_OFFSETS = "offsets are kept in streams/NAME.json only"
_ONCE = "with another value, events would not come exactly once"
REFUSED = {
    "acks": _ONCE,
    "auto.commit.enable": _OFFSETS,
    "auto.offset.reset": "data that the broker no longer has must be an error",
    "check.crcs": "damaged records must be an error",
    "enable.auto.commit": _OFFSETS,
    "enable.auto.offset.store": _OFFSETS,
    "enable.idempotence": _ONCE,
    "enable.partition.eof": (
        "without the end of the log, lost records cannot be distinguished from late ones"
    ),
    "group.id": "the group is called datarelease-NAME",
    "group.instance.id": "datarelease joins no group",
    "isolation.level": "records of transactions that were aborted must not be read",
    "request.required.acks": _ONCE,
    "transactional.id": _ONCE,
}
"""Properties that exactly-once rests on, each with the reason."""
COMMON = (
    "bootstrap.servers", "broker.address.family", "client.id", "client.rack", "debug",
    "enable.ssl.certificate.verification", "fetch.max.bytes", "log.level",
    "max.partition.fetch.bytes", "message.max.bytes", "queued.max.messages.kbytes",
    "receive.message.max.bytes", "sasl.kerberos.keytab", "sasl.kerberos.principal",
    "sasl.kerberos.service.name", "sasl.mechanism", "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret", "sasl.oauthbearer.method", "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url", "sasl.password", "sasl.username", "security.protocol",
    "socket.timeout.ms", "ssl.ca.location", "ssl.ca.pem", "ssl.certificate.location",
    "ssl.certificate.pem", "ssl.endpoint.identification.algorithm", "ssl.key.location",
    "ssl.key.password", "ssl.key.pem",
)  # fmt: skip
"""Common properties, to suggest near matches; librdkafka knows more and decides."""
_SPELT = {"log.level": "log_level", "sasl.mechanisms": "sasl.mechanism"}
"""Names of librdkafka that the rule does not give, or that it has twice."""


@dataclass(frozen=True, kw_only=True)
class KafkaConfig:
    """How to reach the broker."""

    bootstrap: str
    """Host and port of one or more brokers."""
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Of librdkafka, beside the address."""
    region: str | None = None
    """Of Amazon, for sign-in by `AWS_MSK_IAM`."""


@dataclass(frozen=True, kw_only=True)
class RegistryConfig:
    """How to reach the schema registry."""

    url: str
    user_info: str | None = field(default=None, repr=False)
    """``user:password``"""


def variable_of(name: str) -> str:
    """The environment's name of a property.

    >>> variable_of("sasl.mechanism")
    'DATARELEASE_KAFKA_SASL_MECHANISM'
    """
    return _PREFIX + name.replace(".", "_").upper()


def kafka_config(env: Mapping[str, str]) -> KafkaConfig:
    """The settings in ``env``.

    Raises:
        SettingsError: Properties that are not the user's to set; all at once.
        ConfigError: There is no address.
    """
    found = {
        _property(name.removeprefix(_PREFIX)): value
        for name, value in env.items()
        if name.startswith(_PREFIX) and value
    }
    problems = [
        Problem(where=variable_of(name), what=f"cannot be set: {REFUSED[name]}")
        for name in sorted(REFUSED.keys() & found.keys())
    ]
    if problems:
        raise SettingsError(problems)
    bootstrap = found.pop("bootstrap.servers", "")
    if not bootstrap:
        raise _no_address(found)
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or None
    return KafkaConfig(bootstrap=bootstrap, properties=found, region=region)


def registry_config(env: Mapping[str, str]) -> RegistryConfig:
    """The schema registry in ``env``.

    Raises:
        ConfigError: There is no address.
    """
    url = env.get(REGISTRY_URL)
    if not url:
        raise ConfigError(
            f"{REGISTRY_URL} is not set: events in Avro need the registry of their schemas.",
            remedy=f"Set it to the registry's address; with a password, {REGISTRY_USER} to "
            "USER:PASSWORD.",
        )
    return RegistryConfig(url=url, user_info=env.get(REGISTRY_USER) or None)


def unknown_property(name: str) -> ConfigError:
    """The error for a property that librdkafka does not know or whose value it refuses."""
    known = {variable_of(one) for one in COMMON}
    near = None if variable_of(name) in known else nearest_variable(variable_of(name))
    hint = f"Did you mean {near}? " if near else ""
    return ConfigError(
        f"{variable_of(name)}: librdkafka does not take the property {name!r} with this value.",
        remedy=f'{hint}Its properties are listed in "Configuration properties" of its '
        "documentation.",
    )


def nearest_variable(name: str) -> str | None:
    """The common variable that was probably meant, or None."""
    known = {one.removeprefix(_PREFIX).lower(): one for one in map(variable_of, COMMON)}
    near = nearest_name(name.removeprefix(_PREFIX).lower(), known)
    return known[near] if near else None


def _property(rest: str) -> str:
    name = rest.lower().replace("_", ".")
    return _SPELT.get(name, name)


def _no_address(found: Mapping[str, str]) -> ConfigError:
    near = [name for name in found if nearest_name(name, ["bootstrap.servers"])]
    hint = f" Did you mean {variable_of(near[0])}?" if near else ""
    return ConfigError(
        f"{BOOTSTRAP} is not set, so there is no broker to ask.{hint}",
        remedy=f"Set {BOOTSTRAP} to HOST:PORT of a broker. A build in CI needs none: push the "
        "records first (`dvc push`) and let it pull them. A stage gets the variable only if its "
        "command is `datarelease ingest drain NAME`.",
    )
