"""How a version is loaded, as lines to paste."""

from __future__ import annotations

import json
import keyword
import re
import shlex
from dataclasses import dataclass

from datarelease.site.content.figures import DatasetFigures


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """Lines to paste."""

    label: str
    language: str
    text: str


def snippets(tag: str, dataset: DatasetFigures, address: str) -> tuple[Snippet, ...]:
    """One dataset of a version by each way; ``address``: of the repository, empty: this one."""
    get = _shell("datarelease", "get", tag, "--dataset", dataset.name, *_option("--repo", address))
    ways = [Snippet(label="Command line", language="shell", text=get)]
    if dataset.path:
        source = address or "."
        text = _shell("dvc", "get", source, dataset.path, "--rev", tag)
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
