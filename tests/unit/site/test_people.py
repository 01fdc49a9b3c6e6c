"""Who proposed and reviewed a change, as its commits word it."""

from __future__ import annotations

from typing import cast

import pytest

from datarelease.adapters.git.objects import CommitText
from datarelease.adapters.git.repository import Git
from datarelease.flows.release.plan import RELEASE_COMMIT
from datarelease.site.content.figures import VersionFigures
from datarelease.site.content.people import with_people


class History(dict[str, CommitText]):
    """Commits by name."""

    def commit_text(self, commit: str) -> CommitText | None:
        """A commit, or None."""
        return self.get(commit)


SIDE = CommitText("Ada", "Dearer plans\n\nReviewed-by: Grace H <grace@example.com>", ("base",))


@pytest.mark.parametrize(
    ("commit", "subject", "pull"),
    [
        (CommitText("Merger", "Merge pull request #7 from acme/x\n\nPrices", ("a", "side")),
         "Prices", 7),
        (CommitText("Merger", "Merge branch 'x'", ("a", "side")), "Dearer plans", None),
        (CommitText("Ada", "Prices (#8)\n\nApproved-by: Grace H <g@example.com>", ("a",)),
         "Prices", 8),
        (CommitText("Bot", f"{RELEASE_COMMIT}abc", ("side",)), "Dearer plans", None),
    ],
    ids=["merged on GitHub", "merged by hand", "squashed", "release commit"],
)  # fmt: skip
def test_a_commit_names_author_and_reviewers(
    commit: CommitText, subject: str, pull: int | None
) -> None:
    """The side that was merged, not who merged it; and no address of mail."""
    git = cast("Git", History(head=commit, side=SIDE))
    told = with_people(git, "head", VersionFigures(datasets=()))
    assert (told.author, told.reviewers) == ("Ada", ("Grace H",))
    assert (told.subject, told.pull) == (subject, pull)


def test_a_commit_that_the_clone_lacks_names_nobody() -> None:
    """A shallow clone has the commits of versions and none before."""
    figures = VersionFigures(datasets=())
    assert with_people(cast("Git", History()), "head", figures) == figures
    alone = CommitText("Ada", f"{RELEASE_COMMIT}abc", ("gone",))
    assert with_people(cast("Git", History(head=alone)), "head", figures).author == "Ada"
