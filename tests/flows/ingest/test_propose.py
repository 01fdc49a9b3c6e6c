"""What waits becomes one proposal: on GitHub, or as a branch; once for the same offsets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.forge.server import GitHubServer
from tests.project import Project
from tests.proposing import (
    NAME,
    SCHEMA,
    Hosted,
    Waits,
    at_desk,
    branches,
    edited,
    hosted,
    plan_of,
    proposed,
    streaming,
)
from tests.versions import branch, object_path, tree_state

from datarelease.adapters.git.scratch_clone import ScratchGit
from datarelease.adapters.github.errors import Answer, GitHubError
from datarelease.adapters.github.repository import GitHub
from datarelease.adapters.store.directory import DirectoryStore
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.ingest.propose import proposal_commit
from datarelease.ingest.propose.proposals import proposals_of
from datarelease.model.github import PullRequest

FIRST = f"stream/{NAME}/000001-1"
SECOND = f"stream/{NAME}/000001-2"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A stream whose first events were not proposed yet; branches are proposals."""
    return Project.copied(streaming("empty"), tmp_path / "project")


@pytest.fixture
def hub(project: Project, github: GitHubServer) -> Hosted:
    """The same on GitHub."""
    return hosted(project, github)


def before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, act: Callable[[], object]
) -> None:
    """Let ``act`` happen right before the first call of a method."""
    original = getattr(owner, name)
    left = [act]

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, wrapped)


def failing(monkeypatch: pytest.MonkeyPatch, answer: Answer, *, carried_out: bool = False) -> None:
    """GitHub answers so, once, when it is asked to open a pull request."""
    original = GitHub.create_pull
    left = [answer]

    def wrapped(self: GitHub, **content: str) -> PullRequest:
        if not left:
            return original(self, **content)
        if carried_out:
            original(self, **content)
        raise GitHubError(left.pop(), "GitHub failed", untouched="", remedy="")

    monkeypatch.setattr(GitHub, "create_pull", wrapped)


# --- the proposal


def test_what_waits_becomes_a_pull_request(hub: Hosted) -> None:
    """One commit with the plan and the products; the data is there; asked again, it is the same."""
    work = {
        name: state for name, state in tree_state(hub.project.root).items() if ".dvc/" not in name
    }
    work = {name: state for name, state in work.items() if not name.startswith(".git/")}
    done = hub.proposed(Waits({0: 100, 1: 50}))
    [pull] = hub.pulls
    assert (done.state, done.pull, done.commit) == ("opened", pull.number, pull.head)
    assert (done.events, done.dead) == (129, 21)
    assert (pull.branch, pull.base, pull.user.login) == (FIRST, "main", "robot")
    assert pull.title == "orders: 129 events"
    body = str(pull.body)
    assert "| `orders` | 0 | 0 | 100 | 100 | 0 |\n| `orders` | 1 | 0 | 50 | 50 | 0 |" in body
    assert "| dead letters | 21 |" in body
    assert "`amount:<b>│ˋtypeˋ`" in body, "a reason is text, never markup"  # noqa: RUF001
    assert f"`{done.digest}`" in body
    changed = hub.repository.bare.git("diff", "--name-only", "main", FIRST).split()
    assert changed == ["dvc.lock", "reports/orders/stream.json", "streams/orders.json"]
    assert [b.number for b in plan_of(hub.project, FIRST).batches] == [1]
    lock = yaml.safe_load(hub.repository.bare.git("show", f"{FIRST}:dvc.lock"))
    for out in lock["stages"]["orders"]["outs"]:
        if out["path"].startswith("data/"):
            listing = json.loads(object_path(hub.project.remote, out["md5"]).read_text())
            assert all(object_path(hub.project.remote, file["md5"]).is_file() for file in listing)
    now = tree_state(hub.project.root)
    assert {name: now.get(name) for name in work} == work, "nobody's work tree is touched"
    assert hub.project.git("status", "--short") == ""

    waits = Waits({0: 900, 1: 950})
    again = hub.proposed(waits)
    assert (again.state, again.pull, len(hub.pulls), waits.asked) == ("open", done.pull, 1, 0)
    secret = hub.env["GITHUB_TOKEN"]
    clone = hub.project.root / ".dvc/tmp/datarelease"
    assert not [
        path for path in clone.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]


@pytest.mark.slow
def test_after_a_merge_what_came_since_is_next(hub: Hosted) -> None:
    """The next proposal continues where the merged one ended; parts that were there stay."""
    hub.proposed(Waits({0: 100}))
    hub.merged(hub.pulls[0], tidy=True)
    assert hub.proposed(Waits({0: 100})).state == "nothing"
    done = hub.proposed(Waits({0: 130}))
    assert (done.state, done.branch) == ("opened", f"stream/{NAME}/000002-1")
    plan = plan_of(hub.project, str(done.branch))
    spans = [(span.start, span.end) for batch in plan.batches for span in batch.spans]
    assert spans == [(0, 100), (100, 130)]
    assert "**Append-only**: the 1 batch before are unchanged." in str(hub.pulls[1].body)


@pytest.mark.slow  # a branch that was deleted, below, was refused
def test_a_refused_proposal_comes_again_only_with_more(hub: Hosted) -> None:
    """Closed unmerged: enough more events, or a person's word, and then with all of them."""
    hub.proposed(Waits({0: 100}))
    hub.closed(hub.pulls[0])
    hub.edit("params.yaml", (hub.project.root / "params.yaml").read_text().replace(
        "topic: orders", "topic: orders\n      propose: {events: 40}"))  # fmt: skip
    few = hub.proposed(Waits({0: 139}))
    assert (few.state, len(hub.pulls)) == ("nothing", 1)
    assert "pull request #1 was closed unmerged, and 39 events came since then" in few.message
    done = hub.proposed(Waits({0: 140}))
    assert (done.state, done.branch, done.pull) == ("opened", SECOND, 2)
    assert plan_of(hub.project, SECOND).ends() == {0: 140}


@pytest.mark.slow
def test_a_person_may_have_it_proposed_again(hub: Hosted) -> None:
    """Refused twice: the third attempt is a branch of its own, too."""
    for attempt in (1, 2, 3):
        done = hub.proposed(Waits({0: 100}), force=attempt > 1)
        assert (done.pull, done.branch) == (attempt, f"stream/{NAME}/000001-{attempt}")
        hub.closed(hub.pulls[-1])
    assert hub.proposed(Waits({0: 100})).state == "nothing"


@pytest.mark.slow
def test_a_blocked_verdict_is_proposed_for_people_to_see(hub: Hosted) -> None:
    """Data that its schema refuses opens a pull request nevertheless: its check says so."""
    hub.edit("schemas/orders.yaml", SCHEMA.replace("amount: {dtype: int64}", (
        "amount: {dtype: int64, checks: {less_than: 3}}"
    )))  # fmt: skip
    assert hub.proposed(Waits({0: 100})).state == "opened"


# --- GitHub fails


@pytest.mark.parametrize(
    "carried_out",
    [
        pytest.param(False, id="not done", marks=pytest.mark.slow),
        pytest.param(True, id="done all the same"),
    ],
)
def test_a_failing_github_makes_no_second_pull_request(
    hub: Hosted, monkeypatch: pytest.MonkeyPatch, *, carried_out: bool
) -> None:
    """A 502 does not say whether the request was carried out: we look, and take up the branch."""
    failing(monkeypatch, Answer(status=502, message=""), carried_out=carried_out)
    if carried_out:
        assert hub.proposed(Waits({0: 100})).state == "opened"
    else:
        with pytest.raises(WorldError):
            hub.proposed(Waits({0: 100}))
        assert list(branches(hub.project)) == ["main", FIRST]
    again = hub.proposed(Waits({0: 100, 1: 7}))
    assert again.state == ("open" if carried_out else "opened")
    assert [(pull.branch, pull.open) for pull in hub.pulls] == [(FIRST, True)]
    assert plan_of(hub.project, FIRST).ends() == {0: 100}


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=None, message="timed out"),
        Answer(status=403, message="secondary rate limit", headers={"retry-after": "3600"}),
        Answer(status=422, message="something else"),
    ],
    ids=["network", "rate limit", "422"],
)
def test_a_refusing_github_is_said_and_tried_again(
    hub: Hosted, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """The error is the world's, the branch stays, and the next run opens the pull request."""
    failing(monkeypatch, answer)
    with pytest.raises(WorldError):
        hub.proposed(Waits({0: 100}))
    assert hub.proposed(Waits({0: 100})).state == "opened"
    assert len(hub.pulls) == 1


def test_github_down_from_the_start_changes_nothing(hub: Hosted) -> None:
    """Where the open pull requests cannot be listed, nothing is planned."""
    hub.github.limit_rate("GET", "/pulls", times=9, wait=3600)
    waits = Waits({0: 100})
    with pytest.raises(WorldError):
        hub.proposed(waits)
    assert (list(branches(hub.project)), waits.asked) == (["main"], 0)


@pytest.mark.slow
def test_somebody_else_opened_it_meanwhile(hub: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub's `already exists` names the pull request that there is."""
    before(monkeypatch, GitHub, "create_pull", lambda: hub.github.world.opened(
        hub.repository, branch=FIRST, title="by hand", login="ann"))  # fmt: skip
    done = hub.proposed(Waits({0: 100}))
    assert (done.state, done.pull, len(hub.pulls)) == ("opened", 1, 1)


# --- two at once, and the world moving


def other_machine(hub: Hosted, folder: Path) -> Path:
    """A second clone with an ingester of its own."""
    hub.project.git("clone", "--quiet", str(hub.project.origin), str(folder))
    other = Project(folder, hub.project.origin, hub.project.remote)
    other.git("remote", "set-url", "origin", hub.github.clone_url("acme/data"))
    local = f"['remote \"storage\"']\n    url = {hub.project.remote}\n"
    other.write(".dvc/config.local", local)
    return folder


@pytest.mark.slow  # a branch is only created: tests/contract/test_git_desk.py
@pytest.mark.parametrize("point", ["claim", "create"])
def test_two_proposers_make_one(
    hub: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    """Whoever is second, with more events even, finds the branch taken and its proposal open."""
    other = other_machine(hub, tmp_path / "other")
    outcome = []
    before(monkeypatch, ScratchGit, point, lambda: outcome.append(
        proposed(other, proposals_of, Waits({0: 120}), env=hub.env)))  # fmt: skip
    done = hub.proposed(Waits({0: 100}))
    assert (outcome[0].state, done.state) == ("opened", "open")
    assert (done.pull, len(hub.pulls)) == (outcome[0].pull, 1)
    assert plan_of(hub.project, FIRST).ends() == {0: 120}


@pytest.mark.slow
def test_the_second_takes_up_what_the_first_left(
    hub: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A branch whose maker died before it opened the pull request is opened by the next one."""
    failing(monkeypatch, Answer(status=None, message="died"))
    with pytest.raises(WorldError):
        hub.proposed(Waits({0: 100}))
    other = other_machine(hub, tmp_path / "other")
    done = proposed(other, proposals_of, Waits({0: 500}), env=hub.env)
    assert (done.state, done.events, hub.pulls[0].title) == ("opened", 86, "orders: 86 events")


@pytest.mark.slow
def test_merged_while_another_was_prepared(
    hub: Hosted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's is opened, merged and its branch deleted meanwhile: no second one."""
    other = other_machine(hub, tmp_path / "other")

    def meanwhile() -> None:
        proposed(other, proposals_of, Waits({0: 100}), env=hub.env)
        hub.merged(hub.pulls[0], tidy=True)

    before(monkeypatch, ScratchGit, "create", meanwhile)
    assert hub.proposed(Waits({0: 100})).state == "nothing"
    assert len(hub.pulls) == 1
    assert list(branches(hub.project)) == ["main"]


@pytest.mark.slow
def test_the_default_branch_moved_meanwhile(hub: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins anew, so that the proposal continues the newest commit."""
    before(monkeypatch, proposal_commit, "deliver", hub.edit)
    done = hub.proposed(Waits({0: 100}))
    parent = hub.repository.bare.git("rev-parse", f"{done.commit}^")
    assert parent == hub.repository.bare.sha("refs/heads/main")
    assert list(branches(hub.project)) == ["main", FIRST]


# --- branches alone


def test_without_github_the_branch_is_the_proposal(project: Project) -> None:
    """Open as long as it is there; deleted, it was refused, and this desk remembers that."""
    done = proposed(project, proposals_of, Waits({0: 100}))
    assert (done.state, done.branch, done.pull) == ("opened", FIRST, None)
    assert branch(project, FIRST) == done.commit
    assert proposed(project, proposals_of, Waits({0: 100})).state == "open"
    project.git("push", "--quiet", "origin", "--delete", FIRST)
    few = proposed(project, proposals_of, Waits({0: 101}))
    assert (few.state, f"branch {FIRST} was closed" in few.message) == ("nothing", True)
    assert proposed(project, proposals_of, Waits({0: 101}), force=True).branch == SECOND


@pytest.mark.slow
def test_a_squashed_branch_that_was_left_is_done(project: Project) -> None:
    """What main has is not open, whether or not somebody deleted the branch."""
    proposed(project, proposals_of, Waits({0: 100}))
    project.git("fetch", "--quiet", "origin")
    project.git("merge", "--quiet", "--squash", f"origin/{FIRST}")
    project.commit("Squashed")
    project.push()
    assert proposed(project, proposals_of, Waits({0: 100})).state == "nothing"
    assert proposed(project, proposals_of, Waits({0: 110})).branch == f"stream/{NAME}/000002-1"


@pytest.mark.slow
def test_the_default_branch_need_not_be_called_main(project: Project) -> None:
    """It is what the remote says; a main that is there as well is not looked at."""
    project.git("push", "--quiet", "origin", "main:trunk")
    project.git(f"--git-dir={project.origin}", "symbolic-ref", "HEAD", "refs/heads/trunk")
    edited(project)
    done = proposed(project, proposals_of, Waits({0: 100}))
    assert project.git(f"--git-dir={project.origin}", "rev-parse", f"{done.commit}^") == branch(
        project, "trunk"
    )


@pytest.mark.slow
def test_a_remote_that_refuses_the_branch_is_said(project: Project) -> None:
    """The data may be on the remote then, and nothing else happened."""
    hook = project.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'no such branches here' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(WorldError, match="refused the branch"):
        proposed(project, proposals_of, Waits({0: 100}))
    hook.unlink()
    assert proposed(project, proposals_of, Waits({0: 100})).state == "opened"


@pytest.mark.slow
def test_a_branch_of_our_name_that_is_not_ours(
    hub: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, no pull request is opened for it, and nothing is done to it."""
    hub.repository.bare.git("branch", FIRST, "main")
    with pytest.raises(ConflictError, match="does not continue streams"):
        hub.proposed(Waits({0: 100}))
    assert branch(hub.project, FIRST) == branch(hub.project)
    hub.repository.bare.set(f"refs/heads/{FIRST}", None)

    failing(monkeypatch, Answer(status=None, message="died"))
    with pytest.raises(WorldError):
        hub.proposed(Waits({0: 100}))
    hub.project.git("fetch", "--quiet", str(hub.project.origin), FIRST)
    hub.project.git("checkout", "--quiet", "FETCH_HEAD")
    hub.project.write("stage.py", "print('mine now')")
    hub.project.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    hub.project.git("push", "--quiet", "--force", str(hub.project.origin), f"HEAD:{FIRST}")
    with pytest.raises(ConflictError, match=r"it changes stage\.py"):
        hub.proposed(Waits({0: 100}))
    assert hub.pulls == []


# --- the data


@pytest.mark.slow
def test_no_branch_before_the_data_is_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remote that loses an upload stops it; run again, only what is missing is sent."""
    original = DirectoryStore.upload

    def losing(self: DirectoryStore, files: Any, advance: Any) -> None:
        original(self, dict(sorted(files.items())[1:]), advance)

    with monkeypatch.context() as patched:
        patched.setattr(DirectoryStore, "upload", losing)
        with pytest.raises(WorldError, match="not on the remote after the push"):
            proposed(project, proposals_of, Waits({0: 100}))
    assert list(branches(project)) == ["main"]
    assert proposed(project, proposals_of, Waits({0: 100})).state == "opened"


@pytest.mark.slow
def test_a_fresh_desk_fetches_the_parts_before(tmp_path: Path) -> None:
    """A machine without the cache has the earlier parts from the remote, to add to them."""
    project = Project.copied(streaming("first"), tmp_path / "project")
    clone = project.clone(tmp_path / "clone")
    done = proposed(clone, proposals_of, Waits({0: 150}))
    kept = clone.root / ".dvc/tmp/datarelease/desk/data/orders"
    assert sorted(path.name for path in kept.iterdir()) == ["000001.csv", "000002.csv"]
    assert plan_of(project, str(done.branch)).ends() == {0: 150}


@pytest.mark.slow
def test_counts_that_are_not_about_the_plan_are_refused(project: Project) -> None:
    """A pipeline that leaves batches out would lose their events: nothing is proposed."""
    script = (project.root / "stage.py").read_text()
    edited(project, "stage.py", script.replace('in plan["batches"]', 'in plan["batches"][:1]'))
    with pytest.raises(ConfigError, match="does not describe the batches"):
        proposed(project, proposals_of, Waits({0: 100}, batch=60))
    assert list(branches(project)) == ["main"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("drained", "error"),
    [
        ("", WorldError),
        ("pathlib.Path('data/streams/orders/raw/000001.parquet').touch()", ConfigError),
    ],
    ids=["broker went away", "parse fails"],
)
def test_a_pipeline_that_fails_proposes_nothing(
    project: Project, drained: str, error: type[Exception]
) -> None:
    """Records that could not be drained are the world's fault; anything else is the pipeline's."""
    script = (project.root / "stage.py").read_text()
    edited(project, "stage.py", script.replace("counts = []", f"{drained}\nraise SystemExit(3)"))
    with pytest.raises(error, match="`dvc repro` failed"):
        proposed(project, proposals_of, Waits({0: 100}))
    assert list(branches(project)) == ["main"]
    edited(project, "stage.py", script)
    assert proposed(project, proposals_of, Waits({0: 100})).state == "opened"


# --- the desk


def test_one_process_at_a_time(project: Project) -> None:
    """The lock belongs to a process and what it started, and ends with them."""
    with (
        at_desk(project),
        pytest.raises(WorldError, match="Another process"),
        at_desk(project),
    ):
        pass
    script = (
        "import os; from pathlib import Path; from datarelease.adapters.process import run_shown\n"
        "from datarelease.ingest.propose.scratch_clone import ScratchClone\n"
        "from datarelease.progress import Quiet\n"
        "with ScratchClone(Path('.'), env=os.environ, progress=Quiet()).locked():\n"
        "    run_shown(['sh', '-c', 'kill -9 $PPID; echo killed; read line'], cwd=Path('.'))\n"
    )
    # The reader stands for a pipeline that outlives its killed parent: it ends with our pipe.
    started = subprocess.Popen(
        [sys.executable, "-c", script], cwd=project.root, stderr=subprocess.PIPE
    )
    assert started.stderr is not None
    assert b"killed" in started.stderr.readline()
    started.wait()
    with at_desk(project):
        pass


@pytest.mark.slow  # tests/contract/test_git_desk.py has half a clone
def test_a_broken_desk_is_made_anew(project: Project) -> None:
    """Locks and half a clone of a killed process are no obstacle; nothing above them moves."""
    proposed(project, proposals_of, Waits({0: 100}))
    clone = project.root / ".dvc/tmp/datarelease/desk"
    (clone / ".git/index.lock").touch()
    (clone / "streams/orders.json").write_text("{")
    (clone / ".dvc/config.local").write_text("[")
    project.git("push", "--quiet", "origin", "--delete", FIRST)
    assert proposed(project, proposals_of, Waits({0: 100}), force=True).branch == SECOND
    (clone / ".git/HEAD").unlink()
    project.write("notes.txt", "unsaved work")
    assert proposed(project, proposals_of, Waits({0: 100})).state == "open"
    assert (project.root / "notes.txt").read_text() == "unsaved work"
    assert project.git("branch", "--show-current") == "main"


@pytest.mark.slow
def test_a_repository_in_a_folder_of_another(tmp_path: Path) -> None:
    """Where DVC's root is not git's, the desk has the same layout."""
    inner = Project.copied(streaming("empty"), tmp_path / "project")
    outer = Project(tmp_path / "outer", inner.origin, inner.remote)
    outer.root.mkdir()
    outer.git("init", "--quiet")
    files = inner.git("ls-files").splitlines()
    for name in files:
        outer.write(f"data team/{name}", (inner.root / name).read_bytes())
    outer.write(
        "data team/.dvc/config.local", f"['remote \"storage\"']\n    url = {inner.remote}\n"
    )
    outer.git("remote", "add", "origin", str(inner.origin))
    outer.commit("All in a folder")
    outer.git("push", "--quiet", "--force", "origin", "main")
    done = proposed(outer.root / "data team", proposals_of, Waits({0: 100}))
    changed = outer.git(
        f"--git-dir={inner.origin}", "diff", "--name-only", "main", str(done.commit)
    )
    assert "data team/streams/orders.json" in changed
