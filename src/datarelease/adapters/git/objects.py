"""Commits and tags made as objects, while branches, index and work tree stay as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from datarelease.adapters.git.program import GitProgram

_FALLBACK = "datarelease <datarelease@localhost>"
"""The committer if git has no configured name, as on a fresh runner."""


@dataclass(frozen=True)
class TreeFile:
    """A file as a tree of git holds it."""

    mode: str
    """``100644``, ``100755``, or ``120000`` for a symbolic link."""
    blob: str
    """Name of the object with its content; equal content has an equal name."""


Content = bytes | TreeFile | None
"""What a file becomes in a commit: these bytes, what another commit has, or nothing at all."""


class Tree:
    """The files of one revision: listed once, and contents read by one process for many files."""

    def __init__(self, git: GitProgram, revision: str) -> None:
        """List the files of ``revision`` below the directory of ``git``."""
        self._git = git
        self._contents: dict[str, bytes] = {}
        self.files: dict[str, TreeFile] = {}
        """By path; submodules are none."""
        for record in git.output("ls-tree", "-r", "-z", revision).split("\0"):
            head, _, path = record.partition("\t")
            if head:
                mode, kind, blob = head.split()
                if kind == "blob":
                    self.files[path] = TreeFile(mode, blob)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None where there is no such file."""
        self.load([path])
        file = self.files.get(path)
        return self._contents[file.blob] if file else None

    def load(self, paths: Iterable[str]) -> None:
        """Read the contents of those files among ``paths`` that were not read yet."""
        blobs = {self.files[path].blob for path in paths if path in self.files}
        self._contents |= read_objects(self._git, sorted(blobs - self._contents.keys()))


def read_objects(git: GitProgram, names: Iterable[str]) -> dict[str, bytes]:
    """The contents of objects, all read by one process (git-cat-file, "BATCH OUTPUT")."""
    wanted = "".join(f"{name}\n" for name in names)
    output = git.attempt("cat-file", "--batch", stdin=wanted.encode()).stdout if wanted else b""
    contents: dict[str, bytes] = {}
    place = 0
    while place < len(output):
        end = output.index(b"\n", place)
        name, _, size = output[place:end].decode().split()
        contents[name] = output[end + 1 : end + 1 + int(size)]
        place = end + 1 + int(size) + 1
    return contents


def commit_files(git: GitProgram, parent: str, files: Mapping[str, Content], message: str) -> str:
    """A new commit on ``parent`` with ``files`` (None: removed).

    Its dates are those of ``parent``, so that equal content gives an equal commit on every run.
    """
    tree = _tree(git, parent, files)
    when = git.line("log", "-1", "--no-show-signature", "--format=%cd", "--date=raw", parent)
    header = f"tree {tree}\nparent {parent}\n"
    header += f"author {_person(git, 'AUTHOR')} {when}\n"
    header += f"committer {_person(git, 'COMMITTER')} {when}\n"
    return _write(git, "commit", f"{header}\n{message}\n")


def tag_object(git: GitProgram, name: str, commit: str, message: str) -> str:
    """An annotated tag for ``commit``, made by the committer now; no ref names it."""
    header = f"object {commit}\ntype commit\ntag {name}\ntagger {_identity(git, 'COMMITTER')}\n"
    return _write(git, "tag", f"{header}\n{message}\n")


def _tree(git: GitProgram, parent: str, files: Mapping[str, Content]) -> str:
    prefix = git.line("rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory() as scratch:
        index = Path(scratch) / "index"
        git.line("read-tree", parent, index=index)
        made = _write_blobs(git, [data for data in files.values() if isinstance(data, bytes)])
        entries = []
        for path, content in sorted(files.items()):
            if content is None:
                entries.append(f"0 {'0' * len(parent)}\t{prefix}{path}")
            elif isinstance(content, TreeFile):
                entries.append(f"{content.mode} {content.blob}\t{prefix}{path}")
            else:
                entries.append(f"100644 {made[content]}\t{prefix}{path}")
        listed = "".join(f"{entry}\0" for entry in entries).encode("utf-8", "surrogateescape")
        git.line("update-index", "-z", "--index-info", stdin=listed, index=index)
        return git.line("write-tree", index=index)


def _write_blobs(git: GitProgram, contents: Iterable[bytes]) -> dict[bytes, str]:
    """The name of each content as an object, all written by one process."""
    different = list(dict.fromkeys(contents))
    if not different:
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch) / str(number) for number in range(len(different))]
        for path, content in zip(paths, different, strict=True):
            path.write_bytes(content)
        listed = "".join(f"{path}\n" for path in paths)
        # Without filters: a commit holds the bytes, whatever line ends somebody's settings want.
        names = git.line(
            "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed.encode()
        )
    return dict(zip(different, names.split("\n"), strict=True))


def _write(git: GitProgram, kind: Literal["commit", "tag"], content: str) -> str:
    data = content.encode("utf-8", "surrogateescape")
    return git.line("hash-object", "-t", kind, "-w", "--stdin", stdin=data)


def _identity(git: GitProgram, who: Literal["AUTHOR", "COMMITTER"]) -> str:
    """``Name <address> seconds zone``, now."""
    done = git.attempt("var", f"GIT_{who}_IDENT")
    if done.code == 0:
        return done.stdout.decode("utf-8", "surrogateescape").strip()
    return f"{_FALLBACK} {int(datetime.now(UTC).timestamp())} +0000"


def _person(git: GitProgram, who: Literal["AUTHOR", "COMMITTER"]) -> str:
    """``Name <address>``."""
    return _identity(git, who).rpartition(">")[0] + ">"
