"""Documents that came from elsewhere, read as data: those of other jobs, and of unreviewed code.

Whoever made them may try to make the reader open other files (links, devices), run out of memory
(size, nesting, numbers of a million digits), or show different values to two readers (duplicate
keys). The artifact of a check is one: it comes from a run of code that nobody has reviewed. This
module returns bytes or a value of the model, or the caller's ``refuse`` raises an error; it
executes and follows nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError
from datarelease.model.github import PULL_REQUEST_FILE as PULL_REQUEST
from datarelease.model.github import (
    REPORT_BEGUN,
    REPORT_STATE_FILE,
    REPORT_WRITTEN,
    PullRequestFile,
)
from datarelease.model.review.report import Report

_T = TypeVar("_T")
Refuse = Callable[[str], NoReturn]
"""Raises the caller's error for a reason in words, such as ``report.json is not UTF-8``."""
_DIGITS = 40
"""Of a whole number; the largest that a column can hold (128 bits) has 39."""
_DEPTH = 20
_REPORT = "report.json"
LIMITS = {_REPORT: 8 << 20, PULL_REQUEST: 4096, REPORT_STATE_FILE: 64}
"""Bytes. A column takes about 4 kB of report.json, so that 2,000 changed columns fit."""
TOTAL = 256 << 20
"""Bytes of all files. Others than those three, such as figures of stages, are never opened."""
ENTRIES = 10_000
_LARGEST = 2**31 - 1
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
# The prefix is a setting, and the settings here are not those of the pull request.
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,120}", re.ASCII)


def read_document(
    root: Path, name: str, kind: type[_T], *, limit: int, refuse: Refuse
) -> _T | None:
    """The value of class ``kind`` in the file ``name`` below ``root``; None: no such file.

    A dataclass with a format version is read in that version alone. The rest is as in
    ``read_inside``.
    """
    data = read_inside(root, name, limit=limit, refuse=refuse)
    if data is None:
        return None
    try:
        text = data.decode("utf-8")
        # Another format may have other properties: that is a matter of versions, not of bad faith.
        found, known = plain_json(text), getattr(kind, "format", None)
        if known is not None and isinstance(found, dict) and found.get("format", known) != known:
            refuse(
                f"{name} has format {found['format']!r:.20}, but this version of datarelease reads "
                f"only format {known}"
            )
        return decode(kind, text)
    except UnicodeDecodeError:
        refuse(f"{name} is not UTF-8")
    except DocumentError as error:
        refuse(f"{name}: {error}")


def read_inside(
    root: Path, name: str, *, limit: int, refuse: Refuse, sha256: str | None = None
) -> bytes | None:
    """The bytes of the file ``name`` (with slashes) below ``root``; None: there is no such file.

    ``root`` may itself be reached through a link. ``refuse`` is called where the path leads out, a
    link or special file is on the way, or the file has more than ``limit`` bytes or another SHA-256
    (hex) than one that is given.
    """
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        refuse(f"{name!r} leads outside the directory")
    path = root
    for part in parts:
        path /= part
        if path.is_symlink():
            refuse(f"{name} is a symbolic link")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        refuse(f"{name} cannot be opened ({type(error).__name__})")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        refuse(f"{name} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        refuse(f"{name} is larger than {limit:,} bytes")
    if sha256 not in {None, hashlib.sha256(data).hexdigest()}:
        refuse(f"{name} is not the file with the SHA-256 {sha256}")
    return data


def refuse_special_files(
    root: Path, refuse: Refuse, *, entries: int | None = None, total: int | None = None
) -> None:
    """Nothing below ``root`` but directories and regular files; no link is followed.

    ``root`` must not be a link itself. ``refuse`` is called where something else is there, or
    directories are nested too deeply; and above ``entries`` of them, or ``total`` bytes.
    """
    if not stat.S_ISDIR(root.lstat().st_mode):
        refuse("it is not a directory")
    size = 0
    for count, (name, found) in enumerate(_entries(root, "", refuse), start=1):
        if entries is not None and count > entries:
            refuse(f"it has more than {entries:,} entries")
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            refuse(f"{name!r} is not a regular file")
        size += found.st_size
        if total is not None and size > total:
            refuse(f"its files together are larger than {total >> 20} MiB")


def _entries(folder: Path, above: str, refuse: Refuse) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{above}{entry.name}"
            found = entry.stat(follow_symlinks=False)
            yield name, found
            if not stat.S_ISDIR(found.st_mode):
                continue
            if name.count("/") >= _DEPTH:
                refuse(f"{name!r} is a directory, {_DEPTH} levels down")
            yield from _entries(folder / entry.name, f"{name}/", refuse)


def refuse_links_to(root: Path, names: Iterable[str]) -> None:
    """Nothing that is written to the files ``names`` below ``root`` goes through a link.

    Raises:
        ConfigError: ``root``, a file, or a directory on the way to one is a symbolic link.
    """
    ways = {way for name in names for way in (PurePosixPath(name), *PurePosixPath(name).parents)}
    for way in sorted({PurePosixPath(), *ways}):
        if (root / way).is_symlink():
            raise ConfigError(
                f"{root / way} is a symbolic link, and links are not followed.",
                untouched="Nothing was written.",
                remedy="Remove the link, or name another directory.",
            )


def plain_json(text: str) -> Any:
    """The value of ``text`` if every reader of JSON agrees on it.

    Raises:
        DocumentError: Not JSON, a key that occurs twice, nesting too deep, or a number that is
            not finite or has more than 40 digits.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short,
        )
    except RecursionError as error:
        raise DocumentError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise DocumentError(f"it is not JSON: {error.msg} at character {error.pos:,}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise DocumentError("an object has the same key twice")
    return found


def _no_constant(word: str) -> NoReturn:
    raise DocumentError(f"{word} is not a number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise DocumentError("a number is out of range")
    return number


def _short(text: str) -> int:
    if len(text) > _DIGITS:
        raise DocumentError(f"a whole number has {len(text):,} digits")
    return int(text)


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """What a check left."""

    report: Report | None
    """None: it ended before it could write one."""
    pull_request: PullRequestFile | None
    unwritten: bool = False
    """The check says that it ended before it could write a report: none was lost on the way."""


def read_artifact(folder: Path) -> Artifact:
    """The content of ``folder``; a missing folder counts as empty.

    Raises:
        ConfigError: It holds something that no check writes; nothing in it may be used.
    """
    if not os.path.lexists(folder):
        return Artifact(report=None, pull_request=None)
    refuse_special_files(folder, refuse_artifact, entries=ENTRIES, total=TOTAL)
    report = read_document(folder, _REPORT, Report, limit=LIMITS[_REPORT], refuse=refuse_artifact)
    pull_request = read_document(
        folder, PULL_REQUEST, PullRequestFile, limit=LIMITS[PULL_REQUEST], refuse=refuse_artifact
    )
    for what, text, pattern in _shaped(report, pull_request):
        if text is not None and not pattern.fullmatch(text):
            refuse_artifact(f"{what} is {text!r:.80}")
    if pull_request is not None and not 0 < pull_request.number <= _LARGEST:
        refuse_artifact(
            f"{PULL_REQUEST}: {pull_request.number} is not the number of a pull request"
        )
    unwritten = report is None and _unwritten(folder)
    return Artifact(report=report, pull_request=pull_request, unwritten=unwritten)


def _unwritten(folder: Path) -> bool:
    name = REPORT_STATE_FILE
    state = read_inside(folder, name, limit=LIMITS[name], refuse=refuse_artifact)
    if state is None:
        # A check of an earlier release leaves no state, but reports of stages if git has some.
        return any(folder.iterdir())
    if state not in {REPORT_BEGUN.encode(), REPORT_WRITTEN.encode()}:
        refuse_artifact(f"{name} is {state!r:.80}")
    return state == REPORT_BEGUN.encode()


def _shaped(
    report: Report | None, pull_request: PullRequestFile | None
) -> Iterator[tuple[str, str | None, re.Pattern[str]]]:
    """The texts that other steps rely on, and the form that they must have."""
    if report is not None:
        yield f"{_REPORT}: digest", report.digest, _DIGEST
        yield f"{_REPORT}: base_digest", report.base_digest, _DIGEST
        yield f"{_REPORT}: commit", report.commit, _SHA
        for name in ("tag", "base", "rollback_of"):
            yield f"{_REPORT}: {name}", getattr(report, name), _TAG
        for version in report.history:
            yield f"{_REPORT}: history", version.tag, _TAG
    if pull_request is not None:
        yield f"{PULL_REQUEST}: head", pull_request.head, _SHA


def refuse_artifact(why: str) -> NoReturn:
    """Raise the ConfigError for an artifact that cannot be used."""
    # Names and keys come from there too.
    line = "".join(char if char.isprintable() else "\ufffd" for char in why[:300])
    raise ConfigError(
        f"The check's artifact was refused: {line}.",
        untouched="Nothing was posted, and no digest was recorded.",
        remedy=(
            "Look at the pull request's changes to the pipeline and the workflows: only the check "
            "itself should write this artifact. If the changes are in order, run the check again."
        ),
    )
