"""Lines of PySpark that `url --sql spark` prints, run on Sail and, slow, on Spark's JVM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.flows.check.test_spark_cluster import sail_with
from tests.published import Published
from tests.servers import Bucket
from tests.spark_server import java_server
from tests.unit.readers.conftest import PARTS, ROWS

from datarelease.analysis.engine.spark.session import open_session
from datarelease.cli import group
from datarelease.model.data.dataset import CsvDialect


@pytest.fixture(scope="module", params=["sail", pytest.param("java", marks=pytest.mark.slow)])
def spark(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A session of PySpark, on a server that reads the files of this machine."""
    java = request.param == "java"
    address = request.getfixturevalue("java") if java else None
    session = open_session(address)
    yield session.spark
    session.close()


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of Spark on the JVM."""
    with java_server(tmp_path_factory.mktemp("spark")) as address:
        yield address


def frame_of_line(spark: Any, address: str, name: str) -> Any:
    """What the printed line gives where somebody pastes it."""
    arguments = ["url", "latest", name, "--sql", "spark", "--from", address]
    done = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return eval(done.stdout.strip(), {"spark": spark})  # noqa: S307


def delimited(mark: str) -> bytes:
    """Quotes, delimiters and line ends inside quotes, and missing values."""
    lines = [("id", "x", "since"), ("1", f'"a ""b""{mark} c"', "2026-01-31"),
             ("2", '"two\nlines"', ""), ("3", "", "2026-02-01")]  # fmt: skip
    return "".join(mark.join(line) + "\n" for line in lines).encode()


JSON = b"""\
{"id": 1, "x": "a \\"b\\", c", "since": "2026-01-31"}
{"x": "two\\nlines", "id": 2}
{"id": 3, "since": "2026-02-01"}
"""
FORMATS: Mapping[str, tuple[str, bytes, str, CsvDialect | None]] = {
    "commas": ("a.csv", delimited(","), ",", None),
    "tabs": ("a.tsv", delimited("\t"), "\t", None),
    "semicolons": ("a.csv", delimited(";"), ";", CsvDialect(delimiter=";")),
    "lines of JSON": ("a.jsonl", JSON, ",", None),
}


@pytest.mark.parametrize("case", FORMATS)
def test_spark_reads_what_was_written(spark: Any, tmp_path: Path, case: str) -> None:
    """The rows of each format, with the columns that are folders, from a name full of marks."""
    name, data, mark, dialect = FORMATS[case]
    remote = Published(tmp_path / "it's here, 100% ü")
    folders = ("o'k=1/day=2026-01-31", "o'k=2/day=__HIVE_DEFAULT_PARTITION__")
    remote.release({"t": {f"{folder}/{name}": data for folder in folders}}, csv=dialect)
    found = [row.asDict() for row in frame_of_line(spark, str(remote.root), "t").collect()]
    wanted = [(1, f'a "b"{mark} c', "2026-01-31"), (2, "two\nlines", "None"),
              (3, None, "2026-02-01")]  # fmt: skip
    for key, day in ((1, "2026-01-31"), (2, "None")):
        there = [row for row in found if row["o'k"] == key]
        assert sorted((row["id"], row["x"], str(row["since"])) for row in there) == wanted
        assert {str(row["day"]) for row in there} == {day}


def test_spark_reads_fields_that_only_one_folder_has(spark: Any, tmp_path: Path) -> None:
    """They are missing values in the rows of the others."""
    remote = Published(tmp_path / "remote")
    files = {"k=1/a.jsonl": b'{"id": 1}\n', "k=2/b.jsonl": b'{"x": "b", "id": 2}\n'}
    remote.release({"t": files})
    found = [row.asDict() for row in frame_of_line(spark, str(remote.root), "t").collect()]
    assert sorted(found, key=lambda row: row["id"]) == [
        {"id": 1, "k": 1, "x": None}, {"id": 2, "k": 2, "x": "b"},
    ]  # fmt: skip


def test_spark_reads_parquet(spark: Any, tmp_path: Path) -> None:
    """All rows of all folders, and the folders as numbers."""
    remote = Published(tmp_path / "remote")
    remote.release({"events": {**PARTS, "year=2023/part-1.parquet": PARTS[max(PARTS)]}})
    frame = frame_of_line(spark, str(remote.root), "events")
    counted = {row["year"]: row["count"] for row in frame.groupBy("year").count().collect()}
    assert counted == {2023: 2 * ROWS, 2024: ROWS}


def test_spark_reads_a_bucket(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the address of Hadoop (s3a://), with the rights of the server."""
    remote = Published(tmp_path / "remote")
    remote.release({"events": PARTS, "t": {"a.csv": delimited(",")}})
    bucket.fs().put(f"{remote.root}/", f"{bucket.name}/data", recursive=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.reader.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.reader.secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with sail_with(bucket.reader, bucket.endpoint) as address:
        session = open_session(address)
        for name, count in (("events", 2 * ROWS), ("t", 3)):
            assert frame_of_line(session.spark, bucket.url("data"), name).count() == count
        session.close()
