"""Counts what a check, a release and a rollback do, and what the code is made of.

``python -m tests.tools.measure_processes`` plays a repository of two small datasets in a temporary
directory and prints the counts; ``--git FILE`` also writes each git process with its arguments and
the functions that started it. Git processes are counted whoever starts them; all other counts are
of the command's own process, without a stage that it runs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.conftest import hermetic_environment
from tests.project import Project, make_template
from tests.tools.code_figures import figures

ROOT = Path(__file__).resolve().parents[2]
RENDERERS = {
    "Markdown": "datarelease.render.markdown.report:markdown",
    "HTML": "datarelease.render.html.report:html",
}
"""The functions that render a whole report; the test of this tool notices a rename."""
BOUNDS = {
    "check": {"git processes": "7", "YAML parses": "each once", "DVC opened": "1"},
    "release": {"git processes": "19", "YAML parses": "each once", "DVC opened": "1"},
}
"""At most; a report is rendered once in each form."""
_BY_DVC = ("adapters.dvc.private:parse_yaml_once", "adapters.dvc.work_tree", "adapters.dvc.index")
"""Where DVC is called, which reads its files itself."""
FILES = (5, 400)
"""How many files the version has as inputs to which a rollback leads."""


@dataclass(frozen=True)
class Measured:
    """What one command did."""

    command: str
    git: list[tuple[list[str], list[str]]]
    """Arguments of each git process that the command started, and our functions on the stack."""
    started: int
    """Git processes in all, whoever started them (counted by a program `git` ahead in PATH)."""
    parsed: list[tuple[str, str]]
    """Name of each YAML file that was parsed, with the content's hash, and who did it."""
    opened: list[str]
    """Who opened DVC's repository, once for each opening."""
    calls: dict[str, int]
    """How often each function of ours was entered, as ``module:function``."""

    @property
    def row(self) -> dict[str, str]:
        """The line of the table."""
        contents = Counter(name for name, by in self.parsed if not by.startswith(_BY_DVC))
        again = ", ".join(f"{name} {count}" for name, count in contents.most_common(1))
        ours = contents.total()
        return {
            "command": self.command,
            "git processes": str(self.started),
            "YAML parses": f"{ours} of {len(contents)} texts (most: {again})",
            "by DVC": str(len(self.parsed) - ours),
            "DVC opened": str(len(self.opened)),
            **{name: str(self.calls.get(function, 0)) for name, function in RENDERERS.items()},
            "modules": str(len({name.partition(":")[0] for name in self.calls})),
            "functions": str(len(self.calls)),
        }


def measured(project: Project, *arguments: str, label: str = "") -> Measured:
    """A command of datarelease in a process of its own, and what it did."""
    with tempfile.TemporaryDirectory(prefix="measure-") as name:
        folder = Path(name)
        result, log = folder / "result.json", folder / "git.log"
        environment = {**os.environ, **counting_git(folder, log), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.tools.probe", str(result), *arguments]
        done = subprocess.run(
            command, cwd=project.root, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{arguments} ended with {done.returncode}:\n{done.stderr}")
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        started = len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
    names = blobs(project)
    return Measured(
        command=label or arguments[0],
        git=[(given, callers) for given, callers in found["git"]],
        started=started,
        parsed=[(f"{names.get(blob, '?')} {blob[:7]}", by) for blob, by in found["yaml"]],
        opened=found["opened"],
        calls=found["calls"],
    )


def counting_git(folder: Path, log: Path) -> dict[str, str]:
    """An environment in which each start of git adds a line to ``log``."""
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" >> \'{log}\'\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def blobs(project: Project) -> dict[str, str]:
    """Path of each file, by git's hash of its content: in all commits and in the work tree."""
    found = {}
    for commit in project.git("rev-list", "--all").split():
        for line in project.git("ls-tree", "-r", commit).splitlines():
            meta, path = line.split("\t")
            found[meta.split()[2]] = path
    paths = [
        str(path.relative_to(project.root))
        for pattern in ("*.yaml", "*.lock", "*.dvc")
        for path in project.root.rglob(pattern)
        if path.is_file()
    ]
    hashes = project.git("hash-object", "--", *paths).split()
    return {**found, **dict(zip(hashes, paths, strict=True))}


def play(folder: Path, files: tuple[int, ...] = FILES) -> list[Measured]:
    """A check and a release after an edit, and a rollback for each number of input files."""
    environment = hermetic_environment(folder / "home")
    os.environ.update(environment)
    template = make_template(folder, environment, events=True)
    project = Project.copied(template, folder / "project")
    measured(project, "release")
    edited(project, "Edit")
    found = [measured(project, "check"), measured(project, "release")]
    for number in files:
        project = Project.copied(template, folder / f"files-{number}")
        with_library(project, number, "first")
        project.repro()
        project.commit("A library")
        project.push()
        measured(project, "release")
        with_library(project, number, "second")
        edited(project, "Another library")
        label = f"rollback, {number} files"
        found.append(measured(project, "rollback", "data-v1", label=label))
    return found


def edited(project: Project, message: str) -> None:
    """Other data, made and committed and at the origin; the reports of the work tree are gone."""
    project.params(rows=25)
    project.repro()
    shutil.rmtree(project.root / "reports", ignore_errors=True)
    project.commit(message)
    project.push()


def with_library(project: Project, files: int, content: str) -> None:
    """The stage depends on as many files in the folder `lib`."""
    for number in range(files):
        project.write(f"lib/{number}.py", content)
    declared = project.read_yaml("dvc.yaml")
    if "lib" not in declared["stages"]["make"]["deps"]:
        declared["stages"]["make"]["deps"].append("lib")
        project.write("dvc.yaml", yaml.safe_dump(declared))


def table(found: list[Measured]) -> str:
    """The commands as a Markdown table, each with its bounds below it."""
    rows = []
    for one in found:
        rows.append(one.row)
        if one.command in BOUNDS:
            once = dict.fromkeys(RENDERERS, "1")
            empty = dict.fromkeys(one.row, "")
            rows.append({**empty, "command": "at most", **BOUNDS[one.command], **once})
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    lines += ["| " + " | ".join(row[name] for name in names) + " |" for row in rows]
    return "\n".join(lines)


def detailed(found: list[Measured]) -> str:
    """Each git process, YAML parse and opening of DVC with the functions that led to it."""
    parts = []
    for one in found:
        others = one.started - len(one.git)
        parts.append(f"## {one.command}: {one.started} git processes, {others} of them by others\n")
        for given, callers in one.git:
            parts.append(f"- `git {' '.join(given)[:160]}`\n  {' < '.join(callers)}")
        parts.append(f"\nYAML parses: {len(one.parsed)}\n")
        parts += [f"- {name}: {by}" for name, by in sorted(one.parsed)]
        parts.append(f"\nDVC opened: {len(one.opened)}\n")
        parts += [f"- {by}" for by in one.opened]
        parts.append("")
    return "\n".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--git", type=Path, metavar="FILE", help="write each git process here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="measure-") as folder:
        found = play(Path(folder))
    print(table(found))  # noqa: T201 - a tool
    if options.git:
        options.git.write_text(detailed(found), encoding="utf-8")
    print("\n" + figures(ROOT / "src" / "datarelease"))  # noqa: T201 - a tool


if __name__ == "__main__":
    main()
