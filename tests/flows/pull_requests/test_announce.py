"""Reports on GitHub after a release: its page, the comment, and lost data."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner
from tests import sample_reports
from tests.forge.gitdir import WorkTree
from tests.forge.records import Pull, Repository
from tests.forge.server import GitHubServer
from tests.goldens import Golden
from tests.slow_cases import slow_but
from tests.webhook_receiver import running_receiver

from datarelease.adapters.github.cml import is_marked
from datarelease.adapters.github.repository import GitHub
from datarelease.cli.announce_command import command
from datarelease.documents import encode
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.pull_requests.announce import (
    OUTCOME,
    AnnouncementResult,
    AnnouncementTexts,
    announce,
    dispatch,
    read_outcome,
    tell_damage,
)
from datarelease.model.github import BOT, Push
from datarelease.model.review.diff import Compatibility
from datarelease.model.versions.manifest import (
    Manifest,
    ManifestDataset,
    ManifestDocument,
    ManifestRemote,
)
from datarelease.model.versions.outcome import OUTCOME_FILE, Health, Outcome, VersionHealth
from datarelease.model.versions.release import Fault
from datarelease.model.webhook import Webhook
from datarelease.progress import Quiet, Step
from datarelease.render.markdown.comment import CommentSource, comment, notice
from datarelease.render.markdown.version_texts import ISSUE_TITLE, MARK, damage_issue, release_page

SHA = "0123456789abcdef0123456789abcdef01234567"
REPORT = dataclasses.replace(sample_reports.small(), tag="data-v4")


def outcome(**fields: object) -> Outcome:
    """A release of data-v4 by the first pull request; ``fields`` stand in for others."""
    values: dict[str, object] = {
        "state": "released", "tag": "data-v4", "number": 4, "digest": REPORT.digest,
        "reviewed": REPORT.digest, "pull": 1, "commit": SHA, "what": "", "untouched": "",
        "remedy": "", "report": REPORT,
    }  # fmt: skip
    return Outcome(**{**values, **fields})  # type: ignore[arg-type]


def manifest(tag: str = "data-v4", number: int = 4, reviewed: str | None = "a" * 64) -> Manifest:
    """A version of one dataset."""
    dataset = ManifestDataset(
        name="customers", path="data/customers.parquet", entries=(), files=(), rows=10,
        schema=None, schema_sha256=None,
    )  # fmt: skip
    return Manifest(
        tag=tag, number=number, digest="a" * 64, datasets=(dataset,),
        remotes=(ManifestRemote(name="s3", url="s3://bucket"),), commit=SHA,
        date="2026-01-01T00:00:00Z", baseline="data-v3", rollback_of=None,
        compatibility=Compatibility.PATCH, verdict="pass", params_sha256="", reviewed=reviewed,
        tools=(),
    )  # fmt: skip


@pytest.fixture
def repo(github: GitHubServer, work: WorkTree) -> Repository:
    """A private repository of acme with the branches main and topic."""
    return github.world.repository("acme/data", source=work.path, private=True)


@pytest.fixture
def hub(github: GitHubServer, pull: Pull) -> GitHub:  # noqa: ARG001 - it has to be there
    """What the job `announce` has, with the pull request there."""
    return connected(github, contents="write", pull_requests="write")


def connected(github: GitHubServer, **permissions: str) -> GitHub:
    """The adapter in a job with these permissions, without pauses."""
    granted = {name.replace("_", "-"): level for name, level in permissions.items()}
    token = github.world.workflow_token("acme/data", granted)
    return GitHub(api_url=github.api_url, repository="acme/data", token=token, sleep=lambda _: None)


def place(github: GitHubServer) -> CommentSource:
    """Where texts are written from."""
    run = f"{github.url}/acme/data/actions/runs/1"
    return CommentSource(server=github.url, repository="acme/data", run_url=run)


def pages(github: GitHubServer) -> AnnouncementTexts:
    """The real texts."""
    where = place(github)
    return AnnouncementTexts(
        comment=lambda found: comment(found, where),
        notice=lambda found: notice(found, where),
        release=lambda found, documents: release_page(documents.manifest, found, where),
    )


def artifacts(folder: Path, found: Manifest | None = None) -> Path:
    """The artifacts of a run whose publisher wrote its documents."""
    target = folder / "datarelease-outcome"
    (target / "reports" / "customers").mkdir(parents=True)
    (target / "manifest.json").write_text(encode(found or manifest()))
    (target / "report.html").write_text("<!doctype html>")
    (target / "reports" / "customers" / "profile.json").write_text("{}")
    return folder


def with_sums(folder: Path) -> Path:
    """The same of a version whose manifest lists the hashes of its files."""
    target, text = folder / "datarelease-outcome", "a  data.csv\n"
    documents = tuple(
        ManifestDocument(
            name=path.relative_to(target).as_posix(),
            size=path.stat().st_size,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(target.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    )
    sums = ManifestDocument(
        name="SHA256SUMS", size=len(text), sha256=hashlib.sha256(text.encode()).hexdigest()
    )
    (target / "SHA256SUMS").write_text(text)
    (target / "manifest.json").write_text(encode(replace(manifest(), documents=(sums, *documents))))
    return folder


def told(
    github: GitHubServer, hub: GitHub, folder: Path, found: Outcome, run: str = "7"
) -> AnnouncementResult:
    """What `announce` does in a run."""
    return announce(folder, found, hub, pages(github), Quiet(), run=run)


def written_on(repo: Repository, number: int = 1) -> tuple[str, list[str]]:
    """Our one comment on a pull request, and the notices beside it."""
    bodies = [comment.body for comment in repo.comments_on(number)]
    [ours] = [body for body in bodies if is_marked(body)]
    return ours, [body for body in bodies if body != ours]


def test_a_release_gets_its_page_with_every_document(
    github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """Published, marked latest, with assets whose sums fit, and the comment says how to get it."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    result = told(github, hub, with_sums(artifacts(tmp_path / "a")), outcome())
    assert result.problems == ()
    [page] = repo.releases.values()
    assert (page.tag, page.draft, repo.latest) == ("data-v4", False, page.id)
    assets = {asset.name: asset.content for asset in page.assets}
    assert set(assets) == {
        "manifest.json", "report.html", "customers-profile.json", "SHA256SUMS",
        "data-SHA256SUMS",
    }  # fmt: skip
    assert assets["data-SHA256SUMS"] == b"a  data.csv\n", "the hashes of the data have a name apart"
    for line in assets["SHA256SUMS"].decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(assets[name]).hexdigest() == digest
    assert "datarelease get data-v4" in str(page.body)
    assert "Reviewed in #1" in str(page.body)
    address = f"{github.url}/acme/data/releases/download/data-v4/report.html"
    assert f"[the HTML report]({address})" in str(page.body)
    [written] = [c for c in repo.comments.values() if c.number == 1]
    assert "Published as **data-v4**" in written.body
    assert is_marked(written.body)


def test_announcing_again_changes_nothing(
    github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """The second run only reads."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    folder = artifacts(tmp_path / "a")
    told(github, hub, folder, outcome())
    before = len(github.requests)
    assert told(github, hub, folder, outcome()).problems == ()
    assert {request.method for request in github.requests[before:]} == {"GET"}


class Crash(Exception):  # noqa: N818 - stands for the end of the process
    """The process ends here."""


class Crashing(Quiet):
    """Ends the process at one boundary of a step."""

    def __init__(self, step: Step, when: str) -> None:
        """End right ``before`` or ``after`` the first ``step``."""
        self._at = step, when

    @contextmanager
    def step(self, step: Step) -> Iterator[None]:
        """Crash before or after it."""
        if self._at == (step, "before"):
            raise Crash
        yield
        if self._at == (step, "after"):
            raise Crash


WHEN = ("before", "after")
ANNOUNCED = [(step, when) for step in (Step.DRAFT, Step.ASSET, Step.PUBLISH) for when in WHEN]
TOLD = [(step, when) for step in (Step.COMMENT, Step.NOTICE) for when in WHEN]


def name_of(case: tuple[Step, str]) -> str:
    """What a case is called."""
    return f"{case[0]}-{case[1]}"


# Each step once.
@pytest.mark.parametrize(
    ("step", "when"),
    slow_but(
        {"draft-after", "asset-before", "publish-after", "comment-before", "notice-after"},
        [*ANNOUNCED, *TOLD],
        name_of,
    ),
)
def test_announced_after_a_crash(
    step: Step, when: str, github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """Ended at any step, the next run leaves one whole page and one comment; a third only reads."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    folder = artifacts(tmp_path / "a")
    with pytest.raises(Crash):
        announce(folder, outcome(), hub, pages(github), Crashing(step, when), run="7")
    assert told(github, hub, folder, outcome()).problems == ()
    [page] = repo.releases.values()
    assert (page.tag, page.draft, len(page.assets)) == ("data-v4", False, 4)
    assert "Published as **data-v4**" in written_on(repo)[0]
    before = len(github.requests)
    told(github, hub, folder, outcome())
    assert {request.method for request in github.requests[before:]} == {"GET"}


@pytest.mark.parametrize(
    ("step", "when"), slow_but({"comment-after", "notice-before"}, TOLD, name_of)
)
def test_a_failure_is_told_once_after_a_crash(
    step: Step, when: str, github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """Ended at any step, the next run leaves one comment and one notice."""
    failed = outcome(state="failed", tag=None, number=None, what="The remote is away.")
    with pytest.raises(Crash):
        announce(tmp_path, failed, hub, pages(github), Crashing(step, when), run="7")
    assert told(github, hub, tmp_path, failed).problems == ()
    assert len(written_on(repo)[1]) == 1


FAILURES = {
    "the draft": ("POST", "/releases$", 422),
    "an asset": ("POST", "/assets$", 422),
    "publishing": ("PATCH", r"/releases/\d+$", 502),
    "looking for the page": ("GET", "/releases/tags/", 502),
    "the comment": ("POST", "/comments$", 422),
    "the pull request": ("GET", r"/pulls/\d+$", 500),
}


# One of each half, and a look that fails.
@pytest.mark.parametrize(
    "what", slow_but({"the draft", "looking for the page", "the comment"}, FAILURES)
)
def test_a_run_that_broke_off_is_finished_by_the_next(
    what: str, github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """Whichever request fails, the other half is still told, and the next run completes both."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    folder = artifacts(tmp_path / "a")
    method, path, status = FAILURES[what]
    github.fail(method, path, status, times=10)
    result = told(github, hub, folder, outcome())
    assert result.problems
    if what in {"the comment", "the pull request"}:
        assert (repo.release("data-v4").draft, repo.comments) == (False, {})
    else:
        assert len(repo.comments) == 1
    github.faults.clear()
    assert told(github, hub, folder, outcome()).problems == ()
    page = repo.release("data-v4")
    assert (page.draft, len(page.assets), len(repo.comments)) == (False, 4, 1)


def test_an_older_version_is_not_marked_latest(
    github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """Announced late, data-v4 does not take the mark from data-v5."""
    for tag in ("data-v4", "data-v5"):
        repo.bare.set(f"refs/tags/{tag}", repo.bare.sha("refs/heads/main"))
    newer = outcome(tag="data-v5", number=5, pull=None)
    told(github, hub, artifacts(tmp_path / "b", manifest("data-v5", 5)), newer)
    told(github, hub, artifacts(tmp_path / "a"), outcome())
    latest = next(r for r in repo.releases.values() if r.id == repo.latest)
    assert latest.tag == "data-v5"


def test_the_command_says_how_the_release_ended(
    github: GitHubServer, repo: Repository, pull: Pull, tmp_path: Path, transcripts: Golden
) -> None:
    """As the last step of a run: the state and the version, and exit 0."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    folder = artifacts(tmp_path / "artifacts")
    (folder / OUTCOME).parent.mkdir(exist_ok=True)
    (folder / OUTCOME).write_text(encode(outcome(pull=pull.number)))
    (tmp_path / "event.json").write_text("{}")
    granted = {"contents": "write", "pull-requests": "write"}
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": github.url,
        "GITHUB_API_URL": github.api_url,
        "GITHUB_REPOSITORY": "acme/data",
        "GITHUB_TOKEN": github.world.workflow_token("acme/data", granted),
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_SHA": SHA,
        "GITHUB_RUN_ID": "42",
    }
    transcripts.show(tmp_path, "announce", "artifacts", env=env)
    assert [page.tag for page in repo.releases.values()] == ["data-v4"]


def test_a_release_that_nobody_reviewed_says_so(
    github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """On its page, since there is no pull request to say it in."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    folder = artifacts(tmp_path / "a", manifest(reviewed=None))
    told(github, hub, folder, outcome(reviewed=None, pull=None))
    [page] = repo.releases.values()
    assert "**Not reviewed**" in str(page.body)
    assert repo.comments == {}


def test_other_data_than_reviewed_is_explained_and_nothing_is_published(
    github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """The comment shows both digests and the line that accepts the new one."""
    found = outcome(state="conflict", tag=None, number=None, reviewed="b" * 64)
    assert told(github, hub, tmp_path / "none", found).problems == ()
    written, [_] = written_on(repo)
    assert "b" * 64 in written
    assert f"accept={REPORT.digest}" in written
    assert repo.releases == {}


def test_without_a_record_the_jobs_speak(
    github: GitHubServer, hub: GitHub, repo: Repository, pull: Pull, tmp_path: Path
) -> None:
    """A publisher that was killed: the pull request is found by the commit, the job is named."""
    commit = github.world.merge(repo, pull.number, login="ann", how="squash")
    found = read_outcome(
        tmp_path / "none", hub, Push(head=commit), {"build": "success", "publish": "failure"}
    )
    assert (found.state, found.pull, "publish" in found.what) == ("failed", 1, True)
    told(github, hub, tmp_path / "none", found)
    written, [_] = written_on(repo)
    assert "the release failed" in written


def test_each_pull_request_of_a_merge_queues_group_is_told(
    github: GitHubServer, hub: GitHub, repo: Repository, pull: Pull, tmp_path: Path
) -> None:
    """A push that brought two of them: both get the comment, also where nobody left a record."""
    work = WorkTree(path=tmp_path / "work")
    work.git("switch", "--quiet", "main")
    work.commit({"c.txt": "3\n"}, branch="second")
    work.git("push", "--quiet", str(repo.bare.path), "second")
    other = github.world.opened(repo, branch="second", title="Even more", login="ann")
    first = github.world.merge(repo, pull.number, login="ann", how="squash")
    push = Push(
        head=github.world.merge(repo, other.number, login="ann", how="squash"), commits=(first,)
    )
    found = read_outcome(tmp_path / "none", hub, push, {"build": "failure", "publish": "skipped"})
    assert (found.pull, found.others) == (other.number, (pull.number,))
    assert told(github, hub, tmp_path / "none", found).problems == ()
    for number in (pull.number, other.number):
        written, notices = written_on(repo, number)
        assert "the release failed" in written
        assert len(notices) == 1


def test_a_release_that_fails_is_a_new_comment_once_for_each_run(
    github: GitHubServer, hub: GitHub, repo: Repository, pull: Pull, tmp_path: Path
) -> None:
    """Editing notifies nobody. A retry of the job adds nothing, another run that fails does."""
    told(github, hub, tmp_path, outcome(state="nothing", tag=None, number=None))
    assert written_on(repo, pull.number)[1] == []
    failed = outcome(state="failed", tag=None, number=None, what="The remote is away.")
    told(github, hub, tmp_path, failed)
    assert told(github, hub, tmp_path, failed).problems == ()
    _, [first] = written_on(repo)
    assert first.startswith("### ❌ Merged, but the release failed")
    assert "The remote is away." in first
    github.fail("POST", "/comments$", 502)
    told(github, hub, tmp_path, failed, run="8")
    told(github, hub, tmp_path, failed, run="8")
    assert len(written_on(repo)[1]) == 2


def test_notices_of_failure_are_settled_by_the_release(
    github: GitHubServer, hub: GitHub, repo: Repository, tmp_path: Path
) -> None:
    """The next run released it: nobody reads of a failure that is none any more."""
    told(github, hub, tmp_path / "none", outcome(state="failed", tag=None, number=None))
    stranger = "a copy\n\n<!-- datarelease: the release of run 7 -->"
    github.world.comment(repo, 1, login="eve", body=stranger)
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    folder = artifacts(tmp_path / "a")
    told(github, hub, folder, outcome(), run="9")
    _, [notice, copied] = written_on(repo)
    assert (
        "A release of this change failed, but a later one succeeded: it is published as **data-v4**"
        in notice
    )
    assert copied == stranger
    before = len(github.requests)
    told(github, hub, folder, outcome(), run="9")
    assert {request.method for request in github.requests[before:]} == {"GET"}


def test_named_repositories_are_told_of_a_new_version_alone(github: GitHubServer) -> None:
    """A failed notification does not prevent others; failures and empty releases notify nobody."""
    site = github.world.repository("acme/site")
    site.roles["bot"] = "write"
    token = github.world.user_token("bot", {"contents": "write"})

    def connect(name: str) -> GitHub:
        return GitHub(api_url=github.api_url, repository=name, token=token, sleep=lambda _: None)

    def tell(found: Outcome, targets: str = "acme/site", **more: None) -> tuple[str, ...]:
        return dispatch(
            found, repository="acme/data", targets=targets, **{"connect": connect, **more}
        )

    assert tell(outcome(state="failed"), "x") == tell(outcome(state="nothing")) == ()
    assert tell(outcome(), "  ") == tell(outcome(), "", connect=None) == ()
    assert site.dispatches == []
    gone, wrong = tell(outcome(), "acme/gone, ../site\nacme/site")
    assert "acme/gone was not notified of data-v4" in gone
    assert "'../site' is not OWNER/NAME" in wrong
    [sent] = site.dispatches
    assert sent == {
        "event_type": "data-release",
        "client_payload": {
            "repository": "acme/data", "tag": "data-v4", "version": 4, "digest": REPORT.digest,
            "commit": SHA,
        },
    }  # fmt: skip
    [lacking] = tell(outcome(), connect=None)
    assert "the secret DATARELEASE_DISPATCH_TOKEN is not set" in lacking


def test_a_record_that_did_not_arrive_is_no_failed_release(hub: GitHub, tmp_path: Path) -> None:
    """Exit 3 if the publisher succeeded: a released version is never reported as failed."""
    with pytest.raises(WorldError, match="was not downloaded"):
        read_outcome(tmp_path, hub, Push(head=SHA), {"build": "success", "publish": "success"})


def test_a_blocked_build_is_told_with_its_report(
    github: GitHubServer, hub: GitHub, repo: Repository, pull: Pull, tmp_path: Path
) -> None:
    """The build's report reaches the comment although nothing was published."""
    commit = github.world.merge(repo, pull.number, login="ann", how="merge")
    (tmp_path / "datarelease-report").mkdir()
    blocked = encode(sample_reports.blocked())
    (tmp_path / "datarelease-report" / "report.json").write_text(blocked)
    found = read_outcome(
        tmp_path, hub, Push(head=commit), {"build": "failure", "publish": "skipped"}
    )
    assert found.state == "blocked"
    told(github, hub, tmp_path, found)
    written, [_] = written_on(repo)
    assert "the data is blocked" in written


def test_a_record_that_cannot_be_used_is_refused(hub: GitHub, tmp_path: Path) -> None:
    """Exit 2: another version of the tool wrote it, or somebody else did."""
    (tmp_path / "datarelease-outcome").mkdir()
    (tmp_path / "datarelease-outcome" / "outcome.json").write_text('{"state": "released"}')
    with pytest.raises(ConfigError, match=r"outcome\.json"):
        read_outcome(tmp_path, hub, Push(head=SHA), {})


# --- lost data

LOST = Health(
    versions=(
        VersionHealth(
            tag="data-v4", remotes=("s3",), objects=3, error=None,
            faults=(Fault(remote="s3", key="files/md5/ab/cd", md5="abcd", kind="missing"),),
        ),
    )
)  # fmt: skip
WELL = Health(
    versions=(VersionHealth(tag="data-v4", remotes=("s3",), objects=3, faults=(), error=None),)
)


def test_one_issue_follows_the_health_of_the_data(github: GitHubServer, repo: Repository) -> None:
    """Opened, left alone while nothing changed, updated, closed; a stranger's copy is not ours."""
    hub = connected(github, issues="write")

    def look(health: Health) -> str:
        text = lambda: damage_issue(health, place(github))  # noqa: E731 - one line
        return tell_damage(hub, health, title=ISSUE_TITLE, mark=MARK, body=text).state

    assert look(WELL) == "none"
    assert look(LOST) == "opened"
    assert look(LOST) == "unchanged"
    worse = dataclasses.replace(LOST.versions[0], tag="data-v3", faults=(), error="no manifest")
    assert look(Health(versions=(*LOST.versions, worse))) == "updated"
    [issue] = [i for i in repo.issues.values() if i.user.login == BOT]
    assert "files/md5/ab/cd" in str(issue.body)
    assert "no manifest" in str(issue.body)
    assert look(WELL) == "closed"
    assert not issue.open


def test_the_command_tells_the_webhooks_that_the_released_commit_names(
    github: GitHubServer, repo: Repository, pull: Pull, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each once, after the GitHub Release, which the message links; one that fails is a warning."""
    repo.bare.set("refs/tags/data-v4", repo.bare.sha("refs/heads/main"))
    hooks = (Webhook(url="NOTIFY_URL", key="NOTIFY_KEY"), Webhook(url="NOTIFY_OPS"))
    folder = artifacts(tmp_path / "a")
    released = outcome(notify=hooks, pull=pull.number)
    (folder / "datarelease-outcome" / OUTCOME_FILE).write_text(encode(released))
    (tmp_path / "event.json").write_text(json.dumps({"repository": {"default_branch": "main"}}))
    permissions = {"contents": "write", "pull-requests": "write"}
    authority = trustme.CA()
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(github.bundle.read_bytes() + authority.cert_pem.bytes())
    with running_receiver(authority) as receiver:
        known = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_SERVER_URL": github.url,
            "GITHUB_API_URL": github.api_url,
            "GITHUB_REPOSITORY": "acme/data",
            "GITHUB_TOKEN": github.world.workflow_token("acme/data", permissions),
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_SHA": SHA,
            "GITHUB_RUN_ID": "42",
            "PUBLISH_RESULT": "success",
            "BUILD_RESULT": "success",
            "NOTIFY_URL": receiver.url,
            "NOTIFY_KEY": "whsec_c2VjcmV0",
            "REQUESTS_CA_BUNDLE": str(bundle),
        }
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(command, [str(folder)])
    assert done.exit_code == 0, done.output
    [(headers, body)] = receiver.got
    message, [page] = json.loads(body), repo.releases.values()
    assert (message["tag"], message["state"]) == ("data-v4", "released")
    assert message["page"] == f"{github.url}/acme/data/releases/tag/{page.tag}"
    assert headers["webhook-signature"].startswith("v1,")
    assert "NOTIFY_OPS" in done.output
    assert "valuable" not in done.output
