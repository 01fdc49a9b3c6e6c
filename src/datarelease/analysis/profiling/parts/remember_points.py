"""Different values of columns of numbers, kept so that no part is read for the bounds of a cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.profiling.batches import column_batches
from datarelease.analysis.profiling.columns import Column, Read
from datarelease.analysis.profiling.figures import Figures
from datarelease.analysis.profiling.parts.cell_values import keys_of_positions, outermost
from datarelease.analysis.profiling.parts.kept_keys import key_blocks
from datarelease.analysis.profiling.parts.known_columns import KnownPoints
from datarelease.analysis.profiling.parts.profile_memo import KeptProfile
from datarelease.analysis.profiling.parts.value_keys import MOST_KEYS, KeyBatch, ValueKeys

_MOST_BYTES = 64 << 20
"""Of the values of all columns of numbers: an eighth of a memo."""


def remember_points(
    engine: Engine,
    read: Read,
    columns: Sequence[Column],
    figures: Figures,
    kept: KeptProfile,
    salt: str,
) -> dict[str, KnownPoints]:
    """Keep the different values of these columns, or the outermost ones of each of their cells.

    Returns what is known of the columns. Left out are those whose cells are single values.

    Raises:
        UnreadableTable, WorldError: As `profile`.
    """
    wanted = [column for column in columns if column.name in figures.chains]
    wanted = [column for column in wanted if figures.chains[column.name][0].level]
    found = {}
    for column in wanted:
        chain, most = figures.chains[column.name], MOST_KEYS
        number, fewer = outermost(chain, most)
        values = ValueKeys.of(_batches(engine, read, column), fewer)
        blocks = [] if values is None else key_blocks(values)
        room, size = _MOST_BYTES // len(wanted), sum(map(len, blocks))
        if values is not None and size > room:
            number, fewer = outermost(chain, len(values.keys) * room // size)
            less = fewer(KeyBatch(keys=values.keys, rows=values.counted))
            values = ValueKeys.of([less])
            blocks = [] if values is None else key_blocks(values)
        if values is not None:
            whole = values.total == chain[0].count
            kept.keep_keys(salt, column.name, blocks)
            found[column.name] = KnownPoints(
                distinct=len(values.keys),
                rows=values.total,
                outermost=None if whole else number,
            )
    return found


def _batches(engine: Engine, read: Read, column: Column) -> Iterator[KeyBatch]:
    for batch in column_batches(engine, read([column]), [column]):
        reading = column.reading(batch)
        if reading is not None:
            yield KeyBatch(keys=keys_of_positions(reading.positions))
