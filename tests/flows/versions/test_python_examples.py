"""The examples in the docstrings of the Python interface, which the reference shows."""

from __future__ import annotations

import doctest
import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
import pytest
from tests.commands import run
from tests.conftest import environment, hermetic_environment
from tests.project import Project

import datarelease as dr
from generators.docstrings import package

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "python.md"
FUNCTIONS = [name for name in dr.__all__ if not inspect.isclass(getattr(dr, name))]


@pytest.fixture(scope="module")
def published(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A work tree with `people` and `events` whose versions are data-v1 and data-v2."""
    folder = tmp_path_factory.mktemp("examples")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(templates / "edited", folder / "project")
        project.repro()
        project.commit("More people")
        project.push()
        run(project, "release")
        yield project.root


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_gives_what_it_shows(
    name: str, published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line is run, in the order of the docstring."""
    monkeypatch.chdir(published)
    function: Any = getattr(dr, name)
    parsed = doctest.DocTestParser().get_doctest(inspect.getdoc(function) or "", {}, name, None, 0)
    assert parsed.examples, "it has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    told: list[str] = []
    runner.run(parsed, out=told.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(told)
    assert os.environ["HOME"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_has_every_parameter_and_what_comes_back(name: str) -> None:
    """Arguments are those of the signature; results and errors are described."""
    function: Any = getattr(dr, name)
    described = package()[f"{function.__module__.removeprefix('datarelease.')}.{function.__name__}"]
    parts = described.docstring.parse("google")
    kinds = {part.kind: part.value for part in parts}
    parameters = kinds[griffe.DocstringSectionKind.parameters]
    assert [one.name for one in parameters] == list(inspect.signature(function).parameters)
    assert kinds[griffe.DocstringSectionKind.returns]
    raised = {str(one.annotation) for one in kinds[griffe.DocstringSectionKind.raises]}
    assert raised <= {*dr.__all__, "TypeError"}


def test_every_public_name_stands_in_the_reference() -> None:
    """Functions have a section, errors and warnings a row, and no other name has one."""
    text = PAGE.read_text("utf-8")
    assert {line[7:] for line in text.splitlines() if line.startswith("### dr.")} == {*FUNCTIONS}
    rows = [line for line in text.splitlines() if line.startswith("| `dr.")]
    assert {row.split("`")[1][3:] for row in rows} == {*dr.__all__} - {*FUNCTIONS}
