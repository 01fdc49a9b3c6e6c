"""Tags that look like versions: which of them are, which numbers are in use, and old manifests."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tests.commands import run
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import (
    assert_whole,
    commit,
    document_path,
    manifest,
    manifest_path,
    message,
    tags,
)

pytestmark = pytest.mark.one_dataset


def text_of(project: Project, tag: str) -> str:
    """The message of a tag, without the headers of the object."""
    return message(project, tag).partition("\n\n")[2]


def tag_by_hand(project: Project, tag: str, text: str, where: str = "HEAD") -> None:
    """An annotated tag at the origin, and nowhere in this clone."""
    project.git("tag", "--annotate", "--message", text, tag, where)
    project.git("push", "--quiet", "origin", tag)
    project.git("tag", "--delete", tag)


def forge(project: Project, *, of: str) -> str:
    """The message of data-v1 as that of data-v2, with parts of it made up."""
    text = text_of(project, "data-v1").replace("data-v1: ", "data-v2: ")
    if of == "other data":
        return text.replace("people 20 rows", "people 99 rows")
    if of == "a digest":
        digest = json.loads(manifest_path(project.remote, "data-v1").read_bytes())["digest"]
        return text.replace(digest, "0" * 64)
    return text


@pytest.mark.parametrize(
    "of", slow_but({"other data"}, ["the same data", "other data", "a digest"])
)
def test_trailers_of_another_version_make_no_baseline(released: Project, of: str) -> None:
    """Trailers copied to a tag of one's own: the number is used, and nothing compared with it."""
    if of == "other data":
        released.params(rows=22)
        released.commit("Other data", "params.yaml")
        released.repro()
        released.commit("The lock", "dvc.lock")
        released.push()
    tag_by_hand(released, "data-v2", forge(released, of=of))
    released.params(rows=25)
    released.commit("More people")
    released.push()
    if of != "the same data":
        # No remote is needed to see that the data at the tag is not what the tag says.
        report = run(released, "check", "--json").json
        assert (report["base"], report["tag"]) == ("data-v1", "data-v3")
        assert any("data-v2 is skipped" in note for note in report["notes"])
    done = run(released, "release", "--json")
    assert done.json["tag"] == "data-v3"
    assert "data-v2 is skipped" in done.err
    assert manifest(released.remote, "data-v3")["baseline"] == "data-v1"
    assert_whole(released, "data-v3")
    assert "No remote has the manifest" in run(released, "get", "data-v2", "out", code=3).text


@pytest.mark.slow  # trailers of another version, above, end alike
def test_a_manifest_that_is_nowhere_makes_no_baseline(released: Project) -> None:
    """Trailers that are right but for the manifest: nothing is released until the tag is gone."""
    sha256 = hashlib.sha256(manifest_path(released.remote, "data-v1").read_bytes()).hexdigest()
    text = text_of(released, "data-v1").replace("data-v1: ", "data-v2: ").replace(sha256, "0" * 64)
    tag_by_hand(released, "data-v2", text)
    released.params(rows=25)
    released.commit("More people")
    released.push()
    done = run(released, "release", code=3)
    assert "The manifest of data-v2 was lost" in done.text
    assert "If data-v2 was tagged by hand" in done.text
    released.git("push", "--quiet", "origin", ":data-v2")
    assert run(released, "release", "--json").json["tag"] == "data-v2"


@pytest.mark.parametrize(
    "text", ["data-v2: x\n\nDigest: ab", "data-v1: x\n\nDigest: ab\nManifest-Sha256: ../x", "x"]
)
def test_a_tag_without_whole_trailers_is_no_version(released: Project, text: str) -> None:
    """A digest alone, a manifest without a SHA-256, or no trailers: the number is used."""
    tag_by_hand(released, "data-v2", text)
    assert [v["tag"] for v in run(released, "list", "--json").json] == ["data-v1"]
    assert run(released, "check", "--json").json["base"] == "data-v1"


def test_the_number_of_a_deleted_tag_is_not_used_again(edited: Project, tmp_path: Path) -> None:
    """Somebody deletes data-v2 at the origin: the copies keep its number in every clone."""
    run(edited, "release")
    kept = manifest_path(edited.remote, "data-v2").read_bytes()
    edited.git("push", "--quiet", "origin", ":data-v2")
    clone = edited.clone(tmp_path / "clone")
    clone.params(rows=40)
    clone.commit("More people")
    clone.push()
    assert run(clone, "release", "--json").json["tag"] == "data-v3"
    assert manifest(clone.remote, "data-v3")["baseline"] == "data-v1"
    assert manifest_path(edited.remote, "data-v2").read_bytes() == kept


@pytest.mark.slow  # tests/unit/model/test_version.py has such prefixes
def test_a_prefix_with_a_slash_keeps_its_numbers(edited: Project, tmp_path: Path) -> None:
    """Versions called sets/people-vN have folders in folders on the remotes."""
    edited.release_settings(tag_prefix="sets/people-v")
    edited.commit("Another prefix", "params.yaml")
    assert run(edited, "release", "--json").json["tag"] == "sets/people-v1"
    edited.git("push", "--quiet", "origin", ":sets/people-v1")
    clone = edited.clone(tmp_path / "clone")
    assert run(clone, "release", "--json").json["tag"] == "sets/people-v2"


def test_the_number_of_a_tag_of_this_clone_is_not_used_again(edited: Project) -> None:
    """A tag that only this clone has, and a withdrawal without its version, keep their numbers."""
    edited.git("tag", "data-v2")
    tag_by_hand(edited, "data-v3-yanked", "data-v3 is withdrawn\n\nReason: x")
    assert run(edited, "release", "--json").json["tag"] == "data-v4"
    assert edited.git("rev-parse", "data-v2") == edited.git("rev-parse", "data-v4^")


def test_a_remote_that_cannot_be_listed_stops_the_release(edited: Project) -> None:
    """Nobody knows then which numbers are in use: exit 3, no tag."""
    folder = edited.remote / "releases"
    moved = folder.rename(edited.remote / "away")
    folder.write_text("no folder")
    assert "remote 'storage'" in run(edited, "release", code=3).text
    assert tags(edited) == ["data-v1"]
    folder.unlink()
    moved.rename(folder)
    assert run(edited, "release", "--json").json["tag"] == "data-v2"


def make_old(project: Project, tag: str) -> dict[str, object]:
    """Turn a version into one of the first format: a manifest without documents, and no more."""
    data = manifest(project.remote, tag)
    documents = data.pop("documents")
    content = json.dumps({**data, "format": 1}, indent=2, ensure_ascii=False) + "\n"
    before = hashlib.sha256(manifest_path(project.remote, tag).read_bytes()).hexdigest()
    manifest_path(project.remote, tag).write_text(content)
    text = text_of(project, tag).replace(before, hashlib.sha256(content.encode()).hexdigest())
    assert documents
    shutil.rmtree(project.remote / "releases" / "sha256")
    shutil.rmtree(project.root / ".dvc" / "cache" / "files" / "documents")
    where = commit(project, tag)
    project.git("push", "--quiet", "origin", f":{tag}")
    project.git("tag", "--delete", tag)
    tag_by_hand(project, tag, text, where)
    return data


def test_versions_of_the_first_format_stay_readable(edited: Project, tmp_path: Path) -> None:
    """Shown, got, verified, compared with, and healed from what the releasing clone kept."""
    old = make_old(edited, "data-v1")
    clone = edited.clone(tmp_path / "clone")
    shown = run(clone, "show", "data-v1", "--json").json["manifest"]
    assert (shown["digest"], shown["documents"], shown["format"]) == (old["digest"], [], 1)
    run(clone, "get", "data-v1", "out")
    assert len((clone.root / "out/data/people.csv").read_text().splitlines()) == 21
    assert run(clone, "verify", "data-v1", "--full", "--json").json["faults"] == []
    assert run(clone, "check", "--json").json["base"] == "data-v1"
    content = manifest_path(edited.remote, "data-v1").read_bytes()
    kept = (
        edited.root / ".dvc/cache/files/manifests" / f"{hashlib.sha256(content).hexdigest()}.json"
    )
    kept.parent.mkdir()
    kept.write_bytes(content)
    manifest_path(edited.remote, "data-v1").unlink()
    assert "releases/data-v1/manifest.json is missing" in run(edited, "release", code=3).text
    assert manifest_path(edited.remote, "data-v1").read_bytes() == content
    assert run(edited, "release", "--json").json["tag"] == "data-v2"
    assert manifest(edited.remote, "data-v2")["baseline"] == "data-v1"
    assert_whole(edited, "data-v2")


def test_documents_are_believed_by_their_hash(released: Project, tmp_path: Path) -> None:
    """A profile that was replaced beside the manifest is not taken for a baseline's statistics."""
    copy = released.remote / "releases/data-v1/reports/people/profile.json"
    forged = copy.read_text().replace('"rows": 20', '"rows": 19')
    assert forged != copy.read_text()
    copy.write_text(forged)
    clone = released.clone(tmp_path / "clone")
    clone.params(rows=25)
    clone.commit("More people")
    report = run(clone, "check", "--json").json
    [people] = [found for found in report["datasets"] if found["name"] == "people"]
    assert people["diff"]["rows_before"] == 20
    listed = manifest(released.remote, "data-v1")["documents"]
    [own] = [found["sha256"] for found in listed if found["name"].endswith("people/profile.json")]
    document_path(released.remote, own).write_text(forged)
    report = run(clone, "check", "--json").json
    [people] = [found for found in report["datasets"] if found["name"] == "people"]
    assert people["diff"]["rows_before"] == 20, "made from the data instead"
