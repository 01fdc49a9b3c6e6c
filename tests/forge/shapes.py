"""Values in the shape that GitHub's description requires, the rest filled in."""

from __future__ import annotations

from typing import Any

from tests.forge.openapi import Schema, description, resolved

NOWHERE = "https://localhost/unset"
MOMENT = "2026-01-01T00:00:00Z"
FORMATS = {"uri": NOWHERE, "date-time": MOMENT, "email": "nobody@example.com"}


def shaped(component: str, **given: Any) -> dict[str, Any]:
    """A value of the schema ``component``: ``given``, and a filler for each other required one."""
    return fitted(description()["components"]["schemas"][component], given)


def fitted(schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
    """``given`` with the required properties of an object's ``schema`` that it lacks."""
    schema = resolved(schema)
    value: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        value |= fitted(part, {})
    for name in schema.get("required", []):
        if name not in given:
            value[name] = filler(schema.get("properties", {}).get(name, {}))
    return {**value, **given}


def filler(schema: Schema) -> Any:
    """The least value that ``schema`` accepts."""
    schema = resolved(schema)
    if schema.get("nullable"):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("oneOf", "anyOf"):
        if word in schema:
            return filler(schema[word][0])
    kind = schema.get("type", "object" if "properties" in schema or "allOf" in schema else None)
    if kind == "object":
        return fitted(schema, {})
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), "unset")
    return {"integer": 0, "number": 0, "boolean": False, "array": []}.get(kind or "")
