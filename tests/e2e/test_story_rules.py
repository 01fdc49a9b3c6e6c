"""Repositories with rules of their own: a protected main, a staging remote, lost data."""

from __future__ import annotations

import pytest
from tests.commands import run as command
from tests.forge import events
from tests.forge.records import Issue
from tests.servers import S3Server
from tests.stories import Team, ended

from datarelease.model.github import BOT


@pytest.mark.slow
def test_where_main_is_protected_the_lock_lives_on_the_tag(team: Team) -> None:
    """Pushes to main are refused, releases work, and the next check starts from the newest lock.

    There are no long-lived keys either, but a role; and CML cannot be installed.
    """
    team.github.world.protect(team.repository, branch="main")
    team.actions.cml = None
    team.sign_in_by_roles()
    before = team.repository.bare.sha("refs/heads/main")
    pull = team.propose("more", rows=26)
    runs = team.checked(pull)
    ended(runs)
    assert "the built-in poster writes the comment" in runs["data-report"].log
    ended(team.merged(pull, "squash"))
    assert team.tags() == ["data-v1"]
    main, tag = (team.repository.bare.sha(ref) for ref in ("refs/heads/main", "data-v1^{commit}"))
    assert main != before
    assert team.repository.bare.git("rev-parse", "data-v1^") == main
    assert tag != main, "the release commit with the lock lives on the tag alone"
    assert "Published as **data-v1**" in team.comment(pull)

    team.branch("words")
    team.project.write("NOTES.md", "Only words.\n")
    team.push("Say more")
    words = team.github.world.opened(team.repository, branch="words", title="Words", login="ann")
    runs = team.checked(words)
    ended(runs)
    assert "dvc.lock is taken from data-v1" in runs["data"].log
    assert "Running stage 'make'" not in runs["data"].log
    assert team.comments(words) == [], "nothing to say about data that does not change"
    ended(team.merged(words))
    assert team.tags() == ["data-v1"]


@pytest.mark.slow
def test_a_staging_remote_carries_what_an_artifact_cannot(team: Team, s3_server: S3Server) -> None:
    """The build has the staging keys alone; reviewed bytes are promoted, and a retry is whole.

    That Google's action leaves a file of credentials in the work tree is no edit of it.
    """
    publishing = team.repository.environments["data-release"]
    publishing.variables |= {"GOOGLE_PROVIDER": "provider", "GOOGLE_SERVICE_ACCOUNT": "account"}
    publishing.variables |= {"AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant"}
    staging = s3_server.bucket()
    team.project.add_remote(
        "staging", staging.url(), endpointurl=staging.endpoint, region="us-east-1"
    )
    team.project.release_settings(staging="staging")
    team.repository.secrets |= {
        "STAGING_ACCESS_KEY_ID": staging.keys.access,
        "STAGING_SECRET_ACCESS_KEY": staging.keys.secret,
    }
    team.push("Stage the data", branch="HEAD:main")
    [run] = team.dispatch(events.push(team.github, team.repository))
    ended([run])
    assert "STAGING_ACCESS_KEY_ID" in run.job("build").secrets
    assert not (run.artifacts / "data-bundle" / "files").exists()
    staged = {name.partition("/")[2] for name in staging.fs().find(staging.name)}
    assert staged
    assert staged <= set(team.objects())
    assert team.tags() == ["data-v1"]
    assert run.leaks([staging.keys.secret]) == []


@pytest.mark.slow
def test_lost_data_is_told_in_one_issue_until_it_is_back(team: Team) -> None:
    """The weekly look opens an issue, leaves it alone while nothing changes, and closes it."""
    team.project.params(rows=23)
    team.push("More", branch="HEAD:main")
    ended(team.dispatch(events.push(team.github, team.repository)))
    [key] = [key for key in team.objects() if key.startswith("files/")]
    place = f"{team.bucket.name}/{key}"
    table = team.bucket.fs().cat_file(place)
    team.bucket.fs().rm_file(place)

    def look(conclusion: str) -> list[Issue]:
        runs = team.dispatch(events.schedule(team.github, team.repository, "0 4 * * 1"))
        [run] = runs
        assert run.name == "data-verify"
        ended([run], conclusion)
        return [i for i in team.repository.issues.values() if i.user.login == BOT]

    [issue] = look("failure")
    assert key in str(issue.body)
    [same] = look("failure")
    assert (same.number, same.updated) == (issue.number, issue.updated)
    team.bucket.fs().pipe_file(place, table)
    [closed] = look("success")
    assert (closed.number, closed.open) == (issue.number, False)
    assert team.leaks() == []


@pytest.mark.slow
def test_a_release_that_broke_off_goes_on_when_it_is_started_again(team: Team) -> None:
    """The tag was made and GitHub failed: the comment says so, the next run makes the page."""
    pull = team.propose("more", rows=27)
    ended(team.checked(pull))
    team.github.fail("POST", r"/releases$", 422, times=5)
    [run] = team.merged(pull)
    assert (run.job("publish").result, run.job("announce").result) == ("success", "failure")
    assert team.tags() == ["data-v1"]
    assert team.repository.releases == {}
    assert "Published as **data-v1**" in team.comment(pull)
    team.github.faults.clear()
    again = events.dispatch(team.github, team.repository, {"accept": ""}, file="data-release.yml")
    ended(team.dispatch(again))
    assert team.tags() == ["data-v1"]
    assert not team.page("data-v1").draft
    loaded = command(team.project, "list", "--json", env=team.bucket.reader.env).json
    assert [version["tag"] for version in loaded] == ["data-v1"]
