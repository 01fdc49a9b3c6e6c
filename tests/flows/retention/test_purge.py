"""`purge`: what only the erased versions held is gone from every remote; nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.commands import KILLED, Point, run
from tests.conftest import environment, hermetic_environment
from tests.flows.retention.conftest import put_object, stored
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import assert_whole, document_path, manifest, message, objects, tags

import datarelease as dr
from datarelease.app.retention import open_keeping
from datarelease.documents import decode_index
from datarelease.progress import Quiet, Step

REASON = "a person | withdrew **consent**"
ERASURE = [
    Point(step=Step.PUSH),
    Point(step=Step.PUSH, when="after"),
    Point(step=Step.TOMBSTONE, when="after"),
    Point(step=Step.DELETE),
    Point(step=Step.DELETE, when="after"),
]
"""The tag; what stands in place of the documents; what goes."""
COLLECTION = [Point(step=Step.DELETE), Point(step=Step.DELETE, when="after")]


@pytest.fixture
def three(history: Path, tmp_path: Path) -> Project:
    """Three versions, of which the second is to be erased; the third shares its events."""
    return Project.copied(history, tmp_path / "three")


@pytest.fixture(scope="session")
def history(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A third version after the two, which has other people and the same events as the second."""
    folder = tmp_path_factory.mktemp("third")
    with environment(hermetic_environment(folder / "home")):
        project = Project.copied(history, folder / "third")
        project.write("extra.txt", "1\n")
        project.params(seed=2)
        project.commit("Other plans")
        project.push()
        run(project, "release")
    return folder / "third"


def only_in_second(project: Project) -> set[str]:
    """The hashes that the second version alone has, on branches too."""
    held = {tag: set(objects(manifest(project.remote, tag))) for tag in tags(project)[:3]}
    return held["data-v2"] - held["data-v1"] - held["data-v3"]


def assert_erased(project: Project, gone: set[str], documents: set[str]) -> None:
    """Data, documents and copies are gone; manifest, tag and tombstone are there; others whole."""
    keys = stored(project.remote)
    assert gone
    for md5 in gone:
        assert f"files/md5/{md5[:2]}/{md5[2:]}" not in keys
    for sha256 in documents:
        assert not document_path(project.remote, sha256).exists()
    here = {key for key in keys if key.startswith("releases/data-v2/")}
    assert here == {"releases/data-v2/manifest.json", "releases/data-v2/erased.json"}
    told = json.loads((project.remote / "releases/data-v2/erased.json").read_text())
    assert (told["tag"], told["reason"]) == ("data-v2", REASON)
    assert tags(project) == ["data-v1", "data-v2", "data-v2-erased", "data-v3"]
    text = message(project, "data-v2-erased")
    assert f"\nReason: {REASON}\n" in text
    assert "\nRemotes: storage" in text
    index = decode_index((project.remote / "releases/index.json").read_bytes())
    assert [version.erased is not None for version in index.versions] == [False, True, False]
    for tag in ("data-v1", "data-v3"):
        assert_whole(project, tag)


def documents_of_second(project: Project) -> set[str]:
    """The SHA-256 of the documents that the second version alone has."""
    held = {
        tag: {d["sha256"] for d in manifest(project.remote, tag)["documents"]}
        for tag in ("data-v1", "data-v2", "data-v3")
    }
    return held["data-v2"] - held["data-v1"] - held["data-v3"]


def test_what_only_a_version_holds_is_erased(three: Project) -> None:
    """A preview changes nothing; then it goes, what is shared stays, and nothing is left."""
    gone, documents = only_in_second(three), documents_of_second(three)
    export = three.remote / "releases/data-v2/people/people.csv"
    export.parent.mkdir()
    export.write_text("id,name\n1,Ann\n")
    before = stored(three.remote)
    newest = run(three, "purge", "latest", "--reason", REASON, "--apply", code=2).err
    assert "data-v3 is the newest active version" in newest
    assert "A reason is needed" in run(three, "purge", "2", code=2).err
    preview = run(three, "purge", "2", "--reason", REASON)
    assert (
        "This was a preview. To erase the data permanently, run: datarelease purge data-v2"
        in preview.out
    )
    shown = run(three, "purge", "2", "--reason", REASON, "--json").json
    [remote] = shown["remotes"]
    assert {f"files/md5/{md5[:2]}/{md5[2:]}" for md5 in gone} < {
        g["key"] for g in remote["garbage"]
    }
    assert shown["shared"] > 0
    assert shown["shared_with"] == ["data-v1", "data-v3"]
    assert (stored(three.remote), tags(three)) == (before, ["data-v1", "data-v2", "data-v3"])
    done = run(three, "purge", "2", "--reason", REASON, "--apply")
    assert "docs/erasure.md" in done.out
    assert_erased(three, gone, documents)
    again = run(three, "purge", "2", "--apply", "--json").json
    assert again["remotes"][0]["garbage"] == []
    assert run(three, "gc", "--json").json["remotes"][0]["garbage"] == []
    run(three, "verify", "2")
    run(three, "verify", "3", "--full")
    # Who reads from the remote's address alone learns it from the index.
    with pytest.raises(dr.ErasedVersionError, match="withdrew"):
        dr.load(str(three.remote), "data-v2", "people")
    assert len(dr.load(str(three.remote), "latest", "people")) == 25


def test_branches_that_name_what_goes_are_told(three: Project) -> None:
    """Who still has the data in a dvc.lock learns that it will not be there."""
    three.git("branch", "old", "data-v2")
    named = run(three, "purge", "2", "--reason", REASON, "--json").json["named_by"]
    assert named == ["the branch old of this clone"]


def test_two_places_with_one_address_are_both_looked_after(three: Project) -> None:
    """Equal buckets of two stores are two places; two names of one directory are one."""
    for number, name in enumerate(("one", "two"), 1):
        endpoint = f"http://127.0.0.1:{number}"
        three.add_remote(name, "s3://bucket/data", endpointurl=endpoint, region="us-east-1")
    three.add_remote("again", str(three.remote))
    three.release_settings(remotes=["storage", "again", "one", "two"])
    keeping = open_keeping(three.root, progress=Quiet(), strict=False)
    assert [store.name for store in keeping.stores] == ["storage", "one", "two"]
    assert keeping.covered == {"storage", "again", "one", "two"}


def test_a_remote_that_is_not_configured_is_no_way_out(three: Project) -> None:
    """A version that is on another remote as well is not called erased before it is gone there."""
    config = (three.root / ".dvc/config").read_text()
    three.write(".dvc/config", config.replace("storage", "other"))
    refused = run(three, "purge", "2", "--reason", REASON, "--apply", code=2).err
    assert "data-v2 is also on the remote 'storage', which is not configured here" in refused
    assert tags(three) == ["data-v1", "data-v2", "data-v3"]


# Before the tag, which decides, and when some of the data is gone.
@pytest.mark.parametrize("point", slow_but({"before push 1", "after delete 1"}, ERASURE))
def test_an_erasure_that_was_stopped_is_finished(three: Project, point: Point) -> None:
    """Killed anywhere, the same command ends in the same state; no reader trusts the half."""
    gone, documents = only_in_second(three), documents_of_second(three)
    command = ("purge", "2", "--reason", REASON, "--apply")
    assert run(three, *command, points=[point], code=KILLED)
    if "data-v2-erased" in tags(three):
        assert "was erased" in run(three, "get", "2", code=2).err
    run(three, *command)
    assert_erased(three, gone, documents)


@pytest.mark.parametrize("point", slow_but({"after delete 1"}, COLLECTION))
def test_a_collection_that_was_stopped_is_finished(three: Project, point: Point) -> None:
    """The next run removes the rest."""
    before = stored(three.remote)
    tree = put_object(three.remote, b"[]", tree=True)
    put_object(three.remote, b"garbage")
    run(three, "gc", "--apply", points=[point], code=KILLED)
    left = stored(three.remote) - before
    if point.when == "after":
        assert f"files/md5/{tree[:2]}/{tree[2:]}" not in left, "the listing goes first"
    run(three, "gc", "--apply")
    assert stored(three.remote) == before
