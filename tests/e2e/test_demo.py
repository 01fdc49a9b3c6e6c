"""The demo: what it tells is true, and what it leaves behind is what it promises.

Its commands run in forks of a process that has them loaded; in a slow test they are programs.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from demo import play, story
from demo.play import Stage
from rich.console import Console
from tests.commands import run
from tests.conftest import environment, hermetic_environment

ROOT = Path(__file__).resolve().parents[2]


class Forks(Stage):
    """A stage whose commands of ours are forks."""

    def ended(self, arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """How a command ended; anything else is a program, as it is."""
        if list(arguments[:3]) != [sys.executable, "-m", "datarelease"]:
            return super().ended(arguments, cwd)
        done = run(cwd, *arguments[3:], env=dict(self.environment), code=None)
        return subprocess.CompletedProcess(arguments, done.code, done.out, done.err)


# The page "Start", which tests/docs plays, and test_story.py go the same way.
@pytest.fixture(
    scope="module",
    params=[pytest.param(how, marks=pytest.mark.slow) for how in ("forks", "programs")],
)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo leaves behind, with what it printed beside it."""
    copy = tmp_path_factory.mktemp("checkout")
    folder = copy / "build" / "demo"
    with environment(hermetic_environment(tmp_path_factory.mktemp("home"))):
        said = played(folder) if request.param == "forks" else started(copy)
    (copy / "told.txt").write_text(said, encoding="utf-8")
    return folder


def started(copy: Path) -> str:
    """What the demo says that is a program, in a copy of the files that git gives to a clone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "demo", "src", "schemas", "data", ".dvc", "*.yaml", ".dvcignore"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    done = subprocess.run(
        [sys.executable, "-m", "demo.story"], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def played(folder: Path) -> str:
    """What the demo says that plays in a folder and starts none of our commands anew."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "STAGE", Forks(folder))
        patch.setattr(
            play, "console", Console(file=printed, markup=False, highlight=False, width=play.WIDTH)
        )
        story.main()
    return printed.getvalue()


@pytest.fixture(scope="module")
def told(stage: Path) -> str:
    """What the demo printed."""
    return (stage.parents[1] / "told.txt").read_text(encoding="utf-8")


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


def test_the_comment_is_shown_as_its_reader_sees_it(stage: Path, told: str) -> None:
    """In the terminal without marks of Markdown, what is folded as a line; and as a page."""
    shown = told[told.index("comment on pull request 2") :]
    shown = shown[: shown.index("The same comment as a page")]
    assert "merging publishes data-v2" in shown
    assert "▸ Examples of these rows" in shown
    assert not re.search(r"\*\*|<br>|</?details>|\| --- \|", shown)
    page = (stage / "comment.html").read_text(encoding="utf-8")
    assert "<h3>" in page
    assert "<table>" in page
    assert "<details><summary>Examples of these rows" in page


def test_the_check_of_the_readme_is_the_one_of_the_demo(stage: Path) -> None:
    """Line by line, without what ends lines; the address of the report depends on the machine."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```console\n\$ datarelease check\n(.*?)```", text, flags=re.DOTALL)
    log = (stage / "demo.log").read_text(encoding="utf-8")
    printed = log[log.index("! Warn: merging publishes data-v2") :].partition("\n\nreport:")[0]
    assert shown.splitlines() == [line.rstrip() for line in printed.splitlines()]


def test_what_the_demo_proposes_to_try_works(stage: Path, told: str, tmp_path: Path) -> None:
    """Every command of its end, in a copy of the clone, with no settings of git of one's own."""
    copy = tmp_path / "demo"
    shutil.copytree(stage, copy, symlinks=True)
    work = copy / "work"
    for place in (work / ".git" / "config", work / ".dvc" / "config"):
        place.write_text(place.read_text().replace(str(stage), str(copy)), encoding="utf-8")
    env = {"GIT_CONFIG_GLOBAL": os.devnull, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = {}
    for title, commands in story.NEXT:
        assert title in told
        for line in commands:
            assert f"$ {line}" in told
            words = shlex.split(line)
            if words[0] == "datarelease":
                said[line] = run(work, *words[1:], env=env).out
            else:
                subprocess.run(words, cwd=work, env={**os.environ, **env}, check=True)
    [changed] = [out for line, out in said.items() if line == "datarelease check"]
    assert "make.churn_rate" in changed
    assert "The prices were wrong" in said["datarelease list"]


def test_the_example_of_the_readme_runs(stage: Path, tmp_path: Path) -> None:
    """Its Python reads the demo's versions, from the remote alone and from the repository."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    url = re.search(r'"(https://[^"]+)"', code)
    assert url is not None
    code = code.replace(url[1], str(stage / "origin.git"))
    assert "s3://bucket/prefix" in code
    code = code.replace("s3://bucket/prefix", str(stage / "remote"))
    code += "assert len(frame) == 20_000\nassert 'plan' in frame.columns\n"
    command(tmp_path, tmp_path, "-c", code)


def command(work: Path, home: Path, *arguments: str) -> None:
    """Python in a directory, with a cache of its own."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=work, capture_output=True, text=True, check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
