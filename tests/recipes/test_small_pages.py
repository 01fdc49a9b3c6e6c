"""The settings that short pages show are settings: they are read as `check` reads them."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from tests.example_repositories import DOCS
from tests.sessions import Block, marked_blocks

from datarelease.settings.read import Settings, read_settings

TEST = "tests/recipes/test_small_pages.py"
PAGES = ("large-data.md", "policies.md", "private-inputs.md")
SHOWN = [(name, block) for name in PAGES for block in marked_blocks(DOCS / "recipes" / name, TEST)]
TABLE = {"type": "dataset", "path": "data/trips.csv"}


def settings(block: Block) -> Settings:
    """The settings of a repository that has what the block shows, beside one dataset."""
    shown = yaml.safe_load(block.text)
    assert shown.keys() <= {"artifacts", "release"}
    return read_settings({"artifacts": {"trips": TABLE, **shown.get("artifacts", {})}}, shown)


def test_each_of_the_pages_shows_settings() -> None:
    """None of the pages has lost its blocks."""
    assert {name for name, _ in SHOWN} == set(PAGES)


@pytest.mark.parametrize(("name", "block"), SHOWN)
def test_settings_that_a_page_shows_are_settings(name: str, block: Block) -> None:
    """They are read without a problem, and are not what holds without them."""
    nothing = dataclasses.replace(block, text="{}")
    assert settings(block) != settings(nothing), name
