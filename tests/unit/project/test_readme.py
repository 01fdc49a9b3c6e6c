"""The README is the page on the package index, too: it looks the same there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
from markdown_it import MarkdownIt
from readme_renderer.markdown import render

from datarelease.cli import group

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
OWN = re.compile(
    r"https://(?:raw\.githubusercontent\.com/datarelease/datarelease"
    r"|github\.com/datarelease/datarelease/(?:blob|tree))/main/([^#?]+)"
)


def addresses() -> list[str]:
    """Every address of a link or a picture, as a parser of CommonMark finds them."""
    tokens = MarkdownIt("commonmark").parse(TEXT)
    inner = [child for token in tokens for child in token.children or ()]
    found = [child.attrGet("href") or child.attrGet("src") for child in inner]
    return [str(address) for address in found if address]


def test_every_address_is_absolute() -> None:
    """A relative one leads nowhere on the package index."""
    assert len(addresses()) >= 5
    assert [one for one in addresses() if not one.startswith("https://")] == []


def test_every_address_of_this_repository_is_a_file_of_it() -> None:
    """Of links, of the picture, and of what pyproject.toml shows beside the README."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    own = [found[1] for one in (*addresses(), *urls.values()) if (found := OWN.match(one))]
    assert "docs/images/comment.png" in own
    assert [path for path in own if not (ROOT / path).exists()] == []


def test_the_readme_renders_on_the_package_index() -> None:
    """With its picture, its tables and its code, by the renderer that the index uses."""
    page = render(TEXT)
    assert page is not None
    assert re.search(r'<img [^>]*src="https://raw\.githubusercontent\.com/[^"]*comment\.png"', page)
    assert "<!--" not in page
    assert "<pre" in page


def console() -> list[list[str]]:
    """The commands of each console block, without what they print and without remarks."""
    blocks = re.findall(r"```console\n(.*?)```", TEXT, flags=re.DOTALL)
    return [
        [line[2:].partition(" #")[0].strip() for line in block.splitlines() if line[:2] == "$ "]
        for block in blocks
    ]


def test_the_commands_of_the_readme_exist() -> None:
    """Targets of the Makefile, and commands of datarelease with the options that are shown."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    typed = [command for block in console() for command in block]
    assert {"make demo", "make test", "datarelease doctor"} <= set(typed)
    for command in typed:
        words = command.split()
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, flags=re.MULTILINE), command
        if words[0] == "datarelease":
            found = group.get_command(click.Context(group), words[1])
            assert found is not None, command
            options = {name for parameter in found.params for name in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options, command
