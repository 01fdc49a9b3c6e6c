"""JSON Schemas of the documents that this tool writes, as files of the package.

They are generated from the model (``make generated``), and tested against what is written.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

SCHEMA_NAMES = (
    "bundle",
    "files-profile",
    "health",
    "index",
    "manifest",
    "outcome",
    "profile",
    "pull-request",
    "release-plan",
    "report",
    "stream-counts",
    "stream-plan",
    "validation",
)
"""What there is a schema of; the file is ``NAME.schema.json``."""


def schema_text(name: str) -> str:
    """The JSON Schema (draft 2020-12) of a document, as text.

    Raises:
        KeyError: There is no such document.
    """
    if name not in SCHEMA_NAMES:
        raise KeyError(name)
    return (files(__name__) / f"{name}.schema.json").read_text(encoding="utf-8")


def schema(name: str) -> dict[str, Any]:
    """The same as a value."""
    found: dict[str, Any] = json.loads(schema_text(name))
    return found
