"""`datarelease check` against Pandera + `describe` + datacompy, and the start-up of the command."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping

from benchmarks import data
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import BENCH, ROOT, STAGE, environment, peers_python
from benchmarks.repository import FRESH, STAGED, Repository
from benchmarks.scene import Scene, Variant, tell

PEERS = "peers"
SCHEMA = ROOT / "schemas" / "customers.yaml"


class Found:
    """The row diff that the first command found; the others must find the same."""

    def __init__(self) -> None:
        self._first: dict[str, int] | None = None

    def same(self, rows: Mapping[str, int] | None) -> None:
        """Take note of a row diff, if there is one.

        Raises:
            RunFailed: It is another one.
        """
        if rows is None:
            return
        counts = {kind: rows[kind] for kind in ("added", "removed", "changed")}
        self._first = self._first or counts
        if counts != self._first:
            raise RunFailed(f"the row diffs are not the same: {self._first} and {counts}")


def check_scene(rows: int) -> Scene:
    """The check of an edit of a dataset with so many rows, with everything prepared."""
    before, after = data.customers(rows, data.BEFORE), data.customers(rows * 101 // 100, data.AFTER)
    repository = Repository(STAGE / f"check-{rows}", "data/customers.parquet")
    tell("  preparing: data-v1 released, data-v2 edited")
    repository.create(before)
    repository.run_stages()
    repository.unreleased(STAGED)
    repository.datarelease("release")
    repository.add(after)
    repository.run_stages()
    repository.branch_fresh()

    found = Found()

    def check(branch: str) -> Callable[[], Run]:
        def run() -> Run:
            repository.on(branch)
            repository.forget()
            run = measure(["datarelease", "check"], cwd=repository.work, env=repository.env)
            report = json.loads((repository.work / "reports" / "report.json").read_text("utf-8"))
            found.same(report["datasets"][0]["diff"]["rows"])
            return run

        return run

    def peers(*parts: str) -> Callable[[], Run]:
        words = [str(peers_python()), str(ROOT / "benchmarks" / "peers.py"), str(SCHEMA)]

        def run() -> Run:
            files = ["customer_id", str(before), str(after)]
            run = measure([*words, *files, *parts], cwd=BENCH, env=environment())
            if run.stopped:
                return run
            answer = json.loads(run.out)
            for part in ("datacompy", "datacompy_polars"):
                found.same(answer["found"].get(part))
            return dataclasses.replace(run, steps=answer["seconds"])

        return run

    sizes = " and ".join(f"{data.size(path) / 1e6:,.0f} MB" for path in (before, after))
    three = "`pandera.pandas` + `describe` + datacompy"
    return Scene(
        name=f"check-{rows}",
        title=f"`datarelease check`, {rows:,} rows",
        about=f"Parquet files of {sizes} (14 columns) before and after an edit that adds one row "
        "in a hundred and changes one in twelve. All row diffs found the same rows.",
        variants=(
            Variant(
                name=PEERS,
                label=f"{three}, one script that reads each file once",
                run=peers("pandera", "describe", "datacompy"),
            ),
            Variant(
                name="check",
                label="**`datarelease check`**, everything computed",
                run=check(FRESH),
                ours=True,
            ),
            Variant(
                name="check-staged",
                label="**`datarelease check`**, DVC's stages have validated and profiled",
                run=check(STAGED),
                ours=True,
            ),
            Variant(name="pandera", label="`pandera.pandas` alone", run=peers("pandera")),
            Variant(name="describe", label="`describe` alone", run=peers("describe")),
            Variant(name="datacompy", label="datacompy alone (pandas)", run=peers("datacompy")),
            Variant(
                name="datacompy_polars",
                label="datacompy alone (Polars)",
                run=peers("datacompy_polars"),
            ),
        ),
    )


def start_up_scene() -> Scene:
    """`--help` of both commands."""

    def help_of(program: str) -> Callable[[], Run]:
        return lambda: measure([program, "--help"], cwd=BENCH, env=environment())

    return Scene(
        name="start-up",
        title="Start-up",
        about="`--help`, which loads what every command needs.",
        variants=(
            Variant(name="dvc", label="`dvc --help`", run=help_of("dvc")),
            Variant(
                name="datarelease",
                label="**`datarelease --help`**",
                run=help_of("datarelease"),
                ours=True,
            ),
        ),
    )
