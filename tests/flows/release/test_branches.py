"""Where the release commit goes: with main, on the tag alone, from a branch or a detached HEAD."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path

import pytest
import yaml
from tests.commands import Point, run
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import assert_whole, branch, commit, manifest, tags, tree_state

import datarelease as dr
from datarelease.errors import ConfigError
from datarelease.model.versions.release import Released
from datarelease.progress import Step

pytestmark = pytest.mark.one_dataset

PROTECT_MAIN = """\
#!/bin/sh
while read old new ref; do
    if [ "$ref" = refs/heads/main ]; then echo "main is protected" >&2; exit 1; fi
done
"""


def protect_main(project: Project) -> None:
    """The origin refuses every push to main, as a branch ruleset does."""
    hook = project.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(PROTECT_MAIN)
    hook.chmod(0o755)


def counting(project: Project) -> Path:
    """The stage leaves a line in the file returned on each run."""
    counter = project.root.parent / "runs"
    script = (project.root / "make.py").read_text()
    project.write("make.py", f'{script}\nopen({str(counter)!r}, "a").write("ran\\n")\n')
    return counter


def runs(counter: Path) -> int:
    """How often the stage ran."""
    return len(counter.read_text().splitlines()) if counter.exists() else 0


def push_elsewhere(place: Path, origin: Path) -> None:
    """Somebody else's commit arrives on main."""
    other = Project(place, origin, origin)
    other.root.mkdir()
    other.git("clone", "--quiet", f"file://{origin}", ".")
    other.write("notes.txt", "something else")
    other.commit("Something else")
    other.push()


def test_a_stale_lock_becomes_a_release_commit_pushed_with_the_tag(released: Project) -> None:
    """Params edited in a web page: the release reproduces, and main and tag move together."""
    released.params(rows=30)
    edit = released.commit("Edited in the web page")
    released.push()
    run(released, "release")
    top = branch(released)
    assert top == commit(released, "data-v2") == released.head
    assert released.git("rev-parse", f"{top}^") == edit
    assert released.git("diff", "--name-only", edit, top) == "dvc.lock"
    assert released.git("status", "--short", "--untracked-files=no") == ""
    assert manifest(released.remote, "data-v2")["commit"] == top


def test_without_a_new_lock_the_tag_is_on_the_commit_itself(built: Project) -> None:
    """Where the commit holds the current lock, no further commit is made."""
    head = built.head
    run(built, "release")
    assert commit(built, "data-v1") == head == branch(built)


def test_protected_main_leaves_the_release_commit_on_the_tag(
    released: Project, tmp_path: Path
) -> None:
    """The tag is made alone; clones of main start from its lock and run nothing again."""
    protect_main(released)
    counter = counting(released)
    (released.origin / "hooks" / "pre-receive").rename(tmp_path / "hook")
    released.params(rows=30)
    edit = released.commit("Edited in the web page")
    released.push()
    (tmp_path / "hook").rename(released.origin / "hooks" / "pre-receive")

    done = run(released, "release")
    assert "only the tag has the release commit" in done.text
    assert (branch(released), released.head) == (edit, edit)
    assert released.git("rev-parse", f"{commit(released, 'data-v2')}^") == edit
    assert_whole(released, "data-v2")
    assert runs(counter) == 1

    again = run(released, "release", "--json").json
    assert (again["released"], again["tag"]) == (False, "data-v2")
    clone = released.clone(tmp_path / "clone")
    report = run(clone, "check", "--json")
    assert report.json["outcome"] == "unchanged"
    assert "taken from data-v2" in report.err
    last = run(clone, "release", "--json").json
    assert (last["released"], last["tag"]) == (False, "data-v2")
    assert runs(counter) == 1, "the pipeline did not run again"


@pytest.mark.slow  # the run cache of DVC is DVC's
def test_the_next_edit_on_protected_main_runs_only_what_it_changed(
    released: Project, tmp_path: Path
) -> None:
    """A second edit on protected main starts from the newest lock and becomes data-v3."""
    with_second_stage(released)
    counter = counting(released)
    released.params(rows=30)
    released.commit("Edited in the web page")
    released.push()
    protect_main(released)
    run(released, "release")
    (released.origin / "hooks" / "pre-receive").unlink()
    clone = released.clone(tmp_path / "clone")
    params = clone.read_yaml("params.yaml")
    params["second"] = 2
    clone.write("params.yaml", yaml.safe_dump(params))
    clone.commit("Another edit")
    clone.push()
    protect_main(released)
    before = runs(counter)
    result = run(clone, "release", "--json").json
    assert (result["tag"], result["released"]) == ("data-v3", True)
    assert runs(counter) == before, "the first stage was not touched by the edit"
    assert manifest(clone.remote, "data-v3")["baseline"] == "data-v2"


def with_second_stage(project: Project) -> None:
    """A further stage and dataset, with a parameter of its own."""
    declared = project.read_yaml("dvc.yaml")
    declared["stages"]["second"] = {
        "cmd": "python second.py", "deps": ["second.py"], "params": ["second"],
        "outs": ["data/second.csv"],
    }  # fmt: skip
    declared["artifacts"]["second"] = {"path": "data/second.csv", "type": "dataset"}
    project.write("dvc.yaml", yaml.safe_dump(declared))
    params = project.read_yaml("params.yaml")
    project.write("params.yaml", yaml.safe_dump({**params, "second": 1}))
    project.write(
        "second.py",
        "import yaml\n"
        "n = yaml.safe_load(open('params.yaml'))['second']\n"
        "open('data/second.csv', 'w').write('a,b\\n' + '1,2\\n' * n)\n",
    )


def test_main_that_moved_meanwhile_gets_no_release_commit(edited: Project, tmp_path: Path) -> None:
    """Somebody pushed to main before the tag: the tag is made alone, main is left to them."""
    point = Point(
        step=Step.TAG_OBJECT,
        act=partial(push_elsewhere, tmp_path / "other", edited.origin),
    )
    head = edited.head
    done = run(edited, "release", points=[point])
    assert "only the tag has the release commit" in done.text
    assert tags(edited) == ["data-v1", "data-v2"]
    assert edited.head == head
    assert edited.git(f"--git-dir={edited.origin}", "log", "-1", "--format=%s", "main") == (
        "Something else"
    )
    assert_whole(edited, "data-v2")


def test_main_that_moves_during_the_push_gets_no_release_commit(
    edited: Project, tmp_path: Path
) -> None:
    """The atomic push loses the race for main; the tag is then pushed by itself."""
    point = Point(step=Step.PUSH, act=partial(push_elsewhere, tmp_path / "other", edited.origin))
    run(edited, "release", points=[point])
    assert tags(edited) == ["data-v1", "data-v2"]
    assert edited.git(f"--git-dir={edited.origin}", "log", "-1", "--format=%s", "main") == (
        "Something else"
    )


def test_detached_head_on_main_is_released(edited: Project) -> None:
    """CI checks out a commit, not a branch: if main has it, main gets the release commit."""
    head = edited.head
    edited.git("checkout", "--quiet", "--detach")
    run(edited, "release")
    assert branch(edited) == commit(edited, "data-v2") != head
    assert edited.git("rev-parse", f"{branch(edited)}^") == head


def test_detached_head_off_main_is_refused(edited: Project) -> None:
    """A commit that nobody else has is not released from a detached HEAD: exit 2, all untouched."""
    edited.git("checkout", "--quiet", "--detach")
    edited.commit("Nobody has this", "params.yaml")
    remote, origin = tree_state(edited.remote), tree_state(edited.origin)
    done = run(edited, "release", code=2)
    assert "HEAD is detached" in done.text
    assert "git switch main" in done.text
    assert (tree_state(edited.remote), tree_state(edited.origin)) == (remote, origin)


def test_a_superseded_commit_is_skipped(edited: Project) -> None:
    """A queued release of an older commit makes no version over the newer one."""
    old = edited.git("rev-parse", "HEAD^")
    run(edited, "release")
    edited.params(rows=40)
    edited.commit("Newer", "params.yaml")
    edited.push()
    run(edited, "release")
    edited.git("checkout", "--quiet", "--detach", old)
    done = run(edited, "release", "--json")
    assert done.json["released"] is False
    assert "superseded by data-v3" in done.json["reason"]
    assert tags(edited) == ["data-v1", "data-v2", "data-v3"]


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(True, id="pushed before"),
        # A detached HEAD, below, makes a new branch.
        pytest.param(False, id="new at the origin", marks=pytest.mark.slow),
    ],
)
def test_a_feature_branch_is_released_without_touching_main(
    edited: Project, *, known: bool
) -> None:
    """With --branch the release commit goes to that branch; main stays as it is."""
    main = branch(edited)
    edited.git("switch", "--quiet", "-c", "feature")
    if known:
        edited.push()
    run(edited, "release", "--branch", "feature")
    assert branch(edited) == main
    assert branch(edited, "feature") == commit(edited, "data-v2") == edited.head


def test_an_unmerged_branch_is_refused(edited: Project) -> None:
    """An unmerged branch is not a version: exit 2, nothing pushed, both remedies named."""
    edited.git("switch", "--quiet", "-c", "feature")
    edited.commit("Nobody merged this", "params.yaml")
    remote, origin = tree_state(edited.remote), tree_state(edited.origin)
    done = run(edited, "release", code=2)
    assert "HEAD is on the branch feature" in done.text
    assert "--branch feature" in done.text
    assert "Merge feature into main" in done.text
    assert (tree_state(edited.remote), tree_state(edited.origin)) == (remote, origin)
    assert edited.git("tag", "--list", "data-v2") == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [("other", "HEAD is on the branch main, not on other"), ("a..b", "cannot be the name")],
)
def test_a_branch_that_head_is_not_on_is_refused(edited: Project, name: str, said: str) -> None:
    """--branch says what HEAD is on, it does not move HEAD: exit 2."""
    assert said in run(edited, "release", "--branch", name, code=2).text
    assert tags(edited) == ["data-v1"]


def test_a_detached_head_is_released_for_the_branch_that_is_named(edited: Project) -> None:
    """With --branch also a commit that main does not contain; the branch is made at the origin."""
    main = branch(edited)
    edited.git("checkout", "--quiet", "--detach")
    edited.commit("Nobody has this", "params.yaml")
    run(edited, "release", "--branch", "hotfix")
    assert branch(edited) == main
    assert branch(edited, "hotfix") == commit(edited, "data-v2")


def test_a_diverged_main_has_to_be_integrated_first(edited: Project, tmp_path: Path) -> None:
    """Origin's main and HEAD each have commits of their own: exit 3; after a rebase it works."""
    edited.params(rows=26)
    edited.commit("Not pushed", "params.yaml")
    push_elsewhere(tmp_path / "other", edited.origin)
    origin = tree_state(edited.origin)
    done = run(edited, "release", code=3)
    assert "Integrate origin/main" in done.text
    assert "run the command again" in done.text
    assert tree_state(edited.origin) == origin
    edited.git("checkout", "--quiet", "--", "dvc.lock")
    edited.git("pull", "--quiet", "--rebase", "origin", "main")
    assert run(edited, "release", "--json").json["tag"] == "data-v2"


@pytest.mark.slow  # a diverged main is quick
def test_main_that_diverges_before_the_tag_has_to_be_integrated(
    edited: Project, tmp_path: Path
) -> None:
    """Somebody pushes to main while a release of unpushed commits is under way: exit 3, no tag."""
    edited.params(rows=26)
    edited.commit("Not pushed", "params.yaml")
    act = partial(push_elsewhere, tmp_path / "other", edited.origin)
    done = run(edited, "release", points=[Point(step=Step.PUSH, act=act)], code=3)
    assert "Integrate origin/main" in done.text
    assert tags(edited) == ["data-v1"]


@pytest.mark.slow  # test_golden.py compares what is told
def test_what_was_committed_pushed_and_tagged_is_told(edited: Project) -> None:
    """Standard output names the commit with its files, the branch and the tag; so does --json."""
    done = run(edited, "release")
    short = commit(edited, "data-v2")[:12]
    assert f"committed: {short} with dvc.lock" in done.out
    assert f"pushed: branch main to {short}" in done.out
    assert f"tagged: data-v2 at {short}" in done.out
    edited.params(rows=33)
    edited.repro()
    edited.commit("With its lock")
    edited.push()
    done = run(edited, "release", "--json")
    assert (done.json["branch"], done.json["committed"], done.json["warnings"]) == (None, [], [])
    assert done.json["commit"] == edited.head


def test_a_branch_can_be_released_from_python(edited: Project) -> None:
    """`dr.release(branch=...)` does what --branch does."""
    edited.git("switch", "--quiet", "-c", "feature")
    with pytest.raises(ConfigError, match="HEAD is on the branch feature"):
        dr.release(repo=edited.root)
    result = dr.release(repo=edited.root, branch="feature")
    assert isinstance(result, Released)
    assert (result.branch, result.committed) == ("feature", ("dvc.lock",))


def test_a_lock_of_the_index_after_the_tag_is_a_warning(edited: Project) -> None:
    """The version exists; that this clone cannot follow is said with its remedy, exit 0."""
    lock = edited.root / ".git" / "index.lock"
    lock.touch()
    done = run(edited, "release", "--json")
    assert done.json["tag"] == "data-v2"
    [warning] = done.json["warnings"]
    assert "index.lock" in warning
    assert "run `datarelease release` again" in warning
    assert f"warning: {warning}" in done.text
    assert "Nothing was" not in done.text
    assert_whole(edited, "data-v2")
    again = run(edited, "release", "--json")
    assert (again.json["released"], len(again.json["warnings"])) == (False, 1)
    lock.unlink()
    assert run(edited, "release", "--json").json["warnings"] == []
    assert edited.git("status", "--short", "--untracked-files=no") == ""
    assert edited.head == commit(edited, "data-v2")


def test_a_record_that_cannot_be_written_is_a_warning(edited: Project, tmp_path: Path) -> None:
    """The file for the next job is not a part of the version: exit 0, and said."""
    (tmp_path / "outcome" / "manifest.json").mkdir(parents=True)
    done = run(edited, "release", "--json", "--out", str(tmp_path / "outcome"))
    assert done.json["released"] is True
    assert "The record of the release" in done.json["warnings"][0]
    assert_whole(edited, "data-v2")


def test_a_server_without_atomic_push_gets_the_tag_alone(edited: Project) -> None:
    """`receive.advertiseAtomic false`: released, main left as it is, and said."""
    edited.git(f"--git-dir={edited.origin}", "config", "receive.advertiseAtomic", "false")
    main = branch(edited)
    done = run(edited, "release")
    assert "the git server does not support atomic pushes" in done.out
    assert "only the tag has the release commit" in done.out
    assert tags(edited) == ["data-v1", "data-v2"]
    assert branch(edited) == edited.head == main
    assert_whole(edited, "data-v2")
    assert run(edited, "release", "--json").json["released"] is False


# The first one has fewer tags to miss than the second.
@pytest.mark.parametrize(
    "how", slow_but({"--depth=1 --no-tags"}, ["--depth=1", "--depth=1 --no-tags"])
)
def test_a_shallow_clone_without_tags_checks_and_releases(
    edited: Project, tmp_path: Path, how: str
) -> None:
    """As actions/checkout leaves it: versions come from the remote, and the release is complete."""
    run(edited, "release")
    edited.params(rows=22)
    edited.commit("Again")
    edited.push()
    clone = edited.clone(tmp_path / "clone", *how.split())
    report = run(clone, "check", "--json").json
    assert (report["outcome"], report["base"], report["tag"]) == ("release", "data-v2", "data-v3")
    assert run(clone, "release", "--json").json["tag"] == "data-v3"
    assert_whole(clone, "data-v3")


def test_an_untracked_input_is_refused(released: Project) -> None:
    """A script that the lock names and git does not hold could never be run again: exit 2."""
    released.git("rm", "--quiet", "--cached", "make.py")
    released.git("commit", "--quiet", "-m", "Forget the script")
    released.push()
    released.params(rows=21)
    released.commit("Edit", "params.yaml")
    done = run(released, "release", code=2)
    assert "make.py" in done.text
    assert tags(released) == ["data-v1"]


def test_an_uncommitted_edit_is_refused(released: Project) -> None:
    """Tracked inputs with edits are refused before anything runs; reports are our own."""
    released.params(rows=21)
    done = run(released, "release", code=2)
    assert "params.yaml" in done.text
    assert "dvc repro" not in done.err
    shutil.copy(os.devnull, released.root / "reports.txt")
    released.git("checkout", "--quiet", "params.yaml")
    assert run(released, "release", "--json").json["released"] is False
