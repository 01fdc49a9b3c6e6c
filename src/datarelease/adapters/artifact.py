"""The artifact of a check: files from a run of code that nobody has reviewed, read as data.

A malicious author may try to make the reader open other files (links, devices), run out of memory
(size, nesting, numbers of a million digits), or show different values to two readers (duplicate
keys). This module returns a value of the model or raises an error; it executes and follows nothing.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError
from datarelease.model.review.pull_request_file import _FORMAT as PULL_REQUEST_FORMAT
from datarelease.model.review.pull_request_file import PULL_REQUEST_FILE as PULL_REQUEST
from datarelease.model.review.pull_request_file import PullRequestFile
from datarelease.model.review.report import REPORT_FORMAT, Report

_T = TypeVar("_T")

_REPORT = "report.json"
LIMITS = {_REPORT: 8 << 20, PULL_REQUEST: 4096}
"""Bytes. A column takes about 4 kB of report.json, so that 2,000 changed columns fit."""
TOTAL = 256 << 20
"""Bytes of all files. Others than those two, such as figures of stages, are never opened."""
ENTRIES = 10_000
_DIGITS = 40
"""Of a whole number; the largest that a column can hold (128 bits) has 39."""
_DEPTH = 20


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """What a check left."""

    report: Report | None
    """None: it ended before it could write one."""
    pull_request: PullRequestFile | None


def read_artifact(folder: Path) -> Artifact:
    """The content of ``folder``; a missing folder counts as empty.

    Raises:
        ConfigError: It holds something that no check writes; nothing in it may be used.
    """
    if not os.path.lexists(folder):
        return Artifact(report=None, pull_request=None)
    _look_around(folder)
    report = _read(folder / _REPORT, Report, REPORT_FORMAT)
    pull_request = _read(folder / PULL_REQUEST, PullRequestFile, PULL_REQUEST_FORMAT)
    for what, text, pattern in _shaped(report, pull_request):
        if text is not None and not pattern.fullmatch(text):
            refuse_artifact(f"{what} is {text!r:.80}")
    if pull_request is not None and not 0 < pull_request.number <= _LARGEST:
        refuse_artifact(
            f"{PULL_REQUEST}: {pull_request.number} is not the number of a pull request"
        )
    return Artifact(report=report, pull_request=pull_request)


_LARGEST = 2**31 - 1
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
# The prefix is a setting, and the settings here are not those of the pull request.
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,120}", re.ASCII)


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


def _look_around(folder: Path) -> None:
    """Inspect every entry and follow no link."""
    if not stat.S_ISDIR(folder.lstat().st_mode):
        refuse_artifact("it is not a directory")
    total = 0
    for count, (name, found) in enumerate(_entries(folder, ""), start=1):
        if count > ENTRIES:
            refuse_artifact(f"it has more than {ENTRIES:,} entries")
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            refuse_artifact(f"{name!r} is not a regular file")
        total += found.st_size
        if total > TOTAL:
            refuse_artifact(f"its files together are larger than {TOTAL >> 20} MiB")


def _entries(folder: Path, above: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{above}{entry.name}"
            found = entry.stat(follow_symlinks=False)
            yield name, found
            if not stat.S_ISDIR(found.st_mode):
                continue
            if name.count("/") >= _DEPTH:
                refuse_artifact(f"{name!r} is a directory, {_DEPTH} levels down")
            yield from _entries(folder / entry.name, f"{name}/")


def _read(path: Path, cls: type[_T], known: int) -> _T | None:
    limit = LIMITS[path.name]
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        refuse_artifact(f"{path.name} cannot be opened ({type(error).__name__})")
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        refuse_artifact(f"{path.name} is not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        refuse_artifact(f"{path.name} is larger than {limit:,} bytes")
    try:
        text = data.decode("utf-8")
        # Another format may have other properties: that is a matter of versions, not of bad faith.
        found = plain_json(text)
        if isinstance(found, dict) and found.get("format", known) != known:
            refuse_artifact(f"{path.name} has format {found['format']!r:.20}, and {known} is known")
        return decode(cls, text)
    except UnicodeDecodeError:
        refuse_artifact(f"{path.name} is not UTF-8")
    except DocumentError as error:
        refuse_artifact(f"{path.name}: {error}")


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


def refuse_artifact(why: str) -> NoReturn:
    """Refuse an artifact.

    Raises:
        ConfigError: Always.
    """
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
