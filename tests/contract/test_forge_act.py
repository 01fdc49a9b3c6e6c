"""Workflow files run under act with what GitHub would give each of their jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forge import events
from tests.forge.act import Actions
from tests.forge.gitdir import WorkTree
from tests.forge.records import Repository
from tests.forge.server import GitHubServer
from tests.forge.stand_ins import PINS

CHECKOUT = f"actions/checkout@{PINS['actions/checkout']}"
UPLOAD = f"actions/upload-artifact@{PINS['actions/upload-artifact']}"
DOWNLOAD = f"actions/download-artifact@{PINS['actions/download-artifact']}"
HEAD = "on: {push: {branches: [main]}, pull_request: {}}\npermissions: {}\njobs:\n"
JOB = "runs-on: ubuntu-24.04"

Push = Callable[[str], Repository]


@pytest.fixture
def actions(github: GitHubServer, tmp_path: Path) -> Actions:
    """Actions with one AWS role."""
    keys = {"AWS_ACCESS_KEY_ID": "AKIAROLE", "AWS_SECRET_ACCESS_KEY": "rolesecret"}
    return Actions(
        server=github, folder=tmp_path / "actions", roles={"arn:aws:iam::1:role/r": keys}
    )


@pytest.fixture
def pushed(github: GitHubServer, tmp_path: Path) -> Push:
    """Makes acme/data with one workflow, and secrets of its own and of an environment."""

    def make(workflow: str) -> Repository:
        files = {".github/workflows/w.yml": f"name: w\n{workflow}", "a.txt": "1\n"}
        work = WorkTree.made(tmp_path / "work", files)
        repo = github.world.repository("acme/data", source=work.path)
        repo.secrets["SHARED"] = "sharedsecret"
        repo.variables["WHO"] = "everyone"
        github.world.environment(
            repo, "data-release", secrets={"KEY": "releasesecret"}, variables={"WHO": "release"}
        )
        work.commit({"a.txt": "2\n"})
        token = github.world.user_token("acme")
        work.git("push", "--quiet", github.clone_url("acme/data", token), "main")
        return repo

    return make


TWO_JOBS = f"""{HEAD}
  one:
    {JOB}
    permissions: {{contents: read}}
    outputs: {{said: "${{{{ steps.say.outputs.said }}}}"}}
    steps:
      - uses: {CHECKOUT}
        with: {{fetch-depth: 0, persist-credentials: false}}
      - id: say
        run: echo "said=$(cat a.txt) $WHO [$KEY] $(git rev-list --count HEAD)" >> "$GITHUB_OUTPUT"
        env: {{KEY: "${{{{ secrets.KEY }}}}", WHO: "${{{{ vars.WHO }}}}"}}
      - run: echo "# seen" >> "$GITHUB_STEP_SUMMARY"
      - run: echo "::warning file=a.txt,line=1::mind the gap"
      - run: mkdir -p out/deep && echo x > out/deep/x.txt && touch out/.hidden
      - uses: {UPLOAD}
        with: {{name: made, path: out}}
  two:
    needs: one
    {JOB}
    environment: data-release
    permissions: {{contents: write, id-token: write}}
    steps:
      - uses: {DOWNLOAD}
        with: {{name: made, path: got}}
      - run: test -f got/deep/x.txt -a ! -e got/.hidden -a ! -e a.txt
      - run: echo "$SAID $KEY $WHO"
        env:
          SAID: "${{{{ needs.one.outputs.said }}}}"
          KEY: "${{{{ secrets.KEY }}}}"
          WHO: "${{{{ vars.WHO }}}}"
      - run: "false"
  three:
    needs: [one, two]
    if: ${{{{ !cancelled() }}}}
    {JOB}
    steps:
      - run: echo "two was ${{{{ needs.two.result }}}}"
  four:
    needs: two
    {JOB}
    steps: [{{run: "true"}}]
"""


def test_each_job_gets_its_own(github: GitHubServer, actions: Actions, pushed: Push) -> None:
    """Outputs, artifacts and results travel; secrets and tokens are each job's own."""
    repo = pushed(TWO_JOBS)
    (run,) = actions.dispatch(events.push(github, repo))
    assert run.conclusion == "failure", run.log
    one, two = run.job("one"), run.job("two")
    assert one.outputs == {"said": "2 everyone [] 2"}
    assert (one.secrets, two.secrets) == (
        frozenset({"SHARED"}),
        frozenset({"SHARED", "KEY"}),
    )
    assert (one.permissions, two.permissions) == (
        {"contents": "read"},
        {"contents": "write", "id-token": "write"},
    )
    assert one.summary == "# seen\n"
    assert [(note.level, note.message) for note in one.annotations] == [("warning", "mind the gap")]
    assert "2 everyone [] 2 releasesecret release" in two.log
    assert two.steps["3"] == "failure"
    assert "two was failure" in run.job("three").log
    assert run.job("four").result == "skipped"
    assert run.leaks(["releasesecret"]) == ["job two"]


CALLED = f"""
on:
  workflow_call:
    inputs: {{word: {{type: string}}}}
    secrets: {{SHARED: {{required: false}}}}
    outputs: {{answer: {{value: "${{{{ jobs.inner.outputs.answer }}}}"}}}}
permissions: {{}}
jobs:
  inner:
    {JOB}
    permissions: {{contents: read}}
    environment: data-release
    outputs: {{answer: "${{{{ steps.run.outputs.answer }}}}"}}
    steps:
      - uses: {CHECKOUT}
        with:
          repository: ${{{{ job.workflow_repository }}}}
          ref: ${{{{ job.workflow_sha }}}}
          path: .tool
          persist-credentials: false
      - uses: ./.tool
        id: run
        with: {{word: "${{{{ inputs.word }}}}"}}
      - uses: $/
        with: {{word: itself}}
      - run: echo "$KEY $SHARED $GITHUB_WORKFLOW"
        env: {{KEY: "${{{{ secrets.KEY }}}}", SHARED: "${{{{ secrets.SHARED }}}}"}}
"""
TOOL = """
name: tool
description: Answers.
inputs: {word: {description: A word., required: true}}
outputs: {answer: {description: An answer., value: "${{ steps.say.outputs.answer }}"}}
runs:
  using: composite
  steps:
    - id: say
      shell: bash
      run: python3 "$GITHUB_ACTION_PATH/say.py" "$WORD"
      env: {WORD: "${{ inputs.word }}"}
"""
SAY = """
import os, sys
open(os.environ["GITHUB_OUTPUT"], "a").write(f"answer=heard {sys.argv[1]}\\n")
print("version one says", sys.argv[1])
"""


def caller(permissions: str, secrets: str) -> str:
    """A file that calls the tool's workflow at v0.1.0, and a job that needs it."""
    return f"""{HEAD}
  call:
    if: github.event_name == 'push'
    permissions: {permissions}
    uses: tool/tool/.github/workflows/called.yml@v0.1.0
    with: {{word: hello}}
    secrets: {secrets}
  after:
    needs: call
    {JOB}
    steps: [{{run: 'echo "[${{{{ needs.call.outputs.answer }}}}]"'}}]
"""


@pytest.fixture
def tool(github: GitHubServer, tmp_path: Path) -> Repository:
    """Another repository, whose workflow is called at a tag that its main has left."""
    files = {".github/workflows/called.yml": CALLED, "action.yml": TOOL, "say.py": SAY}
    work = WorkTree.made(tmp_path / "tool", files)
    work.git("tag", "v0.1.0")
    work.commit({"say.py": "raise SystemExit('not this one')\n"})
    return github.world.repository("tool/tool", source=work.path)


@pytest.mark.usefixtures("tool")
@pytest.mark.parametrize(
    ("secrets", "seen"),
    [
        ("inherit", "releasesecret sharedsecret w"),
        ("{SHARED: '${{ secrets.SHARED }}'}", "releasesecret sharedsecret w"),
        ("{}", "releasesecret  w"),
    ],
)
def test_a_reusable_workflow_of_another_repository(
    github: GitHubServer, actions: Actions, pushed: Push, secrets: str, seen: str
) -> None:
    """It runs at its tag, checks its own repository out, and sees the secrets it is handed."""
    repo = pushed(caller("{contents: read}", secrets))
    (run,) = actions.dispatch(events.push(github, repo))
    assert run.conclusion == "success", run.log
    inner = run.job("call / inner")
    assert inner.outputs == {"answer": "heard hello"}
    assert "version one says hello" in inner.log
    assert "version one says itself" in inner.log
    assert seen in inner.log
    assert "[heard hello]" in run.job("after").log


BROKEN = f"""
on: {{workflow_call: {{}}}}
jobs:
  bad:
    {JOB}
    steps: [{{run: exit 1}}]
  worse:
    needs: bad
    {JOB}
    steps: [{{run: "true"}}]
  last:
    needs: [bad, worse]
    if: always()
    {JOB}
    steps: [{{run: "echo ${{{{ needs.bad.result }}}} ${{{{ needs.worse.result }}}}"}}]
"""


def test_a_failure_inside_a_called_workflow_is_seen(
    github: GitHubServer, actions: Actions, tmp_path: Path
) -> None:
    """Jobs after a failed one are skipped, those that run always do, and the caller has failed."""
    calls = f"""{HEAD}
  call: {{uses: ./.github/workflows/called.yml}}
  no: {{needs: call, {JOB}, steps: [{{run: "true"}}]}}
  never: {{if: false, uses: ./.github/workflows/called.yml}}
"""
    files = {".github/workflows/w.yml": calls, ".github/workflows/called.yml": BROKEN}
    work = WorkTree.made(tmp_path / "work", files)
    repo = github.world.repository("acme/data", source=work.path)
    run = actions.run(events.schedule(github, repo), ".github/workflows/w.yml")
    assert {name: job.result for name, job in run.jobs.items()} == {
        "call / bad": "failure",
        "call / worse": "skipped",
        "call / last": "success",
        "no": "skipped",
        "never / bad": "skipped",
        "never / worse": "skipped",
        "never / last": "skipped",
    }
    assert "failure skipped" in run.job("call / last").log
    assert run.conclusion == "failure"


@pytest.mark.usefixtures("tool")
def test_a_called_workflow_may_not_want_more_than_its_caller(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """GitHub does not start a run whose inner job asks for more than the caller allows."""
    repo = pushed(caller("{}", "inherit"))
    (run,) = actions.dispatch(events.push(github, repo))
    assert run.conclusion == "startup_failure"
    assert "'contents: read', but is only allowed 'contents: none'" in run.failure


FORK = f"""{HEAD}
  check:
    {JOB}
    permissions: {{contents: write, pull-requests: write, id-token: write}}
    environment: data-release
    steps:
      - uses: {CHECKOUT}
      - run: cat a.txt; echo "[$KEY$SHARED$WHO]"; echo "oidc [$ACTIONS_ID_TOKEN_REQUEST_URL]"
        env:
          KEY: "${{{{ secrets.KEY }}}}"
          SHARED: "${{{{ secrets.SHARED }}}}"
          WHO: "${{{{ vars.WHO }}}}"
"""


def test_a_fork_gets_nothing(
    github: GitHubServer, actions: Actions, pushed: Push, tmp_path: Path
) -> None:
    """A fork's pull request runs the merged tree with a token that reads, and no secret."""
    repo = pushed(FORK)
    fork = github.world.fork(repo, "mallory")
    clone = tmp_path / "clone"
    WorkTree(path=tmp_path).git("clone", "--quiet", github.clone_url("mallory/data"), str(clone))
    work = WorkTree(path=clone)
    work.commit({"a.txt": "3\n"}, branch="topic")
    token = github.world.user_token("mallory")
    work.git("push", "--quiet", github.clone_url("mallory/data", token), "topic")
    pull = github.world.opened(repo, source=fork, branch="topic", title="t", login="mallory")
    (run,) = actions.dispatch(events.pull_request(github, repo, pull.number))
    job = run.job("check")
    assert job.result == "success", job.log
    assert (job.secrets, job.permissions) == (
        frozenset(),
        {"contents": "read", "pull-requests": "read"},
    )
    assert "[]" in job.log
    assert "oidc []" in job.log
    assert "3" in job.log.splitlines()
    assert run.leaks(["sharedsecret", "releasesecret", "rolesecret"]) == []
    assert actions.completed(run).payload["workflow_run"]["pull_requests"] == []


def test_a_job_that_no_runner_takes_is_an_error(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """Act would skip it and say that all is well."""
    repo = pushed(f"{HEAD}\n  one:\n    runs-on: windows-latest\n    steps: [{{run: 'true'}}]\n")
    with pytest.raises(AssertionError, match="no runner for windows-latest"):
        actions.dispatch(events.push(github, repo))
