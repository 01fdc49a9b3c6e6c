"""The story on GitHub: open a pull request, read one comment, merge.

The tool's programs are forks of a process that has them loaded; in a slow test, and in the other
stories, they are real.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.launchers import environment_with_launchers
from tests.stories import Team, ended

from datarelease.model.versions.attestation import EXTENSION, PREDICATE_TYPE


@pytest.fixture(params=["forks", pytest.param("programs", marks=pytest.mark.slow)])
def tool_environment(
    request: pytest.FixtureRequest, tool_environment: Path, tmp_path: Path
) -> Path:
    """The virtual environment that jobs find the tool in."""
    if request.param == "programs":
        return tool_environment
    return environment_with_launchers(tmp_path / "environment")


def test_from_the_first_pull_request_to_the_second_version(team: Team) -> None:
    """Comment, same comment again, published; a second one with a real diff, merged by rebase.

    Squash merges are in the other stories.
    """
    pull = team.propose("first", rows=21)
    ended(team.checked(pull))
    first = team.comment(pull)
    assert "merging publishes **data-v1**" in first
    [before] = [comment.id for comment in team.comments(pull)]
    team.project.params(rows=22)
    team.push("One more")
    ended(team.checked(pull, "synchronize"))
    [after] = team.comments(pull)
    assert (after.id, after.body == first) == (before, False)
    status = team.repository.statuses_of(pull.head)[0]
    assert (status.context, status.state) == ("datarelease/check", "success")

    ended(team.merged(pull))
    assert team.tags() == ["data-v1"]
    assert "Published as **data-v1**" in team.comment(pull)
    [comment] = team.comments(pull)
    assert comment.id == before
    page = team.page("data-v1")
    assert (page.draft, team.repository.latest) == (False, page.id)
    assets = {asset.name: asset.content for asset in page.assets}
    manifest = json.loads(assets["manifest.json"])
    assert f" · {manifest['digest']}" in str(status.description)
    assert manifest["reviewed"] == manifest["digest"]
    assert {"report.html", "report.json", "people-profile.json", "SHA256SUMS"} <= set(assets)
    keys = team.objects()
    for dataset in manifest["datasets"]:
        for file in dataset["files"]:
            assert keys[file["key"]] == file["size"]
    assert keys["releases/data-v1/manifest.json"] == len(assets["manifest.json"])
    built, made = team.runs[-1].attestations
    assert {built["name"], made["name"]} == {"manifest.json"}
    assert (built["type"], made["type"]) == ("https://slsa.dev/provenance/v1", PREDICATE_TYPE)
    assert json.loads(made["predicate"])[EXTENSION]["reviewed"] == manifest["digest"]

    pull = team.propose("second", rows=30)
    ended(team.checked(pull))
    assert "merging publishes **data-v2**" in team.comment(pull)
    assert "compared with data-v1" in team.comment(pull)
    assert "**Rows by `id`**: 8 added" in team.comment(pull)
    ended(team.merged(pull, "rebase"))
    assert team.tags() == ["data-v1", "data-v2"]
    assert "Published as **data-v2**" in team.comment(pull)
    assert team.leaks() == []
