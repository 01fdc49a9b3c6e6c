"""What act says of a job, as values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

QUIET = {"set-env", "add-mask", "add-path"}
"""Commands that a runner does not print, and act does."""


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """A ``::notice``, ``::warning`` or ``::error`` line."""

    level: str
    message: str
    properties: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class JobLog:
    """The log of one job."""

    text: str
    """All that was printed, secrets and all: nothing is masked."""
    steps: Mapping[str, str]
    """Result of each step that ran or was skipped, by its id, or its place in the job."""
    summary: str
    annotations: tuple[Annotation, ...]
    result: str | None
    """What act says of the job; None where it never began."""


def read(lines: Iterable[str], job_id: str) -> JobLog:
    """The log of the job ``job_id`` in what act printed with ``--json``."""
    text: list[str] = []
    steps: dict[str, str] = {}
    summary: list[str] = []
    notes: list[Annotation] = []
    result = None
    for line in lines:
        record = _record(line)
        if record is None:
            text.append(line)
            continue
        if record.get("jobID") not in {job_id, None}:
            continue
        command = record.get("command")
        if command not in QUIET:
            text.append(str(record.get("msg", "")).rstrip("\n"))
        if command == "summary":
            summary.append(str(record.get("content", "")))
        if command in {"notice", "warning", "error"}:
            notes.append(
                Annotation(
                    level=command,
                    message=str(record.get("arg", "")),
                    properties=record.get("kvPairs") or {},
                )
            )
        where = record.get("stepID") or []
        if "stepResult" in record and len(where) == 1 and record.get("stage") == "Main":
            steps[where[0]] = record["stepResult"]
        result = record.get("jobResult", result)
    return JobLog(
        text="\n".join(text),
        steps=steps,
        summary="".join(summary),
        annotations=tuple(notes),
        result=result,
    )


def _record(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
