"""Workflows shown in the documentation are those that `datarelease init` writes, shortened.

No page and no message names a published release before there is one.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from datarelease.doctor.workflows import WorkflowNeeds, workflow_question
from datarelease.model import project as home
from datarelease.model.project import REPOSITORY, installation

ROOT = Path(__file__).parents[2]
SHOWN = [
    (path, block)
    for path in ("README.md", "docs/adopt.md")
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / path).read_text(), flags=re.DOTALL)
    if "uses:" in block
]

PAGES = [
    "README.md", "CONTRIBUTING.md", "orchestration/README.md",
    *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))),
]  # fmt: skip
PUBLISHED_FORM = re.compile(r"\bpip3? install (?:-\S+ )*['\"]?datarelease\b")


def written() -> dict[str, Any]:
    """The jobs of the templates, without the lines that depend on the repository."""
    jobs: dict[str, Any] = {}
    for name in ("data", "data-report"):
        place = files("datarelease").joinpath(f"templates/{name}.yml.j2")
        text = re.sub(r"<%.*?%>\n", "", place.read_text(encoding="utf-8"))
        text = text.replace("<< home >>", REPOSITORY)
        text = text.replace("<< ref >>", f"v{version('datarelease')}")
        jobs |= yaml.safe_load(re.sub(r"<< (\w+) >>", r"\1", text))["jobs"]
    return jobs


def test_both_documents_show_workflows() -> None:
    """README both that are needed, the page on adoption the first one's jobs."""
    assert [path for path, _ in SHOWN] == ["README.md", "README.md", "docs/adopt.md"]


def test_what_the_readme_shows_yields_comment_digest_and_release() -> None:
    """The doctor finds the loop closed; only the weekly look is left to `init`."""
    shown = dict(
        zip(("data.yml", "data-report.yml"), (block for _, block in SHOWN[:2]), strict=True)
    )
    [line] = workflow_question(shown, WorkflowNeeds(kinds={"hub": "dagshub"})).ask()
    assert line.found == "no workflow in .github/workflows runs: verify"


@pytest.mark.parametrize(("path", "block"), SHOWN)
def test_a_workflow_in_a_document_grants_and_calls_the_same(path: str, block: str) -> None:
    """Each job shown calls the same file at this version, with the same permissions."""
    jobs = yaml.safe_load(block)["jobs"]
    assert set(jobs) in ({"check", "release"}, {"report"}), path
    for name, job in jobs.items():
        real = written()[name]
        assert (job["uses"], job["permissions"]) == (real["uses"], real["permissions"])
        assert job.get("secrets", {}).items() <= real.get("secrets", {}).items()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_release_before_it_is_published(page: str) -> None:
    """A page installs from a checkout, and says what to write where it shows a version's tag."""
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    assert bool(PUBLISHED_FORM.search(text)) <= home.PUBLISHED
    if f"@v{version('datarelease')}" in text and not home.PUBLISHED:
        assert re.search(r"No release of datarelease is published yet\b", text)
        assert re.search(r"full SHA\b", text)


def test_no_message_names_the_package_before_it_is_published() -> None:
    """Only the one place that knows whether it is published spells the published form."""
    spelt = [
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "src").rglob("*.py"))
        if PUBLISHED_FORM.search(path.read_text(encoding="utf-8"))
    ]
    assert spelt == ["src/datarelease/model/project.py"]


def test_how_to_install_depends_on_publication_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a checkout until something is published, from the index after it."""
    monkeypatch.setattr(home, "PUBLISHED", False)
    assert installation("s3") == (
        "Install it: pip install './datarelease[s3]' in the directory that holds a checkout of "
        f"https://github.com/{REPOSITORY}"
    )
    monkeypatch.setattr(home, "PUBLISHED", True)
    assert installation("s3") == "Install it: pip install 'datarelease[s3]'"
