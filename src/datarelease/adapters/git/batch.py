"""Objects of git by name, read by one process that lives as long as it is asked (git-cat-file)."""

from __future__ import annotations

import os
import re
import select
import tempfile
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import IO, Any

from datarelease.adapters.git.program import GitProgram, failed
from datarelease.adapters.process import begin, end, watch_activity

_FOUND = re.compile(rb"([0-9a-f]{40,64}) (\w+) (\d+)", re.ASCII)
_CHUNK = 1 << 20
_AT_ONCE = 50
"""Names that git is asked for at a time: they fit into a pipe, however little git has read."""
_LOOK = 1.0
"""Seconds between two observations of a process that does not answer."""


@dataclass(frozen=True)
class GitObject:
    """An object as git has it."""

    name: str
    """Its hash."""
    kind: str
    """``blob``, ``tree``, ``commit`` or ``tag``."""
    content: bytes


class ObjectReader:
    """The objects of one repository, read by one ``git cat-file --batch``.

    The process begins with the first question and ends with this object, or with ``close``. Names
    are looked up anew each time, so refs may move and objects may be added meanwhile.
    """

    def __init__(self, git: GitProgram) -> None:
        """Ask in the directory of ``git``, to which paths (``REVISION:./PATH``) are relative."""
        self._git = git
        self._lock = Lock()
        self._process: Any = None
        self._errors: IO[bytes] | None = None
        self._told = 0
        self._end: Callable[[], object] = lambda: None
        self._pending = b""
        self._output = select.poll()

    def read(self, name: str) -> GitObject | None:
        """The object that ``name`` means (gitrevisions), or None where there is none.

        Raises:
            ConfigError: git cannot read it.
            WorldError: The disk does not answer.
        """
        return self._single(name) if "\n" in name else self._several([name])[0]

    def read_all(self, names: Sequence[str]) -> list[GitObject | None]:
        """The objects of ``names``, such as hashes, in their order; None where there is none.

        Many are asked for at a time, so that git need not wait for the next question.

        Raises:
            ConfigError, WorldError: As `read`.
        """
        found: list[GitObject | None] = []
        while len(found) < len(names):
            found += self._several(names[len(found) : len(found) + _AT_ONCE])
        return found

    def _several(self, names: Sequence[str]) -> list[GitObject | None]:
        """What the first of ``names`` mean: all of them, unless the process ends."""
        with self._lock:
            if self._process is None:
                self._begin()
            found: list[GitObject | None] = []
            try:
                questions = "".join(f"{name}\n" for name in names)
                self._process.stdin.write(questions.encode("utf-8", "surrogateescape"))
                while len(found) < len(names) and self._process is not None:
                    found.append(self._answer())
            except BrokenPipeError:
                self._ended()
                return [None]
            except BaseException:
                # A question without its answer: the next one would get it.
                self.close()
                raise
            return found

    def close(self) -> None:
        """End the process; the next question begins another one."""
        self._end()
        self._process, self._pending = None, b""

    def _begin(self) -> None:
        self._told = 0
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        command = ["git", "cat-file", "--batch"]
        self._process = begin(command, cwd=self._git.root, env=self._git.env, errors=self._errors)
        self._end = weakref.finalize(self, _end, self._process, self._errors)
        self._output = select.poll()
        self._output.register(self._process.stdout, select.POLLIN)

    def _answer(self) -> GitObject | None:
        """What git says of the next name that it was asked for."""
        while b"\n" not in self._pending:
            if not self._more():
                self._ended()
                return None
        head, _, self._pending = self._pending.partition(b"\n")
        found = _FOUND.fullmatch(head)
        if found is None:
            # Of an object that is damaged git says that it is missing, and here what it found.
            stderr = self._new_errors()
            if stderr.startswith(("error: ", "fatal: ")):
                raise failed("cat-file", stderr)
            return None
        size = int(found[3]) + 1  # a line end comes after the content
        parts, there = [self._pending], len(self._pending)
        while there < size:
            self._pending = b""
            if not self._more():
                self._ended()
                return None
            parts.append(self._pending)
            there += len(self._pending)
        whole = b"".join(parts)
        self._pending = whole[size:]
        return GitObject(found[1].decode(), found[2].decode(), whole[: size - 1])

    def _more(self) -> bool:
        """Wait for output; False: the process has ended."""
        step, watch = min(_LOOK, self._git.timeout / 4), None
        while not self._output.poll(step * 1000):
            watch = watch or watch_activity(self._process.pid)
            if watch.idle_seconds() >= self._git.timeout:
                raise self._git.silent(["cat-file"])
        read = os.read(self._process.stdout.fileno(), _CHUNK)
        self._pending += read
        return bool(read)

    def _ended(self) -> None:
        """The process has ended by itself: there is no repository, or git cannot read an object."""
        self._process.wait()
        stderr = self._new_errors()
        self.close()
        if self._git.attempt("rev-parse", "--git-dir").code == 0:
            raise failed("cat-file", stderr)

    def _new_errors(self) -> str:
        """What the process wrote about failures since the last look."""
        if self._errors is None:
            return ""
        self._errors.seek(self._told)
        told = self._errors.read()
        self._told += len(told)
        return told.decode("utf-8", "replace")

    def _single(self, name: str) -> GitObject | None:
        """The same for a name of several lines, which the batch cannot be asked for."""
        found = self._git.attempt("rev-parse", "--verify", "-q", "--end-of-options", name)
        return self.read(found.stdout.decode().strip()) if found.code == 0 else None


def _end(process: Any, errors: IO[bytes]) -> None:
    end(process)
    errors.close()
