"""The examples are what a team would commit: small, complete, and what `init` writes."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from tests.example_repositories import EXAMPLES, NAMES, ROOT, beside_a_checkout, tracked_files
from tests.sessions import Session

from datarelease.adopt.setup import dependabot_file, workflow_files, workflow_paths
from datarelease.model import project as home
from datarelease.model.project import ToolRef

TEST = "tests/examples/test_example_files.py"
LARGEST = 10_000
"""Bytes."""


def test_examples_are_copied_as_their_overview_says(tmp_path: Path) -> None:
    """The commands on the page of all examples leave a repository of its own."""
    session = Session(beside_a_checkout(tmp_path))
    assert session.play(EXAMPLES / "README.md", TEST) == 1
    assert (session.place / ".git").is_dir()


def test_examples_are_listed_and_small() -> None:
    """Every folder has its line in the overview, and git holds no data of it."""
    overview = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert sorted({path.parts[1] for path in tracked_files()} - {"README.md"}) == list(NAMES)
    assert all(f"({name}/README.md)" in overview for name in NAMES)
    sizes = {path: (ROOT / path).stat().st_size for path in tracked_files()}
    assert {path: size for path, size in sizes.items() if size > LARGEST} == {}


@pytest.mark.parametrize("name", NAMES)
def test_workflows_of_an_example_are_those_that_init_writes(name: str) -> None:
    """Byte for byte, with the placeholder that pages have for the version of the tool."""
    root = EXAMPLES / name
    requirements = "requirements.txt" if (root / "requirements.txt").exists() else ""
    ref = ToolRef(name=f"v{version('datarelease')}" if home.PUBLISHED else "COMMIT")
    expected = workflow_files(
        branch="main", ref=ref, requirements=requirements,
        remotes=[("storage", f"../../{name}-remote")],
    )  # fmt: skip
    for path in workflow_paths(".", site=False).values():
        assert (root / path).read_text(encoding="utf-8") == expected[path], path
    dependabot = (root / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    assert dependabot == dependabot_file()
