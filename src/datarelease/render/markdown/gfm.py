"""Building blocks of GitHub Flavored Markdown, and parts of a text fitted into a length.

Cells and phrases come in escaped or get escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from datarelease.render import escape
from datarelease.render import numbers as number
from datarelease.render.words import Phrase, write_phrase

GAP = "\n\n"
_Item = TypeVar("_Item")


def text(phrase: Phrase, *, name: int = escape.NAME_LENGTH, prose: int = escape.PROSE) -> str:
    """A phrase as inline Markdown; names and prose are cut to so many characters."""
    parts = write_phrase(
        phrase,
        own=str,
        data=lambda value: escape.code(value, name),
        strong=lambda value: strong(value, name),
        prose=lambda value: escape.prose(value, prose),
    )
    return "".join(parts)


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


def elsewhere(count: int, noun: str, plural: str | None = None) -> str:
    """What is only in the HTML report; empty where that is nothing."""
    return f"{number.counted(count, noun, plural)} in the HTML report" if count else ""


def stacked(*blocks: str) -> str:
    """The blocks that are there, with blank lines between them."""
    return GAP.join(block for block in blocks if block)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a text in several lengths."""

    rank: int
    """0 is granted space first."""
    variants: tuple[str, ...]
    """Richest first. The last is what is left when space runs out; "" where it may vanish."""
    what: str = ""
    """What the closing note calls the part if it had to vanish."""


def fit(parts: Sequence[Part], limit: int) -> tuple[list[str], list[str]]:
    """The text of each part, and what had to vanish, so that all joined by blank lines fit.

    Raises:
        ValueError: The shortest variants together are longer than ``limit``.
    """
    chosen = [part.variants[-1] for part in parts]
    room = limit - sum(len(text) + len(GAP) for text in chosen)
    if room < 0:
        raise ValueError(f"{limit} characters cannot hold the parts: {-room} more are needed")
    for index in sorted(range(len(parts)), key=lambda i: parts[i].rank):
        space = room + len(chosen[index])
        best = next(text for text in parts[index].variants if len(text) <= space)
        room = space - len(best)
        chosen[index] = best
    gone = [part.what for part, text in zip(parts, chosen, strict=True) if part.what and not text]
    return chosen, gone


def shorter_lists(
    items: Sequence[_Item],
    assemble: Callable[[Sequence[_Item], int], str],
    *,
    steps: Sequence[int] = (100, 50, 20, 10, 5, 3, 1, 0),
) -> tuple[str, ...]:
    """Variants of a list: all items, then ever fewer.

    ``assemble`` gets the items that are shown and how many are not.
    """
    sizes = [len(items), *(step for step in steps if step < len(items))]
    return tuple(assemble(items[:size], len(items) - size) for size in sizes)
