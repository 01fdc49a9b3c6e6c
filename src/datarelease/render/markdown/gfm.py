"""Building blocks of GitHub Flavored Markdown. Cells and phrases come in escaped or get escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datarelease.render import escape
from datarelease.render.words import Data, Phrase, Prose, Strong


def text(phrase: Phrase, *, name: int = escape.NAME_LENGTH, prose: int = escape.PROSE) -> str:
    """A phrase as inline Markdown; names and prose are cut to so many characters."""
    out: list[str] = []
    for part in phrase:
        match part:
            case Data(text=value):
                out.append(escape.code(value, name))
            case Strong(text=value):
                out.append(strong(value, name))
            case Prose(text=value):
                out.append(escape.prose(value, prose))
            case str():
                out.append(part)
    return "".join(out)


def strong(value: str, limit: int = escape.NAME_LENGTH) -> str:
    """Bold text; blank text is named as such, since nothing can be bold."""
    return f"**{escape.prose(value, limit) or '(blank)'}**"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> str:
    """A table of ready cells; ``right`` names the headers whose columns are aligned right."""
    rule = ["---:" if name and name in right.split("|") else "---" for name in header]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def details(summary: str, body: str) -> str:
    """A folded block; ``summary`` is HTML, ``body`` Markdown."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def bullets(lines: Iterable[str], marker: str = "-") -> str:
    """A list. Two lists after each other need two markers (``-``, ``*``, ``+``) to stay apart."""
    return "\n".join(f"{marker} {line}" for line in lines)


def names(values: Sequence[str], most: int, *, name: int = escape.NAME_LENGTH) -> str:
    """Names after each other, at most ``most`` of them, then how many more there are."""
    shown = ", ".join(escape.code(value, name) for value in values[:most])
    rest = len(values) - most
    return f"{shown} and {rest:,} more" if rest > 0 and shown else shown or f"{len(values):,}"


def stacked(*blocks: str) -> str:
    """The blocks that are there, with blank lines between them."""
    return "\n\n".join(block for block in blocks if block)
