"""Additions to other people's YAML: theirs stays byte for byte, ours is read as it was meant."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datarelease.adapters.strict_yaml import parse_yaml
from datarelease.adapters.yaml_edit import insert, read_mapping
from datarelease.errors import ConfigError, SettingsError
from datarelease.model.adoption import yaml_text

ENTRIES = ["validate:\n  cmd: foo  # ours", "profile:\n  cmd: bar"]
ADDED = {"validate": {"cmd": "foo"}, "profile": {"cmd": "bar"}}


def added(text: str, *path: str) -> str:
    """``text`` with two stages more."""
    return insert(text, path or ("stages",), ENTRIES, file="dvc.yaml")


def lines_kept(before: str, after: str) -> bool:
    """Each line of ``before`` stands in ``after``, in the same order."""
    rest = iter(after.splitlines())
    return all(line in rest for line in before.splitlines())


keys = st.text("abcxyz_", min_size=1, max_size=4).filter(lambda key: key not in ADDED)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20),
    st.floats(allow_nan=True), st.dates(),
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
stages = st.dictionaries(keys, st.dictionaries(keys, values, min_size=1, max_size=3), max_size=3)
PLACES = st.sampled_from(["first", "last"])
AROUND = st.sampled_from(["{}", "# head\n\n{}# tail\n"])
documents = st.dictionaries(keys, values, max_size=3)


@given(documents, st.none() | stages, st.sampled_from([2, 3, 4, 8]), PLACES, AROUND)
def test_block_style_keeps_every_line(
    document: dict[str, Any], listed: Any, indent: int, place: str, around: str
) -> None:
    """Whatever the indentation, comments and neighbours: nothing moves, ours is at its place."""
    whole = {"stages": listed, **document} if place == "first" else {**document, "stages": listed}
    text = yaml.safe_dump(whole, sort_keys=False, indent=indent, allow_unicode=True)
    text = around.format(text)
    after = added(text)
    assert repr(parse_yaml(after)) == repr(
        {**parse_yaml(text), "stages": {**(parse_yaml(text)["stages"] or {}), **ADDED}}
    )
    section = text.replace("stages: null\n", "stages:\n").replace("stages: {}\n", "stages:\n")
    assert lines_kept(section, after)
    assert "# ours" in after


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029", "\n", "\r"])
@pytest.mark.parametrize("listed", [None, {}, {"x": {"y": "one"}}])
def test_every_line_end_of_yaml_counts_as_one(end: str, listed: Any) -> None:
    """Line ends of YAML 1.1 other than the usual ones do not shift the place of the addition."""
    whole = {"a": f"one{end}two", "stages": listed, "b": f"{end}three"}
    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    after = added(text)
    assert parse_yaml(after) == {**parse_yaml(text), "stages": {**(listed or {}), **ADDED}}
    first, _, last = text.partition("b: ")
    assert after.startswith(first.partition("stages:")[0])
    assert after.endswith(f"b: {last}")


@given(documents)
def test_a_new_section_is_put_below_everything(document: dict[str, Any]) -> None:
    """A file without the section begins with what it said before, unchanged."""
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    after = added(text)
    assert repr(parse_yaml(after)) == repr({**parse_yaml(text), "stages": ADDED})
    if document:
        assert after.startswith(text)


@given(documents, stages)
def test_flow_style_is_added_to_as_well(document: dict[str, Any], listed: Any) -> None:
    """A file in braces is rewritten where it must be, and says the same and ours."""
    whole = {**document, "stages": listed}
    text = yaml.safe_dump(whole, sort_keys=False, default_flow_style=True, allow_unicode=True)
    try:
        after = added(text)
    except ConfigError:  # ruamel reads YAML 1.2, and some texts differently
        return
    assert repr(parse_yaml(after)) == repr(
        {**parse_yaml(text), "stages": {**parse_yaml(text)["stages"], **ADDED}}
    )


@given(st.text())
def test_any_text_is_a_scalar(text: str) -> None:
    """`yaml_text` is read back as the very text, by itself, as a key and in brackets."""
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        return
    spelled = yaml_text(text)
    assert parse_yaml(spelled) == text
    assert parse_yaml(f"[{spelled}, {spelled}]") == [text, text]
    assert "\n" not in spelled
    if len(spelled) < 1000:
        assert parse_yaml(f"{spelled}: 1") == {text: 1}


def test_comments_stay_with_what_they_are_about() -> None:
    """A comment of the next section stays before it; one inside of ours stays inside."""
    text = "stages:\n  a:\n    cmd: x\n  # tail of stages\n# about plots\nplots: [x]\n"
    assert added(text) == (
        "stages:\n  a:\n    cmd: x\n  # tail of stages\n\n  validate:\n    cmd: foo  # ours\n\n"
        "  profile:\n    cmd: bar\n# about plots\nplots: [x]\n"
    )


def test_entries_without_blank_lines_get_none() -> None:
    """Ours look like theirs."""
    text = "stages:\n  a: {cmd: x}\n  b: {cmd: y}\n"
    assert added(text) == f"{text}  validate:\n    cmd: foo  # ours\n  profile:\n    cmd: bar\n"


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    """CRLF files get CRLF lines; a mark at the beginning stays there."""
    after = added("\ufeffa: 1\r\nstages:\r\n  b: {cmd: x}\r\n")
    assert after.startswith("\ufeffa: 1\r\n")
    assert after.count("\n") == after.count("\r\n")


@pytest.mark.parametrize("text", ["a: 1", "stages:\n  b:\n    cmd: x", "stages:"])
def test_a_last_line_without_end_gets_one(text: str) -> None:
    """Nothing is glued to the last line."""
    after = added(text)
    assert parse_yaml(after)["stages"]["validate"] == {"cmd": "foo"}
    assert after.startswith(f"{text}\n")


def test_a_text_block_at_the_end_stays_whole() -> None:
    """What looks like a comment in a block of text is text, and stays in it."""
    text = "stages:\n  a:\n    cmd: |\n      x\n      # no comment\n\n\nb: 1\n"
    after = added(text)
    assert parse_yaml(after)["stages"]["a"]["cmd"] == "x\n# no comment\n"
    assert lines_kept(text, after)


@pytest.mark.parametrize(
    "text",
    ["stages: [a]\n", "stages: x\n", "stages:\n  validate: {cmd: mine}\n",
     "a: &x {b: 1}\nstages: *x\n"],
)  # fmt: skip
def test_what_cannot_be_added_to_is_left_alone(text: str) -> None:
    """A list, a text, a key that is taken, an alias: refused, with the lines to add by hand."""
    with pytest.raises(ConfigError) as caught:
        added(text)
    assert "validate:" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", "line 2: a merge conflict"),
        ("a: [1\n", "line 2, column 1"),
        ("a: 1\na: 2\n", "line 2, column 1: the key 'a' occurs twice"),
        ("- a\n", "expected a mapping"),
    ],
)
def test_broken_files_are_told_with_their_place(text: str, where: str) -> None:
    """Conflict markers, broken YAML, double keys and lists: the file, line and column."""
    with pytest.raises(SettingsError) as caught:
        read_mapping(text, "params.yaml")
    [problem] = caught.value.problems
    assert problem.where == "params.yaml"
    assert where in problem.what
