"""Recorded runs of commands, as pages show them.

Tests run the commands and hold these files to what they print (`tests/goldens.py`): golden files of
the tests, and files in docs/transcripts that exist for the pages alone.
"""

from __future__ import annotations

import re

from generators.markdown import ROOT

_GOLDEN = "tests/golden"
_OWN = "docs/transcripts"
_FOLDER = re.compile(r"/tmp/golden-X+")  # noqa: S108 - what tests/goldens.py writes
_HOME = "/home/ada"
_CODE = re.compile(r"exit code (\d+)\n\n?")
RECORDED = {
    "list": f"{_GOLDEN}/versions/read/list.txt",
    "show": f"{_GOLDEN}/versions/read/show-data-v2.txt",
    "diff": f"{_GOLDEN}/versions/read/diff-data-v1-data-v2.txt",
    "changelog": f"{_GOLDEN}/versions/changelog.txt",
    "verify": f"{_GOLDEN}/versions/lost/verify.txt",
    "check": f"{_GOLDEN}/versions/first/check.txt",
    "validate": f"{_GOLDEN}/versions/blocked/validate.txt",
    "release": f"{_GOLDEN}/versions/second/release.txt",
    "trim": f"{_GOLDEN}/versions/trim/trim.txt",
}
"""The golden files that are shown, by the command."""


def place(slug: str) -> str:
    """The file with the run of a command, from the top of the repository."""
    return RECORDED.get(slug, f"{_OWN}/{slug}.txt")


def transcript(slug: str) -> str:
    """The command that was typed and what it printed, with an error at the end."""
    return _CODE.sub("", _text(slug), count=1)


def exit_code_of(slug: str) -> int:
    """The exit code of the run."""
    found = _CODE.search(_text(slug))
    return int(found[1]) if found else 0


def _text(slug: str) -> str:
    text = (ROOT / place(slug)).read_text(encoding="utf-8")
    lines = [line.rstrip() for line in _FOLDER.sub(_HOME, text).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
