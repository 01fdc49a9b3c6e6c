"""The reading side: from inside, from a fresh clone, and with an address."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import manifest, object_path

import datarelease as dr
from datarelease.errors import ConfigError, WorldError


@pytest.fixture(scope="module")
def two_versions(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A project with two versions, and the link that it knows its remote by, from everywhere."""
    folder = tmp_path_factory.mktemp("two")
    edited = Project.copied(templates / "edited", folder / "edited")
    link = folder / "remote"
    link.symlink_to(edited.remote)
    config = (edited.root / ".dvc/config").read_text()
    edited.write(".dvc/config", config.replace("../../remote", str(link)))
    with environment(hermetic_environment(folder / "home")):
        edited.commit("An address that holds everywhere", ".dvc/config")
        edited.push()
        run(edited, "release")
    return folder / "edited", link


@pytest.fixture
def two(two_versions: tuple[Path, Path], tmp_path: Path) -> Project:
    """Two versions released; the remote's address in .dvc/config holds everywhere."""
    template, link = two_versions
    copied = Project.copied(template, tmp_path / "two")
    link.unlink()
    link.symlink_to(copied.remote)
    return copied


PLACES = ["inside", "clone", "path", "file URL"]


def place_of(project: Project, where: str, tmp_path: Path) -> tuple[Path, list[str]]:
    """A directory to stand in, and the option that names the repository."""
    if where == "inside":
        return project.root, []
    if where == "clone":
        return project.clone(tmp_path / "clone").root, []
    address = str(project.origin) if where == "path" else f"file://{project.origin}"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    return elsewhere, ["--repo", address]


@pytest.mark.parametrize("where", slow_but({"file URL"}, PLACES))
def test_every_command_reads_from_everywhere(two: Project, tmp_path: Path, where: str) -> None:
    """list, show, diff, verify and get tell the same, wherever one stands."""
    cwd, option = place_of(two, where, tmp_path)
    listed = run(cwd, "list", "--json", *option).json
    assert [version["tag"] for version in listed] == ["data-v2", "data-v1"]
    shown = run(cwd, "show", "latest", "--json", *option).json
    assert shown["manifest"]["digest"] == manifest(two.remote, "data-v2")["digest"]
    report = run(cwd, "diff", "data-v1", "v2", "--json", *option).json
    people = next(d for d in report["datasets"] if d["name"] == "people")
    assert (people["diff"]["rows_before"], people["diff"]["rows_after"]) == (20, 25)
    assert people["diff"]["rows"]["added"] == 5
    assert run(cwd, "verify", "1", "--full", "--json", *option).json["faults"] == []
    run(cwd, "get", "1", "out", *option)
    assert len((cwd / "out/data/people.csv").read_text().splitlines()) == 21
    assert len(list((cwd / "out/data/events").iterdir())) == 3


@pytest.mark.parametrize("where", slow_but({"inside", "file URL"}, PLACES))
def test_load_gives_the_rows_of_a_version(
    two: Project, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data frame of one dataset of one version, by any spelling of the version."""
    cwd, option = place_of(two, where, tmp_path)
    monkeypatch.chdir(cwd)
    repo = option[1] if option else None
    assert len(dr.load("data-v1", "people", repo=repo)) == 20
    frame = dr.load("latest", "people", repo=repo)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["id", "name", "email", "plan", "spend"]
    assert len(frame) == 25
    assert len(dr.load("v2", "events", repo=repo)) == 40


def test_load_reads_the_columns_asked_for(two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only these columns, in this order; an unknown one is named with those that are there."""
    monkeypatch.chdir(two.root)
    frame = dr.load("1", "people", columns=["spend", "id"])
    assert list(frame.columns) == ["spend", "id"]
    table = dr.load("1", "people", columns=["id"], engine="pyarrow")
    assert (table.num_rows, table.column_names) == (20, ["id"])
    with pytest.raises(ConfigError, match="spnd"):
        dr.load("1", "people", columns=["spnd"])
    with pytest.raises(ConfigError, match="engine"):
        dr.load("1", "people", engine="excel")  # type: ignore[arg-type]


def test_one_dataset_needs_only_its_own_objects(two: Project, tmp_path: Path) -> None:
    """With every other object gone from the remote, one dataset can still be had."""
    clone = two.clone(tmp_path / "clone")
    people = next(d for d in manifest(two.remote, "data-v1")["datasets"] if d["name"] == "people")
    keep = object_path(two.remote, people["files"][0]["md5"])
    for path in (two.remote / "files").rglob("*"):
        if path.is_file() and path != keep:
            path.unlink()
    run(clone, "get", "data-v1", "out", "--dataset", "people")
    assert (clone.root / "out/data/people.csv").is_file()
    done = run(clone, "get", "data-v1", "out", code=3)
    assert "files/md5/" in done.err


def test_load_refuses_other_bytes(
    two: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged object is not read, and not kept in the cache."""
    clone = two.clone(tmp_path / "clone")
    people = next(d for d in manifest(two.remote, "data-v1")["datasets"] if d["name"] == "people")
    md5 = people["files"][0]["md5"]
    path = object_path(two.remote, md5)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().replace(b"Person 1,", b"Person 9,"))
    monkeypatch.chdir(clone.root)
    with pytest.raises(WorldError, match=md5[2:]):
        dr.load("data-v1", "people")
    assert not object_path(clone.root / ".dvc/cache", md5).exists()


def test_get_leaves_what_is_there(two: Project) -> None:
    """Files already right are not written again; others are only overwritten with --force."""
    run(two, "get", "1", "out")
    table = two.root / "out/data/people.csv"
    before = table.stat()
    run(two, "get", "1", "out")
    assert (table.stat().st_ino, table.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    right = table.read_bytes()
    table.write_text("mine")
    part = two.root / "out/data/events/part-1.csv"
    part.unlink()
    done = run(two, "get", "1", "out", code=2)
    assert "people.csv" in done.text
    assert "--force" in done.text
    assert (table.read_text(), part.exists()) == ("mine", False)
    run(two, "get", "1", "out", "--force")
    assert (table.read_bytes(), part.exists()) == (right, True)


def test_get_meets_a_directory_or_file_in_the_way(two: Project) -> None:
    """A directory where a file goes, or a file where a directory goes: exit 2, by name."""
    two.write("out/data/people.csv/inside", "x")
    for force in ((), ("--force",)):
        assert "people.csv" in run(two, "get", "1", "out", *force, code=2).text
    shutil.rmtree(two.root / "out")
    two.write("out/data", "a file")
    for force in ((), ("--force",)):
        assert "data" in run(two, "get", "1", "out", *force, code=2).text
    assert (two.root / "out/data").read_text() == "a file"


def test_without_a_destination_the_tag_is_the_directory(two: Project) -> None:
    """`get data-v1` makes data-v1/."""
    result = run(two, "get", "1", "--json").json
    assert result["tag"] == "data-v1"
    assert (two.root / "data-v1/data/people.csv").is_file()


@pytest.mark.slow  # tests of withdrawals and channels have its parts
def test_a_withdrawn_version_is_passed_over(two: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """yank: latest and baseline skip it, readers are warned, its data stay; unyank ends that."""
    run(two, "yank", "2", "--reason", "wrong | prices\n**bold**")
    listed = run(two, "list", "--json").json
    assert listed[0]["yanked"]["reason"] == "wrong | prices **bold**"
    assert listed[0]["yanked"]["replacement"] == "data-v1"
    _, second, first = run(two, "list").out.splitlines()
    assert "withdrawn: wrong | prices **bold** (use data-v1)" in second
    assert (first[:7], "events=" in first, "people=20" in first) == ("data-v1", True, True)
    assert "already" in run(two, "yank", "2", "--reason", "again", code=2).text
    itself = run(two, "yank", "1", "--reason", "old", "--replacement", "1", code=2).err
    assert "data-v1 cannot replace data-v1: it is the version itself" in itself
    gone = run(two, "yank", "1", "--reason", "old", "--replacement", "2", code=2).err
    assert "it is withdrawn as well" in gone
    date = listed[0]["yanked"]["date"][:10]
    said = f"data-v2 was withdrawn on {date}: wrong | prices **bold**. Use data-v1 instead."
    got = run(two, "get", "v2", "--json")
    assert f"warning: {said}" in got.err
    assert got.json["yanked"]["reason"] == "wrong | prices **bold**"
    compared = run(two, "diff", "1", "2", "--json")
    assert f"warning: {said}" in compared.err
    assert compared.json["notes"] == [said]
    assert said in run(two, "show", "2").text
    assert "warning" not in run(two, "get", "latest").err
    monkeypatch.chdir(two.root)
    with warnings.catch_warnings():
        warnings.simplefilter("error", dr.WithdrawnVersionWarning)
        assert len(dr.load("latest", "people")) == 20
    calls: list[Callable[[], object]] = [
        lambda: dr.load("data-v2", "people"),
        lambda: dr.get("2", two.root / "again"),
        lambda: dr.diff("2", "1"),
    ]
    for call in calls:
        with pytest.warns(dr.WithdrawnVersionWarning) as caught:
            call()
        assert [(str(w.message), w.filename) for w in caught] == [(said, __file__)]
    two.params(rows=30)
    two.commit("More", "params.yaml")
    older = run(two, "check", "--base", "2", "--json").json
    assert f"the baseline is a withdrawn version: {said}" in older["notes"]
    report = run(two, "check", "--json").json
    assert (report["base"], report["tag"]) == ("data-v1", "data-v3")
    assert any("data-v2 was withdrawn" in note for note in report["notes"])
    run(two, "unyank", "2")
    assert run(two, "check", "--json").json["base"] == "data-v2"
    assert "not withdrawn" in run(two, "unyank", "2", code=2).text
    assert len(dr.load("latest", "people")) == 25


def test_versions_and_diff_and_check_from_python(
    two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python functions give what the commands print."""
    monkeypatch.chdir(two.root)
    found = dr.versions()
    assert [version.tag for version in found] == ["data-v1", "data-v2"]
    assert list(found.to_frame()["rows_people"]) == [20, 25]
    report = dr.diff("1", "2")
    assert (report.base, repr(report).count("\n")) == ("data-v1", 0)
    assert (report._repr_html_() or "").startswith("<iframe")
    assert dr.check().outcome == "unchanged"
    assert dr.verify("2", full=True).faults == ()
    assert dr.release().tag == "data-v2"  # type: ignore[union-attr]


def test_an_address_that_is_no_repository(tmp_path: Path) -> None:
    """Nothing there, or no DVC in it: a clear message, exit 3 or 2."""
    done = run(tmp_path, "list", "--repo", f"file://{tmp_path}/none", code=3)
    assert "none" in done.text
    bare = Project(tmp_path / "plain", tmp_path, tmp_path)
    bare.root.mkdir()
    bare.git("init", "--quiet")
    bare.write("readme", "x")
    bare.commit()
    assert "DVC" in run(tmp_path, "list", "--repo", str(bare.root), code=2).text


@pytest.mark.slow  # test_layouts.py releases and reads partitions
def test_partitions_are_columns_from_the_check_to_load(
    released: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that moves to another folder, bytes as they were, has changed rows; load has them."""
    folder = released.root / "data/sales"
    for year in (2023, 2024):
        (folder / f"y={year}").mkdir(parents=True)
        frame = pd.DataFrame({"id": [year, year + 9]})
        frame.to_parquet(folder / f"y={year}/part.parquet")
    pipeline = released.read_yaml("dvc.yaml")
    pipeline["artifacts"]["sales"] = {
        "path": "data/sales", "type": "dataset", "meta": {"key": ["id"]}
    }  # fmt: skip
    released.write("dvc.yaml", yaml.safe_dump(pipeline))
    released.dvc("add", "--quiet", "data/sales")
    released.commit("Sales")
    released.push()
    run(released, "release")
    (folder / "y=2024").rename(folder / "y=2025")
    released.dvc("add", "--quiet", "data/sales")
    report = run(released, "check", "--json").json
    sales = next(d for d in report["datasets"] if d["name"] == "sales")
    rows = sales["diff"]["rows"]
    assert (rows["changed"], rows["unchanged"], rows["skipped_files"]) == (2, 0, 1)
    assert rows["columns"] == [["y", 2]]
    monkeypatch.chdir(released.clone(tmp_path / "id=7" / "y=1" / "clone").root)
    for engine in ("pandas", "pyarrow", "duckdb"):
        frame = dr.load("latest", "sales", engine=engine, columns=["y", "id"])
        frame = frame.to_arrow_table() if engine == "duckdb" else frame
        frame = frame if engine == "pandas" else frame.to_pandas()
        assert frame.to_dict("list") == {
            "y": [2023, 2023, 2024, 2024], "id": [2023, 2032, 2024, 2033]
        }  # fmt: skip


PRICES = "Preise\nland;preis\nDE;1.234,50\nNA;7,00\n"
"""German numbers below a title line, and a country whose code reads as a missing value."""


@pytest.mark.slow  # tests/unit/readers loads dialects
def test_the_dialect_that_was_validated_is_loaded(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``meta.csv`` is what check, release, row diff and load read with, from anywhere."""
    config = (project.root / ".dvc/config").read_text()
    project.write(".dvc/config", config.replace("../../remote", str(project.remote)))
    settings = project.read_yaml("dvc.yaml")
    csv = {
        "skip_rows": 1,
        "encoding": "cp1252",
        "decimal": ",",
        "thousands": ".",
        "null_values": [""],
    }
    meta = {"key": ["land"], "schema": "prices.yaml", "csv": csv}
    settings["artifacts"] = {"prices": {"path": "data/prices.csv", "type": "dataset", "meta": meta}}
    project.write("dvc.yaml", yaml.safe_dump(settings))
    project.write(
        "prices.yaml",
        "schema_type: dataframe\napi: pandas\ncolumns:\n  land: {dtype: str}\n"
        "  preis: {dtype: float64}\n  note: {dtype: str, required: false, nullable: true}\n",
    )
    project.write("data/prices.csv", PRICES.encode("cp1252"))
    project.dvc("add", "data/prices.csv")
    project.commit("Prices")
    project.push()
    run(project, "release")
    # A later text in a column that held numbers: what is text by the schema stays text.
    later = PRICES.replace("preis\n", "preis;note\n").replace(",50", ",50;7").replace("7,00", "8;é")
    project.write("data/prices.csv", later.encode("cp1252"))
    project.dvc("add", "data/prices.csv")
    project.commit("Other prices")
    report = run(project, "check", "--json").json
    rows = report["datasets"][0]["diff"]["rows"]
    assert (rows["changed"], rows["unchanged"], dict(rows["columns"])) == (1, 1, {"preis": 1})
    project.push()
    run(project, "release")
    del meta["csv"]
    project.write("dvc.yaml", yaml.safe_dump(settings))
    entry = manifest(project.remote, "data-v2")["datasets"][0]
    assert entry["rows"] == 2
    assert entry["csv"] == {**csv, "delimiter": ";"}
    assert entry["types"] == [["land", "string"], ["preis", "float64"], ["note", "string"]]
    monkeypatch.chdir(tmp_path)
    for repo in (project.root, project.origin):
        first = dr.load("data-v1", "prices", repo=repo)
        assert first["land"].tolist() == ["DE", "NA"]
        assert first["preis"].tolist() == [1234.5, 7.0]
        second = dr.load("data-v2", "prices", engine="pyarrow", repo=repo)
        assert second.to_pylist() == [
            {"land": "DE", "preis": 1234.5, "note": "7"},
            {"land": "NA", "preis": 8.0, "note": "é"},
        ]


def test_a_remote_that_does_not_answer_is_passed_over(two: Project, tmp_path: Path) -> None:
    """The files come from the next remote of the settings."""
    clone = two.clone(tmp_path / "clone")
    clone.add_remote(
        "dead", "s3://bucket/x", endpointurl="http://127.0.0.1:1", region="eu-central-1",
        access_key_id="a", secret_access_key="b",
    )  # fmt: skip
    clone.release_settings(remotes=["dead", "storage"])
    run(clone, "get", "data-v1", str(tmp_path / "got"))
    assert (tmp_path / "got" / "data" / "people.csv").is_file()
