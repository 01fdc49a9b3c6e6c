"""Lines to paste: those for DuckDB and Polars are run, what cannot be read is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from tests.pasting import rows_by_polars
from tests.published import Published
from tests.unit.readers.conftest import PEOPLE, ROWS
from tests.web import FileServer

from datarelease.analysis.engine.tables import Table
from datarelease.cli import group
from datarelease.errors import ConfigError
from datarelease.model.data.dataset import CsvDialect
from datarelease.readers.lines import line_for


def printed(*arguments: str) -> str:
    """What ``datarelease ARGUMENTS`` prints."""
    done = CliRunner().invoke(group, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def by_duckdb(line: str) -> list[dict[str, Any]]:
    """The rows that the line gives in DuckDB."""
    relation = duckdb.sql(line)
    assert relation is not None
    return list(relation.pl().to_dicts())


def by_polars(line: str) -> list[dict[str, Any]]:
    """The rows that the line gives in Polars."""
    return list(eval(line, {"pl": pl}).collect().to_dicts())  # noqa: S307 - as somebody pastes it


RUNS = {"duckdb": by_duckdb, "polars": by_polars}


@pytest.mark.parametrize("language", RUNS)
def test_a_line_reads_the_objects(shared: Published, language: str) -> None:
    """Folders are columns; dates and missing values of text are read."""
    place = str(shared.root)
    events = RUNS[language](printed("url", "latest", "events", "--sql", language, "--from", place))
    assert len(events) == 2 * ROWS
    assert {row["year"] for row in events} == {2023, 2024}
    people = RUNS[language](printed("url", "v2", "people", "--sql", language, "--from", place))
    assert [(row["id"], str(row["since"])) for row in people] == [
        (1, "2020-01-01"), (2, "None"), (3, "2020-01-03"),
    ]  # fmt: skip


def test_a_line_of_polars_reads_a_server(web: FileServer) -> None:
    """By itself, from the address that is printed."""
    line = printed("url", "latest", "events", "--sql", "polars", "--from", web.address)
    assert rows_by_polars(line) == 2 * ROWS


FORMATS: dict[str, tuple[str, bytes, CsvDialect | None]] = {
    "compressed": ("a.csv.gz", gzip.compress(b"id,x\n1,0.5\n2,1.5\n"), None),
    "lines of JSON": ("a.jsonl", b'{"id": 1, "x": 0.5}\n{"id": 2, "x": 1.5}\n', None),
    "another dialect": (
        "a.csv",
        b"a title\nid;x\n1;0,5\n2;1,5\n3;none\n",
        CsvDialect(delimiter=";", decimal=",", skip_rows=1, null_values=("none",)),
    ),
    "tabs": ("a.tsv", b"id\tx\n1\t0.5\n2\t1.5\n", None),
}


@pytest.mark.parametrize("language", RUNS)
def test_no_field_of_lines_of_json_is_left_out(tmp_path: Path, language: str) -> None:
    """Those that only a late line, another file or another folder has are columns, too."""
    remote = Published(tmp_path / "remote")
    files = {f"k=1/{n}.jsonl": b'{"id": 1}\n' for n in range(40)}
    files["k=1/99.jsonl"] = b'{"id": 1, "x": "b"}\n' * 25_000 + b'{"id": 2, "y": 1.5}\n'
    files["k=2/a.jsonl"] = b'{"z": "c", "id": 3}\n'
    remote.release({"t": files})
    line = printed("url", "latest", "t", "--sql", language, "--from", str(remote.root))
    found = {row["id"]: row for row in RUNS[language](line)}
    nothing = {"x": None, "y": None, "z": None}
    assert found[2] == nothing | {"id": 2, "y": 1.5, "k": 1}
    assert found[3] == nothing | {"id": 3, "z": "c", "k": 2}


@pytest.mark.parametrize("language", RUNS)
@pytest.mark.parametrize("case", FORMATS)
def test_lines_say_how_files_are_written(tmp_path: Path, case: str, language: str) -> None:
    """The ending is gone with the name, so the line says what it told."""
    name, data, dialect = FORMATS[case]
    remote = Published(tmp_path / "it's [here]")
    remote.release({"t": {f"day=2026-01-31/{name}": data}}, csv=dialect)
    line = printed("url", "latest", "t", "--sql", language, "--from", str(remote.root))
    rows = RUNS[language](line)
    assert [(row["id"], row["x"]) for row in rows][:2] == [(1, 0.5), (2, 1.5)]
    assert {str(row["day"]) for row in rows} == {"2026-01-31"}


def test_addresses_are_printed_one_a_line(shared: Published, web: FileServer) -> None:
    """And as JSON, with path, size and hash; of a directory they are paths."""
    shown = printed("url", "latest", "images", "--from", str(shared.root))
    assert Path(shown).read_bytes() == b"meow"
    document = json.loads(printed("url", "latest", "people", "--from", web.address, "--json"))
    [file] = document["files"]
    assert (file["path"], file["size"], document["line"]) == ("people.csv", len(PEOPLE), None)
    assert file["address"].startswith(f"{web.address}/files/md5/")


def test_other_commands_read_an_address(shared: Published, tmp_path: Path) -> None:
    """`list`, `show` and `get` with ``--from``, the withdrawn version with a warning."""
    place = ["--from", str(shared.root)]
    assert [one["tag"] for one in json.loads(printed("list", *place, "--json"))] == [
        "data-v3", "data-v2", "data-v1",
    ]  # fmt: skip
    assert json.loads(printed("show", "latest", *place, "--json"))["manifest"]["tag"] == "data-v2"
    got = CliRunner().invoke(group, ["get", "data-v3", str(tmp_path / "out"), *place])
    assert "wrong unit" in got.stderr
    assert (tmp_path / "out/data/people/people.csv").read_bytes() == b"id\n1\n"
    both = CliRunner().invoke(group, ["list", *place, "--repo", "."])
    assert both.exit_code == 2


def table(*labels: str, csv: CsvDialect | None = None) -> Table:
    """A table whose parts have these labels."""
    from datarelease.model.data.table_format import table_format

    kind = table_format(labels[0])
    assert kind is not None
    return Table(
        paths=tuple(map(Path, labels)), format=kind, labels=labels, csv=csv or CsvDialect()
    )


def test_lines_of_spark_name_buckets_as_hadoop_does() -> None:
    """Folders as columns, quoted for Spark's SQL."""
    parts = table("o'k=1/a.parquet", "o'k=2/b.parquet")
    line = line_for("spark", parts, ["s3://b/files/md5/aa/1", "s3://b/files/md5/bb/2"])
    assert line == (
        'spark.read.parquet("s3a://b/files/md5/aa/1")'
        '.selectExpr("*", "CAST(1 AS BIGINT) AS `o\'k`")'
        '.unionByName(spark.read.parquet("s3a://b/files/md5/bb/2")'
        '.selectExpr("*", "CAST(2 AS BIGINT) AS `o\'k`"))'
    )
    assert "file:///data/x" in line_for("spark", table("a.csv"), ["/data/x"])


REFUSED: list[tuple[str, Sequence[str], str, str]] = [
    ("spark", ["a.parquet"], "https://host/x", "does not read https://"),
    ("spark", ["a.csv.gz"], "/x", "Spark cannot read these files"),
    ("spark", ["a.csv"], "/it's [here]/x", r"takes the '\[' in .* for a pattern"),
    ("duckdb", ["a.arrow"], "/x", "DuckDB cannot read these files"),
    ("duckdb", ["a.csv", "b.csv.gz"], "/x", "compressed and some are not"),
    ("polars", ["k=%1b[2J/a.csv"], "/x", "control characters"),
]


@pytest.mark.parametrize(("language", "labels", "address", "message"), REFUSED, ids=str)
def test_what_no_line_reads_is_refused(
    language: Any, labels: Sequence[str], address: str, message: str
) -> None:
    """With what to do instead; nothing that would be wrong is printed."""
    with pytest.raises(ConfigError, match=message):
        line_for(language, table(*labels), [address] * len(labels))
