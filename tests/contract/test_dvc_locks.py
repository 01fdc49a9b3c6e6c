"""DVC's locks after processes that are gone, and what a full disk or a dead address is told as."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from tests.commands import run
from tests.project import Project

from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.store.directory import DirectoryStore
from datarelease.cli import main
from datarelease.errors import WorldError, disk_fault
from datarelease.flows.cache import Objects
from datarelease.progress import Quiet

pytestmark = pytest.mark.one_dataset


class Said(Quiet):
    """Keeps the lines."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        """Keep one."""
        self.lines.append(line)


@pytest.fixture
def said() -> Said:
    """What the adapter told of."""
    return Said()


@pytest.fixture
def dvc(project: Project, said: Said) -> Dvc:
    """The adapter under the test's environment."""
    return Dvc(project.root, env=os.environ, progress=said)


@contextmanager
def living(project: Project) -> Iterator[int]:
    """The number of a process that looks like DVC at work in the project."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", "dvc", "repro"]
    with subprocess.Popen(command, cwd=project.root, stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


@contextmanager
def zombie() -> Iterator[int]:
    """The number of a process that ended and was not waited for."""
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        yield process.pid


def rwlock(project: Project, pid: int, *, age: float = 0) -> Path:
    """DVC's list, on which the process has the table's path for itself, written so long ago."""
    table = str(project.root / "data" / "people.csv")
    held = {"write": {table: {"pid": pid, "cmd": "dvc repro"}}, "read": {}}
    path = project.write(".dvc/tmp/rwlock", json.dumps(held))
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    return path


@pytest.mark.parametrize("content", ["", "{", '{"write": 7}', "[]"])
def test_a_damaged_list_is_removed_when_nobody_lives(
    project: Project, dvc: Dvc, said: Said, content: str
) -> None:
    """Whatever a killed process left of the list, the next one says so and goes on."""
    path = project.write(".dvc/tmp/rwlock", content)
    assert dvc.stale_stages() == ()
    assert [str(path) in line and "killed" in line for line in said.lines] == [True]
    assert not any(json.loads(path.read_text()).values())


def test_a_damaged_list_stays_while_somebody_works(project: Project, dvc: Dvc) -> None:
    """Who may have been on the list is named by number, and nothing is removed."""
    path = project.write(".dvc/tmp/rwlock", "")
    with living(project) as pid, pytest.raises(WorldError, match=rf"process {pid} .*dvc repro"):
        dvc.stale_stages()
    assert path.read_text() == ""


def test_a_zombie_holds_nothing(project: Project, dvc: Dvc, said: Said) -> None:
    """A process that ended and whose number is still taken does not keep others out."""
    with zombie() as pid:
        rwlock(project, pid)
        assert dvc.stale_stages() == ()
        [line] = said.lines
        assert line.startswith(f"process {pid} (dvc repro) was killed")


def test_another_process_with_the_same_number_holds_nothing(
    project: Project, dvc: Dvc, said: Said
) -> None:
    """A list that is older than the process is not about it, as after a container began anew."""
    rwlock(project, os.getpid(), age=10_000_000)
    assert dvc.stale_stages() == ()
    assert len(said.lines) == 1


def test_a_living_process_is_named(project: Project, dvc: Dvc, said: Said) -> None:
    """Exit 3 with its number, from DVC in this process and from DVC as a program alike."""
    project.params(rows=30)
    with living(project) as pid:
        held = rwlock(project, pid).read_text()
        named = rf"Another DVC process .*process {pid} \(dvc repro\)"
        for work in (dvc.stale_stages, lambda: dvc.repro(inputs="here")):
            with pytest.raises(WorldError, match=named):
                work()
        kept = json.loads((project.root / ".dvc/tmp/rwlock").read_text())
        assert kept["write"] == json.loads(held)["write"]
    assert said.lines == []


@pytest.mark.slow  # such lists are removed above
def test_a_release_after_a_kill(project: Project) -> None:
    """An empty list does not stop a release."""
    project.write(".dvc/tmp/rwlock", "")
    done = run(project, "release", "--json")
    assert done.json["released"] is True
    assert "no DVC process runs" in done.err


# --- addresses


def test_an_input_that_cannot_be_reached_is_named(
    project: Project, dvc: Dvc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a stage reads from elsewhere is named with the stage."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    declared = project.read_yaml("dvc.yaml")
    project.add_remote("elsewhere", "s3://bucket", endpointurl="http://127.0.0.1:9",
                       access_key_id="a", secret_access_key="b")  # fmt: skip
    declared["stages"]["make"]["deps"].append("remote://elsewhere/input.csv")
    project.write("dvc.yaml", yaml.safe_dump(declared))
    locked = project.read_yaml("dvc.lock")
    locked["stages"]["make"]["deps"].append(
        {"path": "remote://elsewhere/input.csv", "etag": "0123456789abcdef", "size": 1}
    )
    project.write("dvc.lock", yaml.safe_dump(locked))
    with pytest.raises(WorldError, match=r"remote://elsewhere/input\.csv, which make reads"):
        dvc.stale_stages()


def test_an_import_is_not_asked_for_news(project: Project, dvc: Dvc) -> None:
    """Whether imported data were edited is told without the repository that they came from."""
    md5 = "e37dc5a3ae2a6e4a4d9d2b2b5d4a5d2f"
    content = {
        "frozen": True,
        "deps": [{"path": "words.csv", "repo": {"url": "/nowhere", "rev_lock": "0" * 40}}],
        "outs": [{"md5": md5, "size": 7, "hash": "md5", "path": "words.csv"}],
    }
    project.write("lent/words.csv.dvc", yaml.safe_dump(content))
    assert dvc.changed_sources(["lent/words.csv.dvc"]) == ()


@pytest.mark.two_datasets
def test_init_where_plots_are_not_at_hand(project: Project) -> None:
    """A file of a directory that is neither here nor to be had is a plot: exit 3, and no trace."""
    declared = project.read_yaml("dvc.yaml")
    more = {"artifacts": {}, "plots": ["data/events/part-0.csv"]}
    project.write("dvc.yaml", yaml.safe_dump({**declared, **more}))
    project.commit("Plots")
    project.run("rm", "-rf", "data/events", ".dvc/cache", str(project.remote))
    done = run(project, "init", "--yes", code=3)
    assert "`plots:` or `metrics:` of dvc.yaml" in done.text
    assert "dvc pull" in done.text
    assert project.git("status", "--short", "--untracked-files=no") == ""


# --- disks


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file may grow beyond ``limit`` bytes: for a program much the same as a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_cache_is_told_as_such(project: Project, dvc: Dvc) -> None:
    """What DVC cannot keep is not a fault of the stage."""
    script = (project.root / "make.py").read_text()
    project.write("make.py", script + (
        "import resource\n"
        "hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "with open('data/people.csv', 'ab') as stream:\n"
        "    stream.write(b'x' * (8 << 20))\n"
    ))  # fmt: skip
    with full_disk(4 << 20), pytest.raises(WorldError, match="a disk is full or broken"):
        dvc.repro(inputs="here")


def test_what_is_fetched_into_a_full_cache(tmp_path: Path) -> None:
    """The disk of this machine is at fault, not the remote."""
    md5 = "7202826a7791073fe2787f0c94603278"
    (tmp_path / "remote/files/md5/72").mkdir(parents=True)
    (tmp_path / "remote/files/md5/72" / md5[2:]).write_bytes(bytes(1 << 20))
    remote = DirectoryStore("storage", tmp_path / "remote")
    objects = Objects(cache=tmp_path / "cache", remotes=(remote,), progress=Quiet())
    with full_disk(1 << 16), pytest.raises(WorldError, match="could not be written") as caught:
        objects.ensure([md5])
    assert "storage" not in str(caught.value)
    assert "TMPDIR" in caught.value.remedy


def test_a_full_disk_ends_a_command_with_3(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever a write fails, it is the world and no bug."""
    monkeypatch.setattr(sys, "argv", ["datarelease", "check"])
    monkeypatch.chdir(project.root)
    with full_disk(0), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == WorldError.exit_code
    assert "Free" in capsys.readouterr().err
    assert disk_fault(OSError(5, "told by a server")) is None
