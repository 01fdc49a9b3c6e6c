r"""Python regular expressions in the words that the engines share: RE2's, Java's and Rust's.

A schema's patterns mean what Python's `re` says. RE2, which DuckDB speaks, differs: ``\d``, ``\w``,
``\s`` and ``\b`` know ASCII only, ``$`` does not match before a final newline, and look-around and
back-references are missing (RE2 wiki, "Syntax"). Java's, which Spark speaks, know more kinds of
line ends, and Java's and Rust's (Sail) more word characters. So a pattern is taken apart by
Python's own parser and put together again of what all three understand alike, or it is said that
this cannot be done, and Python evaluates it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The parser behind `re`; there is no public one. Whatever it yields that is not known here makes
# the pattern one for Python, so a change in it costs speed and never a wrong answer.
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MAX_REPEAT = 1000
"""RE2 refuses larger counts."""
_CATEGORIES = {
    op.CATEGORY_DIGIT: "0-9",
    op.CATEGORY_SPACE: r"\t\n\x0b\f\r\x1c-\x1f ",
    op.CATEGORY_WORD: "A-Za-z0-9_",
}
_NEGATED = {
    op.CATEGORY_NOT_DIGIT: op.CATEGORY_DIGIT,
    op.CATEGORY_NOT_SPACE: op.CATEGORY_SPACE,
    op.CATEGORY_NOT_WORD: op.CATEGORY_WORD,
}
_SPACE_ASCII = r"\t\n\x0b\f\r "
_FLAGS = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.ASCII | re.UNICODE | re.VERBOSE
#: Characters that match, ignoring case, ASCII letters in Python: i-dotless, long s, Kelvin sign.
NON_ASCII = r"[^\x00-\x7f]"


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A pattern of a schema, ready for either machine."""

    python: re.Pattern[str]
    anchored: bool
    """Whether the match has to begin where the text does (``re.match``)."""
    re2: str | None
    """The same for RE2; None: only Python can evaluate it."""
    ascii_only: bool = False
    """``re2`` decides the same as Python on ASCII texts only."""

    def holds(self, text: str) -> bool:
        """Whether Python finds a match."""
        found = self.python.match(text) if self.anchored else self.python.search(text)
        return found is not None


class _Untranslatable(Exception):  # noqa: N818 - not an error: the signal to use Python
    pass


def pattern_of(pattern: str | re.Pattern[str], *, anchored: bool) -> Pattern:
    r"""The pattern for both machines.

    >>> pattern_of(r"[a-z]+$", anchored=True).re2
    '\\A(?:(?:[a-z])+\\n?\\z)'
    >>> pattern_of(r"\d{5}", anchored=False).ascii_only
    True
    >>> pattern_of(r"(?!x).", anchored=True).re2 is None
    True

    Raises:
        re.error: Python cannot compile it.
    """
    compiled = re.compile(pattern)
    try:
        writer = _Writer()
        tree = parser.parse(compiled.pattern, compiled.flags & ~re.UNICODE)
        body = writer.sequence(list(tree), compiled.flags, last=True)
    except _Untranslatable:
        return Pattern(python=compiled, anchored=anchored, re2=None)
    if anchored:
        # RE2 2024 finds nothing by `\A(?:)` in a text that is not empty: no empty groups.
        body = rf"\A(?:{body})" if body else r"\A"
    return Pattern(
        python=compiled,
        anchored=anchored,
        re2=body,
        ascii_only=writer.ascii_only,
    )


class _Writer:
    """Writes a parsed pattern for RE2; every construct not listed is untranslatable."""

    def __init__(self) -> None:
        self.ascii_only = False

    def sequence(self, nodes: list[Any], flags: int, *, last: bool) -> str:
        """``last``: nothing follows that could take part in the match."""
        count = len(nodes)
        return "".join(
            self.node(name, value, flags, last=last and place == count - 1)
            for place, (name, value) in enumerate(nodes)
        )

    def node(  # noqa: PLR0911 - one line a construct
        self, name: Any, value: Any, flags: int, *, last: bool
    ) -> str:
        if name is op.LITERAL:
            return self.folded(_class_letter(value), [value], flags)
        if name is op.NOT_LITERAL:
            return self.folded("^" + _class_letter(value), [value], flags)
        if name is op.ANY:
            return r"[\x{0}-\x{10ffff}]" if flags & re.DOTALL else r"[^\n]"
        if name is op.IN:
            return self.char_class(value, flags)
        if name is op.AT:
            return self.position(value, flags, last=last)
        if name is op.BRANCH:
            return f"(?:{'|'.join(self.sequence(list(b), flags, last=last) for b in value[1])})"
        if name is op.SUBPATTERN:
            _, add, remove, inner = value
            body = self.sequence(list(inner), (flags | add) & ~remove, last=last)
            return f"(?:{body})" if body else ""
        if name in {op.MAX_REPEAT, op.MIN_REPEAT}:
            return self.repeat(value, flags)
        raise _Untranslatable

    def repeat(self, value: Any, flags: int) -> str:
        low, high, inner = value
        if low > _MAX_REPEAT or (high is not op.MAXREPEAT and high > _MAX_REPEAT):
            raise _Untranslatable
        count = {(0, op.MAXREPEAT): "*", (1, op.MAXREPEAT): "+", (0, 1): "?"}.get((low, high))
        if count is None:
            count = f"{{{low},{'' if high is op.MAXREPEAT else high}}}"
        # Nested counts multiply; RE2's own limit is on the product.
        body = self.sequence(list(inner), flags, last=False)
        if not body:
            return ""
        if count not in "*+?" and "{" in body.replace(r"\x{", ""):
            raise _Untranslatable
        return f"(?:{body}){count}"

    def position(self, value: Any, flags: int, *, last: bool) -> str:
        if value in {op.AT_BEGINNING, op.AT_END} and flags & re.MULTILINE:
            raise _Untranslatable  # what ends a line differs
        if value in {op.AT_BEGINNING, op.AT_BEGINNING_STRING}:
            return r"\A"
        if value is op.AT_END_STRING:
            return r"\z"
        if value is op.AT_END and last:
            return r"\n?\z"
        if value is op.AT_BOUNDARY:
            self.ascii_only = True  # whichever letters Python is told to take for a word's
            return r"\b"
        raise _Untranslatable

    def char_class(self, items: list[Any], flags: int) -> str:
        parts, letters = [], []
        for name, value in items:
            if name is op.NEGATE:
                parts.append("^")
            elif name is op.LITERAL:
                parts.append(_class_letter(value))
                letters.append(value)
            elif name is op.RANGE:
                parts.append(f"{_class_letter(value[0])}-{_class_letter(value[1])}")
                letters += value
            elif name is op.CATEGORY:
                parts.append(self.category(value, flags, alone=len(items) == 1))
            else:
                raise _Untranslatable
        return self.folded("".join(parts), letters, flags)

    def category(self, value: Any, flags: int, *, alone: bool) -> str:
        self.ascii_only |= not flags & re.ASCII
        positive = _NEGATED.get(value, value)
        if positive not in _CATEGORIES or (value in _NEGATED and not alone):
            raise _Untranslatable
        letters = _CATEGORIES[positive]
        if positive is op.CATEGORY_SPACE and flags & re.ASCII:
            letters = _SPACE_ASCII
        return f"^{letters}" if value in _NEGATED else letters

    def folded(self, inside: str, letters: list[int], flags: int) -> str:
        if not flags & re.IGNORECASE:
            return f"[{inside}]"
        if any(letter > 0x7F for letter in letters):  # noqa: PLR2004 - the end of ASCII
            raise _Untranslatable
        self.ascii_only = True
        return f"(?i:[{inside}])"


def _class_letter(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004 - surrogates cannot be written in UTF-8
        raise _Untranslatable
    letter = chr(code)
    return letter if letter.isascii() and letter.isalnum() else rf"\x{{{code:x}}}"
