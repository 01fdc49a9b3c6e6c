"""What DVC tracks beside the datasets: listed, pushed and verified, on the remote it belongs to."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from tests.commands import Point, run
from tests.project import Project
from tests.versions import manifest, object_path, tags

import datarelease as dr
from datarelease.app.workspace import open_workspace
from datarelease.errors import ConfigError
from datarelease.ingest.propose.proposal_commit import deliver
from datarelease.progress import Quiet, Step

pytestmark = pytest.mark.one_dataset


def md5_in(project: Project, path: str) -> str:
    """The hash that a ``.dvc`` file records."""
    return str(project.read_yaml(path)["outs"][0]["md5"])


def flag(project: Project, path: str, **flags: object) -> None:
    """Give the output of a ``.dvc`` file flags."""
    content = project.read_yaml(path)
    content["outs"][0].update(flags)
    project.write(path, yaml.safe_dump(content))


def with_raw(project: Project, **flags: object) -> str:
    """A file and a directory tracked beside the datasets, committed; the hash of the file."""
    project.write("raw/notes.csv", "id,note\n1,hello\n")
    project.write("raw/pages/a.txt", "a\n")
    project.write("raw/pages/sub/b.txt", "bb\n")
    project.dvc("add", "--quiet", "raw/notes.csv", "raw/pages")
    if flags:
        flag(project, "raw/notes.csv.dvc", **flags)
    project.commit("Raw data")
    project.push()
    return md5_in(project, "raw/notes.csv.dvc")


def tracked(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a manifest lists beside the datasets, by path."""
    return {output["path"]: output for output in data["tracked"]}


def other_remote(project: Project) -> Path:
    """A second remote, which the release does not require."""
    folder = project.remote.with_name("other")
    project.add_remote("other", str(folder))
    return folder


def pulled(project: Project, target: Path, tag: str) -> Project:
    """A fresh clone at a tag in which a plain `dvc pull` succeeded."""
    clone = project.clone(target)
    clone.git("checkout", "--quiet", tag)
    clone.dvc("pull", "--quiet")
    return clone


@pytest.mark.two_datasets
def test_what_a_pull_wants_is_listed_pushed_and_verified(built: Project, tmp_path: Path) -> None:
    """Outputs outside the datasets are in the manifest with size and hash, and on the remote."""
    md5 = with_raw(built)
    done = run(built, "release")
    assert "9 objects were verified" in done.err
    listed = tracked(manifest(built.remote, "data-v1"))
    assert list(listed) == ["raw/notes.csv", "raw/pages"]
    file, folder = listed.values()
    assert (file["md5"], file["size"], file["kept_by"], file["files"]) == (md5, 16, "remotes", [])
    assert [(f["path"], f["size"]) for f in folder["files"]] == [("a.txt", 2), ("sub/b.txt", 3)]
    assert all(object_path(built.remote, f["md5"]).is_file() for f in folder["files"])
    clone = pulled(built, tmp_path / "clone", "data-v1")
    assert (clone.root / "raw/pages/sub/b.txt").read_text() == "bb\n"
    shown = run(built, "show", "data-v1")
    assert "raw/notes.csv, raw/pages" in shown.text


@pytest.mark.slow  # test_missing.py loses one right after the push
def test_a_store_that_drops_an_object_makes_no_tag(built: Project) -> None:
    """It says that all is well and keeps nothing: exit 3 with the key, no tag; then repaired."""
    md5 = with_raw(built)
    path = object_path(built.remote, md5)
    drops = [
        Point(
            step=Step.UPLOAD, call=call, when="after",
            act=partial(Path.unlink, path, missing_ok=True),
        )
        for call in range(1, 12)
    ]  # fmt: skip
    done = run(built, "release", code=3, points=drops)
    assert f"{md5[:2]}/{md5[2:]} is missing: raw/notes.csv" in done.text
    assert tags(built) == []
    run(built, "release")
    assert path.is_file()


def test_what_nobody_has_stops_the_release_with_its_name(built: Project, tmp_path: Path) -> None:
    """In a clone that never had it, with no remote that does: exit 3, the path, nothing pushed."""
    with_raw(built)
    clone = built.clone(tmp_path / "clone")
    built.dvc("push", "--quiet", "make")
    done = run(clone, "release", code=3)
    assert "raw/notes.csv" in done.text
    assert "raw/pages" in done.text
    assert tags(clone) == []
    assert not (clone.remote / "releases").exists()
    built.dvc("push", "--quiet")
    assert run(clone, "release", "--json").json["tag"] == "data-v1"
    assert tracked(manifest(clone.remote, "data-v1"))["raw/notes.csv"]["size"] == 16
    assert not (clone.root / ".dvc/cache/files/md5" / md5_in(clone, "raw/notes.csv.dvc")[:2]
                / md5_in(clone, "raw/notes.csv.dvc")[2:]).exists()  # fmt: skip


@pytest.mark.slow  # tests/flows/versions/test_missing.py loses objects
def test_what_is_lost_later_is_found_and_sent_again(built: Project) -> None:
    """`verify` looks for what is tracked beside, `--full` reads it back, `release` sends it."""
    path = object_path(built.remote, with_raw(built))
    run(built, "release")
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"x" + content[1:])
    done = run(built, "verify", "data-v1", "--full", code=3)
    assert "has other bytes" in done.text
    path.unlink()
    assert "is missing" in run(built, "verify", "data-v1", code=3).text
    run(built, "release", code=3)
    assert path.read_bytes() == content


def test_a_damaged_cache_is_not_pushed(built: Project) -> None:
    """Other bytes in the cache under a right name are found before anything is sent."""
    md5 = with_raw(built)
    path = object_path(built.root / ".dvc/cache", md5)
    path.chmod(0o644)
    path.write_bytes(b"other bytes here")
    path.chmod(0o444)  # as DVC keeps them: it trusts what is protected
    (built.root / "raw/notes.csv").unlink()
    assert "does not have the MD5 in its name" in run(built, "release", code=3).text
    assert not built.remote.exists()


@pytest.mark.slow  # counts what is read
def test_what_the_last_manifest_lists_is_not_read_again(built: Project, tmp_path: Path) -> None:
    """A second release from a clone without that data fetches and reads none of it."""
    md5 = with_raw(built)
    run(built, "release")
    clone = built.clone(tmp_path / "clone")
    clone.params(rows=30)
    clone.commit("More")
    clone.push()
    done = run(clone, "release")
    assert "Hashing the other tracked" not in done.err
    assert tracked(manifest(clone.remote, "data-v2"))["raw/notes.csv"]["md5"] == md5
    assert not object_path(clone.root / ".dvc/cache", md5).exists()


@pytest.mark.slow  # tests/flows/check/test_files.py has files on such a remote
@pytest.mark.two_datasets
def test_an_output_is_kept_on_the_remote_that_it_names(built: Project, tmp_path: Path) -> None:
    """`remote: NAME`: there and nowhere else, found by readers and by `dvc pull`."""
    other = other_remote(built)
    definition = built.read_yaml("dvc.yaml")
    definition["vars"] = [{"place": "other"}]
    definition["stages"]["make"]["outs"] = [
        {"data/people.csv": {"remote": "${place}"}}, "data/events",
    ]  # fmt: skip
    built.write("dvc.yaml", yaml.safe_dump(definition))
    md5 = with_raw(built, remote="other")
    run(built, "release")
    data = manifest(built.remote, "data-v1")
    assert [remote["name"] for remote in data["output_remotes"]] == ["other"]
    people = next(d for d in data["datasets"] if d["name"] == "people")
    assert people["entries"][0]["remote"] == "other"
    for hashed in (md5, people["files"][0]["md5"]):
        assert object_path(other, hashed).is_file()
        assert not object_path(built.remote, hashed).exists()
    pulled(built, tmp_path / "pulled", "data-v1")
    reader = built.clone(tmp_path / "reader")
    assert "in order on storage, other" in run(reader, "verify", "data-v1").out
    run(reader, "get", "data-v1", "out")
    assert len((reader.root / "out/data/people.csv").read_text().splitlines()) == 21
    assert len(dr.load("data-v1", "people", repo=reader.root)) == 20
    object_path(other, md5).unlink()
    assert "other: files/md5" in run(reader, "verify", "data-v1", code=3).text


@pytest.mark.slow  # tests/flows/check/test_files.py has files on a remote of their own
def test_an_output_moves_with_the_remote_that_it_names(built: Project, tmp_path: Path) -> None:
    """Where `remote: NAME` was taken away, a clone without the data moves it to the others."""
    other_remote(built)
    md5 = with_raw(built, remote="other")
    run(built, "release")
    clone = built.clone(tmp_path / "clone")
    content = clone.read_yaml("raw/notes.csv.dvc")
    del content["outs"][0]["remote"]
    clone.write("raw/notes.csv.dvc", yaml.safe_dump(content))
    clone.params(rows=30)
    clone.commit("Keep the notes with the rest")
    clone.push()
    run(clone, "release")
    assert object_path(built.remote, md5).is_file()
    assert manifest(built.remote, "data-v2")["output_remotes"] == []


@pytest.mark.two_datasets
@pytest.mark.slow  # the row diff of one remote is quick
def test_rows_of_data_on_another_remote_are_compared(built: Project, tmp_path: Path) -> None:
    """`check` and `diff` in fresh clones find the rows of versions where they are."""
    other = other_remote(built)
    definition = built.read_yaml("dvc.yaml")
    definition["vars"] = [{"place": "other"}]
    definition["stages"]["make"]["outs"] = [
        {"data/people.csv": {"remote": "${place}"}},
        "data/events",
    ]
    built.write("dvc.yaml", yaml.safe_dump(definition))
    built.commit("People elsewhere")
    built.push()
    run(built, "release")
    assert other.is_dir()
    clone = built.clone(tmp_path / "clone")
    clone.params(rows=25)
    clone.repro()
    report = run(clone, "check", "--json").json
    people = next(d for d in report["datasets"] if d["name"] == "people")
    assert people["diff"]["rows"]["added"] == 5
    [left] = people["row_files"]
    assert (left["kind"], left["rows"], left["total"]) == ("changes", 5, 5)
    place = clone.root / "reports/people/changes.parquet"
    first = place.read_bytes()
    place.unlink()
    run(clone, "check")
    assert place.read_bytes() == first, "written although the row diff is known"
    clone.commit("More")
    clone.push()
    run(clone, "release")
    reader = built.clone(tmp_path / "reader")
    report = run(reader, "diff", "data-v1", "data-v2", "--json", "--rows", "changed").json
    people = next(d for d in report["datasets"] if d["name"] == "people")
    assert people["diff"]["rows"]["added"] == 5
    rows = pq.read_table(reader.root / "changed" / "people.parquet")
    assert rows.column("kind").to_pylist() == ["added"] * 5
    frame = dr.diff("data-v1", "data-v2", repo=reader.root).rows("people")
    assert list(frame["key.id"]) == rows.column("key.id").to_pylist()
    with pytest.raises(ConfigError, match="no dataset 'peopel'"):
        dr.diff("data-v1", "data-v2", repo=reader.root).rows("peopel")


@pytest.mark.two_datasets
def test_a_dataset_that_is_never_pushed_is_refused(built: Project) -> None:
    """`push: false` on a dataset's output: exit 2 with the reason, and nothing is sent."""
    definition = built.read_yaml("dvc.yaml")
    definition["stages"]["make"]["outs"] = [{"data/people.csv": {"push": False}}, "data/events"]
    built.write("dvc.yaml", yaml.safe_dump(definition))
    built.commit("Keep people here")
    built.push()
    for command in ("check", "release"):
        done = run(built, command, code=2)
        assert "artifacts.people.path: 'data/people.csv' has `push: false`" in done.text
    assert not built.remote.exists()


def test_what_is_never_pushed_is_said_and_listed(built: Project) -> None:
    """A `push: false` output beside the datasets stays where it is; the release says so."""
    md5 = with_raw(built, push=False)
    done = run(built, "release")
    assert "raw/notes.csv has `push: false`, so it is not released" in done.text
    assert not object_path(built.remote, md5).exists()
    listed = tracked(manifest(built.remote, "data-v1"))["raw/notes.csv"]
    assert (listed["kept_by"], listed["size"]) == ("nobody", None)
    run(built, "verify", "data-v1")


def test_imports_are_listed_and_not_required(
    built: Project, tmp_path: Path, released: Project
) -> None:
    """What DVC fetches from its source is on no remote of ours; a downloaded address is."""
    source = tmp_path / "source.csv"
    source.write_text("a\n1\n")
    built.dvc("import", "--quiet", f"file://{released.origin}", "data/people.csv", "-o", "imp.csv")
    built.dvc("import-url", "--quiet", str(source), "url.csv")
    built.dvc("import-url", "--quiet", "--no-download", str(source), "partial.csv")
    built.commit("Imports")
    built.push()
    done = run(built, "release")
    assert "imp.csv is imported" in done.text
    listed = tracked(manifest(built.remote, "data-v1"))
    assert {path: item["kept_by"] for path, item in listed.items()} == {
        "imp.csv": "source", "partial.csv": "source", "url.csv": "remotes",
    }  # fmt: skip
    assert listed["partial.csv"]["md5"] is None
    source.unlink()
    run(built, "verify", "data-v1", "--full")


@pytest.mark.two_datasets
def test_a_dataset_in_a_tracked_directory_leaves_the_rest_to_be_listed(
    built: Project, tmp_path: Path
) -> None:
    """Of a directory with one dataset in it, the listing and all other files are tracked beside."""
    definition = built.read_yaml("dvc.yaml")
    definition["artifacts"]["events"]["path"] = "data/events/part-0.csv"
    built.write("dvc.yaml", yaml.safe_dump(definition))
    built.commit("One part only")
    built.push()
    run(built, "release")
    folder = tracked(manifest(built.remote, "data-v1"))["data/events"]
    assert [file["path"] for file in folder["files"]] == ["part-1.csv", "part-2.csv"]
    pulled(built, tmp_path / "clone", "data-v1")


@pytest.mark.slow  # the list of a release in one place is quick
def test_a_publisher_verifies_the_same_list(built: Project, tmp_path: Path) -> None:
    """A bundle carries what is tracked beside; without it the publisher stops with the name."""
    other = other_remote(built)
    md5 = with_raw(built, remote="other")
    publisher = built.clone(tmp_path / "publisher")
    run(built, "check", "--bundle", str(tmp_path / "bundle"))
    spoiled = shutil.copytree(tmp_path / "bundle", tmp_path / "spoiled")
    object_path(spoiled, md5).unlink()
    done = run(publisher, "release", "--bundle", str(spoiled), code=3)
    assert "raw/notes.csv" in done.text
    assert tags(publisher) == []
    run(publisher, "release", "--bundle", str(tmp_path / "bundle"))
    assert object_path(other, md5).is_file()
    pulled(built, tmp_path / "clone", "data-v1")


@pytest.mark.two_datasets
def test_a_proposal_delivers_to_the_remotes_that_outputs_name(built: Project) -> None:
    """What is pushed before a proposal goes where DVC would send it, and nowhere else."""
    other = other_remote(built)
    md5 = with_raw(built, remote="other")
    ws = open_workspace(built.root, progress=Quiet())
    assert deliver(ws) == 9
    assert object_path(other, md5).is_file()
    assert not object_path(built.remote, md5).exists()
    assert deliver(ws) == 0


def test_data_of_dvc_2_is_refused_where_a_pull_wants_it(built: Project) -> None:
    """Beside the datasets, or as a part of one: exit 2 with the remedy, nothing left out."""
    with_raw(built)
    content = built.read_yaml("raw/notes.csv.dvc")
    del content["outs"][0]["hash"]
    built.write("raw/notes.csv.dvc", yaml.safe_dump(content))
    built.commit("As DVC 2 wrote it")
    built.push()
    done = run(built, "release", code=2)
    assert "DVC 2 hashed raw/notes.csv" in done.text
    built.dvc("add", "--quiet", "raw/notes.csv")
    built.write("raw/more.csv", "id,note\n2,bye\n")
    built.dvc("add", "--quiet", "raw/more.csv")
    definition = built.read_yaml("dvc.yaml")
    definition["artifacts"]["raw"] = {"path": "raw", "type": "dataset"}
    built.write("dvc.yaml", yaml.safe_dump(definition))
    built.write("raw/notes.csv.dvc", yaml.safe_dump(content))
    done = run(built, "check", code=2)
    assert "artifacts.raw.path: its part 'raw/notes.csv' was hashed by DVC 2" in done.text


@pytest.mark.parametrize(
    ("options", "words"),
    [({"version_aware": "true"}, "cloud-versioned"), (None, "DVC has no remote called 'other'")],
    ids=["cloud-versioned", "unknown"],
)
def test_a_remote_that_cannot_be_verified_is_refused(
    built: Project, options: dict[str, str] | None, words: str
) -> None:
    """An output on a remote without objects by hash, or on none: exit 2 with the output's file."""
    if options is not None:
        built.add_remote("other", "s3://bucket", default=False, **options)
    with_raw(built, remote="other")
    done = run(built, "release", code=2)
    assert words in done.text
    assert "raw/notes.csv.dvc" in done.text


@pytest.mark.slow  # test_loop.py rolls back
def test_rolling_back_brings_what_was_tracked(built: Project, tmp_path: Path) -> None:
    """The branch has the old pointers, and their data is fetched from the remotes that have it."""
    other_remote(built)
    with_raw(built, remote="other")
    run(built, "release")
    built.params(rows=30)
    built.repro()
    built.git("rm", "--quiet", "raw/notes.csv.dvc")
    built.commit("More")
    built.push()
    run(built, "release")
    clone = built.clone(tmp_path / "clone")
    run(clone, "rollback", "data-v1")
    assert (clone.root / "raw/notes.csv").read_text() == "id,note\n1,hello\n"
    clone.git("switch", "--quiet", "main")
    clone.git("merge", "--quiet", "rollback-to-data-v1")
    clone.push()
    assert run(clone, "release", "--json").json["rollback_of"] == "data-v1"
    assert "raw/notes.csv" in tracked(manifest(built.remote, "data-v3"))
