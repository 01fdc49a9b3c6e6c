"""Workflows shown in the documentation are those that `datarelease init` writes, shortened."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from datarelease.model.home import REPOSITORY

ROOT = Path(__file__).parents[2]
SHOWN = [
    (path, block)
    for path in ("README.md", "docs/adopt.md")
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / path).read_text(), flags=re.DOTALL)
    if "uses:" in block
]


def written() -> dict[str, Any]:
    """The jobs of the template, without the lines that depend on the repository."""
    text = files("datarelease").joinpath("templates/data.yml.j2").read_text(encoding="utf-8")
    text = re.sub(r"<%.*?%>\n", "", text).replace("<< home >>", REPOSITORY)
    text = text.replace("<< ref >>", f"v{version('datarelease')}")
    jobs: dict[str, Any] = yaml.safe_load(re.sub(r"<< (\w+) >>", r"\1", text))["jobs"]
    return jobs


def test_both_documents_show_a_workflow() -> None:
    """README and the page on adoption each have one."""
    assert [path for path, _ in SHOWN] == ["README.md", "docs/adopt.md"]


@pytest.mark.parametrize(("path", "block"), SHOWN)
def test_a_workflow_in_a_document_grants_and_calls_the_same(path: str, block: str) -> None:
    """Each job shown calls the same file at this version, with the same permissions."""
    jobs = yaml.safe_load(block)["jobs"]
    assert set(jobs) == {"check", "release"}, path
    for name, job in jobs.items():
        real = written()[name]
        assert (job["uses"], job["permissions"]) == (real["uses"], real["permissions"])
        assert job.get("secrets", {}).items() <= real.get("secrets", {}).items()
