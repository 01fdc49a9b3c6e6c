"""What `datarelease doctor` reads in the workflow files of a repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from datarelease.adopt.setup import workflow_files
from datarelease.doctor.workflows import WorkflowNeeds, workflow_observations
from datarelease.model.diagnosis import Observation
from datarelease.model.project import REPOSITORY, ToolRef

ALL = WorkflowNeeds(
    kinds={"hub": "dagshub", "store": "s3", "aws": "aws"}, staging="s3://staging", owner="acme"
)  # fmt: skip
EARLIER = f"""
name: data
on:
  pull_request:
  merge_group:
  push: {{branches: [main]}}
jobs:
  check:
    permissions: {{contents: read}}
    uses: {REPOSITORY}/.github/workflows/check.yml@v1
  release:
    permissions: {{contents: write, id-token: write}}
    uses: {REPOSITORY}/.github/workflows/release.yml@v1
    secrets:
      DAGSHUB_TOKEN: ${{{{ secrets.DAGSHUB_TOKEN }}}}
      AWS_ACCESS_KEY_ID: ${{{{ secrets.AWS_ACCESS_KEY_ID }}}}
      AWS_SECRET_ACCESS_KEY: ${{{{ secrets.AWS_SECRET_ACCESS_KEY }}}}
      STAGING_ACCESS_KEY_ID: ${{{{ secrets.STAGING_ACCESS_KEY_ID }}}}
      STAGING_SECRET_ACCESS_KEY: ${{{{ secrets.STAGING_SECRET_ACCESS_KEY }}}}
"""
"""What `data.yml` was in earlier versions: it calls the reusable workflow that releases."""


ELSEWHERE = {"gs": "gs://b", "azure": "azure://c", "ssh": "ssh://h/x", "dav": "webdavs://h/x"}


def written(
    directory: str = ".", remotes: Sequence[tuple[str, str]] = (), staging: str = ""
) -> dict[str, str]:
    """The files that `datarelease init` writes."""
    files = workflow_files(
        branch="main",
        ref=ToolRef(name="v1"),
        requirements="",
        directory=directory,
        remotes=remotes,
        staging=staging,
    )
    return {Path(path).name: text for path, text in files.items()}


def earlier(remotes: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """The files that earlier versions wrote."""
    files = written(remotes=remotes)
    del files["data-release.yml"], files["data-versions.yml"]
    return {**files, "data.yml": EARLIER}


def asked(files: dict[str, str], wanted: WorkflowNeeds = ALL) -> list[Observation]:
    """The answers."""
    return workflow_observations(files, wanted)


@pytest.mark.parametrize("directory", [".", "models/churn"])
def test_what_init_writes_is_complete(directory: str) -> None:
    """Nothing is lacking, whatever the remotes are, also beside the files of another DVC root."""
    files = {**written(), **written("models/churn")}
    [line] = asked(files, replace(ALL, directory=directory))
    assert (line.state, line.found) == ("ok", "check, report, release, verify")


def test_jobs_that_cannot_sign_in_elsewhere_are_named() -> None:
    """With what they lack; files that were written for the remotes lack nothing."""
    wanted = replace(ALL, addresses=ELSEWHERE)
    [line] = asked(written(remotes=tuple(ELSEWHERE.items())), wanted)
    assert line.state == "ok"
    lines = [line.found for line in asked(written(), wanted) if line.state == "missing"]
    assert len(lines) == 3 * len(ELSEWHERE), "release, verify and versions"
    for remote, lack in (
        ("gs", "the step google-github-actions/auth@…"),
        ("azure", "vars.AZURE_STORAGE_ACCOUNT and the step azure/login@…"),
        ("ssh", "secrets.SSH_PRIVATE_KEY and vars.SSH_KNOWN_HOSTS"),
        ("dav", "vars.DAV_HOST and secrets.DAV_USER and secrets.DAV_PASSWORD"),
    ):
        words = f"cannot sign in to {remote}: it does not have {lack}"
        assert sum(words in line for line in lines) == 3
    own = "DATARELEASE_AZURE_SAS_TOKEN: ${{ secrets.AZURE_SAS_TOKEN }}\n          GITHUB_TOKEN:"
    signed = {name: text.replace("GITHUB_TOKEN:", own) for name, text in written().items()}
    [line] = asked(signed, replace(ALL, addresses={"azure": "azure://c"}))
    assert line.state == "ok"


def test_the_reusable_workflows_know_remotes_by_the_names_of_init() -> None:
    """They sign in at Google and Azure, and take secrets of `ssh` and `webdav`."""
    own = replace(ALL, kinds={}, staging="", owner=REPOSITORY.partition("/")[0])
    known = {"gs": "gs://b", "azure": "azure://c", "ssh": "ssh://h/x"}
    files = earlier(tuple(known.items()))
    [line] = asked(files, replace(own, addresses=known))
    assert "release, does not pass SSH_PRIVATE_KEY, which ssh needs" in line.found
    handed = "    secrets:\n      SSH_PRIVATE_KEY: ${{ secrets.SSH_PRIVATE_KEY }}\n"
    files["data.yml"] = EARLIER.replace("    secrets:\n", handed)
    assert [line.state for line in asked(files, replace(own, addresses=known))] == ["ok"]
    for name, address in {"ssh2": "ssh://h/x", "http": "https://h/x"}.items():
        verify = written(remotes=((name, address),))["data-verify.yml"]
        found = asked({**files, "data-verify.yml": verify}, replace(own, addresses={name: address}))
        assert [f"ssh and webdav and none of {name}" in line.found for line in found] == [True]
    files["data.yml"] = EARLIER.replace(", id-token: write", "")
    [line] = asked(files, replace(own, addresses={"gs": "gs://b"}))
    assert "add `id-token: write`" in line.remedy


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("gs://b", "STAGING_CREDENTIALS_JSON"),
        ("azure://c", "STAGING_CONNECTION_STRING"),
        ("ssh://h/x", "STAGING_PRIVATE_KEY"),
        ("webdavs://h/x", "STAGING_USER and STAGING_PASSWORD"),
        ("https://h/x", "STAGING_USER and STAGING_PASSWORD"),
    ],
)
def test_a_staging_remote_of_any_kind_is_asked_for(address: str, names: str) -> None:
    """By both jobs that use it; files that were written for it lack nothing."""
    wanted = replace(ALL, staging=address)
    assert [line.state for line in asked(written(staging=address), wanted)] == ["ok"]
    lines = [line.found for line in asked(written(), wanted)]
    assert len([line for line in lines if f"does not pass {names}, which" in line]) == 2
    assert [line.state for line in asked(written(), replace(ALL, staging="/srv/x"))] == ["ok"]


def test_files_of_another_dvc_root_do_not_count() -> None:
    """They check and release something else."""
    [line] = asked(written(), replace(ALL, directory="models/churn"))
    assert line.found == "no workflow in .github/workflows runs: check, report, release, verify"


def test_the_reusable_release_is_complete_within_one_owner() -> None:
    """It builds, publishes and announces; no environment's secret crosses owners."""
    owner = REPOSITORY.partition("/")[0]
    [line] = asked(earlier(), replace(ALL, owner=owner.upper()))
    assert (line.state, line.found) == ("ok", "check, report, release, verify")
    only_variables = replace(ALL, kinds={"aws": "aws"})
    assert [line.state for line in asked(earlier(), only_variables)] == ["ok"]


def test_the_reusable_release_of_another_owner_is_warned_of() -> None:
    """The loop is closed, and nobody knows whether the environment's secrets get there."""
    [line] = asked(earlier())
    assert line.state == "warning"
    assert "data.yml, job release, calls a workflow of datarelease" in line.found
    assert "the secrets of the environment data-release, which hub, store needs" in line.found
    assert "`datarelease init`" in line.remedy


def test_workflows_that_are_called_like_ours_are_not_ours() -> None:
    """`build.yml` and `release.yml` are names that many have."""
    own = "on: push\njobs: {out: {uses: acme/ci/.github/workflows/release.yml@v2}}\n"
    [line] = asked({"ci.yml": own})
    assert line.found == "no workflow in .github/workflows runs: check, report, release, verify"


PULLS_ONLY = "github.event.workflow_run.event == 'pull_request'"
NAMED = (
    "DAGSHUB_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "STAGING_ACCESS_KEY_ID",
    "STAGING_SECRET_ACCESS_KEY",
)  # fmt: skip
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
        "data-release.yml", lambda text: drop(text, "DAGSHUB_TOKEN"),
        "data-release.yml, job publish, does not pass DAGSHUB_TOKEN, which hub needs",
        "DAGSHUB_TOKEN: ${{ secrets.DAGSHUB_TOKEN }}",
    ),
    "keys to read are not handed over": (
        "data-verify.yml", lambda text: drop(text, "AWS_SECRET_ACCESS_KEY"),
        "data-verify.yml, job verify, does not pass AWS_SECRET_ACCESS_KEY, which store needs",
        "AWS_SECRET_ACCESS_KEY",
    ),
    "the staging secrets are not handed over to the build": (
        "data-release.yml", lambda text: drop(drop(text, "STAGING_ACCESS"), "STAGING_SECRET"),
        "data-release.yml, job build, does not pass STAGING_ACCESS_KEY_ID and",
        "STAGING_ACCESS_KEY_ID: ${{ secrets.STAGING_ACCESS_KEY_ID }}",
    ),
    "pull requests start nothing": (
        "data.yml", lambda text: drop(text, "  pull_request:"),
        "data.yml, job check, is never started by pull_request", "`pull_request:` below `on:`",
    ),
    "the publisher does not see the staging secrets": (
        "data-release.yml", lambda text: drop(text, "DATARELEASE_STAGING"),
        "data-release.yml, job publish, does not pass STAGING_ACCESS_KEY_ID and",
        "STAGING_ACCESS_KEY_ID: ${{ secrets.STAGING_ACCESS_KEY_ID }}",
    ),
    "nothing builds what is published": (
        "data-release.yml", lambda text: re.sub(r"/build\.yml@", "/other.yml@", text),
        "no workflow in .github/workflows runs: build", "datarelease init",
    ),
    "nobody is told": (
        "data-release.yml", lambda text: re.sub(r"/announce\.yml@", "/other.yml@", text),
        "no workflow announces releases", "the job `announce`",
    ),
    "the publisher runs in no environment": (
        "data-release.yml", lambda text: drop(text, "environment:"),
        "does not run in the environment data-release, so the credentials for aws, hub, store",
        "`environment: data-release`",
    ),
    "releases do not wait for each other": (
        "data-release.yml", lambda text: drop(text, "concurrency:"),
        "data-release.yml, job publish, does not wait for another release",
        "`concurrency: {group: data-release, queue: max}`",
    ),
    "versions are changed beside a release": (
        "data-versions.yml", lambda text: drop(text, "concurrency:"),
        "data-versions.yml, job versions, does not wait for another release",
        "`concurrency: {group: data-release, queue: max}`",
    ),
    "versions are changed without the credentials": (
        "data-versions.yml", lambda text: drop(text, "environment:"),
        "data-versions.yml, job versions, does not run in the environment data-release",
        "`environment: data-release`",
    ),
    "the catalogue does not follow": (
        "data-site.yml", lambda text: drop(text, "- data-versions"),
        "data-site.yml does not start at the end of data-versions", "add data-versions to",
    ),
    "merges start nothing": (
        "data-release.yml", lambda text: drop(drop(text, "push:"), "branches:"),
        "data-release.yml, job publish, is never started by push", "`push:` below `on:`",
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
    files, name = written(), "data-release.yml"
    only = WorkflowNeeds(kinds={"store": "aws"})
    keyless = drop(drop(files[name], "AWS_ACCESS"), "AWS_SECRET")
    assert [line.state for line in asked({**files, name: keyless}, only)] == ["ok"]
    for lacking, remedy in (
        (drop(keyless, "id-token: write"), "add `id-token: write` to"),
        (keyless.replace("aws-actions/", "other/").replace("configure-aws", "x"), "add the step"),
    ):
        [line] = asked({**files, name: lacking}, only)
        assert "neither by OpenID Connect nor with keys" in line.found
        assert line.remedy.startswith(remedy)


def test_a_group_of_the_called_workflow_is_a_deadlock() -> None:
    """GitHub cancels a caller whose group has the name of the group that it calls into."""
    files = earlier()
    files["data.yml"] += "concurrency: data-release\n"
    [line] = asked(files, replace(ALL, owner="datarelease"))
    assert (line.state, "as a deadlock" in line.found) == ("missing", True)
    files["data.yml"] = EARLIER + "concurrency: another\n"
    assert [line.state for line in asked(files, replace(ALL, owner="datarelease"))] == ["ok"]


def test_own_jobs_count_as_ours() -> None:
    """Jobs that call the commands themselves, in one file, without a bundle."""
    files = written()
    del files["data-release.yml"]
    keys = ", ".join(f"{{run: '${{{{ secrets.{name} }}}}'}}" for name in NAMED)
    own = (
        "name: data\non: [pull_request, push]\nconcurrency: mine\njobs:\n"
        "  look: {steps: [{run: datarelease check}]}\n"
        "  out:\n    environment: {name: data-release}\n"
        f"    steps: [{{run: datarelease release}}, {keys}]\n"
        "  tell: {steps: [{run: datarelease announce artifacts}]}\n"
    )
    assert [line.state for line in asked({**files, "data.yml": own})] == ["ok"]


def test_a_webhook_whose_secret_reaches_no_step_is_told() -> None:
    """`init` hands over three names; another one is missing until somebody adds it."""
    known = replace(ALL, webhooks=("NOTIFY_URL", "NOTIFY_KEY"))
    assert not [one for one in workflow_observations(written(), known) if "notify" in one.found]
    other = replace(ALL, webhooks=("NOTIFY_URL", "NOTIFY_OPS"))
    (told,) = [one for one in workflow_observations(written(), other) if "notify" in one.found]
    assert told.state == "warning"
    assert "NOTIFY_OPS" in told.found
    assert "NOTIFY_URL" not in told.found
    assert "NOTIFY_OPS: ${{ secrets.NOTIFY_OPS }}" in told.remedy
