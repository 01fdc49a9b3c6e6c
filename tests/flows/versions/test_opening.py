"""Tables of a repository's versions, opened lazily: whole files that are checked, or ranges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import REMOTE, Project
from tests.servers import Bucket
from tests.unit.readers.conftest import PARTS, ROWS
from tests.unit.readers.test_open import ENGINES, rows
from tests.versions import manifest, object_path
from tests.web import FileServer

import datarelease as dr
from datarelease.reading import Frame

EARLY, LATE = (f"year={year}/part-0.parquet" for year in (2023, 2024))
WHERE = [("year", "==", 2024), ("id", "<", 2024 * ROWS + 3)]
FOUND = [(2024 * ROWS + n, 2024) for n in range(3)]


@pytest.fixture(scope="module")
def released_parts(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A released version with two Parquet files in folders; no test changes it."""
    folder = tmp_path_factory.mktemp("parts")
    project = Project.copied(templates / "template", folder / "project")
    for name, data in PARTS.items():
        project.write(f"data/sales/{name}", data)
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["artifacts"] = {"sales": {"path": "data/sales", "type": "dataset"}}
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    with environment(hermetic_environment(folder / "home")):
        project.dvc("add", "--quiet", "data/sales")
        project.commit("Sales")
        project.push()
        run(project, "release")
    return project


@pytest.fixture
def clone(released_parts: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh clone to stand in, whose cache is empty."""
    cloned = released_parts.clone(tmp_path / "clone")
    monkeypatch.chdir(cloned.root)
    return cloned


@pytest.fixture
def web(released_parts: Project, clone: Project) -> Iterator[FileServer]:
    """The remote behind a web server, as the clone knows it."""
    with FileServer(released_parts.remote).running() as server:
        local = clone.root / ".dvc" / "config.local"
        local.write_text(f"['remote \"{REMOTE}\"']\n    url = {server.address}\n")
        yield server


def cached(clone: Project) -> dict[str, Path]:
    """The files of the dataset that the cache of a clone has, by path."""
    [sales] = manifest(clone.remote, "data-v1")["datasets"]
    cache = clone.root / ".dvc" / "cache"
    places = {file["path"]: object_path(cache, file["md5"]) for file in sales["files"]}
    return {path: place for path, place in places.items() if place.exists()}


@pytest.mark.parametrize("engine", ENGINES)
def test_only_ranges_are_read_where_they_are_enough(
    clone: Project, web: FileServer, engine: Frame
) -> None:
    """With verified=False: two columns of one row group, and nothing is kept."""
    asked: dict[str, Any] = {"columns": ["id", "year"], "where": WHERE, "engine": engine}
    opened = dr.open("latest", "sales", verified=False, **asked)
    assert [row[:2] for row in rows(opened, engine)] == FOUND
    assert sum(web.sent) < sum(map(len, PARTS.values())) / 3
    assert max(web.sent) < 100_000
    assert cached(clone) == {}


def test_whole_files_are_checked_by_default(clone: Project, web: FileServer) -> None:
    """Those of the folders asked for, and the first one, which tells the columns."""
    opened = dr.open("latest", "sales", where=[("year", "==", 2023)])
    assert len(opened.fetchall()) == ROWS
    assert set(cached(clone)) == {EARLY}
    dr.open("latest", "sales", where=WHERE)
    assert set(cached(clone)) == {EARLY, LATE}
    web.sent.clear()
    for verified in (True, False):
        opened = dr.open("latest", "sales", verified=verified, columns=["id", "year"], where=WHERE)
        assert opened.fetchall() == FOUND
    assert sum(web.sent) < 100_000, "documents of the version, and no byte of its data"


def test_what_is_in_the_cache_is_read_there(clone: Project, web: FileServer) -> None:
    """Beside ranges of what is not."""
    dr.open("latest", "sales", where=[("year", "==", 2023)])
    web.sent.clear()
    opened = dr.open("latest", "sales", verified=False, columns=["id"])
    assert opened.aggregate("count(*), min(id), max(id)").fetchall() == [
        (2 * ROWS, 2023 * ROWS, 2025 * ROWS - 1)
    ]  # fmt: skip
    assert 10_000 < sum(web.sent) < len(PARTS[LATE])
    assert set(cached(clone)) == {EARLY}


def test_a_directory_is_read_where_it_is(clone: Project) -> None:
    """Ranges of its files, which are not copied; by Polars itself."""
    frame = dr.open("latest", "sales", engine="polars", verified=False, where=WHERE)
    assert frame.collect()["id"].to_list() == [row[0] for row in FOUND]
    assert cached(clone) == {}


def test_what_the_remote_says_is_compared_first(
    released_parts: Project, clone: Project, tmp_path: Path
) -> None:
    """An object of another size, or none, is named before a range of it is read."""
    remote = Project.copied(released_parts.root.parent, tmp_path / "own").remote
    local = clone.root / ".dvc" / "config.local"
    local.write_text(f"['remote \"{REMOTE}\"']\n    url = {remote}\n")
    [sales] = manifest(remote, "data-v1")["datasets"]
    md5 = next(file["md5"] for file in sales["files"] if file["path"] == LATE)
    place = object_path(remote, md5)
    place.chmod(0o644)
    place.write_bytes(PARTS[LATE][:-1])
    with pytest.raises(dr.WorldError, match=rf"{md5[2:]} \({LATE}\) does not match the manifest"):
        dr.open("latest", "sales", verified=False)
    place.unlink()
    with pytest.raises(dr.WorldError, match=rf"{md5[2:]} \({LATE}\) is missing on {REMOTE}"):
        dr.open("latest", "sales", verified=False)
    assert len(dr.open("latest", "sales", verified=False, where=[("year", "<", 2024)])) == ROWS


@pytest.mark.slow  # tests/contract/test_address_sources.py reads ranges of S3
def test_a_bucket_is_read_in_ranges(
    released_parts: Project, clone: Project, bucket: Bucket
) -> None:
    """With DVC's credentials; other bytes of the same size are told by the MD5 that it reports."""
    fs = bucket.fs()
    fs.put(f"{released_parts.remote}/", f"{bucket.name}/data", recursive=True)
    (clone.root / ".dvc" / "config.local").unlink()  # with the directory's address
    clone.use_bucket(bucket, prefix="data", keys=bucket.reader)
    for engine in ENGINES:
        opened = dr.open(
            "latest", "sales", verified=False, engine=engine, columns=["id", "year"], where=WHERE
        )
        assert [row[:2] for row in rows(opened, engine)] == FOUND
    assert cached(clone) == {}
    [sales] = manifest(clone.remote, "data-v1")["datasets"]
    late = next(file for file in sales["files"] if file["path"] == LATE)
    fs.pipe_file(f"{bucket.name}/data/{late['key']}", bytes(late["size"]))
    with pytest.raises(dr.WorldError, match=rf"\({LATE}\) does not match the manifest"):
        dr.open("latest", "sales", verified=False)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ([("year", "<", "2024")], "of another type"),
        ([("year", "~", 1)], "'~' is not an operator"),
        ([()], "is not a condition"),
        (["year"], "is not a condition"),
    ],
    ids=str,
)
def test_a_wrong_condition_costs_no_fetch(
    clone: Project, web: FileServer, where: list[Any], message: str
) -> None:
    """It is refused before a file of the dataset is brought here."""
    with pytest.raises(dr.ConfigError, match=message):
        dr.open("latest", "sales", where=where)
    assert cached(clone) == {}
    assert max(web.sent, default=0) < 100_000
