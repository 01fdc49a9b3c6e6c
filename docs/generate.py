"""Writes the parts of the documentation that repeat what the code says.

``python docs/generate.py`` writes them; ``--check`` only says whether they are up to date. What is
written is in `generators`, a module for each subject.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import published
from generators import architecture, commands, settings
from generators.environment import environment_page
from generators.formats import format_pages
from generators.json_schemas import schema_files
from generators.markdown import ROOT
from generators.python_interface import python_page
from generators.row_files import row_file_page
from generators.tags import tag_page
from generators.workflows import workflow_page

PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "docs/architecture.md": {"tree": architecture.tree},
    "docs/exit-codes.md": {"exit codes": commands.exit_code_table},
    "docs/settings.md": {
        "artifacts": settings.artifact_table,
        "csv": settings.csv_table,
        "files": settings.files_table,
        "release": settings.release_table,
        "policy": settings.policy_table,
        "rules": settings.rule_table,
        "waivers": settings.waiver_table,
        "streams": settings.stream_table,
        "notify": settings.notify_table,
        "channels": settings.channel_table,
    },
}
"""Parts of pages that people write, by the names of their places."""


def whole_files() -> dict[str, str]:
    """The files that are generated as a whole, by path."""
    return {
        **schema_files(),
        **commands.command_pages(),
        **format_pages(),
        "docs/reference/formats/row-files.md": row_file_page(),
        "docs/reference/formats/tags.md": tag_page(),
        "docs/reference/python.md": python_page(),
        "docs/reference/environment.md": environment_page(),
        "docs/reference/workflows.md": workflow_page(),
    }


GENERATED = ("docs/reference/",)
"""Folders in which nothing else lies: a page of a command that is gone goes as well."""


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
    written = [path for path in published.pages() if not path.startswith(GENERATED)]
    wanted = {path: published.rewritten(_text(path)) for path in written}
    wanted |= {path: published.rewritten(generated(path)) for path in PARTS}
    wanted |= whole_files()
    there = [path for folder in GENERATED for path in (ROOT / folder).rglob("*") if path.is_file()]
    strangers = [path for path in there if path.relative_to(ROOT).as_posix() not in wanted]
    stale = [path.relative_to(ROOT).as_posix() for path in strangers]
    for path, text in wanted.items():
        place = ROOT / path
        if not place.is_file() or text != place.read_text(encoding="utf-8"):
            stale.append(path)
            if "--check" not in arguments:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text, encoding="utf-8")
    if stale and "--check" in arguments:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `make generated`\n")
        return 1
    for stranger in strangers:
        stranger.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
