"""The tag grammar in both directions."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import datarelease
from datarelease.errors import ConfigError
from datarelease.model.versions.version import TagGrammar, Version

PREFIXES = st.sampled_from(["data-v", "v", "datasets/people/v", "v1", "a.b-", "release"])
NUMBERS = st.integers(1, 999_999_999)


@given(prefix=PREFIXES, number=NUMBERS)
def test_numbers_survive_the_way_through_tags(prefix: str, number: int) -> None:
    """A version's tag, its yank tag and what a person types all give the number back."""
    tags = TagGrammar(prefix)
    assert tags.parse(tags.format(number)) == number
    assert tags.parse_yank(tags.format_yank(number)) == number
    assert tags.parse(tags.format_yank(number)) is None
    assert tags.parse_yank(tags.format(number)) is None
    assert tags.read(tags.format(number)) == number
    assert TagGrammar().read(str(number)) == TagGrammar().read(f"v{number}") == number


@given(
    prefix=PREFIXES,
    text=st.text(max_size=12) | st.from_regex("(data-)?v?[0-9.\u0660-\u0669\n]{0,4}"),
)
def test_whatever_parses_is_spelled_that_way(prefix: str, text: str) -> None:
    """No second spelling of a number is a version: what parses formats to the same text."""
    tags = TagGrammar(prefix)
    for candidate in (text, prefix + text):
        number = tags.parse(candidate)
        assert number is None or tags.format(number) == candidate
        yanked = tags.parse_yank(candidate)
        assert yanked is None or tags.format_yank(yanked) == candidate


@pytest.mark.parametrize(
    "tag",
    ["data-v0", "data-v01", "data-v1.2", "xdata-v1", "data-v", "data-v-1", "data-v1\n",
     "data-v\uff11", "data-v1-yanked-yanked", "DATA-V1", "data-v1 ", "data-v1234567890"],
)  # fmt: skip
def test_what_is_no_version(tag: str) -> None:
    """Look-alikes are neither versions nor yanks, and cannot be typed for one."""
    tags = TagGrammar()
    assert tags.parse(tag) is None
    assert tags.parse_yank(tag) is None
    with pytest.raises(ConfigError, match="is not a version"):
        tags.read(tag)


def test_trailers_are_found_by_name() -> None:
    """The first trailer of a name counts; a missing one is None."""
    version = Version(
        number=1, tag="data-v1", commit="c", digest="d", trailers=(("a", "1"), ("a", "2"))
    )
    assert (version.trailer("a"), version.trailer("b")) == ("1", None)


SOURCES = Path(datarelease.__file__).parents[1]
EXAMPLES = sorted(
    path.relative_to(SOURCES)
    for path in (SOURCES / "datarelease").rglob("*.py")
    if re.search(r"^ *>>> ", path.read_text("utf-8"), re.MULTILINE)
    and path.name not in {"__init__.py", "api.py", "reading.py"}
)
"""Modules with examples; `test_python_examples` runs those that need a repository."""


def test_examples_in_docstrings_hold() -> None:
    """Every example in a docstring gives what it says."""
    names = [".".join(path.with_suffix("").parts) for path in EXAMPLES]
    results = {name: doctest.testmod(importlib.import_module(name)) for name in names}
    assert {name for name, result in results.items() if not result.attempted} == set()
    assert {name for name, result in results.items() if result.failed} == set()
