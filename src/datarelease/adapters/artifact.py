"""The artifact of a check: files from a run of code that nobody has reviewed, read as data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from datarelease.adapters.untrusted import read_document, refuse_special_files
from datarelease.errors import ConfigError
from datarelease.model.github import PULL_REQUEST_FILE as PULL_REQUEST
from datarelease.model.github import PullRequestFile
from datarelease.model.review.report import Report

_REPORT = "report.json"
LIMITS = {_REPORT: 8 << 20, PULL_REQUEST: 4096}
"""Bytes. A column takes about 4 kB of report.json, so that 2,000 changed columns fit."""
TOTAL = 256 << 20
"""Bytes of all files. Others than those two, such as figures of stages, are never opened."""
ENTRIES = 10_000


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
