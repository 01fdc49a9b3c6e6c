"""Text from data, names and messages made harmless: for Markdown on GitHub, HTML and terminals.

Every string of a report may be hostile: column names, values, even the tag, since the report of a
pull request comes from code nobody has reviewed yet. Nothing else in the package escapes.

Sources: GitHub Flavored Markdown spec 0.29 (entities and backslash escapes cannot stand for
structure; a code span is literal), Unicode TR36 and TR39 (bidirectional and invisible characters).
GitHub links mentions, issues, commits and e-mail addresses and draws emoji *after* parsing, in
text that entities and backslashes no longer protect: outside code spans an invisible zero-width
space takes such words apart, as dependabot and renovate do.
"""

from __future__ import annotations

import re
import unicodedata

NAME_LENGTH = 64
"""Characters of a name that are shown."""
VALUE = 80
"""Characters of a value."""
PROSE = 400
"""Characters of a message."""

_ELLIPSIS = "…"
BREAK = "\u200b"
_LRM = "\u200e"
_JOINERS = "\u200c\u200d"
_MARKS = {"Mn", "Me"}
_MOST_MARKS = 3


def clean(text: str, limit: int | None = VALUE, *, space: str = "↵") -> str:
    r"""``text`` on one line, nothing invisible left in it, cut to ``limit`` characters with ``…``.

    Line breaks become ``space``; control, bidirectional and zero-width characters are shown as
    pictures or ``\u202e``, except joiners where scripts and emoji need them.

    >>> clean("a\nb\x1b[31m"), clean("pay\u202etxt"), clean("abcdef", 4)
    ('a↵b␛[31m', 'pay\\u202etxt', 'abc…')
    """
    # Long values are not walked through to their end, only far enough to cut them well.
    head = text if limit is None else text[: 2 * limit]
    if not (head.isascii() and head.isprintable()):
        head = "".join(_visible(head, space))
    if limit is None:
        return head
    return _cut(head + _ELLIPSIS if len(text) > 2 * limit else head, limit)


def _visible(text: str, space: str) -> list[str]:
    out: list[str] = []
    marks = 0
    for index, char in enumerate(text.replace("\r\n", "\n")):
        category = unicodedata.category(char)
        marks = marks + 1 if category in _MARKS else 0
        if marks <= _MOST_MARKS:
            out.append(_shown(text, index, char, category, space))
    return out


_LINE_BREAKS = set("\n\r\v\f\x85\u2028\u2029")
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "␡"}


def _shown(text: str, index: int, char: str, category: str, space: str) -> str:
    if char in _LINE_BREAKS:
        return space
    if category == "Zs" or char == "\t":
        return " " if char != "\t" or space == " " else "⇥"
    if category == "Cs":
        return "\ufffd"  # half of a surrogate pair cannot be written as UTF-8
    if category == "Cc":
        return _PICTURES.get(char) or f"\\x{ord(char):02x}"
    return _spelled(char) if _invisible(text, index, category) else char


def _invisible(text: str, index: int, category: str) -> bool:
    char = text[index]
    if _selector(char):
        return not (index and _symbol(text[index - 1]))
    if category == "Cf":
        return not (char in _JOINERS and _joins(text, index))
    return char in _BLANKS or ord(char) & 0xFFFE == 0xFFFE  # noqa: PLR2004 - noncharacters


_BLANKS = set("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u2800\u180b\u180c\u180d\u180f")
"""Characters of no category of their own that draw nothing: fillers, joiners, selectors."""


def _spelled(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the BMP


def _selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _symbol(char: str) -> bool:
    return unicodedata.category(char)[0] == "S" or char in "#*0123456789©®‼⁉〰〽"


def _joins(text: str, index: int) -> bool:
    """Whether a zero-width joiner stands between letters of a script or emoji that need it."""
    around = text[max(index - 1, 0) : index] + text[index + 1 : index + 2]
    kinds = ("Lo", "Mn", "Mc", "So", "Sk")
    return len(around) == 2 and all(  # noqa: PLR2004 - one on each side
        unicodedata.category(char) in kinds for char in around
    )


def _cut(text: str, limit: int) -> str:
    """The head of ``text``, not parted within a character that several code points make up."""
    if len(text) <= limit:
        return text
    end = max(limit - 1, 1)
    while end > 1 and (_clings(text[end]) or text[end - 1] in _JOINERS):
        end -= 1
    return text[:end].rstrip() + _ELLIPSIS


def _clings(char: str) -> bool:
    return (
        unicodedata.category(char) in {*_MARKS, "Mc"}
        or char in _JOINERS
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
    )


# ---- Markdown -------------------------------------------------------------------------------

_CODE = str.maketrans({"`": "\u02cb", "|": "\u2502"})
"""Look-alikes: no fence and no table cell can be ended, in whichever order a parser splits."""
_MARKERS = re.compile(r"<!-|->|\](?=[(\[:])")


def code(text: str, limit: int = NAME_LENGTH) -> str:
    r"""``text`` as a Markdown code span, in which GitHub neither formats, links nor mentions.

    >>> code("a|b`c"), code(""), code(" x ")
    ('`a│bˋc`', '`""`', '`␣x␣`')
    """  # noqa: RUF002
    shown = clean(text, limit).translate(_CODE) or '""'
    bare = shown.strip(" ")
    if bare != shown:
        lead = len(shown) - len(shown.lstrip(" "))
        shown = "␣" * lead + bare + "␣" * (len(shown) - lead - len(bare))
    # Comment markers and link syntax are literal here, but programs that look through the raw
    # comment for a marker of theirs should not find one that comes from data.
    shown = _MARKERS.sub(lambda match: match[0][0] + BREAK + match[0][1:], shown)
    return f"`{shown}`" + (_LRM if _right_to_left(shown) else "")


_LONG = 26
"""Characters of a name that is shown whole in a narrow table."""
_PART = 16
"""Characters of the parts of a longer one, if its words are no longer."""
_IDENTIFIER = re.compile(r"[A-Za-z0-9_./=-]+…?", re.ASCII)
_WORDS = re.compile(r"[^_./=]+[_./=]*|[_./=]+")


def cell(text: str, limit: int = NAME_LENGTH) -> str:
    """``text`` as a code span for a table; a long identifier may go on in the next line.

    A code span has no place to break but spaces, so that a long name widens its table beyond a
    phone. Where words of it end there is a ``<wbr>`` between two spans, which copies as nothing.

    >>> cell("monthly_spend"), cell("average_monthly_spend_in_euro")
    ('`monthly_spend`', '`average_monthly_`<wbr>`spend_in_euro`')
    """
    shown = clean(text, limit)
    if len(shown) <= _LONG or not _IDENTIFIER.fullmatch(shown):
        return code(text, limit)
    parts = [""]
    for word in _WORDS.findall(shown):
        if parts[-1] and len(parts[-1]) + len(word) > _PART:
            parts.append("")
        parts[-1] += word
    return "<wbr>".join(code(part) for part in parts)


def _right_to_left(text: str) -> bool:
    """Whether ``text`` has letters that would pull the punctuation after it to their side."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text)


_ENTITIES = {"|": "&#124;", "<": "&lt;", ">": "&gt;", "&": "&amp;", "$": "&#36;"}
_SLASHED = set("\\`*_[]~")
_LINKED = re.compile(
    r"(?P<after>[@#]|:(?=[\w+/-])|\b[A-Za-z]{2,}-(?=\d)|\bGHSA-)"
    r"|(?P<before>(?<=www)\.)",
    re.IGNORECASE,
)
_COMMIT = re.compile(r"[0-9a-f]{7,}", re.IGNORECASE)
"""GitHub links commits by seven characters of their hash or more."""


def prose(text: str, limit: int = PROSE) -> str:
    r"""``text`` as Markdown that reads as plain text and is nothing else.

    >>> prose("*loud* <b>"), prose("@user #1").count(BREAK)
    ('\\*loud\\* &lt;b&gt;', 2)
    """
    plain = " ".join(clean(text, limit, space=" ").split())
    plain = _COMMIT.sub(lambda m: BREAK.join(re.findall(".{1,6}", m[0])), plain)
    plain = _LINKED.sub(lambda m: m["after"] + BREAK if m["after"] else BREAK + m["before"], plain)
    out = "".join("\\" + char if char in _SLASHED else _ENTITIES.get(char, char) for char in plain)
    # At the start of a block these would begin a heading, a list or a rule.
    out = re.sub(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[-+#=:]))", r"\1\\", out)
    return out + (_LRM if _right_to_left(plain) else "")
