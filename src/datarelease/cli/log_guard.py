"""Standard streams of a step on GitHub Actions, in which text cannot be a command to the runner.

The runner obeys lines of a step's output: those that begin with ``::name …::`` after blanks, and
``##[name …]`` anywhere in a line. Names and messages from data may hold both.

Source: ``actions/runner``, ``src/Runner.Common/ActionCommand.cs``. Its comparisons ignore
    characters without width, so these cannot separate the words and are shown instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TextIO

_LINE = re.compile(r"(^|[\r\n])((?:[^\S\r\n]|[\x00-\x09\x0e-\x1f\x7f-\x9f])*):(?=:)")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1a\x1c-\x1f\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


def harmless(text: str) -> str:
    r"""``text`` as it can stand in the log of a step.

    >>> harmless("a\n  ::error::b"), harmless("c ##[add-mask]d"), harmless("e::f")
    ('a\n  : :error::b', 'c ## [add-mask]d', 'e::f')
    """
    shown = _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return _LINE.sub(r"\1\2: ", shown).replace("##[", "## [")


class Guarded:
    """A text stream whose every write is made harmless."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream

    def write(self, text: str) -> int:
        """Write ``text``, made harmless."""
        self._stream.write(harmless(text))
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def guarded(stream: TextIO, env: Mapping[str, str]) -> TextIO | Guarded:
    """``stream``, guarded where ``env`` says that a runner reads it."""
    return Guarded(stream) if env.get("GITHUB_ACTIONS") == "true" else stream
