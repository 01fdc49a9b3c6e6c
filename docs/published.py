"""How pages say where datarelease is installed from, before and after its first release.

One constant decides it: ``datarelease.model.project.PUBLISHED``. Belongs here: the parts of pages
that depend on it. Does not: messages of the program, which `datarelease.model.project` words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from datarelease.model.project import PUBLISHED, REPOSITORY

ROOT = Path(__file__).resolve().parent.parent


def _install(extra: str) -> str:
    name = f"datarelease[{extra}]" if extra else "datarelease"
    place = name if PUBLISHED else f"./{name}"
    command = f"$ pip install '{place}'" if extra else f"$ pip install {place}"
    clone = "" if PUBLISHED else f"$ git clone https://github.com/{REPOSITORY}\n"
    return f"```console\n{clone}{command}\n```"


def _start() -> str:
    # The shell expands no `~` between quotation marks, and DagsHub needs the extra `s3`.
    place = "'datarelease[s3]'" if PUBLISHED else '"$HOME/datarelease[s3]"'
    clone = "" if PUBLISHED else f"$ git clone https://github.com/{REPOSITORY} ~/datarelease\n"
    sentence = "Install datarelease into an environment of its own:"
    if not PUBLISHED:
        sentence = f"No release of datarelease is published yet, so take a checkout. {sentence}"
    return (
        f"{sentence}\n\n```console\n{clone}$ python3 -m venv ~/bikes-venv\n"
        f"$ . ~/bikes-venv/bin/activate\n$ pip install {place}\n```"
    )


def _commit() -> str:
    if PUBLISHED:
        return "The version behind the `@` is the one that you installed. Dependabot updates it."
    return (
        "No release of datarelease is published yet. `COMMIT` on the pages stands for the full SHA "
        "of a commit; `init` writes the one that you installed."
    )


PARTS: dict[str, Callable[[], str]] = {
    "install": lambda: _install("s3"),
    "install-readers": lambda: _install(""),
    "install-notebook": lambda: _install("read-s3,pandas"),
    "install-release": lambda: _install("release"),
    "install-start": _start,
    "commit": _commit,
}
"""What any page may have between `<!-- generated: NAME -->` and `<!-- end -->`."""
_FORMS = (
    (re.compile(r"(pip3? install (?:-\S+ )*)'\./(datarelease\[[\w,-]+\])'"), r"\1'\2'"),
    (re.compile(r"(pip3? install (?:-\S+ )*)\./datarelease(?=[\s`])"), r"\1datarelease"),
    (re.compile(rf"({REPOSITORY}[\w./-]*@)(?:COMMIT\b|v\d+\.\d+\.\d+(?:rc\d+)?\b)"), "@"),
)


def pages() -> list[str]:
    """The pages that users read, and the workflows of the examples: they follow the constant."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    found += [
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "examples").glob("*/.github/workflows/*"),
    ]
    return sorted(str(path.relative_to(ROOT)) for path in found)


def rewritten(text: str) -> str:
    """A page with everything that depends on the constant anew."""
    for name, write in PARTS.items():
        text = re.sub(
            rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)",
            lambda found, write=write: f"{found[1]}{write()}\n{found[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
    if not PUBLISHED:
        return text
    quoted, plain, used = _FORMS
    text = plain[0].sub(plain[1], quoted[0].sub(quoted[1], text))
    return used[0].sub(lambda found: f"{found[1]}v{_version()}", text)


def _version() -> str:
    # Not the installed one: while a release is prepared, the file is newer.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])
