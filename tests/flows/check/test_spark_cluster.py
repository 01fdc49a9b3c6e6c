"""Tables that a cluster reads on a remote: their data is not pulled, and results are the same."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandera.pandas as pan
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.servers import Bucket, Keys

from datarelease.adapters.store.directory import DirectoryStore, md5_of
from datarelease.adapters.store.object_store import ObjectStore
from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.errors import EngineRefusedError
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.row_files import RowWriter
from datarelease.analysis.engine.spark.engine import SparkEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.failing_rows import write_failing_rows
from datarelease.analysis.validation.run import validate
from datarelease.documents import encode
from datarelease.errors import WorldError
from datarelease.flows.cache import Objects
from datarelease.flows.remote_tables import table_for
from datarelease.model.data.dataset import Dataset
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import DataFile
from datarelease.progress import Quiet

DATASET = Dataset(name="events", path="data/events", key=("id",))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A server that cannot read the files of this machine, as far as the engine knows."""
    scratch = tmp_path_factory.mktemp("cluster")
    with SparkEngine(DuckDBEngine(temp_directory=scratch), scratch=scratch) as engine:
        engine._session = dataclasses.replace(engine._session, same_machine=False)
        yield engine


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    """An empty cache, and a remote."""
    remote = DirectoryStore("storage", tmp_path / "remote")
    cache = tmp_path / "cache" / "files" / "md5"
    return Objects(cache=cache, remotes=(remote,), progress=Quiet())


def stored(objects: Objects, parts: Mapping[str, pa.Table | bytes]) -> tuple[DataFile, ...]:
    """Files of a dataset that the remote holds, and nobody else."""
    files = []
    for name, data in parts.items():
        path = objects.cache.parent / "scratch"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(data, bytes):
            path.write_bytes(data)
        else:
            pq.write_table(data, path, row_group_size=1_000)
        md5 = md5_of(path)
        objects.remotes[0].upload({object_key(md5): path}, lambda _: None)
        files.append(DataFile(path=name, md5=md5))
        path.unlink()
    return tuple(files)


def both(
    engine: Engine, objects: Objects, files: tuple[DataFile, ...], pulled: Path
) -> tuple[Table, Table]:
    """The table as the cluster reads it, and as this machine does after a pull to ``pulled``."""
    away = table_for(engine, DATASET, files, objects, never)
    here = dataclasses.replace(objects, cache=pulled)
    with DuckDBEngine(temp_directory=pulled) as embedded:
        hashes = [file.md5 for file in files]
        local = table_for(embedded, DATASET, files, here, lambda: here.ensure(hashes))
    return away, local


def never() -> None:
    """What brings files here."""
    raise AssertionError("data was pulled")


def test_nothing_is_pulled(cluster: Engine, objects: Objects, tmp_path: Path) -> None:
    """Validation, profile and row diff are those of pulled files; of the objects came the ends."""
    size = 40_000
    rows = pa.table({"id": list(range(size)), "v": [i % 7 / 3 for i in range(size)]})
    old = stored(objects, {"d=1/a.parquet": rows})
    new = stored(objects, {"d=1/a.parquet": rows.slice(5), "d=2/b.parquet": rows.slice(size - 1)})
    sides = [both(cluster, objects, files, tmp_path / "pulled") for files in (old, new)]
    with DuckDBEngine(temp_directory=tmp_path) as embedded:
        for away, local in sides:
            assert encode(validate(cluster, away, DATASET, None)) == encode(
                validate(embedded, local, DATASET, None)
            )
            assert encode(profile(cluster, away, DATASET)) == encode(
                profile(embedded, local, DATASET)
            )
        keyed = dataclasses.replace(DATASET, key=("id", "d"))
        found = diff_rows(cluster, sides[0][0], sides[1][0], keyed)
        assert found == diff_rows(embedded, sides[0][1], sides[1][1], keyed)
    assert not objects.cache.exists()
    for file in new:
        footer = objects.cache.with_name("footers") / file.md5
        whole = tmp_path / "remote" / object_key(file.md5)
        assert footer.stat().st_size == whole.stat().st_size
    assert footer.stat().st_blocks < whole.stat().st_blocks or whole.stat().st_size < 1 << 17


def rows_of(engine: Engine, table: Table, schema: Any, place: Path) -> list[tuple[Any, ...]]:
    """The rows that fail checks, and how many there are in all."""
    found = validate(engine, table, DATASET, schema).violations
    with RowWriter(place, 1000) as writer:
        total = write_failing_rows(engine, table, DATASET, schema, found, writer)
    return [*(tuple(row.values()) for row in pq.read_table(place).to_pylist()), (total,)]


@pytest.mark.slow  # tests/contract/test_engines.py writes them
def test_rows_that_fail_are_written_by_their_keys(
    cluster: Engine, objects: Objects, tmp_path: Path
) -> None:
    """The same as here, smallest keys first in each check, and without numbers."""
    size = 40
    table = pa.table({"id": [size - n for n in range(size)], "v": [n % 7 / 3 for n in range(size)]})
    files = stored(objects, {"d=1/a.parquet": table, "d=2/b.parquet": table.slice(0, 3)})
    away, local = both(cluster, objects, files, tmp_path / "pulled")
    checks = [pan.Check.lt(1.9), pan.Check(lambda v: v < 1.5, element_wise=True, name="small")]
    schema = pan.DataFrameSchema({"v": pan.Column(float, checks)})
    with DuckDBEngine(temp_directory=tmp_path) as embedded:
        assert encode(validate(cluster, away, DATASET, schema)) == encode(
            validate(embedded, local, DATASET, schema)
        )
        *expected, count = rows_of(embedded, local, schema, tmp_path / "rows")
    *found, total = rows_of(cluster, away, schema, tmp_path / "rows")
    assert total == count
    assert {row[-1] for row in found} == {None}
    assert sorted(row[:-1] for row in found) == sorted(row[:-1] for row in expected)
    for check in ("less_than(1.9)", "small", "key unique (id)"):
        keys = [row[3] for row in found if row[0] == check]
        assert keys == sorted(keys)
        assert keys


def test_a_check_of_more_than_a_row_is_refused(
    cluster: Engine, objects: Objects, tmp_path: Path
) -> None:
    """Its result would depend on the order in which rows come; it is not called a violation."""
    files = stored(objects, {"a.parquet": pa.table({"id": [1, 2], "v": [1.0, 2.0]})})
    away, _ = both(cluster, objects, files, tmp_path / "pulled")
    check = pan.Check(lambda v: v.is_monotonic_increasing, name="sorted")
    schema = pan.DataFrameSchema({"v": pan.Column(float, check)})
    with pytest.raises(EngineRefusedError, match="The check sorted looks at more than one row"):
        validate(cluster, away, DATASET, schema)


SAIL = """
from pysail.spark import SparkConnectServer
server = SparkConnectServer()
server.start(background=True)
print(server.listening_address[1], flush=True)
input()
"""


@contextmanager
def sail_with(keys: Keys, endpoint: str) -> Iterator[str]:
    """The address of a server that has its own rights to a store, as a cluster does."""
    env = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": keys.access,
        "AWS_SECRET_ACCESS_KEY": keys.secret,
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "SAIL_EXECUTION__COLLECT_STATISTICS": "false",
    }
    with subprocess.Popen(
        [sys.executable, "-c", SAIL],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"sc://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()


@pytest.mark.slow  # the objects of a directory, above, are quick
def test_objects_of_a_bucket(bucket: Bucket, tmp_path: Path) -> None:
    """They are read by their addresses (s3://…/files/md5/…), with the rights of the server."""
    remote = ObjectStore("storage", bucket.url("data"), bucket.fs, f"{bucket.name}/data")
    cache = tmp_path / "cache" / "files" / "md5"
    objects = Objects(cache=cache, remotes=(remote,), progress=Quiet())
    rows = pa.table({"id": list(range(5_000)), "v": [n % 7 / 3 for n in range(5_000)]})
    files = stored(objects, {"a.parquet": rows, "b.parquet": rows.slice(10, 1)})
    with sail_with(bucket.reader, bucket.endpoint) as address:
        embedded = DuckDBEngine(temp_directory=tmp_path)
        with SparkEngine(embedded, scratch=tmp_path, address=address) as engine:
            engine._session = dataclasses.replace(engine._session, same_machine=False)
            away, local = both(engine, objects, files, tmp_path / "pulled")
            assert away.addresses[0].startswith(f"s3://{bucket.name}/data/files/md5/")
            expected = validate(embedded, local, DATASET, None)
            assert "key unique (id)" in [found.check for found in expected.violations]
            assert encode(validate(engine, away, DATASET, None)) == encode(expected)
    assert not cache.exists()


def test_what_is_no_parquet_table(cluster: Engine, objects: Objects) -> None:
    """CSV is refused; a damaged footer is told of the file, as after a pull."""
    csv = stored(objects, {"a.csv": b"id,v\n1,2\n"})
    with pytest.raises(EngineRefusedError, match="a Spark cluster reads only Parquet"):
        table_for(cluster, DATASET, csv, objects, never)
    broken = stored(objects, {"a.parquet": b"PAR1 is not all of it"})
    away = table_for(cluster, DATASET, broken, objects, never)
    (found,) = validate(cluster, away, DATASET, None).violations
    assert "a.parquet: not a readable Parquet file" in found.message


def test_what_is_on_no_remote(cluster: Engine, objects: Objects) -> None:
    """Data that was not pushed cannot be read: the remedy says how to send it."""
    lost = (DataFile(path="a.parquet", md5="0" * 32),)
    with pytest.raises(WorldError, match="1 of 1 files are on no remote") as caught:
        table_for(cluster, DATASET, lost, objects, never)
    assert "dvc push" in caught.value.remedy


def test_a_long_footer_is_read_whole(cluster: Engine, objects: Objects, tmp_path: Path) -> None:
    """Hundreds of columns and row groups have a footer of more than the end that is read first."""
    wide = pa.table({f"column{n}": [1, 2, 3] for n in range(400)} | {"id": [1, 2, 3]})
    path = tmp_path / "wide"
    pq.write_table(wide, path, row_group_size=1)
    files = stored(objects, {"a.parquet": path.read_bytes()})
    away = table_for(cluster, DATASET, files, objects, never)
    assert pq.read_metadata(path).serialized_size > 64 << 10
    assert validate(cluster, away, DATASET, None).rows == 3
