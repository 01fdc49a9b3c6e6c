"""The settings of readers: the quick way to read them says what the whole one says."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datarelease.errors import SettingsError
from datarelease.settings.read import read_release
from datarelease.settings.reading import plain_settings, read_export, read_timeout

_TEXTS = st.one_of(
    st.sampled_from(["data-v", "sales-v", "a.b-v", "a/b-v", "data-channel-stable-", "v", "-v", ""]),
    st.text(max_size=5),
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,8}", fullmatch=True),
    st.sampled_from(["a" * 100, "a" * 101, "2GB", "1.5 GiB", "02GB", "2GB\n", "duckdb", "spark"]),
)
_VALUES = st.one_of(
    _TEXTS,
    st.none(),
    st.booleans(),
    st.integers(-2, 5000),
    st.floats(),
    st.lists(_TEXTS, max_size=3),
    st.lists(st.integers(), max_size=1),
    st.just({}),
)
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "tag_prefix": _TEXTS,
    "remotes": _TEXTS | st.lists(_TEXTS, max_size=3),
    "timeout": st.integers(0, 3601) | st.floats(0.5, 3601),
    "export": st.booleans(),
    "require_review": st.booleans(),
    "staging": st.none() | _TEXTS,
    "engine": st.sampled_from(["duckdb", "spark", "dask"]),
    "memory_limit": st.sampled_from(["2GB", "100 MB", "1.5GB", "02GB", "2GB\n"]),
    "rows_budget": st.integers(-1, 10),
}
_SECTIONS = st.fixed_dictionaries(
    {}, optional={key: values | _VALUES for key, values in _LIKELY.items()} | {"site": _VALUES}
)


@given(section=_SECTIONS)
def test_plain_settings_are_those_of_the_whole_section(section: dict[str, Any]) -> None:
    """What is read without Pydantic is valid for it, and has the same values and types."""
    plain = plain_settings(section)
    if plain is None:
        return
    release = read_release({"release": section})
    assert plain.tag_prefix == release.tag_prefix
    assert plain.remotes == tuple(release.remotes)
    assert (plain.timeout, type(plain.timeout)) == (release.timeout, type(release.timeout))
    assert plain.export is release.export


@pytest.mark.parametrize(
    "section",
    [
        None,
        {},
        {"tag_prefix": "sales-v", "remotes": ["storage", "backup"], "timeout": 5},
        {"remotes": "storage", "export": True, "rows_budget": 0, "engine": "spark"},
        {"memory_limit": "512MB", "staging": None, "require_review": True},
    ],
)
def test_usual_sections_are_plain(section: dict[str, Any] | None) -> None:
    """What people write needs no Pydantic."""
    assert plain_settings(section) is not None


@pytest.mark.parametrize(
    "section", [[], "x", {"unknown": 1}, {1: 2}, {"timeout": True}, {"timeout": math.nan}]
)
def test_other_sections_are_not_plain(section: object) -> None:
    """Whatever is unusual is left to the whole reading, which explains it."""
    assert plain_settings(section) is None


def test_a_fault_in_the_rules_for_changes_leaves_the_timeout() -> None:
    """Who reads versions cannot correct a policy: the limit of silence counts all the same."""
    params = {"release": {"timeout": 5, "export": True, "policy": {"unknown": 1}}}
    assert (read_timeout(params), read_export(params)) == (5.0, True)


def test_settings_that_cannot_be_used_have_their_defaults() -> None:
    """The timeout and the export of a section with a fault are the defaults; others report it."""
    params = {"release": {"timeout": 5, "export": True, "remotes": 3}}
    assert (read_timeout(params), read_export(params)) == (45.0, False)
    with pytest.raises(SettingsError, match=r"release\.remotes"):
        read_release(params)
