"""Which GitHub an origin is on."""

from __future__ import annotations

from typing import Any

import pytest

from datarelease.app.github import github_access
from datarelease.errors import ConfigError
from datarelease.ingest.propose.proposals import OpenProposal, PullRequests
from datarelease.model.git_address import repository_of
from datarelease.model.github import CommitStatus


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/acme/data.git",
        "https://github.com/acme/data",
        "https://x-access-token:secret@github.com/acme/data.git",
        "ssh://git@github.com/acme/data.git",
        "ssh://git@github.com:22/acme/data",
        "git@github.com:acme/data.git",
        "GitHub.com:acme/data/",
    ],
)
def test_addresses_of_a_repository(url: str) -> None:
    """However it is spelled, it is the same repository."""
    assert repository_of(url, "https://github.com") == "acme/data"


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/acme/data.git",
        "https://github.com.evil.example/acme/data",
        "https://evil.example/github.com/acme/data",
        "https://github.com@evil.example/acme/data",
        "git@evil.example:acme/data.git",
        "https://github.com/acme",
        "https://github.com/acme/data/tree/main",
        "/srv/git/acme/data.git",
        "../origin.git",
        "C:/git/acme/data",
    ],
)
def test_addresses_elsewhere(url: str) -> None:
    """No token is shown to a server that only looks like it."""
    assert repository_of(url, "https://github.com") is None


def test_an_enterprise_server_with_a_port() -> None:
    """Its API is below it, and ssh has a port of its own."""
    env = {"GITHUB_SERVER_URL": "https://access.example:8443/", "GITHUB_TOKEN": "secret-4711"}
    for url in ("https://access.example:8443/acme/data", "ssh://git@access.example:2222/acme/data"):
        access = github_access(env, url)
        assert access is not None
        assert (access.repository, access.api) == (
            "acme/data",
            "https://access.example:8443/api/v3",
        )
        assert "4711" not in repr(access)


def test_a_name_that_is_given_wins() -> None:
    """Where git goes through a mirror, say; it has to be OWNER/NAME."""
    env = {"DATARELEASE_GITHUB_REPOSITORY": "acme/data", "DATARELEASE_BOT": "our-app[bot]"}
    access = github_access(env, "https://mirror.example/x.git")
    assert access is not None
    assert (access.repository, access.api, access.token) == (
        "acme/data",
        "https://api.github.com",
        None,
    )
    assert access.bot == "our-app[bot]"
    with pytest.raises(ConfigError, match="OWNER/NAME"):
        github_access({"DATARELEASE_GITHUB_REPOSITORY": "../secrets"}, None)


class Statuses:
    """A GitHub on which the check of the repository's own DVC root has passed."""

    bot = "bot"

    def statuses(self, _: str) -> tuple[CommitStatus, ...]:
        """Of every commit."""
        said = f"pass · {'a' * 64}"
        return (
            CommitStatus(
                context="datarelease/check", state="success", description=said, url="", author="bot"
            ),
        )


def test_a_proposal_waits_for_the_check_of_its_own_dvc_root() -> None:
    """The status of another root of the same repository says nothing about it."""
    filed = OpenProposal(branch="stream/x/1", commit="c" * 40, state="open", base="main")
    github: Any = Statuses()
    assert PullRequests(github, "acme/data").review(filed).passed
    other = PullRequests(github, "acme/data", "models/churn").review(filed)
    assert (other.passed, "has not ended yet" in other.reason) == (False, True)
