"""Files of metrics, plots and parameters, read as DVC reads them: by their extension.

YAML is version 1.2 here, as it is for DVC (``1e-3`` is a number, ``yes`` a text). The files come
from revisions that nobody has reviewed, and are read where secrets are: they are parsed as data
within bounds, and a Python file is not parsed at all.
"""

from __future__ import annotations

import csv
import io
import json
import math
import posixpath
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from datarelease.adapters.strict_yaml import refuse_expansion, yaml_fault
from datarelease.model.data.profile import Scalar
from datarelease.model.review.pipeline import LONGEST_VALUE

LARGEST = 4 << 20
"""Bytes of a file that is read."""
LARGEST_YAML = 256 << 10
"""Bytes of a YAML file: a parser of version 1.2 in Python takes 4 seconds for a megabyte."""
MOST_VALUES = 20_000
"""In one file."""
_DEPTH = 50
_LARGEST_NUMBER = 10**38
_MEASURED = (int, float, str)


class UnreadableResult(Exception):  # noqa: N818 - like UnreadableTable
    """A file of metrics or parameters cannot be read; the message says why."""


def parse_result(path: str, data: bytes) -> Any:
    """The value in a file of metrics or parameters; ``{}`` where there is nothing in it.

    Raises:
        UnreadableResult: Too large, not UTF-8, or not what its extension says.
    """
    kind = posixpath.splitext(path)[1].lower()
    most = LARGEST if kind in {".json", ".toml"} else LARGEST_YAML
    if len(data) > most:
        raise UnreadableResult(f"it is larger than {most:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableResult("it is not UTF-8") from error
    try:
        return {".json": json.loads, ".toml": tomllib.loads}.get(kind, _yaml)(text) or {}
    except RecursionError as error:
        raise UnreadableResult("it is nested too deeply") from error
    except yaml.YAMLError as error:
        raise UnreadableResult(yaml_fault(error)) from error
    except (YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        # Constructors of dates and of tagged values let the last three out.
        format_name = {".json": "JSON", ".toml": "TOML"}.get(kind, "YAML")
        raise UnreadableResult(f"it is not valid {format_name}") from error


def _yaml(text: str) -> Any:
    most = MOST_VALUES * 5
    if "*" in text:  # without aliases, values are no more than characters
        refuse_expansion(text, most)
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        refuse_expansion(text, most)  # it says where and what, if it finds the fault, too
        raise


def parse_rows(path: str, data: bytes) -> list[Mapping[str, Any]]:
    """The rows of a plot's file by column: CSV or TSV with a header, or a list in JSON or YAML.

    Raises:
        UnreadableResult: As ``parse_result``, or it has no rows.
    """
    kind = posixpath.splitext(path)[1].lower()
    if kind in {".csv", ".tsv"}:
        if len(data) > LARGEST:
            raise UnreadableResult(f"it is larger than {LARGEST:,} bytes")
        try:
            text = io.StringIO(data.decode("utf-8-sig"), newline="")
            read = csv.DictReader(text, delimiter="\t" if kind == ".tsv" else ",")
            return [{k: v for k, v in row.items() if isinstance(k, str)} for row in read]
        except (UnicodeDecodeError, csv.Error) as error:
            raise UnreadableResult("it is not a table in UTF-8") from error
    if kind not in {".json", ".yaml", ".yml"}:
        raise UnreadableResult("it is not a table; `dvc plots diff` may show it")
    rows = _first_rows(parse_result(path, data), 0)
    if rows is None:
        raise UnreadableResult("it holds no list of rows")
    return rows


def _first_rows(value: Any, depth: int) -> list[Mapping[str, Any]] | None:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return value
    below = value.values() if isinstance(value, dict) and depth < _DEPTH else ()
    return next((rows for item in below if (rows := _first_rows(item, depth + 1))), None)


def values_by_name(value: Any, *, empty: bool = False) -> dict[str, Any]:
    """The values in ``value`` by the keys on the way to them, with dots between.

    Lists are values; an empty mapping is one where ``empty`` says so.

    Raises:
        UnreadableResult: More than 20,000 values, or nested more than 50 deep.

    >>> values_by_name({"a": {"b": 1, "c": [2]}, "d": {}})
    {'a.b': 1, 'a.c': [2]}
    """
    found = {}
    for name, leaf in _walk(value, "", 0):
        if not isinstance(leaf, dict) or empty:
            found[name] = leaf
        if len(found) > MOST_VALUES:
            raise UnreadableResult(f"it has more than {MOST_VALUES:,} values")
    return found


def _walk(value: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > _DEPTH:
        raise UnreadableResult("it is nested too deeply")
    if not isinstance(value, dict) or not value:
        yield name, value
        return
    for key, item in value.items():
        yield from _walk(item, f"{name}.{key}" if depth else f"{key}", depth + 1)


def metrics_in(value: Any) -> dict[str, Scalar]:
    """The numbers and texts of a metrics file by their names; DVC knows no others.

    Raises:
        UnreadableResult: As ``values_by_name``.
    """
    return {
        name: _scalar(leaf)
        for name, leaf in values_by_name(value).items()
        if isinstance(leaf, _MEASURED)
    }


def _scalar(value: float | str) -> Scalar:
    """A value as JSON can have it: numbers that are not finite, or too large, become texts."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < _LARGEST_NUMBER else short_text(f"{value:#x}")
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return str(value)


def params_in(value: Any, keys: tuple[str, ...] = ()) -> dict[str, str]:
    """The parameters of a file by their names, as YAML on one line each; all where ``keys`` is ().

    Raises:
        UnreadableResult: As ``values_by_name``.
    """
    chosen: dict[str, Any] = {}
    if not keys:
        chosen = values_by_name(value, empty=True) if value else {}
    for key in keys:
        there, found = _at(value, key)
        if there:
            below = values_by_name(found, empty=True)
            chosen |= {f"{key}.{name}" if name else key: leaf for name, leaf in below.items()}
    return {name: _on_one_line(leaf) for name, leaf in chosen.items()}


def _at(value: Any, key: str) -> tuple[bool, Any]:
    for part in key.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return False, None
        value = value[part]
    return True, value


def _on_one_line(value: Any) -> str:
    try:
        text = yaml.safe_dump(value, default_flow_style=True, width=10**6, allow_unicode=True)
    except (yaml.YAMLError, RecursionError):  # a time of TOML, a list inside of itself
        return str(value)
    return text.removesuffix("...\n").strip()


def short_text(text: str) -> str:
    """``text`` as a report keeps it: of at most 500 characters that UTF-8 can write.

    >>> short_text("x" * 501)[-2:], short_text(chr(0xD800))
    ('x…', '?')
    """
    kept = text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
    return kept.encode("utf-8", "replace").decode("utf-8")
