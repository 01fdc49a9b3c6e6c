"""A check of a table of which little changed since the newest version: some parts, or a column."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
from benchmarks import data
from benchmarks.measure import Run, measure
from benchmarks.places import STAGE
from benchmarks.repository import FRESH, Repository
from benchmarks.scene import Scene, Variant, tell

CHANGED = 10
_FORMATS = {"parquet": "Parquet", "csv": "CSV", "jsonl": "JSON Lines"}


def changed_parts_scene(parts: int, rows: int, ending: str = "parquet") -> Scene:
    """A check without any result of before, and one that knows the parts of the newest version."""
    repository = _released("data/customers", data.parts(parts, rows, ending))
    source = repository.folder / "changed"
    _edit(repository.work / repository.path, source)
    form = _FORMATS[ending]
    kind, what = ("", "parts") if ending == "parquet" else (f"-{ending}", f"{form} parts")
    return _scene(
        repository,
        source,
        name=f"changed{kind}-parts",
        title=f"{CHANGED} of {parts:,} {what} changed",
        about=f"`datarelease check` of a directory of {parts:,} {form} files with {rows:,} rows "
        f"each, of which {CHANGED}, spread evenly, lost their last row since `data-v1`.",
    )


def changed_column_scene(rows: int) -> Scene:
    """The same of one file in which a column has other values."""
    repository = _released("data/customers.parquet", data.customers(rows, data.BEFORE))
    return _scene(
        repository,
        data.customers(rows, data.AFTER),
        name="changed-column",
        title=f"One of 14 columns changed, {rows:,} rows",
        about="`datarelease check` of one Parquet file in which one row in twelve has another "
        "value of `churned` since `data-v1`.",
    )


def _scene(repository: Repository, source: Path, *, name: str, title: str, about: str) -> Scene:
    """The check of ``source`` where the newest version is in ``repository``."""
    known = repository.folder / "memo"
    shutil.copytree(repository.memo, known)
    repository.add(source)

    def check() -> Run:
        return measure(["datarelease", "check"], cwd=repository.work, env=repository.env)

    def full() -> Run:
        repository.forget()
        return check()

    def changed() -> Run:
        repository.forget()
        shutil.copytree(known, repository.memo)
        return check()

    return Scene(
        name=name,
        title=title,
        about=about,
        variants=(
            Variant(name="full", label="**everything computed**", run=full, ours=True),
            Variant(
                name="changed", label="**with the results of `data-v1`**", run=changed, ours=True
            ),
        ),
    )


def _released(path: str, source: Path) -> Repository:
    """A repository whose `data-v1` has this dataset, with what its check left."""
    tell("  preparing: data-v1 released")
    repository = Repository(STAGE / "changed-parts", path)
    repository.create(source)
    repository.branch_fresh()
    repository.unreleased(FRESH)
    repository.datarelease("release", "--branch", FRESH)
    return repository


def _edit(before: Path, after: Path) -> None:
    """The same parts, some of them without their last row."""
    shutil.copytree(before, after)
    files = sorted(after.iterdir())
    for file in files[:: max(1, len(files) // CHANGED)]:
        if file.suffix == ".parquet":
            table = pq.read_table(file)
            file.unlink()  # DVC may have linked it to its cache
            pq.write_table(table.slice(0, table.num_rows - 1), file)
        else:
            rows = file.read_bytes().splitlines(keepends=True)
            file.unlink()
            file.write_bytes(b"".join(rows[:-1]))
