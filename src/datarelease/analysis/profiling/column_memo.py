"""Columns of a table in one file that an earlier profile has seen: an edit of one column costs one.

A column is known by the bytes that the file has of it. Of each dataset the columns of one version
are kept, which are those of which the next version differs in a few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.memo import Memo
from datarelease.analysis.profiling.columns import Column
from datarelease.documents import decode_or_none, encode
from datarelease.model.data.profile import PROFILE_FORMAT, ColumnProfile, Profile
from datarelease.model.data.provenance import PROFILE_RULES, Provenance

_KIND = "columns of a file 1"


@dataclass(frozen=True, kw_only=True)
class KeptColumns:
    """The columns of one version, as the memo has them."""

    rows: int
    digests: Mapping[str, str]
    """By column; see `RowGroupReader.digests`."""
    columns: tuple[ColumnProfile, ...]


@dataclass(frozen=True, kw_only=True)
class ColumnMemo:
    """What is kept of the columns of one dataset, and what tells them now."""

    memo: Memo
    question: Provenance
    digests: Mapping[str, str]

    @classmethod
    def of(
        cls, engine: Engine, table: Table, name: str, memo: Memo | None, limit: int
    ) -> ColumnMemo | None:
        """The memo of a dataset called ``name``; None: columns are not told by their bytes.

        ``limit`` is how many cells each column may fill: it depends on how many there are.

        Raises:
            UnreadableTable: The file is missing or damaged.
        """
        groups = engine.row_groups
        digests = groups.digests(table) if memo is not None and groups is not None else {}
        if memo is None or not digests:
            return None
        rules = f"{PROFILE_FORMAT} {PROFILE_RULES}"
        question = (("dataset", name), ("cells", str(limit)), ("rules", rules))
        return cls(memo=memo, question=question, digests=digests)

    def recall(self, columns: Sequence[Column]) -> tuple[int, dict[str, ColumnProfile]] | None:
        """The number of rows, and what is known of some of these columns; None: of none."""
        kept = decode_or_none(KeptColumns, self.memo.get(_KIND, self.question))
        if kept is None:
            return None
        known = {column.name: column for column in kept.columns}
        same = {
            column.name: known[column.name]
            for column in columns
            if column.name in known
            and column.name in self.digests
            and kept.digests.get(column.name) == self.digests[column.name]
            and _is_of(known[column.name], column)
        }
        return (kept.rows, same) if same else None

    def keep(self, profile: Profile) -> None:
        """Keep the columns of a profile."""
        kept = KeptColumns(rows=profile.rows, digests=self.digests, columns=profile.columns)
        self.memo.put(_KIND, self.question, encode(kept).encode())


def _is_of(kept: ColumnProfile, column: Column) -> bool:
    said = kept.type, kept.kind, kept.pii
    return said == (type_name(column.dtype), column.kind, column.pii)
