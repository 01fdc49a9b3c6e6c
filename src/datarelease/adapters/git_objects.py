"""Commits and tags made as objects, while branches, index and work tree stay as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from datarelease.adapters.git_program import GitProgram

_FALLBACK = "datarelease <datarelease@localhost>"
"""Who commits where nobody told git a name, as on a fresh runner."""


def commit_files(
    git: GitProgram, parent: str, files: Mapping[str, bytes | None], message: str
) -> str:
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


def _tree(git: GitProgram, parent: str, files: Mapping[str, bytes | None]) -> str:
    prefix = git.line("rev-parse", "--show-prefix")
    with tempfile.TemporaryDirectory() as scratch:
        index = Path(scratch) / "index"
        git.line("read-tree", parent, index=index)
        entries = []
        for path, content in sorted(files.items()):
            if content is None:
                entries.append(f"0 {'0' * len(parent)}\t{prefix}{path}")
            else:
                blob = git.line("hash-object", "-w", "--stdin", stdin=content)
                entries.append(f"100644 {blob}\t{prefix}{path}")
        listed = "".join(f"{entry}\0" for entry in entries).encode("utf-8", "surrogateescape")
        git.line("update-index", "-z", "--index-info", stdin=listed, index=index)
        return git.line("write-tree", index=index)


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
