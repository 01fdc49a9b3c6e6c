"""Posting a check's report: one comment of ours whatever else is there, and the status."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests import sample_reports as samples
from tests.forge.gitdir import WorkTree
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer
from tests.slow_cases import slow_but

from datarelease.adapters.github.cml import Cml, is_marked, watermark, with_watermark
from datarelease.adapters.github.repository import GitHub
from datarelease.adapters.untrusted import Artifact, read_artifact
from datarelease.cli.post_command import command
from datarelease.documents import encode
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.pull_requests.comment import put_comment
from datarelease.flows.pull_requests.post import CommentTexts, Posting, post
from datarelease.model.github import (
    BOT,
    PULL_REQUEST_FILE,
    REPORT_BEGUN,
    REPORT_STATE_FILE,
    REPORT_WRITTEN,
    CheckRun,
    PullRequestFile,
)
from datarelease.model.review.report import Report
from datarelease.model.review.reviewed_digest import reviewed_digest
from datarelease.progress import Quiet

RUN_URL = "https://github.example/acme/data/actions/runs/5"


@dataclass
class Desk:
    """A repository with a pull request, and a job that posts to it."""

    github: GitHubServer
    repo: Repository
    pull: Pull
    work: WorkTree
    said: list[str] = field(default_factory=list)

    @property
    def hub(self) -> GitHub:
        """The adapter with the permissions of the job."""
        permissions = {
            "actions": "read", "contents": "read", "pull-requests": "write", "statuses": "write",
        }  # fmt: skip
        return GitHub(
            api_url=self.github.api_url,
            repository="acme/data",
            token=self.github.world.workflow_token("acme/data", permissions),
            sleep=lambda _: None,
        )

    @property
    def run(self) -> CheckRun:
        """The check of the pull request's head."""
        return CheckRun(
            id=5,
            event="pull_request",
            conclusion="success",
            head=self.pull.head,
            branch="topic",
            repository="acme/data",
            url=RUN_URL,
            pulls=(),
        )

    @property
    def number(self) -> int:
        """Of the pull request."""
        return self.pull.number

    def artifact(self, report: Report | None, number: int | None = None) -> Artifact:
        """What the check left."""
        return Artifact(
            report=report,
            pull_request=PullRequestFile(
                number=number or self.number, head=self.pull.head, base="main"
            ),
        )

    def posted(
        self, report: Report | None = None, *, run: CheckRun | None = None, cml: Any = None
    ) -> Posting:
        """What came of posting ``report`` (the small sample)."""
        pages = CommentTexts(
            report=lambda it: f"report {it.digest}\n", unreported=lambda _: "no report\n"
        )
        found = self.artifact(report or samples.small())
        return post(found, run or self.run, self.hub, cml, pages, Quiet(), default_branch="main")

    def bodies(self) -> list[str]:
        """The comments on the pull request."""
        return [comment.body for comment in self.repo.comments_on(self.number)]

    def ours(self) -> list[str]:
        """Those that the bot wrote and that carry our mark."""
        return [
            comment.body
            for comment in self.repo.comments_on(self.number)
            if comment.user.login == BOT and is_marked(comment.body)
        ]

    def talk(self, count: int, *, login: str = "ann", body: str = "hello") -> None:
        """Comments of somebody."""
        for _ in range(count):
            self.github.world.comment(self.repo, self.number, login=login, body=body)

    def say(self, line: str) -> None:
        """Remember what progress is told."""
        self.said.append(line)


@pytest.fixture
def desk(github: GitHubServer, repo: Repository, pull: Pull, work: WorkTree) -> Desk:
    """A pull request of acme from topic."""
    return Desk(github=github, repo=repo, pull=pull, work=work)


@dataclass
class FakeCml:
    """CML as a function; by default it does what CML does."""

    desk: Desk
    does: Callable[[Desk, str], None] | None = None
    calls: int = 0

    def update(self, number: int, body: str, *, sha: str) -> None:
        """Update the newest marked comment of the first page, or add one."""
        self.calls += 1
        text = with_watermark(body, sha)
        if self.does is not None:
            self.does(self.desk, text)
            return
        first = self.desk.repo.comments_on(number)[:30]
        marked = [comment for comment in first if is_marked(comment.body)]
        if marked:
            marked[-1].body = text
        else:
            self.desk.talk(1, login=BOT, body=text)


def expected(desk: Desk, report: Report | None = None) -> str:
    """The comment for a report."""
    return with_watermark(f"report {(report or samples.small()).digest}\n", desk.pull.head)


def test_the_first_report_makes_comment_and_status(desk: Desk) -> None:
    """One comment of ours with the report; the digest on the head's status is read back."""
    posting = desk.posted()
    assert desk.bodies() == [expected(desk)]
    assert posting.comment is not None
    assert (posting.comment.state, posting.comment.by) == ("created", "the built-in poster")
    assert posting.problems == ()
    found = desk.hub.statuses(desk.pull.head)
    assert reviewed_digest(found, bot=BOT) == samples.DIGEST
    assert found[0].url == RUN_URL


def test_a_second_push_updates_the_same_comment(desk: Desk) -> None:
    """The comment's place stays, its text is new, and the status is on the new head."""
    desk.posted()
    before = desk.repo.comments_on(desk.number)[0].id
    desk.work.commit({"b.txt": "3\n"})
    desk.work.git("push", "--quiet", str(desk.repo.bare.path), "topic")
    desk.github.world.refresh(desk.repo)
    newer = replace(samples.small(), digest="b" * 64)
    posting = desk.posted(newer)
    assert posting.comment is not None
    assert posting.comment.state == "updated"
    assert [comment.id for comment in desk.repo.comments_on(desk.number)] == [before]
    assert desk.bodies() == [expected(desk, newer)]
    assert reviewed_digest(desk.hub.statuses(desk.pull.head), bot=BOT) == "b" * 64


def test_a_comment_that_would_not_change_is_not_touched(desk: Desk) -> None:
    """Neither CML nor a request that writes."""
    desk.posted()
    desk.github.requests.clear()
    cml = FakeCml(desk)
    posting = desk.posted(cml=cml)
    assert posting.comment is not None
    assert posting.comment.state == "unchanged"
    assert cml.calls == 0
    assert desk.github.asked("PATCH", "comments") == desk.github.asked("POST", "comments") == []


def test_a_comment_that_somebody_edited_is_written_anew(desk: Desk) -> None:
    """Whoever may write here may edit what the bot wrote."""
    desk.posted()
    [comment] = desk.repo.comments_on(desk.number)
    comment.body = comment.body.replace("report", "rep0rt")
    assert desk.posted().comment.state == "updated"  # type: ignore[union-attr]
    assert desk.bodies() == [expected(desk)]


def test_line_ends_and_outer_blanks_are_no_change(desk: Desk) -> None:
    """GitHub keeps them as it likes."""
    desk.posted()
    [comment] = desk.repo.comments_on(desk.number)
    comment.body = comment.body.replace("\n", "\r\n") + "\n"
    assert desk.posted().comment.state == "unchanged"  # type: ignore[union-attr]


def test_cml_posts_where_it_does_the_right_thing(desk: Desk) -> None:
    """It creates, and it updates; the built-in poster keeps out of it."""
    cml = FakeCml(desk)
    first = desk.posted(cml=cml).comment
    second = desk.posted(replace(samples.small(), digest="b" * 64), cml=cml).comment
    assert first is not None
    assert second is not None
    assert (first.state, first.by) == ("created", "CML")
    assert (second.state, second.by) == ("updated", "CML")
    assert cml.calls == 2
    assert len(desk.bodies()) == 1
    assert desk.github.asked("PATCH", "comments") == []


def test_past_thirty_comments_cml_is_left_out(desk: Desk) -> None:
    """It would not find our comment and add another one."""
    desk.talk(30)
    desk.posted()
    cml = FakeCml(desk)
    desk.posted(replace(samples.small(), digest="b" * 64), cml=cml)
    assert cml.calls == 0
    assert desk.ours() == [expected(desk, replace(samples.small(), digest="b" * 64))]


def test_past_a_hundred_comments_ours_is_still_found(desk: Desk) -> None:
    """Every page is looked at."""
    desk.talk(150)
    desk.posted()
    desk.talk(120)
    desk.posted(replace(samples.small(), digest="b" * 64))
    assert len(desk.ours()) == 1


def test_the_first_comment_past_thirty_may_be_made_by_cml(desk: Desk) -> None:
    """Without a comment of ours, and none marked on the first page, it adds the one."""
    desk.talk(40)
    cml = FakeCml(desk)
    desk.posted(cml=cml)
    assert (cml.calls, len(desk.ours())) == (1, 1)


@pytest.mark.parametrize("count", [1, 2])
def test_other_peoples_comments_with_our_marker_are_left_alone(desk: Desk, count: int) -> None:
    """CML would overwrite them; ours is made beside them."""
    desk.talk(count, login="eve", body=with_watermark("mine", "f" * 40))
    cml = FakeCml(desk)
    desk.posted(cml=cml)
    assert cml.calls == 0
    assert desk.bodies() == [with_watermark("mine", "f" * 40)] * count + [expected(desk)]


def test_a_marker_of_theirs_after_ours_keeps_cml_out(desk: Desk) -> None:
    """CML would take the newest marked comment for its own."""
    desk.posted()
    desk.talk(1, login="eve", body=watermark("f" * 40))
    cml = FakeCml(desk)
    desk.posted(replace(samples.small(), digest="b" * 64), cml=cml)
    assert cml.calls == 0
    assert len(desk.ours()) == 1
    assert desk.bodies()[1] == watermark("f" * 40)


def test_the_bots_other_comments_are_not_ours(desk: Desk) -> None:
    """The same account writes for other workflows."""
    desk.talk(1, login=BOT, body="coverage 90%")
    desk.talk(1, login=BOT, body=f"x\n\n{watermark('f' * 40, 'other')}")
    desk.posted()
    assert len(desk.bodies()) == 3
    assert len(desk.ours()) == 1


def test_of_several_comments_of_ours_the_newest_stays(desk: Desk) -> None:
    """The others are removed, with CML and without, also where the text is right already."""
    for cml in (None, FakeCml(desk)):
        desk.repo.comments.clear()
        desk.talk(2, login=BOT, body=with_watermark("old", "f" * 40))
        desk.talk(1, login=BOT, body=with_watermark("newest", "f" * 40))
        newest = desk.repo.comments_on(desk.number)[-1].id
        assert desk.posted(cml=cml).problems in {
            (), ("CML did not write the expected comment.",),
        }  # fmt: skip
        assert [comment.id for comment in desk.repo.comments_on(desk.number)] == [newest]
        assert desk.bodies() == [expected(desk)]


def test_a_comment_added_by_a_request_that_seemed_to_fail_stays_the_only_one(desk: Desk) -> None:
    """After a 502 the poster looks before it tries again."""
    hub = desk.hub

    def lost(number: int, body: str) -> Any:
        made = GitHub.create_comment(hub, number, body)
        desk.github.fail("POST", "/comments$", 502)
        return made if not made else GitHub.create_comment(hub, number, body)

    hub.create_comment = lost  # type: ignore[method-assign]
    posted = put_comment(hub, None, desk.number, "x\n", Quiet(), sha=desk.pull.head)
    assert posted.state == "created"
    assert len(desk.bodies()) == 1


def test_a_comment_that_was_really_lost_is_tried_again(desk: Desk) -> None:
    """Once."""
    desk.github.fail("POST", "/comments$", 502)
    assert desk.posted().problems == ()
    assert len(desk.ours()) == 1


def failing(_desk: Desk, _text: str) -> None:
    """CML that fails."""
    raise WorldError("CML failed (exit 1): no")


def absent(_desk: Desk, _text: str) -> None:
    """CML that is not installed after all."""
    raise ConfigError("The program 'cml' was not found.")


def silent(_desk: Desk, _text: str) -> None:
    """CML that says it worked and did nothing."""


def doubling(desk: Desk, text: str) -> None:
    """CML that adds two."""
    desk.talk(2, login=BOT, body=text)


def garbling(desk: Desk, text: str) -> None:
    """CML that writes another text."""
    desk.talk(1, login=BOT, body=text.replace("report", "rapport"))


@pytest.mark.parametrize("does", [failing, absent, silent, doubling, garbling])
def test_what_cml_does_not_do_the_built_in_poster_does(
    desk: Desk, does: Callable[[Desk, str], None]
) -> None:
    """One comment with the right text in the end, and a line that says what went wrong."""
    posting = desk.posted(cml=FakeCml(desk, does))
    assert desk.bodies() == [expected(desk)]
    assert posting.comment is not None
    assert posting.comment.by == "the built-in poster"
    assert len(posting.problems) == 1
    assert "\n" not in posting.problems[0]
    assert posting.status is not None


TROUBLE = {
    403: "the token probably lacks `pull-requests: ",
    422: "it did not accept the request",
    500: "it failed",
    502: "it failed",
    429: "its rate limit is used up",
}


# Each answer once, and both requests.
@pytest.mark.parametrize(
    ("method", "status"),
    slow_but(
        {"POST 403", "POST 422", "GET 502", "GET 429"},
        [(method, status) for method in ("GET", "POST") for status in TROUBLE],
        lambda case: f"{case[0]} {case[1]}",
    ),
)
def test_trouble_with_comments_is_told_and_the_status_is_set(
    desk: Desk, method: str, status: int
) -> None:
    """No exception, one clear line, and the digest is recorded nevertheless."""
    desk.github.fail(method, "/comments$", status, 99)
    posting = desk.posted()
    assert posting.comment is not None
    assert posting.comment.state == "failed"
    assert len(posting.problems) == 1
    assert TROUBLE[status] in posting.problems[0]
    assert reviewed_digest(desk.hub.statuses(desk.pull.head), bot=BOT) == samples.DIGEST


def test_a_rate_limit_that_ends_soon_is_waited_for(desk: Desk) -> None:
    """Nothing has to be told then."""
    desk.github.limit_rate("POST", "/comments$", 2)
    assert desk.posted().problems == ()
    assert len(desk.ours()) == 1


def test_without_status_the_log_says_what_that_means(desk: Desk) -> None:
    """The comment is there; the release would call the change not reviewed."""
    desk.github.fail("POST", "/statuses/", 403, 9)
    posting = desk.posted()
    assert posting.status is None
    assert len(desk.ours()) == 1
    assert "the token probably lacks `statuses: write`" in posting.problems[0]
    assert "the release treats this change as not reviewed" in posting.problems[1]


def test_a_pull_request_that_cannot_be_confirmed_gets_nothing(desk: Desk) -> None:
    """Without GitHub's word nothing is posted, and that is said, not raised."""
    desk.github.fail("GET", "/pulls/1$", 500, 9)
    posting = desk.posted()
    assert posting.outcome == "nothing"
    assert "could not be confirmed" in posting.summary
    assert (desk.bodies(), desk.repo.statuses) == ([], [])
    assert len(posting.problems) == 2


def test_another_pull_requests_number_is_refused(desk: Desk) -> None:
    """A run from one branch cannot write on the pull request of another."""
    desk.work.git("checkout", "--quiet", "main")
    desk.work.commit({"c.txt": "1\n"}, branch="other")
    desk.work.git("push", "--quiet", str(desk.repo.bare.path), "other")
    victim = desk.github.world.opened(desk.repo, branch="other", title="x", login="bob")
    pages = CommentTexts(report=lambda _: "r", unreported=lambda _: "n")
    with pytest.raises(ConfigError, match=f"names pull request #{victim.number}, which"):
        post(
            desk.artifact(samples.small(), victim.number),
            desk.run,
            desk.hub,
            None,
            pages,
            Quiet(),
            default_branch="main",
        )
    with pytest.raises(ConfigError, match="there is no pull request #99"):
        post(
            desk.artifact(samples.small(), 99),
            desk.run,
            desk.hub,
            None,
            pages,
            Quiet(),
            default_branch="main",
        )
    assert desk.repo.comments == {}
    assert desk.repo.statuses == []


def test_a_fork_with_the_same_branch_name_is_told_apart(desk: Desk) -> None:
    """Eve's branch `topic` is not acme's."""
    run = replace(desk.run, head="e" * 40, repository="eve/data")
    with pytest.raises(ConfigError, match="which eeeeeeeeeeee does not belong to"):
        desk.posted(run=run)


def test_a_fork_is_posted_for(desk: Desk) -> None:
    """GitHub names no pull requests in the event of a fork's run; the artifact does."""
    fork = desk.github.world.fork(desk.repo, "eve")
    pull = desk.github.world.opened(desk.repo, branch="topic", title="x", login="eve", source=fork)
    mine = replace(desk, pull=pull)
    posting = mine.posted(run=replace(mine.run, repository="eve/data"))
    assert posting.problems == ()
    assert len(mine.ours()) == 1


def test_a_newer_push_supersedes_the_report(desk: Desk) -> None:
    """The same branch moved on: nothing is posted, and nobody is accused."""
    posting = desk.posted(run=replace(desk.run, head="e" * 40))
    assert posting.outcome == "superseded"
    assert "has moved from eeeeeeeeeeee" in posting.summary
    assert (desk.bodies(), desk.repo.statuses, posting.problems) == ([], [], ())


def test_a_merged_pull_request_keeps_the_releases_comment(desk: Desk) -> None:
    """A late report records its digest, and leaves the comment to the release."""
    run = desk.run
    desk.github.world.merge(desk.repo, desk.number, login="ann")
    posting = desk.posted(run=run)
    assert posting.outcome == "merged"
    assert desk.bodies() == []
    assert reviewed_digest(desk.hub.statuses(run.head), bot=BOT) == samples.DIGEST


@pytest.mark.parametrize("event", slow_but({"schedule"}, ["push", "schedule", "workflow_dispatch"]))
def test_other_events_have_nothing_to_post(desk: Desk, event: str) -> None:
    """Not one request is made."""
    failed = replace(desk.run, event=event, conclusion="failure")
    assert desk.posted(run=failed).outcome == "nothing"
    assert desk.github.requests == []


def queued(desk: Desk, report: Report | None, conclusion: str = "success") -> Posting:
    """What came of posting for a check of a merge queue."""
    run = replace(
        desk.run, event="merge_group", conclusion=conclusion, branch="gh-readonly-queue/x"
    )
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    found = Artifact(report=report, pull_request=None)
    return post(found, run, desk.hub, None, pages, Quiet(), default_branch="main")


def test_a_merge_queue_gets_the_status_and_no_comment(desk: Desk) -> None:
    """The digest, said to be the queue's: nobody saw it, so it counts as no review."""
    posting = queued(desk, samples.small())
    assert (posting.outcome, desk.bodies(), posting.problems) == ("queued", [], ())
    [status] = found = desk.hub.statuses(desk.pull.head)
    assert (status.context, status.state) == ("datarelease/check", "success")
    assert status.description.startswith("merge queue · ")
    assert len(status.description) <= 140
    assert reviewed_digest(found, bot=BOT, queued=True) == samples.DIGEST
    assert reviewed_digest(found, bot=BOT) is None


@pytest.mark.parametrize(
    ("report", "conclusion", "state"),
    [
        (samples.blocked(), "failure", "failure"),
        (None, "failure", "error"),
        (None, "cancelled", "error"),
        (None, "success", "success"),
    ],
)
def test_a_merge_queue_never_waits_for_a_status(
    desk: Desk, report: Report | None, conclusion: str, state: str
) -> None:
    """Whatever came of its check, a required status is there."""
    posting = queued(desk, report, conclusion)
    assert (posting.status is not None, desk.bodies()) == (True, [])
    assert [status.state for status in desk.hub.statuses(desk.pull.head)] == [state]


def test_pull_requests_of_one_branch_share_no_status(desk: Desk) -> None:
    """Into another base the status has another name: the release reads that of its own branch."""
    desk.work.git("push", "--quiet", str(desk.repo.bare.path), "main:next")
    desk.github.world.refresh(desk.repo)
    other = desk.github.world.opened(desk.repo, branch="topic", base="next", title="x", login="ann")
    desk.posted()
    late = desk.artifact(replace(samples.small(), digest="b" * 64), number=other.number)
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    post(late, desk.run, desk.hub, None, pages, Quiet(), default_branch="main")
    empty = desk.artifact(None, number=other.number)
    post(empty, desk.run, desk.hub, None, pages, Quiet(), default_branch="main")
    found = desk.hub.statuses(desk.pull.head)
    assert [status.context for status in found] == [
        "datarelease/check (into next)", "datarelease/check (into next)", "datarelease/check",
    ]  # fmt: skip
    assert reviewed_digest(found, bot=BOT) == samples.DIGEST


def test_two_dvc_roots_have_comments_and_statuses_of_their_own(desk: Desk) -> None:
    """On one pull request: neither touches the other's, nor takes it for its own."""
    token = desk.github.world.workflow_token(
        "acme/data", {"pull-requests": "write", "statuses": "write", "actions": "read"}
    )
    there = GitHub(
        api_url=desk.github.api_url, repository="acme/data", token=token, sleep=lambda _: None,
        directory="models/churn",
    )  # fmt: skip
    desk.posted()
    newer = desk.artifact(replace(samples.small(), digest="b" * 64))
    pages = CommentTexts(
        report=lambda it: f"churn {it.digest}\n", unreported=lambda _: "no report\n"
    )
    for _ in range(2):
        post(newer, desk.run, there, None, pages, Quiet(), default_branch="main")
    theirs = with_watermark(f"churn {'b' * 64}\n", desk.pull.head, "datarelease models/churn")
    assert desk.bodies() == [expected(desk), theirs]
    found = desk.hub.statuses(desk.pull.head)
    assert reviewed_digest(found, bot=BOT) == samples.DIGEST
    context = "datarelease/check models/churn"
    assert reviewed_digest(found, bot=BOT, context=context) == "b" * 64
    desk.repo.artifacts[5] = ["datarelease-report"]
    empty = desk.artifact(None)
    failed = replace(desk.run, conclusion="failure")
    done = post(empty, failed, there, None, pages, Quiet(), default_branch="main")
    assert done.outcome == "posted", "the artifact of the other root is not the one that is lost"


def test_a_merge_queue_into_another_branch_has_that_branchs_status(desk: Desk) -> None:
    """As the pull requests into it have."""
    branch = f"gh-readonly-queue/release/2/pr-7-{'a' * 40}"
    run = replace(desk.run, event="merge_group", branch=branch)
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    found = Artifact(report=samples.small(), pull_request=None)
    post(found, run, desk.hub, None, pages, Quiet(), default_branch="main")
    [status] = desk.hub.statuses(desk.pull.head)
    assert status.context == "datarelease/check (into release/2)"


def test_a_merge_queues_artifact_names_no_pull_request(desk: Desk) -> None:
    """It is refused, and nothing is posted."""
    run = replace(desk.run, event="merge_group")
    with pytest.raises(ConfigError, match="it names a pull request"):
        desk.posted(run=run)
    assert (desk.bodies(), desk.repo.statuses) == ([], [])


def without_report(desk: Desk, conclusion: str, *, named: bool = True) -> Posting:
    """What came of posting for a check that left no report."""
    found = desk.artifact(None) if named else Artifact(report=None, pull_request=None)
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    run = replace(desk.run, conclusion=conclusion)
    return post(found, run, desk.hub, None, pages, Quiet(), default_branch="main")


def test_a_check_that_broke_early_is_told(desk: Desk) -> None:
    """The comment says so, and the status takes any earlier digest back."""
    desk.posted()
    posting = without_report(desk, "failure")
    assert posting.problems == ()
    assert desk.bodies() == [with_watermark("no report\n", desk.pull.head)]
    newest = desk.hub.statuses(desk.pull.head)
    assert newest[0].state == "error"
    assert reviewed_digest(newest, bot=BOT) is None


def test_a_check_that_left_nothing_at_all_is_told_where_its_pull_request_is_known(
    desk: Desk,
) -> None:
    """GitHub names it, or it is the one open pull request with that head; of two it is neither."""
    without_report(desk, "failure", named=False)
    assert desk.bodies() == [with_watermark("no report\n", desk.pull.head)]
    desk.repo.comments.clear()
    desk.work.git("push", "--quiet", str(desk.repo.bare.path), "main:other")
    desk.github.world.refresh(desk.repo)
    desk.github.world.opened(desk.repo, branch="topic", base="other", title="x", login="ann")
    posting = without_report(desk, "failure", named=False)
    assert desk.bodies() == []
    assert "before it could name its pull request" in posting.problems[0]
    run = replace(desk.run, conclusion="failure", pulls=(desk.number,))
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    post(
        Artifact(report=None, pull_request=None),
        run,
        desk.hub,
        None,
        pages,
        Quiet(),
        default_branch="main",
    )
    assert desk.bodies() == [with_watermark("no report\n", desk.pull.head)]


def test_a_check_with_nothing_to_report_passes_a_required_status(desk: Desk) -> None:
    """No comment, no digest, but no pull request hangs permanently either."""
    assert without_report(desk, "success", named=False).outcome == "nothing"
    [status] = desk.hub.statuses(desk.pull.head)
    assert status.state == "success"
    assert reviewed_digest((status,), bot=BOT) is None
    assert desk.bodies() == []


@pytest.mark.parametrize("conclusion", slow_but({"success"}, ["success", "failure", "cancelled"]))
def test_a_report_that_did_not_arrive_is_never_told_as_none(desk: Desk, conclusion: str) -> None:
    """Exit 3, no comment, no status: success without a digest would let unreviewed data pass."""
    desk.repo.artifacts[5] = ["datarelease-report"]
    with pytest.raises(WorldError, match="its report was not downloaded"):
        without_report(desk, conclusion)
    desk.github.fail("GET", "/artifacts", 502, times=20)
    with pytest.raises(WorldError, match="GitHub does not say whether the check uploaded one"):
        without_report(desk, conclusion)
    assert (desk.bodies(), desk.repo.statuses) == ([], [])


@pytest.mark.parametrize("state", [None, REPORT_BEGUN])
def test_a_check_that_failed_before_its_report_is_told(
    desk: Desk, tmp_path: Path, state: str | None
) -> None:
    """It says so; one of an earlier release says nothing, but uploads what git holds of stages."""
    desk.repo.artifacts[5] = ["datarelease-report"]
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "profile.json").write_text("{}")
    if state is not None:
        (tmp_path / REPORT_STATE_FILE).write_text(state)
    (tmp_path / PULL_REQUEST_FILE).write_text(encode(desk.artifact(None).pull_request))
    found = read_artifact(tmp_path)
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    run = replace(desk.run, conclusion="failure")
    posting = post(found, run, desk.hub, None, pages, Quiet(), default_branch="main")
    assert posting.outcome == "posted"
    assert desk.bodies() == [with_watermark("no report\n", desk.pull.head)]
    [status] = desk.hub.statuses(desk.pull.head)
    assert (status.state, "without a report" in status.description) == ("error", True)
    with pytest.raises(WorldError, match="its report was not downloaded"):
        post(found, desk.run, desk.hub, None, pages, Quiet(), default_branch="main")


def test_a_report_that_was_written_and_is_not_there_is_lost(desk: Desk, tmp_path: Path) -> None:
    """Other files arrived, but the check says that it wrote a report: exit 3, nothing is posted."""
    desk.repo.artifacts[5] = ["datarelease-report"]
    (tmp_path / PULL_REQUEST_FILE).write_text(encode(desk.artifact(None).pull_request))
    (tmp_path / REPORT_STATE_FILE).write_text(REPORT_WRITTEN)
    found = read_artifact(tmp_path)
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "no report\n")
    run = replace(desk.run, conclusion="failure")
    with pytest.raises(WorldError, match="its report was not downloaded"):
        post(found, run, desk.hub, None, pages, Quiet(), default_branch="main")
    assert (desk.bodies(), desk.repo.statuses) == ([], [])


def test_a_check_that_reached_its_time_limit_is_told(desk: Desk) -> None:
    """It ends as cancelled and uploads nothing: told where the head is current, else superseded."""
    posting = without_report(desk, "cancelled", named=False)
    assert posting.outcome == "posted"
    assert desk.bodies() == [with_watermark("no report\n", desk.pull.head)]
    [status] = desk.hub.statuses(desk.pull.head)
    assert (status.state, "time limit" in status.description) == ("error", True)
    older = replace(desk.run, conclusion="cancelled", head="e" * 40)
    pages = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "again\n")
    post(desk.artifact(None), older, desk.hub, None, pages, Quiet(), default_branch="main")
    assert desk.bodies() == [with_watermark("no report\n", desk.pull.head)]


@pytest.mark.parametrize("conclusion", ["action_required", "skipped"])
def test_a_check_that_did_not_run_is_not_told(desk: Desk, conclusion: str) -> None:
    """It waits for an approval, or was left out: not one request is made."""
    assert without_report(desk, conclusion).outcome == "nothing"
    assert desk.github.requests == []


def test_a_text_that_is_marked_already_is_a_mistake(desk: Desk) -> None:
    """The last gate before posting: nothing from data may carry our watermark."""
    with pytest.raises(ValueError, match="the watermark of datarelease"):
        put_comment(desk.hub, None, desk.number, watermark("f" * 40), Quiet(), sha=desk.pull.head)


def step(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch, *, event: dict[str, Any], **env: str
) -> Result:
    """How `datarelease post` ends as a step of report.yml."""
    (folder / "event.json").write_text(json.dumps(event))
    permissions = {
        "actions": "read", "contents": "read", "pull-requests": "write", "statuses": "write",
    }  # fmt: skip
    known = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": desk.github.url,
        "GITHUB_API_URL": desk.github.api_url,
        "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_TOKEN": desk.github.world.workflow_token("acme/data", permissions),
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_SHA": "0" * 40,
        "GITHUB_RUN_ID": "42",
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    for name, value in {**known, **env}.items():
        monkeypatch.setenv(name, value)
    return CliRunner().invoke(command, [str(folder / "artifact")])


def event_of(desk: Desk) -> dict[str, Any]:
    """The event that starts report.yml."""
    run = desk.run
    return {
        "repository": {"default_branch": "main"},
        "workflow_run": {
            "event": run.event,
            "conclusion": run.conclusion,
            "id": run.id,
            "head_sha": run.head,
            "head_branch": run.branch,
            "head_repository": {"full_name": run.repository},
            "html_url": f"{desk.github.url}/acme/data/actions/runs/5",
            "pull_requests": [],
        },
    }


def left(desk: Desk, folder: Path, report: Report | None = None) -> None:
    """The artifact of a check, on disk."""
    (folder / "artifact").mkdir()
    (folder / "artifact" / "report.json").write_text(encode(report or samples.warned()))
    found = desk.artifact(None).pull_request
    assert found is not None
    (folder / "artifact" / "pull-request.json").write_text(encode(found))


def test_the_command_posts_the_whole_report(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the artifact on disk to the rendered comment and the status, in five requests."""
    left(desk, tmp_path)
    done = step(desk, tmp_path, monkeypatch, event=event_of(desk))
    assert (done.exit_code, done.exception) == (0, None)
    said = "the comment on #1 was created by the built-in poster; the status is success"
    assert said in done.output
    [body] = desk.ours()
    assert body.startswith("### ⚠️ Warn · merging publishes **data-v4**")
    assert f"[the HTML report]({desk.github.url}/acme/data/actions/runs/5#artifacts)" in body
    assert [request.method for request in desk.github.requests] == [
        "GET", "GET", "POST", "POST", "GET", "GET",
    ]  # fmt: skip


def test_the_token_is_in_no_output_and_no_comment(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when all goes well nor when everything fails."""
    left(desk, tmp_path)
    program = tmp_path / "bin" / "cml"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nenv >&2\necho "$REPO_TOKEN"\nexit 1\n')
    program.chmod(0o755)
    done = step(desk, tmp_path, monkeypatch, event=event_of(desk))
    desk.github.fail("GET", "/comments$", 500, 9)
    desk.github.fail("POST", "/statuses/", 401, 9)
    monkeypatch.setattr("time.sleep", lambda _: None)
    failed = step(desk, tmp_path, monkeypatch, event=event_of(desk))
    assert (done.exit_code, failed.exit_code) == (0, 0)
    shown = done.output + failed.output + "".join(desk.bodies())
    assert "CML failed" in shown
    assert [token for token in desk.github.world.tokens if token in shown] == []


def test_the_command_warns_in_one_line_and_ends_well(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failing to comment is an annotation, not a red job."""
    left(desk, tmp_path)
    desk.github.fail("POST", "/comments$", 403, 9, message="no\n::error::x")
    done = step(desk, tmp_path, monkeypatch, event=event_of(desk))
    assert (done.exit_code, done.exception) == (0, None)
    orders = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert len(orders) == 1
    assert orders[0].startswith("::warning title=datarelease::The comment on #1 could not be")
    assert "the status is success" in done.stdout


def test_the_command_uses_the_cml_on_path(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the program is there, it is asked first; where it fails, that is a warning."""
    left(desk, tmp_path)
    program = tmp_path / "bin" / "cml"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'no network' >&2\nexit 1\n")
    program.chmod(0o755)
    done = step(desk, tmp_path, monkeypatch, event=event_of(desk))
    assert done.exit_code == 0
    assert "::warning title=datarelease::CML failed (exit 1): no network" in done.stderr
    assert len(desk.ours()) == 1


def test_the_command_belongs_into_a_workflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a laptop it says what to do instead."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    done = CliRunner().invoke(command, [str(tmp_path)])
    assert isinstance(done.exception, ConfigError)
    assert "is a step of a workflow" in str(done.exception)


def test_the_command_needs_a_token(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line to add to the workflow is named."""
    left(desk, tmp_path)
    done = step(desk, tmp_path, monkeypatch, event=event_of(desk), GITHUB_TOKEN="")
    assert isinstance(done.exception, ConfigError)
    assert "GITHUB_TOKEN: ${{ github.token }}" in done.exception.remedy


def test_the_real_program_is_used_through_its_adapter(desk: Desk, tmp_path: Path) -> None:
    """With the stand-in, or the CML that CML_BIN names: one comment, made and updated by CML."""
    program = os.environ.get("CML_BIN") or str(Path(__file__).parents[2] / "forge" / "cml")
    cml = Cml(
        program,
        server=desk.github.url,
        repository="acme/data",
        token=desk.github.world.workflow_token("acme/data", {"pull-requests": "write"}),
        env=os.environ,
    )
    assert tmp_path.exists()
    first = desk.posted(cml=cml).comment
    second = desk.posted(replace(samples.small(), digest="b" * 64), cml=cml).comment
    assert first is not None
    assert second is not None
    assert (first.by, second.by, first.problems, second.problems) == ("CML", "CML", (), ())
    assert desk.bodies() == [expected(desk, replace(samples.small(), digest="b" * 64))]


def test_a_change_of_something_else_gets_no_comment_of_its_own(desk: Desk) -> None:
    """Nothing to say about the data: the status alone; a comment that is there is brought up."""
    quiet = samples.unchanged()
    assert desk.posted(quiet).comment.state == "unchanged"  # type: ignore[union-attr]
    assert desk.ours() == []
    assert [status.state for status in desk.repo.statuses_of(desk.pull.head)] == ["success"]
    desk.posted()
    quiet = replace(quiet, digest="f" * 64)
    assert desk.posted(quiet).comment.state == "updated"  # type: ignore[union-attr]
    assert len(desk.ours()) == 1
