"""How the demo runs programs and shows what they print.

Belongs here: the folder that the demo plays in, programs, the console. Does not: the story.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from demo.environment import clean_environment
from rich.console import Console, RenderableType
from rich.text import Text

PATIENCE = 8.0
"""Seconds after which a program that says nothing is said to be still running."""
WIDTH = 100
console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else WIDTH)


class Stage:
    """A folder with all that the demo makes: origin, remote, clone, log, report, comment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origin, self.remote = folder / "origin.git", folder / "remote"
        self.work, self.log = folder / "work", folder / "demo.log"
        self.report, self.comment = folder / "report.html", folder / "comment.html"

    def clear(self) -> None:
        """Remove what an earlier demo left."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.remote.mkdir(parents=True)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """What git prints, in the clone."""
        return self.run("git", *arguments, cwd=cwd)

    def datarelease(self, *arguments: str, code: int = 0, quiet: bool = False) -> None:
        """A command as a person types it, and its result; ``quiet`` leaves the result out."""
        typed(f"datarelease {' '.join(arguments)}")
        said = self.run(sys.executable, "-m", "datarelease", *arguments, code=code)
        if not quiet:
            show(Text(said))

    def run(self, *arguments: str, cwd: Path | None = None, code: int = 0) -> str:
        """What a program prints; an unexpected exit code ends the story."""
        done = self.ended(arguments, cwd or self.work)
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(arguments)}\n{done.stdout}{done.stderr}\n")
        if done.returncode != code:
            sys.stderr.write(done.stdout + done.stderr)
            sys.exit(
                f"`{' '.join(arguments)}` ended with {done.returncode}, not with {code}. "
                f"Everything that was run is in {self.log}"
            )
        return done.stdout.rstrip("\n")

    def ended(self, arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """A program when it has ended; while it runs, a line says so now and then."""
        process = subprocess.Popen(
            arguments, cwd=cwd, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        seconds = 0.0
        while True:
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                seconds += PATIENCE
                console.print(f"    (still running after {seconds:.0f} seconds)", style="dim")
            else:
                return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """Ours, but with nothing of the machine's settings of git and DVC."""
        return {**clean_environment(self.folder / "home"), "COLUMNS": str(WIDTH)}


def chapter(title: str) -> None:
    """The heading of a part of the story."""
    console.print()
    console.rule(Text(title, style="bold"), align="left")


def say(text: str) -> None:
    """A paragraph that tells what happens."""
    console.print()
    console.print(text)


def typed(command: str, prompt: str = "$") -> None:
    """A command, or several lines of it, as a person types them; a line can be copied whole."""
    console.print()
    for line in command.splitlines():
        console.print(Text(f"{prompt} {line}", style="bold"), soft_wrap=True)


def show(result: RenderableType) -> None:
    """What a program printed, or what the reader of the demo looks at."""
    console.print()
    console.print(result, soft_wrap=isinstance(result, str | Text))
