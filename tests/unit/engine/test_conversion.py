"""Compressed text and Arrow's file formats through the engine."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import feather
from tests.slow_cases import slow_but

from datarelease.analysis.engine.conversion import arrow_files, compressed
from datarelease.analysis.engine.csv.structure import delimiter_of, doubt, with_structure
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.frames import read_frame
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.errors import WorldError
from datarelease.model.data.dataset import DEFAULT_DIALECT, CsvDialect
from datarelease.model.data.table_format import table_format

Write = Callable[..., Table]
TEXT = b"id,x\n1,a\n2,b\n"


def gz(data: bytes) -> bytes:
    """One member of gzip, the same bytes at any time: names of tests are made of them."""
    return gzip.compress(data, mtime=0)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """An engine for all tests, each of which has files of its own."""
    with DuckDBEngine(temp_directory=tmp_path_factory.mktemp("copies"), threads=1) as opened:
        yield opened


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files under names without an ending, as a cache has them."""

    def writing(csv: CsvDialect = DEFAULT_DIALECT, **files: bytes) -> Table:
        names = [name.replace("__", ".") for name in files]
        paths = tuple(tmp_path / f"object{place}" for place in range(len(files)))
        for path, data in zip(paths, files.values(), strict=True):
            path.write_bytes(data)
        form = table_format(names[0])
        assert form is not None
        return Table(paths=paths, format=form, labels=tuple(names), csv=csv)

    return writing


def rows(engine: DuckDBEngine, table: Table) -> list[dict[str, Any]]:
    """The rows as every reader gets them."""
    found: pa.Table = read_frame(engine, table, columns=None, engine="pyarrow")
    listed: list[dict[str, Any]] = found.to_pylist()
    assert engine.collect(engine.scan(table)) == listed
    return listed


def zstd(data: bytes) -> bytes:
    """One frame of Zstandard."""
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def arrow_stream(table: pa.Table) -> bytes:
    """A table as an IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def arrow_file(table: pa.Table, compression: str = "lz4") -> bytes:
    """A table as a Feather file, which is an IPC file."""
    sink = pa.BufferOutputStream()
    feather.write_feather(table, sink, compression=compression)
    written: bytes = sink.getvalue().to_pybytes()
    return written


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a__csv__gz", gz(TEXT)),
        ("a__csv__gz", gz(b"id,x\n1,") + gz(b"a\n2,b\n")),
        ("a__csv__zst", zstd(TEXT)),
        ("a__csv__zst", zstd(b"id,x\n1,") + zstd(b"a\n2,b\n")),
        ("a__tsv", TEXT.replace(b",", b"\t")),
        ("a__tsv__gz", gz(TEXT.replace(b",", b"\t"))),
        ("a__psv", TEXT.replace(b",", b"|")),
        ("a__ndjson__gz", gz(b'{"id":1,"x":"a"}\n{"id":2,"x":"b"}')),
        ("a__feather", arrow_file(pa.table({"id": [1, 2], "x": ["a", "b"]}))),
        ("a__feather", arrow_file(pa.table({"id": [1, 2], "x": ["a", "b"]}), "zstd")),
        ("a__arrow", arrow_stream(pa.table({"id": [1, 2], "x": ["a", "b"]}))),
    ],
)
def test_every_format_gives_the_same_rows(
    engine: DuckDBEngine, write: Write, name: str, data: bytes
) -> None:
    """One member or several, a file or a stream: the table is the same."""
    assert rows(engine, write(**{name: data})) == [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}]


def test_parts_may_be_compressed_otherwise(engine: DuckDBEngine, write: Write) -> None:
    """Parts of one format need not have one compression."""
    table = write(a__csv=TEXT, b__csv__gz=gz(TEXT), c__csv__zst=zstd(TEXT))
    assert [row["id"] for row in rows(engine, table)] == [1, 2] * 3


def test_compressed_text_has_an_encoding_and_a_delimiter(
    engine: DuckDBEngine, write: Write
) -> None:
    """What is inferred of a file's beginning is inferred of its text, and read back so."""
    text = "id;n\u00e4me\n1;\u00e9\n".encode("cp1252")
    table = with_structure(write(a__csv__gz=gz(text)))
    assert (table.csv.encoding, table.csv.delimiter) == ("cp1252", ";")
    assert rows(engine, table) == [{"id": 1, "n\u00e4me": "\u00e9"}]
    assert delimiter_of(table.paths[0], "a.csv.gz", CsvDialect(encoding="cp1252")) == ";"


def test_a_name_that_says_the_delimiter_is_believed(engine: DuckDBEngine, write: Write) -> None:
    """A .tsv file of one column may have commas in its values."""
    table = with_structure(write(a__tsv=b"name\nSmith, J\nDoe, K\n"))
    assert (table.csv.delimiter, doubt(table)) == (None, None)
    assert rows(engine, table) == [{"name": "Smith, J"}, {"name": "Doe, K"}]
    assert delimiter_of(table.paths[0], "a.tsv", DEFAULT_DIALECT) == "\t"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a__csv__gz", gz(TEXT)[:-6], "cut short"),
        ("a__csv__gz", TEXT, "not compressed with gzip"),
        ("a__csv__zst", zstd(TEXT)[:-2], "cut short"),
        ("a__csv__zst", gz(TEXT), "not compressed with zstd"),
        ("a__jsonl__zst", zstd(b'{"a":1}\n') + b"rest", "not compressed with zstd"),
        ("a__csv__gz", gz(b""), "the file is empty"),
        ("a__arrow", b"", "not a readable Arrow file"),
        ("a__arrow", b"something else of some length", "not a readable Arrow file"),
        ("a__feather", arrow_file(pa.table({"id": [1] * 1000}))[:-50], "not a readable Arrow file"),
        ("a__arrow", arrow_stream(pa.table({"id": [1] * 1000}))[:-200], "not a readable Arrow"),
    ],
)
def test_a_damaged_file_is_named(
    engine: DuckDBEngine, write: Write, name: str, data: bytes, reason: str
) -> None:
    """What is not what its name says is refused by its name."""
    with pytest.raises(UnreadableTable, match=reason) as failed:
        engine.columns(write(**{name: data}))
    assert failed.value.label == name.replace("__", ".")


def test_a_decompression_bomb_is_refused(
    engine: DuckDBEngine, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file that becomes a very large text does not fill the disk."""
    monkeypatch.setattr(compressed, "LEAST_REFUSED", 1 << 20)
    bomb = gz(b"id\n" + b"1\n" * (8 << 20))
    with pytest.raises(UnreadableTable, match="more than 300 times as long"):
        engine.columns(write(a__csv__gz=bomb))


@pytest.mark.parametrize(
    ("kind", "codec"),
    slow_but(
        {"numbers-zstd", "texts-lz4", "dictionary-zstd"},
        itertools.product(["numbers", "texts", "dictionary"], ["zstd", "lz4"]),
        name="-".join,
    ),
)
def test_an_arrow_file_that_grows_is_refused(
    engine: DuckDBEngine, write: Write, monkeypatch: pytest.MonkeyPatch, kind: str, codec: str
) -> None:
    """A batch is read as a whole: what it becomes is known before any of it is decompressed."""
    column = {
        "numbers": pa.nulls(1 << 20, pa.int64()).fill_null(0),
        "texts": pa.array(["x" * (4 << 20)]),
        "dictionary": pa.DictionaryArray.from_arrays([0], ["x" * (4 << 20)]),
    }[kind]
    table = pa.table({"a": column})
    whole = arrow_file(table, codec)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    assert len(read_frame(engine, write(a__feather=whole), columns=None, engine="pyarrow"))
    monkeypatch.setattr(arrow_files, "LEAST_REFUSED", 1 << 18)
    monkeypatch.setattr(arrow_files, "MOST_TIMES", 10)
    for name, data in {"b__feather": whole, "c__arrow": sink.getvalue().to_pybytes()}.items():
        with pytest.raises(UnreadableTable, match="times as long"):
            engine.columns(write(**{name: data}))
    small = arrow_file(pa.table({"a": list(range(1000))}), codec)
    assert engine.columns(write(d__feather=small)) == ("a",)


def test_types_of_arrow_files_are_kept(engine: DuckDBEngine, write: Write) -> None:
    """Categories, durations and decimals arrive as they were written."""
    table = pa.table(
        {
            "c": pa.array(["x", "y"]).dictionary_encode(),
            "d": pa.array([1, None], pa.duration("s")),
            "n": pa.array([1, 2], pa.decimal128(5, 2)),
        }
    )
    found = read_frame(engine, write(a__arrow=arrow_file(table)), columns=None, engine="pyarrow")
    assert found.equals(table)


def test_an_arrow_type_that_no_engine_has_is_refused_by_name(
    engine: DuckDBEngine, write: Write
) -> None:
    """The column and its type are named."""
    places, offsets = pa.array([0], pa.int8()), pa.array([0], pa.int32())
    union = pa.UnionArray.from_dense(places, offsets, [pa.array([1])])
    table = pa.table({"id": [1], "u": union})
    with pytest.raises(UnreadableTable, match="column 'u' is of type dense_union"):
        engine.columns(write(a__arrow=arrow_stream(table)))


def test_a_full_disk_is_not_the_file_s_fault(tmp_path: Path, write: Write) -> None:
    """A copy that cannot be written is an error of the run."""
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"")
    table = write(a__csv__gz=gz(TEXT))
    with DuckDBEngine(temp_directory=tmp_path / "copies", threads=1) as engine:
        engine._copies.folder = lambda: blocked
        with pytest.raises(WorldError, match="could not be converted"):
            engine.columns(table)
