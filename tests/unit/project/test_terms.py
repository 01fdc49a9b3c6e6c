"""Terms: pages and messages use the words of docs/glossary.md, and not those that it forbids."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.docs.pages import PAGES as NAMES

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "datarelease"
GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = [ROOT / name for name in NAMES]
SEEN_DOCSTRINGS = ("cli/", "ingest/cli/", "api.py", "reading.py")
"""Where docstrings are what users read: help texts, and the Python interface."""
PROPER = {
    "Azure Blob Storage": "Azure's service has this name.",
    "blob versioning": "The setting of Azure has this name.",
    'stale ("unsynced")': "Dagster's word for an asset that is out of date.",
    "measures one part anew": "docs/benchmarks.md is written by a measurement of an hour.",
    "becomes stale": "Dagster's word for an asset that is out of date.",
}
"""Phrases that contain a forbidden word all the same, each with the reason."""


def _rows(section: str) -> list[list[str]]:
    _, _, table = GLOSSARY.read_text(encoding="utf-8").partition(section)
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def forbidden() -> dict[str, str]:
    """What is to be said, by each word that must not be."""
    return {
        word.strip(): said
        for said, words in _rows("## Say and do not say")
        for word in words.split(",")
    }


def _pattern(words: list[str]) -> re.Pattern[str]:
    """Whole words, also at the start of a sentence; "there is no …" is good English."""

    def spelt(word: str) -> str:
        first = word[0] if word[0].isupper() else f"[{word[0]}{word[0].upper()}]"
        return first + re.escape(word[1:]).replace(r"\ ", r"\s+")

    longest = sorted(words, key=len, reverse=True)
    return re.compile(
        rf"(?<![\w/.-])(?<![Tt]here )(?:{'|'.join(map(spelt, longest))})(?![\w=/:-]|\.\w)"
    )


FORBIDDEN = forbidden()
PATTERN = _pattern(list(FORBIDDEN))
_CODE = re.compile(
    r"^ *(`{3,}|~{3,}).*?^ *\1|(`+)(?!`).+?(?<!`)\2(?!`)|<!--.*?-->|<[^<>]+>|\]\([^)]*\)|https?://\S+",
    re.DOTALL | re.MULTILINE,
)
_TEMPLATE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<style.*?</style>|\$\{\{.*?\}\}", re.DOTALL
)


def _found(text: str) -> set[str]:
    text = re.sub(r"\s+", " ", _CODE.sub(" ", text))
    for phrase in PROPER:
        text = text.replace(phrase, " ")
    return {hit[0] for hit in PATTERN.finditer(text)}


def _said(path: Path, found: set[str]) -> list[str]:
    """The forbidden words of a file, each with what to say."""
    said = {word.lower(): text for word, text in FORBIDDEN.items()}
    name = path.relative_to(ROOT)
    return sorted(f"{name}: {word!r}; say: {said[word.lower()]}" for word in found)


def _prose(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text.partition("## Say and do not say")[0] if path == GLOSSARY else text


def _messages(path: Path) -> Iterator[str]:
    """The texts of a module that people can meet: sentences, labels and help texts."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    place = path.relative_to(PACKAGE).as_posix()
    unseen = set() if place.startswith(SEEN_DOCSTRINGS) else _docstrings(nodes)
    inner = set()
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "N" for part in node.values
            )
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and (" " in node.value or node.value[:1].isupper())
            and id(node) not in unseen | inner
        ):
            yield node.value


def _docstrings(nodes: Iterable[ast.AST]) -> set[int]:
    """Texts that stand alone: docstrings of modules, classes, functions and constants."""
    return {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def test_pages_say_what_the_glossary_says() -> None:
    """No page uses a word that the glossary forbids, outside of code."""
    found = [line for path in PAGES for line in _said(path, _found(_prose(path)))]
    assert not found, "\n".join(found)


def test_messages_say_what_the_glossary_says() -> None:
    """No message, help text or comment uses a word that the glossary forbids."""
    found = [
        line
        for path in sorted(PACKAGE.rglob("*.py"))
        for line in _said(path, _found("\n".join(_messages(path))))
    ]
    assert not found, "\n".join(found)


def test_templates_say_what_the_glossary_says() -> None:
    """No page or file that the package writes from a template uses a forbidden word."""
    templates = sorted(PACKAGE.rglob("*.j2"))
    found = [
        line
        for path in templates
        for line in _said(path, _found(_TEMPLATE.sub(" ", path.read_text(encoding="utf-8"))))
    ]
    assert templates
    assert not found, "\n".join(found)


def test_each_exception_is_needed() -> None:
    """An exception is a phrase of some page, has a forbidden word, and has a reason."""
    pages = re.sub(r"\s+", " ", "\n".join(map(_prose, PAGES)))
    for phrase, reason in PROPER.items():
        assert PATTERN.search(phrase), phrase
        assert phrase in pages, phrase
        assert reason.endswith("."), phrase


def test_terms_are_in_order_and_defined_once() -> None:
    """The glossary's terms stand in alphabetical order, none twice."""
    named = re.findall(r"^\*\*`?(.+?)`?\.\*\* ", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    folded = [re.sub(r"[`(].*", "", term).strip().lower() for term in named]
    assert len(named) > 45
    assert folded == sorted(set(folded))


def test_the_words_are_found_where_they_are_meant() -> None:
    """Whole words are found in text and across lines, and not in code, links or longer words."""
    assert _found("two data\nsets and a picture") == {"data sets", "picture"}
    assert _found("`repo` and `git repo`, [text](repo.md), ```\nrepo\n```, picturesque") == set()
    assert _found("Else do it") == {"Else"}
    assert _found("nobody else") == set()
