"""Commands on data that did not change, and the start of the smallest ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from benchmarks import data
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import STAGE
from benchmarks.repository import FRESH, STAGED, Repository
from benchmarks.scene import Scene, Variant, tell


def unchanged_scene(rows: int) -> Scene:
    """A check, and a release with nothing new, of data that the newest version holds already."""
    repository = released(rows, f"unchanged-{rows}")

    def again() -> Run:
        run = measure(["datarelease", "release"], cwd=repository.work, env=repository.env)
        if "data-v2" in repository.git("tag", "--list"):
            raise RunFailed("the release of unchanged data made a version")
        return run

    def check() -> Run:
        run = measure(["datarelease", "check"], cwd=repository.work, env=repository.env)
        outcome = json.loads((repository.work / "reports/report.json").read_text("utf-8"))[
            "outcome"
        ]
        if outcome != "unchanged":
            raise RunFailed(f"the check of unchanged data says {outcome!r}")
        return run

    return Scene(
        name=f"unchanged-{rows}",
        title=f"Unchanged data, {rows:,} rows",
        about="The work tree holds the data of the newest version, a bare `.dvc` file without "
        "stages. No byte of it is read.",
        variants=(
            Variant(name="dvc", label="`dvc status`", run=_plain(repository, ["dvc", "status"])),
            Variant(name="check", label="**`datarelease check`**", run=check, ours=True),
            Variant(
                name="release",
                label="**`datarelease release`**, with nothing new",
                run=again,
                ours=True,
            ),
        ),
    )


def list_scene(repository: Repository | None = None, versions: int = 1) -> Scene:
    """The versions of a repository, asked of its origin; by default of a new one with one."""
    repository = repository or released(1_000, "list")
    remote = ["git", "ls-remote", "--tags", "origin"]
    return Scene(
        name="list" if versions == 1 else f"list-{versions}",
        title="The versions at the origin" + (f": {versions:,}" if versions > 1 else ""),
        about="What a person asks most often, of a repository with "
        f"{f'{versions:,} versions' if versions > 1 else 'one version'}.",
        variants=(
            Variant(name="git", label="`git ls-remote --tags`", run=_plain(repository, remote)),
            Variant(
                name="list",
                label="**`datarelease list`**",
                run=_plain(repository, ["datarelease", "list"]),
                ours=True,
            ),
        ),
    )


def released(rows: int, name: str) -> Repository:
    """A repository of customers whose first version is released."""
    tell("  preparing: data-v1 released")
    repository = Repository(STAGE / name, "data/customers.parquet")
    repository.create(data.customers(rows, data.BEFORE))
    repository.run_stages()
    repository.unreleased(STAGED)
    repository.branch_fresh()
    repository.unreleased(FRESH)
    repository.datarelease("release", "--branch", FRESH)
    return repository


def _plain(repository: Repository, command: Sequence[str]) -> Callable[[], Run]:
    return lambda: measure(command, cwd=repository.work, env=repository.env)
