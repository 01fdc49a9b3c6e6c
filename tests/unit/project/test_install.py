"""The action's installer: what it runs, what it tells the runner, what it uses again."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from datarelease.model.directory import suffix_of

ROOT = Path(__file__).parents[3]


class Installer:
    """The script with its programs left out: they are only written down."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: dict[str, Any] = runpy.run_path(str(ROOT / "action" / "install.py"))
        self.ran: list[list[str]] = []
        self.path = folder / "path"
        self.cache = folder / "tools"
        self.fails = ""
        monkeypatch.setenv("GITHUB_PATH", str(self.path))
        monkeypatch.setenv("GITHUB_OUTPUT", str(folder / "output"))
        monkeypatch.setenv("RUNNER_TOOL_CACHE", str(self.cache))
        self.names["main"].__globals__["run"] = self.run

    def run(self, command: Sequence[str]) -> None:
        """Stands for a program that ends well, or not."""
        self.ran.append(list(command))
        if self.fails and self.fails in command:
            sys.exit(1)
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)

    def __call__(self) -> Path:
        """Install; the directory that was put on PATH."""
        self.names["main"]()
        return Path(self.path.read_text().splitlines()[-1])


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """On a runner that has nothing yet."""
    monkeypatch.delenv("REQUIREMENTS", raising=False)
    return Installer(tmp_path, monkeypatch)


def test_everything_comes_from_the_lock(installer: Installer) -> None:
    """Each download is held to its hash; the tool itself is this checkout, without dependencies."""
    installer()
    venv, uv, lock, tool = installer.ran
    assert venv[1:4] == ["-P", "-m", "venv"]
    assert "--require-hashes" in uv
    assert "--require-hashes" in lock
    assert str(ROOT / "requirements" / "run.txt") in lock
    assert {"--no-deps", "--no-build-isolation", str(ROOT)} <= set(tool)


def test_no_file_of_the_repository_takes_part(installer: Installer) -> None:
    """A `pip.py` or a `uv.toml` beside the data decides nothing in a job that gets secrets."""
    installer()
    for command in installer.ran:
        assert "--no-config" in command if Path(command[0]).name == "uv" else command[1] == "-P"


def test_everything_is_compiled_before_the_first_step(installer: Installer) -> None:
    """Each command of uv compiles what it installs, and no more; a step's Python starts warm."""
    installer()
    by_uv = [command for command in installer.ran if Path(command[0]).name == "uv"]
    assert len(by_uv) == 2
    assert all("--compile-bytecode" in command for command in by_uv)


def test_the_tools_python_runs_the_stages_where_nothing_else_is_asked(
    installer: Installer,
) -> None:
    """Its whole environment is put on PATH."""
    assert installer().parts[-2:] == ("environment", "bin")


def test_the_pipelines_requirements_stay_apart(
    installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are installed for the job's Python; of the tool, two commands are put on PATH."""
    monkeypatch.setenv("REQUIREMENTS", "needs.txt")
    place = installer()
    assert installer.ran[-1] == [
        sys.executable, "-P", "-m", "pip", "install", "--quiet", "-r", "needs.txt",
    ]  # fmt: skip
    links = {path.name: path.readlink().parts[-3:] for path in place.iterdir()}
    assert links == {name: ("environment", "bin", name) for name in ("datarelease", "dvc")}


def test_a_finished_installation_is_used_again(installer: Installer) -> None:
    """The second job of a self-hosted runner installs nothing."""
    first = installer()
    installer.ran.clear()
    assert (installer(), installer.ran) == (first, [])


def test_an_installation_that_broke_off_is_made_anew(installer: Installer) -> None:
    """Without its last mark it is not used, whatever lies there."""
    installer.fails = "--no-deps"
    with pytest.raises(SystemExit):
        installer()
    assert not installer.path.exists()
    installer.fails = ""
    installer.ran.clear()
    installer()
    assert len(installer.ran) == 4


def test_another_file_of_the_tool_is_another_installation(
    installer: Installer, tmp_path: Path
) -> None:
    """The fingerprint covers the package, its templates, the lock and the Python."""
    names = {path.relative_to(ROOT).as_posix() for path in installer.names["sources"]()}
    assert {"requirements/run.txt", "src/datarelease/errors.py"} <= names
    assert any(name.endswith("templates/data.yml.j2") for name in names)
    assert not any("__pycache__" in name for name in names)
    scope = installer.names["fingerprint"].__globals__
    (tmp_path / "requirements").mkdir()
    scope["TOOL"] = tmp_path
    for name, file in (("LOCK", "requirements/run.txt"), ("UV", "requirements/uv.txt")):
        scope[name] = tmp_path / file
        scope[name].write_text("one\n")
    (tmp_path / "pyproject.toml").touch()
    before = scope["fingerprint"]()
    scope["LOCK"].write_text("two\n")
    assert scope["fingerprint"]() != before


@pytest.mark.parametrize(("directory", "suffix"), [("", ""), (".", ""), ("a/b", suffix_of("a/b"))])
def test_the_suffix_of_artifacts_is_an_output(
    directory: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same that `datarelease post` looks for: empty for the root of the repository."""
    monkeypatch.setenv("DIRECTORY", directory)
    Installer(tmp_path, monkeypatch)()
    assert (tmp_path / "output").read_text() == f"suffix={suffix}\n"


def test_a_directory_that_leads_out_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job ends before anything runs there."""
    monkeypatch.setenv("DIRECTORY", "../x")
    with pytest.raises(SystemExit, match="is not a directory below"):
        Installer(tmp_path, monkeypatch)()
