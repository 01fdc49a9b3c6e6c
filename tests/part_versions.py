"""Tables of part files in several versions, and what a run knows of the one before it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from datarelease.adapters.memo import FileMemo
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.parts.profile_memo import ProfileMemo
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.expectations import text_types
from datarelease.analysis.validation.part_memo import PartMemo
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.model.data.dataset import DEFAULT_DIALECT, CsvDialect, Dataset
from datarelease.model.data.profile import Profile
from datarelease.model.data.table_format import table_format
from datarelease.model.data.validation import Validation

_Rows = list[Any]


class OpenedFiles(DuckDBEngine):
    """An engine that remembers which parts it opened or read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(temp_directory=folder, threads=2)
        self.parts: set[str] = set()

    def converted(self, table: Table) -> Table:  # noqa: D102 - an Engine
        self.parts.update(table.labels)
        return super().converted(table)


def stored(
    folder: Path, version: Mapping[str, bytes], dialect: CsvDialect = DEFAULT_DIALECT
) -> Table:
    """The parts as files that are named by their content, as those of a cache."""
    names, paths = sorted(version), []
    for name in names:
        path = folder / hashlib.md5(version[name], usedforsecurity=False).hexdigest()
        if not path.exists():  # most parts are those of the version before
            path.write_bytes(version[name])
        paths.append(path)
    form = table_format(names[0])
    assert form is not None
    return Table(
        paths=tuple(paths),
        format=form,
        csv=dialect,
        labels=tuple(names),
        digests=tuple(path.name for path in paths),
    )


class Memory:
    """What is kept between runs on one dataset."""

    def __init__(self, dataset: Dataset, folder: Path, files: Path) -> None:
        self.dataset = dataset
        memo, made_from = FileMemo(folder), (("schema", "s"),)
        self.parts = PartMemo(memo=memo, made_from=made_from)
        self.profiles = ProfileMemo(memo=memo, made_from=made_from, find=lambda md5: files / md5)

    def validate(self, engine: Engine, table: Table, schema: Any) -> Validation:
        """A validation that knows what is kept."""
        return validate(engine, table, self.dataset, schema, self.parts)

    def profile(self, engine: Engine, table: Table, schema: Any) -> Profile:
        """A profile that knows what is kept."""
        return profiled(engine, table, self.dataset, schema, self.profiles)


class Known:
    """What runs on versions left behind, and what others say from scratch: each made once."""

    def __init__(
        self, dataset: Dataset, folder: Path, files: Path, schema: Any, engine: Engine
    ) -> None:
        self.dataset = dataset
        self.files = files
        self.schema = schema
        self._engine = engine
        self._folder = folder
        self._memos: dict[Table, Path] = {}
        self._outcomes: dict[Table, tuple[str, str]] = {}

    def copied(self, table: Table, folder: Path) -> Memory:
        """What a validation and a profile of a table left, in a folder of one's own."""
        if table not in self._memos:
            made = self._folder / str(len(self._memos))
            memory = Memory(self.dataset, made, self.files)
            memory.validate(self._engine, table, self.schema)
            memory.profile(self._engine, table, self.schema)
            self._memos[table] = made
        shutil.copytree(self._memos[table], folder, dirs_exist_ok=True)
        return Memory(self.dataset, folder, self.files)

    def from_scratch(self, table: Table) -> tuple[str, str]:
        """Validation and profile without a memo."""
        if table not in self._outcomes:
            self._outcomes[table] = (
                encode(validate(self._engine, table, self.dataset, self.schema)),
                encode(profiled(self._engine, table, self.dataset, self.schema)),
            )
        return self._outcomes[table]


def profiled(
    engine: Engine, table: Table, dataset: Dataset, schema: Any, memo: ProfileMemo | None = None
) -> Profile:
    """A profile whose columns are read as a schema says."""
    types = text_types(schema, table, lambda: engine.columns(table))
    return profile(engine, table, dataset, types=types, memo=memo)


def edited(
    draw: st.DrawFn, rows: st.SearchStrategy[_Rows], *, fewest: int = 2, most: int = 5
) -> list[dict[str, _Rows]]:
    """Versions of a dataset by the names of parts, each one some edits from the one before it.

    The first one has ``fewest`` to ``most`` parts.
    """
    version: list[_Rows] = draw(st.lists(rows, min_size=fewest, max_size=most))
    versions = [version]
    for _ in range(draw(st.integers(1, 3))):
        version = draw(st.permutations(version))
        for _ in range(draw(st.integers(0, 2))):
            number = draw(st.integers(0, len(version) - 1))
            edit = draw(st.sampled_from(["change", "add", "delete", "repeat", "split"]))
            if edit == "change":
                version[number] = draw(rows)
            elif edit == "add":
                version = [*version, draw(rows)]
            elif edit == "repeat":
                version = [*version, version[number]]
            elif edit == "split":
                part = version[number]
                version = [*version[:number], part[:1], part[1:], *version[number + 1 :]]
            elif len(version) > 1:
                version = version[:number] + version[number + 1 :]
        versions.append(version)
    folded = draw(st.booleans())
    named = []
    for listed in versions:
        names = draw(
            st.lists(
                st.sampled_from("abcdefghijkl"), min_size=len(listed), max_size=12, unique=True
            )
        )
        parts = enumerate(zip(names, listed, strict=False))
        named.append({f"y={n % 3}/{name}" if folded else name: part for n, (name, part) in parts})
    return named


def altered(folder: Path, kind: str, edit: Callable[[Any], None]) -> None:
    """Have the results of a kind be others, as somebody may who can write there."""
    memo = FileMemo(folder)
    for file in memo.files():
        header, _, value = file.read_bytes().partition(b"\n")
        told = json.loads(header)
        if told["kind"] == kind:
            kept = json.loads(value)
            edit(kept)
            memo.put(kind, tuple(map(tuple, told["made_from"])), json.dumps(kept).encode())


def shape_of(kept: Any, edit: Callable[[Any], None]) -> None:
    """Change the shape that is said of all parts, and what each part says of it."""
    shape = json.loads(kept["shape"])
    edit(shape)
    kept["shape"] = json.dumps(shape, separators=(",", ":"))
    for facts in kept["parts"].values() if isinstance(kept.get("parts"), dict) else ():
        facts["shape"] = hashlib.sha256(kept["shape"].encode()).hexdigest()
