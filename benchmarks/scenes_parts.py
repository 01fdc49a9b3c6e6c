"""A check of a table of many parts, of which few changed since the newest version."""

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
    repository = _changed(data.parts(parts, rows, ending))
    known = repository.folder / "memo"
    shutil.copytree(repository.memo, known)
    source = repository.folder / "changed"
    _edit(repository.work / repository.path, source)
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

    form = _FORMATS[ending]
    kind, what = ("", "parts") if ending == "parquet" else (f"-{ending}", f"{form} parts")
    return Scene(
        name=f"changed{kind}-parts",
        title=f"{CHANGED} of {parts:,} {what} changed",
        about=f"`datarelease check` of a directory of {parts:,} {form} files with {rows:,} rows "
        f"each, of which {CHANGED}, spread evenly, lost their last row since `data-v1`.",
        variants=(
            Variant(name="full", label="**everything computed**", run=full, ours=True),
            Variant(
                name="changed", label="**with the results of `data-v1`**", run=changed, ours=True
            ),
        ),
    )


def _changed(source: Path) -> Repository:
    """A repository whose `data-v1` has these parts, with what its check left."""
    tell("  preparing: data-v1 released")
    repository = Repository(STAGE / "changed-parts", "data/customers")
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
