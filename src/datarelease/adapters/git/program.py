"""The ``git`` program: started with an environment of its own, its failures explained."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.process import Completed, IdleError, capture
from datarelease.errors import ConfigError, WorldError
from datarelease.model.git_address import without_credentials
from datarelease.progress import TIMEOUT

REMOTE = "origin"
_PLACES = {
    "GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_WORK_TREE",
}  # fmt: skip
"""Set by git for its hooks; they would turn every call to the hook's repository and index."""
_LINES = 6
_DISK = tuple(os.strerror(number) for number in (errno.ENOSPC, errno.EDQUOT, errno.EIO))
"""Git's messages about the disk, in English; git has no codes for them."""
_TALKS = {"fetch", "ls-remote", "push"}
"""Calls that need an answer of the remote."""


class GitProgram:
    """``git`` in one directory."""

    def __init__(self, root: Path, *, env: Mapping[str, str], timeout: float = TIMEOUT) -> None:
        """Run in ``root`` with ``env``, in English, in UTC, and with paths taken as they are.

        A call that does nothing for ``timeout`` seconds is ended. A transfer in progress is never
        ended, since git then reads, writes or computes.
        """
        self.root = root
        self.timeout = timeout
        kept = {name: value for name, value in env.items() if name not in _PLACES}
        self.env = {**kept, "LC_ALL": "C", "TZ": "UTC", "GIT_LITERAL_PATHSPECS": "1"}

    def attempt(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> Completed:
        """How a call ended; ``index`` is used instead of the work tree's."""
        env = self.env if index is None else {**self.env, "GIT_INDEX_FILE": str(index)}
        try:
            return capture(
                ["git", *arguments], cwd=self.root, env=env, stdin=stdin, idle=self.timeout
            )
        except IdleError as error:
            raise self.silent(arguments) from error

    def output(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> str:
        """What a call that must succeed prints, as it is.

        Raises:
            ConfigError: It failed.
            WorldError: It made no progress, or a disk is full or broken.
        """
        done = self.attempt(*arguments, stdin=stdin, index=index)
        if done.code:
            raise failed(arguments[0], done.stderr)
        return done.stdout.decode("utf-8", "surrogateescape")

    def line(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> str:
        """The same without the last line end."""
        return self.output(*arguments, stdin=stdin, index=index).removesuffix("\n")

    def network(self, *arguments: str) -> str:
        """What a call that talks to the remote prints.

        Raises:
            WorldError: It failed.
        """
        done = self.attempt(*arguments)
        if done.code:
            raise self.unreachable(done.stderr)
        return done.stdout.decode("utf-8", "replace")

    def silent(self, arguments: Sequence[str]) -> WorldError:
        """The error for a call that made no progress."""
        name = next((word for word in arguments if word in _TALKS), None)
        limit = f"{self.timeout:g} seconds"
        if name is None:
            return WorldError(
                f"git {arguments[0]} made no progress for {limit} and was stopped.",
                untouched="Its work was not done.",
                remedy="Check the disk that the repository is on, then run the same command again.",
            )
        pushed = "It is not known whether the remote accepted the push."
        return WorldError(
            f"The git remote {REMOTE!r} ({self._address()}) was silent for {limit}; "
            f"git {name} was stopped.",
            untouched=pushed if name == "push" else "Nothing was changed.",
            remedy="Check the network and the server, then run the same command again. "
            "`release.timeout` in params.yaml sets the limit, in seconds.",
        )

    def _address(self) -> str:
        url = self.attempt("remote", "get-url", REMOTE).stdout.decode("utf-8", "replace")
        return one_line(url) or "no address"

    def unreachable(self, stderr: str) -> WorldError:
        """The error for a remote that refused or failed a request."""
        return WorldError(
            f"The git remote {REMOTE!r} ({self._address()}) did not do what was asked: "
            f"{one_line(stderr) or 'git gave no reason.'}",
            untouched="No tag was made.",
            remedy="Check its address, the network and your access to it, then run the same "
            "command again.",
        )


_AS_GIT_SAYS = "Correct what git names, then run the same command again."


def failed(command: str, stderr: str) -> WorldError | ConfigError:
    """The error for a call of git that must not fail, from what it wrote about it."""
    if any(words in stderr for words in _DISK):
        return WorldError(
            f"git {command} failed: {one_line(stderr)}",
            untouched="Nothing was pushed or tagged.",
            remedy="Free space on the disk of the repository and of the temporary directory "
            "(TMPDIR), then run the same command again.",
        )
    return ConfigError(f"git {command} failed: {one_line(stderr)}", remedy=_AS_GIT_SAYS)


def one_line(message: str) -> str:
    r"""A program's message on one line, without credentials in addresses.

    >>> one_line("fatal: no access to 'https://me:secret@host/x'\n\nPlease check.\n")
    "fatal: no access to 'https://host/x' · Please check."
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return without_credentials(" · ".join(lines[:_LINES]))


_NOT_ALL = 1
"""git-check-ignore's exit code when none of the paths is ignored."""


def ignored(root: Path, paths: Sequence[str], *, env: Mapping[str, str]) -> dict[str, str]:
    """Those of ``paths`` that git ignores and does not track, with the rule (``file:line: rule``).

    Raises:
        ConfigError: git failed.
    """
    # This one command refuses to take paths literally; a path beginning with ./ is not a
    # magic.
    plain = {name: value for name, value in env.items() if name != "GIT_LITERAL_PATHSPECS"}
    asked = "\0".join(f"./{path}" for path in paths).encode()
    command = ["git", "check-ignore", "-v", "-z", "--stdin"]
    done = capture(command, cwd=root, env=plain, stdin=asked, idle=TIMEOUT)
    if done.code > _NOT_ALL:
        raise ConfigError(
            f"git check-ignore failed: {one_line(done.stderr)}",
            untouched="Nothing was changed.",
            remedy=_AS_GIT_SAYS,
        )
    fields = done.stdout.decode("utf-8", "replace").split("\0")
    rules = [fields[at : at + 4] for at in range(0, len(fields) - 3, 4)]
    return {
        path.removeprefix("./"): f"{source}:{line}: {rule}"
        for source, line, rule, path in rules
        if not rule.startswith("!")
    }
