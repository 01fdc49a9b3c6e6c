"""How the blocks of pages are run: what passes for the same output, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import Block
from tests.docs.shell import Shell


def block(source: str, *, language: str = "console", text: str = "empty") -> Block:
    """A block of a page."""
    return Block(page="docs/x.md", line=7, language=language, source=source, kind="run", text=text)


@pytest.fixture
def shell(home: Path) -> Shell:
    """A terminal in an empty home."""
    return Shell(home=home, cwd=home)


@pytest.mark.parametrize(
    "source",
    [
        "$ echo one; echo two   # both\none\ntwo\n",
        "$ echo one; echo two\n...\ntwo\n",
        "$ echo one; echo two\non...\n...\n",
        "$ echo one; echo two\n",
        "$ mkdir -p a/b && cd a/b && pwd\n/home/you/a/b\n",
        "$ cat <<EOF\n$ x\ny\nEOF\n...\ny\n",
        "$ echo a \\\n    b\na b\n",
        "$ export A=1\n$ echo $A\n1\n",
    ],
)
def test_output_that_is_the_same_passes(shell: Shell, source: str) -> None:
    """Lines of dots stand for any lines, dots in a line for any text; no lines ask for nothing."""
    assert shell.run_block(block(source)) is None


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("$ echo one\ntwo\n", "- two\n+ one"),
        ("$ echo one; echo two\none\n", "+ two"),
        ("$ echo one\n...\none\ntwo\n", "- two"),
        ("$ false\n", "ended with 1, not 0"),
        ("$ false && echo x\n$ true\n", "ended with 1, not 0"),
        ("$ cd away\n", "No such file or directory"),
        ("true\n", "no line that begins with"),
    ],
)
def test_output_that_differs_is_told(shell: Shell, source: str, wrong: str) -> None:
    """The message has the lines of both, or the exit code."""
    assert wrong in str(shell.run_block(block(source)))


def test_a_command_of_ours_prints_what_a_terminal_shows(shell: Shell) -> None:
    """Both streams are one; the exit code that the block expects must come."""
    source = "$ datarelease list\nerror: /home/you is not inside a DVC repository...\n...\n"
    assert shell.run_block(block(source, text="empty exit=2")) is None
    assert "ended with 2, not 0" in str(shell.run_block(block(source)))


def test_python_blocks_share_their_names_and_their_output_can_be_shown(shell: Shell) -> None:
    """A block sees what the one before defined; the next may show what was printed."""
    assert shell.run_block(block("x = 41\n", language="python")) is None
    assert shell.run_block(block(">>> x + 1\n42\n>>> y = 1\n", language="python")) is None
    wrong = shell.run_block(block(">>> x + 2\n44\n", language="python"))
    assert "Expected:\n    44\nGot:\n    43" in str(wrong)
    assert shell.run_block(block("print(x, y)\n", language="python")) is None
    assert shell.run_block(block("41 1\n", language="text", text="empty output")) is None
    assert "- 42" in str(shell.run_block(block("42\n", language="text", text="empty output")))


def test_a_block_can_be_written_to_a_file(shell: Shell, home: Path) -> None:
    """What it says is in the file that its comment names."""
    written = block("a: 1\n", language="yaml", text="empty file=deep/params.yaml")
    assert shell.run_block(written) is None
    assert (home / "deep/params.yaml").read_text(encoding="utf-8") == "a: 1\n"
    assert "cannot be run" in str(shell.run_block(block("a: 1\n", language="yaml")))
