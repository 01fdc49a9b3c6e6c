"""The pages on operation: one for each exit code and each job, with messages that are ours."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

import datarelease.cli as command_line
from datarelease import errors
from datarelease.errors import DatareleaseError, SettingsError
from datarelease.settings.read import read_settings

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs/operate").glob("*.md"))
HERE = "tests/unit/project/test_operate_pages.py"
BLOCK = re.compile(rf"<!-- checked: {re.escape(HERE)} -->\n( *)```\w*\n(.*?)\n *```", re.DOTALL)
ONE = {"artifacts": {"people": {"path": "data/people.csv", "type": "dataset"}}}
MESSAGES = ("exit-*.md", "job-*.md")
PRINTED = (
    "collect-garbage.md", "exit-1.md", "exit-130.md", "exit-2.md", "exit-3.md", "exit-70.md",
    "job-verify.md",
)  # fmt: skip
"""Pages with output that is compared with golden files and with the code."""
FOREIGN = {
    "No module named",
    "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    "ExpiredToken",
    "Resource not accessible by integration",
    "is not allowed to deploy to github-pages due to environment protection rules",
}
"""What Python, AWS and GitHub say."""
JOBS = {"tags": "site", "pages": "site", "deploy": "site"}
"""Jobs that share a page, named after the workflow."""
NO_MESSAGES = re.compile("datarelease |data-|check|release|init|gc |purge|ingest |publish|verify")
"""Beginnings of first columns that name commands, artifacts and jobs instead."""


@cache
def spoken() -> str:
    """Every text in the code, one after the other, as the parser joins their pieces."""
    files = sorted((ROOT / "src/datarelease").rglob("*.py"))
    nodes = (node for path in files for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return "\0".join(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def quoted(page: Path) -> list[str]:
    """The messages in the first column of a page's tables."""
    rows = re.findall(r"^\| (`.+?) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [text for row in rows for text in re.findall(r"`([^`]+)`", row)]


def blocks(page: Path) -> list[str]:
    """The blocks of a page that this module answers for, without their indentation."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        "\n".join(line.removeprefix(indent) for line in block.splitlines())
        for indent, block in found
    ]


def test_every_exit_code_has_a_page() -> None:
    """A code that a command can end with is explained, and linked from both overviews and back."""
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    codes = {each.exit_code for each in classes if issubclass(each, DatareleaseError)}
    ends = Path(command_line.__file__).read_text(encoding="utf-8")
    codes |= {int(code) for code in re.findall(r"_end\((\d+),", ends)}
    assert codes == {1, 2, 3, 4, 70, 130}
    for overview in ("docs/operate.md", "docs/exit-codes.md"):
        text = (ROOT / overview).read_text(encoding="utf-8")
        assert set(re.findall(r"\(operate/exit-(\d+)\.md\)", text)) == set(map(str, codes))
    for code in codes:
        page = (ROOT / f"docs/operate/exit-{code}.md").read_text(encoding="utf-8")
        assert "(../exit-codes.md)" in page


def test_every_job_has_a_page() -> None:
    """A job of the data workflows is explained, and linked from the overview."""
    overview = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    jobs = set()
    for name in ("check", "report", "release", "verify", "versions", "tags", "site"):
        workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
        jobs |= set(workflow["jobs"])
    jobs.remove("handbook")  # of this project alone: `init` does not write it
    assert jobs > {"build", "announce"}
    for job in jobs:
        page = f"operate/job-{JOBS.get(job, job)}.md"
        assert (ROOT / "docs" / page).is_file()
        assert f"({page})" in overview
        assert f"`{job}`" in (ROOT / "docs" / page).read_text(encoding="utf-8")


def test_messages_on_the_pages_are_messages_of_ours() -> None:
    """What a reader looks up is what a command says, and not what it once said."""
    source = spoken()
    pages = [page for pattern in MESSAGES for page in sorted(PAGES[0].parent.glob(pattern))]
    messages = {(page.name, text) for page in pages for text in quoted(page)}
    assert len(messages) > 80
    wrong = {
        (page, text)
        for page, text in messages
        if text not in source and text not in FOREIGN and not NO_MESSAGES.match(text)
    }
    assert wrong == set()


@pytest.fixture(scope="module")
def seen() -> str:
    """What commands printed in the golden files, what the code says, and two typing errors."""
    golden = [
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "tests/golden").rglob("*"))
        if path.suffix in {".txt", ".md"}
    ]
    with pytest.raises(SettingsError) as caught:
        read_settings(ONE, {"release": {"policy": {"psy": 0.3}, "remote": "storage"}})
    error = caught.value
    typing = f"error: {error.what}\n{error.untouched}\nnext: {error.remedy}"
    return "\n".join([*golden, spoken(), typing])


@pytest.mark.parametrize("name", PRINTED)
def test_output_on_a_page_was_printed_by_a_command(name: str, seen: str) -> None:
    """A block that this test answers for stands in a golden file or in the code, line by line."""
    found = blocks(ROOT / "docs/operate" / name)
    assert found
    assert [block for block in found if block not in seen] == []


def test_the_pages_with_such_blocks_are_known() -> None:
    """No page has a block that this module is said to check, and does not."""
    assert {page.name for page in PAGES if blocks(page)} == set(PRINTED)
