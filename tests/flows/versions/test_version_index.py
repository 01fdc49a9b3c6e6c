"""The index of versions on the remotes: written by what changes versions, healed by `verify`."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from tests.commands import run
from tests.project import Project

import datarelease as dr
from datarelease.documents import decode_index
from datarelease.model.versions.index import VersionIndex


def index(remote: Path) -> VersionIndex:
    """The index on a directory as remote."""
    return decode_index((remote / "releases" / "index.json").read_bytes())


def test_the_index_follows_the_tags(released: Project) -> None:
    """A release, a withdrawal and its end write it; a version from before it is healed."""
    place = released.remote / "releases" / "index.json"
    first = place.read_bytes()
    [version] = index(released.remote).versions
    assert version.tag == "data-v1"
    assert version.rows == {"people": 20, "events": 30}
    assert f"Manifest-Sha256: {version.manifest_sha256}" in released.git(
        "cat-file", "-p", "data-v1"
    )

    run(released, "yank", "data-v1", "--reason", "wrong unit")
    [version] = index(released.remote).versions
    assert version.withdrawn is not None
    assert (version.withdrawn.reason, version.withdrawn.replacement) == ("wrong unit", None)

    place.unlink()
    run(released, "unyank", "data-v1")
    assert place.read_bytes() == first

    place.unlink()
    looked = run(released, "verify", "data-v1", "--json")
    assert looked.json["index_written"] == []
    assert looked.json["index_stale"] == ["storage"]
    assert "The index of versions on storage is missing or differs from the tags" in looked.text
    assert "is missing or differs" in run(released, "verify", "--newest", "1").text
    assert not place.exists(), "without --repair nothing is written"
    done = run(released, "verify", "data-v1", "--repair", "--json")
    assert done.json["index_written"] == ["storage"]
    assert done.json["index_stale"] == []
    assert place.read_bytes() == first

    place.write_text("{}")
    run(released, "release")
    assert place.read_bytes() == first, "a release of nothing new heals it as well"


def test_a_remote_that_was_added_later_lists_what_it_holds(edited: Project, tmp_path: Path) -> None:
    """Versions from before are listed once somebody has copied them there, and not by a repair."""
    backup = tmp_path / "backup"
    edited.add_remote("backup", str(backup))
    edited.release_settings(remotes=["storage", "backup"])
    edited.commit("Release to two remotes")
    edited.push()
    run(edited, "release")
    assert [version.tag for version in index(edited.remote).versions] == ["data-v1", "data-v2"]
    assert [version.tag for version in index(backup).versions] == ["data-v2"]
    with pytest.raises(dr.ConfigError, match=f"data-v1 is not at {backup}") as raised:
        dr.load(backup, "data-v1", "people")
    assert "from the repository, which asks all remotes" in str(raised.value.remedy)
    assert len(dr.load("data-v1", "people", repo=edited.root)) == 20
    assert run(edited, "verify", "data-v1", "--repair", "--json").json["index_written"] == []

    for name in ("files", "releases/sha256", "releases/data-v1"):
        shutil.copytree(edited.remote / name, backup / name, dirs_exist_ok=True)
    assert run(edited, "verify", "latest", "--json").json["index_stale"] == ["backup"]
    done = run(edited, "verify", "latest", "--repair", "--json")
    assert done.json["index_written"] == ["backup"]
    assert index(backup) == index(edited.remote)
    assert len(dr.load(backup, "data-v1", "people")) == 20


def test_a_repository_and_its_remote_are_read_alike(released: Project) -> None:
    """The same rows by both ways, loaded, opened, and by the line that `url` prints."""
    places: list[list[Path]] = [[], [released.remote]]
    for place in places:
        repo = None if place else released.root
        loaded = dr.load(*place, "latest", "people", engine="duckdb", repo=repo)
        assert loaded.columns == ["id", "name", "email", "plan", "spend"]
        where = [("id", "<=", 2)]
        opened = dr.open(*place, "latest", "people", columns=["id"], where=where, repo=repo)
        assert opened.fetchall() == [(1,), (2,)]
        assert len(dr.files(*place, "latest", "events", repo=repo)) == 3
    line = run(released, "url", "latest", "events", "--sql", "duckdb").out
    relation = duckdb.sql(line)
    assert relation is not None
    assert relation.columns == ["event", "person", "value"]
    assert len(relation.fetchall()) == 30
    listed = run(released, "url", "latest", "events", "--remote", "storage", "--json").json["files"]
    assert all(Path(file["address"]).is_file() for file in listed)


def test_a_remote_that_cannot_be_written_is_a_warning(released: Project) -> None:
    """The version is withdrawn nevertheless; the message says who is not told, and the remedy."""
    place = released.remote / "releases" / "index.json"
    place.unlink()
    place.mkdir()
    done = run(released, "yank", "data-v1", "--reason", "wrong unit")
    assert "The index of versions on storage was not written" in done.text
    assert "`datarelease verify latest --repair` writes it" in done.text
    assert "data-v1-yanked" in released.git("ls-remote", "--tags", str(released.origin))
