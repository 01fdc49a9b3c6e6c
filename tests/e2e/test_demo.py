"""The demo, played in a copy of this checkout: what it leaves behind is what it promises."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``build/demo`` of a copy of the files that git would give to a clone."""
    copy = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "demo", "src", "schemas", "data", ".dvc", "*.yaml", ".dvcignore"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    done = subprocess.run(
        [sys.executable, "demo/story.py"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "report of the second pull request" in done.stdout
    return copy / "build" / "demo"


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
    command(work, tmp_path, "-c", code)

    [commands] = re.findall(r"```console\n(\$ datarelease check.*?)```", text, flags=re.DOTALL)
    for line in commands.splitlines():
        words = line.partition("#")[0].split()
        assert words[:2] == ["$", "datarelease"]
        command(work, tmp_path, "-m", "datarelease", *words[2:])
    assert (work / "data-v3" / "data" / "customers.parquet").is_file()


def command(work: Path, home: Path, *arguments: str) -> None:
    """Python in the demo's clone, with a cache of its own."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=work, capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
