"""Runs one command of datarelease in this process and records what it does, for `measure`.

``python -m tests.tools.probe RESULT.json ARGUMENTS…`` runs ``datarelease ARGUMENTS…`` and writes
what it did to RESULT.json, however the command ends.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

import dvc.repo
import ruamel.yaml.main
import yaml.cyaml
import yaml.reader

SOURCE = Path(__file__).resolve().parents[2] / "src"
PLUMBING = (
    "datarelease.adapters.process",
    "datarelease.adapters.git.program",
    "datarelease.adapters.strict_yaml",
)
"""Through these all programs are started and files parsed: of interest is who calls them."""
DEPTH = 4
"""Frames of ours that are named for each git process."""


class Record:
    """What the command has done so far."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.git: list[tuple[list[str], list[str]]] = []
        self.yaml: list[tuple[str, str]] = []
        self.opened: list[str] = []
        self.calls: Counter[str] = Counter()
        self._names: dict[Any, str | None] = {}

    def profile(self, frame: FrameType, event: str, _: object) -> None:
        """Count a function of ours; a profile function as `sys.setprofile` takes it."""
        if event == "call":
            code = frame.f_code
            if code not in self._names:
                self._names[code] = _name(frame)
            name = self._names[code]
            if name is not None:
                self.calls[name] += 1

    def program(self, arguments: Any) -> None:
        """A program is being started."""
        if isinstance(arguments, list) and Path(str(arguments[0])).name == "git":
            self.git.append(([str(part) for part in arguments[1:]], _callers()))

    def document(self, content: Any) -> None:
        """A YAML document is being parsed."""
        data = content.encode() if isinstance(content, str) else bytes(content)
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        self.yaml.append((blob, " < ".join(_callers()[:3])))

    def written(self, target: Path) -> None:
        """The record as a JSON file."""
        shown = {"git": self.git, "yaml": self.yaml, "opened": self.opened, "calls": self.calls}
        target.write_text(json.dumps(shown), encoding="utf-8")


def _name(frame: FrameType) -> str | None:
    """``module:function`` where the function is ours, and not the body of a module."""
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(SOURCE) or frame.f_code.co_name == "<module>":
        return None
    return f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}"


def _callers() -> list[str]:
    """Our functions on the stack, innermost first, without those that start every program."""
    found: list[str] = []
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        name = _name(frame)
        if name is not None and name.partition(":")[0] not in PLUMBING:
            found.append(f"{name.removeprefix('datarelease.')}:{frame.f_lineno}")
        frame = frame.f_back
    return found[:DEPTH]


def _before(original: Callable[..., Any], look: Callable[..., Any]) -> Any:
    """``original``, whose first argument ``look`` sees, and may replace, before each call."""

    @wraps(original)
    def wrapped(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
        return original(self, look(first), *args, **kwargs)

    return wrapped


def instrument(record: Record) -> None:
    """Have every start of a program, parse of YAML and opening of DVC recorded."""

    def program(arguments: Any) -> Any:
        record.program(arguments)
        return arguments

    def document(stream: Any) -> Any:
        if hasattr(stream, "read"):
            stream = stream.read()
        elif isinstance(stream, Path):
            stream = stream.read_bytes()
        record.document(stream)
        return io.BytesIO(stream) if isinstance(stream, bytes) else stream

    compiled = yaml.cyaml.CParser  # type: ignore[attr-defined] # untyped

    class Counted(compiled):  # type: ignore[misc,valid-type] # untyped
        __init__ = _before(compiled.__init__, document)

    opened = dvc.repo.Repo.__init__

    @wraps(opened)
    def opening(self: Any, *args: Any, **kwargs: Any) -> None:
        record.opened.append(" < ".join(_callers()[:2]))
        opened(self, *args, **kwargs)

    yaml.cyaml.CParser = Counted  # type: ignore[attr-defined]
    for owner, name, look in (
        (subprocess.Popen, "__init__", program),
        (yaml.reader.Reader, "__init__", document),
        (ruamel.yaml.main.YAML, "load", document),
    ):
        setattr(owner, name, _before(getattr(owner, name), look))
    dvc.repo.Repo.__init__ = opening
    threading.setprofile(record.profile)
    sys.setprofile(record.profile)


def main() -> None:
    """Run the command of the command line."""
    target = Path(sys.argv[1])
    sys.argv = ["datarelease", *sys.argv[2:]]
    record = Record()
    instrument(record)
    from datarelease.cli import main as command

    try:
        command()
    finally:
        sys.setprofile(None)
        record.written(target)


if __name__ == "__main__":
    main()
