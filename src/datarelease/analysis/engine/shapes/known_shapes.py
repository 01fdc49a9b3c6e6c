"""Whether parts of a table are read as its other parts were read before.

The types of columns that nobody declared depend on all values of a table. That a part is read as
all parts were read before is never concluded from what was kept: values of today have to show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

import narwhals as nw
import pyarrow as pa

from datarelease.analysis.engine.conversion.json_types import (
    merged_columns,
    names_all,
    type_of_text,
)
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.shapes.text_shapes import TextShape, may_become
from datarelease.analysis.engine.tables import Table

_Types = Mapping[str, nw.dtypes.DType]
_SHARE = 8
"""At most an eighth of the bytes is read to learn of which types columns are."""


def shaped_like(
    engine: Engine, table: Table, places: Sequence[int], shape: str, types: _Types
) -> Table | None:
    """The parts of ``table`` at ``places``, to be read as ``shape`` says.

    Args:
        engine: Reads them.
        table: All parts. Those at other places were read in this shape before.
        places: Of the parts asked for, ascending.
        shape: One of `Engine.shapes`.
        types: The types of columns that are declared, as in `Engine.scan`.

    Returns:
        None: a part is of another shape, or all together may be. That is so where a column of text
        is of a narrower type in these parts than ``shape`` says, unless some of the other parts
        show that it is not in all.

    Raises:
        UnreadableTable: As `Engine.scan`.
    """
    some = table.part(places)
    found = set(engine.shapes(some, types))
    if not table.is_text:
        return some if found == {shape} else None
    known, own = TextShape.of(shape), TextShape.of(found.pop()) if len(found) == 1 else None
    if known is None or own is None:
        return None
    whole = own == known and len(places) == len(table.paths)
    if table.format == "jsonl":
        shown = whole or _fields_show(engine, table, places, known, own)
        return replace(some, inferred=known.columns) if shown else None
    shown = whole or _values_show(engine, table, places, known, own, types)
    return replace(some, inferred=known.inferred(types)) if shown else None


def _values_show(
    engine: Engine,
    table: Table,
    places: Sequence[int],
    known: TextShape,
    own: TextShape,
    types: _Types,
) -> bool:
    """Whether these parts of CSV, and some others if need be, have the types of ``known``."""
    if own.outline != known.outline:
        return False
    differing = {
        name: kind
        for (name, kind), (_, mine) in zip(known.columns, own.columns, strict=True)
        if kind != mine
    }
    if any(not may_become(dict(own.columns)[n], kind) for n, kind in differing.items()):
        return False
    return not differing or _others_show(engine, table, places, differing, own, types)


def _others_show(
    engine: Engine,
    table: Table,
    places: Sequence[int],
    wanted: Mapping[str, str],
    own: TextShape,
    types: _Types,
) -> bool:
    """Whether columns are of the types wanted in these parts and some others together."""
    settled = {name: nw.String() for name, _ in own.columns if name not in wanted}
    for more in _others(table, places):
        together = table.part(sorted({*places, *more}))
        found = set(engine.shapes(together, {**types, **settled}))
        shape = TextShape.of(found.pop()) if len(found) == 1 else None
        if shape is not None and wanted.items() <= dict(shape.columns).items():
            return True
    return False


def _fields_show(
    engine: Engine, table: Table, places: Sequence[int], known: TextShape, own: TextShape
) -> bool:
    """Whether these parts of JSON Lines and some others have the fields of ``known`` together.

    The order of columns is that in which fields appear, so the first part has to have all of them.
    """
    wanted, mine = _fields(known), _fields(own)
    if wanted is None or mine is None or merged_columns(wanted, mine) != wanted:
        return False
    first = _fields(_together(engine, table, [0]))
    if first is None or list(first) != list(wanted):
        return False
    if not all(names_all(first[name], kind) for name, kind in wanted.items()):
        return False
    if own == known:
        return True
    some = sorted({0, *places})
    others = (sorted({*some, *more}) for more in _others(table, some))
    return any(_together(engine, table, parts) == known for parts in chain([some], others))


def _together(engine: Engine, table: Table, places: Sequence[int]) -> TextShape | None:
    """The shape of some parts, as their values alone say."""
    found = set(engine.shapes(table.part(places)))
    return TextShape.of(found.pop()) if len(found) == 1 else None


def _fields(shape: TextShape | None) -> dict[str, pa.DataType | None] | None:
    """The columns of JSON Lines; None: they are not columns of JSON Lines."""
    try:
        return {name: type_of_text(text) for name, text in shape.columns} if shape else None
    except ValueError:
        return None


def _others(table: Table, places: Sequence[int]) -> Iterator[Sequence[int]]:
    """Other parts, more and more of them: one, then each time twice as many."""
    others = [place for place in range(len(table.paths)) if place not in set(places)]
    left = sum(path.stat().st_size for path in table.paths) / _SHARE
    number = 1
    while number <= len(others):
        yield others[:number]
        if number == len(others):
            return
        left -= sum(table.paths[place].stat().st_size for place in others[:number])
        number = min(2 * number, len(others))
        if left < sum(table.paths[place].stat().st_size for place in others[:number]):
            return
