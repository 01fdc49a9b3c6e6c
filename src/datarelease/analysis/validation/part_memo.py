"""What is known of each part of a table for one schema, as it is kept between runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from datarelease.analysis.engine.partitions import folders, partition_columns
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.memo import Memo
from datarelease.documents import decode_or_none, encode
from datarelease.model.data.provenance import Provenance
from datarelease.model.data.table_format import reading_of_name
from datarelease.model.versions.snapshot import canonical_json

Position = int | float | str
"""A value where it stands among the others of its column."""
_KIND = "validation of parts 2"
_KEPT = 2
"""Parts that are kept for each part of the table: those of the version before stay known."""


@dataclass(frozen=True, kw_only=True)
class ValueSpan:
    """Values of a part that must differ from one another, in one column or several."""

    rows: int
    nulls: int
    """Rows without a value in the first column."""
    low: Position | None = None
    high: Position | None = None
    """The smallest and largest value of the first column; None: any value can be there."""
    distinct: int | None = None
    """None: not known."""

    @property
    def possible(self) -> bool:
        """Whether a part can be so."""
        low, high = self.low, self.high
        if low is None or high is None:
            ordered = low is high
        elif isinstance(low, str) or isinstance(high, str):
            ordered = isinstance(low, str) and isinstance(high, str) and low <= high
        else:
            ordered = low <= high
        distinct = min(1, self.rows) if self.distinct is None else self.distinct
        return (
            ordered and 0 <= self.nulls <= self.rows and min(1, self.rows) <= distinct <= self.rows
        )


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """What is known of one part."""

    shape: str
    """As `short_shape` has it."""
    rows: int
    failing: tuple[int, ...]
    """Rows that fail, for each probe of the plan."""
    spans: tuple[ValueSpan, ...]
    """For each set of columns that the plan wants to be distinct."""

    @property
    def possible(self) -> bool:
        """Whether a part can be so: facts may come from a file that somebody else wrote."""
        counted = all(0 <= count <= self.rows for count in self.failing)
        return counted and all(span.possible and span.rows <= self.rows for span in self.spans)


@dataclass(frozen=True, kw_only=True)
class KnownParts:
    """Facts by what makes a part, the latest first."""

    parts: Mapping[str, PartFacts] = field(default_factory=dict)
    shape: str = ""
    """As `Engine.shapes` has it, where parts have one of these."""


@dataclass(frozen=True, kw_only=True)
class PartMemo:
    """Where facts on parts are kept between runs."""

    memo: Memo
    made_from: Provenance
    """What the validation is made from, but the data."""

    def recall(self, table: Table) -> KnownParts:
        """What is known; it was read as strictly as a document from elsewhere."""
        data = self.memo.get(_KIND, self._inputs(table))
        found = decode_or_none(KnownParts, data) or KnownParts()
        possible = {name: facts for name, facts in found.parts.items() if facts.possible}
        return KnownParts(parts=possible, shape=found.shape)

    def keep(self, table: Table, known: KnownParts, facts: Sequence[PartFacts], shape: str) -> None:
        """Keep the facts on all parts of a table, and some of those that were known before.

        All parts have this ``shape``, as `Engine.shapes` has it.
        """
        found = dict(zip(part_names(table), facts, strict=True))
        if found.items() <= dict(known.parts).items() and shape == known.shape:
            return
        before = {name: one for name, one in known.parts.items() if name not in found}
        parts = dict(islice((found | before).items(), _KEPT * len(table.paths)))
        kept = encode(KnownParts(parts=parts, shape=shape)).encode()
        self.memo.put(_KIND, self._inputs(table), kept)

    def _inputs(self, table: Table) -> Provenance:
        """Also the types of the columns that folders name, which depend on all parts."""
        folded = [(column.name, column.type) for column in partition_columns(table)]
        return (*self.made_from, ("folders", canonical_json(folded).decode()))


def part_names(table: Table) -> list[str]:
    """What makes the rows of each part: its bytes, its folders, and how its name has it read."""
    return [
        canonical_json([digest, folders(label), reading_of_name(label)]).decode()
        for digest, label in zip(table.digests, table.labels, strict=True)
    ]
