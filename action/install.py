"""Installs this checkout of datarelease for a job of GitHub Actions, and puts it on PATH.

Only the standard library is there when this runs. A finished installation in the runner's tool
directory is used again; on a hosted runner there is none. Nothing goes through a shared cache: a
job with secrets must not run what a job with a pull request's code may have written.
"""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent
LOCK = TOOL / "requirements" / "run.txt"
UV = TOOL / "requirements" / "uv.txt"
COMMANDS = ("datarelease", "dvc")
MODULE = (sys.executable, "-P", "-m")
"""Starts a module that no file of the repository replaces: the job stands in a checkout of it."""
DONE = "complete"
"""Written last: an installation without it is not used."""


def main() -> None:
    """Install, then tell the runner where the commands are."""
    folder = Path(os.environ["RUNNER_TOOL_CACHE"]) / "datarelease" / fingerprint()
    environment = folder / "environment"
    if (folder / DONE).is_file():
        sys.stdout.write(f"datarelease is installed: {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
        install(environment)
        (folder / DONE).touch()
    tell_suffix(os.environ.get("DIRECTORY", ""))
    requirements = os.environ.get("REQUIREMENTS", "")
    if requirements:
        run([*MODULE, "pip", "install", "--quiet", "-r", requirements])
    with Path(os.environ["GITHUB_PATH"]).open("a", encoding="utf-8") as file:
        file.write(f"{commands(folder, environment) if requirements else environment / 'bin'}\n")


def tell_suffix(directory: str) -> None:
    """Set the output with which names of artifacts end; nothing for the repository's root."""
    names = runpy.run_path(str(TOOL / "src" / "datarelease" / "model" / "directory.py"))
    try:
        suffix = names["suffix_of"](names["normalized"](directory))
    except ValueError as error:
        sys.exit(f"directory: {error}")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"suffix={suffix}\n")


def fingerprint() -> str:
    """A name for what would be installed: the tool's files, its lock and the Python."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sources():
        digest.update(f"{path.relative_to(TOOL).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


def sources() -> Iterator[Path]:
    """The files that make up the tool."""
    yield from (LOCK, UV, TOOL / "pyproject.toml")
    package = TOOL / "src" / "datarelease"
    files = (path for path in package.rglob("*") if path.is_file())
    yield from sorted(path for path in files if path.parent.name != "__pycache__")


def install(environment: Path) -> None:
    """Make a virtual environment with exactly what the lock names, and the tool itself."""
    run([*MODULE, "venv", str(environment)])
    python = environment / "bin" / "python"
    pip = [str(python), *MODULE[1:], "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "-r", str(UV)])
    # Each step of a job starts Python anew, and uv compiles only what the same command installs.
    # Without --no-config, uv would take settings from a file of the repository.
    uv = [str(environment / "bin" / "uv"), "pip", "install", "--quiet", "--compile-bytecode"]
    uv += ["--no-config"]
    uv += ["--python", str(python)]
    run([*uv, "--require-hashes", "-r", str(LOCK)])
    run([*uv, "--no-deps", "--no-build-isolation", str(TOOL)])


def commands(folder: Path, environment: Path) -> Path:
    """A directory with the tool's commands alone: ``python`` stays the job's own."""
    place = folder / "commands"
    place.mkdir(exist_ok=True)
    for name in COMMANDS:
        link = place / name
        if not link.is_symlink():
            link.symlink_to(environment / "bin" / name)
    return place


def run(command: Sequence[str]) -> None:
    """Run a program; this ends with its exit code where it fails."""
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.stderr.write(f"`{' '.join(command)}` failed\n")
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
