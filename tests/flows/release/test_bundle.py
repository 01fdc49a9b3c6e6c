"""The build handed over: `check --bundle` here, `release --bundle` there, where nothing is run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.commands import KILLED, Done, Point, run
from tests.conftest import environment, hermetic_environment
from tests.flows.release.test_races import BETWEEN, release_in
from tests.project import Project
from tests.remote_servers import RemoteServers
from tests.slow_cases import slow_but
from tests.versions import assert_whole, branch, manifest, message, tags

from datarelease.errors import WorldError
from datarelease.model.adoption import staging_credentials
from datarelease.progress import Step

pytestmark = pytest.mark.one_dataset


def forbidden() -> None:
    """Stands for a stage that runs where none may."""
    raise AssertionError("the publisher ran the pipeline")


NO_STAGE = (Point(step=Step.REPRODUCE, act=forbidden),)


@pytest.fixture(scope="module")
def bundle_template(one_dataset_templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of the edited project, made once: every copy of that project has its commit."""
    folder = tmp_path_factory.mktemp("bundles")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(one_dataset_templates / "edited", folder / "edited")
        builder = project.clone(folder / "builder")
        run(builder, "check", "--bundle", str(folder / "bundle"))
    return folder / "bundle"


@pytest.fixture
def built(bundle_template: Path, tmp_path: Path) -> Path:
    """The bundle of the edited project."""
    return Path(shutil.copytree(bundle_template, tmp_path / "bundle"))


@pytest.fixture
def publisher(edited: Project, tmp_path: Path) -> Project:
    """A fresh clone with the remote and an empty cache."""
    return edited.clone(tmp_path / "publisher")


def publish(project: Project, bundle: Path, *arguments: str) -> Done:
    """How `release --bundle` ended; a stage that runs is a failure."""
    return run(project, "release", "--bundle", str(bundle), *arguments, code=None, points=NO_STAGE)


def test_a_bundle_is_released_without_running_anything(built: Path, publisher: Project) -> None:
    """The version is whole on the remote, its lock is committed, and no stage was run."""
    before = branch(publisher)
    done = publish(publisher, built, "--json")
    assert done.code == 0, done.err
    assert (done.json["released"], done.json["tag"]) == (True, "data-v2")
    assert_whole(publisher, "data-v2")
    assert publisher.git("rev-parse", f"{branch(publisher)}^") == before


PLANTED = {"file": "m.json", "name": "planted", "before": 1, "after": 2}


def test_metrics_and_parameters_of_a_bundle_are_not_taken(built: Path, publisher: Project) -> None:
    """The publisher reads those of its own commit, whatever the report of the build claims."""

    def plant(report: dict[str, object]) -> None:
        report["pipeline"] = {"metrics": [PLANTED]}
        report["params"] = [{"name": "planted", "before": "1", "after": "2"}]

    edit(built / "report.json", plant)
    done = publish(publisher, built)
    assert done.code == 0, done.err
    report = json.loads((publisher.remote / "releases" / "data-v2" / "report.json").read_text())
    assert report["pipeline"]["metrics"] == []
    assert "make.rows" in [param["name"] for param in report["params"]]
    assert "planted" not in json.dumps(report)


TAKEN_OVER = [
    Point(step=Step.TAKE_OVER),
    Point(step=Step.TAKE_OVER, when="after"),
    Point(step=Step.PUSH),
    Point(step=Step.PUSH, when="after"),
]


@pytest.mark.parametrize("point", slow_but({"after take over 1"}, TAKEN_OVER))
def test_killed_while_a_bundle_is_released(built: Path, publisher: Project, point: Point) -> None:
    """The same command again ends in one whole version, and says so."""
    run(publisher, "release", "--bundle", str(built), points=[*NO_STAGE, point], code=KILLED)
    assert publish(publisher, built).code in {0, 3}
    assert tags(publisher) == ["data-v1", "data-v2"]
    run(publisher, "release")
    assert_whole(publisher, "data-v2")


def test_a_bundle_in_the_work_tree_stays_out_of_the_release(
    built: Path, publisher: Project
) -> None:
    """The release commit holds the lock, not the bundle's copy of it."""
    shutil.copytree(built, publisher.root / "bundle")
    assert publish(publisher, Path("bundle")).code == 0
    named = publisher.git("show", "--name-only", "--format=", "data-v2^{commit}").splitlines()
    assert named == ["dvc.lock"]


def test_the_version_is_the_one_that_a_release_in_one_place_makes(
    built: Path, publisher: Project, edited: Project
) -> None:
    """Digest, report and assessments are those of the check; a release there finds nothing left."""
    assert publish(publisher, built).code == 0
    remote = publisher.remote / "releases" / "data-v2"
    report = json.loads((remote / "report.json").read_text())
    checked = json.loads((built / "report.json").read_text())
    assert report["datasets"] == checked["datasets"]
    assert manifest(publisher.remote, "data-v2")["digest"] == checked["digest"]
    edited.git("fetch", "--quiet")
    edited.git("reset", "--hard", "--quiet", "origin/main")
    assert "nothing to release" in run(edited, "release", "--json").json["reason"]


@pytest.mark.two_datasets
def test_what_the_remotes_have_stays_out_of_the_bundle(edited: Project, tmp_path: Path) -> None:
    """Only the objects that the edit made travel: a table, a part and the listing."""
    run(edited, "check", "--bundle", str(tmp_path / "bundle"))
    assert len([path for path in (tmp_path / "bundle/files").rglob("*") if path.is_file()]) == 3


def test_other_bytes_than_reviewed_are_refused(built: Path, publisher: Project) -> None:
    """Exit 4, nothing pushed, and the record says what differs."""
    out = publisher.root.parent / "outcome"
    done = publish(publisher, built, "--reviewed", "0" * 64, "--out", str(out))
    assert done.code == 4
    assert tags(publisher) == ["data-v1"]
    outcome = json.loads((out / "outcome.json").read_text())
    assert (outcome["state"], outcome["tag"], outcome["reviewed"]) == ("conflict", None, "0" * 64)
    assert outcome["report"]["digest"] == outcome["digest"] != outcome["reviewed"]


def test_a_release_records_how_it_ended_with_its_documents(built: Path, publisher: Project) -> None:
    """The record names version, digest and review; the documents of the version are beside it."""
    out = publisher.root.parent / "outcome"
    digest = json.loads((built / "bundle.json").read_text())["digest"]
    assert publish(publisher, built, "--reviewed", digest, "--out", str(out)).code == 0
    outcome = json.loads((out / "outcome.json").read_text())
    assert (outcome["state"], outcome["tag"], outcome["number"]) == ("released", "data-v2", 2)
    assert outcome["reviewed"] == outcome["digest"] == digest
    for name in ("manifest.json", "report.html", "reports/people/profile.json"):
        assert (out / name).is_file(), name
    assert "Reviewed: " + digest in message(publisher, "data-v2")


def test_a_repeated_release_still_records_the_version_as_its_own(
    built: Path, publisher: Project, edited: Project, tmp_path: Path
) -> None:
    """Stopped after the tag and run again, nothing is left to release, and the record says so."""
    assert publish(publisher, built).code == 0
    again = edited.clone(tmp_path / "again", "--branch", "main")
    again.git("reset", "--hard", "--quiet", "data-v2^")
    done = publish(again, built, "--out", str(tmp_path / "outcome"))
    assert done.code == 3, "the newest version is another than the build compared with"
    built_anew = tmp_path / "anew"
    assert run(again, "check", "--bundle", str(built_anew)).code == 0
    shutil.rmtree(tmp_path / "outcome")
    assert publish(again, built_anew, "--out", str(tmp_path / "outcome")).code == 0
    outcome = json.loads((tmp_path / "outcome" / "outcome.json").read_text())
    assert (outcome["state"], outcome["tag"]) == ("released", "data-v2")
    assert (tmp_path / "outcome" / "manifest.json").is_file()


def edit(path: Path, change: Callable[[dict[str, object]], object]) -> int:
    """Change a JSON document in place."""
    document = json.loads(path.read_text())
    change(document)
    return path.write_text(json.dumps(document))


def flip(path: Path) -> int:
    """Other bytes of the same length."""
    path.chmod(0o644)
    return path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))


SPOILED: dict[str, tuple[Callable[[Path], object], int]] = {
    "another commit": (lambda b: edit(b / "bundle.json", lambda d: d.update(commit="0" * 40)), 2),
    "another digest": (lambda b: edit(b / "bundle.json", lambda d: d.update(digest="0" * 64)), 4),
    "an unknown key": (lambda b: edit(b / "bundle.json", lambda d: d.update(run="rm -rf /")), 2),
    "a file of the repository": (
        lambda b: (
            (b / "tree" / "make.py").write_text("print('hello')"),
            edit(b / "bundle.json", lambda d: d.update(tree=["make.py"])),
        ),
        2,
    ),
    "a path that leads out": (
        lambda b: edit(b / "bundle.json", lambda d: d.update(tree=["../../outside/dvc.lock"])),
        2,
    ),
    "a link": (lambda b: (b / "link").symlink_to("/etc/passwd"), 2),
    "a report of other data": (
        lambda b: edit(b / "report.json", lambda d: d.update(digest="0" * 64)),
        4,
    ),
    "no report": (lambda b: (b / "report.json").unlink(), 2),
    "no assessment": (lambda b: shutil.rmtree(b / "assessments"), 2),
    "a staging remote that nobody named": (
        lambda b: edit(b / "bundle.json", lambda d: d.update(staging="elsewhere")),
        2,
    ),
    "other bytes under a hash": (
        lambda b: [flip(p) for p in (b / "files").rglob("*") if p.is_file()],
        3,
    ),
    "no objects, and none on a remote": (lambda b: shutil.rmtree(b / "files"), 3),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_bundle_that_does_not_fit_is_refused(name: str, built: Path, publisher: Project) -> None:
    """Whatever is wrong with it: a clear error, no tag, nothing of it on the remote."""
    spoil, code = SPOILED[name]
    spoil(built)
    done = publish(publisher, built)
    assert (done.code, "Traceback" in done.text) == (code, False), done.err
    assert tags(publisher) == ["data-v1"]
    assert not (publisher.remote / "releases" / "data-v2").exists()


@pytest.mark.parametrize("path", [".git/config", "linked/config", ".dvc/config.local"])
def test_a_bundle_writes_no_configuration(path: str, built: Path, publisher: Project) -> None:
    """A pipeline may call git's or DVC's settings a metric; a publisher does not take them."""
    declared = publisher.read_yaml("dvc.yaml")
    publisher.write("dvc.yaml", json.dumps({**declared, "metrics": [path]}))
    (publisher.root / "linked").symlink_to(".git")
    publisher.commit("Merged by somebody", "dvc.yaml", "linked")
    (built / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
    (built / "tree" / path).write_text("[core]\n\tfsmonitor = touch ran\n")
    edit(built / "bundle.json", lambda d: d.update(commit=publisher.head, tree=[path]))
    before = (publisher.root / ".git" / "config").read_bytes()
    done = publish(publisher, built)
    assert done.code == 2, done.err
    assert "not a file that a build makes" in done.text or "is a symbolic link" in done.text
    assert (publisher.root / ".git" / "config").read_bytes() == before
    assert not (publisher.root / "ran").exists()


CONFIG = """\
[core]
    site_cache_dir = pickles
[cache]
    dir = /elsewhere
['remote "storage"']
    url = s3://bucket/x
    configpath = /$PWD/evil.cfg
['remote "other"']
    url = s3://bucket/y
    profile = x
    ssl_verify = false
"""
IMPORTED = """\
deps:
- path: s3://bucket/x.csv
  fs_config: {configpath: /$PWD/evil.cfg}
outs:
- path: bought.csv
"""
CONFIGURED = {
    ".dvc/config": (
        CONFIG,
        ["core.site_cache_dir", "cache.dir", "remote.storage.configpath", "remote.other.profile",
         "remote.other.ssl_verify"],
    ),
    ".dvc/config.local": (CONFIG, [".dvc/config.local: is tracked by git"]),
    "bought.csv.dvc": (IMPORTED, ["bought.csv.dvc: fs_config.configpath"]),
}  # fmt: skip


@pytest.mark.parametrize("path", CONFIGURED)
def test_the_publisher_takes_plain_values_from_the_repository(
    path: str, built: Path, publisher: Project
) -> None:
    """What could name a program, a key or a place of pickles is refused with its name, exit 2."""
    content, named = CONFIGURED[path]
    publisher.write(path, content)
    publisher.git("add", "--force", path)
    publisher.git("commit", "--quiet", "-m", "Merged by somebody")
    done = publish(publisher, built)
    assert done.code == 2, done.err
    assert [name for name in named if name not in done.text] == []
    assert tags(publisher) == ["data-v1"]


@pytest.mark.slow  # a lock whose data nobody pushed is quick
def test_a_build_needs_no_data_that_the_lock_knows(edited: Project, tmp_path: Path) -> None:
    """With a current lock and recorded reports a build without the data releases all of it."""
    run(edited, "release")
    edited.params(rows=31)
    edited.repro()
    edited.release_settings(policy={"psi": False})
    edited.commit("More, with its lock")
    edited.push()
    edited.dvc("push", "--quiet")
    builder, publisher = edited.clone(tmp_path / "builder"), edited.clone(tmp_path / "publisher")
    assert run(builder, "check", "--bundle", str(tmp_path / "bundle"), points=NO_STAGE).code == 0
    assert publish(publisher, tmp_path / "bundle").code == 0
    assert_whole(publisher, "data-v3")


def test_a_lock_whose_data_nobody_pushed_is_made_by_the_build(
    edited: Project, tmp_path: Path
) -> None:
    """Somebody without keys ran the pipeline and committed its lock: the build makes the bytes."""
    edited.commit("More, with its lock")
    edited.push()
    builder, publisher = edited.clone(tmp_path / "builder"), edited.clone(tmp_path / "publisher")
    done = run(builder, "check", "--bundle", str(tmp_path / "bundle"))
    assert "`dvc repro` runs the stages" in done.err
    assert publish(publisher, tmp_path / "bundle").code == 0
    assert_whole(publisher, "data-v2")


def test_a_forged_verdict_is_judged_again(edited: Project, tmp_path: Path) -> None:
    """A build that says `pass` of what the policy blocks is blocked by the publisher."""
    edited.release_settings(policy={"rows": {"max": 5}})
    edited.commit("Allow five rows")
    edited.push()
    run(edited, "check", "--bundle", str(tmp_path / "bundle"), code=1)
    edit(tmp_path / "bundle" / "report.json", lambda d: d.update(verdict={"findings": []}))
    publisher = edited.clone(tmp_path / "publisher")
    done = publish(publisher, tmp_path / "bundle", "--out", str(tmp_path / "outcome"))
    assert done.code == 1, done.err
    assert json.loads((tmp_path / "outcome/outcome.json").read_text())["state"] == "blocked"
    assert tags(publisher) == ["data-v1"]


def test_data_that_nobody_reviewed_is_refused_where_a_review_is_required(
    edited: Project, tmp_path: Path
) -> None:
    """With `release.require_review` only --reviewed releases; the record says why it stopped."""
    edited.release_settings(require_review=True)
    edited.commit("Require a review")
    edited.push()
    done = run(edited, "release", "--out", str(tmp_path / "outcome"), code=4)
    assert "Nobody reviewed" in done.text
    assert json.loads((tmp_path / "outcome/outcome.json").read_text())["state"] == "unreviewed"
    digest = run(edited, "check", "--json").json["digest"]
    assert run(edited, "release", "--reviewed", digest).code == 0


@pytest.mark.two_datasets
def test_a_staging_remote_carries_the_objects(edited: Project, tmp_path: Path) -> None:
    """The bundle holds documents only; the publisher promotes the staged bytes to the remote."""
    edited.add_remote("staging", str(tmp_path / "staging"))
    edited.release_settings(staging="staging")
    edited.commit("Stage the data")
    edited.push()
    publisher = edited.clone(tmp_path / "publisher")
    assert run(edited, "check", "--bundle", str(tmp_path / "bundle")).code == 0
    assert not (tmp_path / "bundle" / "files").exists()
    assert len([p for p in (tmp_path / "staging").rglob("*") if p.is_file()]) == 3
    assert publish(publisher, tmp_path / "bundle").code == 0
    assert_whole(publisher, "data-v2")


@pytest.mark.parametrize(
    "kind",
    # With a directory it is quick, in `test_a_staging_remote_carries_the_objects`.
    [pytest.param(kind, marks=pytest.mark.slow) for kind in ("ssh", "webdav", "azure")],
)
def test_the_staging_remote_may_be_on_any_server(
    edited: Project,
    remote_servers: RemoteServers,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
) -> None:
    """Build and publisher sign in with what the workflows hand over, and with nothing else."""
    place = remote_servers.place(kind, Path.home())
    given = {"host": "127.0.0.1", **place.settings}
    if kind == "ssh":
        (Path.home() / ".ssh" / "known_hosts").unlink()
        server = remote_servers.ssh
        given = {"private_key": server.private_key, "known_hosts": server.known_hosts}
    # What `build.yml` and `release.yml` hand over, where the address is one that encrypts.
    for name, _ in staging_credentials(place.url.replace("webdav:", "webdavs:")):
        value = given[name.removeprefix("DATARELEASE_STAGING_").lower()]
        monkeypatch.setenv(name, value)
    edited.add_remote("staging", place.url)
    edited.release_settings(staging="staging")
    edited.commit("Stage the data")
    edited.push()
    publisher = edited.clone(tmp_path / "publisher")
    assert run(edited, "check", "--bundle", str(tmp_path / "bundle")).code == 0
    assert not (tmp_path / "bundle" / "files").exists()
    assert publish(publisher, tmp_path / "bundle").code == 0
    assert_whole(publisher, "data-v2")


@pytest.mark.slow  # a staging remote that carries the objects is quick
def test_staged_data_spares_the_build(edited: Project, tmp_path: Path) -> None:
    """Where the lock is current and staging has its objects, the build runs no stage."""
    edited.add_remote("staging", str(tmp_path / "staging"))
    edited.release_settings(staging="staging")
    edited.commit("Stage the data, with its lock")
    edited.push()
    edited.dvc("push", "--quiet", "--remote", "staging")
    builder, publisher = edited.clone(tmp_path / "builder"), edited.clone(tmp_path / "publisher")
    done = run(builder, "check", "--bundle", str(tmp_path / "bundle"), points=NO_STAGE)
    assert done.code == 0, done.err
    assert publish(publisher, tmp_path / "bundle").code == 0
    assert_whole(publisher, "data-v2")


def test_a_race_that_a_bundle_loses_ends_at_once(
    built: Path, publisher: Project, tmp_path: Path
) -> None:
    """Overtaken right before its tag: exit 3 without another try, because the build compared."""
    other = publisher.clone(tmp_path / "other")
    other.git("switch", "--quiet", "--create", "other", "HEAD^")
    other.params(rows=50)
    other.commit("Other data")
    act = partial(release_in, other.root, other.origin, other.remote, "--branch", "other")
    point = Point(step=BETWEEN, act=act)
    done = run(publisher, "release", "--bundle", str(built), points=[*NO_STAGE, point], code=3)
    assert "builds and compares once more" in done.text
    assert tags(publisher) == ["data-v1", "data-v2"]
    assert manifest(publisher.remote, "data-v2")["baseline"] == "data-v1"


@pytest.mark.slow  # a race that a bundle loses, above, is quick
def test_another_release_since_the_build_asks_for_a_new_one(
    built: Path, publisher: Project, edited: Project
) -> None:
    """Exit 3 with the remedy: the comparison in the bundle is with a version that is not newest."""
    edited.params(rows=30)
    edited.commit("More")
    edited.push()
    assert run(edited, "release").code == 0
    done = publish(publisher, built)
    assert (done.code, "builds and compares once more" in done.text) == (3, True)
    assert tags(publisher) == ["data-v1", "data-v2"]
    assert WorldError.exit_code == done.code
