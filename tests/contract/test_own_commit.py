"""The commit that the installed tool comes from, with real git and installers' metadata."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest
from tests.forge.gitdir import WorkTree

from datarelease.adopt.context import own_commit
from datarelease.errors import ConfigError

SHA = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "pyproject.toml": "[project]\n",
    "src/datarelease/__init__.py": "one = 1\n",
    "src/datarelease/templates/a.j2": "text\n",
}
Record = Callable[[object], Distribution]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Metadata of an installation with a given record of its origin; None: with none."""

    def make(origin: object) -> Distribution:
        folder = tmp_path / "datarelease-0.1.0.dist-info"
        folder.mkdir(exist_ok=True)
        (folder / "METADATA").write_text("Name: datarelease\nVersion: 0.1.0\n")
        if origin is not None:
            (folder / "direct_url.json").write_text(json.dumps(origin))
        return PathDistribution(folder)

    return make


@pytest.fixture
def checkout(tmp_path: Path) -> WorkTree:
    """A checkout of something like this tool."""
    return WorkTree.made(tmp_path / "check out", FILES)


def installed(checkout: WorkTree, *, editable: bool = False) -> dict[str, object]:
    """What an installer records of a directory."""
    return {"url": checkout.path.as_uri(), "dir_info": {"editable": True} if editable else {}}


def refused(distribution: Distribution, package: Path) -> str:
    """The message of a commit that is not known."""
    with pytest.raises(ConfigError, match="is not known") as caught:
        own_commit(distribution, package, env=os.environ)
    assert caught.value.exit_code == 2
    assert "datarelease init --ref COMMIT" in caught.value.remedy
    return str(caught.value)


def test_a_commit_that_the_installer_recorded_is_taken(record: Record, tmp_path: Path) -> None:
    """`pip install git+https://…` leaves the commit (PEP 610), and no git is asked."""
    vcs = {"vcs": "git", "requested_revision": "main", "commit_id": SHA}
    origin = {"url": "https://git.example.com/tool.git", "vcs_info": vcs}
    assert own_commit(record(origin), tmp_path, env={}) == SHA


@pytest.mark.parametrize("how", ["editable", "copied"])
def test_a_checkout_that_is_what_is_installed_names_its_head(
    record: Record, checkout: WorkTree, tmp_path: Path, how: str
) -> None:
    """In place or copied; compiled modules beside the files and notes elsewhere change nothing."""
    package = checkout.path / "src" / "datarelease"
    if how == "copied":
        package = Path(shutil.copytree(package, tmp_path / "site" / "datarelease"))
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_bytes(b"\0")
    (checkout.path / "NOTES").write_text("mine")
    found = own_commit(
        record(installed(checkout, editable=how == "editable")), package, env=os.environ
    )
    assert found == checkout.git("rev-parse", "HEAD")


def test_files_that_are_not_those_of_the_commit_are_named(
    record: Record, checkout: WorkTree, tmp_path: Path
) -> None:
    """An edit, a new module, a copy that is older than the checkout: no commit has these files."""
    distribution = record(installed(checkout))
    package = checkout.path / "src" / "datarelease"
    older = Path(shutil.copytree(package, tmp_path / "site" / "datarelease"))
    (package / "__init__.py").write_text("one = 2\n")
    assert "for example src/datarelease/__init__.py" in refused(distribution, package)
    checkout.git("commit", "--quiet", "--all", "--message", "Two")
    assert own_commit(distribution, package, env=os.environ)
    assert "1 of its files differ" in refused(distribution, older)
    (package / "new.py").touch()
    assert "src/datarelease/new.py" in refused(distribution, package)


def test_what_no_git_holds_has_no_commit(record: Record, tmp_path: Path) -> None:
    """An archive unpacked, a directory that is gone, a package index, an archive's address."""
    folder = tmp_path / "unpacked"
    package = folder / "src" / "datarelease"
    package.mkdir(parents=True)
    origin = {"url": folder.as_uri(), "dir_info": {}}
    assert "not a git checkout of it" in refused(record(origin), package)
    shutil.rmtree(folder)
    assert "not a git checkout of it" in refused(record(origin), package)
    archive = {"url": "https://git.example.com/tool.zip", "archive_info": {}}
    assert "does not record one" in refused(record(archive), package)


def test_an_index_records_no_commit(record: Record, tmp_path: Path) -> None:
    """Without a record of its origin nothing is guessed from where the files lie."""
    assert "does not record one" in refused(record(None), tmp_path)


def test_the_head_of_another_repository_is_not_the_tools(
    record: Record, checkout: WorkTree, tmp_path: Path
) -> None:
    """A copy of the tool's files that lies inside of somebody's repository."""
    outer = tmp_path / "outer"
    shutil.copytree(checkout.path, outer / "vendored", ignore=shutil.ignore_patterns(".git"))
    subprocess.run(["git", "init", "--quiet"], cwd=outer, check=True)
    tree = WorkTree(path=outer)
    tree.git("add", "--all")
    tree.git("commit", "--quiet", "--message", "All")
    origin = {"url": (outer / "vendored").as_uri(), "dir_info": {}}
    package = outer / "vendored" / "src" / "datarelease"
    assert "not a git checkout of it" in refused(record(origin), package)
