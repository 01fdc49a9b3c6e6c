"""Strings that try to break out of a report, and reports full of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

import pytest

from datarelease.model.review.policy import Waiver

T = TypeVar("T")

HOSTILE = (
    "**bold** _it_ ~~gone~~ `code` ``two`` ```fence",
    "[link](https://evil.example) ![image](https://evil.example/x.png) [ref]: https://evil.example",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>" onmouseover="alert(1)',
    "</code></td></table></details><!-- CML watermark --><b>",
    "--> <!-- datarelease --> <![CDATA[ ]]>",
    "@octocat @org/team hello@example.com mailto:a@b.co xmpp:a@b.co",
    "#123 GH-45 owner/repo#6 JIRA-7 0123456789abcdef0123456789abcdef01234567 owner/repo@0123456789",
    "www.evil.example https://evil.example http://x.y ftp://x.y <https://auto.link>",
    "a | b || c \\| d \\\\| e",
    "line\nbreak\r\nand\ttab\n\n# heading\n- list\n> quote\n---\n",
    "# heading", "- item", "+ item", "1. item", "1) item", "> quote", "---", "===", "    code",
    ":tada: :+1: :100: 12:30:45",
    "$x$ $$y$$ $`z`$",
    "\u202eevil\u202c \u2066x\u2069 \u200b\u200d\ufeff\u00ad \u061c\u200e\u200f",
    "\x00\x07\x1b[31mred\x1b]0;title\x07\x7f\x9b31m",
    "שלום עולם | مرحبا `x` **y**",
    "👩‍👩‍👧‍👦 🏳️‍🌈 e" + "\u0301" * 50,
    "[red]markup[/red] [link=https://evil.example]x[/link] :skull:",
    "{{ 7 * 7 }} {% raw %} ${x}",
    "\\", "`", "``", "|", "*", "_", " ", "", "  x  ", "\\`", "`|`", "&lt;b&gt; &#42;x&#42; &amp;",
    "\ud800", "\u2028\u2029\x85", "x" * 10_000, "`" * 500, "|" * 500, "\u0301" * 10_000,
    "[^1] [ ] [x] [[wiki]]", "https:\u200b//x.y", "=1+1", "%0a%0d", "javascript:alert(1)",
)  # fmt: skip

USUAL = {
    text
    for text in HOSTILE
    if text.startswith(("[link]", "<script>", "</code>", "a | b", "line\n", "\x00"))
}
"""Attacks of which others are kinds: links, elements, markers, cells of tables, lines, controls."""

_FIXED = {
    "outcome", "status", "kind", "level", "category", "severity", "reason", "compatibility",
}  # fmt: skip
"""Fields that hold one of a few words, which reading a document enforces; a waiver has none."""


def attacks_on(*reports: str, spaces: bool = True) -> list[Any]:
    """Each hostile text in each of these sample reports, as parameters ``text`` and ``name``.

    The report of a blocked change has every attack; those with other places have the usual ones,
    and the rest in the slow suite. Without ``spaces``, texts of nothing else are left out.
    """
    return [
        pytest.param(
            text, name, marks=() if name == "blocked" or text in USUAL else pytest.mark.slow
        )
        for name in reports
        for text in HOSTILE
        if spaces or text.split()
    ]


def broken_by(held: Callable[[str], None]) -> dict[str, str]:
    """The hostile texts for which ``held`` fails, each with what that says."""
    found = {}
    for text in HOSTILE:
        try:
            held(text)
        except Exception as error:  # noqa: BLE001 - whatever breaks, the text is named
            found[text] = repr(error)
    return found


def poisoned(value: T, text: str) -> T:
    """``value`` with every free string in it, however deep, replaced by ``text``."""
    return cast("T", _poisoned(value, text))


def _poisoned(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_poisoned(item, text) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value,
            **{
                field.name: _poisoned(getattr(value, field.name), text)
                for field in fields(value)
                if field.name not in _FIXED or isinstance(value, Waiver)
            },
        )
    return value
