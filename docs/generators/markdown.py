"""Markdown: tables, code blocks, and the frame of a generated page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORMATS = "reference/formats"
"""The folder of the pages about documents, below docs/."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a line end or a bar inside a cell does not break it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """A text that a cell of a table can hold."""
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(text.split()))


def code(text: str) -> str:
    """A text as code inside a line."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def block(language: str, text: str) -> str:
    """A fenced block, as plain as CommonMark has it."""
    body = text.rstrip("\n")
    return f"```{language}\n{body}\n```"


def page(title: str, name: str, *parts: str) -> str:
    """A page that is generated as a whole; ``name`` says what of."""
    body = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return f"# {title}\n\n<!-- generated: {name} -->\n{body}\n<!-- end -->\n"


def prose(docstring: str) -> str:
    """A docstring as Markdown: its paragraphs on one line each, its names as code."""
    text = re.sub(r"``([^`]*)``", r"`\1`", docstring.strip())
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text))


def anchor(heading: str) -> str:
    """The fragment of a heading, as GitHub and the site make it."""
    plain = re.sub(r"[^\w\- ]", "", heading.lower())
    return plain.strip().replace(" ", "-")
