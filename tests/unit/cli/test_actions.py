"""A run of GitHub Actions, read from its environment."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import sample_reports as samples

from datarelease.app.actions import SUMMARY_LIMIT, Actions, actions
from datarelease.cli.workflow import tell_report
from datarelease.errors import ConfigError
from datarelease.model.github import BOT

SHA = "0123456789abcdef0123456789abcdef01234567"
RUN: dict[str, Any] = {
    "id": 5,
    "event": "pull_request",
    "conclusion": "success",
    "head_sha": SHA,
    "head_branch": "topic",
    "head_repository": {"full_name": "eve/data"},
    "html_url": "https://github.example/acme/data/actions/runs/5",
    "pull_requests": [],
}


def run_of(folder: Path, event: object, **more: str) -> Actions:
    """The run whose event is ``event``."""
    (folder / "event.json").write_text(json.dumps(event))
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.example/",
        "GITHUB_API_URL": "https://github.example/api/v3/",
        "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_TOKEN": "ghs_plantedsecret",
        "GITHUB_EVENT_NAME": "workflow_run",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_SHA": SHA,
        "GITHUB_RUN_ID": "42",
        "GITHUB_WORKFLOW_REF": "acme/data/.github/workflows/data-report.yml@refs/heads/main",
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }
    found = actions({**env, **more})
    assert found is not None
    return found


def test_a_laptop_is_no_run() -> None:
    """Only the variable that every runner sets counts."""
    assert actions({"CI": "true", "GITHUB_TOKEN": "x"}) is None


def test_a_run_knows_where_it_is(tmp_path: Path) -> None:
    """Addresses lose their last slash; the bot is the workflow's unless named."""
    run = run_of(tmp_path, {"repository": {"default_branch": "trunk"}})
    assert run.run_url == "https://github.example/acme/data/actions/runs/42"
    assert (run.api, run.bot) == ("https://github.example/api/v3", BOT)
    assert (run.workflow, run.default_branch) == ("data-report.yml", "trunk")
    assert run_of(tmp_path, {}, DATARELEASE_BOT="acme-bot").bot == "acme-bot"


@pytest.mark.parametrize("event", [{}, {"repository": None}, {"repository": {}}, [1]])
def test_what_the_event_leaves_open_has_a_default(tmp_path: Path, event: object) -> None:
    """A schedule's event names no branch; our own file names are the guess."""
    run = run_of(tmp_path, event, GITHUB_WORKFLOW_REF="")
    assert (run.workflow, run.default_branch) == ("data-release.yml", "main")


def test_the_token_is_not_shown(tmp_path: Path) -> None:
    """Neither token nor event stand in what a traceback would print."""
    assert "plantedsecret" not in repr(run_of(tmp_path, {"a": "plantedsecret"}))


def test_a_half_told_run_is_a_configuration_error(tmp_path: Path) -> None:
    """The missing variable is named."""
    with pytest.raises(ConfigError, match="GITHUB_API_URL is not"):
        actions({"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://x"})
    with pytest.raises(ConfigError, match="cannot be read"):
        run_of(tmp_path, {}, GITHUB_EVENT_PATH=str(tmp_path / "none"))


def test_the_check_that_ended_is_read_from_the_event(tmp_path: Path) -> None:
    """All of it is GitHub's word: commit, branch, fork, address."""
    check = run_of(tmp_path, {"workflow_run": RUN}).check_run()
    assert (check.event, check.conclusion, check.head) == ("pull_request", "success", SHA)
    assert (check.repository, check.branch, check.url) == ("eve/data", "topic", RUN["html_url"])
    assert check.pulls == ()


def test_only_pull_requests_at_the_checked_commit_count(tmp_path: Path) -> None:
    """GitHub lists those of the branch, which may have moved on."""
    pulls = [{"number": 3, "head": {"sha": SHA}}, {"number": 4, "head": {"sha": "f" * 40}}]
    check = run_of(tmp_path, {"workflow_run": {**RUN, "pull_requests": pulls}}).check_run()
    assert check.pulls == (3,)


def test_a_deleted_fork_has_no_name(tmp_path: Path) -> None:
    """GitHub sends null for it, and for a branch that is gone."""
    gone = {**RUN, "head_repository": None, "head_branch": None, "conclusion": None}
    check = run_of(tmp_path, {"workflow_run": gone}).check_run()
    assert (check.repository, check.branch, check.conclusion) == (None, "", "")


@pytest.mark.parametrize(
    "change",
    [
        {"head_sha": "main"}, {"head_sha": None}, {"html_url": "javascript:alert(1)"},
        {"pull_requests": [{}]}, {"event": ...},
    ],
)  # fmt: skip
def test_an_event_that_says_too_little_is_an_error(tmp_path: Path, change: dict[str, Any]) -> None:
    """Nothing is guessed of what the comment and the status hang on."""
    event = {key: value for key, value in {**RUN, **change}.items() if value is not ...}
    with pytest.raises(ConfigError, match="does not describe the check"):
        run_of(tmp_path, {"workflow_run": event}).check_run()


def test_other_events_tell_of_no_check(tmp_path: Path) -> None:
    """The command says in which workflow it belongs."""
    run = run_of(tmp_path, {"pull_request": {}}, GITHUB_EVENT_NAME="pull_request")
    with pytest.raises(ConfigError, match="started by 'pull_request'"):
        run.check_run()


def test_outputs_are_one_line_each(tmp_path: Path) -> None:
    """What could begin another line would set other outputs."""
    run = run_of(tmp_path, {})
    run.put({"tag": "data-v1", "released": "true"})
    assert (tmp_path / "output").read_text() == "tag=data-v1\nreleased=true\n"
    for hostile in ("a\nb=c", "a\rb", "\x00"):
        with pytest.raises(ValueError, match="not a value"):
            run.put({"tag": hostile})


def test_a_summary_never_outgrows_what_github_takes(tmp_path: Path) -> None:
    """A longer one is cut between characters; GitHub would drop it whole."""
    run = run_of(tmp_path, {})
    run.summarise("é" * SUMMARY_LIMIT)
    data = (tmp_path / "summary").read_bytes()
    assert SUMMARY_LIMIT - 2 <= len(data) <= SUMMARY_LIMIT
    assert set(data.decode()) == {"é", "\n"}


@pytest.mark.parametrize("server", ["https://github.example", "http://github.example"])
def test_the_summary_leads_to_the_artifact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """The HTML report is a link to the artifacts of the run; without TLS it is only named."""
    run = run_of(tmp_path, {}, GITHUB_SERVER_URL=server)
    monkeypatch.setattr("datarelease.cli.workflow.this_run", lambda: run)
    tell_report(samples.small())
    summary = (tmp_path / "summary").read_text(encoding="utf-8")
    linked = f"[the HTML report]({server}/acme/data/actions/runs/42#artifacts)"
    assert (linked in summary) == server.startswith("https")
    assert ("`report.html`" in summary) == (not server.startswith("https"))


def test_without_its_files_nothing_is_written(tmp_path: Path) -> None:
    """A step run by hand has no place for outputs or a summary."""
    run = replace(run_of(tmp_path, {}), output=None, summary=None)
    run.put({"a": "b"})
    run.summarise("x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["event.json"]


def test_a_push_names_its_commits_newest_first(tmp_path: Path) -> None:
    """What GitHub's event lists, oldest first; other events bring the commit alone."""
    ids = ["a" * 40, "b" * 40, SHA]
    event = {"commits": [*({"id": sha} for sha in ids), {"id": "../x"}, 3, {}]}
    push = run_of(tmp_path, event, GITHUB_EVENT_NAME="push").push
    assert (push.head, push.commits) == (SHA, ("b" * 40, "a" * 40))
    assert run_of(tmp_path, event, GITHUB_EVENT_NAME="schedule").push.commits == ()
    assert run_of(tmp_path, {"commits": None}, GITHUB_EVENT_NAME="push").push.commits == ()


def test_a_run_is_about_one_dvc_root(tmp_path: Path) -> None:
    """That of the repository, unless another is named; what leads out is refused."""
    assert (
        run_of(tmp_path, {}).directory == run_of(tmp_path, {}, DATARELEASE_DIRECTORY="").directory
    )
    assert run_of(tmp_path, {}, DATARELEASE_DIRECTORY="./a/b/").directory == "a/b"
    for wrong in ("/etc", "a/../../b", "a\nb"):
        with pytest.raises(ConfigError, match="DATARELEASE_DIRECTORY"):
            run_of(tmp_path, {}, DATARELEASE_DIRECTORY=wrong)
