"""Runs the blocks of a page as a reader would, and compares what they print with what it shows.

Commands of ours and of DVC run in forks of a process that has them loaded (`tests.commands`); every
other line is given to bash.
"""

from __future__ import annotations

import contextlib
import difflib
import doctest
import io
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands import dvc, one_stream, start
from tests.docs.pages import Block

HOME = "/home/you"
"""What pages show for the home of the reader."""
_PLAIN = re.compile(r"(?:[\w=./:,@%+'\"~-]|&&|\s#.*|\s)+")
"""A line without anything that only a shell understands, but for `&&` and a comment at its end."""
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
_ANY = "..."


@dataclass
class Shell:
    """A terminal in a home: what is exported and where one stands is kept between blocks."""

    home: Path
    cwd: Path
    before: tuple[str, ...] = ()
    """Homes that it was copied from: what was made there names them."""
    env: dict[str, str] = field(default_factory=dict)
    printed: str = ""
    """What the last block printed."""
    names: dict[str, Any] = field(default_factory=dict)
    """The names that Python blocks defined."""
    _code: int = 0

    def run_block(self, block: Block) -> str | None:
        """Run a block; what is wrong with it, or None."""
        run = block.run
        if run.file is not None:
            target = self.cwd / os.path.expanduser(run.file)  # noqa: PTH111 - below the home of the test
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(self._here(block.source), encoding="utf-8")
            return None
        if run.output:
            return _difference(block.source, self._shown(self.printed))
        if block.language in {"python", "pycon"}:
            return self._python(block)
        if block.language in {"console", "bash", "sh", "shell"}:
            return self._console(block.source, run.exit)
        return f"a block of `{block.language}` cannot be run; give it file=PATH or output"

    def command(self, line: str) -> tuple[int, str]:
        """The exit code of a line, and what it prints on both streams."""
        line = self._here(line)
        if not _PLAIN.fullmatch(line):
            return self._bash(line)
        printed = ""
        for words in _commands(line):
            code, text = self._words(words)
            printed += text
            if code:
                return code, printed
        return 0, printed

    def setup(self, *lines: str) -> None:
        """Run lines that must succeed."""
        for line in lines:
            code, printed = self.command(line)
            assert code == 0, f"{line}: {code}\n{printed}"

    # --- one kind of block each

    def _console(self, source: str, wanted: int) -> str | None:
        entries = list(_entries(source))
        if not entries:
            return "it has no line that begins with `$ `"
        self.printed = ""
        for number, (line, expected) in enumerate(entries, 1):
            self._code, printed = self.command(line)
            self.printed += printed
            code = wanted if number == len(entries) else 0
            if self._code != code:
                return f"$ {line}\nended with {self._code}, not {code}:\n{self._shown(printed)}"
            if expected.strip() and (wrong := _difference(expected, self._shown(printed))):
                return f"$ {line}\n{wrong}"
        return None

    def _python(self, block: Block) -> str | None:
        stream, source = io.StringIO(), self._here(block.source)
        with contextlib.chdir(self.cwd), contextlib.redirect_stdout(stream):
            if source.lstrip().startswith(">>>"):
                flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
                test = doctest.DocTestParser().get_doctest(
                    source, self.names, block.page, block.page, block.line
                )
                told: list[str] = []
                doctest.DocTestRunner(optionflags=flags).run(
                    test, out=told.append, clear_globs=False
                )
                self.names |= test.globs
                return "".join(told) or None
            code = compile("\n" * block.line + source, block.page, "exec")
            exec(code, self.names)  # noqa: S102 - the project's own pages
        self.printed = stream.getvalue()
        return None

    # --- programs

    def _words(self, words: list[str]) -> tuple[int, str]:
        match words:
            case ["cd", *target]:
                return self._change_directory(self.cwd / (target[0] if target else self.home))
            case ["export", *values]:
                self.env |= dict(value.split("=", 1) for value in values)
                return 0, ""
            case ["datarelease", *arguments]:
                done = start(self.cwd, *arguments, env=self.env, prepare=one_stream).wait()
                return done.code, done.out + done.err
            case ["dvc", *arguments]:
                ended = dvc(self.cwd, *arguments, env={**os.environ, **self.env}, served=True)
                return ended.code, ended.out + ended.err
            case _:
                return self._bash(shlex.join(words))

    def _change_directory(self, target: Path) -> tuple[int, str]:
        if not target.is_dir():
            return 1, f"bash: cd: {target}: No such file or directory\n"
        self.cwd = target.resolve()
        return 0, ""

    def _bash(self, line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", f"(exit {self._code}); {line}"], cwd=self.cwd, check=False, text=True,
            env={**os.environ, **self.env}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, done.stdout

    def _here(self, source: str) -> str:
        """What a page says, with the home as it is here."""
        return source.replace(HOME, str(self.home))

    def _shown(self, printed: str) -> str:
        """What was printed, with the home as pages show it."""
        for home in (str(self.home), *self.before):
            printed = printed.replace(home, HOME)
        return printed


def _commands(line: str) -> Iterator[list[str]]:
    """The commands of a line that `&&` joins, each as its words; what follows a `#` is none."""
    words: list[str] = []
    lexer = shlex.shlex(line, posix=True, punctuation_chars="&")
    lexer.whitespace_split = True
    for word in lexer:
        if word == "&&":
            yield words
            words = []
        else:
            words.append(os.path.expanduser(word))  # noqa: PTH111 - `~` of the test's home
    yield words


def _entries(source: str) -> Iterator[tuple[str, str]]:
    """The command lines of a block, each with the lines that follow it.

    A line that ends with a backslash goes on in the next, a here-document goes on to its end.
    """
    command, expected, more = "", [""], ""
    for line in source.splitlines():
        if more:
            command += f"\n{line}"
            more = more if more != "\\" and line.strip() != more else ""
            more = "\\" if not more and line.endswith("\\") else more
        elif line.startswith("$ "):
            if command:
                yield command, "\n".join(expected)
            command, expected = line[2:], []
            found = _HEREDOC.search(command)
            more = found[1] if found else "\\" if command.endswith("\\") else ""
        else:
            expected.append(line)
    if command:
        yield command, "\n".join(expected)


def _difference(expected: str, printed: str) -> str | None:
    r"""How what was printed differs from what the page shows; None where it does not.

    >>> _difference("one\n...\nrow ... of 3", "one\n\ntwo\nrow 2 of 3  ")
    >>> print(_difference("one\ntwo", "one\nthree"))
      one
    - two
    + three
    """
    wanted, found = _lines(expected), _lines(printed)
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == _ANY
        else ".*?".join(re.escape(part) for part in line.split(_ANY)) + r"\n"
        for line in wanted
    )  # fmt: skip
    if re.fullmatch(pattern, "".join(f"{line}\n" for line in found)):
        return None
    return "\n".join(line for line in difflib.ndiff(wanted, found) if not line.startswith("?"))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
