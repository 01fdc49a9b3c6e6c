"""How files of text are read, and whether other parts are read in the same way.

The types of columns that nobody declared depend on all values of a table. That a part is read as
all parts were read before is never concluded from what was kept: values of today have to show it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.csv.types import CANDIDATES
from datarelease.analysis.engine.tables import Engine, Table
from datarelease.documents import decode_or_none, encode_compact

_Types = Mapping[str, nw.dtypes.DType]
NO_VALUES = "null"
"""What stands for the type of a column without values, which is read as text."""
TEXT = type_name(nw.String())
_INFERRED = {
    NO_VALUES: nw.String(),
    **{type_name(dtype): dtype for dtype in (*CANDIDATES, nw.String())},
}
"""The types that values decide, the narrowest first."""
_ORDER = tuple(_INFERRED)
_SHARE = 8
"""At most an eighth of the bytes is read to learn of which types columns are."""
_DIGEST = 64


@dataclass(frozen=True, kw_only=True)
class TextShape:
    """How a part of a table of text is read."""

    delimiter: str
    line_end: str | None
    """As `Header` has it."""
    columns: tuple[tuple[str, str], ...]
    """Each column inside the files, and its `type_name` or `NO_VALUES`."""

    @property
    def text(self) -> str:
        """What `Engine.shapes` gives."""
        return encode_compact(self).decode()

    @classmethod
    def of(cls, text: str) -> TextShape | None:
        """The shape that ``text`` stands for; None: it stands for none."""
        return decode_or_none(cls, text)

    @property
    def outline(self) -> tuple[str, str | None, tuple[str, ...]]:
        """Everything but the types."""
        return self.delimiter, self.line_end, tuple(name for name, _ in self.columns)

    def inferred(self, types: _Types) -> tuple[tuple[str, str], ...]:
        """The columns that are not declared, and their types."""
        return tuple((name, kind) for name, kind in self.columns if name not in types)


def inferred_type(kind: str) -> nw.dtypes.DType:
    """The type of this name, one of those that values of text can decide."""
    return _INFERRED[kind]


def short_shape(shape: str) -> str:
    """A shape of `Engine.shapes` in at most 64 characters."""
    return shape if len(shape) <= _DIGEST else hashlib.sha256(shape.encode()).hexdigest()


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
    if known is None or own is None or own.outline != known.outline:
        return None
    differing = {
        name: kind
        for (name, kind), (_, mine) in zip(known.columns, own.columns, strict=True)
        if kind != mine
    }
    if any(not _may_become(dict(own.columns)[n], kind) for n, kind in differing.items()):
        return None
    if differing and not _others_show(engine, table, places, differing, own, types):
        return None
    return replace(some, inferred=known.inferred(types))


def _may_become(kind: str, wanted: str) -> bool:
    """Whether a column of one type can be of the other with the values of other parts."""
    order = _ORDER
    return kind in order and wanted in order and order.index(kind) < order.index(wanted)


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
