"""Which benchmarks there are, in which order; where the results go."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.document import document
from benchmarks.ingest import ingest_scene
from benchmarks.ingest_parse import parse_scene
from benchmarks.machine import commit, load, machine, versions
from benchmarks.measure import RunFailed
from benchmarks.places import DOCUMENT, QUICK_RESULTS, RESULTS, STAGE, peers_python
from benchmarks.scene import Scene, tell
from benchmarks.scenes_check import check_scene, start_up_scene
from benchmarks.scenes_init import init_scene
from benchmarks.scenes_many import many_objects_scenes, many_versions_scene
from benchmarks.scenes_parts import changed_column_scene, changed_parts_scene
from benchmarks.scenes_release import directory_scene, prepared, s3_scene
from benchmarks.scenes_rows import rows_scene
from benchmarks.scenes_table import engine_scenes, failing_scene, large_scenes, table_scenes
from benchmarks.scenes_unchanged import list_scene, unchanged_scene

SLOW_PARTS = ("failing", "large", "objects")
"""Measured only where they are named: many minutes, 10 GB of disk, and 20,000 files."""
FORMAT = 2
"""Of the results; those of another format are not kept."""
_PART_ROWS, _TEXT_ROWS = 10_000, 1_000
"""Of a part of which few change, and of one that is text."""
BYTES_A_ROW = 40.9
"""Of the customers' Parquet file, to make one of about a given size."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be measured, how large, how often."""

    rows: tuple[int, ...]
    parts: int
    objects: int
    versions: int
    file_bytes: float
    rounds: int
    budget: float
    """Seconds a scene, without what is prepared."""
    only: tuple[str, ...]
    results: Path


def plan_of(arguments: Sequence[str] | None) -> tuple[Plan, bool]:
    """The plan on the command line, and whether it is the full one, for the document."""
    parser = argparse.ArgumentParser(description="Measure datarelease against its peers.")
    parser.add_argument(
        "--rows", help="of the checks and events, with commas between (1000000,10000000)"
    )
    parser.add_argument("--quick", action="store_true", help="a tenth; docs/ is left alone")
    parser.add_argument("--only", action="append", choices=tuple(_SCENES), help="repeatable")
    parser.add_argument("--rounds", type=int, help="at most so many of each (3)")
    parser.add_argument("--budget", type=float, default=150, help="seconds a table (150)")
    given = parser.parse_args(arguments)
    quick: bool = given.quick
    try:
        rows = tuple(int(rows) for rows in given.rows.split(",")) if given.rows else None
    except ValueError:
        parser.error(f"--rows takes whole numbers with commas between, not {given.rows!r}")
    return Plan(
        rows=rows or ((100_000, 1_000_000) if quick else (1_000_000, 10_000_000)),
        parts=500 if quick else 5_000,
        objects=2_000 if quick else 20_000,
        versions=100 if quick else 1_000,
        file_bytes=1e8 if quick else 1.01e9,
        rounds=given.rounds or (2 if quick else 3),
        budget=given.budget,
        only=tuple(given.only or (part for part in _SCENES if part not in SLOW_PARTS)),
        results=QUICK_RESULTS if quick else RESULTS,
    ), not quick


def scenes(plan: Plan) -> Iterator[Scene]:
    """One after the other, each ready to be played; the next one cleans up after it."""
    for part, scenes_of in _SCENES.items():
        if part in plan.only:
            yield from scenes_of(plan)


def _lists(plan: Plan) -> Iterator[Scene]:
    yield list_scene()
    yield many_versions_scene(plan.versions)


def _rows(plan: Plan) -> Iterator[Scene]:
    for rows, by_key in product(plan.rows, (True, False)):
        yield rows_scene(rows, sorted_by_key=by_key)


def _changed(plan: Plan) -> Iterator[Scene]:
    yield changed_column_scene(plan.rows[-1])
    yield changed_parts_scene(plan.rows[-1] // _PART_ROWS, _PART_ROWS)
    for ending in ("csv", "jsonl"):
        yield changed_parts_scene(plan.rows[0] // _TEXT_ROWS, _TEXT_ROWS, ending)


def _parts(plan: Plan) -> Iterator[Scene]:
    source = data.parts(plan.parts)
    what = f"{plan.parts:,} files of {data.size(source) / plan.parts / 1e3:.0f} kB"
    yield from _releases(source, "parts", what)


def _file(plan: Plan) -> Iterator[Scene]:
    source = data.customers(int(plan.file_bytes / BYTES_A_ROW), data.BEFORE)
    yield from _releases(source, "file", f"one file of {data.size(source) / 1e9:.2f} GB")


def _ingest(plan: Plan) -> Iterator[Scene]:
    for rows in plan.rows:
        with ingest_scene(rows) as scene:
            yield scene


def _parse(plan: Plan) -> Iterator[Scene]:
    for rows in plan.rows:
        with parse_scene(rows) as scene:
            yield scene


def _releases(source: Path, name: str, what: str) -> Iterator[Scene]:
    repository = prepared(source, name)
    yield directory_scene(repository, name, what)
    with s3_scene(repository, name, what) as scene:
        yield scene


_SCENES: dict[str, Callable[[Plan], Iterable[Scene]]] = {
    "start-up": lambda _: [start_up_scene()],
    "list": _lists,
    "init": lambda _: [init_scene()],
    "unchanged": lambda plan: map(unchanged_scene, (1_000, *plan.rows)),
    "check": lambda plan: map(check_scene, plan.rows),
    "rows": _rows,
    "table": lambda plan: chain.from_iterable(map(table_scenes, plan.rows)),
    "engines": lambda plan: engine_scenes(plan.rows[0]),
    "failing": lambda plan: [failing_scene(5 * plan.rows[-1])],
    "large": lambda plan: large_scenes(plan.rows[-1], 10),
    "changed": _changed,
    "parts": _parts,
    "file": _file,
    "objects": lambda plan: many_objects_scenes(plan.objects),
    "ingest": _ingest,
    "parse": _parse,
}
"""The parts that ``--only`` can name, in the order in which they are measured."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 measured, 1 a command failed, 2 usage, 130 interrupted."""
    plan, full = plan_of(arguments)
    # As Ctrl-C: what is being measured ends with us, and the stage is cleared.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tell("the peers' environment ...")
    try:
        peers_python()
        with _clean_stage():
            results = _measure(plan)
    except RunFailed as error:
        tell(f"{error}\nNothing was written to {DOCUMENT.name}; what was measured before is kept.")
        return 1
    except KeyboardInterrupt:
        tell(f"\nstopped; what was measured before is in {plan.results}")
        return 130
    page = document(results)
    if full:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(page, encoding="utf-8")
        tell(f"written: {DOCUMENT}")
    else:
        sys.stdout.write(page)
    return 0


def _measure(plan: Plan) -> dict[str, Any]:
    """All results, old ones of other scenes included; kept on disk after each scene."""
    plan.results.parent.mkdir(parents=True, exist_ok=True)
    old = json.loads(plan.results.read_text(encoding="utf-8")) if plan.results.is_file() else {}
    results: dict[str, Any] = {"format": FORMAT, "machine": machine(), "scenes": {}}
    if all(old.get(name) == results[name] for name in ("format", "machine")):
        results["scenes"] = old["scenes"]
    ready = scenes(plan)
    for scene in ready:
        tell(scene.title)
        before = load()
        # A tenth of a second each: many rounds cost nothing.
        rounds = 15 if scene.name in {"start-up", "list"} else plan.rounds
        played = scene.play(rounds=rounds, budget=plan.budget)
        played["load"] = f"load average {before:.1f} before, {load():.1f} after"
        played["when"] = dt.datetime.now(dt.UTC).date().isoformat()
        played["versions"] = versions()
        played["commit"] = commit()
        results["scenes"][scene.name] = played
        plan.results.write_text(json.dumps(results, indent=1), encoding="utf-8")
    return results


@contextmanager
def _clean_stage() -> Iterator[None]:
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(STAGE, ignore_errors=True)
