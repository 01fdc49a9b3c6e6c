"""The outcome of a Pandera schema on a dataset, and a failed check as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from datarelease.model.data.profile import Scalar
from datarelease.model.data.provenance import Provenance
from datarelease.model.wording import plural, short_repr

VALIDATION_FORMAT = 1
FILES_DECLARED = "dvc.yaml"
"""Stands for the schema of a dataset of files: the file with the rules for them."""

#: Pandera's failure categories (pandera.errors.ErrorCategory): columns and types, or values.
ViolationCategory = Literal["schema", "data"]
Severity = Literal["error", "warning"]

Reason = Literal[
    "column_not_in_dataframe",
    "column_not_in_schema",
    "column_not_ordered",
    "duplicate_column_labels",
    "wrong_datatype",
    "datatype_coercion",
    "series_contains_nulls",
    "series_contains_duplicates",
    "duplicates",
    "dataframe_check",
    "check_error",
    "unreadable",
    "file_check",
]
"""Pandera's SchemaErrorReasonCode, lower case, plus ``unreadable``: the file is no such table; and
``file_check``: files break a rule of ``meta.files``."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One check that failed."""

    column: str | None
    """None: the check is about the whole table."""
    check: str
    """The check as the schema spells it, such as ``in_range(0, 120)``."""
    reason: Reason
    category: ViolationCategory
    count: int
    """Rows (or files) that fail; for a schema violation (a missing column, say) 1."""
    total: int
    """Rows (or files) that were looked at; the share is ``count / total``."""
    examples: tuple[tuple[tuple[str, Scalar], ...], ...] = ()
    """At most 10 failing rows, each the pairs (column, value) of the key and the checked columns;
    values of pii columns are masked. Of files: the path, and what was found of it."""
    message: str = ""
    severity: Severity = "error"

    @property
    def share(self) -> float:
        """The failing part of the rows, between 0 and 1."""
        return self.count / self.total if self.total else 0.0


_OF_VALUES: set[Reason] = {
    "check_error", "dataframe_check", "datatype_coercion", "duplicates",
    "series_contains_duplicates", "file_check",
}  # fmt: skip
"""As ``pandera.api.base.error_handler.get_error_category`` has it."""


def failed_check(
    column: str | None, check: str, reason: Reason, message: str = "", severity: Severity = "error"
) -> Violation:
    """A failed check that belongs to no number of rows."""
    return Violation(
        column=column,
        check=check,
        reason=reason,
        category="data" if reason in _OF_VALUES else "schema",
        count=1,
        total=1,
        message=message,
        severity=severity,
    )


@dataclass(frozen=True, kw_only=True)
class ColumnContract:
    """What the schema promises of one column."""

    name: str
    type: str | None
    nullable: bool
    unique: bool
    required: bool
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What a schema promises, so that two versions of it can be compared without loading either."""

    columns: tuple[ColumnContract, ...]
    checks: tuple[str, ...] = ()
    strict: bool = False
    """Columns that the schema does not name are refused."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """Every failed check of one dataset, worst first."""

    dataset: str
    rows: int
    """Of a dataset of files: files."""
    schema: str | None
    """The schema's file, of a dataset of files `FILES_DECLARED`; None: there is no schema, and
    nothing was checked."""
    checks: int
    """How many checks were evaluated, column types, nullability and uniqueness included."""
    violations: tuple[Violation, ...] = ()
    contract: Contract | None = None
    made_from: Provenance = ()
    """Empty: unknown, as in the files of earlier releases of this program."""
    format: int = VALIDATION_FORMAT

    def __repr__(self) -> str:
        failed = f"{len(self.violations):,} failed"
        return short_repr(self, self.dataset, plural(self.checks, "check"), failed)

    @property
    def noun(self) -> str:
        """What it counts: rows, or files."""
        return "file" if self.schema == FILES_DECLARED else "row"

    @property
    def passed(self) -> bool:
        """No violation of severity ``error``."""
        return not any(violation.severity == "error" for violation in self.violations)


def unreadable(validation: Validation) -> str:
    """Why the files cannot be read as a table; empty where they can."""
    found = (v.message for v in validation.violations if v.reason == "unreadable")
    return next(found, "")


class Name(str):
    """A name or a check as the schema spells it; each writer marks it in its own way."""

    __slots__ = ()


Sentence = tuple[str | int, ...]
"""Words of ours, names (``Name``) and counts."""
_MOST = 3
"""Failed checks that one sentence names."""


_SAID: dict[Reason, str] = {
    "column_not_in_dataframe": " is missing",
    "column_not_in_schema": " is not in the schema",
    "column_not_ordered": " is out of order",
    "duplicate_column_labels": " is there more than once",
    "wrong_datatype": " has the wrong type",
    "datatype_coercion": " does not convert to its type",
    "series_contains_nulls": " is null",
    "series_contains_duplicates": " has duplicates",
}


def failure(failed: Violation) -> Sentence:
    """What failed, where and in how many rows, in the order of a sentence."""
    if failed.reason == "unreadable":
        return ("the data cannot be read",)
    if failed.reason == "file_check":
        return (failed.count, " of ", failed.total, " files fail ", Name(failed.check))
    where: Sentence = ()
    if failed.category == "data":
        where = (" in ", failed.count, " of ", failed.total, " rows")
    if failed.reason == "check_error":
        return (*_column(failed), ": ", Name(failed.check), " could not be evaluated")
    if failed.reason in _SAID:
        return (*_column(failed), _SAID[failed.reason], *where)
    return (*_column(failed), " fails ", Name(failed.check), *where)


def _column(failed: Violation) -> Sentence:
    return ("the table",) if failed.column is None else ("column ", Name(failed.column))


def failures(failed: Sequence[Violation]) -> Sentence:
    """The first few failed checks, then how many there are beside them.

    >>> plain(failures([Violation(column="sex", check="", reason="column_not_in_dataframe",
    ...                           category="schema", count=1, total=1)]))
    "column 'sex' is missing"
    """
    out: list[str | int] = []
    for one in failed[:_MOST]:
        out += ["; ", *failure(one)] if out else failure(one)
    more = len(failed) - _MOST
    if more > 0:
        out += ["; ", more, f" more failed check{'' if more == 1 else 's'}"]
    return tuple(out)


def plain(sentence: Sentence) -> str:
    """The sentence as text, names in quotes."""
    return "".join(
        repr(str(part))
        if isinstance(part, Name)
        else f"{part:,}"
        if isinstance(part, int)
        else part
        for part in sentence
    )
