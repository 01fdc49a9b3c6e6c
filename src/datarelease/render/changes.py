"""Changes of columns, types, key and schema in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datarelease.model.review.diff import SchemaChange
from datarelease.render import numbers as number
from datarelease.render.words import Data, Phrase, Prose


def schema_change(change: SchemaChange) -> Phrase:
    """One schema change as a sentence without its compatibility."""
    column: Phrase = (
        ("column ", Data(change.column)) if change.column is not None else ("the table",)
    )
    before, after = change.before, change.after
    note: Phrase = (" (", Prose(change.note), ")") if change.note else ()
    match change.kind:
        case "added":
            typed: Phrase = (", type ", Data(after)) if after else ()
            return (*column, " added", *typed, *note)
        case "removed":
            typed = (", it was of type ", Data(before)) if before else ()
            return (*column, " removed", *typed, *note)
        case "renamed":
            old, new = before or change.column or "?", after or change.column or "?"
            return ("column ", Data(old), " renamed to ", Data(new), *note)
        case "retyped":
            return (*column, " changed its type: ", *_from_to(before, after, "unknown"), *note)
        case "key":
            return ("row key changed: ", *_from_to(before, after, "none"), *note)
        case "contract":
            return (*_contract(column, before, after), *note)


def _contract(column: Phrase, before: str | None, after: str | None) -> Phrase:
    rule: Phrase = ("schema rule for ", *column)
    if before and after:
        return (*rule, " changed: ", *_from_to(before, after, "none"))
    if before:
        return (*rule, " removed: ", Data(before))
    if after:
        return (*rule, " added: ", Data(after))
    return (*rule, " changed")


def _from_to(before: str | None, after: str | None, none: str) -> Phrase:
    return (Data(before) if before else none, " → ", Data(after) if after else none)


_COLUMNS = {
    "removed": "removed",
    "renamed": "renamed",
    "retyped": "of another type",
    "added": "added",
}


def counts(found: Sequence[SchemaChange]) -> str:
    """How many changes of each kind, in words.

    >>> from datarelease.model.review.diff import Compatibility
    >>> of = {"before": "text", "after": None, "compatibility": Compatibility.BREAKING}
    >>> counts([SchemaChange(kind=kind, column="a", **of) for kind in ("removed", "key", "added")])
    '1 column removed, 1 added, another row key'
    """
    kinds = Counter[str](change.kind for change in found)
    out = [number.listed("column", [(kinds[kind], words) for kind, words in _COLUMNS.items()])]
    if kinds["key"]:
        out.append("another row key")
    if kinds["contract"]:
        out.append(f"{number.counted(kinds['contract'], 'schema rule')} changed")
    return ", ".join(filter(None, out))
