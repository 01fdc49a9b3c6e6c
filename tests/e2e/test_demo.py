"""The demo, played in a copy of this checkout: what it leaves behind is what it promises.

Its commands run in forks of a process that has them loaded; in a slow test they are programs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from tests.commands import run
from tests.conftest import environment, hermetic_environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=["forks", pytest.param("programs", marks=pytest.mark.slow)])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``build/demo`` of a copy of the files that git would give to a clone."""
    copy = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "demo", "src", "schemas", "data", ".dvc", "*.yaml", ".dvcignore"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    with environment(hermetic_environment(tmp_path_factory.mktemp("home"))):
        told = (play if request.param == "forks" else start)(copy)
    assert "report of the second pull request" in told
    return copy / "build" / "demo"


def start(copy: Path) -> str:
    """What the demo says, a program whose commands are programs."""
    done = subprocess.run(
        [sys.executable, "demo/story.py"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def play(copy: Path) -> str:
    """What the demo says, which starts none of our commands anew."""
    spec = importlib.util.spec_from_file_location("story", copy / "demo" / "story.py")
    assert spec is not None
    assert spec.loader is not None
    story: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(story)
    told = io.StringIO()
    story.console = Console(file=told, markup=False, highlight=False, soft_wrap=True)  # type: ignore[attr-defined]
    story.subprocess = SimpleNamespace(run=forked)  # type: ignore[attr-defined]
    story.main()
    return told.getvalue()


def forked(
    arguments: Sequence[str], *, cwd: Path, env: dict[str, str], **_: Any
) -> subprocess.CompletedProcess[str]:
    """Stands for `subprocess.run`: a command of ours in a fork, anything else as it is."""
    if list(arguments[:3]) != [sys.executable, "-m", "datarelease"]:
        return subprocess.run(
            arguments, cwd=cwd, env=env, capture_output=True, text=True, check=False
        )
    ended = run(cwd, *arguments[3:], env=env, code=None)
    return subprocess.CompletedProcess(arguments, ended.code, ended.out, ended.err)


def git(stage: Path, *arguments: str) -> str:
    """What git says of the demo's origin."""
    done = subprocess.run(
        ["git", "--git-dir", str(stage / "origin.git"), *arguments],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_each_version_is_an_annotated_tag(stage: Path) -> None:
    """Three releases are three annotated tags; the blocked pull request left none."""
    assert git(stage, "tag", "--list").splitlines() == ["data-v1", "data-v2", "data-v3"]
    for tag in ("data-v1", "data-v2", "data-v3"):
        assert git(stage, "cat-file", "-t", tag) == "tag"


def test_each_manifest_is_on_the_remote_and_every_object_of_it(stage: Path) -> None:
    """Every object that a manifest names is on the remote with the bytes it says."""
    for tag in ("data-v1", "data-v2", "data-v3"):
        path = stage / "remote" / "releases" / tag / "manifest.json"
        manifest = json.loads(path.read_bytes())
        trailer = f"Manifest-Sha256: {hashlib.sha256(path.read_bytes()).hexdigest()}"
        assert trailer in git(stage, "cat-file", "tag", tag)
        files = [file for dataset in manifest["datasets"] for file in dataset["files"]]
        assert files
        for file in files:
            data = (stage / "remote" / file["key"]).read_bytes()
            assert len(data) == file["size"]
            assert hashlib.sha256(data).hexdigest() == file["sha256"]


def test_the_roll_back_holds_the_data_of_the_first_version(stage: Path) -> None:
    """The third version says whose data it holds, and its digest is that of the first."""
    one, three = (
        json.loads((stage / f"remote/releases/data-v{number}/manifest.json").read_bytes())
        for number in (1, 3)
    )
    assert three["rollback_of"] == "data-v1"
    assert three["digest"] == one["digest"]


def test_the_report_of_the_second_pull_request_is_there(stage: Path) -> None:
    """The HTML report stands by itself and tells of the change."""
    page = (stage / "report.html").read_text(encoding="utf-8")
    assert "data-v2" in page
    assert "<svg" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_examples_of_the_readme_run(stage: Path, tmp_path: Path) -> None:
    """The README's Python and its commands do in the demo's clone what the README says."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    url = re.search(r'"(https://[^"]+)"', code)
    assert url is not None
    code = code.replace(url[1], str(stage / "origin.git"))
    assert "s3://bucket/prefix" in code
    code = code.replace("s3://bucket/prefix", str(stage / "remote"))
    work = stage / "work"
    code += "assert list(frame.columns) == ['plan']\nassert report.datasets[0].diff.rows\n"
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    how: dict[str, Any] = {"cwd": work, "env": env, "text": True, "capture_output": True}
    done = subprocess.run([sys.executable, "-c", code], check=False, **how)
    assert done.returncode == 0, done.stdout + done.stderr

    [commands] = re.findall(r"```console\n(\$ datarelease check.*?)```", text, flags=re.DOTALL)
    for line in commands.splitlines():
        words = line.partition("#")[0].split()
        assert words[:2] == ["$", "datarelease"]
        run(work, *words[2:], env=env)
    assert (work / "data-v3" / "data" / "customers.parquet").is_file()
