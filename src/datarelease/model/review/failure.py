"""A failed check as a sentence that names its column, for findings and error messages."""

from __future__ import annotations

from collections.abc import Sequence

from datarelease.model.data.validation import Reason, Violation


class Name(str):
    """A name or a check as the schema spells it; each writer marks it in its own way."""

    __slots__ = ()


Sentence = tuple[str | int, ...]
"""Words of ours, names (``Name``) and counts."""
_MOST = 3
"""Failed checks that one sentence names."""


_SAID: dict[Reason, str] = {
    "column_not_in_dataframe": " is missing",
    "column_not_in_schema": " is not in the schema",
    "column_not_ordered": " is out of order",
    "duplicate_column_labels": " is there more than once",
    "wrong_datatype": " has the wrong type",
    "datatype_coercion": " does not convert to its type",
    "series_contains_nulls": " is null",
    "series_contains_duplicates": " has duplicates",
}


def failure(failed: Violation) -> Sentence:
    """What failed, where and in how many rows, in the order of a sentence."""
    if failed.reason == "unreadable":
        return ("the data cannot be read",)
    where: Sentence = ()
    if failed.category == "data":
        where = (" in ", failed.count, " of ", failed.total, " rows")
    if failed.reason == "check_error":
        return (*_column(failed), ": ", Name(failed.check), " could not be evaluated")
    if failed.reason in _SAID:
        return (*_column(failed), _SAID[failed.reason], *where)
    return (*_column(failed), " fails ", Name(failed.check), *where)


def _column(failed: Violation) -> Sentence:
    return ("the table",) if failed.column is None else ("column ", Name(failed.column))


def failures(failed: Sequence[Violation]) -> Sentence:
    """The first few failed checks, then how many there are beside them.

    >>> from datarelease.model.data.validation import Violation
    >>> plain(failures([Violation(column="sex", check="", reason="column_not_in_dataframe",
    ...                           category="schema", count=1, total=1)]))
    "column 'sex' is missing"
    """
    out: list[str | int] = []
    for one in failed[:_MOST]:
        out += ["; ", *failure(one)] if out else failure(one)
    more = len(failed) - _MOST
    if more > 0:
        out += ["; ", more, f" more failed check{'' if more == 1 else 's'}"]
    return tuple(out)


def plain(sentence: Sentence) -> str:
    """The sentence as text, names in quotes."""
    return "".join(
        repr(str(part))
        if isinstance(part, Name)
        else part
        if isinstance(part, str)
        else f"{part:,}"
        for part in sentence
    )
