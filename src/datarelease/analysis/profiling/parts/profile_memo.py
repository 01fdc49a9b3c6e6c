"""Where what is known of the columns of a table of parts is kept between runs.

One version of the parts is kept for each question: it says what a version says of which few parts
are others. Each column has its cells and the keys of its values to itself, so that no more than one
column is in memory; of the keys, those blocks are read that have values in question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datarelease.analysis.engine.partitions import partition_columns
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.memo import Memo
from datarelease.analysis.profiling.cells import Grid
from datarelease.analysis.profiling.parts.kept_keys import KeptKeys
from datarelease.analysis.profiling.parts.known_columns import (
    KnownColumn,
    KnownTable,
    decoded_chain,
    encoded_cells,
)
from datarelease.documents import decode_or_none, encode
from datarelease.model.data.provenance import Provenance
from datarelease.model.versions.snapshot import canonical_json

FindPart = Callable[[str], Path]
"""Where a file is that once was a part, by its hash, if it is still here."""
_TABLE, _CELLS, _KEYS = (f"{what} of parts 3" for what in ("columns", "cells", "values"))


@dataclass(frozen=True, kw_only=True)
class ProfileMemo:
    """What is kept for profiles of one dataset, whatever its parts are."""

    memo: Memo
    made_from: Provenance
    """What the profile is made from, but the data."""
    find: FindPart

    def of(self, table: Table) -> KeptProfile:
        """What is kept for this table, and versions of it."""
        # The types of the columns that folders name depend on all parts.
        folded = [(column.name, column.type) for column in partition_columns(table)]
        question = (*self.made_from, ("folders", canonical_json(folded).decode()))
        return KeptProfile(memo=self.memo, question=question)


@dataclass(frozen=True, kw_only=True)
class KeptProfile:
    """What is kept for one question."""

    memo: Memo
    question: Provenance

    def recall(self) -> KnownTable | None:
        """What is known of some version of the table; None: nothing."""
        found = decode_or_none(KnownTable, self.memo.get(_TABLE, self.question))
        return found if found is not None and found.possible else None

    def chain(self, salt: str, name: str, known: KnownColumn, limit: int) -> list[Grid] | None:
        """The cells of a column, as `chains_of` has them; None: they are not known."""
        data = self.memo.get(_CELLS, self._column(salt, name))
        return decoded_chain(data or b"", known, limit=limit)

    def keys(self, salt: str, name: str, known: KnownColumn) -> KeptKeys | None:
        """The keys of a column's values, or of those that its cells need; None: not known."""
        values = known.values or (known.numbers.values if known.numbers else None)
        if values is None:
            return None
        made_from = self._column(salt, name)
        return KeptKeys.of(
            lambda places: self.memo.get_blocks(_KEYS, made_from, places),
            distinct=values.distinct,
            rows=values.rows,
        )

    def keep_keys(self, salt: str, name: str, blocks: Sequence[bytes]) -> None:
        """Keep the keys of a column's values, as `key_blocks` has them."""
        self.memo.put_blocks(_KEYS, self._column(salt, name), blocks)

    def keep(self, salt: str, known: KnownTable, chains: Mapping[str, Sequence[Grid]]) -> None:
        """Keep the cells, and what is known beside them; the keys are kept already."""
        for name, chain in chains.items():
            self.memo.put(_CELLS, self._column(salt, name), encoded_cells(chain))
        self.memo.put(_TABLE, self.question, encode(known).encode())

    def _column(self, salt: str, name: str) -> Provenance:
        return (*self.question, ("parts", salt), ("column", name))
