"""A repository that this project did not make, holding real data, through two real releases.

The data are those of the PyPI packages palmerpenguins and vega_datasets: penguins measured in the
Palmer Archipelago (blanks written as NA), airports (codes with leading zeros), daily weather of
Seattle. The schemas are written by hand, as a team that adopts the tool would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import datarelease as dr

PENGUINS = """\
schema_type: dataframe
columns:
  species: {dtype: str, isin: [Adelie, Chinstrap, Gentoo]}
  island: {dtype: str, isin: [Biscoe, Dream, Torgersen]}
  bill_length_mm: {dtype: float64, nullable: true, in_range: {min_value: 25, max_value: 70}}
  bill_depth_mm: {dtype: float64, nullable: true, in_range: {min_value: 10, max_value: 25}}
  flipper_length_mm: {dtype: float64, nullable: true, greater_than: 100}
  body_mass_g: {dtype: float64, nullable: true, in_range: {min_value: 2000, max_value: 7000}}
  sex: {dtype: str, nullable: true, isin: [male, female]}
  year: {dtype: int64, in_range: {min_value: 2007, max_value: 2009}}
"""
AIRPORTS = """\
schema_type: dataframe
columns:
  iata: {dtype: str, unique: true, str_length: {min_value: 3, max_value: 4}}
  name: {dtype: str}
  city: {dtype: str, nullable: true}
  state: {dtype: str, nullable: true}
  country: {dtype: str}
  latitude: {dtype: float64, in_range: {min_value: -90, max_value: 90}}
  longitude: {dtype: float64, in_range: {min_value: -180, max_value: 180}}
"""
WEATHER = """\
schema_type: dataframe
columns:
  date: {dtype: "datetime64[ns]"}
  precipitation: {dtype: float64, greater_than_or_equal_to: 0}
  temp_max: {dtype: float64, in_range: {min_value: -30, max_value: 50}}
  temp_min: {dtype: float64, in_range: {min_value: -30, max_value: 50}}
  wind: {dtype: float64, greater_than_or_equal_to: 0}
  weather: {dtype: str, isin: [drizzle, rain, sun, snow, fog]}
"""
SPLIT = """\
import pathlib, shutil, yaml
years = yaml.safe_load(open("params.yaml"))["weather"]["years"]
lines = open("raw/seattle-weather.csv").read().splitlines(keepends=True)
out = pathlib.Path("data/weather")
shutil.rmtree(out, ignore_errors=True)
out.mkdir(parents=True)
for year in years:
    rows = [line for line in lines[1:] if line.startswith(str(year))]
    (out / f"{year}.csv").write_text(lines[0] + "".join(rows))
"""
DVC_YAML = """\
stages:
  split:
    cmd: python split.py
    deps: [split.py, raw/seattle-weather.csv]
    params: [weather]
    outs: [data/weather]
artifacts:
  penguins:
    path: data/penguins.csv
    type: dataset
    meta: {schema: schemas/penguins.yaml}
  airports:
    path: data/airports.csv
    type: dataset
    desc: Airports of the United States
    meta: {schema: schemas/airports.yaml, key: [iata]}
  weather:
    path: data/weather
    type: dataset
    meta: {schema: schemas/weather.yaml, key: [date]}
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A fresh DVC repository with an origin, a directory remote and the raw data."""
    root = tmp_path / "work"
    run(tmp_path, "git", "init", "--quiet", "--bare", "origin.git")
    run(tmp_path, "git", "clone", "--quiet", "origin.git", "work")
    run(root, "git", "switch", "--quiet", "--orphan", "main")
    dvc(root, "init", "--quiet")
    dvc(root, "remote", "add", "--quiet", "--default", "store", str(tmp_path / "remote"))
    for folder in ("raw", "data", "schemas"):
        (root / folder).mkdir()
    penguins = files("palmerpenguins") / "data" / "penguins.csv"
    vega = files("vega_datasets") / "_data"
    (root / "data/penguins.csv").write_bytes(penguins.read_bytes())
    (root / "data/airports.csv").write_bytes((vega / "airports.csv").read_bytes())
    weather = (vega / "seattle-weather.csv").read_text().replace("/", "-")
    (root / "raw/seattle-weather.csv").write_text(weather)
    (root / "schemas/penguins.yaml").write_text(PENGUINS)
    (root / "schemas/airports.yaml").write_text(AIRPORTS)
    (root / "schemas/weather.yaml").write_text(WEATHER)
    (root / "split.py").write_text(SPLIT)
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "params.yaml").write_text("weather:\n  years: [2012, 2013, 2014]\n")
    dvc(root, "add", "--quiet", "data/penguins.csv", "data/airports.csv", "raw/seattle-weather.csv")
    commit(root, "Real data")
    return root


@pytest.mark.slow
def test_two_releases_of_real_data(repository: Path, tmp_path: Path) -> None:
    """Real CSV files go through two releases with a real edit between, and come back whole."""
    first = release(repository)
    assert (first["tag"], first["verdict"]) == ("data-v1", "pass")

    before = {path.name: path.read_bytes() for path in (repository / "data").glob("*.csv")}
    edit(repository)
    report = check(repository)
    told = {part["name"]: part["diff"] for part in report["datasets"]}
    assert report["tag"] == "data-v2"
    assert told["weather"]["rows"]["added"] == 365
    assert told["weather"]["files"] == {
        "added": 1,
        "removed": 0,
        "changed": 0,
        "unchanged": 3,
        "renamed": 0,
    }
    assert told["weather"]["rows"]["skipped_files"] == 3
    assert told["airports"]["rows"]["removed"] == 3
    assert told["airports"]["rows"]["changed"] == 1
    assert told["penguins"]["rows_before"] == 344
    assert told["penguins"]["rows_after"] == 333
    assert "no key is declared" in told["penguins"]["no_row_diff"]
    commit(repository, "Clean the penguins, mend the airports, another year")
    assert release(repository)["tag"] == "data-v2"

    origin = tmp_path / "origin.git"
    for name in ("penguins", "airports"):
        loaded = dr.load("data-v1", name, repo=origin)
        file = tmp_path / f"{name}.csv"
        file.write_bytes(before[f"{name}.csv"])
        pd.testing.assert_frame_equal(loaded, pd.read_csv(file))
    assert len(dr.load("latest", "weather", repo=origin)) == 366 + 365 + 365 + 365
    assert dr.load("latest", "penguins", repo=origin)["sex"].notna().all()


@pytest.mark.slow  # test_blocked.py has data that is made up
def test_real_data_that_breaks_its_schema_is_blocked(repository: Path) -> None:
    """A wrong edit of real files is reported with every violation, and nothing is released."""
    penguins = repository / "data/penguins.csv"
    text = penguins.read_text().replace("Torgersen,39.1,", "Atlantis,391,", 1)
    write(penguins, text)
    airports = repository / "data/airports.csv"
    write(airports, airports.read_text() + "00M,Twice,Bay Springs,MS,USA,95.5,-89\n")
    dvc(repository, "add", "--quiet", "data/penguins.csv", "data/airports.csv")
    commit(repository, "Oops")
    done = run(repository, sys.executable, "-m", "datarelease", "release", code=1)
    assert "blocked" in done.stderr
    report = json.loads((repository / "reports/report.json").read_text())
    found = {
        (part["name"], violation["column"])
        for part in report["datasets"]
        for violation in part["validation"]["violations"]
    }
    assert {
        ("penguins", "island"), ("penguins", "bill_length_mm"),
        ("airports", "iata"), ("airports", "latitude"),
    } <= found  # fmt: skip
    assert run(repository, "git", "ls-remote", "--tags", "origin").stdout == ""


def edit(root: Path) -> None:
    """Penguins of unknown sex left out; three airports closed, one renamed; another year."""
    penguins = root / "data/penguins.csv"
    rows = penguins.read_text().splitlines(keepends=True)
    write(penguins, "".join(row for row in rows if row.split(",")[6] != "NA"))
    airports = root / "data/airports.csv"
    lines = airports.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace("Thigpen", "Thigpen Field")
    write(airports, "".join(lines[:-3]))
    (root / "params.yaml").write_text("weather:\n  years: [2012, 2013, 2014, 2015]\n")
    dvc(root, "add", "--quiet", "data/penguins.csv", "data/airports.csv")


def write(path: Path, text: str) -> None:
    """New content in place of a file that DVC may have linked to its cache."""
    path.unlink()
    path.write_text(text)


def check(root: Path) -> dict[str, Any]:
    """The report of the work tree, as JSON."""
    done = run(root, sys.executable, "-m", "datarelease", "check", "--json")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def release(root: Path) -> dict[str, Any]:
    """What a release says, as JSON."""
    done = run(root, sys.executable, "-m", "datarelease", "release", "--json")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def commit(root: Path, message: str) -> None:
    """Everything committed and pushed."""
    run(root, "git", "add", "--all")
    run(root, "git", "commit", "--quiet", "--message", message)
    run(root, "git", "push", "--quiet", "origin", "main")


def dvc(root: Path, *arguments: str) -> None:
    """DVC, run in ``root``."""
    run(root, sys.executable, "-m", "dvc", *arguments)


def run(root: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """A program that has to end with ``code``."""
    done = subprocess.run(
        arguments, cwd=root, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done
