"""Writes the parts of the documentation that repeat what the code says.

``python docs/generate.py`` writes them; ``--check`` only says whether they are up to date.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from datarelease.cli import COMMANDS, OPTIONAL
from datarelease.documents import json_schema
from datarelease.model.data.files import FilesProfile
from datarelease.model.data.profile import Profile
from datarelease.model.data.stream import StreamCounts, StreamPlan
from datarelease.model.data.validation import Validation
from datarelease.model.github import PullRequestFile
from datarelease.model.review.policy import Limit, Policy
from datarelease.model.review.report import Report
from datarelease.model.versions.index import VersionIndex
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Bundle, Health, Outcome
from datarelease.model.versions.release import ReleasePlan
from datarelease.schemas import SCHEMA_NAMES

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from docs import published  # noqa: E402 - found beside this script

_MEANING = {
    "violations": "checks of the schema that failed",
    "breaking": "breaking changes, unless `allow_breaking` names them",
    "append_only": "rows or parts of a stream's dataset that were removed or changed",
    "rows": "`min` and `max` rows of a dataset; an empty one is below `min: 1`",
    "row_loss": "share of the rows that went missing",
    "row_gain": "growth, as a share of the rows before",
    "files": "`min` and `max` files of a [dataset of files](data/files.md)",
    "file_loss": "share of the files that went missing; a renamed file is not lost",
    "bytes_gain": "growth of a dataset of files in bytes, as a share of the bytes before",
    "null_rate": "rise of a column's null rate, in share points",
    "psi": "population stability index of a column",
    "ks": "Kolmogorov-Smirnov statistic of a column",
    "js": "Jensen-Shannon divergence of a column",
    "dead_letters": "share of a stream's new records that break the schema",
    "lost_events": "events that the broker dropped before they were read",
}


def commands() -> str:
    """The table of commands."""
    lines = ["| command | |", "| --- | --- |"]
    lines += [
        f"| `datarelease {name}` | {text} |" for name, text in {**COMMANDS, **OPTIONAL}.items()
    ]
    return "\n".join(lines)


def policy() -> str:
    """The table of rules with their defaults."""
    default = Policy()
    lines = ["| rule | what is limited | default | level |", "| --- | --- | --- | --- |"]
    for name, meaning in _MEANING.items():
        value = getattr(default, name)
        if isinstance(value, Limit):
            limit = "off" if value.max is None else f"`max: {value.max:g}`"
            lines.append(f"| `{name}` | {meaning} | {limit} | {value.level} |")
        elif name == "append_only":
            lines.append(f"| `{name}` | {meaning} | `streams: true` | {value.level} |")
        elif name in {"rows", "files"}:
            lines.append(f"| `{name}` | {meaning} | `min: {value.min}` | {value.level} |")
        else:
            lines.append(f"| `{name}` | {meaning} | | {value} |")
    return "\n".join(lines)


def tree() -> str:
    """The folders of the package, each with the first sentence of its own description."""
    lines = list(_folders(ROOT / "src" / "datarelease", ""))
    width = max(len(name) for name, _ in lines)
    return "\n".join(["```", *(f"{name:{width}}  {text}".rstrip() for name, text in lines), "```"])


def _folders(folder: Path, indent: str) -> Iterator[tuple[str, str]]:
    module = folder / "__init__.py"
    described = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    sentence, _, _ = described.partition("\n\n")
    yield f"{indent}{folder.name}/", sentence.replace("\n", " ").replace("``", "")
    for inner in sorted(folder.iterdir()):
        if (inner / "__init__.py").is_file():
            yield from _folders(inner, indent + "  ")


_DOCUMENTS: dict[str, tuple[type, bool]] = {
    "bundle": (Bundle, False),
    "files-profile": (FilesProfile, False),
    "health": (Health, False),
    "index": (VersionIndex, True),
    "manifest": (Manifest, False),
    "outcome": (Outcome, False),
    "profile": (Profile, False),
    "pull-request": (PullRequestFile, False),
    "release-plan": (ReleasePlan, False),
    "report": (Report, False),
    "stream-counts": (StreamCounts, False),
    "stream-plan": (StreamPlan, False),
    "validation": (Validation, False),
}
"""The documents that have a JSON Schema, and whether their readers ignore what they do not know."""


def schema_of(name: str) -> str:
    """The JSON Schema of a document, as the text of its file."""
    cls, open_ended = _DOCUMENTS[name]
    found = json_schema(cls, open_ended=open_ended)
    titled = {"$schema": found.pop("$schema"), "title": f"datarelease {name}", **found}
    titled["title"] = f"datarelease {name}"
    return json.dumps(titled, indent=1, ensure_ascii=False) + "\n"


def schemas() -> dict[str, str]:
    """The files of `datarelease.schemas`, by path."""
    folder = "src/datarelease/schemas"
    return {f"{folder}/{name}.schema.json": schema_of(name) for name in SCHEMA_NAMES}


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "docs/architecture.md": {"tree": tree},
    "docs/settings.md": {"policy": policy},
}


def _text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def generated(path: str) -> str:
    """The text of a document with its generated parts anew."""
    text = _text(path)
    for name, write in PARTS[path].items():
        begin, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise SystemExit(f"{path} has no place for {name!r}")
        text = f"{head}{begin}{write()}\n{end}{tail}"
    return text


def main(arguments: list[str]) -> int:
    """0, or with ``--check`` 1 where a document is out of date."""
    stale = []
    written = {path: published.rewritten(_text(path)) for path in published.pages()}
    written |= {path: published.rewritten(generated(path)) for path in PARTS}
    for path, text in {**written, **schemas()}.items():
        place = ROOT / path
        if not place.is_file() or text != place.read_text(encoding="utf-8"):
            stale.append(path)
            if "--check" not in arguments:
                (ROOT / path).write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `make generated`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
