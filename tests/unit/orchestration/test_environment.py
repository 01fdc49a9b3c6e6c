"""Dagster, Kafka and DVC in one environment, and the core without the first two."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from tests.project import Project

CORE = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"dagster", "dagster_pipes", "confluent_kafka", "fastavro"}:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)

sys.meta_path.insert(0, Blocked())
import datarelease

names = [
    module.name
    for module in pkgutil.walk_packages(datarelease.__path__, "datarelease.")
    if not module.name.startswith(("datarelease.orchestration.", "datarelease.ingest."))
    and module.name != "datarelease.__main__"
]
for name in names:
    importlib.import_module(name)
found = {"dagster", "confluent_kafka", "fastavro"} & set(sys.modules)
assert not found, found
print(len(names))
"""
COMMAND = """
import sys
sys.modules |= dict.fromkeys(["dagster", "confluent_kafka", "fastavro"])
sys.argv = ["datarelease", *sys.argv[1:]]
from datarelease.cli import main
main()
"""


def python(script: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """How a script ended."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_core_needs_neither_dagster_nor_kafka(tmp_path: Path) -> None:
    """Every module of it loads where these cannot be imported, and loads none of them."""
    done = python(CORE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


@pytest.mark.slow  # the test above says the same of modules
def test_the_command_line_works_without_them(project: Project) -> None:
    """A check runs where they cannot be imported, and the help lists all commands."""
    done = python(COMMAND, "check", cwd=project.root)
    assert done.returncode == 0, done.stderr
    assert "data-v1" in done.stdout
    told = python(COMMAND, "ingest", "--help", cwd=project.root)
    assert (told.returncode, "propose" in told.stdout) == (0, True)


@pytest.mark.filterwarnings("ignore")
def test_both_users_of_antlr_parse() -> None:
    """Dagster's selections and DVC's Hydra work in one process: one runtime of ANTLR for both."""
    from dvc.utils.hydra import to_hydra_overrides

    @dg.asset(group_name="one")
    def first() -> None: ...

    @dg.asset(deps=[first])
    def second() -> None: ...

    selection = dg.AssetSelection.from_string('key:"second" or (group:"one" and not kind:"csv")')
    found = selection.resolve([first, second])
    assert {key.to_user_string() for key in found} == {"first", "second"}
    [override] = to_hydra_overrides(["make.rows=[1, 2, 3]"])
    assert override.value() == [1, 2, 3]


@pytest.mark.slow  # the test above says it of both parsers
def test_dvc_experiments_parse_beside_dagster(project: Project) -> None:
    """`dvc exp run --set-param` reads an override with Hydra and edits the parameters by it."""
    project.dvc("exp", "run", "--quiet", "--temp", "--set-param", "make.rows=7", "--name", "seven")
    [ref] = project.git("for-each-ref", "--format=%(refname)", "refs/exps/*/*/seven").splitlines()
    assert "rows: 7" in project.git("show", f"{ref}:params.yaml")


@pytest.mark.slow
def test_assets_are_selected_on_the_command_line(project: Project, home: Path) -> None:
    """`dagster asset materialize --select` runs a stage by an expression."""
    shim = Path(__file__).resolve().parents[3] / "orchestration" / "dagster_app" / "definitions.py"
    command = [
        sys.executable, "-m", "dagster", "asset", "materialize",
        "--select", 'key:"data/people.csv"', "-f", str(shim),
    ]  # fmt: skip
    output = project.run(
        *command, env={"DATARELEASE_REPOSITORY": str(project.root), "DAGSTER_HOME": str(home)}
    )
    assert "Stage 'make' didn't change, skipping" in output
