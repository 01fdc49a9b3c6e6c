"""Objects that are lost or damaged on a remote: noticed, named, and repaired where possible."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.commands import Point, run
from tests.flows.release.test_crash import with_backup
from tests.project import Project
from tests.servers import Bucket
from tests.slow_cases import slow_but
from tests.versions import (
    assert_whole,
    document_path,
    manifest,
    manifest_path,
    object_path,
    tags,
    tree_state,
)

from datarelease.progress import Step

pytestmark = pytest.mark.one_dataset


def table(data: dict[str, object]) -> str:
    """The hash of the table in one file."""
    return str(files(data, "people")[0])


def part(data: dict[str, object]) -> str:
    """The hash of a part in a tracked directory."""
    return str(files(data, "events")[1])


def listing(data: dict[str, object]) -> str:
    """The hash of a directory's listing."""
    return next(str(entry["md5"]) for entry in dataset(data, "events")["entries"])


def dataset(data: dict[str, object], name: str) -> dict[str, list[dict[str, object]]]:
    """One dataset of a manifest."""
    return next(item for item in data["datasets"] if item["name"] == name)  # type: ignore[attr-defined]


def files(data: dict[str, object], name: str) -> list[object]:
    """The hashes of a dataset's files."""
    return [file["md5"] for file in dataset(data, name)["files"]]


def delete(path: Path) -> None:
    """The object is gone."""
    path.unlink()


def truncate(path: Path) -> None:
    """The object lost its end."""
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content[: len(content) // 2])


def overwrite(path: Path) -> None:
    """The object has other bytes of the same number."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))


OBJECTS = [table, part, listing]
HARMS = [delete, truncate, overwrite]
Which = Callable[[dict[str, object]], str]
Harm = Callable[[Path], None]


def name_of(harm: Any) -> str:
    """What a case is called."""
    return str(harm.__name__)


def key(md5: str) -> str:
    """The object's key on a remote."""
    return f"files/md5/{md5[:2]}/{md5[2:]}"


# Each kind of object once, and both ways to lose one.
@pytest.mark.parametrize(
    ("which", "harm"),
    slow_but(
        {"table-delete", "part-overwrite", "listing-delete"},
        [(which, harm) for which in OBJECTS for harm in HARMS],
        lambda case: "-".join(map(name_of, case)),
    ),
)
@pytest.mark.two_datasets
def test_harm_to_any_object_is_named_and_repaired(
    released: Project, which: Which, harm: Harm
) -> None:
    """`verify` and `release` name the key, exit 3, make no tag; the next run finds all in order."""
    md5 = which(manifest(released.remote, "data-v1"))
    harm(object_path(released.remote, md5))
    done = run(released, "verify", "data-v1", code=3)
    assert key(md5) in done.err
    assert "storage" in done.err
    done = run(released, "release", code=3)
    assert key(md5) in done.err
    assert tags(released) == ["data-v1"]
    assert_whole(released, "data-v1")


def stored(remote: Path, tag: str) -> Path:
    """The manifest of a version under its own SHA-256."""
    content = manifest_path(remote, tag).read_bytes()
    return document_path(remote, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("harm", slow_but({"delete"}, HARMS, name_of))
def test_harm_to_the_manifest_is_named_and_repaired(released: Project, harm: Harm) -> None:
    """Other bytes than the tag names are noticed; the clone that released puts them back."""
    path = stored(released.remote, "data-v1")
    before = path.read_bytes()
    harm(path)
    key = f"releases/sha256/{path.name}"
    assert key in run(released, "verify", "data-v1", code=3).err
    done = run(released, "release", code=3)
    assert key in done.err
    assert tags(released) == ["data-v1"]
    assert path.read_bytes() == before
    run(released, "release")


@pytest.mark.parametrize("harm", slow_but({"overwrite"}, HARMS, name_of))
def test_harm_to_a_copy_is_healed(released: Project, harm: Harm) -> None:
    """`verify` names a copy that is not what the tag names; the next release writes it again."""
    path = manifest_path(released.remote, "data-v1")
    before = path.read_bytes()
    harm(path)
    assert "releases/data-v1/manifest.json" in run(released, "verify", "data-v1", code=3).err
    assert "releases/data-v1/manifest.json" in run(released, "release").err
    assert path.read_bytes() == before
    harm(path)
    run(released, "verify", "data-v1", "--repair")
    assert path.read_bytes() == before


def put_in_the_way(place: Path) -> None:
    """A file where a folder has to be."""
    place.write_text("in the way")


def test_copies_that_cannot_be_written_do_not_undo_a_release(edited: Project) -> None:
    """A remote that takes nothing after the tag: exit 0, a warning with the remedy that helps."""
    folder = edited.remote / "releases" / "data-v2"
    act = partial(put_in_the_way, folder)
    point = Point(step=Step.PUSH, when="after", act=act)
    done = run(edited, "release", "--json", points=[point])
    assert done.json["released"] is True
    [warning] = done.json["warnings"]
    assert "datarelease verify data-v2 --repair" in warning
    assert tags(edited) == ["data-v1", "data-v2"]
    assert run(edited, "release", "--json").json["warnings"], "nothing to release, and still so"
    folder.unlink()
    run(edited, "verify", "data-v2", "--repair")
    assert_whole(edited, "data-v2")


@pytest.mark.two_datasets
def test_repair_takes_objects_from_another_remote(edited: Project) -> None:
    """`verify --repair` needs no cache where another remote has the bytes; else it names them."""
    backup = with_backup(edited)
    run(edited, "release")
    shutil.rmtree(edited.root / ".dvc" / "cache")
    data = manifest(edited.remote, "data-v2")
    for md5 in (table(data), listing(data)):
        overwrite(object_path(backup, md5))
    done = run(edited, "verify", "data-v2", "--repair", "--json")
    assert {fault["remote"] for fault in done.json["repaired"]} == {"backup"}
    assert {fault["path"] for fault in done.json["repaired"]} == {"data/people.csv", "data/events"}
    assert_whole(edited, "data-v2", edited.remote, backup)
    shutil.rmtree(edited.root / ".dvc" / "cache")
    for remote in (edited.remote, backup):
        object_path(remote, part(data)).unlink()
    done = run(edited, "verify", "data-v2", "--repair", code=3)
    assert f"storage: {key(part(data))} is missing" in done.text


def test_nothing_is_repaired_elsewhere(released: Project) -> None:
    """--repair writes, so it takes no repository by its address, and one version at a time."""
    for arguments in (("data-v1", "--repo", str(released.origin)), ("--newest", "1")):
        done = run(released, "verify", "--repair", *arguments, code=2)
        assert "--repair takes a VERSION" in done.err


def test_a_lost_manifest_cannot_be_made_up(released: Project, tmp_path: Path) -> None:
    """A clone without a copy says which file is lost, each time, and releases nothing."""
    stored(released.remote, "data-v1").unlink()
    manifest_path(released.remote, "data-v1").unlink()
    clone = released.clone(tmp_path / "clone")
    clone.params(rows=50)
    clone.commit("Edit")
    clone.push()
    for _ in range(2):
        done = run(clone, "release", code=3)
        assert "releases/data-v1/manifest.json is missing" in done.text
        assert "Run the command in the clone that released it" in done.text
    assert tags(clone) == ["data-v1"]
    run(released, "release", code=3)
    assert run(clone, "release", "--json").json["tag"] == "data-v2"


@pytest.mark.two_datasets
def test_without_the_data_it_keeps_failing(released: Project, tmp_path: Path) -> None:
    """Where the cache lacks the object, every run names it, exits 3 and makes no tag."""
    clone = released.clone(tmp_path / "clone")
    md5 = part(manifest(released.remote, "data-v1"))
    object_path(released.remote, md5).unlink()
    for _ in range(2):
        done = run(clone, "release", code=3)
        assert key(md5) in done.err
        assert "Traceback" not in done.err
    assert tags(clone) == ["data-v1"]


@pytest.mark.two_datasets
def test_harm_to_older_data_that_is_still_used(edited: Project) -> None:
    """An unchanged part lost between two releases is found by the second and sent again."""
    shared = part(manifest(edited.remote, "data-v1"))
    object_path(edited.remote, shared).unlink()
    assert key(shared) in run(edited, "release", code=3).err
    assert tags(edited) == ["data-v1"]
    assert run(edited, "release", "--json").json["tag"] == "data-v2"
    assert_whole(edited, "data-v2")


@pytest.mark.parametrize("harm", slow_but({"truncate"}, HARMS, name_of))
def test_harm_between_push_and_verify_makes_no_tag(edited: Project, harm: Harm) -> None:
    """What is lost right after the push is found before the tag; running again repairs it."""
    md5 = cached_table(edited)
    act = partial(harm, object_path(edited.remote, md5))
    done = run(edited, "release", points=[Point(step=Step.VERIFY, act=act)], code=3)
    assert key(md5) in done.err
    assert "Run the command again" in done.text
    assert tags(edited) == ["data-v1"]
    assert run(edited, "release", "--json").json["tag"] == "data-v2"
    assert_whole(edited, "data-v2")


def cached_table(project: Project) -> str:
    """The hash of the table that the work tree has."""
    lock = project.read_yaml("dvc.lock")
    outs = lock["stages"]["make"]["outs"]
    return next(str(out["md5"]) for out in outs if out["path"] == "data/people.csv")


def test_harm_on_one_of_two_remotes(edited: Project) -> None:
    """With two required remotes, the one at fault is named, and only it."""
    backup = with_backup(edited)
    run(edited, "release")
    md5 = table(manifest(backup, "data-v2"))
    overwrite(object_path(backup, md5))
    done = run(edited, "verify", "data-v2", code=3)
    assert f"backup: {key(md5)}" in done.text
    assert "storage:" not in done.err
    assert f"backup: {key(md5)}" in run(edited, "release", code=3).text
    assert_whole(edited, "data-v2", edited.remote, backup)


def test_a_manifest_lost_on_one_remote_comes_from_the_other(edited: Project) -> None:
    """No local copy is needed where another remote has the manifest."""
    backup = with_backup(edited)
    run(edited, "release")
    shutil.rmtree(edited.root / ".dvc" / "cache" / "files" / "documents")
    path = stored(backup, "data-v2")
    path.unlink()
    manifest_path(backup, "data-v2").unlink()
    done = run(edited, "release", code=3)
    assert f"backup: releases/sha256/{path.name} is missing" in done.text
    run(edited, "release")
    assert_whole(edited, "data-v2", edited.remote, backup)


def test_an_unreachable_second_remote_stops_the_release(edited: Project) -> None:
    """A required remote that cannot be written: exit 3, its name, no tag; afterwards it works."""
    backup = with_backup(edited)
    backup.write_text("a file where the directory should be")
    done = run(edited, "release", code=3)
    assert "remote 'backup'" in done.text
    assert tags(edited) == ["data-v1"]
    backup.unlink()
    assert run(edited, "release", "--json").json["tag"] == "data-v2"
    assert_whole(edited, "data-v2", edited.remote, backup)


def test_a_damaged_cache_is_never_released(edited: Project) -> None:
    """Other bytes in DVC's cache under a right name are found while hashing; nothing is pushed."""
    path = object_path(edited.root / ".dvc" / "cache", cached_table(edited))
    overwrite(path)
    path.chmod(0o444)  # as DVC keeps them: it trusts what is protected
    (edited.root / "data/people.csv").unlink()
    remote = tree_state(edited.remote)
    done = run(edited, "release", code=3)
    assert str(path) in done.err.replace("\n", "")
    assert tags(edited) == ["data-v1"]
    assert tree_state(edited.remote) == remote


@pytest.mark.parametrize("command", [["release"], ["verify", "data-v1", "--repair"]])
def test_a_damaged_cache_repairs_nothing(released: Project, command: list[str]) -> None:
    """What a remote lost is sent again only after the cache's bytes were found to be the right."""
    md5 = table(manifest(released.remote, "data-v1"))
    lost = object_path(released.remote, md5)
    lost.unlink()
    path = object_path(released.root / ".dvc" / "cache", md5)
    overwrite(path)
    path.chmod(0o444)
    done = run(released, *command, code=3)
    assert str(path) in done.err.replace("\n", "")
    assert not lost.exists()


def test_a_hash_mismatch_on_the_way_in_is_refused(released: Project, tmp_path: Path) -> None:
    """`get` and `load` do not hand out other bytes, and leave nothing half-written."""
    md5 = table(manifest(released.remote, "data-v1"))
    overwrite(object_path(released.remote, md5))
    clone = released.clone(tmp_path / "clone")
    done = run(clone, "get", "data-v1", "out", code=3)
    assert key(md5) in done.err
    assert not (clone.root / "out/data/people.csv").exists()
    assert [path for path in clone.root.rglob(".tmp-*") if path.is_file()] == []
    done = run(clone, "check", code=None)
    assert not object_path(clone.root / ".dvc" / "cache", md5).exists()


@pytest.mark.slow  # tests/contract/test_store_s3.py has such an ETag
def test_full_finds_what_s3_does_not_tell(built: Project, bucket: Bucket) -> None:
    """An object of several parts has no MD5 as ETag: --full reads it back and finds other bytes."""
    built.use_bucket(bucket)
    built.commit("Data on S3", ".dvc/config")
    built.push()
    run(built, "release")
    md5 = cached_table(built)
    fs = bucket.fs()
    path = f"{bucket.name}/{key(md5)}"
    content = bytearray(fs.cat_file(path))
    content[-2] ^= 1
    parts = fs.call_s3("create_multipart_upload", Bucket=bucket.name, Key=key(md5))
    sent = fs.call_s3(
        "upload_part", Bucket=bucket.name, Key=key(md5), UploadId=parts["UploadId"],
        PartNumber=1, Body=bytes(content),
    )  # fmt: skip
    fs.call_s3(
        "complete_multipart_upload", Bucket=bucket.name, Key=key(md5), UploadId=parts["UploadId"],
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": sent["ETag"]}]},
    )  # fmt: skip
    assert "-" in fs.info(path, refresh=True)["ETag"]
    done = run(built, "verify", "data-v1", "--full", code=3)
    assert f"{key(md5)} has other bytes" in done.text
    run(built, "release", code=3)
    run(built, "verify", "data-v1", "--full")


@pytest.mark.parametrize(
    "which",
    [
        pytest.param(table, marks=pytest.mark.slow),
        part,
        pytest.param(listing, marks=pytest.mark.slow),
    ],
    ids=lambda which: which.__name__,
)
@pytest.mark.two_datasets
def test_a_lost_object_on_s3_is_named_and_repaired(
    built: Project, bucket: Bucket, which: Which
) -> None:
    """The same on S3: exit 3 with the key, no tag, and the next run repairs it."""
    built.use_bucket(bucket)
    built.commit("Data on S3", ".dvc/config")
    built.push()
    run(built, "release")
    fs = bucket.fs()
    md5 = which(run(built, "show", "data-v1", "--json").json["manifest"])
    fs.rm_file(f"{bucket.name}/{key(md5)}")
    assert f"{key(md5)} is missing" in run(built, "verify", "data-v1", code=3).text
    assert key(md5) in run(built, "release", code=3).err
    run(built, "verify", "data-v1", "--full")
    assert tags(built) == ["data-v1"]
