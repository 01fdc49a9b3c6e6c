"""Workflow files run under act with what GitHub would give each of their jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forge import events, records
from tests.forge.act import Actions
from tests.forge.actions import deploy_pages, upload_pages_artifact
from tests.forge.gitdir import WorkTree
from tests.forge.records import Repository
from tests.forge.server import GitHubServer
from tests.forge.stand_ins import PINS

CHECKOUT = f"actions/checkout@{PINS['actions/checkout']}"
UPLOAD = f"actions/upload-artifact@{PINS['actions/upload-artifact']}"
DOWNLOAD = f"actions/download-artifact@{PINS['actions/download-artifact']}"
RESTORE = f"actions/cache/restore@{PINS['actions/cache']}"
SAVE = f"actions/cache/save@{PINS['actions/cache']}"
AWS = f"aws-actions/configure-aws-credentials@{PINS['aws-actions/configure-aws-credentials']}"
ATTEST = f"actions/attest@{PINS['actions/attest']}"
UPLOAD_PAGES = f"actions/upload-pages-artifact@{PINS['actions/upload-pages-artifact']}"
DEPLOY_PAGES = f"actions/deploy-pages@{PINS['actions/deploy-pages']}"
SETUP_CML = f"iterative/setup-cml@{PINS['iterative/setup-cml']}"
CML = Path(__file__).parents[1] / "forge" / "cml"
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
@pytest.mark.slow  # stories of reusable workflows are slow, too
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


@pytest.mark.slow  # stories of reusable workflows are slow, too
@pytest.mark.usefixtures("tool")
def test_secrets_of_an_environment_may_end_at_the_owner(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """Nobody knows whether they reach other owners' workflows: both can be played."""
    actions.across_owners = False
    repo = pushed(caller("{contents: read}", "{SHARED: '${{ secrets.SHARED }}'}"))
    (run,) = actions.dispatch(events.push(github, repo))
    inner = run.job("call / inner")
    assert inner.secrets == {"SHARED"}
    assert run.leaks(["releasesecret"]) == []
    assert " sharedsecret w" in inner.log


NESTED = f"""
on:
  workflow_call:
    inputs: {{word: {{type: string, required: true}}}}
    secrets: {{DEEP: {{required: true}}}}
jobs:
  deep:
    {JOB}
    permissions: {{contents: read}}
    steps:
      - run: echo "$WORD $DEEP"
        env: {{WORD: "${{{{ inputs.word }}}}", DEEP: "${{{{ secrets.DEEP }}}}"}}
      - run: "%s"
"""
MIDDLE = f"""
on:
  workflow_call: {{secrets: {{SHARED: {{required: true}}}}}}
jobs:
  call:
    if: github.event_name == 'push'
    permissions: {{contents: read}}
    uses: $/.github/workflows/nested.yml
    with: {{word: "heard ${{{{ github.event_name }}}}"}}
    secrets: {{DEEP: "${{{{ secrets.SHARED }}}}"}}
  last:
    needs: call
    if: always()
    {JOB}
    steps: [{{run: "echo [${{{{ needs.call.result }}}}]"}}]
"""


@pytest.mark.parametrize(("command", "result"), [("true", "success"), ("exit 1", "failure")])
@pytest.mark.slow  # stories of reusable workflows are slow, too
def test_a_called_workflow_calls_one_of_its_own_repository(
    github: GitHubServer, actions: Actions, pushed: Push, tmp_path: Path, command: str, result: str
) -> None:
    """`$/` is the repository and the commit of the file that it stands in, not the caller's."""
    files = {
        ".github/workflows/middle.yml": MIDDLE,
        ".github/workflows/nested.yml": NESTED % command,
    }
    work = WorkTree.made(tmp_path / "tool", files)
    work.git("tag", "v1")
    github.world.repository("tool/tool", source=work.path)
    calling = f"""{HEAD}
  outer:
    permissions: {{contents: read}}
    uses: tool/tool/.github/workflows/middle.yml@v1
    secrets: {{SHARED: "${{{{ secrets.SHARED }}}}"}}
"""
    (run,) = actions.dispatch(events.push(github, pushed(calling)))
    deep = run.job("outer / call / deep")
    assert deep.result == result
    assert deep.secrets == {"DEEP"}
    assert "heard push sharedsecret" in deep.log
    assert f"[{result}]" in run.job("outer / last").log
    assert run.conclusion == result


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


@pytest.mark.slow  # stories of reusable workflows are slow, too
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


CHAIN = f"""
on: {{workflow_run: {{workflows: [w], types: [completed]}}}}
permissions: {{}}
jobs:
  report:
    if: github.event.workflow_run.event == 'pull_request'
    {JOB}
    permissions: {{%s}}
    steps:
      - uses: {SETUP_CML}
        continue-on-error: true
      - run: command -v cml
        continue-on-error: true
      - uses: {DOWNLOAD}
        with:
          name: report
          path: got
          run-id: ${{{{ github.event.workflow_run.id }}}}
          github-token: ${{{{ github.token }}}}
      - run: echo "$(cat got/r.txt) $SECRET $GITHUB_REF"
        env: {{SECRET: "${{{{ secrets.SHARED }}}}"}}
"""
CHECK = f"""{HEAD}
  check:
    {JOB}
    steps:
      - run: echo "from the check" > r.txt
      - uses: {UPLOAD}
        if: always()
        with: {{name: report, path: r.txt}}
"""


@pytest.mark.parametrize(("permission", "result"), [("actions: read", "success"), ("", "failure")])
@pytest.mark.slow  # stories with several workflows are slow, too
def test_a_run_starts_another(
    github: GitHubServer, actions: Actions, tmp_path: Path, permission: str, result: str
) -> None:
    """The run after a check has the default branch's trust, and reads its artifact if it may."""
    files = {
        ".github/workflows/w.yml": f"name: w\n{CHECK}",
        ".github/workflows/r.yml": CHAIN % permission,
    }
    work = WorkTree.made(tmp_path / "work", files)
    work.commit({"b.txt": "2\n"}, branch="topic")
    repo = github.world.repository("acme/data", source=work.path)
    repo.secrets["SHARED"] = "sharedsecret"
    pull = github.world.opened(repo, branch="topic", title="t", login="ann")
    actions.cml = CML if permission else None
    check, report = actions.dispatch(events.pull_request(github, repo, pull.number))
    assert check.job("check").result == "success", check.log
    job = report.job("report")
    assert job.result == result, job.log
    assert job.steps["1"] == result  # cml is on PATH, or is not
    assert ("from the check sharedsecret refs/heads/main" in job.log) is bool(permission)
    payload = report.event.payload["workflow_run"]
    assert (payload["head_sha"], payload["conclusion"]) == (pull.head, "success")


CLOUD = f"""{HEAD}
  one:
    {JOB}
    permissions: {{%s}}
    steps:
      - uses: {RESTORE}
        id: cache
        with: {{path: .dvc/cache, key: "k-${{{{ github.run_id }}}}", restore-keys: k-}}
      - run: test -f .dvc/cache/x || (mkdir -p .dvc/cache && echo "made new" && touch .dvc/cache/x)
      - uses: {SAVE}
        with: {{path: .dvc/cache, key: "k-${{{{ github.run_id }}}}"}}
      - uses: {AWS}
        with: {{role-to-assume: "arn:aws:iam::1:role/r", aws-region: eu-west-1}}
      - run: echo "$AWS_ACCESS_KEY_ID $AWS_REGION"
      - uses: {ATTEST}
        with: {{subject-path: .dvc/cache/x}}
"""


@pytest.mark.slow  # stories that sign in to clouds are slow, too
def test_clouds_caches_and_attestations(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """A role and an attestation take id-token: write; a cache is found again by its beginning."""
    repo = pushed(CLOUD % "id-token: write, attestations: write")
    first, second = [actions.dispatch(events.push(github, repo))[0] for _ in range(2)]
    assert first.conclusion == second.conclusion == "success", first.log
    assert "made new" in first.log
    assert "made new\n" not in second.job("one").log.split("Cache restored from key: k-")[1]
    assert "AKIAROLE eu-west-1" in first.log
    (subject,) = first.attestations
    assert subject["name"] == "x"
    assert subject["digest"].startswith("sha256:e3b0c442")


def test_no_role_without_its_permission(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """Without id-token: write there are no credentials to be had."""
    repo = pushed(CLOUD % "contents: read")
    (run,) = actions.dispatch(events.push(github, repo))
    assert run.job("one").steps["3"] == "failure"
    assert run.leaks(["AKIAROLE", "rolesecret"]) == []


EVENTS = f"""
on:
  merge_group:
  push: {{branches: [release]}}
  workflow_dispatch: {{inputs: {{word: {{default: none}}}}}}
jobs:
  one:
    {JOB}
    steps: [{{run: 'echo word=${{{{ inputs.word }}}} $GITHUB_SHA $GITHUB_REF'}}]
"""


def test_events_start_the_files_that_listen(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """A file is started by its own events and branches, at the commit that GitHub takes."""
    repo = pushed(EVENTS)
    assert actions.dispatch(events.push(github, repo)) == []
    assert actions.dispatch(events.schedule(github, repo)) == []
    (asked,) = actions.dispatch(events.dispatch(github, repo, {"word": "given"}))
    assert f"word=given {repo.bare.sha('main')} refs/heads/main" in asked.log
    commit = repo.bare.git("commit-tree", "main^{tree}", "-p", "main", "-m", "more")
    repo.bare.set("refs/heads/topic", commit)
    pull = github.world.opened(repo, branch="topic", title="t", login="ann")
    assert actions.dispatch(events.pull_request(github, repo, pull.number)) == []
    (queued,) = actions.dispatch(events.merge_group(github, repo, pull.number))
    assert f"{pull.merge_commit} refs/heads/gh-readonly-queue/main/pr-1-" in queued.log


PATHS = """on: {push: {branches: [main], paths: [docs/**, "*.md", notes/*.txt]}}
jobs: {}
"""


@pytest.mark.parametrize(
    ("files", "started"),
    [
        ((), []),
        (("src/docs/a.md", "docs", "notes/deep/a.txt", "notes/a.tsv"), []),
        (("src/a.py", "docs/deep/a.md"), ["w"]),
        (("README.md",), ["w"]),
        (("notes/a.txt",), ["w"]),
        (None, ["w"]),
    ],
)
@pytest.mark.slow  # stories with such files are slow, too
def test_a_push_is_held_against_the_paths_of_a_file(
    github: GitHubServer, tmp_path: Path, files: tuple[str, ...] | None, started: list[str]
) -> None:
    """One changed file that matches is enough; `*` stays in its folder; a new branch runs."""
    work = WorkTree.made(tmp_path / "work", {".github/workflows/w.yml": PATHS})
    repo = github.world.repository("acme/data", source=work.path)
    before = str(repo.bare.sha("main"))
    work.commit(dict.fromkeys(files or ("any",), "1\n") | {"always": "2\n"})
    work.git("push", "--quiet", str(repo.bare.path), "main")
    after = str(repo.bare.sha("main"))
    ref, start = "refs/heads/main", "0" * 40 if files is None else before
    made = records.Push(
        repository=repo.full_name, ref=ref, before=start, after=after, user="ann", kind="user"
    )
    event = events.push(github, repo, made)
    found = Actions(server=github, folder=tmp_path / "actions").started(event)
    assert [Path(name).stem for name in found] == started


PAGES = f"""{HEAD}
  pages:
    {JOB}
    steps:
      - run: mkdir -p public/deep && echo front > public/index.html && touch public/.hidden
      - run: ln -s ../index.html public/deep/copy.html
      - uses: {UPLOAD_PAGES}
        with: {{path: public}}
  deploy:
    needs: pages
    {JOB}
    environment: github-pages
    permissions: {{pages: write, id-token: write}}
    outputs: {{url: "${{{{ steps.deploy.outputs.page_url }}}}"}}
    steps:
      - uses: {DEPLOY_PAGES}
        id: deploy
"""


@pytest.mark.slow  # the story of the catalogue is slow, too
def test_pages_are_deployed_by_a_job_that_may(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """What was packed is what the world then shows: without hidden files, links resolved."""
    repo = pushed(PAGES)
    repo.pages_enabled = True
    (run,) = actions.dispatch(events.push(github, repo))
    assert run.conclusion == "success", run.log
    assert repo.pages == {"deep/copy.html": b"front\n", "index.html": b"front\n"}
    assert run.job("deploy").outputs == {"url": "https://acme.github.io/data/"}
    assert {"page deep/copy.html", "page index.html"} <= set(repo.leaks(["front"]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "nothing"}, "Cannot open: No such file or directory"),
        ({"path": "public/index.html"}, "Cannot open: No such file or directory"),
        ({"path": "public/deep"}, "no index.html"),
        ({"artifact_name": "other"}, 'No artifacts named "other"'),
        ({"signs": False}, "id-token: write"),
        ({"permissions": {"pages": "read"}}, "pages: write"),
        ({"environment": ""}, "Missing environment"),
        ({"environment": "data-read"}, "Invalid environment: data-read"),
        ({"pages_enabled": False}, "has been enabled"),
    ],
)
@pytest.mark.slow  # the story of the catalogue is slow, too
def test_pages_are_refused_as_github_refuses_them(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    said: str,
) -> None:
    """The directory, the artifact, the permissions, the environment, and whether Pages are on."""
    (tmp_path / "public" / "deep").mkdir(parents=True)
    (tmp_path / "public" / "index.html").touch()
    scene = {
        "run_id": 1, "artifacts": str(tmp_path / "artifacts"), "pages": str(tmp_path / "pages"),
        "permissions": {"pages": "write", "id-token": "write"}, "environment": "github-pages",
        "pages_enabled": True,
    }  # fmt: skip
    (tmp_path / "scene.json").write_text(json.dumps(scene | change))
    for name, value in {
        "FORGE_SCENE": tmp_path / "scene.json",
        "GITHUB_WORKSPACE": tmp_path,
        "GITHUB_OUTPUT": tmp_path / "output",
        "GITHUB_REPOSITORY": "acme/data",
        "INPUT_NAME": "github-pages",
        "INPUT_PATH": change.get("path", "public"),
        "INPUT_ARTIFACT_NAME": change.get("artifact_name", "github-pages"),
    }.items():
        monkeypatch.setenv(name, str(value))
    if change.get("signs", True):
        monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "https://github.test/_oidc")
    codes = [ended_with(step.main) for step in (upload_pages_artifact, deploy_pages)]
    assert codes[-1] == 1, "the job that deploys fails in any case"
    assert said in capsys.readouterr().out
    assert not (tmp_path / "pages").exists()


def ended_with(step: Callable[[], int]) -> object:
    """The exit code of a stand-in that runs in this process."""
    try:
        return step()
    except SystemExit as error:
        return error.code


def test_a_job_that_no_runner_takes_is_an_error(
    github: GitHubServer, actions: Actions, pushed: Push
) -> None:
    """Act would skip it and say that all is well."""
    repo = pushed(f"{HEAD}\n  one:\n    runs-on: windows-latest\n    steps: [{{run: 'true'}}]\n")
    with pytest.raises(AssertionError, match="no runner for windows-latest"):
        actions.dispatch(events.push(github, repo))
