"""How a version is loaded, as lines to paste."""

from __future__ import annotations

import json
import keyword
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from datarelease.model.versions.manifest import ManifestRemote
from datarelease.site.content.figures import DatasetFigures


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """Lines to paste."""

    label: str
    language: str
    text: str


def snippets(
    named: tuple[str, str],
    dataset: DatasetFigures,
    address: str,
    remotes: Sequence[ManifestRemote] = (),
) -> tuple[Snippet, ...]:
    """One dataset of a version by each way.

    ``named`` is what readers call the version (``latest``), and its tag, which DVC has to be told.
    ``address`` is that of the repository, empty: this one; readers without git take the first of
    ``remotes`` that they can ask.
    """
    tag, revision = named
    get = _shell("datarelease", "get", tag, "--dataset", dataset.name, *_option("--repo", address))
    ways = [Snippet(label="Command line", language="shell", text=get)]
    place = next((it.url for it in remotes if it.url.startswith(_ASKED)), "")
    if place:
        text = _from_remote("files" if dataset.of_files else "load", place, tag, dataset)
        ways.insert(0, Snippet(label="Without git", language="python", text=text))
    if dataset.path:
        source = address or "."
        text = _shell("dvc", "get", source, dataset.path, "--rev", revision)
        ways.append(Snippet(label="DVC", language="shell", text=text))
    if dataset.of_files:
        return (
            Snippet(label="Python", language="python", text=_files(tag, dataset, address)),
            *ways,
        )
    return (
        Snippet(label="pandas", language="python", text=_load(tag, dataset, address, "")),
        Snippet(label="Polars", language="python", text=_load(tag, dataset, address, "polars")),
        Snippet(label="DuckDB", language="python", text=_load(tag, dataset, address, "duckdb")),
        *ways,
    )


_ASKED = ("s3://", "gs://", "azure://")
"""Kinds of remotes that readers can ask with credentials of their own (docs/use/readers.md)."""


def _from_remote(function: str, place: str, tag: str, dataset: DatasetFigures) -> str:
    words = ", ".join(map(json.dumps, (place, tag, dataset.name)))
    return f"import datarelease as dr\n\n{variable(dataset.name)} = dr.{function}({words})"


def _option(name: str, value: str) -> tuple[str, ...]:
    return (name, value) if value else ()


def _shell(*words: str) -> str:
    return shlex.join(words)


def _call(function: str, tag: str, dataset: DatasetFigures, address: str, engine: str = "") -> str:
    arguments = [json.dumps(tag), json.dumps(dataset.name)]
    arguments += [f'engine="{engine}"'] if engine else []
    arguments += [f"repo={json.dumps(address)}"] if address else []
    return f"dr.{function}({', '.join(arguments)})"


def _load(tag: str, dataset: DatasetFigures, address: str, engine: str) -> str:
    name = variable(dataset.name)
    call = _call("load", tag, dataset, address, engine)
    return f"import datarelease as dr\n\n{name} = {call}"


def _files(tag: str, dataset: DatasetFigures, address: str) -> str:
    call = _call("files", tag, dataset, address)
    name = variable(dataset.name)
    return (
        f"import datarelease as dr\n\n{name} = {call}\nfor file in {name}:\n    file.read_bytes()"
    )


def variable(name: str) -> str:
    """A name of a dataset as one of Python.

    >>> variable("customers"), variable("eu-orders.2024"), variable("class")
    ('customers', 'eu_orders_2024', 'class_')
    """
    word = re.sub(r"\W", "_", name, flags=re.ASCII)
    word = f"data_{word}" if not word[:1].isidentifier() else word
    return f"{word}_" if keyword.iskeyword(word) else word
