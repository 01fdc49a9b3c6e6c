"""`gc`: what nothing needs goes, everything else stays, and a doubt deletes nothing."""

from __future__ import annotations

import dataclasses
import json
import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.commands import Point, run
from tests.flows.retention.conftest import age, put_object, stored
from tests.project import Project
from tests.servers import Bucket
from tests.versions import document_path, manifest, message, object_path, objects

from datarelease.app.retention import open_keeping
from datarelease.flows.retention.collect import collect, survey_all
from datarelease.progress import Quiet, Step

WEEK = timedelta(days=7)


def collected(project: Project, *options: str) -> dict[str, object]:
    """What `gc` says of the one remote."""
    found = run(project, "gc", "--json", *options).json
    [remote] = found["remotes"]
    return dict(remote)


def keys(remote: dict[str, object]) -> dict[str, str]:
    """The key and the reason of each object that goes."""
    garbage = remote["garbage"]
    assert isinstance(garbage, list)
    return {item["key"]: item["reason"] for item in garbage}


def test_a_history_in_order_loses_nothing(two: Project) -> None:
    """Versions, withdrawn ones too, and the branch with data of its own are all that is there."""
    run(two, "yank", "2", "--reason", "wrong")
    before = stored(two.remote)
    found = collected(two, "--apply")
    assert (found["garbage"], found["shared"]) == ([], [])
    assert stored(two.remote) == before
    assert "2 versions verified: all objects in order" in run(two, "gc", "--apply").out


def test_what_nothing_needs_is_shown_and_goes_when_it_is_told_to(two: Project) -> None:
    """A deleted branch's data, rests of uploads, orphaned documents; all else stays."""
    kept = stored(two.remote)
    two.git("push", "--quiet", "origin", "--delete", "topic")
    two.git("branch", "-D", "topic")
    branch = {f"files/md5/{md5[:2]}/{md5[2:]}" for md5 in _topic(two)}
    files = [put_object(two.remote, b"a file"), put_object(two.remote, b"another file")]
    listing = [{"md5": md5, "relpath": f"{n}.txt"} for n, md5 in enumerate(files)]
    put_object(two.remote, json.dumps(listing[:1]).encode(), days=0, tree=True)
    orphan = document_path(two.remote, "a" * 64)
    orphan.write_bytes(b"<html>")
    rest = two.remote / "files/md5/ab/.tmp-0123456789abcdef"
    rest.parent.mkdir(exist_ok=True)
    rest.write_bytes(b"half")
    age(orphan.parent)
    age(rest.parent)
    for strange in ("files/md5/notes.txt", "ab/cdef", "elsewhere/x", "releases/index-sales-v.json"):
        (two.remote / strange).parent.mkdir(parents=True, exist_ok=True)
        (two.remote / strange).write_bytes(b"not ours")
    age(two.remote / "elsewhere")
    found = keys(collected(two))
    unused = f"files/md5/{files[1][:2]}/{files[1][2:]}"
    assert set(found) == {*branch, unused, f"releases/sha256/{'a' * 64}", str(
        rest.relative_to(two.remote)
    )}  # fmt: skip
    assert found[f"releases/sha256/{'a' * 64}"].startswith("a manifest or document")
    assert stored(two.remote) >= kept
    text = run(two, "gc").out
    assert "This was a preview: `datarelease gc --apply` deletes them." in text
    assert "1 object, 10 bytes: too new" not in text
    before = stored(two.remote)
    assert keys(collected(two, "--apply")) == found
    assert before - stored(two.remote) == set(found)
    assert keys(collected(two, "--apply")) == {}


def _topic(project: Project) -> set[str]:
    """The hashes that only the branch had."""
    there = {path.parent.name + path.name for path in (project.remote / "files/md5").glob("*/*")}
    return there - _of_versions(project)


def _of_versions(project: Project) -> set[str]:
    return {md5 for tag in ("data-v1", "data-v2") for md5 in objects(manifest(project.remote, tag))}


@pytest.mark.parametrize("lost", ["manifest", "listing"])
def test_what_cannot_be_read_stops_everything(two: Project, lost: str) -> None:
    """One manifest, or one damaged listing of a branch, and nothing goes."""
    put_object(two.remote, b"garbage")
    shutil.rmtree(two.root / ".dvc/cache")
    if lost == "manifest":
        (two.remote / "releases/data-v1/manifest.json").unlink()
        sha256 = message(two, "data-v1").partition("Manifest-Sha256: ")[2].split()[0]
        document_path(two.remote, sha256).unlink()
    else:
        [tree] = [md5 for md5 in _topic(two) if md5.endswith(".dir")]
        object_path(two.remote, tree).write_bytes(b"[]")
    before = stored(two.remote)
    run(two, "gc", "--apply", code=3)
    assert stored(two.remote) == before


@pytest.mark.parametrize("fault", ["commit", "format"])
def test_other_repositories_keep_their_data(two: Project, fault: str) -> None:
    """Where one shares the remote, or a manifest cannot be read, no object of DVC's goes."""
    mine = put_object(two.remote, b"garbage")
    other = manifest(two.remote, "data-v1") | {"tag": "sales-v1"}
    other |= {"commit": "0" * 40} if fault == "commit" else {"format": 99}
    folder = two.remote / "releases/sales-v1"
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(other, indent=2) + "\n")
    found = run(two, "gc", "--apply")
    assert "0 objects" in found.out
    assert "shared with a repository whose branches are not known here" in found.out
    said = "sales-v1 of commit 000000000000" if fault == "commit" else "a later release"
    assert said in found.out
    assert object_path(two.remote, mine).exists()


def test_other_projects_of_this_repository_are_known_with_their_branches(two: Project) -> None:
    """Their versions stay, and what nobody needs goes."""
    mine = put_object(two.remote, b"garbage")
    folder = two.remote / "releases/sales-v1"
    folder.mkdir()
    theirs = manifest(two.remote, "data-v1") | {"tag": "sales-v1", "commit": two.head}
    (folder / "manifest.json").write_text(json.dumps(theirs, indent=2) + "\n")
    found = collected(two)
    assert found["shared"] == []
    assert list(keys(found)) == [f"files/md5/{mine[:2]}/{mine[2:]}"]


def test_a_version_whose_tag_somebody_changed_or_deleted_stays(two: Project) -> None:
    """It may be made a version again; what has neither tag nor copy was none, and goes."""
    sha256 = message(two, "data-v1").partition("Manifest-Sha256: ")[2].split()[0]
    two.git("push", "--quiet", "origin", "--delete", "data-v1")
    two.git("tag", "-d", "data-v1")
    assert keys(collected(two)) == {}
    shutil.rmtree(two.remote / "releases/data-v1")
    two.git("push", "--quiet", "origin", "HEAD:refs/tags/data-v1")
    assert set(keys(collected(two))).isdisjoint({f"releases/sha256/{sha256}"})
    two.git("push", "--quiet", "origin", "--delete", "data-v1")
    assert f"releases/sha256/{sha256}" in keys(collected(two))


def test_the_run_cache_keeps_what_can_be_restored(two: Project) -> None:
    """An old entry goes when an output of it is not kept, and stays when all of them are."""
    kept = next(md5 for md5 in _of_versions(two) if not md5.endswith(".dir"))
    for name, md5 in (("a", kept), ("b", "2" * 32)):
        entry = two.remote / "runs" / (name * 2) / (name * 64) / (name * 64)
        entry.parent.mkdir(parents=True)
        entry.write_text(f"cmd: x\nouts:\n- path: p\n  md5: {md5}\n  hash: md5\n  size: 1\n")
    age(two.remote / "runs")
    assert list(keys(collected(two, "--apply"))) == [f"runs/bb/{'b' * 64}/{'b' * 64}"]


def test_open_pull_requests_and_experiments_keep_their_data(
    two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their branches need not be at the origin; when they are closed, the data goes."""
    topic = two.git("rev-parse", "topic")
    two.git("push", "--quiet", "origin", "--delete", "topic")
    two.git("branch", "-D", "topic")
    two.git("push", "--quiet", "origin", f"{topic}:refs/pull/7/head")
    monkeypatch.chdir(two.root)
    keeping = open_keeping(two.root, progress=Quiet(), strict=True)

    def garbage(*pulls: int) -> int:
        found = survey_all(dataclasses.replace(keeping, pulls=lambda: pulls), WEEK)
        return len(found.remotes[0].garbage)

    assert garbage(7) == 0
    assert garbage() > 0
    two.git("push", "--quiet", "origin", f"{topic}:refs/exps/ab/cdef/tryout")
    assert garbage() == 0


def push_listing(remote: Path, md5: str) -> None:
    """What a push of a directory does last, whose one file is on the remote already."""
    listing = json.dumps([{"md5": md5, "relpath": "a.txt"}]).encode()
    put_object(remote, listing, days=0, tree=True)


def test_a_directory_that_is_pushed_meanwhile_keeps_its_files(two: Project) -> None:
    """Its files were there, old and needed by nothing: only its listing, and a branch, are new."""
    old = put_object(two.remote, b"an old file")
    other = put_object(two.remote, b"a garbage file")
    put_object(two.remote, b"[]", tree=True)

    act = partial(push_listing, two.remote, old)
    run(two, "gc", "--apply", points=[Point(step=Step.DELETE, when="after", act=act)])
    assert object_path(two.remote, old).exists()
    assert not object_path(two.remote, other).exists()


def test_a_clock_that_is_fast_makes_nothing_old(
    two: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remote's own clock counts where that of this machine is ahead."""
    put_object(two.remote, b"garbage", days=3)
    monkeypatch.chdir(two.root)
    keeping = open_keeping(two.root, progress=Quiet(), strict=True)
    before = stored(two.remote)
    month = timedelta(days=30)
    assert not collect(keeping, WEEK, clock=lambda: datetime.now(UTC) + month).remotes[0].garbage
    assert stored(two.remote) == before
    assert len(collect(keeping, timedelta(days=2)).remotes[0].garbage) == 1


def test_unknown_pull_requests_delete_nothing(two: Project) -> None:
    """Where the origin is on GitHub and there is no token, a preview warns and --apply refuses."""
    env = {"DATARELEASE_GITHUB_REPOSITORY": "acme/data"}
    assert "were not looked at, because GITHUB_TOKEN" in run(two, "gc", env=env).err
    refused = run(two, "gc", "--apply", env=env, code=2).err
    assert "The open pull requests of acme/data are not known" in refused


def test_the_writers_keys_delete_nothing(built: Project, bucket: Bucket) -> None:
    """On a store with keys, --apply wants keys of its own, and a preview does not."""
    built.use_bucket(bucket)
    assert "0 objects" in run(built, "gc").out
    refused = run(built, "gc", "--apply", code=2).err
    assert "DATARELEASE_DELETE_STORAGE_ACCESS_KEY_ID" in refused
    own = {
        "DATARELEASE_DELETE_STORAGE_ACCESS_KEY_ID": bucket.keys.access,
        "DATARELEASE_DELETE_STORAGE_SECRET_ACCESS_KEY": bucket.keys.secret,
    }
    run(built, "gc", "--apply", env=own)


def test_ages_are_checked(two: Project) -> None:
    """An age is a number with a unit, and with --apply at least a day."""
    assert "36h, 7d or 2w" in run(two, "gc", "--older-than", "soon", code=2).err
    assert "at least 1d" in run(two, "gc", "--apply", "--older-than", "1h", code=2).err
    put_object(two.remote, b"garbage", days=2)
    assert keys(collected(two, "--apply")) == {}
    assert len(keys(collected(two, "--older-than", "36h"))) == 1
