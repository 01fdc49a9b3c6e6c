"""DVC's cache cut down for the next check."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.commands import Done, run
from tests.project import Project


def cached(project: Project) -> set[str]:
    """Hashes of the objects in the cache."""
    cache = project.root / ".dvc" / "cache" / "files" / "md5"
    return {f"{path.parent.name}{path.name}" for path in cache.glob("*/*")}


def trim(
    project: Project, folder: Path, *arguments: str, code: int = 0, restored: str = ""
) -> tuple[Done, dict[str, str]]:
    """How `trim` ended in a workflow, and the outputs it set."""
    folder.mkdir(exist_ok=True)
    output = folder / "output"
    output.touch()
    env = {
        "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com", "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_EVENT_NAME": "push", "GITHUB_SHA": "0" * 40, "GITHUB_OUTPUT": str(output),
        "DATARELEASE_CACHE_RESTORED": restored,
    }  # fmt: skip
    done = run(project, "trim", *arguments, env=env, code=code)
    return done, dict(line.split("=", 1) for line in output.read_text().splitlines())


def test_what_fits_stays(edited: Project, tmp_path: Path) -> None:
    """Within the budget older data stays: the next check compares rows with it."""
    before = cached(edited)
    _, output = trim(edited, tmp_path / "run")
    assert (output["cache"], cached(edited)) == ("true", before)


def test_what_the_work_tree_does_not_use_goes_first(edited: Project, tmp_path: Path) -> None:
    """Objects of older data are removed; those in use stay, and the next check needs no run."""
    before = cached(edited)
    _, output = trim(edited, tmp_path / "run", "--budget", "2.5kB")
    assert output["cache"] == "true"
    assert len(before - cached(edited)) == 2, "the older table and the older listing"
    assert "skipped because dvc.lock is up to date" in run(edited, "check").err


def test_the_key_names_the_content(edited: Project, tmp_path: Path) -> None:
    """Equal objects, equal key; what was restored and is the same is not worth saving again."""
    _, first = trim(edited, tmp_path / "first")
    done, again = trim(edited, tmp_path / "again", restored=first["key"])
    assert re.fullmatch("data-cache-[0-9a-f]{64}", first["key"])
    assert (again["key"], again["cache"]) == (first["key"], "false")
    assert "not saved, because it equals what was restored" in done.out
    _, less = trim(edited, tmp_path / "less", "--budget", "2.5kB", restored=first["key"])
    assert less["key"] != first["key"]
    assert less["cache"] == "true"


def test_more_than_the_budget_is_not_saved(edited: Project, tmp_path: Path) -> None:
    """Datasets over the budget: nothing is removed, and the output says not to save."""
    before = cached(edited)
    _, output = trim(edited, tmp_path / "run", "--budget", "10B")
    assert (output["cache"], cached(edited)) == ("false", before)


def test_a_laptop_s_cache_is_left_alone(edited: Project) -> None:
    """Outside of a workflow it refuses: the cache may hold what no remote has."""
    before = cached(edited)
    done = run(edited, "trim", code=2)
    assert "may hold what no remote has" in done.text
    assert cached(edited) == before


@pytest.mark.parametrize("budget", ["much", "-1", ""])
def test_a_budget_that_is_no_size_is_refused(budget: str, edited: Project, tmp_path: Path) -> None:
    """Exit 2, and nothing is removed."""
    before = cached(edited)
    trim(edited, tmp_path / "run", f"--budget={budget}", code=2)
    assert cached(edited) == before


@pytest.mark.slow  # many versions to fill a cache
def test_data_that_does_not_fit_is_not_fetched(edited: Project, tmp_path: Path) -> None:
    """Within the budget a cache is filled from the remote; if datasets are larger, it is not."""
    run(edited, "check")
    edited.dvc("push", "--quiet")
    before = cached(edited)
    (edited.root / ".dvc/cache/files/md5").rename(tmp_path / "elsewhere")
    done, output = trim(edited, tmp_path / "none", "--fill", "--budget", "10B")
    assert output["cache"] == "false"
    assert {name for name in cached(edited) if not name.endswith(".dir")} == set()
    assert "nothing is fetched: the datasets are larger" in done.err
    done, output = trim(edited, tmp_path / "all", "--fill", "--budget", "1MB")
    assert output["cache"] == "true"
    assert cached(edited) < before, "data of the older version stays away"
    assert "skipped because dvc.lock is up to date" in run(edited, "check").err
