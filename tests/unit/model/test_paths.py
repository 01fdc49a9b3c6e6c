"""Names of files and addresses of repositories that come from elsewhere."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from tests.unit.model.test_documents import MANIFEST

from datarelease.adapters.dvc.listing import read_tree, refuse_names
from datarelease.documents import DocumentError, decode_manifest, encode
from datarelease.model.git_address import is_taken
from datarelease.model.paths import overlap, path_fault, relative_path, within
from datarelease.model.versions.manifest import Manifest, ManifestFile
from datarelease.model.versions.remote_keys import object_key

BAD_PATHS = [
    "", ".", "..", "a/../b", "../x", "/etc/passwd", "a//b", "a/", "./a", "C:/x", "c:x", "a\\b",
    "a\0b", "a\nb", "a\tb", "a\x7fb", "a\u0085b", "a\u2028b", "\ud800",
    ".git/hooks/x", "a/.git", ".GIT/config", "sub/.Git/x", "git~1/config", ".git./x", ".git /x",
    ".g\u200cit/x", ".git::$INDEX_ALLOCATION/x", ".dvc/config.local", ".DVC/x",
]  # fmt: skip
GOOD_PATHS = [
    "a.csv", "y=2024/part-0.parquet", "2024-01-01T12:30.csv", ".gitignore", "x.dvc", "git/x",
    ".github/x", "Größe/números.csv", "a b.csv", "...", "-x", "\u202eabc",
]  # fmt: skip
FILE = ManifestFile(path="a.csv", size=1, md5="0" * 32, sha256="0" * 64, key=object_key("0" * 32))
BAD_FILES: dict[str, list[dict[str, Any]]] = {
    "path": [{"path": path} for path in BAD_PATHS if path != "\ud800"],
    "MD5": [
        {"md5": md5}
        for md5 in ("", "0" * 31, "0" * 33, "A" * 32, "..//etc/passwd", "0" * 32 + "\n")
    ],
    "object key": [{"key": "../x"}, {"key": object_key("1" * 32)}],
    "SHA-256": [{"sha256": "0" * 63}, {"sha256": "z" * 64}],
    "size": [{"size": -1}, {"size": 2**63}],
}  # fmt: skip


def test_names_that_no_machine_should_write_are_refused() -> None:
    """Names that climb, are absolute, hide or belong to git and DVC have a fault; others none."""
    assert [path for path in BAD_PATHS if path_fault(path) is None] == []
    assert [path for path in GOOD_PATHS if path_fault(path) is not None] == []


def with_files(*files: ManifestFile) -> Manifest:
    """The manifest with these files in its first dataset."""
    first = dataclasses.replace(MANIFEST.datasets[0], files=files)
    return dataclasses.replace(MANIFEST, datasets=(first,))


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_manifest_with_a_file_that_cannot_be_is_no_manifest(what: str) -> None:
    """Names, hashes, keys and sizes that no release writes are refused when it is read."""
    for change in BAD_FILES[what]:
        text = encode(with_files(dataclasses.replace(FILE, **change)))
        with pytest.raises(DocumentError, match=what):
            decode_manifest(text)
    assert decode_manifest(encode(with_files(FILE)))


def test_datasets_of_a_manifest_are_held_to_the_same() -> None:
    """Its datasets' names, paths and outputs are checked, and no two files have one place."""
    data = dataclasses.replace(MANIFEST.datasets[0], files=(FILE,), path="data")
    entry = data.entries[0]
    other = dataclasses.replace(FILE, path="x/a.csv", sha256="1" * 64)
    bad = {
        "has the name": (dataclasses.replace(data, name="../x"),),
        "two datasets": (data, data),
        r"'\.\./x' is refused": (dataclasses.replace(data, path="../x"),),
        "has the MD5": (
            dataclasses.replace(data, entries=(dataclasses.replace(entry, md5="../x"),)),
        ),
        "has the size": (
            dataclasses.replace(data, entries=(dataclasses.replace(entry, size=-1),)),
        ),
        "occurs twice": (dataclasses.replace(data, files=(FILE, FILE)),),
        "a file and a directory": (
            dataclasses.replace(data, files=(FILE, dataclasses.replace(FILE, path="a.csv/b"))),
        ),
        "names two different files": (
            dataclasses.replace(data, files=(FILE, other)),
            dataclasses.replace(
                data, name="b", path="data/x", files=(FILE, dataclasses.replace(FILE, path="b"))
            ),
        ),
    }
    for match, datasets in bad.items():
        with pytest.raises(DocumentError, match=match):
            decode_manifest(encode(dataclasses.replace(MANIFEST, datasets=datasets)))


@pytest.mark.parametrize(
    "listing",
    ['[{"relpath": "a/.git/x", "md5": "%s"}]', '[{"relpath": "a\\nb", "md5": "%s"}]',
     '[{"relpath": "a", "md5": "%s"}, {"relpath": "a", "md5": "%s"}]',
     '[{"relpath": "a", "md5": "%s"}, {"relpath": "a/b", "md5": "%s"}]'],
)  # fmt: skip
def test_a_listing_names_only_what_may_be_written(listing: str) -> None:
    """DVC's directory objects of datasets are held to the same names as manifests."""
    files = read_tree(listing.replace("%s", "0" * 32).encode())
    with pytest.raises(ValueError, match=r"refused|occurs twice"):
        refuse_names(files)


def test_git_is_given_known_kinds_of_addresses() -> None:
    """https, ssh, git and file are taken; programs, descriptors, helpers and options are not."""
    taken = [
        "https://github.com/acme/data", "https://me:p@ss@host:8443/x.git", "ssh://git@host/x",
        "git@github.com:acme/data.git", "host:x", "git@[::1]:x", "git://host/x", "file:///srv/x",
        "http://localhost:3000/x", "http://127.0.0.1/x",
    ]  # fmt: skip
    refused = [
        "ext::sh -c id", "fd::17", "fd::17/x", "codecommit::eu-west-1://x", "http://host/x", "HTTPS://x",
        "http::https://host/x", "--upload-pack=id", "-u", "-x@host:path", "ssh://-oProxyCommand=id/x",
        "ssh://-x@host/x", "ftp://host/x", "svn+ssh://host/x", "https://", "nowhere", "./none", "",
        "https://host/x\nfile:///y", "git@-host:x",
    ]  # fmt: skip
    assert [address for address in taken if not is_taken(address)] == []
    assert [address for address in refused if is_taken(address)] == []


def test_a_path_lies_in_a_folder_by_its_parts() -> None:
    """A name that only begins like the folder is beside it; two paths overlap either way round."""
    assert within("data/a", "data")
    assert within("data", "data")
    assert not within("data", "data/a")
    assert not within("database", "data")
    assert overlap("data", "data/a")
    assert not overlap("data", "database")


def test_a_path_is_spelled_from_the_root_of_the_repository() -> None:
    """One that lies elsewhere, also beside a root of a like name, keeps its whole path."""
    assert relative_path("/srv/repo/data/a.csv", Path("/srv/repo")) == "data/a.csv"
    assert relative_path("/srv/repository/a.csv", Path("/srv/repo")) == "/srv/repository/a.csv"
