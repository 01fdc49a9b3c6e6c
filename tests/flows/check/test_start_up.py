"""What commands load: a start takes as long as its imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project
from tests.slow_cases import slow_but

TABLES = {"duckdb", "hypothesis", "numpy", "pandas", "pandera", "pyarrow"}
"""What reads, validates and compares tables, and what that brings along."""
REMOTES = {"aiobotocore", "botocore", "github", "s3fs"}
UNUSED = {
    ("--help",): TABLES | REMOTES | {"dvc", "jinja2", "narwhals", "pydantic", "rich", "yaml"},
    ("list",): TABLES
    | REMOTES
    | {"asyncio", "dvc", "filelock", "fsspec", "jinja2", "narwhals", "networkx", "requests"}
    | {"platformdirs", "psutil", "pydantic", "rich", "typing_extensions"},
    ("show", "1"): TABLES | REMOTES | {"jinja2", "narwhals", "networkx"},
    ("check",): TABLES | REMOTES | {"narwhals"},
    ("release",): TABLES | REMOTES | {"narwhals"},
    ("url", "1", "people"): TABLES | REMOTES | {"jinja2"},
    ("get", "1", "out"): TABLES | REMOTES | {"jinja2"},
    ("validate", "people"): REMOTES | {"duckdb", "hypothesis", "jinja2", "pandas", "pandera"},
}
"""Command -> the packages that it does without where the data is what was released."""


@pytest.fixture(scope="module")
def staged(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Released as data-v1, with validation and profile recorded by stages of DVC."""
    folder = tmp_path_factory.mktemp("staged")
    with environment(hermetic_environment(folder / "home")):
        built = Project.copied(templates / "template", folder / "built")
        declared = built.read_yaml("dvc.yaml")
        del declared["artifacts"]["events"]
        for stage, name in (("validate", "validation"), ("profile", "profile")):
            declared["stages"][stage] = {
                "cmd": f"datarelease {stage} people",
                "deps": ["data/people.csv"],
                "metrics": [{f"reports/people/{name}.json": {"cache": False}}],
            }
        built.write("dvc.yaml", yaml.safe_dump(declared))
        built.repro()
        built.commit("Validation and profile")
        built.push()
        run(built, "release")
    return built


def loaded(project: Project, *arguments: str, code: int = 0) -> set[str]:
    """The packages that `datarelease ARGUMENTS` imported, in a process that began with none."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "datarelease", *arguments],
        cwd=project.root, env=dict(os.environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "command",
    slow_but({"check", "list"}, [(c,) for c in UNUSED], lambda c: " ".join(*c)),
)
def test_commands_load_what_they_use(staged: Project, command: tuple[str, ...]) -> None:
    """Where nothing changed, no command loads what reads tables; help and lists load no DVC."""
    assert not loaded(staged, *command) & UNUSED[command]


def test_errors_load_no_report(staged: Project, tmp_path: Path) -> None:
    """Outside of a workflow nobody is told but the person, without what renders reports."""
    packages = loaded(staged, "-C", str(tmp_path), "list", code=2)
    assert "rich" in packages
    assert not {"pydantic", "jinja2", "dvc"} & packages


def test_tables_are_loaded_where_they_are_read(staged: Project) -> None:
    """New data is read, by some of the packages whose names the other test looks for."""
    before = (staged.root / "data" / "people.csv").read_bytes()
    try:
        staged.write("data/people.csv", before + b"21,U,u@example.com,A,1.5\n")
        packages = loaded(staged, "validate", "people")
        assert {"duckdb", "dvc", "pyarrow"} <= packages
        assert not {"grpc", "pysail", "pyspark"} & packages  # installed, and not chosen
        assert not {"pandas", "pandera"} & packages  # not for built-in checks
    finally:
        staged.write("data/people.csv", before)


@pytest.mark.slow  # a validation, above, loads no pandas
def test_rows_are_compared_without_pandas(staged: Project) -> None:
    """A check of other data compares its rows, and writes those that changed."""
    staged.params(seed=77)
    packages = loaded(staged, "check")
    assert {"duckdb", "pyarrow"} <= packages
    assert (staged.root / "reports/people/changes.parquet").exists()
    assert not {"pandas", "pandera"} & packages
