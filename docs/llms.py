"""Writes `llms.txt`: a table of contents for programs that read text, as llmstxt.org describes it.

It lists the pages of `_toc.yml` in their order, each with the first sentence of the page. With
``--check`` it only says whether the file is up to date.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(__file__).resolve().parent
_NOTE = """\
The links lead to pages of Markdown. `llms-full.txt` on the site holds all of them in one file.
"""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"(*])")


def contents() -> str:
    """The text of `llms.txt`."""
    table = yaml.safe_load((DOCS / "_toc.yml").read_text(encoding="utf-8"))
    title, summary = page_words(table["root"])
    parts = [f"# {title}\n", f"> {summary}\n", _NOTE]
    seen: set[str] = set()
    for section in table["subtrees"]:
        lines = [f"## {section['caption']}\n"]
        for name in pages(section, seen):
            title, sentence = page_words(name)
            lines.append(f"- [{title}]({name}.md): {sentence}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def pages(entry: dict[str, Any], seen: set[str]) -> Iterator[str]:
    """The pages of a part of the table, in order; a pattern gives those that are not yet seen."""
    for name in [entry["file"]] if "file" in entry else _matching(entry.get("glob", ""), seen):
        seen.add(name)
        yield name
    for inner in entry.get("entries", ()):
        yield from pages(inner, seen)


def _matching(pattern: str, seen: set[str]) -> list[str]:
    names = (path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md"))
    depth = pattern.count("/")  # a pattern is for one folder, as Sphinx has it
    return sorted(
        name
        for name in names
        if name not in seen and name.count("/") == depth and fnmatch.fnmatch(name, pattern)
    )


def page_words(name: str) -> tuple[str, str]:
    """The title of a page, and its first sentence."""
    tokens = MarkdownIt().parse((DOCS / f"{name}.md").read_text(encoding="utf-8"))
    inside = {
        before.type: _plain(token) for before, token in reversed([*itertools.pairwise(tokens)])
    }
    return inside["heading_open"], _SENTENCE.split(inside["paragraph_open"])[0].rstrip(":")


def _plain(inline: Token) -> str:
    """What a piece of text says, without links and emphasis."""
    kinds = {"softbreak": " ", "code_inline": "`{}`", "text": "{}"}
    return "".join(
        kinds[child.type].format(child.content)
        for child in inline.children or ()
        if child.type in kinds
    )


def main(arguments: list[str]) -> int:
    """0, or with ``--check`` 1 where the file is out of date."""
    place, text = DOCS / "llms.txt", contents()
    if place.is_file() and place.read_text(encoding="utf-8") == text:
        return 0
    if "--check" in arguments:
        sys.stderr.write("out of date: docs/llms.txt; run `make generated`\n")
        return 1
    place.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
