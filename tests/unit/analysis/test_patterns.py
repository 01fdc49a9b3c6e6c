"""Python's regular expressions, as RE2 in DuckDB evaluates them."""

# ruff: noqa: RUF001 - letters that look like others are the point

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.analysis.validation.patterns import pattern_of

LETTERS = "aAbkKsS1_ .-$^|\n\t\x0b\x1c\x85éſK٣😀"
ATOMS = [
    "a", "b", "[ab]", "[^a]", r"\d", r"\w", r"\s", r"\D", r"[\w.]", ".", "é", r"\.", "[a-k]", "k",
    "^", "$", r"\A", r"\Z", r"\b", "", "s", r"\n", "[é-ſ]", "1", " ", "😀", r"[^\d]", r"\|",
]  # fmt: skip
FLAGS = ["", "(?i)", "(?m)", "(?s)", "(?a)", "(?ai)", "(?ms)", "(?x)"]


def _joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        several.map("".join),
        several.map(lambda p: f"(?:{'|'.join(p)})"),
        several.map(lambda p: f"({''.join(p)})"),
        st.tuples(several, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{2,}"])).map(
            lambda p: f"(?:{''.join(p[0])}){p[1]}"
        ),
    )


PATTERNS = st.tuples(
    st.sampled_from(FLAGS), st.recursive(st.sampled_from(ATOMS), _joined, max_leaves=8)
).map("".join)


@pytest.fixture(scope="module")
def connection() -> Any:
    """One database for the module."""
    return duckdb.connect()


@examples(200)
@given(
    pattern=PATTERNS,
    texts=st.lists(st.text(LETTERS, max_size=6), min_size=1, max_size=8),
    anchored=st.booleans(),
)
def test_re2_decides_as_python_does(
    connection: Any, pattern: str, texts: list[str], *, anchored: bool
) -> None:
    """Wherever a translation is said to hold, RE2 finds a match exactly where Python does."""
    made = pattern_of(pattern, anchored=anchored)
    if made.re2 is None:
        return
    texts = [text for text in texts if text.isascii() or not made.ascii_only]
    query = f"SELECT t, regexp_matches(t, {_quoted(made.re2)}) FROM (SELECT unnest(?) AS t)"  # noqa: S608
    found = dict(connection.execute(query, [texts]).fetchall())
    assert found == {text: made.holds(text) for text in texts}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(
    "pattern", [r"(?=a)", r"(?!a)", r"(?<=a)b", r"(a)\1", r"a$b", r"a{1001}", r"\B", r"(?i)é"]
)
def test_what_re2_lacks_is_left_to_python(pattern: str) -> None:
    """Look-around, references, ends in the middle, long counts and folded letters are Python's."""
    assert pattern_of(pattern, anchored=False).re2 is None


@pytest.mark.parametrize("pattern", [r"\d{5}", r"\w+", r"\s", r"\ba", r"(?i)abc"])
def test_unicode_classes_hold_for_ascii_only(pattern: str) -> None:
    """Classes that are Unicode in Python are said to be decided on ASCII texts only."""
    made = pattern_of(pattern, anchored=True)
    assert made.re2 is not None
    assert made.ascii_only


def test_common_patterns_need_no_python() -> None:
    """An e-mail pattern of explicit classes is decided by RE2 for every text."""
    made = pattern_of(r"^[^@\s]+@[a-z.]+$".replace(r"\s", " "), anchored=True)
    assert made.re2 is not None
    assert not made.ascii_only


def test_compiled_patterns_keep_their_flags() -> None:
    """Flags given to re.compile count as those inside a pattern do."""
    assert pattern_of(re.compile("ab", re.IGNORECASE), anchored=True).holds("AB")


def test_broken_patterns_raise() -> None:
    """What Python cannot compile raises Python's own error."""
    with pytest.raises(re.error):
        pattern_of("((", anchored=True)
