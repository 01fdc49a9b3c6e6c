"""One table validated and profiled: the package, DuckDB by hand, Pandera."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from benchmarks import data
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import BENCH, ROOT, environment, peers_python
from benchmarks.scene import Scene, Variant
from benchmarks.scenes_check import SCHEMA

_LITTLE_MEMORY = "512MB"
_FEW = 1_000
"""Rows of a table that costs nothing but the start."""


def profile_scene(table: Path, rows: int, *, peers: bool = True) -> Scene:
    """The profile of a table with so many rows and eight columns."""
    ways = _Ways("profile", table)
    return Scene(
        name=f"profile-{rows}",
        title=f"Profile, {rows:,} rows",
        about=f"A Parquet file of {_megabytes(table)}, eight columns. DuckDB's figures are the "
        "number of values, least, greatest, mean, deviation and, approximately, quantiles, "
        "different and frequent values; those of datarelease are exact.",
        variants=(
            *(
                Variant(name="summarize", label="DuckDB, `SUMMARIZE`", run=ways("summarize")),
                Variant(name="sql", label="one query in DuckDB, written by hand", run=ways("sql")),
            )[: 2 if peers else 1],
            Variant(
                name="datarelease",
                label="**profile of datarelease**",
                run=ways("datarelease"),
                ours=True,
            ),
        ),
    )


def validate_scene(table: Path, rows: int, what: str, *, peers: bool = True) -> Scene:
    """The validation of a table with so many rows: ``what``, as ``clean``, ends the name."""
    ways = _Ways("validate", table)
    few = _Ways("validate", data.eight_columns(data.customers(_FEW, {}), sorted_by_key=True))
    pandera = Variant(name="pandera", label="`pandera.pandas`", run=ways.pandera)
    return Scene(
        name=f"validate-{rows}-{what}",
        title=f"Validation, {rows:,} rows, {what}",
        about=f"A Parquet file of {_megabytes(table)}, eight columns, 14 checks. The SQL has the "
        "checks written out and only counts; datarelease reads them from the Pandera schema and "
        "finds examples. All counted the same rows.",
        variants=(
            Variant(name="sql", label="two queries in DuckDB, written by hand", run=ways("sql")),
            Variant(
                name="datarelease",
                label="**validation of datarelease**",
                run=ways("datarelease"),
                ours=True,
            ),
            Variant(
                name="start",
                label=f"**validation of datarelease**, {_FEW:,} rows: the start",
                run=few("datarelease"),
                ours=True,
            ),
            *(pandera,)[: 1 if peers else 0],
        ),
    )


def engine_scenes(rows: int) -> Iterator[Scene]:
    """Validation and profile of a table by the embedded engine and by a distributed one, here."""
    table = data.eight_columns(data.customers(rows, data.BEFORE), sorted_by_key=True)
    for work, title in (("validate", "Validation"), ("profile", "Profile")):
        ways = _Ways(work, table)
        yield Scene(
            name=f"engines-{work}-{rows}",
            title=f"{title} by two engines, {rows:,} rows",
            about=f"A Parquet file of {_megabytes(table)}, eight columns. Sail, a server of Spark "
            "Connect, runs on this machine, and its start counts; the results are equal byte for "
            "byte. A cluster pays off beyond one machine (docs/scale.md).",
            variants=(
                Variant(
                    name="datarelease",
                    label="**DuckDB** (`release.engine: duckdb`)",
                    run=ways("datarelease"),
                    ours=True,
                ),
                Variant(
                    name="sail",
                    label="**Sail** (`release.engine: spark`)",
                    run=ways("sail"),
                    ours=True,
                ),
            ),
        )


def failing_scene(rows: int) -> Scene:
    """The validation of a table in which every row fails every check, in little memory."""
    ways = _Ways("validate", table := data.failing_all(rows), memory=_LITTLE_MEMORY)
    return Scene(
        name=f"failing-{rows}",
        title=f"Validation, {rows:,} rows that fail every check",
        about=f"A Parquet file of {_megabytes(table)}, eight columns; DuckDB's memory limit is "
        f"{_LITTLE_MEMORY}.",
        variants=(
            Variant(name="sql", label="two queries in DuckDB, written by hand", run=ways("sql")),
            Variant(
                name="datarelease",
                label="**validation of datarelease**",
                run=ways("datarelease"),
                ours=True,
            ),
        ),
    )


def table_scenes(rows: int) -> Iterator[Scene]:
    """Profile and validation, clean, shuffled and bad, of a table with so many rows."""
    customers = data.customers(rows, data.BEFORE)
    table = data.eight_columns(customers, sorted_by_key=True)
    yield profile_scene(table, rows)
    yield validate_scene(table, rows, "clean")
    shuffled = data.eight_columns(customers, sorted_by_key=False)
    yield validate_scene(shuffled, rows, "shuffled")
    yield validate_scene(data.failing_some(table), rows, "bad")


def large_scenes(rows: int, times: int) -> Iterator[Scene]:
    """Profile and validation of so many times as many rows."""
    table = data.eight_columns(data.customers(rows, data.BEFORE), sorted_by_key=True)
    large = data.repeated(table, times)
    yield profile_scene(large, rows * times, peers=False)
    yield validate_scene(large, rows * times, "clean", peers=False)


class _Ways:
    """Runs of one kind of work on one table, all of which must find the same."""

    def __init__(self, work: str, table: Path, *, memory: str = "2GB") -> None:
        self._work = work
        self._table = table
        self._memory = memory
        self._found: list[int] | None = None

    def __call__(self, way: str) -> Callable[[], Run]:
        """Runs the work in the way called so by `one_table`."""
        script = str(ROOT / "benchmarks" / "one_table.py")
        words = [self._work, way, str(self._table), str(schema_of_eight()), self._memory]

        def run() -> Run:
            run = measure([sys.executable, script, *words], cwd=BENCH, env=environment())
            if not run.stopped:
                self._same(json.loads(run.out))
            return run

        return run

    def pandera(self) -> Run:
        """A run of `pandera.pandas`, which counts values that fail, not rows by check."""
        script = str(ROOT / "benchmarks" / "peers.py")
        words = [str(schema_of_eight()), "customer_id", "", str(self._table), "pandera"]
        run = measure([str(peers_python()), script, *words], cwd=BENCH, env=environment())
        if run.stopped:
            return run
        answer = json.loads(run.out)
        failures = answer["found"]["pandera"]["failures"]
        if self._found is not None and failures != sum(self._found):
            raise RunFailed(f"pandera found {failures} failures, not {sum(self._found)}")
        return dataclasses.replace(run, steps=answer["seconds"])

    def _same(self, found: list[int]) -> None:
        if self._found is None:
            self._found = found
        if found != self._found:
            raise RunFailed(f"the counts are not the same: {self._found} and {found}")


def schema_of_eight() -> Path:
    """The customers' schema with the eight columns only."""
    path = BENCH / "eight-columns.yaml"
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    schema["columns"] = {name: schema["columns"][name] for name in data.EIGHT}
    text = yaml.safe_dump(schema, sort_keys=False)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    return path


def _megabytes(path: Path) -> str:
    return f"{data.size(path) / 1e6:,.0f} MB"
