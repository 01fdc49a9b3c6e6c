"""How files of text are read, in words: what `Engine.shapes` gives for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.csv.types import CANDIDATES
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
_DIGEST = 64


@dataclass(frozen=True, kw_only=True)
class TextShape:
    """How a part of a table of text is read."""

    delimiter: str = ""
    line_end: str | None = None
    """As `Header` has it."""
    columns: tuple[tuple[str, str], ...]
    """Each column inside the files, and its `type_name` or `NO_VALUES`; of JSON Lines, its
    `type_text`."""

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


def may_become(kind: str, wanted: str) -> bool:
    """Whether a column of one type can be of the other with the values of other parts."""
    order = _ORDER
    return kind in order and wanted in order and order.index(kind) < order.index(wanted)
