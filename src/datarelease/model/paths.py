"""Paths with forward slashes: which lie in which, and which any machine may be asked to write."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_DVC_CONFIG = "/.dvc/config"
_OWN = {".dvc", ".git", "git~1"}
"""Directories whose files make git and DVC do something; the last is `.git` on Windows."""
# Left out by file systems of macOS when they compare names (git, "is_hfs_dotgit").
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}
_DRIVE = re.compile(r"[A-Za-z]:", re.ASCII)


def path_fault(path: str) -> str | None:
    r"""Why ``path`` cannot be the relative path of a data file; None: it can.

    >>> path_fault("2024/part-0.csv"), path_fault("../x"), path_fault(".GIT/hooks/x")
    (None, "it has the part '..'", "it has the part '.GIT'")
    >>> path_fault("a\nb"), path_fault("/etc/passwd")
    ('it contains a control character', 'it is absolute')
    """
    plain = path.isascii() and path.isprintable()  # by far the most
    if not plain and any(unicodedata.category(char) in _UNPRINTABLE for char in path):
        return "it contains a control character"
    if "\\" in path:
        return "it contains a backslash"
    if path.startswith("/") or _DRIVE.match(path):
        return "it is absolute"
    parts = path.split("/")
    return next((f"it has the part {part!r}" for part in parts if _is_special(part)), None)


def _is_special(part: str) -> bool:
    # Windows takes no notice of dots and blanks at the end, nor of a stream's name.
    plain = _IGNORED.sub("", part).partition(":")[0].rstrip(" .").lower()
    return part in {"", ".", ".."} or plain in _OWN


def clash(paths: Iterable[str]) -> str | None:
    """A path that occurs twice, or is a file and a directory at once; None: there is none.

    >>> clash(["a/b", "c"]), clash(["a", "a/b"]), clash(["a", "a"])
    (None, 'a', 'a')
    """
    files: set[str] = set()
    for path in paths:
        if path in files:
            return path
        files.add(path)
    for path in files:
        folder = path.rpartition("/")[0]
        while folder:
            if folder in files:
                return folder
            folder = folder.rpartition("/")[0]
    return None


def relative_path(path: str, root: Path) -> str:
    """``path`` relative to ``root``, with forward slashes; one outside of it stays as it is.

    >>> relative_path("/r/data/a", Path("/r")), relative_path("/other/a", Path("/r"))
    ('data/a', '/other/a')
    """
    place = Path(path)
    return (place.relative_to(root) if place.is_relative_to(root) else place).as_posix()


def within(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it; both are relative to the same directory.

    >>> within("data/a", "data"), within("data", "data"), within("database", "data")
    (True, True, False)
    """
    return path == folder or path.startswith(f"{folder}/")


def overlap(one: str, other: str) -> bool:
    """Whether one path is the other or lies in it.

    >>> overlap("data/a", "data"), overlap("data", "data/a"), overlap("data", "database")
    (True, True, False)
    """
    return within(one, other) or within(other, one)


def project_directories(paths: Iterable[str]) -> tuple[str, ...]:
    """The directories of DVC projects among the files of a repository: those with a ``.dvc``.

    >>> project_directories(["a.dvc", ".dvc/config", "models/churn/.dvc/config"])
    ('.', 'models/churn')
    """
    configs = (path for path in paths if f"/{path}".endswith(_DVC_CONFIG))
    found = (f"/{path}".removesuffix(_DVC_CONFIG).lstrip("/") or "." for path in configs)
    return tuple(sorted(found))


def own_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """Paths without those of other DVC projects below, which have a ``.dvc`` of their own.

    >>> own_paths([".dvc/config", "a.dvc", "sub/.dvc/config", "sub/b.dvc"])
    ('.dvc/config', 'a.dvc')
    """
    listed = tuple(paths)
    inner = tuple(f"{one}/" for one in project_directories(listed) if one != ".")
    return tuple(path for path in listed if not path.startswith(inner)) if inner else listed
