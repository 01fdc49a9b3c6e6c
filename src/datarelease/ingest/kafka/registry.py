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

from datarelease.errors import ConfigError, DatareleaseError, WorldError
from datarelease.ingest.kafka.config import REGISTRY_URL, REGISTRY_USER, RegistryConfig

_RETRIES = {"max.retries": 3, "retries.wait.ms": 200, "retries.max.wait.ms": 1_000}


class Registry:
    """A schema registry, to read from."""

    def __init__(self, config: RegistryConfig) -> None:
        """Get ready; nothing is asked yet.

        Raises:
            ConfigError: The address is none.
        """
        self._url = config.url
        login = {"basic.auth.user.info": config.user_info} if config.user_info else {}
        try:
            self._client = SchemaRegistryClient({"url": config.url, **_RETRIES, **login})
        except ValueError as error:
            raise ConfigError(
                f"{REGISTRY_URL} is not the address of a schema registry, or {REGISTRY_USER} is "
                "not USER:PASSWORD.",
                remedy="An address begins with http:// or https://.",
            ) from error

    def texts(self, ids: Iterable[int]) -> dict[int, str]:
        """The texts of schemas by their ids; ids that the registry does not have are left out.

        Raises:
            ConfigError: A schema that is not Avro, or whose references the registry leaves open.
            WorldError: The registry does not answer, or refuses the request.
        """
        found = {}
        for number in sorted(ids):
            text = self._text(number)
            if text is not None:
                found[number] = text
        return found

    def _text(self, number: int) -> str | None:
        try:
            schema = self._client.get_schema(number, fmt="resolved")
        except SchemaRegistryError as error:
            if error.http_status_code == HTTPStatus.NOT_FOUND:
                return None
            raise self._refused(error) from error
        except (HTTPError, OSError) as error:
            raise WorldError(
                f"The schema registry at {self._url} does not answer ({type(error).__name__}).",
                untouched="Nothing was written for this batch.",
                remedy="Check that it runs and can be reached from here, then run it again.",
            ) from error
        if schema.schema_type not in {None, "AVRO"} or not schema.schema_str:
            raise ConfigError(
                f"Schema {number} of the registry at {self._url} is not Avro.",
                untouched="Nothing was written for this batch.",
                remedy="Streams hold JSON (`format: json`) or Avro (`format: avro`).",
            )
        self._readable(number, schema.schema_str)
        return schema.schema_str

    def _readable(self, number: int, text: str) -> None:
        try:
            parse_schema(json.loads(text))
        except (SchemaParseException, UnknownType, ValueError) as error:
            raise ConfigError(
                f"Schema {number} of the registry at {self._url} cannot be read by itself "
                f"({type(error).__name__}): it is not valid Avro, or it refers to other schemas.",
                untouched="Nothing was written for this batch.",
                remedy=(
                    "Register it with its references resolved; events that name this one "
                    "cannot be read."
                ),
            ) from error

    def _refused(self, error: SchemaRegistryError) -> DatareleaseError:
        denied = error.http_status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        return WorldError(
            f"The schema registry at {self._url} answered with {error.http_status_code}.",
            untouched="Nothing was written for this batch.",
            remedy=f"Check {REGISTRY_USER}." if denied else "Run the command again.",
        )
