"""The wheel and the sdist of datarelease itself, built, looked at and held against an index."""

from __future__ import annotations

import email
import email.message
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from publish import steps
from publish.steps import ReleaseError
from twine.commands.check import check

ROOT = Path(__file__).parents[2]
VERSION = steps.version_of(ROOT)
SCRIPTS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `publish/steps.py build` makes of this checkout."""
    folder = tmp_path_factory.mktemp("built") / "dist"
    steps.build(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    """The wheel."""
    return steps.archives(dist, VERSION)[0]


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    """What the index and pip read of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"datarelease-{VERSION}.dist-info/METADATA").decode()
    return email.message_from_string(text)


def test_the_index_will_take_the_files_and_render_the_readme(dist: Path) -> None:
    """`twine check --strict` finds neither an error nor a warning."""
    assert check([str(path) for path in dist.iterdir()], strict=True) is False


def test_the_metadata_says_what_pyproject_says(metadata: email.message.Message) -> None:
    """Name, version, licence, Python, addresses, and the README as Markdown."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (metadata["Name"], metadata["Version"]) == ("datarelease", str(VERSION))
    assert metadata["Requires-Python"] == project["requires-python"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []))
    assert urls == project["urls"]
    assert {"Homepage", "Documentation", "Changelog", "Issues", "Source"} == urls.keys()


def test_the_wheel_has_the_package_and_nothing_else(wheel: Path, dist: Path) -> None:
    """Modules, templates and schemas; no test, no data, and in the sdist neither."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0] for name in names} == {
        "datarelease", f"datarelease-{VERSION}.dist-info",
    }  # fmt: skip
    for path in ("py.typed", "templates/data.yml.j2", "schemas/manifest.schema.json"):
        assert f"datarelease/{path}" in names
    assert not any("__pycache__" in name for name in names)
    with tarfile.open(steps.archives(dist, VERSION)[1]) as packed:
        inner = {name.split("/", 2)[1] for name in packed.getnames() if "/" in name}
    assert inner == {"src", "pyproject.toml", "README.md", "LICENSE", "PKG-INFO"}


def test_the_same_commit_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    """Built once more, later and from a copy, with the time of the commit."""
    copy = tmp_path / "elsewhere"
    (copy / "src").mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "datarelease", copy / "src" / "datarelease", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, copy / name)
    epoch = steps.output(["git", "log", "-1", "--format=%ct"], cwd=ROOT).strip()
    code = f"from flit_core.buildapi import build_wheel; build_wheel({str(tmp_path)!r})"
    env = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    subprocess.run([sys.executable, "-c", code], cwd=copy, env=env, check=True)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.slow  # plays an index of packages; for a publication
def test_other_bytes_on_the_index_are_refused(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pip takes what was built and nothing else; the index is a directory here."""
    index = tmp_path / "index"
    shutil.copytree(dist, index)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    steps.verify(dist, VERSION, tmp_path / "one", pause=0.0)
    [wheel, _] = steps.archives(index, VERSION)
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("datarelease/more.py", "")
    with pytest.raises(ReleaseError, match=re.escape(wheel.name)):
        steps.verify(dist, VERSION, tmp_path / "two", pause=0.0)


@pytest.mark.slow  # plays an index of packages; for a publication
def test_what_is_not_on_the_index_yet_is_looked_for_again(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A few times, and then the step fails."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(steps, "ATTEMPTS", 2)
    with pytest.raises(ReleaseError, match="does not give"):
        steps.verify(dist, VERSION, tmp_path, pause=0.0)
    assert "is not there yet (look 1)" in capsys.readouterr().out


@pytest.mark.slow  # resolves everything; for a publication
def test_the_bill_of_materials_lists_what_the_action_installs(tmp_path: Path) -> None:
    """`make dist` writes it: every package of the lock, its version, and the tool as subject."""
    recipe = subprocess.run(
        ["make", "--dry-run", "dist"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.replace("\\\n", " ")
    [line] = [line for line in recipe.splitlines() if "cyclonedx-py" in line]
    words = shlex.split(line[line.index("build/publish/bin/cyclonedx-py") :])
    target = tmp_path / "sbom.json"
    words[0], words[-1] = str(SCRIPTS / "cyclonedx-py"), str(target)
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    found = json.loads(target.read_text(encoding="utf-8"))
    locked = re.findall(
        r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements/run.txt").read_text(), flags=re.MULTILINE
    )
    assert {(one["name"], one["version"]) for one in found["components"]} == set(locked)
    subject = found["metadata"]["component"]
    assert (subject["name"], subject["version"]) == ("datarelease", str(VERSION))


@pytest.mark.slow
def test_the_wheel_installs_and_runs_in_a_fresh_environment(dist: Path, tmp_path: Path) -> None:
    """With what the package index gives today; a wheel of another version is found out."""
    steps.try_out(dist, VERSION, tmp_path / "fresh")
    other = steps.Version.parse("99.0.0")
    for path in steps.archives(dist, VERSION):
        name = path.name.replace(str(VERSION), str(other))
        shutil.copyfile(path, tmp_path / name)
    with pytest.raises(ReleaseError):
        steps.try_out(tmp_path, other, tmp_path / "other")
