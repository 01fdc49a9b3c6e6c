"""A value of the model on one line, for a person at a prompt."""

from __future__ import annotations

_LONGEST = 100
"""Characters of a name or a fact."""


def short_repr(value: object, name: str | None, *facts: str) -> str:
    r"""The class, a name and what matters; empty facts are left out.

    >>> short_repr(3, "data-v1", "pass", "", plural(2, "dataset"))
    '<int data-v1: pass, 2 datasets>'
    >>> short_repr(3, None, "pass"), short_repr(3, "a\nb")
    ('<int: pass>', "<int 'a\\nb'>")
    """
    said = ", ".join(_shown(fact) for fact in facts if fact)
    head = f"{type(value).__name__} {_shown(name or '')}".rstrip()
    return f"<{head}: {said}>" if said else f"<{head}>"


def _shown(text: str) -> str:
    """``text`` without what could break the line or give a terminal an order."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return cut if cut.isprintable() else repr(cut)


def plural(number: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "fault"), plural(1200, "row")
    ('1 fault', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
