"""The figures of a table of parts from those of another version of it, of which few parts differ.

Parts are told apart by their hashes. Those that are gone and those that are new are read, and of
the others only columns in which that does not say everything. The figures are those of a run from
scratch, whatever was kept; what does not fit the parts is not used.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import narwhals as nw

from datarelease.analysis.engine.column_types import type_name
from datarelease.analysis.engine.partitions import Folders, folders
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.shapes.known_shapes import shaped_like
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.cells import cells_for
from datarelease.analysis.profiling.columns import columns_of
from datarelease.analysis.profiling.parts.column_updates import ChangedFigures, ColumnUpdates
from datarelease.analysis.profiling.parts.known_columns import KnownTable
from datarelease.analysis.profiling.parts.part_changes import ChangedParts, column_changes
from datarelease.analysis.profiling.parts.profile_memo import FindPart, ProfileMemo
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.table_format import reading_of_name

_Types = Mapping[str, nw.dtypes.DType]
_Name = tuple[str, Folders, str]
"""What makes the rows of a part: its hash, its folders, and how its name says to read it."""
_SHARE = 8
"""At most an eighth of the bytes may be gone or new: beyond that, all parts are read."""
_MOST_ROWS = 1 << 22
"""That may be gone or new: memory does not grow with the table."""


def figures_by_change(
    engine: Engine,
    table: Table,
    dataset: Dataset,
    types: _Types | None,
    memo: ProfileMemo,
) -> ChangedFigures | None:
    """The figures of a table; None: nothing is known of it, or too much of it is new.

    Args:
        engine: Reads the parts.
        table: The parts as they are now.
        dataset: Its pii columns.
        types: As in `Engine.scan`.
        memo: Knows another version.

    Raises:
        UnreadableTable: A part is damaged.
        WorldError: Out of memory or disk.
    """
    kept = memo.of(table)
    known = kept.recall()
    parts = None if known is None else _changed_parts(table, known, memo.find)
    if known is None or parts is None:
        return None
    parts = _shaped(engine, table, parts, known.shape, types)
    if parts is None:
        return None
    columns = columns_of(engine.types(parts.any, types), dataset)
    if {column.name: type_name(column.dtype) for column in columns} != {
        name: column.type for name, column in known.columns.items()
    }:
        return None
    gone, new = (_count(engine, some) for some in (parts.gone, parts.new))
    if max(gone, new) > _MOST_ROWS or gone > known.rows:
        return None
    alike = replace(table, alike=True, inferred=parts.any.inferred)
    update = ColumnUpdates(engine, alike, types, known, kept, cells_for(len(columns)), parts.left)
    for column, change in column_changes(engine, parts, columns, types, max(gone, new)):
        update.add(column, change)
    update.close()
    return update.result(columns, known.rows - gone + new)


def _count(engine: Engine, table: Table | None) -> int:
    if table is None:
        return 0
    frame = engine.scan_parts(table, {}, ())
    [row] = engine.collect(frame.select(n=nw.len()))
    return int(row["n"])


def _shaped(
    engine: Engine, table: Table, parts: ChangedParts, shape: str, types: _Types | None
) -> ChangedParts | None:
    """The same parts, to be read as ``shape`` says; None: the table may be of another shape."""
    given = types or {}
    present = shaped_like(engine, table, parts.places or [0], shape, given)
    if present is None:
        return None
    gone = replace(parts.gone, inferred=present.inferred) if parts.gone else None
    if gone is not None and set(engine.shapes(gone, given)) != {shape}:
        return None
    return replace(parts, gone=gone, new=present if parts.new else None, any=present)


def _changed_parts(table: Table, known: KnownTable, find: FindPart) -> ChangedParts | None:
    """The parts that are gone or new; None: one that is gone is not here any more."""
    now = [_name(*pair) for pair in zip(table.digests, table.labels, strict=True)]
    then = [_name(*pair) for pair in known.parts]
    away = _others(then, now)
    gone = [known.parts[place] for place in away]
    new = _others(now, then)
    paths = [find(digest) for digest, _ in gone]
    if max(_size(paths), _size([table.paths[place] for place in new])) * _SHARE > _size(
        table.paths
    ):
        return None
    if not all(_is_sound(path, digest) for path, (digest, _) in zip(paths, gone, strict=True)):
        return None
    old = replace(
        table,
        paths=tuple(paths),
        labels=tuple(label for _, label in gone),
        digests=tuple(digest for digest, _ in gone),
        addresses=(),
        siblings=table.siblings or table.labels,
    )
    return ChangedParts(
        gone=old if gone else None,
        new=table.part(new) if new else None,
        any=table.part(new or [0]),
        places=new,
        left=sorted({*range(len(then))} - {*away}),
    )


def _name(digest: str, label: str) -> _Name:
    return digest, folders(label), reading_of_name(label)


def _others(some: Sequence[_Name], others: Sequence[_Name]) -> list[int]:
    """The places of those that ``others`` have less often."""
    left = Counter(others)
    found = []
    for place, name in enumerate(some):
        if left[name]:
            left[name] -= 1
        else:
            found.append(place)
    return found


def _size(paths: Sequence[Path]) -> int:
    """Bytes of those files that are there."""
    return sum(path.stat().st_size for path in paths if path.is_file())


def _is_sound(path: Path, digest: str) -> bool:
    """Whether the file is there and has the bytes that it should have."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "md5").hexdigest() == digest
    except OSError:
        return False
