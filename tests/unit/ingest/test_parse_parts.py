"""Part files: the same rows give the same bytes, and say from what they were made."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.raw_files import header, raw_table

from datarelease.ingest.parse.files import Md5Memo, PartWriter, fingerprint_of
from datarelease.ingest.raw import RowGroups

ROWS = pa.table({"n": range(60_000), "t": [f"{n * 7919:0100}" for n in range(60_000)]})
"""Several pages."""


def written(path: Path, rows: pa.Table, fingerprint: str = "f") -> bytes:
    """The bytes of a part with one row group."""
    with PartWriter(path, ROWS.schema, fingerprint) as part:
        part.add(rows)
    return path.read_bytes()


def test_bytes_do_not_depend_on_the_pieces_that_rows_come_in(tmp_path: Path) -> None:
    """An engine hands out as many pieces as its threads happened to make."""
    whole = written(tmp_path / "a", ROWS.combine_chunks())
    for size in (999, 8_192, 20_011):
        pieces = pa.Table.from_batches(ROWS.to_batches(max_chunksize=size))
        assert written(tmp_path / "b", pieces) == whole


def test_nor_do_those_of_a_raw_file(tmp_path: Path) -> None:
    """Records come from a broker in as many pieces as it happened to send."""
    values = {0: [b"%0150d" % (n * 7919) for n in range(30_000)]}
    records, about = raw_table(values).combine_chunks(), header(1, values, {})
    found = set()
    for size in (30_000, 999, 10_007):
        path = tmp_path / f"{size}"
        with pa.OSFile(str(path), "wb") as sink, RowGroups(sink) as groups:
            for piece in records.to_batches(max_chunksize=size):
                groups.add(piece)
            groups.finish(about)
        found.add(path.read_bytes())
    assert len(found) == 1


def test_a_part_says_from_what_it_was_made(tmp_path: Path) -> None:
    """And nothing else does: no file, a text, somebody's Parquet file."""
    written(tmp_path / "a", ROWS, "made of this")
    assert fingerprint_of(tmp_path / "a") == "made of this"
    (tmp_path / "text").write_text("PAR1")
    pq.write_table(ROWS, tmp_path / "foreign")
    for name in ("none", "text", "foreign"):
        assert fingerprint_of(tmp_path / name) is None


def test_no_rows_no_file(tmp_path: Path) -> None:
    """An empty part would be a file that says nothing."""
    with PartWriter(tmp_path / "a", ROWS.schema, "f") as part:
        part.add(ROWS.slice(0, 0))
    assert not (tmp_path / "a").exists()


def test_row_groups_stand_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    """They are written while the next ones are made, one after the other."""
    with PartWriter(tmp_path / "a", ROWS.schema, "f") as part:
        for first in range(0, ROWS.num_rows, 1_000):
            part.add(ROWS.slice(first, 1_000))
        assert part.rows == ROWS.num_rows
    assert pq.read_table(tmp_path / "a").equals(ROWS)
    assert pq.read_metadata(tmp_path / "a").num_row_groups == 60


def test_rows_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    """Nobody takes a part for whole whose rows were lost: the next call says so, or the end."""
    with pytest.raises(FileNotFoundError), PartWriter(tmp_path / "no/a", ROWS.schema, "f") as part:
        part.add(ROWS)
    with PartWriter(tmp_path / "no/b", ROWS.schema, "f") as part:
        part.add(ROWS)
        with pytest.raises(FileNotFoundError):
            part.add(ROWS)


def test_md5s_are_remembered_until_a_file_changes(tmp_path: Path) -> None:
    """Also by the next run; whatever was written over what is remembered."""
    path, place = tmp_path / "a", tmp_path / "memo" / "md5.json"
    path.write_text("one")
    memo = Md5Memo(place)
    first = memo.of(path)
    memo.save()
    assert Md5Memo(place).of(path) == first == "f97c5d29941bfb1b2fdab0874906ab82"
    path.write_text("three")
    assert Md5Memo(place).of(path) != first
    for broken in ("[", "[]", '{"a": 1}', f'{{"{path}": [1]}}'):
        place.write_text(broken)
        assert Md5Memo(place).of(path) != first
