"""A proposal is merged by itself only where nothing is left for a person to decide."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.forge.server import GitHubServer
from tests.project import Project
from tests.proposing import (
    NAME,
    Hosted,
    Waits,
    at_desk,
    automatic,
    branches,
    edited,
    hosted,
    merging,
    proposed,
    streaming,
)
from tests.versions import branch

from datarelease.documents import decode
from datarelease.errors import WorldError
from datarelease.ingest.propose import proposal_commit
from datarelease.ingest.propose.proposals import proposals_of
from datarelease.ingest.propose.propose import Proposal

BRANCH = f"stream/{NAME}/000002-1"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A stream of which data-v1 is released and a second batch is proposed, as a branch."""
    return Project.copied(streaming("open"), tmp_path / "project")


@pytest.fixture
def done(project: Project) -> Proposal:
    """The proposal."""
    return decode(Proposal, (project.root.parent / "proposal.json").read_text())


@pytest.fixture
def hub(project: Project, done: Proposal, github: GitHubServer) -> Hosted:
    """The same on GitHub, as a pull request."""
    made = hosted(project, github)
    github.world.opened(
        made.repository, branch=str(done.branch), title="orders: 43 events", login="robot"
    )
    return made


def test_a_passing_patch_is_merged(hub: Hosted, done: Proposal) -> None:
    """Not before its check has ended; by GitHub, at the very commit that was checked."""
    waits = hub.merging()
    assert (waits.state, waits.reason) == ("waits", "its check has not ended yet")
    hub.status("success", str(done.digest))
    merged = hub.merging()
    assert (merged.state, merged.pull) == ("merged", 1)
    assert merged.commit == hub.repository.bare.sha("refs/heads/main")
    pull = hub.pulls[0]
    assert (pull.merged is not None, pull.merged_by.login if pull.merged_by else "") == (
        True,
        "robot",
    )
    assert hub.merging().state == "nothing"


@pytest.mark.parametrize(
    ("state", "login", "digest", "outcome", "reason"),
    [
        ("failure", "github-actions[bot]", None, "refused", "its check ended with failure"),
        ("success", "github-actions[bot]", "e" * 64, "refused", "its check saw other data: eeee"),
        ("success", "ann", None, "waits", "the status that ann set does not count"),
        pytest.param(
            "success", "robot", None, "waits", "the status that robot set does not count",
            marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_without_the_status_it_is_not_merged(
    hub: Hosted,
    done: Proposal,
    state: str,
    login: str,
    digest: str | None,
    outcome: str,
    reason: str,
) -> None:
    """Failed, of other data, or set by anybody but the account that posts reports."""
    hub.status(state, digest or str(done.digest), login=login)
    found = hub.merging()
    assert found.state == outcome
    assert reason in found.reason
    assert hub.pulls[0].open


def test_a_commit_of_somebody_else_is_not_merged(hub: Hosted, done: Proposal) -> None:
    """A branch that was pushed to belongs to a person, whatever its status says."""
    person = hub.project
    person.git("fetch", "--quiet", str(person.origin), BRANCH)
    person.git("checkout", "--quiet", "FETCH_HEAD")
    person.write("reports/orders/stream.json", "{}")
    person.commit("Better counts")
    person.git("push", "--quiet", str(person.origin), f"HEAD:refs/heads/{BRANCH}")
    hub.github.world.refresh(hub.repository)
    hub.status("success", str(done.digest))
    found = hub.merging()
    assert (found.state, "was not made in this repository" in found.reason) == ("refused", True)


def test_a_proposal_of_another_machine_is_left_to_it(
    hub: Hosted, done: Proposal, tmp_path: Path
) -> None:
    """Only the desk that made a commit knows it for its own."""
    hub.status("success", str(done.digest))
    hub.project.git("clone", "--quiet", str(hub.project.origin), str(tmp_path / "other"))
    other = Project(tmp_path / "other", hub.project.origin, hub.project.remote)
    other.git("remote", "set-url", "origin", hub.github.clone_url("acme/data"))
    other.write(".dvc/config.local", f"['remote \"storage\"']\n    url = {other.remote}\n")
    found = merging(other, proposals_of, env=hub.env)
    assert (found.state, "another machine opened it" in found.reason) == ("refused", True)


def test_a_pull_request_into_another_branch_is_not_merged(hub: Hosted) -> None:
    """Somebody pointed it elsewhere."""
    hub.repository.bare.git("branch", "elsewhere", "main")
    hub.pulls[0].base = "elsewhere"
    assert hub.merging().reason == "its base is elsewhere, not main"


@pytest.mark.slow
@pytest.mark.parametrize("status", [405, 409, 502])
def test_a_github_that_refuses_is_said(hub: Hosted, done: Proposal, status: int) -> None:
    """A rule of the repository or a moved branch: later; a failure: the world's error."""
    hub.status("success", str(done.digest))
    hub.github.fail("PUT", "/merge$", status, times=9)
    if status == 502:
        with pytest.raises(WorldError):
            hub.merging()
    else:
        assert hub.merging().state == "waits"
    hub.github.faults.clear()
    assert hub.merging().state == "merged"


@pytest.mark.slow
def test_a_repository_that_only_squashes_gets_a_squash(hub: Hosted, done: Proposal) -> None:
    """Ways of merging that it does not allow are skipped."""
    hub.status("success", str(done.digest))
    hub.github.fail("PUT", "/merge$", 405, times=1)
    assert hub.merging().state == "merged"
    assert len(hub.repository.bare.git("rev-list", "--parents", "-1", "main").split()) == 2


# --- branches alone; the rules of the data are the same


def test_a_branch_is_merged_by_a_push(project: Project, done: Proposal) -> None:
    """The merge and the end of the branch are one push; a person's commit in between is kept."""
    edited(project)
    found = merging(project, proposals_of)
    assert (found.state, found.commit) == ("merged", branch(project))
    parents = project.git(f"--git-dir={project.origin}", "rev-list", "--parents", "-1", "main")
    assert str(done.commit) in parents.split()
    assert list(branches(project)) == ["main"]
    assert project.git(f"--git-dir={project.origin}", "show", "main:notes.txt") == "something else"


def test_the_policy_has_to_say_so(project: Project) -> None:
    """The default is that a person merges."""
    automatic(project, auto_merge=False)
    found = merging(project, proposals_of)
    assert (found.state, "release.policy.auto_merge" in found.reason) == ("refused", True)


def test_a_first_version_is_a_persons(tmp_path: Path) -> None:
    """A dataset that appears is more than a patch."""
    project = Project.copied(streaming("empty"), tmp_path / "empty")
    automatic(project)
    proposed(project, proposals_of, Waits({0: 100}))
    found = merging(project, proposals_of)
    assert (found.state, found.reason) == ("refused", "the change is additive, not a patch")


@pytest.mark.slow  # a verdict of block, below, is a person's
def test_a_topic_that_began_anew_is_a_persons(tmp_path: Path) -> None:
    """Every released row would go: that blocks by default, and no rule makes it merge by itself."""
    project = Project.copied(streaming("first"), tmp_path / "anew")
    project.git("rm", "--quiet", f"streams/{NAME}.json")
    automatic(project, append_only=False)
    proposed(project, proposals_of, Waits({1: 100}))
    found = merging(project, proposals_of)
    assert found.state == "refused"
    assert found.reason.startswith(
        "it is not append-only: of the batch before, 1 has other content"
    )
    assert "86 rows removed" in found.reason
    automatic(project)
    found = merging(project, proposals_of)
    assert found.state == "refused"
    assert found.reason.startswith("the verdict is block: orders: not append-only")


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"dead_letters": {"max": 0.01, "level": "warn"}}, "the verdict is warn"),
        ({"rows": {"max": 100, "level": "block"}}, "the verdict is block"),
    ],
    ids=["warn", "block"],
)
def test_a_verdict_short_of_pass_is_a_persons(
    project: Project, policy: dict[str, object], said: str
) -> None:
    """A warning is enough."""
    automatic(project, **policy)
    found = merging(project, proposals_of)
    assert (found.state, found.reason.startswith(said)) == ("refused", True)


@pytest.mark.slow
def test_a_column_more_is_a_persons(tmp_path: Path) -> None:
    """Every row is kept, in parts that were made again, and it is more than a patch."""
    project = Project.copied(streaming("first"), tmp_path / "other")
    script = (project.root / "stage.py").read_text()
    text = (project.root / "schemas/orders.yaml").read_text()
    script = script.replace('{offset % 5}"', '{offset % 5},1"').replace("amount", "amount,note")
    edited(project, "stage.py", script)
    edited(project, "schemas/orders.yaml", text.replace("strict", "  note: {dtype: int64}\nstrict"))
    automatic(project, append_only=False)
    proposed(project, proposals_of, Waits({0: 150}))
    found = merging(project, proposals_of)
    assert (found.state, found.reason) == ("refused", "the change is additive, not a patch")


@pytest.mark.slow
def test_a_column_less_is_a_persons(tmp_path: Path) -> None:
    """Breaking changes are, also where the policy allows them."""
    project = Project.copied(streaming("first"), tmp_path / "other")
    script = (project.root / "stage.py").read_text()
    text = (project.root / "schemas/orders.yaml").read_text()
    edited(project, "stage.py", script.replace(',{offset % 5}"', '"').replace("id,amount", "id"))
    edited(project, "schemas/orders.yaml", text.replace("  amount: {dtype: int64}\n", ""))
    waiver = {"what": "orders.amount", "until": "data-v9", "reason": "tried in a test"}
    automatic(project, allow_breaking=[waiver])
    proposed(project, proposals_of, Waits({0: 150}))
    found = merging(project, proposals_of)
    assert found.state == "refused"
    assert found.reason.startswith(
        "the verdict is warn: amount: breaking change: column 'amount' was removed"
    )


@pytest.mark.slow
def test_a_protected_branch_waits_for_a_person(project: Project, done: Proposal) -> None:
    """The push is refused, and both branches are as they were."""
    hook = project.origin / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
    hook.chmod(0o755)
    tip = branch(project)
    found = merging(project, proposals_of)
    assert (found.state, "does not accept it" in found.reason) == ("waits", True)
    assert (branch(project), branch(project, BRANCH)) == (tip, done.commit)


def other_data(project: Project) -> None:
    """A person's commit on main, in which the pipeline made other data of the first batch."""
    project.git("pull", "--quiet", str(project.origin), "main")
    script = (project.root / "stage.py").read_text()
    project.write("stage.py", script.replace("offset % 5", "offset % 4"))
    project.repro()
    project.commit("Other amounts")
    project.git("push", "--quiet", str(project.origin), "HEAD:main")


def test_a_proposal_in_conflict_is_made_anew(project: Project) -> None:
    """Overtaken by other data, it is withdrawn; nobody refused it, so it need not wait for more."""
    other_data(project)
    found = merging(project, proposals_of)
    assert (found.state, found.reason.partition(":")[0]) == ("waits", "it conflicts with main")
    assert list(branches(project)) == ["main"]
    again = proposed(project, proposals_of, Waits({0: 150}))
    assert (again.state, again.branch) == ("opened", f"stream/{NAME}/000002-2")


@pytest.mark.slow
def test_a_pull_request_overtaken_on_github_is_made_anew(hub: Hosted, done: Proposal) -> None:
    """Its pull request is closed and its branch removed by the account that opened it."""
    hub.status("success", str(done.digest))
    other_data(hub.project)
    hub.github.world.refresh(hub.repository)
    assert hub.merging().state == "waits"
    assert [(pull.open, pull.merged) for pull in hub.pulls] == [(False, None)]
    again = hub.proposed(Waits({0: 150}))
    assert (again.state, again.pull, again.branch) == ("opened", 2, f"stream/{NAME}/000002-2")


@pytest.mark.slow
def test_a_check_of_the_merge_with_newer_main_counts(hub: Hosted, done: Proposal) -> None:
    """What GitHub checks is the merge: the digest is that of the merge, whatever the branch has."""
    hub.edit()
    hub.status("success", str(done.digest))
    assert hub.merging().state == "merged"


@pytest.mark.slow
def test_a_commit_with_other_files_is_not_merged(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one of our own may hold nothing but the plan and what a run of the pipeline makes."""
    monkeypatch.setattr(proposal_commit, "products_of", lambda _: ("dvc.lock",))
    found = merging(project, proposals_of)
    assert (
        found.reason == "it changes reports/orders/stream.json, which no run of the pipeline makes"
    )


def test_two_open_proposals_are_a_persons(project: Project) -> None:
    """Somebody made a branch beside ours."""
    project.git("push", "--quiet", "origin", f"origin/main:refs/heads/stream/{NAME}/by-hand")
    with at_desk(project) as clone:
        clone.refresh()
        commit = clone.git.commit_files(clone.heads[BRANCH], {"notes.txt": b"x"}, "By hand")
        clone.git.push({f"refs/heads/stream/{NAME}/by-hand": commit})
    found = merging(project, proposals_of)
    assert (found.state, found.reason) == ("refused", "more than one proposal is open")
