"""A check of a large table validates and profiles it at the same time, with the same outcome."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.commands import run
from tests.flows.check.test_unreadable import damaged_parquet
from tests.project import Project

from datarelease.analysis.engine.duckdb import connect

pytestmark = pytest.mark.one_dataset


def every_table_is_large() -> None:
    """A table of a few rows is worth a second engine, in this process, on any machine."""
    connect._LARGE, connect._THREADS = 0, 1


def of(project: Project, content: bytes, **meta: object) -> None:
    """Make a Parquet file the only dataset, without stages."""
    project.write("data/x.parquet", content)
    project.dvc("add", "--quiet", "data/x.parquet")
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"] = {"x": {"path": "data/x.parquet", "type": "dataset", "meta": meta}}
    project.write("dvc.yaml", yaml.safe_dump(declared))
    project.commit("Other data")


def people() -> bytes:
    """Rows with a key that two of them share."""
    sink = io.BytesIO()
    ids = [*range(2000), 7]
    pq.write_table(pa.table({"id": ids, "name": [f"name {n % 9}" for n in ids]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "meta"),
    [(people(), {"key": ["id"]}), (damaged_parquet(), {"key": ["id"]}), (damaged_parquet(), {})],
    ids=["table", "validation finds damage", "profile finds damage"],
)
def test_the_outcome_is_that_of_one_after_the_other(
    built: Project, content: bytes, meta: dict[str, object]
) -> None:
    """The report is the same, byte for byte, and so are the files of rows; one line says both."""
    of(built, content, **meta)
    memo = built.root / ".dvc/cache/files/memo"
    found = []
    for prepare in (None, every_table_is_large):
        for path in sorted(memo.glob("*/*")):
            path.unlink()
        done = run(built, "check", "--json", code=1, prepare=prepare)
        lines = [line for line in done.err.splitlines() if line.startswith("x: ")]
        reports = {
            path.name: path.read_bytes()
            for path in sorted((built.root / "reports").rglob("*"))
            if path.is_file()
        }
        found.append((lines, json.dumps(done.json), reports))
    (alone, *one), (at_once, *other) = found
    assert one == other
    assert alone[0] == "x: validating 1 file"
    assert at_once[0] == "x: validating and profiling 1 file"
    assert at_once[1:] == [line for line in alone[1:] if line != "x: profiling 1 file"]
