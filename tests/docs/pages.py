"""The pages of the handbook as tests read them: their blocks with their comments, and their prose.

A comment above a fenced block says how the block is held to the truth, as CONTRIBUTING explains.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("[A-Z]*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    )
    if path.name != "CHANGELOG.md"
)
"""Every page that people read, those of the examples included, but for the list of changes."""

_FENCED = RawFencedCodeBlockLexer(re.compile(r"[ \t]*(?P<language>.*?)[ \t]*$\n", re.MULTILINE))
_COMMENT = re.compile(r"(?P<kind>run|checked|not run): (?P<text>.+)", re.DOTALL)
_GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)
_RUN = re.compile(
    r"(?P<scene>[a-z]+)(?P<anew> anew)?(?: exit=(?P<exit>\d+))?(?: file=(?P<file>\S+))?"
    r"(?P<output> output)?"
)


class FaultyCommentError(ValueError):
    """A comment above a block that does not follow the convention."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A fenced block, and how it is held."""

    page: str
    line: int
    language: str
    source: str
    kind: Literal["run", "checked", "not run", "generated", ""]
    """Nothing, where no comment stands above it."""
    text: str
    """What the comment says."""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def run(self) -> Run:
        """How it is run.

        Raises:
            FaultyCommentError: The comment says it in another way.
        """
        found = _RUN.fullmatch(self.text)
        if found is None:
            raise FaultyCommentError(f"{self.place}: cannot read `run: {self.text}`")
        return Run(
            scene=found["scene"], anew=found["anew"] is not None, file=found["file"],
            exit=int(found["exit"] or 0), output=found["output"] is not None,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    """What `run:` asks for: `SCENE [anew] [exit=CODE] [file=PATH] [output]`."""

    scene: str
    anew: bool
    """Begin with a new copy of the scene."""
    exit: int
    """The exit code of the last command."""
    file: str | None
    """The block is not executed but written to this file."""
    output: bool
    """The block is what the one before printed."""


def _parse(document: Document) -> Iterable[Region]:
    generated = [match.span() for match in _GENERATED.finditer(document.text)]
    for region in _FENCED(document):
        kind, text = _comment(document.text[: region.start])
        if any(start < region.start < end for start, end in generated):
            kind = "generated"
        block = Block(
            page=Path(document.path).relative_to(ROOT).as_posix(),
            line=document.text.count("\n", 0, region.start) + 1,
            language=region.lexemes["language"], source=str(region.lexemes["source"].text),
            kind=kind, text=text,
        )  # fmt: skip
        yield Region(region.start, region.end, parsed=block, evaluator=_evaluate)


def _comment(before: str) -> tuple[Literal["run", "checked", "not run", "generated", ""], str]:
    """The kind and the text of the comment at the end of what stands before a block."""
    before = before.rstrip()
    if not before.endswith("-->"):
        return "", ""
    found = _COMMENT.fullmatch(before[before.rindex("<!--") + 4 : -3].strip())
    if found is None:
        return "", ""
    kind = found["kind"]
    assert kind in {"run", "checked", "not run"}
    return kind, " ".join(found["text"].split())  # type: ignore[return-value]


def _evaluate(example: Example) -> str | None:
    """Run a block by the function that the test puts into the document's names."""
    found: str | None = example.namespace["__run__"](example.parsed)
    return found


SYBIL = Sybil(parsers=[_parse])


def parse_page(page: str) -> Document:
    """A page as Sybil parses it; the parsed part of each example is a `Block`."""
    return SYBIL.parse(ROOT / page)


@cache
def blocks(page: str) -> tuple[Block, ...]:
    """The fenced blocks of a page."""
    return tuple(example.parsed for example in parse_page(page).examples())


def page_text(page: str) -> str:
    """A page as it is written."""
    return (ROOT / page).read_text(encoding="utf-8")


# --- prose

MARKDOWN = MarkdownIt("commonmark").enable("table")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9`])")
_WORD = re.compile(r"\w")


@cache
def tokens(page: str) -> tuple[Token, ...]:
    """A page as Markdown tokens, without what is generated."""
    return tuple(MARKDOWN.parse(_GENERATED.sub("", page_text(page))))


def paragraphs(page: str) -> Iterator[str]:
    """The plain text of paragraphs and items of lists; code in a line counts as it stands."""
    for before, token in itertools.pairwise(tokens(page)):
        if before.type == "paragraph_open":
            yield _plain(token)


def sentences(page: str) -> list[str]:
    """The sentences of a page; where a paragraph ends, so does its sentence."""
    parts = itertools.chain.from_iterable(map(_SENTENCE.split, paragraphs(page)))
    return [part for part in parts if count_words(part)]


def words(page: str) -> int:
    """How many words a page has in its prose, headings and tables, but not in blocks of code."""
    return sum(count_words(_plain(token)) for token in tokens(page) if token.type == "inline")


def count_words(text: str) -> int:
    """How many words a text has; signs that stand alone are none."""
    return sum(1 for word in text.split() if _WORD.search(word))


def _plain(inline: Token) -> str:
    parts = []
    for child in inline.children or ():
        match child.type:
            case "text":
                parts.append(child.content)
            case "code_inline":
                parts.append("`" + "_".join(child.content.split()) + "`")  # one word each
            case "softbreak" | "hardbreak":
                parts.append(" ")
            case _:
                pass
    return "".join(parts)
