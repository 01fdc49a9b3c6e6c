"""Faults of settings in the words of YAML: where, what was expected, and the nearest known name."""

from __future__ import annotations

import re
import reprlib
import textwrap
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from datarelease.errors import Problem
from datarelease.model.wording import nearest_name

_WANTED = {
    "model_type": "expected a mapping",
    "dict_type": "expected a mapping",
    "list_type": "expected a list",
    "string_type": "expected a string",
    "bool_type": "expected true or false",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
}
"""Pydantic's error types in the words of YAML."""
_QUOTED = re.compile(r"'([^']*)'")


def problems_of(error: ValidationError, model: type[BaseModel], where: str) -> list[Problem]:
    """Each fault that pydantic found in a value for ``model``, which stands at ``where``."""
    problems: dict[str, Problem] = {}
    for item in error.errors(include_url=False):
        # Members of a union are reported with their class names in between; drop those.
        path = [part for part in item["loc"] if part not in {"float", "int"}]
        dotted = ".".join([where, *(str(part) for part in path)]) if path else where
        if item["type"] == "extra_forbidden":
            what = unknown("key", str(path[-1]), _keys(model, path[:-1]))
        elif item["type"] == "missing":
            what = "this setting is missing"
        else:
            wanted = _WANTED.get(item["type"], _lower(item["msg"]))
            what = f"{wanted.removeprefix('value error, ')}, found {_brief(item['input'])}"
            known = _QUOTED.findall(item["ctx"]["expected"]) if _is_of_a_list(item) else ()
            if near := nearest_name(str(item["input"]), known):
                what += f"; did you mean {near!r}?"
        problems.setdefault(dotted, Problem(where=dotted, what=what))
    return list(problems.values())


def _is_of_a_list(item: ErrorDetails) -> bool:
    """The fault is a text that is none of those that the setting may be."""
    return item["type"] == "literal_error" and isinstance(item["input"], str)


def _keys(model: type[BaseModel], path: Sequence[object]) -> list[str]:
    """The keys known at ``path`` below ``model``."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = _inner_model(field) if field else None
        # A name chosen by the user (a dataset) has no field of its own.
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _inner_model(field: FieldInfo) -> type[BaseModel] | None:
    candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """What to say of a ``name`` that is not among the ``known`` ones."""
    known = sorted(known)
    near = nearest_name(name, known)
    hint = f"did you mean {near!r}?" if near else f"known: {', '.join(known)}"
    return f"unknown {what} {name!r}; {hint}"


def _lower(message: str) -> str:
    return (message[:1].lower() + message[1:]).replace("input should be", "expected", 1)


def _brief(value: object) -> str:
    return textwrap.shorten(reprlib.repr(value), 60, placeholder=" …")
