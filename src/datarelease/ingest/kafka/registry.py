"""The texts of Avro schemas, from a schema registry.

Source: "Schema Registry API Reference" of Confluent's documentation, GET /schemas/ids/{id}; the
format ``resolved`` brings a schema with its references put in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError
from fastavro.schema import SchemaParseException, UnknownType, parse_schema
from httpx2 import HTTPError

from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.kafka.config import REGISTRY_URL, REGISTRY_USER, RegistryConfig

_RETRIES = {"max.retries": 3, "retries.wait.ms": 200, "retries.max.wait.ms": 1_000}
_UNTOUCHED = "Nothing was written for this batch."


def texts_of(config: RegistryConfig, ids: Iterable[int]) -> dict[int, str]:
    """The texts of schemas by their ids; ids that the registry does not have are left out.

    Raises:
        ConfigError: The address is none; or a schema that is not Avro, or whose references the
            registry leaves open.
        WorldError: The registry does not answer, or refuses the request.
    """
    login = {"basic.auth.user.info": config.user_info} if config.user_info else {}
    try:
        client = SchemaRegistryClient({"url": config.url, **_RETRIES, **login})
    except ValueError as error:
        raise ConfigError(
            f"{REGISTRY_URL} is not the address of a schema registry, or {REGISTRY_USER} is "
            "not USER:PASSWORD.",
            untouched="Nothing was changed.",
            remedy="An address begins with http:// or https://.",
        ) from error
    found = {number: _text(client, config.url, number) for number in sorted(ids)}
    return {number: text for number, text in found.items() if text is not None}


def _text(client: SchemaRegistryClient, url: str, number: int) -> str | None:
    try:
        schema = client.get_schema(number, fmt="resolved")
    except SchemaRegistryError as error:
        if error.http_status_code == HTTPStatus.NOT_FOUND:
            return None
        denied = error.http_status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        raise WorldError(
            f"The schema registry at {url} answered with the HTTP status {error.http_status_code}.",
            untouched=_UNTOUCHED,
            remedy=f"Check {REGISTRY_USER}." if denied else "Run the command again.",
        ) from error
    except (HTTPError, OSError) as error:
        raise WorldError(
            f"The schema registry at {url} does not answer ({type(error).__name__}).",
            untouched=_UNTOUCHED,
            remedy="Check that it runs and can be reached from here, then run the same command "
            "again.",
        ) from error
    if schema.schema_type not in {None, "AVRO"} or not schema.schema_str:
        raise ConfigError(
            f"Schema {number} of the registry at {url} is not Avro.",
            untouched=_UNTOUCHED,
            remedy="Streams hold JSON (`format: json`) or Avro (`format: avro`).",
        )
    try:
        parse_schema(json.loads(schema.schema_str))
    except (SchemaParseException, UnknownType, ValueError) as error:
        raise ConfigError(
            f"Schema {number} of the registry at {url} cannot be read by itself "
            f"({type(error).__name__}): it is not valid Avro, or it refers to other schemas.",
            untouched=_UNTOUCHED,
            remedy="Register it with its references resolved; events that name this one cannot be "
            "read.",
        ) from error
    return schema.schema_str
