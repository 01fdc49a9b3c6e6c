"""What fields mean that have no docstring of their own."""

from __future__ import annotations

from generators.meanings.by_name import BY_NAME
from generators.meanings.by_place import BY_PLACE


def meaning(place: str, name: str) -> str:
    """What a field of the class ``place`` means; empty: nobody says it."""
    return BY_PLACE.get(f"{place}.{name}") or BY_NAME.get(name, "")
