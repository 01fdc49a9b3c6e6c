"""Every format of a table goes all the way: adopted, checked, released, compared, loaded."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
import yaml
from pyarrow import feather
from tests.commands import run
from tests.project import Project

import datarelease as dr

pytestmark = pytest.mark.one_dataset

Rows = Sequence[dict[str, Any]]


def csv_gz(rows: Rows) -> bytes:
    """European text, compressed."""
    lines = [f"{row['id']};{str(row['x']).replace('.', ',')}" for row in rows]
    return gzip.compress("\n".join(["id;x", *lines, ""]).encode())


def tsv(rows: Rows) -> bytes:
    """Text with tabs."""
    return "\n".join(["id\tx", *(f"{row['id']}\t{row['x']}" for row in rows), ""]).encode()


def json_lines(rows: Rows) -> bytes:
    """An object a line."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def arrow(rows: Rows) -> bytes:
    """A Feather file."""
    sink = io.BytesIO()
    feather.write_feather(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()


FILES = {
    "orders": ("data/orders.csv.gz", csv_gz),
    "words": ("data/words.tsv", tsv),
    "lines": ("data/lines/day=2026-01-01/part-0.jsonl", json_lines),
    "zipped": ("data/zipped/part-0.ndjson.gz", lambda rows: gzip.compress(json_lines(rows))),
    "cells": ("data/cells.feather", arrow),
}
OUTPUTS = {"lines": "data/lines", "zipped": "data/zipped"}


def outputs() -> dict[str, str]:
    """The path of each dataset."""
    return {name: OUTPUTS.get(name, path) for name, (path, _) in FILES.items()}


@pytest.mark.slow  # tests/contract/test_engines.py reads each format
def test_every_format_is_adopted_released_compared_and_loaded(built: Project) -> None:
    """What `init` finds is released; an edit is compared row by row; a fresh clone loads it."""
    before: list[dict[str, Any]] = [{"id": n, "x": n + 0.5} for n in range(20)]
    for path, written in FILES.values():
        built.write(path, written(before))
    (built.root / "dvc.yaml").unlink()
    built.dvc("add", *outputs().values())
    run(built, "init", "--yes")
    adopted = yaml.safe_load((built.root / "dvc.yaml").read_text())["artifacts"]
    assert {name: entry["path"] for name, entry in adopted.items()} == outputs()
    assert {tuple(entry["meta"]["key"]) for entry in adopted.values()} == {("id",)}
    built.commit("Adopt")
    built.push()
    run(built, "release")
    after = [*before[:7], {"id": 7, "x": 70.25}, *before[9:], {"id": 99, "x": 1.5}]
    for path, written in FILES.values():
        built.write(path, written(after))
    built.dvc("add", *outputs().values())
    built.commit("Edit")
    built.push()
    run(built, "release")
    report = json.loads((built.root / "reports/report.json").read_text())
    found = {
        dataset["name"]: {kind: dataset["diff"]["rows"][kind] for kind in ("added", "removed")}
        | {"changed": dataset["diff"]["rows"]["changed"]}
        for dataset in report["datasets"]
    }
    assert found == {name: {"added": 1, "removed": 1, "changed": 1} for name in FILES}
    clone = built.clone(built.root.parent / "fresh")
    for name in FILES:
        rows = dr.load("data-v2", name, repo=str(clone.root), columns=["id", "x"], engine="pyarrow")
        assert rows.to_pylist() == after, name
    days = dr.load("data-v1", "lines", repo=str(clone.root))["day"].astype(str).unique()
    assert list(days) == ["2026-01-01"]


@pytest.mark.slow  # test_unreadable.py has a broken CSV file
def test_a_broken_line_blocks_by_its_number(built: Project) -> None:
    """The file and the line are named; nothing is taken for a removed dataset."""
    built.write("data/lines.jsonl", b'{"id":1}\n{"id":2\n{"id":3}\n')
    built.write("dvc.yaml", "artifacts:\n  lines: {path: data/lines.jsonl, type: dataset}\n")
    built.dvc("add", "data/lines.jsonl")
    built.commit("Lines")
    built.push()
    done = run(built, "check", code=1)
    assert "cannot be read: lines.jsonl: line 2 is not JSON" in done.text
