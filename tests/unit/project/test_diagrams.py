"""The diagrams of docs/concepts.md are those that docs/diagrams.py draws."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DOCS = Path(__file__).parents[3] / "docs"
DRAWN = {
    name: draw() for name, draw in runpy.run_path(str(DOCS / "diagrams.py"))["PICTURES"].items()
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_diagram_is_as_it_is_drawn(name: str) -> None:
    """The committed file is what the script draws, and the page shows it with a text."""
    assert (DOCS / "images" / name).read_text(encoding="utf-8") == DRAWN[name]
    page = (DOCS / "concepts.md").read_text(encoding="utf-8")
    before, _, _ = page.partition(f"](images/{name})")
    assert len(before.rpartition("![")[2]) > 40


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_a_diagram_can_be_read_without_seeing_it(name: str) -> None:
    """It has a title and a description, and no text leaves its box on a narrow screen."""
    root = ET.fromstring(DRAWN[name])  # noqa: S314
    described = root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert described is not None
    assert len((described.text or "").split()) > 30
    assert all(len(text.text or "") <= 45 for text in root.iter(f"{SVG}text"))
