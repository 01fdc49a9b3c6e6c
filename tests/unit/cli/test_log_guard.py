"""Text printed in a step of a workflow gives the runner no orders."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from datarelease.cli.console import ConsoleProgress, results, show, show_error
from datarelease.cli.log_guard import Guarded, guarded, harmless
from datarelease.cli.plain_output import show_json
from datarelease.errors import ConfigError

ORDERS = [
    "::error::x", "  ::add-mask::x", "\t::set-output name=a::b", "a\n::error::x", "a\r::error::x",
    "a\r\n \u00a0::error::x", "##[add-mask]x", "text ##[error]x", "\u200b::error::x",
    ":\u200b:error::x", "#\u200b#[error]x", "\ufeff::error::x", ":::error::x", "\x0b::error::x",
    "\u2028::error::x", "\x1b::error::x", "\x00::error::x", "\u3000::error::x",
]  # fmt: skip


def obeyed(log: str) -> list[str]:
    """Lines in which the runner would look for a command, as its source reads them.

    Its comparisons pass over characters without width.
    """
    lines = re.split(r"\r\n|\r|\n", log)
    bare = [
        re.sub("[\u00ad\u200b-\u200f\u2060-\u206f\ufeff\x00-\x08\x0e-\x1f]", "", x) for x in lines
    ]
    return [line for line in bare if line.strip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("text", ORDERS)
def test_no_order_survives(text: str) -> None:
    """At the start of a line after blanks, or anywhere in it, visible or not."""
    assert obeyed(text)
    assert obeyed(harmless(text)) == []


@given(st.text(alphabet=st.sampled_from(":#[]ab \n\r\t\u200b\x1b\ufeff\u2028%")))
def test_no_text_is_an_order(text: str) -> None:
    """However it is put together."""
    assert obeyed(harmless(text)) == []


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=20))
def test_other_text_stays_as_it_is(text: str) -> None:
    """What can be no order is not changed."""
    if not text.startswith("::") and "##[" not in text:
        assert harmless(text) == text


def test_only_a_runner_is_guarded_against() -> None:
    """On a laptop text is printed as it is."""
    stream = io.StringIO()
    assert guarded(stream, {}) is stream
    assert isinstance(guarded(stream, {"GITHUB_ACTIONS": "true"}), Guarded)


@pytest.mark.parametrize("text", ORDERS)
def test_everything_that_prints_is_guarded(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Results, errors, progress: one place for all."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    show(text, Text(text))
    results().print(text)
    show_error(ConfigError(text, untouched=text, remedy=text))
    ConsoleProgress().say(text)
    done = capsys.readouterr()
    assert obeyed(done.out + done.err) == []


def test_json_stays_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine reads the same values; the runner sees no order in them."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    value: dict[str, Any] = {text: [text] for text in ORDERS}
    show_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert not re.search(r"(?m)^\s*::|##\[", out)
