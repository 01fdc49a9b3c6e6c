"""The fake GitHub refuses what GitHub refuses, and answers in GitHub's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.forge.gitdir import WorkTree
from tests.forge.openapi import description
from tests.forge.records import Pull, Repository
from tests.forge.rest import ROUTES
from tests.forge.server import GitHubServer


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client that sends what it is told, right or wrong."""

    server: GitHubServer
    token: str | None

    def send(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """The response to one request below ``/api/v3``."""
        shown = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = path if path.startswith("https:") else self.server.api_url + path
        return requests.request(
            method, url, json=body, headers={**shown, **(headers or {})}, timeout=20
        )


@pytest.fixture
def owner(github: GitHubServer, repo: Repository) -> Client:
    """Acme itself."""
    return Client(server=github, token=github.world.user_token(repo.owner.login))


def bot(github: GitHubServer, **permissions: str) -> Client:
    """A job of acme/data with these permissions, underscores for dashes."""
    granted = {name.replace("_", "-"): level for name, level in permissions.items()}
    return Client(server=github, token=github.world.workflow_token("acme/data", granted))


def test_every_described_endpoint_is_answered() -> None:
    """The subset holds nothing that the server does not serve, and the other way round."""
    described = {(m.upper(), path) for path, ops in description()["paths"].items() for m in ops}
    assert described == set(ROUTES)


def test_an_unknown_property_is_refused_and_recorded(
    github: GitHubServer, owner: Client, pull: Pull
) -> None:
    """A property that GitHub does not know is a 422 and a violation, not silence."""
    path = f"/repos/acme/data/issues/{pull.number}/comments"
    assert owner.send("POST", path, {"body": "hi", "text": "hi"}).status_code == 422
    assert "unknown property $.text" in github.violations[0]
    github.violations.clear()


@pytest.mark.parametrize("query", ["per_pge=100", "per_page=many"])
def test_a_wrong_query_is_refused_and_recorded(
    github: GitHubServer, owner: Client, pull: Pull, query: str
) -> None:
    """Query parameters are held against the description, too."""
    path = f"/repos/acme/data/issues/{pull.number}/comments?{query}"
    assert owner.send("GET", path).status_code == 422
    assert github.violations
    github.violations.clear()


def test_an_undescribed_endpoint_is_recorded(github: GitHubServer, owner: Client) -> None:
    """The old route to the statuses of a commit is no longer described."""
    assert owner.send("GET", "/repos/acme/data/statuses/main").status_code == 404
    assert "no such endpoint" in github.violations[0]
    github.violations.clear()


def test_a_wrong_reply_of_ours_is_recorded(
    github: GitHubServer, owner: Client, repo: Repository
) -> None:
    """A value of the wrong shape in the server's own memory does not pass for GitHub's."""
    repo.default_branch = 7  # type: ignore[assignment]
    owner.send("GET", "/repos/acme/data")
    assert "$.default_branch" in github.violations[0]
    github.violations.clear()


def test_comments_come_in_pages(github: GitHubServer, owner: Client, pull: Pull) -> None:
    """30 at first, 100 at most, and the Link header leads on to the last."""
    repo = github.world.repositories["acme/data"]
    for number in range(120):
        github.world.comment(repo, pull.number, login="ann", body=str(number))
    path = f"/repos/acme/data/issues/{pull.number}/comments"
    first = owner.send("GET", path)
    assert [comment["body"] for comment in first.json()] == [str(n) for n in range(30)]
    assert 'page=4>; rel="last"' in first.headers["Link"]
    assert len(owner.send("GET", f"{path}?per_page=1000").json()) == 100
    second = requests.Session().send(
        requests.Request("GET", first.links["next"]["url"]).prepare(), verify=str(github.bundle)
    )
    assert second.json()[0]["body"] == "30"


@pytest.mark.parametrize(
    ("permissions", "status"),
    [
        ({"pull_requests": "write"}, 201),
        ({"issues": "write"}, 201),
        ({"pull_requests": "read"}, 403),
        ({"contents": "write"}, 403),
        ({}, 403),
    ],
)
def test_a_comment_takes_either_permission(
    github: GitHubServer, pull: Pull, permissions: dict[str, str], status: int
) -> None:
    """The comments of a pull request are to be had by pull-requests or by issues."""
    path = f"/repos/acme/data/issues/{pull.number}/comments"
    reply = bot(github, **permissions).send("POST", path, {"body": "hi"})
    assert reply.status_code == status
    if status == 403:
        assert reply.json()["message"] == "Resource not accessible by integration"
        assert reply.json()["status"] == "403"


def test_a_workflow_is_nobody(github: GitHubServer, owner: Client) -> None:
    """GET /user is not for the token of a workflow."""
    assert bot(github, contents="write").send("GET", "/user").status_code == 403
    assert owner.send("GET", "/user").json()["login"] == "acme"


def test_an_issue_is_not_opened_by_pull_requests(github: GitHubServer, repo: Repository) -> None:
    """To open an issue, issues: write it must be."""
    path = "/repos/acme/data/issues"
    wrong = bot(github, pull_requests="write").send("POST", path, {"title": "x"})
    right = bot(github, issues="write").send("POST", path, {"title": "x"})
    assert (wrong.status_code, right.status_code) == (403, 201)
    assert repo.issues[1].user.login == "github-actions[bot]"


def test_strangers_see_no_private_repository(github: GitHubServer, repo: Repository) -> None:
    """A private repository is not there for those who may not see it."""
    repo.private = True
    strangers = [None, github.world.user_token("mallory")]
    found = [Client(server=github, token=it).send("GET", "/repos/acme/data") for it in strangers]
    assert [reply.status_code for reply in found] == [404, 404]


def test_a_token_that_nobody_gave_is_refused(github: GitHubServer, repo: Repository) -> None:
    """A wrong token is worse than none."""
    wrong = Client(server=github, token="ghp_wrong")
    assert wrong.send("GET", f"/repos/{repo.full_name}").status_code == 401


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_each_way_to_merge(
    github: GitHubServer, owner: Client, repo: Repository, pull: Pull, how: str
) -> None:
    """The pull request is found by the commit that landed, whichever way it was merged."""
    before = repo.bare.sha("main")
    path = f"/repos/acme/data/pulls/{pull.number}"
    assert owner.send("GET", path).json()["mergeable"] is True
    sha = owner.send("PUT", f"{path}/merge", {"merge_method": how}).json()["sha"]
    assert repo.bare.sha("main") == sha
    parents = repo.bare.git("rev-list", "--parents", "-1", sha).split()[1:]
    assert parents == ([before, pull.head] if how == "merge" else [before])
    (found,) = owner.send("GET", f"/repos/acme/data/commits/{sha}/pulls").json()
    assert (found["number"], found["merge_commit_sha"]) == (pull.number, sha)
    assert found["merged_at"]
    assert github.world.pushes[-1].kind == "web"


def test_a_conflict_is_not_merged(
    github: GitHubServer, owner: Client, repo: Repository, pull: Pull, tmp_path: Path
) -> None:
    """Two sides that changed one line leave no trial merge, and the button says no."""
    work = WorkTree(path=tmp_path / "work")
    work.git("checkout", "--quiet", "main")
    work.commit({"b.txt": "another\n"})
    work.git("push", "--quiet", github.clone_url("acme/data", owner.token), "main")
    path = f"/repos/acme/data/pulls/{pull.number}"
    assert owner.send("GET", path).json()["mergeable"] is False
    assert repo.bare.sha(f"refs/pull/{pull.number}/merge") is None
    assert owner.send("PUT", f"{path}/merge", {}).status_code == 405


def test_statuses(github: GitHubServer, pull: Pull) -> None:
    """Newest first with their authors; the combined one keeps the newest of each context."""
    client, path = bot(github, statuses="write"), f"/repos/acme/data/statuses/{pull.head}"
    for state in ("failure", "success"):
        body = {"state": state, "context": "datarelease/check", "description": "d"}
        assert client.send("POST", path, body).status_code == 201
    found = client.send("GET", f"/repos/acme/data/commits/{pull.head}/statuses").json()
    assert [status["state"] for status in found] == ["success", "failure"]
    assert found[0]["creator"]["login"] == "github-actions[bot]"
    combined = client.send("GET", f"/repos/acme/data/commits/{pull.head}/status").json()
    assert (combined["state"], combined["total_count"]) == ("success", 1)
    too_long = {"state": "success", "description": "x" * 141}
    assert client.send("POST", path, too_long).status_code == 422
    assert client.send("POST", f"{path[:-40]}{'0' * 40}", {"state": "success"}).status_code == 422


def test_a_release_is_drafted_filled_and_published(
    github: GitHubServer, owner: Client, repo: Repository
) -> None:
    """A draft is not found by its tag; its files go to the uploads' host; publishing tags."""
    body = {"tag_name": "data-v1", "draft": True, "target_commitish": "main"}
    draft = owner.send("POST", "/repos/acme/data/releases", body).json()
    assert owner.send("GET", "/repos/acme/data/releases/tags/data-v1").status_code == 404
    assert bot(github, contents="read").send("GET", "/repos/acme/data/releases").json() == []
    upload = draft["upload_url"].removesuffix("{?name,label}") + "?name=x.json"
    assert upload.startswith(f"{github.url}/api/uploads/")
    sent = {"Content-Type": "application/json"}
    assert owner.send("POST", upload, {}, headers=sent).status_code == 201
    assert owner.send("POST", upload, {}, headers=sent).status_code == 422
    assert repo.bare.sha("refs/tags/data-v1") is None
    path = f"/repos/acme/data/releases/{draft['id']}"
    assert owner.send("PATCH", path, {"draft": False}).json()["draft"] is False
    assert repo.bare.sha("refs/tags/data-v1") == repo.bare.sha("main")
    latest = owner.send("GET", "/repos/acme/data/releases/latest").json()
    assert [asset["name"] for asset in latest["assets"]] == ["x.json"]
    assert repo.release("data-v1").assets[0].content == b"{}"


def test_an_immutable_release_takes_no_more_files(owner: Client, repo: Repository) -> None:
    """Where releases are immutable, publishing is the end of it."""
    repo.immutable_releases = True
    body = {"tag_name": "data-v1", "target_commitish": "main"}
    made = owner.send("POST", "/repos/acme/data/releases", body).json()
    upload = made["upload_url"].removesuffix("{?name,label}") + "?name=x.json"
    assert owner.send("POST", upload, {}).status_code == 422


def test_faults_are_answered_as_often_as_asked(
    github: GitHubServer, owner: Client, repo: Repository
) -> None:
    """A fault is answered its number of times, with its headers, and then no more."""
    github.fail("GET", r"/repos/acme/data$", 502, times=1)
    github.limit_rate("GET", r"/repos/acme/data$", times=1, wait=3)
    path = f"/repos/{repo.full_name}"
    replies = [owner.send("GET", path) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [502, 403, 200]
    assert replies[1].headers["Retry-After"] == "3"
    assert [request.status for request in github.asked("GET", path)] == [502, 403, 200]


def test_only_the_owner_sees_settings(
    github: GitHubServer, owner: Client, repo: Repository
) -> None:
    """Names of secrets are for administrators; their values are for nobody."""
    github.world.environment(repo, "data-release", secrets={"KEY": "planted"})
    path = "/repos/acme/data/environments/data-release/secrets"
    assert bot(github, actions="read", contents="write").send("GET", path).status_code == 403
    shown = owner.send("GET", path)
    assert [secret["name"] for secret in shown.json()["secrets"]] == ["KEY"]
    assert "planted" not in shown.text


def test_rules_are_told(github: GitHubServer, owner: Client, repo: Repository) -> None:
    """A protected branch and the rules of tags are among the rulesets."""
    github.world.protect(repo, branch="main")
    found = owner.send("GET", "/repos/acme/data/rulesets").json()
    assert [rule["target"] for rule in found] == ["branch", "tag"]
    one = owner.send("GET", f"/repos/acme/data/rulesets/{found[1]['id']}").json()
    assert {rule["type"] for rule in one["rules"]} == {"update", "deletion"}
    assert owner.send("GET", "/repos/acme/data/branches/main").json()["protected"] is True
