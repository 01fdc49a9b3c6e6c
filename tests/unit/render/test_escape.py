"""Text from data in Markdown, as GitHub's own parser and another one read it."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

import cmarkgfm  # type: ignore[import-untyped]
import pytest
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.hostile import broken_by

from datarelease.render import escape

TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("\\`*_[](){}<>#+-.!|~&$@:/\"'=^ \n\tabwwwhtp019\u200b\u202e")),
        st.characters(),
    ),
    max_size=80,
)
FORBIDDEN = {
    *"\u200c\u200d\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c\u200f"
} - set("\u200c\u200d")


def github(text: str) -> str:
    """HTML as GitHub's parser makes it."""
    return str(cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))


def tags(html: str) -> list[str]:
    """The names of the elements, in order of their beginnings."""
    return re.findall(r"<([a-z0-9]+)", html)


def test_hostile_text_stays_a_code_span() -> None:
    """A name becomes one code element, in a paragraph, a list, a heading and a table cell."""

    def held(text: str) -> None:
        span = escape.code(text)
        assert tags(github(f"see {span} there")) == ["p", "code"]
        assert tags(github(f"- {span}")) == ["ul", "li", "code"]
        assert tags(github(f"#### {span} · 1")) == ["h4", "code"]
        table = f"| a | b | c |\n| --- | --- | --- |\n| {span} | {span} | x |"
        assert tags(github(table)).count("td") == 3
        assert tags(github(table)).count("code") == 2

    assert broken_by(held) == {}


def test_hostile_prose_stays_prose() -> None:
    """A message makes no element of its own, wherever it stands."""

    def held(text: str) -> None:
        said = escape.prose(text)
        assert tags(github(f"x: {said}")) == ["p"]
        assert tags(github(f"x\n\n{said}\n\ny")) in (["p", "p", "p"], ["p", "p"])
        assert set(tags(github(f"- {said}"))) == {"ul", "li"}
        table = f"| a | b |\n| --- | --- |\n| {said} | x |"
        assert " ".join(tags(github(table))) == "table thead tr th th tbody tr td td"

    assert broken_by(held) == {}


@given(TEXT)
def test_no_text_escapes_from_a_table(text: str) -> None:
    """Any text in a table leaves its cells as many as they were and makes nothing but code."""
    table = (
        f"| a | b | c |\n| --- | --- | --- |\n| {escape.code(text)} | {escape.prose(text)} | x |\n"
    )
    found = tags(github(table))
    assert set(found) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert found.count("td") == 3
    assert found.count("tr") == 2
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(table)
    assert sum(token.type == "td_open" for token in tokens) == 3
    inline = [child.type for token in tokens for child in token.children or ()]
    assert set(inline) <= {"text", "code_inline"}


@given(TEXT)
def test_nothing_is_left_that_github_links_after_parsing(text: str) -> None:
    """In what a reader sees of prose no mention, issue, e-mail, address or emoji name is whole."""
    seen = unescape(re.sub(r"<[^>]*>", "", github(f"x: {escape.prose(text)}")))
    assert not re.search(r"@\w", seen)
    assert not re.search(r"#\d", seen)
    assert not re.search(r"(?i)\bGH-\d", seen)
    assert not re.search(r"(?i)\bwww\.", seen)
    assert "://" not in seen
    assert not re.search(r"(?<!x):[\w+-]", seen)
    assert not re.search(r"[0-9a-f]{7}", seen)


@given(TEXT)
def test_cleaned_text_is_one_visible_line(text: str) -> None:
    """No line break, control, bidirectional or zero-width character is left, and it is short."""
    shown = escape.clean(text, 40)
    assert len(shown) <= 40
    assert not FORBIDDEN & set(shown)
    assert all(unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} for char in shown)
    shown.encode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    """ASCII text loses nothing."""
    assert escape.clean(text, 60) == text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_prose_reads_like_the_text(text: str) -> None:
    """What a reader of prose sees is the text, but for white space and invisible breaks."""
    seen = unescape(re.sub(r"<[^>]*>", "", github(f"x: {escape.prose(text)}")))
    assert seen.replace(escape.BREAK, "").split() == f"x: {text}".split()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("data-v4", "data-v4"),
        ("12 of 3,000 rows (0.4%)", "12 of 3,000 rows (0.4%)"),
        ("PSI 0.41 is over 0.25", "PSI 0.41 is over 0.25"),
    ],
)
def test_harmless_prose_is_left_alone(text: str, shown: str) -> None:
    """Everyday words and numbers carry no escapes."""
    assert escape.prose(text) == shown


def test_emoji_and_scripts_survive() -> None:
    """Joiners stay where writing needs them and are spelled out where they hide something."""
    family, flag, persian = "👩\u200d👧", "🏳\ufe0f\u200d🌈", "می\u200cخواهم"  # noqa: RUF001
    assert escape.clean(f"{family} {flag} {persian}") == f"{family} {flag} {persian}"
    assert escape.clean("pass\u200dword") == "pass\\u200dword"


def test_long_text_is_cut_with_a_mark() -> None:
    """A cut is visible, and never parts a character from its accents."""
    assert escape.clean("x" * 10_000, 10) == "xxxxxxxxx…"
    assert escape.clean("abcde\u0301\u0301fgh", 6) == "abcd…"
    assert escape.clean("a" + "\u0301" * 10_000, 20).endswith("…")
