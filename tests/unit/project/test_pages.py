"""What holds for every page: blocks are held, links lead somewhere, sentences are short."""

from __future__ import annotations

import itertools
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.docs.pages import (
    MARKDOWN,
    PAGES,
    ROOT,
    Block,
    FaultyCommentError,
    blocks,
    page_text,
    sentences,
    tokens,
    words,
)
from tests.docs.scenes import SCENES

from datarelease.model.project import REPOSITORY

SENTENCE = 25
"""Words of a sentence, on the average of a page."""
PAGE = 1500
"""Words of a page."""
LONG = re.compile(r"docs/(reference|settings|exit-codes|benchmarks)(\.md|/.*)")
"""Pages to look something up, which may be longer."""
REASON = re.compile(r"[\w`].{12,}\.", re.DOTALL)
"""A whole sentence."""
OURS = re.compile(
    rf"https://(?:github\.com/{REPOSITORY}/(?:blob|tree)|raw\.githubusercontent\.com/{REPOSITORY})/main/(.*)"
)
"""The address of a file of this repository."""


# --- blocks


def test_every_block_is_run_checked_or_marked() -> None:
    """A comment above each fenced block says how it is held, or why it is not."""
    faults = [
        f"{block.place}: {fault}"
        for page in PAGES
        for block in blocks(page)
        for fault in block_faults(block)
    ]
    assert not faults, "\n".join(faults)


def block_faults(block: Block) -> Iterator[str]:
    """What is wrong with how a block is held."""
    match block.kind:
        case "":
            yield "no comment `run:`, `checked:` or `not run:` above it"
        case "run":
            yield from run_faults(block)
        case "checked":
            test = ROOT / block.text
            if not (block.text.startswith("tests/") and test.is_file()):
                yield f"no test {block.text}"
            elif Path(block.page).name not in test.read_text(encoding="utf-8"):
                yield f"{block.text} does not name this page"
        case "not run":
            if not REASON.fullmatch(block.text):
                yield f"no whole sentence: {block.text!r}"
        case "generated":
            pass


def run_faults(block: Block) -> Iterator[str]:
    """What is wrong with how a block asks to be run."""
    try:
        scene = block.run.scene
    except FaultyCommentError as error:
        yield str(error)
    else:
        if scene not in SCENES:
            yield f"no scene {scene!r}; there are {', '.join(SCENES)}"


# --- the table of contents


def test_every_page_of_the_handbook_has_its_place() -> None:
    """Each page of docs/ stands in `docs/_toc.yml`, by its name or by a pattern of its folder."""
    contents = yaml.safe_load((ROOT / "docs" / "_toc.yml").read_text(encoding="utf-8"))
    placed = set(places(contents))
    pages = {page.removeprefix("docs/").removesuffix(".md") for page in PAGES if "docs/" in page}
    assert not {
        page
        for page in pages
        if not any(page.count("/") == place.count("/") and fnmatch(page, place) for place in placed)
    }


def places(contents: dict[str, Any]) -> Iterator[str]:
    """What a table of contents names, at all its levels."""
    yield from (str(contents[key]) for key in ("root", "file", "glob") if key in contents)
    for inner in (*contents.get("subtrees", ()), *contents.get("entries", ())):
        yield from places(inner)


# --- links


def test_links_and_pictures_lead_to_files_and_headings() -> None:
    """Each link to this repository, relative or by its address, finds its file and its heading."""
    faults = [fault for page in PAGES for link in links(page) if (fault := link_fault(page, link))]
    assert not faults, "\n".join(faults)


def links(page: str) -> Iterator[str]:
    """Where the links and pictures of a page lead, those in HTML too."""
    for token in tokens(page):
        if token.type == "html_block":
            yield from re.findall(r"(?:href|src)=\"([^\"]+)\"", token.content)
        for child in token.children or ():
            match child.type:
                case "link_open":
                    yield str(child.attrs["href"])
                case "image":
                    yield str(child.attrs["src"])
                case "html_inline":
                    yield from re.findall(r"(?:href|src|srcset)=\"([^\"]+)\"", child.content)
                case _:
                    pass


def link_fault(page: str, link: str) -> str | None:
    """Why a link leads nowhere; None where it does, or leaves the repository."""
    ours = OURS.fullmatch(link)
    if ours is None and urllib.parse.urlsplit(link).scheme:
        return None
    path, _, anchor = urllib.parse.unquote(ours[1] if ours else link).partition("#")
    top = ROOT if ours else (ROOT / page).parent
    target = (top / path).resolve() if path else ROOT / page
    if not target.exists():
        return f"{page}: {link}: no such file"
    if not target.is_relative_to(ROOT):
        return f"{page}: {link}: outside of the repository"
    name = target.relative_to(ROOT).as_posix()
    if anchor and target.suffix == ".md" and anchor not in anchors_of(name):
        return f"{page}: {link}: no such heading"
    return None


@cache
def anchors_of(page: str) -> set[str]:
    """What the headings of a page are called in links, found once for all links that lead there."""
    return anchors(page_text(page))


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links, as GitHub does it; and anchors in HTML."""
    seen = Counter[str]()
    found = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    for title in headings(text):
        slug = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def headings(text: str) -> Iterator[str]:
    """The text of each heading."""
    for before, token in itertools.pairwise(MARKDOWN.parse(text)):
        if before.type == "heading_open":
            yield "".join(
                child.content for child in token.children or ()
                if child.type in {"text", "code_inline"}
            )  # fmt: skip


def test_a_heading_is_called_as_on_github() -> None:
    """Signs go, spaces become hyphens, and a second one of the same name is numbered."""
    assert anchors('# A `b`, c?\n\n## Same\n\n## Same\n\n<a id="x"></a>\n') == {
        "a-b-c", "same", "same-1", "x",
    }  # fmt: skip


# --- prose


def test_sentences_are_short() -> None:
    """A sentence of a page has under 25 words on average."""
    averages = {page: words_of_a_sentence(page) for page in PAGES}
    assert {page: average for page, average in averages.items() if average >= SENTENCE} == {}


def words_of_a_sentence(page: str) -> float:
    """How many words a sentence of a page has on average."""
    counted = [len(sentence.split()) for sentence in sentences(page)]
    return sum(counted) / max(len(counted), 1)


def test_pages_are_short() -> None:
    """A page has at most 1,500 words, without its code and what is generated."""
    counted = {page: words(page) for page in PAGES if not LONG.fullmatch(page)}
    assert {page: count for page, count in counted.items() if count > PAGE} == {}
