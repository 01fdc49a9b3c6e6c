"""Plays a page as a reader would: its commands are typed, its edits made, its outputs compared.

Blocks whose comment says ``checked: `` and the path of the test are played, from top to bottom, in
one place. ``console`` is a shell: a line that begins with ``$`` is a command, what follows it is
what it prints, and ``$ echo $?`` is for commands that fail. ``diff`` is an edit of the file that
its first line names, ``pycon`` a Python prompt; any other language is the content of the file that
the second word of the block names.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from tests import commands

_MARK = re.compile(r"<!-- checked: (?P<test>\S+) -->\s*")
_PROMPT, _MORE = "$ ", "> "
_ANY = "..."
_SHELL = re.compile(r"[$|;<>`]")
"""What only a shell understands."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block."""

    language: str
    name: str
    """What stands behind the language."""
    text: str
    line: int
    """In the page."""
    section: str
    """The heading of the second level that it stands under; empty above the first one."""


def marked_blocks(page: Path, test: str) -> Iterator[Block]:
    """The blocks of a page that say that ``test`` checks them."""
    before, section = "", ""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    for token, following in zip(tokens, (*tokens[1:], tokens[-1]), strict=True):
        if token.type == "heading_open" and token.tag == "h2":
            section = following.content
        if token.type == "fence":
            mark = _MARK.fullmatch(before)
            if mark and mark["test"] == test:
                language, _, name = token.info.partition(" ")
                line = token.map[0] + 1 if token.map else 0
                yield Block(
                    language=language, name=name, text=token.content, line=line, section=section
                )
        if token.block and token.type != "inline":
            before = token.content if token.type == "html_block" else ""


def typed(text: str) -> Iterator[tuple[str, str]]:
    r"""Each command of a console with what it is expected to print.

    >>> list(typed("$ a\nb\n$ c \\\n>   d\n"))
    [('a', 'b\n'), ('c   d', '')]
    """
    command, expected = "", ""
    for line in text.splitlines():
        if command.endswith("\\") and line.startswith(_MORE):
            command = command[:-1] + line.removeprefix(_MORE)
        elif line.startswith(_PROMPT):
            if command:
                yield command, expected
            command, expected = line.removeprefix(_PROMPT), ""
        else:
            expected += line + "\n"
    if command:
        yield command, expected


def agrees(printed: str, expected: str) -> bool:
    r"""Whether ``printed`` is what a page shows; ``...`` stands for any text.

    On a line of its own it stands for any lines, none included. Blanks at the ends of lines, and
    how many there are together, do not count.

    >>> agrees("a  b\nc\nd", "a b\n...\nd\n"), agrees("at 12:00", "at ..."), agrees("a", "b")
    (True, True, False)
    """
    lines = [" ".join(line.split()) for line in expected.strip().splitlines()]
    pattern = ""
    for line in lines:
        if line == _ANY:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.split(_ANY))) + "\n"
    text = "".join(" ".join(line.split()) + "\n" for line in printed.strip().splitlines())
    return re.fullmatch(pattern, text) is not None


@dataclass
class Session:
    """Where the reader stands, and what was set."""

    place: Path
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Addresses on pages that only the test knows: of a server, say."""
    env: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    """What was defined at the Python prompt."""
    _code: int = 0

    def play(self, page: Path, test: str, section: str | None = None) -> int:
        """Do what the page, or one section of it, says; how many blocks were played."""
        count = 0
        for block in marked_blocks(page, test):
            if section is not None and block.section != section:
                continue
            self._do(block, f"{page.name}:{block.line}")
            count += 1
        assert self._code == 0, f"{page.name}: the last command ended with {self._code}"
        return count

    def _do(self, block: Block, where: str) -> None:
        if block.language == "console":
            for command, expected in typed(self._told(block.text)):
                self._type(command, expected, where)
        elif block.language == "pycon":
            self._python(self._told(block.text), where)
        elif block.language == "diff":
            self._edit(self._told(block.text), where)
        else:
            assert block.name, f"{where}: no file is named"
            target = self.place / block.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self._told(block.text), encoding="utf-8")

    def _told(self, text: str) -> str:
        for shown, real in self.replaced.items():
            text = text.replace(shown, real)
        return text

    def _type(self, command: str, expected: str, where: str) -> None:
        words = shlex.split(command, comments=True)
        if words == ["echo", "$?"]:
            printed, self._code = f"{self._code}\n", 0
        else:
            assert self._code == 0, (
                f"{where}: the command before `{command}` ended with {self._code}"
            )
            printed = self._run(command, words)
        assert agrees(printed, expected), (
            f"{where}: $ {command}\n{printed}\n-- expected\n{expected}"
        )

    def _run(self, command: str, words: list[str]) -> str:
        match [] if _SHELL.search(command) else words:
            case ["cd", folder]:
                self.place = (self.place / folder).resolve()
                assert self.place.is_dir(), self.place
                return ""
            case ["export", *settings]:
                self.env |= dict(setting.split("=", 1) for setting in settings)
                return ""
            case ["datarelease", *arguments]:
                done = commands.run(self.place, *arguments, code=None, env=self.env)
                self._code = done.code
                return done.out or (done.err if done.code else "")
            case ["dvc", *arguments]:
                env = {**os.environ, **self.env}
                done = commands.dvc(self.place, *arguments, env=env, served=True)
                self._code = done.code
                return done.out or (done.err if done.code else "")
        shell = subprocess.run(
            ["bash", "-c", command], cwd=self.place, env={**os.environ, **self.env},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self._code = shell.returncode
        return shell.stdout + (shell.stderr if shell.returncode else "")

    def _edit(self, text: str, where: str) -> None:
        name, *lines = text.splitlines()
        target = self.place / name.removeprefix("--- ")
        old = "\n" + "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        new = "\n" + "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        content = "\n" + target.read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{where}: {name} has {content.count(old)} times{old}"
        target.write_text(content.replace(old, new)[1:], encoding="utf-8")

    def _python(self, text: str, where: str) -> None:
        flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        test = doctest.DocTestParser().get_doctest(text, self.names, where, where, 0)
        said: list[str] = []
        with contextlib.chdir(self.place):
            doctest.DocTestRunner(optionflags=flags).run(test, out=said.append, clear_globs=False)
        assert not said, "".join(said)
        self.names = test.globs
