"""The GitHub adapter against a GitHub that is held to GitHub's own description of its API."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.forge.gitdir import WorkTree
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer
from tests.slow_cases import slow_but

from datarelease.adapters.github.errors import GitHubError
from datarelease.adapters.github.repository import GitHub
from datarelease.errors import ConfigError
from datarelease.model.github import BOT, CommitStatus, Push
from datarelease.model.project import installation

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def repo(github: GitHubServer, work: WorkTree) -> Repository:
    """A private repository of acme with the branches main and topic."""
    return github.world.repository("acme/data", source=work.path, private=True)


class Naps(list[float]):
    """Where a test looks how long it would have waited."""


def connected(github: GitHubServer, naps: Naps | None = None, **permissions: str) -> GitHub:
    """The adapter in a job of acme/data with these permissions, underscores for dashes."""
    granted = {name.replace("_", "-"): level for name, level in permissions.items()}
    return GitHub(
        api_url=github.api_url,
        repository="acme/data",
        token=github.world.workflow_token("acme/data", granted),
        sleep=(Naps() if naps is None else naps).append,
    )


def asked(github: GitHubServer) -> list[str]:
    """Each request so far, as ``GET /repos/acme/data``."""
    return [f"{request.method} {request.path}" for request in github.requests]


def test_a_pull_request_is_one_request(github: GitHubServer, pull: Pull) -> None:
    """Number, head, branch and base arrive without a second look."""
    found = connected(github, pull_requests="read").pull(pull.number)
    assert found is not None
    assert (found.number, found.title, found.author) == (1, "More data", "ann")
    assert (found.head, found.base, found.head_branch) == (pull.head, "main", "topic")
    assert (found.head_repository, found.open, found.merged) == ("acme/data", True, False)
    assert asked(github) == ["GET /repos/acme/data/pulls/1"]


def test_no_such_pull_request_is_none(github: GitHubServer, repo: Repository) -> None:
    """A number that nothing has is an answer, not a failure."""
    assert connected(github, pull_requests="read").pull(repo.id) is None


def test_a_pull_request_of_a_fork_names_the_fork(github: GitHubServer, repo: Repository) -> None:
    """Branch and repository of the head are GitHub's word, also for forks."""
    fork = github.world.fork(repo, "eve")
    made = github.world.opened(repo, branch="topic", title="x", login="eve", source=fork)
    found = connected(github, pull_requests="read").pull(made.number)
    assert found is not None
    assert (found.head_repository, found.head_branch) == ("eve/data", "topic")


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_the_pull_request_of_a_merge_is_found_by_its_commit(
    github: GitHubServer, repo: Repository, pull: Pull, how: str
) -> None:
    """Merge commit, squashed commit, last commit of a rebase: one request each."""
    after = github.world.merge(repo, pull.number, login="ann", how=how)  # type: ignore[arg-type]
    hub = connected(github, pull_requests="read", contents="read")
    [found] = hub.merged_pulls(Push(head=after))
    assert (found.number, found.head, found.merged) == (pull.number, pull.head, True)
    assert asked(github) == [f"GET /repos/acme/data/commits/{after}/pulls"]


def test_a_commit_that_came_by_no_pull_request(
    github: GitHubServer, repo: Repository, pull: Pull
) -> None:
    """A push, and the head of an open pull request, are no merge."""
    hub = connected(github, pull_requests="read", contents="read")
    pushed = repo.bare.sha("refs/heads/main")
    assert pushed is not None
    assert hub.merged_pulls(Push(head=pushed)) == ()
    assert hub.merged_pulls(Push(head=pull.head)) == ()


@pytest.mark.parametrize("how", slow_but({"rebase"}, ["merge", "squash", "rebase"]))
def test_the_pull_requests_of_one_push_are_found_by_its_commits(
    github: GitHubServer, repo: Repository, pull: Pull, how: Any, tmp_path: Path
) -> None:
    """As a merge queue brings them: newest first, each once, without what came before."""
    work = WorkTree(path=tmp_path / "work")
    for name in ("second", "third"):
        work.git("switch", "--quiet", "main")
        work.commit({f"{name}.txt": "1\n"}, branch=name)
        work.git("push", "--quiet", str(repo.bare.path), name)
    second, third = (
        github.world.opened(repo, branch=name, title=name, login="ann")
        for name in ("second", "third")
    )
    start = github.world.merge(repo, pull.number, login="ann", how=how)
    github.world.merge(repo, second.number, login="ann", how=how)
    head = github.world.merge(repo, third.number, login="ann", how=how)
    commits = tuple(reversed(repo.bare.between(start, head)))
    push = Push(head=head, commits=tuple(sha for sha in commits if sha != head))
    found = connected(github, pull_requests="read", contents="read").merged_pulls(push)
    assert [it.number for it in found] == [third.number, second.number]


def test_other_repositories_are_told_by_a_token_of_their_own(
    github: GitHubServer, repo: Repository
) -> None:
    """One request; the workflow's own token may not, nor one that only reads."""
    there = github.world.repository("acme/site", source=repo.bare.path)
    there.roles["bot"] = "write"

    def hub(token: str) -> GitHub:
        return GitHub(
            api_url=github.api_url, repository="acme/site", token=token, sleep=lambda _: None
        )

    hub(github.world.user_token("bot", {"contents": "write"})).dispatch(
        "data-release", {"tag": "x"}
    )
    sent = {"event_type": "data-release", "client_payload": {"tag": "x"}}
    assert there.dispatches == [sent]
    assert asked(github) == ["POST /repos/acme/site/dispatches"]
    for token in (
        github.world.workflow_token("acme/data", {"contents": "write"}),
        github.world.user_token("bot", {"contents": "read"}),
    ):
        with pytest.raises(GitHubError, match="contents: write"):
            hub(token).dispatch("data-release", {})
    assert there.dispatches == [sent]


def test_pull_requests_are_opened_listed_and_merged(github: GitHubServer, repo: Repository) -> None:
    """Opening, listing by branch, merging at a known head: one request each."""
    hub = connected(github, pull_requests="write", contents="write")
    made = hub.create_pull(head="topic", base="main", title="Back to data-v2", body="why")
    assert hub.pulls_from("topic") == (made,)
    assert hub.pulls_from("other") == ()
    with pytest.raises(GitHubError, match="409"):
        hub.merge_pull(made.number, head=SHA, method="merge")
    assert hub.merge_pull(made.number, head=made.head, method="merge") == repo.bare.sha(
        "refs/heads/main"
    )


def test_pull_requests_of_a_branch_that_is_gone(github: GitHubServer, repo: Repository) -> None:
    """Open ones are one listing; closed ones are found by their branch, newest first."""
    hub = connected(github, pull_requests="write", contents="write")
    first = hub.create_pull(head="topic", base="main", title="One", body="")
    assert hub.open_pulls() == (first,)
    assert hub.close_pull(first.number).open is False
    second = hub.create_pull(head="topic", base="main", title="Two", body="")
    github.world.merge(repo, second.number, login="ann")
    repo.bare.set("refs/heads/topic", None)
    assert hub.open_pulls() == ()
    found = [(p.number, p.open, p.merged) for p in hub.pulls_from("topic", state="all")]
    assert found == [(second.number, False, True), (first.number, False, False)]
    assert hub.pulls_from("topic") == ()
    assert len(github.asked("GET", "/pulls$")) == 4


def test_all_comments_come_oldest_first(github: GitHubServer, repo: Repository, pull: Pull) -> None:
    """Three pages of a hundred are three requests."""
    for number in range(205):
        github.world.comment(repo, pull.number, login="ann", body=f"comment {number}")
    found = connected(github, pull_requests="read").comments(pull.number)
    assert [comment.body for comment in found] == [f"comment {n}" for n in range(205)]
    assert len(github.requests) == 3


def test_comments_are_added_changed_and_removed(github: GitHubServer, pull: Pull) -> None:
    """Each is one request, and its author is the account of the token."""
    hub = connected(github, pull_requests="write")
    made = hub.create_comment(pull.number, "one")
    assert (made.author, made.body) == (BOT, "one")
    assert hub.update_comment(made.id, "two ✅").body == "two ✅"
    hub.delete_comment(made.id)
    assert len(github.requests) == 3
    assert hub.comments(pull.number) == ()


def test_statuses_are_set_and_read_newest_first(github: GitHubServer, pull: Pull) -> None:
    """What was set is read back, with who set it."""
    hub = connected(github, statuses="write")
    first = CommitStatus(context="datarelease/check", state="failure", description="a", url="")
    second = CommitStatus(
        context="datarelease/check", state="success", description="b ·", url="https://x.example/r"
    )
    hub.set_status(pull.head, first)
    assert hub.set_status(pull.head, second).author == BOT
    found = hub.statuses(pull.head)
    assert [(status.state, status.description) for status in found] == [
        ("success", "b ·"), ("failure", "a"),
    ]  # fmt: skip
    assert {status.author for status in found} == {BOT}


def test_a_release_goes_from_draft_to_published(github: GitHubServer, repo: Repository) -> None:
    """Draft, asset, another asset instead, publish: found as a draft and afterwards."""
    hub = connected(github, contents="write")
    head = repo.bare.sha("refs/heads/main")
    repo.bare.set("refs/tags/data-v1", head)
    assert hub.release("data-v1") is None
    draft = hub.create_release(tag="data-v1", name="data-v1", body="notes")
    asset = hub.upload_asset(draft, "manifest.json", b'{"a": 1}', kind="application/json")
    assert (asset.name, asset.size, asset.complete) == ("manifest.json", 8, True)
    found = hub.release("data-v1")
    assert found is not None
    assert (found.draft, [it.name for it in found.assets]) == (True, ["manifest.json"])
    hub.delete_asset(asset.id)
    hub.upload_asset(draft, "manifest.json", b"{}", kind="application/json")
    assert hub.update_release(draft.id, name="data-v1", body="better notes").body == "better notes"
    assert not hub.publish_release(draft.id, latest=True).draft
    github.requests.clear()
    published = hub.release("data-v1")
    assert published is not None
    assert ([it.size for it in published.assets], published.draft) == ([2], False)
    assert asked(github) == ["GET /repos/acme/data/releases/tags/data-v1"]


def test_issues_by_us_are_ours_and_open(github: GitHubServer, repo: Repository, pull: Pull) -> None:
    """Neither pull requests nor other people's issues nor closed ones are listed."""
    assert pull.number
    hub = connected(github, issues="write")
    made = hub.create_issue(title="data-v1 is damaged", body="<!-- datarelease:damage -->")
    other = hub.create_issue(title="another", body="")
    assert hub.update_issue(made.number, title="two are damaged", body="x").title.startswith("two")
    hub.close_issue(other.number)
    assert [issue.number for issue in hub.issues_by_us()] == [made.number]
    assert not repo.issues[other.number].open


def test_the_repository_is_described(github: GitHubServer, repo: Repository) -> None:
    """Private or not, and what its default branch is."""
    found = connected(github, contents="read").repository()
    assert (found.name, found.private, found.default_branch) == (
        repo.full_name, True, "main",
    )  # fmt: skip


def test_a_403_names_the_permission(github: GitHubServer, pull: Pull) -> None:
    """What was asked, the permission that lacks, what was left untouched, what to do."""
    hub = connected(github, pull_requests="read")
    with pytest.raises(GitHubError) as caught:
        hub.create_comment(pull.number, "hi")
    assert caught.value.what == (
        "GitHub (acme/data) was asked to add a comment to #1: it refused, and the token probably "
        "lacks `pull-requests: write` (403: Resource not accessible by integration)."
    )
    assert caught.value.untouched == "No comment was added."
    assert "Give the job `pull-requests: write` under `permissions:`" in caught.value.remedy
    assert caught.value.exit_code == 3


def test_a_422_says_what_was_wrong(github: GitHubServer, pull: Pull) -> None:
    """GitHub's own words about the fault arrive."""
    hub = connected(github, pull_requests="write")
    with pytest.raises(GitHubError, match="Body is too long"):
        hub.create_comment(pull.number, "x" * 65_537)
    assert len(github.requests) == 1


def test_an_unknown_token_is_named_but_not_shown(github: GitHubServer, pull: Pull) -> None:
    """Neither the error nor what led to it holds the token."""
    hub = GitHub(api_url=github.api_url, repository="acme/data", token="ghs_plantedsecret")
    with pytest.raises(GitHubError, match="does not know the token") as caught:
        hub.pull(pull.number)
    assert "plantedsecret" not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_5xx_is_waited_for(github: GitHubServer, pull: Pull) -> None:
    """Three failures cost a few seconds, the fourth ends it."""
    naps = Naps()
    hub = connected(github, naps, pull_requests="write")
    github.fail("GET", "/pulls/1$", 502, 3)
    assert hub.pull(pull.number) is not None
    assert naps == [0.5, 1.0, 2.0]
    github.fail("GET", "/pulls/1$", 500, 4)
    with pytest.raises(GitHubError, match="it failed \\(500: Made to fail\\)"):
        hub.pull(pull.number)


def test_adding_a_comment_is_not_repeated_by_itself(github: GitHubServer, pull: Pull) -> None:
    """After a 502 nobody knows whether the comment is there: the caller looks first."""
    naps = Naps()
    github.fail("POST", "/comments$", 502)
    with pytest.raises(GitHubError) as caught:
        connected(github, naps, pull_requests="write").create_comment(pull.number, "hi")
    assert caught.value.answer.failed
    assert (naps, len(github.requests)) == ([], 1)


def test_a_rate_limit_is_waited_for_as_long_as_it_says(github: GitHubServer, pull: Pull) -> None:
    """Retry-After is kept, also for what must not be repeated: it was not carried out."""
    naps = Naps()
    github.limit_rate("POST", "/comments$", 2, wait=7)
    connected(github, naps, pull_requests="write").create_comment(pull.number, "hi")
    assert naps == [7, 7]


def test_a_long_rate_limit_is_not_waited_for(github: GitHubServer, pull: Pull) -> None:
    """Over a minute the run ends with a clear line instead."""
    naps = Naps()
    github.limit_rate("GET", "/pulls/1$", wait=600)
    with pytest.raises(GitHubError, match="its rate limit is used up"):
        connected(github, naps, pull_requests="read").pull(pull.number)
    assert naps == []


def test_waiting_is_bounded_over_a_run(github: GitHubServer, pull: Pull) -> None:
    """Each wait may be a minute, all of them together about two."""
    naps = Naps()
    hub = connected(github, naps, pull_requests="read")
    github.limit_rate("GET", "/pulls/1$", 9, wait=60)
    with pytest.raises(GitHubError, match="rate limit"):
        hub.pull(pull.number)
    assert naps == [60, 60]


def test_an_unreachable_github_is_said() -> None:
    """A refused connection is the world's failure, after a few tries."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    naps = Naps()
    hub = GitHub(
        api_url=f"https://localhost:{port}/api/v3",
        repository="acme/data",
        token="t0ken",
        sleep=naps.append,
    )
    with pytest.raises(GitHubError, match="it cannot be reached"):
        hub.pull(1)
    assert len(naps) == 3


def test_an_answer_of_another_shape_is_refused(github: GitHubServer, pull: Pull) -> None:
    """What GitHub does not document is not guessed at."""
    github.fail("GET", "/pulls/1$", 200)
    with pytest.raises(GitHubError, match="its answer is not as documented: number"):
        connected(github, pull_requests="read").pull(pull.number)


def test_settings_of_another_shape_are_refused(github: GitHubServer, repo: Repository) -> None:
    """The settings that doctor reads are held to the documentation as strictly as pull requests."""
    github.fail("GET", f"/repos/{repo.full_name}$", 200)
    with pytest.raises(GitHubError, match="its answer is not as documented: full_name"):
        connected(github, contents="read").repository()


@pytest.mark.parametrize("name", ["acme/..", "a.b/data", "-acme/data", "acme", "acme/data/x", ""])
def test_other_names_are_no_repository(name: str) -> None:
    """One pattern of OWNER/NAME holds for everybody who asks GitHub; nothing is sent elsewhere."""
    with pytest.raises(ConfigError, match="is not a repository on GitHub") as caught:
        GitHub(api_url="https://api.github.com", repository=name, token="t")
    assert caught.value.remedy == "Write OWNER/NAME."


def test_without_pygithub_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without extras has none; the message says what to install."""
    monkeypatch.setitem(sys.modules, "github", None)
    with pytest.raises(ConfigError) as caught:
        GitHub(api_url="https://api.github.com", repository="acme/data", token="t")
    assert caught.value.remedy == installation("github")


def test_importing_the_adapter_does_not_load_pygithub() -> None:
    """It takes a quarter of a second, which only commands that ask GitHub shall pay."""
    code = "import sys, datarelease.adapters.github.repository; sys.exit('github' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
