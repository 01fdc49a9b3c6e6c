"""Parts of a text fitted into a number of characters: what matters most is granted space first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

GAP = "\n\n"


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
    items: Sequence[str],
    assemble: Callable[[Sequence[str], int], str],
    *,
    steps: Sequence[int] = (100, 50, 20, 10, 5, 3, 1, 0),
) -> tuple[str, ...]:
    """Variants of a list: all items, then ever fewer.

    ``assemble`` gets the items that are shown and how many are not.
    """
    sizes = [len(items), *(step for step in steps if step < len(items))]
    return tuple(assemble(items[:size], len(items) - size) for size in sizes)
