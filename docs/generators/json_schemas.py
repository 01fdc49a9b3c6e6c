"""JSON Schemas of documents and of the results of commands, and their fields as tables."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import get_original_bases, is_typeddict

from datarelease.documents import json_schema
from datarelease.model.data.files import FilesProfile
from datarelease.model.data.profile import Profile
from datarelease.model.data.stream import StreamCounts, StreamPlan
from datarelease.model.data.validation import Validation
from datarelease.model.github import PullRequestFile
from datarelease.model.review.report import Report
from datarelease.model.versions.index import VersionIndex
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Bundle, Health, Outcome
from datarelease.model.versions.release import ReleasePlan
from datarelease.schemas import SCHEMA_NAMES
from generators.markdown import anchor, code, prose, table
from generators.meanings import meaning

Schema = Mapping[str, Any]
DOCUMENTS: dict[str, tuple[type, bool]] = {
    "bundle": (Bundle, False),
    "files-profile": (FilesProfile, False),
    "health": (Health, False),
    "index": (VersionIndex, True),
    "manifest": (Manifest, False),
    "outcome": (Outcome, False),
    "profile": (Profile, False),
    "pull-request": (PullRequestFile, False),
    "release-plan": (ReleasePlan, False),
    "report": (Report, False),
    "stream-counts": (StreamCounts, False),
    "stream-plan": (StreamPlan, False),
    "validation": (Validation, False),
}
"""The documents that have a JSON Schema, and whether their readers ignore what they do not know."""
SCHEMAS = "src/datarelease/schemas"
_PLAIN = {"null": "null", "string": "text", "integer": "integer", "number": "number",
          "boolean": "true or false", "object": "object"}  # fmt: skip
_ANY = "any value"
_NONE = re.compile(r"\bNone\b(?=:| where| switches)")
"""What the code calls null."""


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a document."""
    cls, open_ended = DOCUMENTS[name]
    found = json_schema(cls, open_ended=open_ended)
    titled = {"$schema": found.pop("$schema"), "title": f"datarelease {name}", **found}
    titled["title"] = f"datarelease {name}"
    return titled


def schema_files() -> dict[str, str]:
    """The files of `datarelease.schemas`, by path."""
    return {f"{SCHEMAS}/{name}.schema.json": as_text(schema_of(name)) for name in SCHEMA_NAMES}


def as_text(schema: Schema) -> str:
    """A JSON Schema as the text of its file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def schema_of_result(kind: Any, title: str) -> dict[str, Any]:
    """The JSON Schema of what a command prints, from its type."""
    of: Any = kind | None  # a union hands the configuration down to its members
    found = TypeAdapter(of, config=_CONFIG).json_schema(mode="serialization")
    for one in (kind, *typing.get_args(kind)):
        _describe_inherited(one, found)
    options = [part for part in found.pop("anyOf") if part != {"type": "null"}]
    body = options[0] if len(options) == 1 else {"anyOf": options}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **body, **found,
    }  # fmt: skip


_CONFIG = ConfigDict(extra="forbid", use_attribute_docstrings=True)


def _describe_inherited(kind: Any, found: dict[str, Any]) -> None:
    """Add the docstrings of the keys that a TypedDict inherits, of which Pydantic sees none."""
    part = found.get("$defs", {}).get(getattr(kind, "__name__", ""))
    if part is None or not is_typeddict(kind):
        return
    for base in filter(is_typeddict, get_original_bases(kind)):
        of: Any = base | None
        whole = TypeAdapter(of, config=_CONFIG).json_schema(mode="serialization")
        _describe_inherited(base, whole)
        for name, field in whole["$defs"][base.__name__]["properties"].items():
            if "description" in field:
                part["properties"][name].setdefault("description", field["description"])


def fields(schema: Schema) -> Iterator[str]:
    """The fields of a document: a table, then a section for each kind of object inside it."""
    definitions: Schema = schema.get("$defs", {})
    if "properties" in schema:
        name = str(schema.get("title", "")).removeprefix("datarelease ")
        place = DOCUMENTS[name][0].__name__ if name in DOCUMENTS else name
        yield _table(schema, definitions, place)
    reached = [name for name in _reached(schema, definitions) if _has_section(definitions[name])]
    for name in reached:
        part = definitions[name]
        yield f"### {name}"
        yield prose(part.get("description", ""))
        yield _table(part, definitions, name)


def type_of(part: Schema, definitions: Schema) -> str:
    """The type of a value in words; objects link to their sections."""
    if "$ref" in part:
        return _referred(part["$ref"].rpartition("/")[2], definitions)
    if "anyOf" in part:
        return " or ".join(dict.fromkeys(type_of(one, definitions) for one in part["anyOf"]))
    values = part.get("enum", [part["const"]] if "const" in part else ())
    if values:
        return " or ".join(code(str(value)) for value in values)
    return _structured(part, definitions)


def _structured(part: Schema, definitions: Schema) -> str:
    kind, extra = part.get("type"), part.get("additionalProperties")
    if kind == "array":
        items = part.get("items") or part.get("prefixItems") or {}
        several = items if isinstance(items, list) else [items]
        inner = ", ".join(type_of(one, definitions) for one in several)
        return f"list of {inner}" if inner != _ANY else "list"
    if kind == "object" and isinstance(extra, dict):
        return f"object: name → {type_of(extra, definitions)}"
    return _PLAIN.get(str(kind), _ANY)


def _referred(name: str, definitions: Schema) -> str:
    part = definitions[name]
    if not _has_section(part):
        return type_of(part, definitions)
    return f"[{name}](#{anchor(name)})"


def _has_section(part: Schema) -> bool:
    return "properties" in part


def _table(part: Schema, definitions: Schema, place: str) -> str:
    required = set(part.get("required", ()))
    rows = []
    for name, field in part["properties"].items():
        text = prose(field.get("description", ""))
        if not text and "$ref" in field:
            text = prose(definitions[field["$ref"].rpartition("/")[2]].get("description", ""))
        text = _NONE.sub("null", text) or meaning(place, name)
        if name not in required and "default" in field and field["default"] not in (None, [], {}):
            text = f"{text} Default: {code(json.dumps(field['default']))}.".strip()
        mark = "" if name in required else " (optional)"
        rows.append((f"{code(name)}{mark}", type_of(field, definitions), text))
    return table(("field", "type", "meaning"), rows)


def _reached(schema: Schema, definitions: Schema) -> list[str]:
    """Names of definitions in the order in which a reader meets them."""
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, list):
            for one in part:
                walk(one)
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.append(name)
                walk(definitions[name])
            for key, value in part.items():
                if key != "$defs":
                    walk(value)

    walk(schema)
    return found
