"""GitHub's own description of its API: which endpoint a request means, and what is wrong with it.

Unknown properties count as wrong in requests and replies, although GitHub ignores them: a
misspelt one is a request that silently does something else.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT4

# Where it finds this package, jsonschema builds 38 parsers when it is imported: two seconds of each
# worker and of each server that commands are forked from. No test checks a format.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from openapi_schema_validator import OAS30Validator  # noqa: E402 - after the line above

URN = "urn:github"
Schema = dict[str, Any]


@cache
def description() -> dict[str, Any]:
    """The subset, read once."""
    text = gzip.decompress(Path(__file__).with_name("openapi.json.gz").read_bytes())
    return dict(json.loads(text))


@cache
def _registry() -> Registry[Any]:
    readable: dict[str, Any] = _readable(description())
    known: Registry[Any] = Registry().with_resources([(URN, DRAFT4.create_resource(readable))])
    return known


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Paths as patterns, those with the fewest placeholders first."""

    def pattern(path: str) -> re.Pattern[str]:
        # A ref, a tag or a branch may hold slashes; everything else may not.
        held = re.sub(r"\\{(ref|tag|branch)\\}", r"(?P<\1>.+)", re.escape(path))
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", held) + r"\Z")

    paths = sorted(description()["paths"], key=lambda path: (path.count("{"), -len(path)))
    return [(pattern(path), path) for path in paths]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation of the description, and the values in the path that asked for it."""

    method: str
    path: str
    values: Mapping[str, str]

    @property
    def operation(self) -> dict[str, Any]:
        """What the description says of it."""
        return dict(description()["paths"][self.path][self.method.lower()])

    def wrong_query(self, query: Mapping[str, str]) -> list[str]:
        """What is wrong with the query parameters of a request."""
        known = {
            parameter["name"]: parameter["schema"]
            for parameter in map(resolved, self.operation.get("parameters", []))
            if parameter["in"] == "query"
        }
        wrong = [f"unknown query parameter: {name}" for name in query if name not in known]
        for name, value in query.items():
            if name in known:
                wrong += _wrong_value(_typed(value, known[name]), known[name], f"query {name}")
        return wrong

    def wrong_body(self, body: Any) -> list[str]:
        """What is wrong with the JSON body of a request."""
        asked = self.operation.get("requestBody")
        if asked is None:
            return [] if body is None else ["a body where none is described"]
        content = asked["content"]
        if "application/json" not in content:
            return []
        if body is None:
            return ["no body"] if asked.get("required") else []
        return _wrong_value(body, content["application/json"]["schema"], "body")

    def wrong_reply(self, status: int, body: Any) -> list[str]:
        """What is wrong with a reply of ours."""
        replies = self.operation["responses"]
        if str(status) not in replies:
            # Failures that any endpoint may give are not listed at each of them.
            return [] if status >= 400 else [f"status {status} is not described"]
        content = resolved(replies[str(status)]).get("content", {})
        if "application/json" not in content:
            return [] if body is None or status >= 400 else ["a body where none is described"]
        if status >= 400:
            # GitHub sends it with every failure, described or not.
            body = {key: value for key, value in body.items() if key != "status"}
        return _wrong_value(body, content["application/json"]["schema"], f"reply {status}")


def endpoint(method: str, path: str) -> Endpoint | None:
    """The endpoint that ``method path`` means, or None where GitHub describes none such."""
    for pattern, name in _patterns():
        match = pattern.match(path)
        if match and method.lower() in description()["paths"][name]:
            return Endpoint(method=method, path=name, values=match.groupdict())
    return None


def resolved(node: Schema) -> Schema:
    """``node``, or what its ``$ref`` points at."""
    while "$ref" in node:
        target: Any = description()
        for step in node["$ref"].removeprefix(URN).removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _typed(value: str, schema: Schema) -> Any:
    kind = resolved(schema).get("type")
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", value):
        return int(value)
    if kind == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _readable(node: Any) -> Any:
    """``node`` with references from anywhere, and with null where GitHub means null.

    ``nullable`` beside an ``enum`` without null, or without a ``type``, says nothing by the letter
    of OpenAPI 3.0.3; GitHub answers null nevertheless.
    """
    if isinstance(node, list):
        return [_readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {
        key: f"{URN}{value}" if key == "$ref" and str(value).startswith("#") else _readable(value)
        for key, value in node.items()
    }
    if node.get("nullable") is True and ("enum" in node or "type" not in node):
        return {"anyOf": [{"enum": [None]}, made]}
    return made


def _wrong_value(value: Any, schema: Schema, where: str) -> list[str]:
    validator = OAS30Validator(_readable(schema), registry=_registry())
    wrong = [
        f"{where} at {error.json_path}: {error.message[:300]}"
        for error in validator.iter_errors(value)
    ]
    return wrong + [f"{where}: unknown property {path}" for path in _unknown(value, [schema], "$")]


def _alternatives(schema: Schema) -> Iterator[Schema]:
    """``schema`` and every part that it is put together from."""
    schema = resolved(schema)
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, []):
            yield from _alternatives(part)


def _unknown(value: Any, schemas: list[Schema], path: str) -> Iterator[str]:
    """Paths of properties that no schema names, where the schemas name any at all."""
    parts = [part for schema in schemas for part in _alternatives(schema)]
    if isinstance(value, list):
        items = [part["items"] for part in parts if "items" in part]
        for number, item in enumerate(value):
            yield from _unknown(item, items, f"{path}[{number}]")
        return
    if not isinstance(value, dict):
        return
    named = [part["properties"] for part in parts if part.get("properties")]
    free = [part.get("additionalProperties") for part in parts]
    for key, child in value.items():
        known = [properties[key] for properties in named if key in properties]
        if not known and named and not any(free):
            yield f"{path}.{key}"
        yield from _unknown(child, known, f"{path}.{key}")
