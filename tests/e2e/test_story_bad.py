"""What must not happen: bad data, strangers' code near secrets, other data than reviewed."""

from __future__ import annotations

import pytest
from tests.forge import events
from tests.stories import PLANTED, Team, ended

SPY = """
import os, pathlib
seen = "\\n".join(f"{key}={value}" for key, value in os.environ.items())
for parent in ("/proc/self", f"/proc/{os.getppid()}"):
    seen += pathlib.Path(parent, "environ").read_bytes().decode("latin-1")
print(seen.replace("\\0", "\\n"))
"""


@pytest.mark.slow  # test_forge_act.py keeps secrets from forks
def test_a_fork_is_served_without_a_secret_and_bad_data_is_blocked(team: Team) -> None:
    """Its code prints all it can see, its data has two equal keys: reported, blocked, no secret."""
    fork = team.github.world.fork(team.repository, "mallory")
    team.branch("theirs")
    make = (team.project.root / "make.py").read_text()
    make = make.replace("range(1, params", "[1, *range(1, params").replace("+ 1)\n]", "+ 1)]\n]")
    team.project.write("make.py", make + SPY)
    team.project.git("add", "--all")
    team.project.git("commit", "--quiet", "--message", "Two rows with one key")
    token = team.github.world.user_token("mallory")
    team.project.git(
        "push", "--quiet", team.github.clone_url("mallory/data", token), "HEAD:refs/heads/main"
    )
    pull = team.github.world.opened(
        team.repository, branch="main", title="More", login="mallory", source=fork
    )
    runs = team.checked(pull)
    assert runs["data"].conclusion == "failure"
    assert "the data is blocked" in runs["data"].log.lower()
    ended([runs["data-report"]])
    text = team.comment(pull)
    assert "Blocked" in text
    assert "`id`" in text
    [status] = team.repository.statuses_of(pull.head)
    assert status.state == "failure"

    check = runs["data"].job("check")
    assert (check.secrets, check.permissions) == (frozenset(), {"contents": "read"})
    posting = runs["data-report"].job("report")
    assert posting.secrets == frozenset()
    assert posting.permissions == {
        "actions": "read", "contents": "read", "pull-requests": "write", "statuses": "write",
    }  # fmt: skip
    assert check.log.count("GITHUB_REPOSITORY=acme/data") > 1, "it did look"
    assert PLANTED not in check.log

    [run] = team.merged(pull)
    assert (run.job("build").result, run.job("publish").result) == ("failure", "skipped")
    assert run.job("announce").result == "success", run.log
    assert "the data is blocked" in team.comment(pull), "merged all the same, and told so"
    [notice] = team.notices(pull)
    assert "the data is blocked" in notice, "an edited comment notifies nobody"
    assert team.tags() == []
    assert team.leaks() == []


@pytest.mark.slow
def test_data_that_another_merge_changed_is_not_released_unseen(team: Team) -> None:
    """Both reports were right alone; the second merge gives other data, until somebody accepts."""
    first = team.propose("rows", rows=25)
    team.branch("richer")
    make = (team.project.root / "make.py").read_text()
    team.project.write("make.py", make.replace("rng.gauss(50, 10)", "rng.gauss(70, 10)"))
    team.push("Everybody spends more")
    second = team.github.world.opened(
        team.repository, branch="richer", title="Everybody spends more", login="ann"
    )
    ended(team.checked(first))
    ended(team.checked(second))
    ended(team.merged(first))
    assert team.tags() == ["data-v1"]

    [run] = team.merged(second, "squash")
    assert (run.conclusion, run.job("publish").result) == ("failure", "failure")
    assert run.job("announce").result == "success", run.log
    assert team.tags() == ["data-v1"], "other bytes than reviewed have no number"
    assert not any("data-v2" in key for key in team.objects())
    text = team.comment(second)
    assert "other data than was reviewed" in text
    [line] = [line for line in text.splitlines() if line.startswith("gh workflow run data-rel")]
    digest = line.partition("accept=")[2]

    again = events.dispatch(
        team.github, team.repository, {"accept": digest}, file="data-release.yml"
    )
    ended(team.dispatch(again))
    assert team.tags() == ["data-v1", "data-v2"]
    assert "Published as **data-v2**" in team.comment(second)
    assert team.leaks() == []


@pytest.mark.slow
@pytest.mark.parametrize("how", ["required", "not required"])
def test_a_commit_that_came_by_no_pull_request(how: str, team: Team) -> None:
    """It is released as not reviewed, which page and manifest say, or refused by the setting."""
    if how == "required":
        team.project.release_settings(require_review=True)
    team.project.params(rows=24)
    team.push("Straight to main", branch="HEAD:main")
    [run] = team.dispatch(events.push(team.github, team.repository))
    if how == "required":
        assert run.conclusion == "failure"
        assert "Nobody reviewed this data" in run.log
        assert team.tags() == []
    else:
        ended([run])
        assert team.tags() == ["data-v1"]
        page = team.page("data-v1")
        assert "**Not reviewed**" in str(page.body)
        [manifest] = [asset for asset in page.assets if asset.name == "manifest.json"]
        assert b'"reviewed": null' in manifest.content
