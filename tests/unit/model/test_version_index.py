"""The index of versions: made of the tags, and read with suspicion."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from datarelease.documents import DocumentError, decode_index, encode
from datarelease.model.versions.index import VersionIndex, index_key, index_of, versions_of
from datarelease.model.versions.version import Erasure, Version, Yank

TRAILERS = (
    ("Digest", "a" * 64), ("Manifest-Sha256", "b" * 64), ("Rows", "people=3 events=40"),
    ("Files", "images=2"), ("Baseline", "data-v1"), ("Rollback-Of", "data-v1"),
    ("Compatibility", "patch"), ("Verdict", "warn"),
)  # fmt: skip
VERSION = Version(
    number=2, tag="data-v2", commit="c" * 40, digest="a" * 64, date="2026-11-28T10:00:00+00:00",
    trailers=TRAILERS, yank=Yank(reason="wrong", date="2026-11-29", replacement="data-v1"),
    erased=Erasure(reason="asked", date="2026-11-30"),
)  # fmt: skip
FIRST = Version(
    number=1, tag="data-v1", commit="c" * 40, digest="a" * 64,
    trailers=(("Digest", "a" * 64), ("Manifest-Sha256", "b" * 64)),
)  # fmt: skip


def as_json() -> Any:
    """The index of the two versions, as JSON data."""
    return json.loads(encode(index_of("data-v", [VERSION, FIRST])))


def test_an_index_tells_what_the_tags_do() -> None:
    """Written and read, it gives the same versions, the oldest first."""
    index = decode_index(encode(index_of("data-v", [VERSION, FIRST])))
    assert versions_of(index) == (FIRST, VERSION)
    assert index == index_of("data-v", [FIRST, VERSION])


def test_words_that_no_release_writes_say_nothing() -> None:
    """A tag that somebody made with another verdict does not make the index unreadable."""
    odd = dataclasses.replace(VERSION, trailers=(*TRAILERS[:-2], ("Verdict", "fine")))
    [entry] = decode_index(encode(index_of("data-v", [odd]))).versions
    assert (entry.verdict, entry.compatibility) == (None, None)


def test_each_prefix_has_an_index_of_its_own() -> None:
    """Projects that share a remote do not write each other's."""
    keys = [index_key(prefix) for prefix in ("data-v", "sales-v", "sales/v", "v")]
    assert keys == [
        "releases/index.json", "releases/index-sales-v.json", "releases/index-sales/v.json",
        "releases/index-v.json",
    ]  # fmt: skip


def test_what_a_later_release_adds_is_left_out() -> None:
    """A reader of today reads the index of tomorrow, unless its format has another number."""
    data = as_json()
    data["later"] = data["versions"][0]["later"] = {"new": True}
    assert versions_of(decode_index(json.dumps(data))) == (FIRST, VERSION)
    data["format"] = VersionIndex.format + 1
    with pytest.raises(DocumentError, match=r"format 2, but .* reads only format 1"):
        decode_index(json.dumps(data))


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("tag", "../../data-v1", "the tag '../../data-v1' is listed"),
        ("tag", "data-v3", "the tag 'data-v3' is listed with the number 1"),
        ("number", 0, "the number 0"),
        ("digest", "a/../b", "has the digest"),
        ("manifest_sha256", "b" * 63 + "/", "has the manifest_sha256"),
        ("baseline", "data-v1\x1b[2J", "control characters"),
        ("rows", {"a\nb": 3}, "control characters"),
        ("rows", "many", "not an index of versions"),
        ("withdrawn", {"reason": "\x1b[2J", "date": "", "replacement": None}, "control characters"),
    ],
    ids=str,
)
def test_a_hostile_index_is_refused(name: str, value: object, fault: str) -> None:
    """Names that would lead elsewhere, and texts that would move a cursor, are no tag's."""
    data = as_json()
    data["versions"][0][name] = value
    with pytest.raises(DocumentError, match=fault):
        decode_index(json.dumps(data))


def test_an_index_that_repeats_a_version_is_refused() -> None:
    """Of two entries with one number, nobody could say which one counts."""
    data = as_json()
    data["versions"].append(data["versions"][1])
    with pytest.raises(DocumentError, match="listed after"):
        decode_index(json.dumps(data))


@pytest.mark.parametrize("text", ["", "[]", "null", '{"versions": []}', "[" * 100_000], ids=len)
def test_what_is_no_index_is_refused(text: str) -> None:
    """Another page that a server answers with, say."""
    with pytest.raises(DocumentError):
        decode_index(text)
