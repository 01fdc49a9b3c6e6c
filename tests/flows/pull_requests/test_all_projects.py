"""One status for all projects of a repository: what a change touches has to pass, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import sample_reports as samples
from tests.forge.gitdir import WorkTree
from tests.forge.records import Repository
from tests.forge.server import GitHubServer

from datarelease.adapters.github.repository import GitHub
from datarelease.adapters.untrusted import Artifact
from datarelease.flows.pull_requests.post import CommentTexts, Posting, post
from datarelease.model.github import BOT, CheckRun, CommitStatus, PullRequestFile
from datarelease.model.review.all_projects import status_of_all, touched
from datarelease.model.review.report import Report
from datarelease.progress import Quiet

FILES = {
    "README.md": "two projects\n",
    "sales/.dvc/config": "",
    "sales/params.yaml": "rows: 1\n",
    "models/churn/.dvc/config": "",
    "models/churn/params.yaml": "rows: 1\n",
}


@dataclass
class Monorepo:
    """A repository of two projects, with jobs that post reports of them."""

    github: GitHubServer
    repo: Repository
    work: WorkTree
    grants: dict[str, str]

    def hub(self, directory: str) -> GitHub:
        """The adapter of a project's job."""
        return GitHub(
            api_url=self.github.api_url,
            repository="acme/data",
            token=self.github.world.workflow_token("acme/data", self.grants),
            directory=directory,
            sleep=lambda _: None,
        )

    def changed(self, *paths: str) -> Any:
        """A pull request that edits these files."""
        self.work.git("checkout", "--quiet", "main")
        branch = f"edit-{len(self.repo.pulls)}"
        self.work.commit(dict.fromkeys(paths, "rows: 2\n"), branch=branch)
        self.work.git("push", "--quiet", str(self.repo.bare.path), branch)
        return self.github.world.opened(self.repo, branch=branch, title="Edit", login="ann")

    def posted(self, pull: Any, directory: str, report: Report | None = None) -> Posting:
        """The report of one project's check is posted."""
        run = CheckRun(
            id=5, event="pull_request", conclusion="success", head=pull.head, branch=pull.branch,
            repository="acme/data", url="https://github.example/run", pulls=(pull.number,),
        )  # fmt: skip
        named = PullRequestFile(number=pull.number, head=pull.head, base="main")
        artifact = Artifact(report=report or samples.small(), pull_request=named)
        texts = CommentTexts(report=lambda _: "report\n", unreported=lambda _: "none\n")
        hub = self.hub(directory)
        return post(artifact, run, hub, None, texts, Quiet(), default_branch="main")

    def status(self, pull: Any) -> tuple[str, str] | None:
        """State and text of the newest common status of a pull request's head."""
        found = [s for s in self.hub("sales").statuses(pull.head) if s.context == "datarelease/all"]
        return (found[0].state, found[0].description) if found else None


@pytest.fixture
def monorepo(github: GitHubServer, tmp_path: Path) -> Monorepo:
    """Two projects below the top of acme/data."""
    work = WorkTree.made(tmp_path / "mono", FILES)
    repo = github.world.repository("acme/data", source=work.path)
    grants = {"contents": "read", "pull-requests": "write", "statuses": "write"}
    return Monorepo(github=github, repo=repo, work=work, grants=grants)


def test_a_change_of_one_project_does_not_wait_for_the_other(monorepo: Monorepo) -> None:
    """Its report alone decides, in whatever order the reports come."""
    pull = monorepo.changed("sales/params.yaml")
    monorepo.posted(pull, "models/churn")
    assert monorepo.status(pull) == ("pending", "waits for sales")
    monorepo.posted(pull, "sales")
    assert monorepo.status(pull) == ("success", "passed: sales")


def test_a_change_of_both_waits_for_both_and_is_blocked_by_either(monorepo: Monorepo) -> None:
    """The common status passes once all touched projects do."""
    pull = monorepo.changed("sales/params.yaml", "models/churn/params.yaml")
    assert monorepo.posted(pull, "sales").problems == ()
    assert monorepo.status(pull) == ("pending", "waits for models/churn")
    monorepo.posted(pull, "models/churn", samples.blocked())
    assert monorepo.status(pull) == ("failure", "blocked: models/churn")
    monorepo.posted(pull, "models/churn")
    assert monorepo.status(pull) == ("success", "passed: models/churn, sales")


def test_a_change_of_no_project_passes(monorepo: Monorepo) -> None:
    """Else nothing but data could ever be merged."""
    pull = monorepo.changed("README.md")
    monorepo.posted(pull, "sales")
    assert monorepo.status(pull) == ("success", "no project is touched")


def test_reports_at_the_same_moment_leave_no_stale_status(
    monorepo: Monorepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other project reports between our reading and our writing: we read again."""
    pull = monorepo.changed("sales/params.yaml", "models/churn/params.yaml")
    real, calls = GitHub.statuses, []

    def racing(hub: GitHub, sha: str) -> tuple[CommitStatus, ...]:
        found = real(hub, sha)
        calls.append(hub.directory)
        if calls == ["sales"]:
            monorepo.posted(pull, "models/churn")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(GitHub, "statuses", racing)
        monorepo.posted(pull, "sales")
    assert monorepo.status(pull) == ("success", "passed: models/churn, sales")


def test_a_status_of_somebody_else_counts_for_nothing(monorepo: Monorepo) -> None:
    """Everybody who may push can set statuses."""
    pull = monorepo.changed("sales/params.yaml", "models/churn/params.yaml")
    monorepo.github.world.status(
        monorepo.repo, pull.head, login="ann", state="success",
        context="datarelease/check models/churn", description="", target=None,
    )  # fmt: skip
    monorepo.posted(pull, "sales")
    assert monorepo.status(pull) == ("pending", "waits for models/churn")


def test_a_repository_of_one_project_has_no_common_status(
    github: GitHubServer, tmp_path: Path
) -> None:
    """Its own status is enough."""
    work = WorkTree.made(tmp_path / "one", {".dvc/config": "", "params.yaml": "a: 1\n"})
    repo = github.world.repository("acme/data", source=work.path)
    grants = {"contents": "read", "pull-requests": "write", "statuses": "write"}
    one = Monorepo(github=github, repo=repo, work=work, grants=grants)
    pull = one.changed("params.yaml")
    assert one.posted(pull, ".").problems == ()
    assert one.status(pull) is None


def test_a_token_that_may_not_list_files_posts_all_the_same(monorepo: Monorepo) -> None:
    """A workflow of an older time grants less: the report is there, and the problem is said."""
    monorepo.repo.private = True
    del monorepo.grants["contents"]
    pull = monorepo.changed("sales/params.yaml")
    posting = monorepo.posted(pull, "sales")
    assert posting.status is not None
    assert "contents: read" in " ".join(posting.problems)
    assert monorepo.status(pull) is None


_DIRECTORY = st.lists(st.sampled_from("ab"), max_size=2).map(lambda parts: "/".join(parts) or ".")
_PATH = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join)


@given(directories=st.lists(_DIRECTORY, unique=True), paths=st.lists(_PATH))
def test_each_file_belongs_to_the_innermost_project(
    directories: list[str], paths: list[str]
) -> None:
    """No more and no fewer are touched."""
    found = touched(directories, paths)
    assert set(found) <= set(directories)
    for path in paths:
        above = [d for d in directories if d == "." or path.startswith(f"{d}/")]
        if above:
            inner = max(above, key=lambda d: 0 if d == "." else len(d))
            assert inner in found


def test_a_long_list_is_cut_to_what_github_takes() -> None:
    """A description has at most 140 characters."""
    names = [f"projects/number-{n}" for n in range(20)]
    status = status_of_all(names, (), base="main", default="main", bot=BOT, url="")
    assert (len(status.description), status.state) == (140, "pending")
