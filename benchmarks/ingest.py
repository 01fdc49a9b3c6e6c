"""`datarelease ingest drain` against a bare consumer that writes the same Parquet."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import ROOT, STAGE, environment, run
from benchmarks.scene import Scene, Variant, tell
from tests.broker import Broker, Record, running_broker

IN_PARTITION = 250_000
"""Events. The broker answers every request with all that a partition has, whatever it is asked for;
so that both sizes mean the same to it, ten times as many events lie in ten times the partitions."""
NAME = "orders"
PEER = ROOT / "benchmarks" / "ingest_bare.py"
DATASETS = """\
artifacts:
  orders:
    path: data/orders
    type: dataset
    meta: {schema: schemas/orders.yaml}
"""
SETTINGS = "release:\n  streams:\n    orders: {{topic: {topic}, batch: {records}}}\n"


def events(count: int) -> Iterator[Record]:
    """Orders as a shop would send them, about 130 bytes each."""
    for n in range(count):
        value = (
            b'{"id":%d,"user":"user-%d","amount":%d.%02d,"currency":"EUR",'
            b'"at":"2026-03-01T12:%02d:%02dZ","note":"%08x"}'
        )
        told = (n, n % 5_000, n % 977, n % 100, n // 60 % 60, n % 60, n * 2_654_435_761 % 2**32)
        yield str(n), value % told


@contextmanager
def ingest_scene(records: int) -> Iterator[Scene]:
    """The scene of so many events on a broker of its own, all planned."""
    place = STAGE / f"ingest-{records}"
    with running_broker(place / "kafka") as broker:
        partitions = max(1, records // IN_PARTITION)
        tell(f"  preparing: {records:,} events in {partitions} partitions")
        topic = broker.topic(NAME, partitions=partitions)
        broker.produce(topic, events(records))
        work, env = _planned(place, broker, topic, records)
        peer = [broker.bootstrap, topic, str(partitions), str(records)]
        yield _scene(place, work, env, peer, records)
    shutil.rmtree(place)


def _scene(place: Path, work: Path, env: dict[str, str], peer: list[str], records: int) -> Scene:
    raw = work / "data" / "streams" / NAME / "raw"
    target = place / "bare.parquet"

    def bare() -> Run:
        target.unlink(missing_ok=True)
        done = measure([sys.executable, str(PEER), *peer, str(target)], cwd=work, env=env)
        _same(records, [target])
        return done

    def drain() -> Run:
        shutil.rmtree(raw, ignore_errors=True)
        done = measure(["datarelease", "ingest", "drain", NAME], cwd=work, env=env)
        _same(records, sorted(raw.iterdir()))
        return done

    return Scene(
        name=f"ingest-{records}",
        title=f"`datarelease ingest drain`, {records:,} events",
        about=f"Events of about 130 bytes in {peer[2]} partitions of a broker on the same machine, "
        "as one batch, into one Parquet file; the peer's has the same columns, row groups and "
        "compression. It writes events as they arrive; we sort them by partition and offset, check "
        "every CRC and the last record of each span, and bring the file to the disk before it is "
        "renamed. Times are those of whole processes, from their start. The broker answers each "
        "request with all that a partition has, whatever it is asked for: most of the memory is "
        "that, and we read one partition after the other.",
        variants=(
            Variant(name="bare", label="bare confluent-kafka consumer + pyarrow", run=bare),
            Variant(name="drain", label="**`datarelease ingest drain`**", run=drain, ours=True),
        ),
    )


def _planned(place: Path, broker: Broker, topic: str, records: int) -> tuple[Path, dict[str, str]]:
    """A repository with one stream, whose plan has everything; the environment for it."""
    work = place / "work"
    env = {**environment(), **broker.env}
    for folder in (work / ".dvc", work / "schemas"):
        folder.mkdir(parents=True)
    (work / "dvc.yaml").write_text(DATASETS, encoding="utf-8")
    (work / "params.yaml").write_text(
        SETTINGS.format(topic=topic, records=records), encoding="utf-8"
    )
    (work / "schemas" / "orders.yaml").write_text("schema_type: dataframe\n", encoding="utf-8")
    run("git", "init", "--quiet", cwd=work, env=env)
    run("datarelease", "ingest", "plan", NAME, cwd=work, env=env)
    return work, env


def _same(records: int, files: list[Path]) -> None:
    """Raise RunFailed unless the files have all records."""
    found = sum(pq.read_metadata(path).num_rows for path in files)
    if found != records:
        raise RunFailed(f"{found:,} of {records:,} records were written")
