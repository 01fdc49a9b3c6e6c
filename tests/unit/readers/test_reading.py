"""Versions read from a remote alone: what is found, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from tests.published import Published
from tests.servers import Bucket
from tests.unit.readers.conftest import PARTS, PEOPLE, ROWS
from tests.web import FileServer

import datarelease as dr
from datarelease.model.versions.channel import Channel, Move
from datarelease.model.versions.remote_keys import document_key, manifest_key
from datarelease.model.versions.version import Erasure, Yank
from datarelease.reading import Frame

BLOCKED = """
import sys
from importlib.machinery import PathFinder

blocked, find = set(sys.argv[1].split(",")), PathFinder.find_spec
PathFinder.find_spec = lambda name, *more: (
    None if name.partition(".")[0] in blocked else find(name, *more)
)
"""


def test_the_same_versions_from_a_directory_and_a_server(
    shared: Published, web: FileServer
) -> None:
    """What the index says, the withdrawn one marked and `latest` before it."""
    for address in (shared.root, web.address, f"{web.address}/"):
        found = dr.versions(address)
        assert [version.tag for version in found] == ["data-v1", "data-v2", "data-v3"]
        assert dict(found[1].rows) == {"people": 3, "events": 2 * ROWS}
        shown = [line.split() for line in repr(found).splitlines()]
        assert [line[-1] for line in shown if line[0] == "data-v2"] == ["latest"]
        assert "withdrawn: wrong unit" in repr(found)


def rows(frame: Any, engine: Frame) -> list[dict[str, Any]]:
    """The rows of what a library loaded."""
    if engine == "pandas":
        return list(frame.to_dict("records"))
    if engine == "polars":
        return list(frame.to_dicts())
    return list((frame.to_arrow_table() if engine == "duckdb" else frame).to_pylist())


@pytest.mark.parametrize("engine", ["pandas", "pyarrow", "polars", "duckdb"])
def test_a_table_is_loaded_with_every_library(
    shared: Published, web: FileServer, engine: Frame
) -> None:
    """Columns of folders among them, and in the order that is asked for."""
    from_directory = dr.load(shared.root, "latest", "events", columns=["year", "id"], engine=engine)
    from_server = dr.load(web.address, "v2", "events", columns=["year", "id"], engine=engine)
    frame = dr.load(web.address, "data-v2", "people", engine=engine)
    assert len(rows(from_server, engine)) == 2 * ROWS
    assert rows(from_directory, engine)[-1] == rows(from_server, engine)[-1] == {
        "year": 2024, "id": 2025 * ROWS - 1,
    }  # fmt: skip
    assert [row["id"] for row in rows(frame, engine)] == [1, 2, 3]
    assert str(rows(frame, engine)[2]["since"]) == "2020-01-03"


def test_objects_are_fetched_once(web: FileServer, cache: Path) -> None:
    """The second reader takes them from the cache, where their names are their hashes."""
    dr.load(web.address, "latest", "events")
    first = sum(web.sent)
    web.sent.clear()
    dr.load(web.address, "latest", "events")
    assert sum(web.sent) < 10_000 < sum(map(len, PARTS.values())) <= first
    kept = [path for path in (cache / "sha256").rglob("*") if path.is_file()]
    assert {path.read_bytes() for path in kept} == set(PARTS.values())
    assert list((cache / "incoming").iterdir()) == []


def test_files_and_copies(web: FileServer, tmp_path: Path) -> None:
    """Files are listed and opened one by one; `get` writes what the repository has."""
    files = dr.files(web.address, "latest", "images")
    assert files.paths == ("cats/1.png",)
    assert files["cats/1.png"].read_bytes() == b"meow"
    written = dr.get(web.address, "latest", tmp_path / "out", datasets=["images", "people"])
    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == [
        "data/images/cats/1.png", "data/people/people.csv",
    ]  # fmt: skip
    assert written[1].read_bytes() == PEOPLE
    written[1].write_bytes(b"mine")
    with pytest.raises(dr.ConfigError, match=r"people\.csv exists and is not the file of data-v2"):
        dr.get(web.address, "latest", tmp_path / "out")
    dr.get(web.address, "latest", tmp_path / "out", force=True)
    assert written[1].read_bytes() == PEOPLE


def test_a_withdrawn_version_is_read_with_a_warning(shared: Published) -> None:
    """By its name; the message has reason and replacement."""
    with pytest.warns(
        dr.WithdrawnVersionWarning, match="withdrawn on 2026-11-29: wrong unit. Use data-v2 instead"
    ):
        assert len(dr.load(shared.root, "data-v3", "people")) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(dr.load(shared.root, "latest", "people")) == 3


def test_a_channel_is_read_by_its_name(remote: Published) -> None:
    """Where it was set to last; where that was withdrawn, where it was before, with a warning."""
    withdrawn = Yank(reason="wrong unit", date="2026-11-29T10:00:00+00:00")
    remote.release({"people": {"people.csv": b"id\n1\n"}})
    remote.release({"people": {"people.csv": b"id\n1\n2\n"}}, yank=withdrawn)
    moves = tuple(
        Move(
            number=number, tag=f"data-channel-stable-{number}", version=f"data-v{number}",
            date="2026-11-28T10:00:00+00:00", by="Ann", reason="good",
        )
        for number in (1, 2, 3)
    )  # fmt: skip
    remote.channels.append(Channel(name="stable", moves=moves[:2]))
    remote.index()
    assert len(dr.load(remote.root, "stable", "people")) == 1
    remote.channels[0] = Channel(name="stable", moves=moves)
    remote.index()
    with pytest.warns(dr.WithdrawnVersionWarning, match="falls back to .* data-v2"):
        assert len(dr.load(remote.root, "stable", "people")) == 1
    with pytest.raises(dr.ConfigError, match=r"(?s)'staple'.*stable"):
        dr.load(remote.root, "staple", "people")


def test_an_erased_version_says_why(remote: Published) -> None:
    """It is neither read nor taken for the latest."""
    erased = Erasure(reason="a person asked for it", date="2026-11-29T10:00:00+00:00")
    remote.release({"people": {"people.csv": b"id\n9\n"}}, erased=erased)
    with pytest.raises(dr.ErasedVersionError, match="erased on 2026-11-29: a person asked for it"):
        dr.load(remote.root, "data-v2", "people")
    assert len(dr.load(remote.root, "latest", "people")) == 3


def test_what_is_not_there_is_said(shared: Published, web: FileServer) -> None:
    """With what there is, and what to do."""
    with pytest.raises(dr.ConfigError, match="There is no version 'data-v9'"):
        dr.load(web.address, "data-v9", "people")
    with pytest.raises(dr.ConfigError, match=r"(?s)no dataset 'peple'.*Did you mean 'people'"):
        dr.load(web.address, "latest", "peple")
    with pytest.raises(dr.ConfigError, match=r"(?s)no column 'plam'.*Did you mean 'plan'"):
        dr.load(web.address, "latest", "people", columns=["plam"])
    with pytest.raises(dr.ConfigError, match=r"dataset of files"):
        dr.load(web.address, "latest", "images")
    with pytest.raises(dr.WorldError, match=r"(?s)no index of versions.*--repair"):
        dr.versions(f"{web.address}/elsewhere")
    with pytest.raises(dr.ConfigError, match="is not a directory"):
        dr.versions("nowhere/at/all")
    for other in ("ftp://host/data", "ssh://host/data", "webdavs://host/data"):
        with pytest.raises(dr.ConfigError, match="not an address that can be read") as caught:
            dr.versions(other)
        assert "read through its git repository: repo=URL" in caught.value.remedy
    with pytest.raises(dr.ConfigError, match="both given"):
        dr.load(shared.root, "latest", "people", repo=".")
    for place in (web.address, str(shared.root), "./remote"):
        with pytest.raises(dr.ConfigError, match="is an address, not a version"):
            dr.load(place, "people")
    with pytest.raises(dr.ConfigError, match="columns='id' is a text, not a list"):
        dr.load(shared.root, "latest", "people", columns="id")
    with pytest.raises(TypeError, match="name VERSION and DATASET"):
        dr.load("latest")


def test_a_server_that_does_not_answer_is_the_world(cache: Path) -> None:  # noqa: ARG001
    """Exit 3, with the address and without credentials in it."""
    with pytest.raises(dr.WorldError, match=r"http://127\.0\.0\.1:9/data cannot be read") as caught:
        dr.versions("http://me:secret@127.0.0.1:9/data")
    assert "secret" not in str(caught.value)


def test_projects_that_share_a_remote_have_their_own_versions(tmp_path: Path) -> None:
    """Found by a whole tag, or by the prefix behind the address."""
    Published(tmp_path).release({"people": {"people.csv": PEOPLE}})
    sales = Published(tmp_path, prefix="sales-v")
    sales.release({"sales": {"sales.csv": b"id\n1\n2\n"}})
    assert len(dr.load(tmp_path, "sales-v1", "sales")) == 2
    assert len(dr.load(f"{tmp_path}#tag_prefix=sales-v", "latest", "sales")) == 2
    assert [version.tag for version in dr.versions(tmp_path)] == ["data-v1"]
    with pytest.raises(dr.ConfigError, match="has no valid tag prefix"):
        dr.versions(f"{tmp_path}#tag_prefix=")


def test_a_remote_from_before_the_index_is_read_by_its_folders(remote: Published) -> None:
    """With a warning that says what is not known, and how to heal it."""
    remote.release({"people": {"people.csv": b"id\n1\n"}})
    (remote.root / "releases" / "index.json").unlink()
    with pytest.warns(dr.DatareleaseWarning, match=r"no index of versions.*--repair"):
        found = dr.versions(remote.root)
    assert [version.tag for version in found] == ["data-v1", "data-v2"]
    with pytest.warns(dr.DatareleaseWarning, match="no index of versions"):
        assert len(dr.load(remote.root, "data-v1", "people")) == 3


def test_a_version_that_the_index_lacks_is_read_by_its_name(
    remote: Published, own_web: FileServer
) -> None:
    """Two releases at once may leave an index without the newer one."""
    remote.release({"people": {"people.csv": b"id\n1\n"}})
    remote.versions.pop()
    remote.index()
    with pytest.warns(dr.DatareleaseWarning, match="does not list data-v2"):
        assert len(dr.load(own_web.address, "data-v2", "people")) == 1


HOSTILE = {
    "a path that leads out": ('"path": "people.csv"', '"path": "../../people.csv"'),
    "a key that is no object": ('"key": "files/md5/', '"key": "../md5/'),
    "another version": ('"tag": "data-v1"', '"tag": "data-v7"'),
    "no JSON": ("{", "<html>"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_manifest_is_refused(remote: Published, tmp_path: Path, case: str) -> None:
    """Though the index vouches for its bytes, nothing is written."""
    [version] = remote.versions
    place = remote.root / document_key(version.manifest_sha256 or "")
    before, after = HOSTILE[case]
    data = place.read_text().replace(before, after).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    remote.put(document_key(sha256), data)
    index = remote.root / "releases" / "index.json"
    index.write_text(index.read_text().replace(version.manifest_sha256 or "", sha256))
    with pytest.raises(dr.WorldError, match="is refused"):
        dr.get(remote.root, "latest", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "people.csv").exists()


def test_a_manifest_with_other_bytes_is_named(remote: Published) -> None:
    """Those of the index count, wherever the copy is; one sound place is enough."""
    [version] = remote.versions
    first = remote.root / document_key(version.manifest_sha256 or "")
    first.write_bytes(first.read_bytes() + b" ")
    assert len(dr.load(remote.root, "latest", "people")) == 3
    copy = remote.root / manifest_key("data-v1")
    copy.write_bytes(copy.read_bytes() + b" ")
    with pytest.raises(dr.WorldError, match="does not match its SHA-256"):
        dr.load(remote.root, "latest", "people")


def test_a_hostile_index_is_refused(remote: Published) -> None:
    """A tag in it is never a path."""
    index = remote.root / "releases" / "index.json"
    data = json.loads(index.read_text())
    data["versions"][0]["tag"] = "../../data-v1"
    index.write_text(json.dumps(data))
    with pytest.raises(dr.WorldError, match=r"releases/index\.json at .* is refused"):
        dr.versions(remote.root)


def test_a_bucket_is_read_with_its_own_credentials(
    bucket: Bucket, cache: Path, remote: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of AWS, from the environment; by ranges, through fsspec."""
    bucket.fs().put(f"{remote.root}/", f"{bucket.name}/data", recursive=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", bucket.reader.access)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", bucket.reader.secret)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    address = bucket.url("data")
    assert [version.tag for version in dr.versions(address)] == ["data-v1"]
    assert len(dr.load(address, "latest", "people")) == 3
    assert any((cache / "sha256").rglob("*"))
    with pytest.raises(dr.ConfigError, match="There is no version at s3://"):
        dr.versions(bucket.url("empty"))


LIGHT = """
import datarelease as dr

address = sys.argv[2]
assert [version.tag for version in dr.versions(address)][:2] == ["data-v1", "data-v2"]
people = dr.load(address, "latest", "people", engine="duckdb")
assert [(row[0], str(row[2])) for row in people.fetchall()] == [
    (1, "2020-01-01"), (2, "None"), (3, "2020-01-03")
]
assert dr.load(address, "latest", "people", engine="polars", columns=["plan"]).shape == (3, 1)
where = [("year", "==", 2024), ("value", "<", 1)]
events = dr.open(address, "latest", "events", columns=["id"], where=where)
assert len(events.fetchall()) == 2
lazy = dr.open(address, "latest", "events", engine="polars", columns=["id"], where=where)
assert lazy.collect().shape == (2, 1)
assert dr.load(address, "latest", "events", engine="duckdb").count("*").fetchall() == [(40_000,)]
assert dr.load(address, "latest", "events", engine="polars").shape == (40_000, 4)
assert dr.files(address, "latest", "images")[0].read_bytes() == b"meow"
if "pyarrow" in sys.argv[1]:
    for engine in ("pandas", "pyarrow"):
        try:
            dr.load(address, "latest", "people", engine=engine)
        except dr.ConfigError as error:
            assert "pip install" in str(error)
        else:
            raise AssertionError(engine)
else:
    assert dr.load(address, "latest", "people", engine="pyarrow").num_rows == 3
loaded = {name.partition(".")[0] for name in sys.modules}
assert not loaded & blocked, loaded & blocked
"""
NOT_NEEDED = "dvc,dvc_data,dvc_objects,dvc_s3,pandera,pandas,jinja2,ruamel,filetype,networkx,github"


@pytest.mark.parametrize(
    "blocked",
    [
        pytest.param(NOT_NEEDED, id="with pyarrow", marks=pytest.mark.slow),
        pytest.param(f"{NOT_NEEDED},pyarrow", id="without pyarrow"),
    ],
)
def test_a_light_installation_reads(web: FileServer, blocked: str) -> None:
    """Without DVC, pandas and Pandera, and without pyarrow, too."""
    command = [sys.executable, "-c", BLOCKED + LIGHT, blocked, web.address]
    done = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
