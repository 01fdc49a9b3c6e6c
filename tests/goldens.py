"""Golden files: what the tool writes, kept in tests/golden/ and compared byte for byte.

Everything that could differ between two machines is fixed here: dates of commits and tags, the
width of the terminal, language, time zone, and the versions of the tools that a manifest records.
Two things cannot be fixed and are replaced in what is compared: the name of the directory that a
story plays in, by one of the same length; and the SHA-256 of a manifest, which names that directory
as its remote, by the SHA-256 of the manifest as it is compared. Of standard error, an error is
compared, and progress is not.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.metadata
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands import Done, run
from tests.project import Project

GOLDEN = Path(__file__).parent / "golden"
TRANSCRIPTS = Path(__file__).parents[1] / "docs" / "transcripts"
"""Runs of commands that the reference shows beside golden files; kept and compared as those are."""
MOST = 430_000
"""Bytes that all golden files may have together."""
SHOWN = 60
"""Lines of differences that a failure shows."""
UPDATE = "--update-golden"
ROOT = "/tmp/golden-"  # noqa: S108 - a name of the same length on every machine, made by mkdtemp


@contextmanager
def playground() -> Iterator[Path]:
    """A directory for a story; its name is as long as any other's, for the columns of tables."""
    folder = Path(tempfile.mkdtemp(dir=Path(ROOT).parent, prefix=Path(ROOT).name))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def environment(hour: int = 0) -> dict[str, str]:
    """What fixes the output of all programs; commits and tags are made ``hour`` hours later."""
    date = f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00+00:00"
    return {
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "TZ": "Asia/Kathmandu",
        "DATARELEASE_REF": "v1.2.3",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }


def fixed_versions() -> None:
    """Give every tool that datarelease asks about the version 1.2.3, in this process."""
    original = importlib.metadata.Distribution.from_name

    def from_name(name: str) -> Any:
        caller = sys._getframe(3).f_globals.get("__name__", "")
        if caller.partition(".")[0] == "datarelease":
            return _Fixed()
        return original(name)

    importlib.metadata.Distribution.from_name = from_name  # type: ignore[method-assign]


class _Fixed:
    version = "1.2.3"


@dataclass
class Golden:
    """The files of one story, by name, compared with ``tests/golden/STORY`` at its end."""

    story: str
    root: Path
    """The directory that the story plays in, from `playground`."""
    update: bool = False
    """Write the golden files instead of comparing with them."""
    folder: Path = GOLDEN
    files: dict[str, bytes] = field(default_factory=dict)
    shown: dict[str, bytes] = field(default_factory=dict)
    """Files of docs/transcripts that this story makes."""
    names: dict[str, str] = field(default_factory=dict)
    """Names that differ between two runs, such as a topic's, and what stands for them."""
    hashes: dict[bytes, bytes] = field(default_factory=dict)
    """Of manifests: as they are, and as they are compared."""

    def add(self, name: str, content: str | bytes) -> None:
        """Keep a file."""
        assert name not in self.files, f"{name} is there already"
        self.files[name] = self._without_root(content)

    def add_manifest(self, name: str, content: bytes) -> None:
        """Keep a manifest, whose hash may be in other files."""
        self.add(name, content)
        before, after = (hashlib.sha256(data).hexdigest() for data in (content, self.files[name]))
        self.hashes[before.encode()] = after.encode()

    def run(
        self,
        project: Project,
        *arguments: str,
        name: str = "",
        code: int = 0,
        env: dict[str, str] | None = None,
    ) -> Done:
        """Run a command; with ``name``, keep the command, its exit code and what it prints."""
        done = run(project, *arguments, code=code, env=env, prepare=fixed_versions)
        if name:
            self.add(name, recorded(done, " ".join(arguments)))
        return done

    def show(
        self,
        project: Project | Path,
        *arguments: str,
        name: str = "",
        code: int = 0,
        env: dict[str, str] | None = None,
    ) -> Done:
        """Run a command and keep it for the reference, as the command ``name`` or its own."""
        done = run(project, *arguments, code=code, env=env, prepare=fixed_versions)
        self.keep_shown(name or arguments[0], recorded(done, shlex.join(arguments)))
        return done

    def keep_shown(self, name: str, text: str) -> None:
        """Keep a run for the reference."""
        assert name not in self.shown, f"{name} is there already"
        for found, plain in self.names.items():
            text = text.replace(found, plain)
        self.shown[name] = self._without_root(text)

    def keep_document(self, name: str, text: str | bytes) -> None:
        """Keep a document for the reference, whose schema is called ``name``."""
        self.keep_shown(f"documents/{name}.json", text if isinstance(text, str) else text.decode())

    def compare_shown(self) -> None:
        """Compare the runs that the reference shows, where the story has no golden files."""
        lines = self.finish_shown()
        assert self.update or not lines, "\n".join(lines[:SHOWN])

    def finish_shown(self) -> list[str]:
        """Write the runs that the reference shows, or say where they differ."""
        lines = []
        for name, data in sorted(self.shown.items()):
            place = TRANSCRIPTS / (name if Path(name).suffix else f"{name}.txt")
            if self.update:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
            before = place.read_bytes() if place.exists() else b""
            if before != data:
                lines += _difference(f"docs/transcripts/{name}.txt", before, data)
        return lines

    def _without_root(self, content: str | bytes) -> bytes:
        data = content.encode() if isinstance(content, str) else content
        root = str(self.root)
        return data.replace(root.encode(), (ROOT + "X" * (len(root) - len(ROOT))).encode())

    def finish(self) -> None:
        """Compare with the golden files, or write them."""
        for before, after in self.hashes.items():
            self.files = {name: data.replace(before, after) for name, data in self.files.items()}
            self.shown = {name: data.replace(before, after) for name, data in self.shown.items()}
        place = self.folder / self.story
        kept = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
        lines = self.finish_shown()
        if self.update:
            for path in kept.values():
                path.unlink()
            for name, data in self.files.items():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(data)
            return
        for name in sorted(kept.keys() | self.files.keys()):
            before = kept[name].read_bytes() if name in kept else b""
            after = self.files.get(name, b"")
            if name not in kept or name not in self.files or before != after:
                lines += _difference(f"{self.story}/{name}", before, after)
        if lines:
            left = f"\n... and {len(lines) - SHOWN} more lines" if len(lines) > SHOWN else ""
            shown = "\n".join(line[:200] for line in lines[:SHOWN])
            raise AssertionError(
                f"What is written differs from tests/golden/{self.story}:\n{shown}{left}\n"
                f"If CHANGELOG.md names this change, write the files again with {UPDATE}."
            )


def recorded(done: Done, typed: str) -> str:
    """A command as it was typed, its exit code, its output, and its error without progress."""
    _, mark, error = done.err.partition("error: ")
    failed = f"\n{mark}{error}" if done.code else ""
    return f"$ datarelease {typed}\nexit code {done.code}\n\n{done.out}{failed}"


def _difference(name: str, before: bytes, after: bytes) -> list[str]:
    """The lines that differ, with one line around them."""
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (before, after))
    found = difflib.unified_diff(old, new, f"golden/{name}", "now", n=1, lineterm="")
    return list(found) or [f"{name}: line ends differ, or the file is empty or gone"]
