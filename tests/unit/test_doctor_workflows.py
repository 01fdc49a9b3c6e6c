"""What `datarelease doctor` reads in the workflow files of a repository."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from datarelease.adopt.templates import workflow_files
from datarelease.doctor.workflows import WorkflowNeeds, workflow_question
from datarelease.model.diagnosis import Line

ALL = WorkflowNeeds(kinds={"hub": "dagshub", "store": "s3", "aws": "aws"}, staging="s3")


def written() -> dict[str, str]:
    """The files that `datarelease init` writes."""
    files = workflow_files(branch="main", ref="v1", requirements="")
    return {Path(path).name: text for path, text in files.items()}


def asked(files: dict[str, str], wanted: WorkflowNeeds = ALL) -> list[Line]:
    """The answers."""
    return list(workflow_question(files, wanted).ask())


def test_what_init_writes_is_complete() -> None:
    """Nothing is lacking, whatever the remotes are."""
    [line] = asked(written())
    assert (line.state, line.found) == ("ok", "check, report, release, verify")


PULLS_ONLY = "github.event.workflow_run.event == 'pull_request'"
Edit = Callable[[str], str]
FAULTS: dict[str, tuple[str, Edit, str, str]] = {
    "the check's workflow was renamed": (
        "data.yml", lambda text: text.replace("name: data\n", "name: quality\n"),
        "the check is in the workflow called quality: its report is never posted",
        "`workflows: [quality]`",
    ),
    "the report was renamed along wrongly": (
        "data-report.yml", lambda text: text.replace("workflows: [data]", "workflows: [date]"),
        "waits for the end of date", "`workflows: [data]`",
    ),
    "a merge queue waits for ever": (
        "data-report.yml",
        lambda text: re.sub(r"if: contains.*", f"if: {PULLS_ONLY}", text),
        "posts for pull requests alone: a required datarelease/check never comes in a merge queue",
        "merge_group",
    ),
    "a token is not handed over": (
        "data.yml", lambda text: drop(text, "DAGSHUB_TOKEN"),
        "data.yml, job release, does not hand over DAGSHUB_TOKEN, which hub needs",
        "DAGSHUB_TOKEN: ${{ secrets.DAGSHUB_TOKEN }}",
    ),
    "keys to read are not handed over": (
        "data-verify.yml", lambda text: drop(text, "AWS_SECRET_ACCESS_KEY"),
        "data-verify.yml, job verify, does not hand over AWS_SECRET_ACCESS_KEY, which store needs",
        "AWS_SECRET_ACCESS_KEY",
    ),
    "the staging secrets are not handed over": (
        "data.yml", lambda text: drop(drop(text, "STAGING_ACCESS"), "STAGING_SECRET"),
        "STAGING_ACCESS_KEY_ID and STAGING_SECRET_ACCESS_KEY, which the staging remote needs",
        "STAGING_ACCESS_KEY_ID: ${{ secrets.STAGING_ACCESS_KEY_ID }}",
    ),
    "pull requests start nothing": (
        "data.yml", lambda text: drop(text, "  pull_request:"),
        "data.yml, job check, is never started by pull_request", "`pull_request:` below `on:`",
    ),
    "the schedule stands beside the releases": (
        "data-verify.yml", lambda text: text.replace("on:\n", "on:\n  push:\n", 1),
        "GitHub disables the whole file", "a file of their own",
    ),
    "not valid YAML": (
        "data-report.yml", lambda text: text + "  - {", "data-report.yml: not valid YAML: line",
        "correct .github/workflows/data-report.yml",
    ),
    "a key occurs twice": (
        "data.yml", lambda text: text + "name: again\n", "the key 'name' occurs twice", "correct",
    ),
}  # fmt: skip


def drop(text: str, what: str) -> str:
    """The text without the lines that begin with ``what``."""
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.strip().startswith(what.strip())
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_leaves_the_loop_open_is_named(fault: str) -> None:
    """Each with the place and what to write there."""
    name, edit, found, remedy = FAULTS[fault]
    files = written()
    edited = edit(files[name])
    assert edited != files[name]
    lines = asked({**files, name: edited})
    [line] = [line for line in lines if found in line.found]
    assert line.state in {"missing", "warning"}
    assert remedy in line.remedy


def test_a_remote_on_aws_needs_a_way_in() -> None:
    """OpenID Connect or keys: a job with neither cannot publish, and one of them is enough."""
    files = written()
    only = WorkflowNeeds(kinds={"store": "aws"})
    keyless = drop(drop(files["data.yml"], "AWS_ACCESS"), "AWS_SECRET")
    assert [line.state for line in asked({**files, "data.yml": keyless}, only)] == ["ok"]
    [line] = asked({**files, "data.yml": drop(keyless, "id-token: write")}, only)
    assert "neither by OpenID Connect nor with keys" in line.found


def test_own_jobs_count_as_ours() -> None:
    """A job that calls the command itself; `secrets: inherit` hands everything over."""
    own = (
        "name: data\non: [pull_request, push]\njobs:\n"
        "  look: {steps: [{run: datarelease check}]}\n"
        "  out: {secrets: inherit, steps: [{run: datarelease release --bundle b}]}\n"
    )
    files = {**written(), "data.yml": own}
    assert [line.state for line in asked(files)] == ["ok"]
