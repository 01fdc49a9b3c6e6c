"""What a manifest says of where objects lie."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from tests.unit.model.test_documents import MANIFEST

from datarelease.model.versions.manifest import (
    ManifestDataset,
    ManifestDocument,
    ManifestFile,
    ManifestRemote,
    TrackedFile,
    TrackedOutput,
    documents_of,
    is_about,
)
from datarelease.model.versions.manifest_faults import manifest_faults
from datarelease.model.versions.remote_keys import object_key
from datarelease.model.versions.snapshot import Entry
from datarelease.model.versions.version import Version


def file(path: str, md5: str) -> ManifestFile:
    """A file of five bytes."""
    return ManifestFile(path=path, size=5, md5=md5, sha256="s", key=md5)


PARTS = ManifestDataset(
    name="parts", path="data", rows=1, schema=None, schema_sha256=None,
    entries=(
        Entry(path="a.csv", md5="a"), Entry(path="b.csv", md5="b", remote="far"),
        Entry(path="old", md5="c.dir", remote="far"), Entry(path="new", md5="d.dir"),
    ),
    files=(file("a.csv", "a"), file("b.csv", "b"), file("old/1.csv", "c1"), file("new/1.csv", "d1"),
           file("older/1.csv", "e1")),
)  # fmt: skip
OUTPUTS = (
    TrackedOutput(path="x", md5="x", size=1, kept_by="remotes"),
    TrackedOutput(
        path="y", md5="y.dir", size=2, kept_by="remotes", remote="s3",
        files=(TrackedFile(path="1", size=3, md5="y1", key="k"),),
    ),
    TrackedOutput(path="z", md5="z", size=None, kept_by="source"),
    TrackedOutput(path="w", md5="w", size=None, kept_by="nobody", remote="far"),
)  # fmt: skip


def test_each_remote_has_its_own_objects() -> None:
    """Unbound outputs are on every remote of the version, bound ones on theirs, others on none."""
    manifest = dataclasses.replace(
        MANIFEST,
        datasets=(PARTS,),
        tracked=OUTPUTS,
        remotes=(ManifestRemote(name="s3", url=""), ManifestRemote(name="copy", url="")),
        output_remotes=(ManifestRemote(name="far", url=""),),
    )
    common = {"a": 5, "d.dir": None, "d1": 5, "e1": 5, "x": 1}
    assert manifest.objects_on("copy") == common
    assert manifest.objects_on("s3") == {**common, "y.dir": 2, "y1": 3}
    assert manifest.objects_on("far") == {"b": 5, "c.dir": None, "c1": 5}
    assert len(manifest.objects) == 10


def test_the_whole_of_a_directory_is_bound_with_it() -> None:
    """An entry that is the whole dataset binds every file of it."""
    bound = dataclasses.replace(PARTS, entries=(Entry(path=".", md5="a.dir", remote="far"),))
    assert bound.bound == dict.fromkeys((f.path for f in PARTS.files), "far")


WHOLE = TrackedFile(path="1", size=3, md5="0" * 32, key=object_key("0" * 32))
SOUND = TrackedOutput(path="y", md5=f"{'1' * 32}.dir", size=2, kept_by="remotes", files=(WHOLE,))


DOCUMENT = ManifestDocument(name="report.json", size=3, sha256="0" * 64)


@pytest.mark.parametrize(
    "document",
    [
        dataclasses.replace(DOCUMENT, name="../report.json"),
        dataclasses.replace(DOCUMENT, name="reports\x00/report.json"),
        dataclasses.replace(DOCUMENT, sha256="../x"),
        dataclasses.replace(DOCUMENT, size=-1),
    ],
)
def test_forged_documents_are_faults(document: ManifestDocument) -> None:
    """Their names are places of files, and their hashes are names on remotes."""
    good = dataclasses.replace(MANIFEST, datasets=(), documents=(DOCUMENT,))
    assert not [*manifest_faults(good)]
    assert [*manifest_faults(dataclasses.replace(good, documents=(document,)))]


def test_documents_with_other_names_are_left_out() -> None:
    """Whoever asks for the documents of a version is given names that a version can have."""
    other = dataclasses.replace(DOCUMENT, name="make.py")
    manifest = dataclasses.replace(MANIFEST, documents=(DOCUMENT, other))
    assert documents_of(manifest) == {"report.json": DOCUMENT}


VERSION = Version(
    number=MANIFEST.number, tag=MANIFEST.tag, commit=MANIFEST.commit,
    digest=MANIFEST.snapshot.digest, trailers=(("Verdict", MANIFEST.verdict), ("Rows", "x=1")),
)  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [
        {"tag": "data-v99"}, {"number": 99}, {"commit": "f" * 40}, {"digest": "f" * 64},
        {"trailers": (("Baseline", "data-v98"),)}, {"trailers": (("Verdict", "warn"),)},
        {"trailers": (("Remotes", "elsewhere"),)},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_is_about_the_version_that_agrees_in_everything(other: dict[str, Any]) -> None:
    """Name, number, commit, content and whatever the trailers repeat."""
    manifest = dataclasses.replace(MANIFEST, digest=MANIFEST.snapshot.digest)
    assert is_about(manifest, VERSION)
    assert not is_about(manifest, dataclasses.replace(VERSION, **other))


@pytest.mark.parametrize(
    "output",
    [
        dataclasses.replace(SOUND, md5="..//etc/passwd"),
        dataclasses.replace(SOUND, size=-1),
        dataclasses.replace(SOUND, files=(dataclasses.replace(WHOLE, md5="../x"),)),
        dataclasses.replace(SOUND, files=(dataclasses.replace(WHOLE, key="../x"),)),
        dataclasses.replace(SOUND, files=(dataclasses.replace(WHOLE, size=-1),)),
    ],
)
def test_forged_hashes_of_tracked_outputs_are_faults(output: TrackedOutput) -> None:
    """They are names of objects and of files in the cache, as those of datasets are."""
    assert not [*manifest_faults(dataclasses.replace(MANIFEST, datasets=(), tracked=(SOUND,)))]
    assert [*manifest_faults(dataclasses.replace(MANIFEST, datasets=(), tracked=(output,)))]
