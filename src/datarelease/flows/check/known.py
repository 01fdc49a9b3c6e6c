"""Results that a memo knows: validations, profiles and row diffs of content that was seen before.

What a memo gives is read as strictly as a document from elsewhere, and what is not exactly a result
of these inputs in today's format is computed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from datarelease.analysis.memo import Memo
from datarelease.documents import decode_or_none, encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FILES_FORMAT, FilesProfile
from datarelease.model.data.profile import PROFILE_FORMAT, Profile
from datarelease.model.data.provenance import Provenance
from datarelease.model.data.validation import VALIDATION_FORMAT, Validation
from datarelease.model.review.diff import RowDiff
from datarelease.model.versions.snapshot import DataFile, canonical_json

ROW_RULES = 1
"""Counts up when `analysis.comparison.rows` finds other differences in equal data."""
_ROWS = "rows"
_KINDS = {
    Validation: f"validation {VALIDATION_FORMAT}",
    Profile: f"profile {PROFILE_FORMAT}",
    FilesProfile: f"profile of files {FILES_FORMAT}",
}
_PASSING = frozenset({"unreadable", "check_error"})
"""Reasons that may be gone when the same data is looked at again: a package that was missing."""

_T = TypeVar("_T", Validation, Profile, FilesProfile)


@dataclass(frozen=True, kw_only=True)
class ComparedRows:
    """The outcome of a row diff."""

    rows: RowDiff | None
    reason: str
    """Why there are no rows; empty where there are."""


def recall(memo: Memo, kind: type[_T], made_from: Provenance) -> _T | None:
    """The validation or statistics that were made from exactly these inputs, if it is known."""
    data = memo.get(_KINDS[kind], made_from)
    record = decode_or_none(kind, data)
    return record if record is not None and record.made_from == made_from else None


def keep(memo: Memo, record: Validation | Profile | FilesProfile) -> None:
    """Let the memo know a result, unless another run could come to another one."""
    if isinstance(record, Validation) and _PASSING & {v.reason for v in record.violations}:
        return
    memo.put(_KINDS[type(record)], record.made_from, encode(record).encode())


def recall_rows(memo: Memo, made_from: Provenance) -> RowDiff | str | None:
    """The row diff of exactly these inputs, or why there is none; None: it is not known."""
    found = decode_or_none(ComparedRows, memo.get(_ROWS, made_from))
    if found is None:
        return None
    return found.reason if found.rows is None else found.rows


def keep_rows(memo: Memo, made_from: Provenance, outcome: RowDiff | str) -> None:
    """Let the memo know the outcome of a row diff."""
    value = (
        ComparedRows(rows=None, reason=outcome)
        if isinstance(outcome, str)
        else ComparedRows(rows=outcome, reason="")
    )
    memo.put(_ROWS, made_from, encode(value).encode())


def of_rows(
    before: tuple[Dataset, Sequence[DataFile]], after: tuple[Dataset, Sequence[DataFile]]
) -> Provenance:
    """What the row diff of two versions of a dataset is made from: each declared, and its files."""
    return (
        ("before", _files(before[1])),
        ("after", _files(after[1])),
        ("key", _text(after[0].key)),
        ("pii", _text(after[0].pii)),
        ("csv before", repr(before[0].csv)),
        ("csv after", repr(after[0].csv)),
        ("rules", str(ROW_RULES)),
    )


def _files(files: Sequence[DataFile]) -> str:
    listed = sorted((file.path, file.md5) for file in files)
    return hashlib.sha256(canonical_json(listed)).hexdigest()


def _text(names: tuple[str, ...]) -> str:
    return canonical_json(names).decode()
