"""The story on GitHub: open a pull request, read one comment, merge.

The tool's programs are forks of a process that has them loaded; in a slow test, and in the other
stories, they are real.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.forge.server import GitHubServer
from tests.launchers import environment_with_launchers
from tests.stories import Team, ended
from tests.webhook_receiver import Receiver, running_receiver

from datarelease.model.versions.attestation import EXTENSION, PREDICATE_TYPE

KEY = "planted-key"


@pytest.fixture(params=["forks", pytest.param("programs", marks=pytest.mark.slow)])
def tool_environment(
    request: pytest.FixtureRequest, tool_environment: Path, tmp_path: Path
) -> Path:
    """The virtual environment that jobs find the tool in."""
    if request.param == "programs":
        return tool_environment
    return environment_with_launchers(tmp_path / "environment")


@pytest.fixture
def receiver(github: GitHubServer) -> Iterator[Receiver]:
    """Where webhooks are sent, as trusted as the stand-in for GitHub."""
    with running_receiver(github.authority) as running:
        yield running


def assert_told(receiver: Receiver, *, digest: str, pull: int) -> None:
    """Of data-v1 came a signed message for programs, and a text for people."""
    (given, body), (_, slack) = receiver.got
    headers = {name.lower(): value for name, value in given.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    message = json.loads(body)
    assert (message["state"], message["tag"]) == ("released", "data-v1")
    assert (message["digest"], message["pull_request"]) == (digest, pull)
    assert message["page"].endswith("/acme/data/releases/tag/data-v1")
    assert "data-v1" in json.loads(slack)["text"]


def test_from_the_first_pull_request_to_the_second_version(team: Team, receiver: Receiver) -> None:
    """Comment, same comment again, published; a second one with a real diff, merged by rebase.

    Squash merges are in the other stories. Webhooks are told of both versions, by the job that
    announces them.
    """
    team.project.release_settings(
        notify=[{"url": "NOTIFY_URL", "key": "NOTIFY_KEY"},
                {"url": "NOTIFY_SLACK_URL", "format": "slack"}]
    )  # fmt: skip
    team.repository.secrets |= {
        "NOTIFY_URL": receiver.url, "NOTIFY_KEY": KEY, "NOTIFY_SLACK_URL": receiver.url,
    }  # fmt: skip
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
    assert_told(receiver, digest=manifest["digest"], pull=pull.number)
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
    assert [json.loads(body).get("tag") for _, body in receiver.got[2:]] == ["data-v2", None]
    assert [place for run in team.runs for place in run.leaks(["valuable", KEY])] == []
    assert team.leaks() == []
