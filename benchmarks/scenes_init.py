"""`datarelease init --yes` of small CSV files against the stages that it adds, run by DVC alone."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Run, measure
from benchmarks.places import STAGE, environment, run
from benchmarks.scene import Scene, Variant, tell

FILES, ROWS = ("customers", "orders", "payments", "products", "visits"), 200
_SEED = 1
_REPRO = ("dvc", "repro", "--single-item", "validate", "profile")


def init_scene() -> Scene:
    """The adoption of a folder of files, with everything prepared."""
    folder = STAGE / "init"
    before, adopted, work = (folder / name for name in ("before", "adopted", "work"))
    tell("  preparing: a git repository of CSV files, and the same one adopted")
    _create(before)
    shutil.copytree(before, adopted)
    run("datarelease", "init", "--yes", cwd=adopted)
    # The stages have not run: neither lock nor results nor DVC's cache of runs knows them.
    (adopted / "dvc.lock").unlink()
    shutil.rmtree(adopted / "reports")
    shutil.rmtree(adopted / ".dvc" / "cache" / "runs")

    def in_copy_of(template: Path, *words: str) -> Callable[[], Run]:
        def measured() -> Run:
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(template, work, symlinks=True)
            return measure(list(words), cwd=work, env=environment())

        return measured

    return Scene(
        name="init",
        title=f"`datarelease init --yes`, {len(FILES)} CSV files of {ROWS} rows",
        about=f"It adds {2 * len(FILES)} stages and runs them once; DVC alone starts Python for "
        "each of them.",
        variants=(
            Variant(
                name="repro",
                label=f"`{' '.join(_REPRO)}`, the same stages alone",
                run=in_copy_of(adopted, *_REPRO),
            ),
            Variant(
                name="init",
                label="**`datarelease init --yes`**, all of it",
                run=in_copy_of(before, "datarelease", "init", "--yes"),
                ours=True,
            ),
        ),
    )


def _create(folder: Path) -> None:
    rng = random.Random(_SEED)  # noqa: S311 - data, no secret
    (folder / "data").mkdir(parents=True)
    for name in FILES:
        rows = [f"{n},{rng.random() * 100:.2f},{rng.choice('mf')}\n" for n in range(ROWS)]
        text = f"id,price,sex\n{''.join(rows)}"
        (folder / "data" / f"{name}.csv").write_text(text, encoding="utf-8")
    run("git", "init", "--quiet", "--initial-branch=main", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run("git", "commit", "--quiet", "-m", "Data", cwd=folder)
