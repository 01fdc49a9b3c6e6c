"""Files of metrics and parameters: read by their extension, as data, within bounds."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from dvc.utils.diff import diff, format_dict
from dvc.utils.serialize import parse_toml, parse_yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.adapters.result_files import (
    LARGEST,
    LARGEST_YAML,
    MOST_VALUES,
    UnreadableResult,
    metrics_in,
    params_in,
    parse_result,
)
from datarelease.model.review.pipeline import LONGEST_VALUE

BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{below}'] * 10)}]\n"
    for below, name in zip("abcdefg", "bcdefgh", strict=True)
)
KEYS = st.text("abcxyz_ é", min_size=1, max_size=5)
SCALARS = st.none() | st.booleans() | st.integers(-99, 99) | st.floats() | st.text(max_size=5)
TREES = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=3)
)


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("m.json", '\ufeff{"a": 1}', {"a": 1}),
        ("m.JSON", '{"a": 1}', {"a": 1}),
        ("m.yaml", "a: 1e-3\nb: yes\nc: 010\n", {"a": 0.001, "b": "yes", "c": 10}),
        ("m", "a: 1\n", {"a": 1}),
        ("m.toml", "[a]\nb = 1\n", {"a": {"b": 1}}),
        ("m.yaml", "", {}),
        ("m.json", "0.5", 0.5),
    ],
)
def test_the_extension_decides(path: str, text: str, value: object) -> None:
    """JSON and TOML by their extensions, anything else as YAML 1.2, a byte order mark skipped."""
    assert parse_result(path, text.encode()) == value


@pytest.mark.parametrize(
    ("path", "data", "why"),
    [
        ("m.json", b"{", "not valid JSON"),
        ("m.json", b"[" * 100_000, "nested too deeply"),
        ("m.json", b"9" * 5000, "not valid JSON"),
        ("m.json", b"\xff", "not UTF-8"),
        ("m.json", b" " * (LARGEST + 1), "larger than"),
        ("m.toml", b"a = ", "not valid TOML"),
        ("m.yaml", b"a: [", "not valid YAML"),
        ("m.yaml", b"[" * 20_000, "nested too deeply"),
        ("m.yaml", BOMB.encode(), "expand to too many values"),
        ("m.yaml", b"a: &x [*x]", "inside the value that it names"),
        ("m.yaml", b"a: !!python/object/apply:os.system [x]", "not valid YAML"),
        ("m.yaml", b"a: 1\na: 2", "not valid YAML"),
        ("m.yaml", b" " * (LARGEST_YAML + 1), "larger than"),
    ],
)
def test_what_cannot_be_read_is_said(path: str, data: bytes, why: str) -> None:
    """Broken, hostile and huge files are refused in words; nothing in them runs or expands."""
    with pytest.raises(UnreadableResult, match=why):
        parse_result(path, data)


def test_too_many_values_are_refused() -> None:
    """A file of more values than a report could ever show is not compared."""
    with pytest.raises(UnreadableResult, match="more than 20,000 values"):
        metrics_in({str(n): n for n in range(MOST_VALUES + 1)})
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"a": deep or 1}
    with pytest.raises(UnreadableResult, match="nested too deeply"):
        metrics_in(deep)


@given(TREES)
@examples(60)
def test_metrics_can_be_written_as_json(value: Any) -> None:
    """Whatever a file holds, what is kept of it is a value that every reader of JSON knows."""
    found = metrics_in(value)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@given(st.dictionaries(KEYS, TREES, max_size=4), st.dictionaries(KEYS, TREES, max_size=4))
@examples(60)
def test_parameters_differ_where_dvc_says_so(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A parameter that DVC shows as changed has another text; nulls and empty mappings aside."""
    theirs = diff({"f": {"data": format_dict(before)}}, {"f": {"data": format_dict(after)}})
    ours = params_in(before), params_in(after)
    changed = {name for name in {*ours[0], *ours[1]} if ours[0].get(name) != ours[1].get(name)}
    same_number = {
        name
        for name, change in theirs.get("f", {}).items()
        if repr(change["old"]) == repr(change["new"])  # DVC takes NaN for a change of NaN
    }
    assert changed >= theirs.get("f", {}).keys() - same_number


def test_keys_choose_parameters() -> None:
    """A key names a value or all below it; one that is not there names nothing."""
    value = {"a": {"b": 1, "c": {"d": [1]}}, "x": 2}
    assert params_in(value, ("a.c", "x", "none", "x.y")) == {"a.c.d": "[1]", "x": "2"}


def test_values_without_a_text_in_yaml_have_one() -> None:
    """A time of day in TOML, and half of a surrogate pair in JSON, can be shown."""
    assert params_in(parse_result("a.toml", b"a = 10:00:00")) == {"a": "10:00:00"}
    found = params_in(parse_result("a.json", b'{"a": "\\ud800"}'))
    assert list(found) == ["a"]


def test_it_reads_as_dvc_does() -> None:
    """The same values as DVC's own parsers give."""
    text = "a: 1e3\nb: 0o17\nc: 1_000\nd: ~\ne: 12:30\nf: .inf\ng: on\n"
    assert parse_result("m.yaml", text.encode()) == parse_yaml(text, "m.yaml")
    toml = "a = 1_000\n[b.c]\nd = [1, 2]\ne = 1e3\n"
    assert parse_result("m.toml", toml.encode()) == parse_toml(toml, "m.toml")
    assert yaml.safe_load("a: 1e3") == {"a": "1e3"}
    assert LONGEST_VALUE == 500
