"""A page that is not true is told: what plays pages cannot overlook it."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from tests import sessions
from tests.sessions import Session

TEST = "tests/examples/test_sessions.py"


def page(folder: Path, block: str, test: str = TEST) -> Path:
    """A page with one block."""
    path = folder / "page.md"
    path.write_text(f"# A page\n\n<!-- checked: {test} -->\n{block}\n", encoding="utf-8")
    return path


def test_examples_of_how_outputs_are_compared_hold() -> None:
    """The examples in the module that plays pages are what it does."""
    assert doctest.testmod(sessions).failed == 0


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ echo a\nb\n```",
        "```console\n$ false\n```",
        "```console\n$ false\n$ true\n```",
        "```console\n$ false\n$ echo $?\n0\n```",
        "```pycon\n>>> 1 + 1\n3\n```",
        "```diff\n--- page.md\n-not there\n+there\n```",
        "```yaml\na: 1\n```",
    ],
)
def test_a_block_that_is_not_true_fails(tmp_path: Path, block: str) -> None:
    """Another output, another exit code, an edit of what is not there, a file without a name."""
    with pytest.raises(AssertionError):
        Session(tmp_path).play(page(tmp_path, block), TEST)


def test_a_block_that_is_true_is_played(tmp_path: Path) -> None:
    """A file is written, an edit is made, a command reads both; other tests' blocks are left."""
    blocks = (
        "```yaml a.yaml\na: 1\nb: 2\n```\n\n<!-- checked: {} -->\n"
        "```diff\n--- a.yaml\n-a: 1\n+a: 3\n b: 2\n```\n\n<!-- checked: {} -->\n"
        "```console\n$ cat a.yaml\na: 3\n...\n$ false\n$ echo $?\n1\n```\n\n"
        "<!-- checked: tests/another.py -->\n```console\n$ false\n```"
    )
    assert Session(tmp_path).play(page(tmp_path, blocks.replace("{}", TEST)), TEST) == 3
