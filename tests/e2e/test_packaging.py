"""What is loaded when, and what the project depends on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import files, requires
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.project import Project
from tests.slow_cases import slow_but

from datarelease.cli import COMMANDS, group

ROOT = Path(__file__).parents[2]
HEAVY = {"dvc", "duckdb", "pandas", "pandera", "pyarrow", "pydantic", "narwhals", "numpy"}


def loaded_by(code: str, cwd: Path) -> set[str]:
    """The top-level modules that are loaded after ``code`` ran in a fresh interpreter."""
    program = f"import sys\n{code}\nprint('\\n'.join({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


def command_line(argument: str) -> str:
    """A program that runs ``datarelease ARGUMENT`` and stays alive."""
    return f"""
sys.argv = ["datarelease", {argument!r}]
from datarelease.cli import main
try:
    main()
except SystemExit:
    pass
"""


@pytest.mark.parametrize(
    "code",
    ["import datarelease.cli", "import datarelease", command_line("--help")],
    ids=["cli", "package", "help"],
)
def test_nothing_heavy_is_loaded_before_it_is_used(tmp_path: Path, code: str) -> None:
    """The command line and its help start without the libraries that do the work."""
    assert loaded_by(code, tmp_path) & HEAVY == set()


def test_list_loads_no_engine(project: Project) -> None:
    """Listing versions needs git and DVC's configuration, not the analysis."""
    code = command_line("list")
    assert loaded_by(code, project.root) & {"pandera", "duckdb", "pandas", "pyarrow"} == set()


def test_profile_and_row_diff_load_no_pandas(tmp_path: Path) -> None:
    """Statistics and rows are found without pandas, whose start costs more than a small table."""
    pq.write_table(pa.table({"id": [2, 1], "v": [0.5, 1.5], "t": ["a", "b"]}), tmp_path / "table")
    code = """
from pathlib import Path
from datarelease.analysis.comparison.rows import diff_rows
from datarelease.analysis.engine.duckdb.engine import DuckDBEngine
from datarelease.analysis.engine.tables import Table
from datarelease.analysis.profiling.profile import profile
from datarelease.model.data.dataset import Dataset
table = Table(paths=(Path("table"),), format="parquet")
dataset = Dataset(name="d", path="d", key=("id",))
with DuckDBEngine(temp_directory=Path("spill")) as engine:
    assert profile(engine, table, dataset).rows == 2
    assert diff_rows(engine, table, table, dataset).unchanged == 2
"""
    assert loaded_by(code, tmp_path) & {"pandas", "pandera", "dvc"} == set()


def closure() -> set[str]:
    """The distributions that the package needs without an extra, and all that those need."""
    found: set[str] = set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [each.name for each in map(Requirement, project["dependencies"])]
    while waiting:
        one = canonicalize_name(waiting.pop())
        if one not in found:
            found.add(one)
            needed = map(Requirement, requires(one) or ())
            waiting += [
                each.name
                for each in needed
                if each.marker is None or each.marker.evaluate({"extra": ""})
            ]
    return found


def test_an_installation_for_readers_is_light() -> None:
    """Neither DVC nor pandas nor pyarrow, and less than 150 MB."""
    names = closure()
    assert names & {"dvc", "dvc-s3", "pandas", "pandera", "pyarrow", "numpy", "jinja2"} == set()
    assert {"duckdb", "pydantic"} <= names
    listed = (files(name) or () for name in names)
    assert sum(file.size or 0 for each in listed for file in each) < 150e6


LIGHT = """
import sys
from importlib.machinery import PathFinder
find = PathFinder.find_spec
light = {"dvc", "dvc_data", "dvc_objects", "pandas", "pandera", "pyarrow", "jinja2", "filetype"}
PathFinder.find_spec = lambda name, *more: (
    None if name.partition(".")[0] in light else find(name, *more)
)
"""
"""Hides what readers do not have."""


def test_readers_have_their_functions_and_commands(tmp_path: Path) -> None:
    """All that is documented for an address loads where nothing of the extra `release` is."""
    code = f"""{LIGHT}
import datarelease as dr
assert all((dr.load, dr.open, dr.files, dr.get, dr.versions))
from datarelease.cli import group
for name in ("list", "show", "get", "url"):
    assert group.get_command(None, name), name
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    slow_but(
        {"check", "ingest plan"},
        [["check"], ["release"], ["doctor"], ["verify", "latest"], ["ingest", "plan"]],
        " ".join,
    ),
)
def test_a_command_says_what_readers_do_not_have(tmp_path: Path, arguments: list[str]) -> None:
    """Exit 2, with what to install; it is no bug."""
    code = f"""{LIGHT}
sys.argv = ["datarelease", *{arguments!r}]
from datarelease.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "an installation for readers does not have" in done.stderr
    assert "datarelease[release]" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_help_is_there(name: str) -> None:
    """Each name in the help leads to a command that has that name and a help of its own."""
    found = group.get_command(click.Context(group), name)
    assert found is not None
    assert found.name == name
    assert found.help


def requirement_files() -> list[Path]:
    """Every file that names Python packages to install."""
    patterns = ("pyproject.toml", "requirements/*", ".github/workflows/*.yml", "action.yml")
    return [path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()]


def test_nobody_depends_on_the_cml_of_pypi() -> None:
    """PyPI's `cml` is a stranger's package; CML is a program. No requirement names it."""
    wanted = re.compile(
        r"""^\s*["']?cml\s*(\[|[=<>!~;@,"']|$|\\)   # a requirement on a line of its own
        |["']cml\s*(\[[^]]*\])?\s*([=<>!~;@][^"']*)?["']   # in a list
        |(pip|uv)[^\n]*\binstall\b[^\n]*(?<![\w/.-])cml(?![\w/-])   # by hand
        """,
        re.VERBOSE | re.MULTILINE,
    )
    for bad in ("cml==0.1\n", 'x = ["cml>=1"]', "run: pip install cml", "cml \\\n"):
        assert wanted.search(bad), bad
    files = requirement_files()
    assert len(files) >= 3
    assert [str(path) for path in files if wanted.search(path.read_text())] == []


def test_lock_files_name_no_registry() -> None:
    """Hashes say what is installed; where from is for each machine to say."""
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert locks
    for lock in locks:
        text = lock.read_text()
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text), lock.name
        assert "--hash=sha256:" in text
