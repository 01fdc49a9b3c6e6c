"""What counts as reviewed of a commit that is released, on a GitHub with several pull requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests import sample_reports as samples
from tests.forge.gitdir import WorkTree
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer

from datarelease.adapters.github.repository import GitHub
from datarelease.flows.release.publish import Review, find_review
from datarelease.model.github import BOT, Push
from datarelease.model.review.reviewed_digest import status_of

A, B, BOTH = "a" * 64, "b" * 64, "c" * 64


@dataclass
class Queue:
    """Two pull requests that a merge queue brings by one push."""

    github: GitHubServer
    repo: Repository
    first: Pull
    second: Pull
    push: Push

    @property
    def hub(self) -> GitHub:
        """What the publisher may ask."""
        token = self.github.world.workflow_token(
            "acme/data", {"pull-requests": "read", "statuses": "read", "contents": "write"}
        )
        return GitHub(
            api_url=self.github.api_url, repository="acme/data", token=token, sleep=lambda _: None
        )

    def checked(self, sha: str, digest: str, *, queued: bool = False, by: str = BOT) -> None:
        """The report of a check on a commit's status."""
        report = replace(samples.small(), digest=digest)
        status = status_of(report, "https://github.example", queued=queued)
        self.github.world.status(
            self.repo, sha, login=by, state=status.state, context=status.context,
            description=status.description,
        )  # fmt: skip

    @property
    def review(self) -> Review:
        """What is known."""
        return find_review(self.hub, self.push)


@pytest.fixture
def queue(github: GitHubServer, tmp_path: Path) -> Queue:
    """Both are merged, and the release of their push is due."""
    work = WorkTree.made(tmp_path / "work", {"x.txt": "1\n"})
    for name in ("one", "two"):
        work.git("checkout", "--quiet", "main")
        work.commit({f"{name}.txt": "1\n"}, branch=name)
    repo = github.world.repository("acme/data", source=work.path)
    pulls: list[Any] = [
        github.world.opened(repo, branch=name, title=name, login="ann") for name in ("one", "two")
    ]
    shas = [github.world.merge(repo, pull.number, login="ann", how="squash") for pull in pulls]
    push = Push(head=shas[1], commits=(shas[0],))
    return Queue(github=github, repo=repo, first=pulls[0], second=pulls[1], push=push)


def test_data_reviewed_in_any_pull_request_of_the_push_counts(queue: Queue) -> None:
    """The last one changes no data, so what is released is what the first one's reviewer saw."""
    queue.checked(queue.first.head, A)
    queue.checked(queue.second.head, B)
    review = queue.review
    assert review.digests == (B, A)
    assert review.of(A) == A
    assert review.numbers(A) == (queue.first.number, queue.second.number)
    assert review.of(BOTH) in {A, B}


def test_what_a_queue_put_together_may_be_released(queue: Queue) -> None:
    """Two changes of the data in one group: neither review shows both, the queue's check does."""
    queue.checked(queue.first.head, A)
    queue.checked(queue.second.head, B)
    queue.checked(queue.push.head, BOTH, queued=True)
    review = queue.review
    assert review.digests == (BOTH, B, A)
    assert review.of(BOTH) == BOTH
    assert review.said.startswith(
        f"the merge queue checked the digest {BOTH}; the reviewed digest is {B} (pull request #"
    )


def test_other_data_than_a_queue_checked_is_refused(queue: Queue) -> None:
    """A blocked group has no digest, and other bytes than the group's are other data."""
    queue.checked(queue.push.head, BOTH, queued=True)
    review = queue.review
    assert (review.digests, review.of(A)) == ((BOTH,), BOTH)
    assert "no review is recorded: pull request #2, #1 has no report" in review.said


def test_the_released_commits_own_status_is_read_first(queue: Queue) -> None:
    """A head that was checked and then pushed as it is; of strangers' statuses none counts."""
    queue.checked(queue.push.head, A)
    queue.checked(queue.push.head, B, by="eve")
    review = queue.review
    assert (review.own, review.digests) == (A, (A,))
    first = next(r for r in queue.github.requests if r.path.endswith(("statuses", "pulls")))
    assert first.path == f"/repos/acme/data/commits/{queue.push.head}/statuses"


def test_a_digest_named_by_hand_stands_alone(queue: Queue) -> None:
    """The pull requests are still told of."""
    queue.checked(queue.first.head, A)
    found = queue.review
    review = Review(pulls=found.pulls, own=found.own, accepted=BOTH)
    assert review.digests == (BOTH,)
    assert review.numbers(BOTH) == (queue.second.number, queue.first.number)
