"""Stage commands of ours in forks of one process: the same as in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil
import pytest
from tests.commands import PATIENCE
from tests.project import Project

from datarelease.adapters.dvc.fork_server import LOADED, ForkServer
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.model.stage_environment import HIDDEN, NEVER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are served on Linux alone")

STARTS = "import os, sys\nopen(os.environ['STARTS'], 'a').write(f'{sys.orig_argv[1:]}\\n')\n"
"""A `sitecustomize.py`: each interpreter that starts writes its arguments down."""
SCHEMA = """
import os, pathlib
import pandera.pandas as pa

{act}
schema = pa.DataFrameSchema({{"id": pa.Column(int)}})
"""
SECRETS = {
    name.replace("*", "X"): f"planted-{number}" for number, name in enumerate((*NEVER, *HIDDEN))
}


@pytest.fixture
def checked(project: Project) -> Project:
    """A project with the two stages of the dataset people, which have not run."""
    project.write("schemas/people.yaml", "schema_type: dataframe\ncolumns: {id: {dtype: int64}}\n")
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"]["schema"] = "schemas/people.yaml"
    validation, profile = "reports/people/validation.json", "reports/people/profile.json"
    declared["stages"] |= {
        "validate": {"cmd": "datarelease validate people",
                     "deps": ["data/people.csv", "schemas/people.yaml"],
                     "metrics": [{validation: {"cache": False}}]},
        "profile": {"cmd": "datarelease profile people", "deps": ["data/people.csv", validation],
                    "metrics": [{profile: {"cache": False}}]},
    }  # fmt: skip
    project.write("dvc.yaml", str(declared))
    return project


def python_schema(project: Project, act: str) -> None:
    """Make the dataset's schema a Python file that does something when it is loaded."""
    project.write("schemas/people.py", SCHEMA.format(act=act))
    text = (project.root / "dvc.yaml").read_text()
    project.write("dvc.yaml", text.replace("people.yaml", "people.py"))


def repro(project: Project, env: Mapping[str, str] | None = None) -> bool:
    """All stages ran well."""
    return Dvc(project.root, env={**os.environ, **(env or {})}).repro(inputs="here")


def counting(tmp_path: Path) -> dict[str, str]:
    """Variables that make every interpreter write down that it starts."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(STARTS)
    (tmp_path / "starts").touch()
    return {"PYTHONPATH": str(tmp_path / "site"), "STARTS": str(tmp_path / "starts")}


def results(project: Project) -> dict[str, bytes]:
    """The lock and the reports."""
    paths = [project.root / "dvc.lock", *sorted((project.root / "reports").rglob("*.json"))]
    return {str(path): path.read_bytes() for path in paths}


def test_stages_start_no_python_and_dvc_records_what_it_always_did(
    checked: Project, tmp_path: Path
) -> None:
    """One interpreter, DVC's own; plain `dvc repro --force` then writes the same bytes."""
    assert repro(checked, counting(tmp_path))
    [start] = (tmp_path / "starts").read_text().splitlines()
    assert "'repro'" in start
    made = results(checked)
    assert len(made) == 3
    assert "up to date" in checked.dvc("repro")
    assert checked.dvc("status") == "Data and pipelines are up to date.\n"
    assert results(checked) == made
    checked.dvc("repro", "--force", "validate", "profile")
    assert results(checked) == made


@pytest.mark.slow  # tests/flows/check/test_blocked.py has stages that fail
def test_a_violation_fails_the_stage_as_ever(
    checked: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the command says, and what DVC says of its exit code."""
    checked.write("schemas/people.yaml", "schema_type: dataframe\ncolumns: {nope: {}}\n")
    assert not repro(checked)
    said = capfd.readouterr().err
    assert "people: 1 check of schemas/people.yaml failed." in said
    assert "failed to run: datarelease validate people, exited with 1" in said
    assert not (checked.root / "reports/people/profile.json").exists()


@pytest.mark.slow  # test_crash.py kills a stage under way
def test_a_killed_stage_fails_and_the_next_one_runs(
    checked: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    """Code of a schema ends its own process alone, and what it changes ends with it."""
    python_schema(checked, 'os.environ["LEFT"] = "x"\nos.kill(os.getpid(), 9)')
    declared = checked.read_yaml("dvc.yaml")
    declared["artifacts"]["events"]["meta"]["schema"] = "schemas/events.py"
    declared["stages"]["other"] = {"cmd": "datarelease validate events", "deps": ["data/events"]}
    checked.write("dvc.yaml", str(declared))
    checked.write(
        "schemas/events.py",
        'import os\nimport pandera.pandas as pa\nassert "LEFT" not in os.environ\n'
        'schema = pa.DataFrameSchema({"event": pa.Column(int)})\n',
    )
    assert not repro(checked)
    assert f"exited with -{int(signal.SIGKILL)}" in capfd.readouterr().err
    assert (checked.root / "reports/events/validation.json").exists()


def test_nothing_stays_behind_where_dvc_is_killed(checked: Project) -> None:
    """The fork ends with its command, the server with DVC, and the next run goes on."""
    python_schema(
        checked,
        "import psutil\n"
        "if not pathlib.Path('again').exists():\n"
        "    pathlib.Path('server').write_text(str(os.getppid()))\n"
        "    psutil.Process(os.getppid()).parent().kill()\n",
    )
    assert not repro(checked)
    server = int((checked.root / "server").read_text())
    with suppress(psutil.NoSuchProcess):
        psutil.Process(server).wait(PATIENCE)
    checked.write("again", "")
    assert repro(checked)
    assert len(results(checked)) == 3


def test_a_schema_that_is_code_sees_no_secret(checked: Project) -> None:
    """Neither in its environment, nor in that of the process above, nor on standard input."""
    look = (
        "import sys\n"
        "above = pathlib.Path(f'/proc/{os.getppid()}/environ').read_text()\n"
        "pathlib.Path('seen.txt').write_text(f'{dict(os.environ)}{above}{sys.stdin.read()}')\n"
        "pathlib.Path('stdin.txt').write_text(os.readlink('/proc/self/fd/0'))"
    )
    python_schema(checked, look)
    env = {name: value for name, value in SECRETS.items() if not name.startswith("AWS_")}
    assert repro(checked, {**env, "PIPELINE_URL": "https://x"})
    seen = (checked.root / "seen.txt").read_text()
    assert "planted" not in seen
    assert "https://x" in seen
    assert (checked.root / "stdin.txt").read_text() == os.devnull


@pytest.mark.parametrize(
    "command", ["datarelease validate people; true", "datarelease validate $NAME",
                "datarelease validate people --json", "datarelease check",
                "datarelease ingest drain people", "python make.py"],
)  # fmt: skip
def test_whatever_a_shell_may_read_otherwise_is_left_to_dvc(tmp_path: Path, command: str) -> None:
    """Only a stage command of ours with a plain name is served."""
    with ForkServer() as server:
        assert server.run(command, cwd=str(tmp_path), env=dict(os.environ)) is None


def test_another_installation_on_path_is_the_one_that_runs(tmp_path: Path) -> None:
    """A shell would find it first, or find none."""
    other = tmp_path / "datarelease"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    command = "datarelease validate people"
    with ForkServer() as server:
        for path in (f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "/nowhere"):
            assert server.run(command, cwd=str(tmp_path), env={"PATH": path}) is None
        code = server.run(command, cwd=str(tmp_path), env=dict(os.environ))
        assert code == 2, "there is no repository"


def test_what_is_loaded_early_exists() -> None:
    """A name that a dependency no longer has would make every stage load it anew, unnoticed."""
    for name in LOADED:
        import_module(name)


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("people.py", ["pandera.io.pandas_io"]),
        pytest.param("people.yaml", [], marks=pytest.mark.slow),
    ],
)
def test_pandera_is_loaded_early_for_python_and_spark_never(
    tmp_path: Path, file: str, found: list[str]
) -> None:
    """Schemas in YAML need no Pandera, which would take Spark along: a second, and a warning."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / file).touch()
    code = (
        "import sys; from pathlib import Path; "
        "from datarelease.adapters.dvc.fork_server import _loaded; _loaded(Path()); "
        "print(*sorted({'pandera.io.pandas_io', 'pyspark.pandas'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == found
    assert "PySpark" not in done.stderr
