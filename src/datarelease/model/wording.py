"""Names, counts and values as messages spell them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

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


def agreeing(number: int, one: str, more: str) -> str:
    """The form of a verb that agrees with a count.

    >>> agreeing(1, "is", "are"), agreeing(0, "was", "were")
    ('is', 'were')
    """
    return one if number == 1 else more


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was probably meant to be, in whichever case it is written.

    None: it is known itself, or none is near.

    >>> nearest_name("polcy", ["policy", "remotes"]), nearest_name("POLICY", ["policy"])
    ('policy', 'policy')
    """
    names = list(known)
    close = next(
        (c for t in (name, name.lower()) for c in difflib.get_close_matches(t, names)), None
    )
    return None if close == name else close


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to do about an unknown name: the nearest known one, or all of them.

    >>> suggestion("custmers", ["customers", "orders"]), suggestion("x", ["customers", "orders"])
    ("Did you mean 'customers'?", 'Known: customers, orders.')
    """
    names = list(known)
    near = nearest_name(name, names)
    return f"Did you mean {near!r}?" if near else f"Known: {', '.join(names) or 'none'}."
