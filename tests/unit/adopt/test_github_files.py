"""The files through which GitHub is told what this repository wants of people and of Dependabot."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from datarelease.model.project import REPOSITORY

ROOT = Path(__file__).resolve().parents[3]
GITHUB = ROOT / ".github"
FORMS = ("bug.yml", "data-version.yml")
FIELDS = {"markdown", "textarea", "input", "dropdown", "checkboxes"}


def load(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


# --- Dependabot


def test_dependabot_waits_before_it_takes_a_release() -> None:
    """Actions and Python are both watched, each with a cooldown of a week at least."""
    config = load(GITHUB / "dependabot.yml")
    assert config["version"] == 2
    updates = {entry["package-ecosystem"]: entry for entry in config["updates"]}
    assert set(updates) == {"github-actions", "pip"}
    for entry in updates.values():
        assert entry["schedule"]["interval"] == "weekly"
        assert entry["cooldown"]["default-days"] >= 7


def test_dependabot_looks_where_the_files_are() -> None:
    """Each directory that is named holds something to update."""
    updates = {
        entry["package-ecosystem"]: entry for entry in load(GITHUB / "dependabot.yml")["updates"]
    }
    for folder in updates["github-actions"]["directories"]:
        place = ROOT / folder.strip("/")
        assert list(place.glob("action.yml")) or (place / ".github/workflows").is_dir()
    assert list((ROOT / updates["pip"]["directory"].strip("/")).glob("*.txt"))


# --- code owners


def owners(path: str) -> tuple[str, ...]:
    """The owners of a file: of the last pattern that fits, as GitHub has it."""
    found: tuple[str, ...] = ()
    for line in (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines():
        pattern, *names = line.split("#")[0].split() or [""]
        folder = pattern.endswith("/") and path.startswith(pattern.lstrip("/"))
        if pattern and (pattern == "*" or folder or fnmatchcase(path, pattern.lstrip("/"))):
            found = tuple(names)
    return found


@pytest.mark.parametrize("path", ["params.yaml", "dvc.yaml", "dvc.lock", "schemas/customers.yaml"])
def test_data_owners_agree_to_what_the_data_is(path: str) -> None:
    """Parameters, pipeline, lock and schemas belong to the data owners."""
    assert (ROOT / path).is_file()
    assert owners(path) == ("@datarelease/data-owners",)


@pytest.mark.parametrize(
    "path",
    [".github/workflows/release.yml", ".github/CODEOWNERS", "src/datarelease/errors.py",
     "requirements/run.txt", "action/install.py", "README.md", ".dvc/config"],
)  # fmt: skip
def test_maintainers_agree_to_what_runs(path: str) -> None:
    """Whatever runs with a token belongs to the maintainers, this very file included."""
    assert (ROOT / path).is_file()
    assert owners(path) == ("@datarelease/maintainers",)


def test_every_pattern_fits_something() -> None:
    """A pattern that fits nothing protects nothing."""
    for line in (GITHUB / "CODEOWNERS").read_text(encoding="utf-8").splitlines():
        pattern, *names = line.split("#")[0].split() or [""]
        if pattern and pattern != "*":
            assert pattern.startswith("/"), pattern
            assert (ROOT / pattern.strip("/")).exists(), pattern
            assert all(re.fullmatch(r"@[\w-]+/[\w-]+", name) for name in names)


# --- forms


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_as_github_wants_them(name: str) -> None:
    """Name, description and fields of known types; ids and labels are there, and ids differ."""
    form = load(GITHUB / "ISSUE_TEMPLATE" / name)
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "labels", "body"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in form["body"]} <= FIELDS
    assert all(set(field) <= {"type", "id", "attributes", "validations"} for field in form["body"])
    assert all(field["attributes"]["label"] for field in fields)
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids)
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_a_problem_with_data_names_its_version() -> None:
    """Nobody can withdraw a version that was not named; no personal data is asked for."""
    form = load(GITHUB / "ISSUE_TEMPLATE" / "data-version.yml")
    fields = {field["id"]: field for field in form["body"]}
    assert fields["version"]["validations"] == {"required": True}
    assert "No personal data" in fields["description"]["attributes"]["description"]


def test_secrets_have_a_private_way() -> None:
    """Blank issues are off, and the private report leads to this project."""
    config = load(GITHUB / "ISSUE_TEMPLATE" / "config.yml")
    assert config["blank_issues_enabled"] is False
    assert config["contact_links"][0]["url"].startswith(
        f"https://github.com/{REPOSITORY}/security/"
    )


def test_the_pull_request_template_asks_to_read_the_comment() -> None:
    """The template is short, and its policy is spelled as the settings spell it."""
    text = (GITHUB / "PULL_REQUEST_TEMPLATE.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 15
    assert "`release.policy.allow_breaking`" in text


# --- documentation


def test_what_the_documentation_names_is_there() -> None:
    """Tests and files that a page leans on exist, under that name."""
    pages = {path: path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")}
    named = {
        (path.name, name)
        for path, text in pages.items()
        for name in re.findall(r"`((?:tests|\.github|action|docs)/[\w./-]+)`", text)
        if not name.startswith(".github/workflows/data")  # of an adopting repository
    }
    assert [found for found in sorted(named) if not (ROOT / found[1]).exists()] == []
    assert len(named) > 20


def test_messages_to_look_up_are_messages_of_ours() -> None:
    """The troubleshooting table quotes what the program really says."""
    text = (ROOT / "docs/remotes/messages.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "src/datarelease").rglob("*.py"))
    )
    assert len(quoted) > 8
    assert [message for message in quoted if message not in source] == []


def test_the_jobs_of_the_table_are_the_jobs_of_the_workflows() -> None:
    """docs/security.md lists each job of the data workflows, with the environment that it names."""
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    table = text.partition("## The jobs")[2].partition("\n\n")[2].partition("\n\n")[0]
    rows = {line.split("|")[1].replace("`", "").strip(): line for line in table.splitlines()[2:]}
    jobs: dict[str, str | None] = {}
    for name in ("check", "report", "release", "verify", "versions", "tags", "site"):
        workflow = load(GITHUB / "workflows" / f"{name}.yml")
        for job, content in workflow["jobs"].items():
            named = content.get("environment")
            jobs[name if job == name else f"{name}: {job}"] = (
                named["name"] if isinstance(named, dict) else named
            )
    assert set(rows) == set(jobs)
    for job, environment in jobs.items():
        assert ("environment" in rows[job]) is (environment is not None)
        assert environment is None or f"`{environment}`" in rows[job]
