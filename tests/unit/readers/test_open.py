"""Tables opened lazily: columns and conditions decide what is read of the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.published import Published
from tests.unit.readers.conftest import PARTS, ROWS
from tests.web import FileServer

import datarelease as dr
from datarelease.reading import Frame

ENGINES: list[Frame] = ["duckdb", "polars", "pyarrow", "pandas"]


def rows(opened: Any, engine: Frame) -> list[tuple[Any, ...]]:
    """The rows of what a library opened."""
    if engine == "duckdb":
        return list(opened.fetchall())
    if engine == "polars":
        return list(opened.collect().iter_rows())
    frame = opened if engine == "pandas" else opened.to_table().to_pandas()
    return [tuple(row) for row in frame.itertuples(index=False)]


@pytest.mark.parametrize("engine", ENGINES)
def test_only_what_is_asked_for_is_read(web: FileServer, engine: Frame) -> None:
    """One row group of one part, and of it two columns: a small share of the bytes."""
    where = [("year", "==", 2024), ("id", "<", 2024 * ROWS + 3)]
    opened = dr.open(
        web.address, "latest", "events", columns=["id", "year"], where=where, engine=engine
    )
    found = [row[:2] for row in rows(opened, engine)]
    assert found == [(2024 * ROWS + n, 2024) for n in range(3)]
    whole = sum(map(len, PARTS.values()))
    assert sum(web.sent) < whole / 3, "a footer costs 64 kB at most"
    assert max(web.sent) < 100_000


@pytest.mark.parametrize("engine", ENGINES)
def test_conditions_mean_the_same_everywhere(
    shared: Published, web: FileServer, engine: Frame
) -> None:
    """On columns of files and of folders, of Parquet and of text, here and there."""
    first = 2023 * ROWS
    cases: list[tuple[str, list[tuple[str, str, Any]], int]] = [
        ("events", [("id", ">=", first), ("id", "<", first + 5)], 5),
        ("events", [("year", "in", [2023, 1999]), ("value", "<=", 1.0)], 3),
        ("events", [("year", "not in", [2023]), ("value", "=", 1.0)], 1),
        ("events", [("year", "==", 1999)], 0),
        ("events", [("text", "==", "'; DROP TABLE x --")], 0),
        ("people", [("since", "==", None)], 1),
        ("people", [("since", "!=", None), ("plan", "!=", "B")], 2),
        ("people", [("plan", "not in", ["B"])], 2),
    ]
    for address in (shared.root, web.address):
        for name, where, count in cases:
            opened = dr.open(address, "latest", name, where=where, engine=engine)
            assert len(rows(opened, engine)) == count, where


def test_columns_are_those_that_are_asked_for(shared: Published, web: FileServer) -> None:
    """In their order; folders last where all are wanted."""
    for address in (shared.root, web.address):
        relation = dr.open(address, "latest", "events")
        assert relation.columns == ["id", "value", "text", "year"]
        lazy = dr.open(address, "latest", "events", engine="polars", columns=["year", "value"])
        assert lazy.collect_schema().names() == ["year", "value"]
        dataset = dr.open(address, "latest", "events", engine="pyarrow", columns=["value"])
        assert dataset.schema.names == ["value"]
        assert dataset.count_rows() == 2 * ROWS


def test_what_was_fetched_before_is_read_here(web: FileServer) -> None:
    """Objects of the cache take no request."""
    dr.files(web.address, "latest", "events").fetch()
    web.sent.clear()
    assert len(dr.open(web.address, "latest", "events", columns=["id"]).fetchall()) == 2 * ROWS
    assert len(web.sent) == 2, "the index and the manifest"


def test_part_of_a_table_is_kept_and_part_is_read_in_ranges(web: FileServer, cache: Path) -> None:
    """With verified=True, whole files of the folders asked for are kept; ranges are of the rest."""
    early = [("year", "==", 2023)]
    assert len(dr.open(web.address, "latest", "events", verified=True, where=early)) == ROWS
    kept = [path for path in (cache / "sha256").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in kept] == [PARTS["year=2023/part-0.parquet"]]
    web.sent.clear()
    opened = dr.open(web.address, "latest", "events", columns=["id"])
    assert opened.aggregate("count(*), min(id)").fetchall() == [(2 * ROWS, 2023 * ROWS)]
    assert sum(web.sent) < len(PARTS["year=2024/part-0.parquet"])


def test_a_wrong_byte_is_found_where_hashes_are_asked_for(
    remote: Published, own_web: FileServer
) -> None:
    """Ranges have none; whole files are refused."""
    data = PARTS["year=2023/part-0.parquet"]
    remote.release({"events": {"part.parquet": data}})
    place = remote.object(data)
    place.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    for address in (own_web.address, str(remote.root)):
        dr.open(address, "latest", "events")
        with pytest.raises(dr.WorldError, match="does not match the hash in the manifest"):
            dr.open(address, "latest", "events", verified=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_object_that_was_cut_short_is_an_error(
    remote: Published, own_web: FileServer, engine: Frame
) -> None:
    """Or one that is gone: no library takes what is left for the table."""
    data = PARTS["year=2023/part-0.parquet"]
    remote.release({"events": {"part.parquet": data}})
    place = remote.object(data)
    place.write_bytes(data[: len(data) // 2])
    with pytest.raises(Exception, match=r"shorter than|[Pp]arquet|footer"):
        rows(dr.open(own_web.address, "latest", "events", engine=engine), engine)
    place.unlink()
    with pytest.raises(Exception, match=r"files/md5"):
        rows(dr.open(own_web.address, "latest", "events", engine=engine), engine)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": ["idd"]}, "no column 'idd'"),
        ({"where": [("idd", "==", 1)]}, "no column 'idd', which where= names"),
        ({"where": [("id", "~", 1)]}, "'~' is not an operator"),
        ({"where": [("id", "==")]}, "is not a condition"),
        ({"where": ["id == 1"]}, "is not a condition"),
        ({"where": ("id", "==", 1)}, "where='id' is not a condition"),
        ({"where": [7]}, "where=7 is not a condition"),
        ({"columns": "id"}, r"(?s)columns='id' is a text.*Write columns=\['id'\]"),
        ({"where": [("id", "==", [1])]}, "a column cannot be compared with"),
        ({"where": [("text", "in", "abc")]}, "a column cannot be compared with"),
        ({"where": [("id", "<", None)]}, "a column cannot be compared with"),
        ({"where": [("year", "<", "2024")]}, "of another type"),
        ({"engine": "spark"}, "engine='spark' is unknown"),
    ],
    ids=str,
)
def test_a_question_that_cannot_be_asked(
    shared: Published, given: dict[str, Any], message: str
) -> None:
    """It is said which part of it, before data is read."""
    with pytest.raises(dr.ConfigError, match=message):
        dr.open(shared.root, "latest", "events", **given)


def test_a_directory_is_read_where_it_is(shared: Published, cache: Path) -> None:
    """Nothing is copied into the cache."""
    assert len(dr.open(shared.root, "latest", "events").limit(1).fetchall()) == 1
    assert len(dr.load(shared.root, "latest", "events")) == 2 * ROWS
    assert not (cache / "sha256").exists()
