"""Workflows shown in the documentation are those that `datarelease init` writes, shortened.

No page and no message names a published release before there is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from datarelease.adopt.setup import workflow_files
from datarelease.doctor.workflows import WorkflowNeeds, workflow_observations
from datarelease.model import project as home
from datarelease.model.project import REPOSITORY, ToolRef, installation

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/adopt/workflows.md"
SHOWN = [
    block
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    if "uses:" in block
]

PAGES = [
    "README.md", "CONTRIBUTING.md", "orchestration/README.md",
    *(path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))),
]  # fmt: skip
PUBLISHED_FORM = re.compile(r"\bpip3? install (?:-\S+ )*['\"]?datarelease\b")


REF = ToolRef(name=f"v{version('datarelease')}" if home.PUBLISHED else "COMMIT")
"""What pages show behind the `@`: a commit to fill in, until there is a release."""
TAG = f"@v{version('datarelease')}"
SHORT = {"attest", "trim", "cache"}
"""What the page leaves out of the job that publishes: it releases all the same."""


def written() -> dict[str, Any]:
    """The jobs of the templates, and the reusable release as a job may call it."""
    jobs: dict[str, Any] = {}
    for text in workflow_files(branch="main", ref=REF, requirements="").values():
        jobs |= yaml.safe_load(text)["jobs"]
    inner = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"].values()
    order = {"read": 0, "write": 1}
    granted: dict[str, str] = {}
    for job in inner:
        for scope, access in job["permissions"].items():
            granted[scope] = max(access, granted.get(scope, access), key=lambda it: order[it])
    release = f"{REPOSITORY}/.github/workflows/release.yml@{REF}"
    secrets = {"DAGSHUB_TOKEN": "${{ secrets.DAGSHUB_TOKEN }}"}
    return jobs | {"release": {"uses": release, "permissions": granted, "secrets": secrets}}


def test_what_the_page_shows_yields_comment_digest_and_release() -> None:
    """The doctor finds the loop closed; only the weekly look is left to `init`.

    The fourth workflow on the page is the reusable release.
    """
    names = ("data.yml", "data-report.yml", "data-release.yml")
    files = dict(zip(names, SHOWN[:3], strict=True))
    assert len(SHOWN) == len(names) + 1
    for wanted in (
        WorkflowNeeds(kinds={"hub": "dagshub"}),
        WorkflowNeeds(kinds={"store": "aws"}, owner="acme"),
    ):
        [line] = workflow_observations(files, wanted)
        assert line.found == "no workflow in .github/workflows runs: verify"


@pytest.mark.parametrize("block", SHOWN)
def test_a_workflow_in_a_document_grants_and_calls_the_same(block: str) -> None:
    """Each job shown calls the same file at this version, with the same permissions."""
    for name, job in yaml.safe_load(block)["jobs"].items():
        real = written()[name]
        granted = dict(real["permissions"])
        if "steps" in job:
            del granted["attestations"]  # for a step that the page leaves out
        assert job["permissions"] == granted, name
        for key in ("uses", "needs", "environment", "runs-on"):
            assert job.get(key) == real.get(key), (name, key)
        assert job.get("with", {}) == real.get("with", {})
        assert job.get("secrets", {}).items() <= real.get("secrets", {}).items()


def test_the_job_that_the_page_shows_is_the_generated_one_shortened() -> None:
    """Its steps are those that `init` writes, in their order, each doing the same or less."""
    job = yaml.safe_load(SHOWN[2])["jobs"]["publish"]
    real = [
        step for step in written()["publish"]["steps"]
        if not any(word in step.get("uses", step.get("run")) for word in SHORT)
    ]  # fmt: skip
    for step, whole in zip(job["steps"], real, strict=True):
        for key, value in step.items():
            if isinstance(value, dict):
                assert value.items() <= whole[key].items(), step
            else:
                assert value == whole[key], step


def test_the_actions_that_a_page_shows_are_pinned_as_ours_are() -> None:
    """A newcomer copies them."""
    ours = "".join(path.read_text() for path in (ROOT / ".github/workflows").glob("*.yml"))
    for pin in re.findall(r"uses: (\S+@[0-9a-f]{40} # \S+)", "".join(SHOWN)):
        assert pin in ours


def test_no_page_names_a_release_before_it_is_published() -> None:
    """A page installs from a checkout, and says what `COMMIT` stands for where it shows it."""
    faults = [f"{page}: {fault}" for page in PAGES for fault in too_early(page)]
    assert not faults, "\n".join(faults)


def too_early(page: str) -> Iterator[str]:
    """What a page says that holds only once a release is published, or leaves open before."""
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    if not home.PUBLISHED and PUBLISHED_FORM.search(text):
        yield "installs what is not published"
    if not home.PUBLISHED and TAG in text:
        yield f"names the tag {TAG}"
    if "@COMMIT" in text:
        if not re.search(r"No release of datarelease is published yet\b", text):
            yield "does not say that no release is published yet"
        if not re.search(r"full SHA\b", text):
            yield "does not say that COMMIT stands for a full SHA"


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
