"""Launchers: whoever starts one cannot tell it from the program."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
from tests.commands import PATIENCE
from tests.launchers import environment_with_launchers, launchers
from tests.project import Project


def test_a_launcher_does_what_the_program_does(tmp_path: Path) -> None:
    """Both streams, the exit code and the environment are those of the program, in a shell, too."""
    env = {**os.environ, "PATH": f"{launchers()}{os.pathsep}{os.environ['PATH']}"}
    said = [
        subprocess.run(
            ["bash", "-c", 'datarelease list --json > out; echo "$?"; datarelease --version | cat'],
            cwd=tmp_path, env=given, capture_output=True, text=True, check=True,
        )
        for given in (env, dict(os.environ))
    ]  # fmt: skip
    assert (said[0].stdout, said[0].stderr) == (said[1].stdout, said[1].stderr)
    assert said[0].stdout.startswith("2\ndatarelease")
    assert "not inside a DVC repository" in said[0].stderr


def test_an_environment_with_launchers_runs_stages(project: Project, tmp_path: Path) -> None:
    """DVC and our own stage are found there, and DVC records what came of it."""
    folder = environment_with_launchers(tmp_path / "environment")
    declared = project.read_yaml("dvc.yaml")
    declared["stages"]["profile"] = {
        "cmd": "datarelease profile people && python -c 'import sys; print(sys.prefix)'",
        "deps": ["data/people.csv"],
        "metrics": [{"reports/people/profile.json": {"cache": False}}],
    }
    project.write("dvc.yaml", str(declared))
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    said = project.run("dvc", "repro", "profile", env={"PATH": path})
    assert f"\n{folder}\n" in said
    assert "profile" in project.read_yaml("dvc.lock")["stages"]


def test_a_launcher_passes_signals_on_and_leaves_nothing(project: Project) -> None:
    """Interrupted or killed, the work of the program ends with it."""
    project.write(
        "make.py", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(99)\n"
    )
    program = launchers() / "dvc"
    for number in (signal.SIGINT, signal.SIGKILL):
        started = subprocess.Popen(
            [program, "repro", "--quiet"], cwd=project.root, stderr=subprocess.DEVNULL
        )
        pid = project.root / "pid"
        deadline = time.monotonic() + PATIENCE
        while not (pid.exists() and pid.read_text()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        stage = psutil.Process(int(pid.read_text()))
        started.send_signal(number)
        assert started.wait(PATIENCE) != 0
        stage.wait(PATIENCE)
        pid.unlink()
