"""What an unknown name was probably meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
