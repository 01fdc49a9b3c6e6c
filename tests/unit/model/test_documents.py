"""Documents of the model are written and read strictly."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.documents import DocumentError, decode, encode, encode_manifest, to_json
from datarelease.model.data.dataset import THOUSANDS, CsvDialect
from datarelease.model.data.profile import ColumnProfile, Profile
from datarelease.model.data.validation import Validation
from datarelease.model.review.diff import Compatibility
from datarelease.model.review.policy import Limit
from datarelease.model.review.report import Report
from datarelease.model.versions.manifest import (
    Manifest,
    ManifestDataset,
    ManifestFile,
    ManifestRemote,
)
from datarelease.model.versions.snapshot import Entry

# JSON has no NaN, and text in it no lone surrogates.
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
st.register_type_strategy(str, st.text(st.characters(codec="utf-8"), max_size=6))
# A report is tuples of tuples of tuples: with more in each, most of what is drawn is too large.
_SHORT = 3
st.register_type_strategy(
    tuple,
    lambda kind: (
        st.lists(st.from_type(get_args(kind)[0]), max_size=_SHORT).map(tuple)
        if get_args(kind)[1:] == (...,)
        else st.tuples(*map(st.from_type, get_args(kind)))
    ),
)
# Hypothesis makes mappings of every kind, and JSON gives dicts back.
st.register_type_strategy(
    Limit,
    st.builds(
        Limit,
        level=st.sampled_from(["block", "warn"]),
        max=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        overrides=st.dictionaries(
            st.text(st.characters(codec="utf-8"), max_size=6),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            max_size=2,
        ),
    ),
)
st.register_type_strategy(
    CsvDialect,
    st.builds(
        CsvDialect,
        delimiter=st.sampled_from([None, ";", "\t"]),
        decimal=st.just(","),
        thousands=st.sampled_from([None, *THOUSANDS]).filter(lambda mark: mark != ","),
        encoding=st.sampled_from(["utf-8", "cp1252"]),
        skip_rows=st.integers(0, 1000),
    ),
)
DOCUMENTS: list[Any] = [Manifest, Profile, Report, Validation]

MANIFEST = Manifest(
    tag="data-v1", number=1, digest="d" * 64, commit="c" * 40, date="2026-01-01T00:00:00Z",
    datasets=(
        ManifestDataset(
            name="people", path="data/people.csv", rows=3, schema=None, schema_sha256=None,
            entries=(Entry(path="people.csv", md5="0" * 32, size=5),), key=("id",),
            files=(ManifestFile(path="a.csv", size=5, md5="0" * 32, sha256="1" * 64, key="k"),),
        ),
    ),
    remotes=(ManifestRemote(name="s3", url="s3://b"),), baseline=None, rollback_of=None,
    compatibility=Compatibility.PATCH, verdict="pass", params_sha256="2" * 64, reviewed=None,
    tools=(("dvc", "3.67.1"),),
)  # fmt: skip


@pytest.mark.parametrize("cls", DOCUMENTS, ids=lambda cls: cls.__name__)
@examples(15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_written_is_read_back(cls: Any, data: st.DataObject) -> None:
    """Any value of a document's class survives the way through JSON, and gives equal bytes."""
    value = data.draw(st.from_type(cls).filter(_unique_columns))
    text = encode(value)
    assert decode(cls, text) == value
    assert encode(decode(cls, text.encode())) == text
    assert text.endswith("\n")


def plainly(manifest: Manifest) -> bytes:
    """A manifest as JSON, without the lives of datasets where there is nothing to tell."""
    data = json.loads(encode(manifest))
    if not manifest.retired:
        del data["retired"]
    for dataset in data["datasets"]:
        if dataset["renamed_from"] is None:
            del dataset["renamed_from"]
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


@examples(40, suppress_health_check=[HealthCheck.too_slow])
@given(manifest=st.from_type(Manifest))
def test_a_manifest_is_written_byte_for_byte_by_the_faster_writer(manifest: Manifest) -> None:
    """Its SHA-256 is in the tag, so any text in it is escaped as it always was."""
    assert encode_manifest(manifest) == plainly(manifest)


@pytest.mark.parametrize("text", ["\x00\x1f\x7f\x80", '\u2028</script>\\"/', "\b\f\n\r\t", "😀é"])
def test_a_manifest_escapes_odd_characters_as_ever(text: str) -> None:
    """Control characters by their short names or in lower-case digits, and nothing else."""
    manifest = dataclasses.replace(MANIFEST, baseline=text)
    assert encode_manifest(manifest) == plainly(manifest)


def _unique_columns(value: object) -> bool:
    """A profile is written with its columns as an object, so their names must differ."""
    names = [column.name for column in value.columns] if isinstance(value, Profile) else []
    return len(names) == len(set(names))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every object and every list of pairs in a JSON value."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if isinstance(value, dict) else []
    for key, item in inner:
        if isinstance(item, dict | list):
            found += places(item, (*path, key))
    return found


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """The part of a JSON value at a place."""
    for key in path:
        value = value[key]
    return value


LEVELS = places(to_json(MANIFEST))


def test_a_manifest_of_before_is_read() -> None:
    """Versions released when nothing was recorded beside the datasets stay readable."""
    old = to_json(MANIFEST)
    for name in ("tracked", "output_remotes"):
        del old[name]
    for dataset in old["datasets"]:
        for entry in dataset["entries"]:
            del entry["remote"]
    found = decode(Manifest, json.dumps(old))
    assert (found.tracked, found.output_remotes) == ((), ())
    assert found.objects == {"0" * 32: 5}


def test_the_example_has_every_level() -> None:
    """The tests below reach the manifest, its datasets, entries, files and remotes."""
    assert {path[::2] for path in LEVELS} == {
        (), ("datasets",), ("datasets", "entries"), ("datasets", "files"), ("remotes",),
    }  # fmt: skip


@pytest.mark.parametrize("path", LEVELS, ids=str)
def test_unknown_properties_are_refused_at_each_level(path: tuple[Any, ...]) -> None:
    """A property that the model does not know is an error, wherever it stands."""
    data = to_json(MANIFEST)
    at(data, path)["surprise"] = 1
    with pytest.raises(DocumentError, match="surprise"):
        decode(Manifest, json.dumps(data))


@pytest.mark.parametrize("path", LEVELS, ids=str)
def test_wrong_types_and_gaps_are_refused_at_each_level(path: tuple[Any, ...]) -> None:
    """No property may have another type, and none without a default may be missing."""
    level = at(to_json(MANIFEST), path)
    for name, value in level.items():
        for other in ({"x": 1}, 5 if isinstance(value, str | None) else "text", True):
            data = to_json(MANIFEST)
            at(data, path)[name] = other
            with pytest.raises(DocumentError, match=name):
                decode(Manifest, json.dumps(data))
    required = {"tag", "number", "digest", "name", "path", "md5", "sha256", "key", "url"}
    for name in required & set(level) - ({"key"} if "entries" in level else set()):
        data = to_json(MANIFEST)
        del at(data, path)[name]
        with pytest.raises(DocumentError, match=name):
            decode(Manifest, json.dumps(data))


def test_numbers_are_not_read_from_text() -> None:
    """Reading is strict: a number in quotes, or a whole number as 1.5, is no number."""
    for wrong in ("1", 1.5, True, None):
        with pytest.raises(DocumentError, match="number"):
            decode(Manifest, json.dumps({**to_json(MANIFEST), "number": wrong}))


@pytest.mark.parametrize("cls", DOCUMENTS, ids=lambda cls: cls.__name__)
def test_what_is_no_document_at_all(cls: Any) -> None:
    """Anything else is a DocumentError, never another exception."""
    texts: list[str | bytes] = [
        "", "null", "5", "[]", "{}", '"x"', "{", "\ud800", b"\xff", "[" * 100_000, '{"columns": 5}',
        '{"columns": {"a": 5}}', "NaN",
    ]  # fmt: skip
    for text in texts:
        with pytest.raises(DocumentError):
            pytest.fail(f"{text[:20]!r} is read as {decode(cls, text)}")


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from([f.name for cls in DOCUMENTS for f in dataclasses.fields(cls)]), inner,
        max_size=5,
    ),
))  # fmt: skip
def test_any_json_is_read_or_refused(value: object) -> None:
    """Whatever JSON arrives from elsewhere, the only exception is DocumentError."""
    for cls in DOCUMENTS:
        try:
            decode(cls, json.dumps(value))
        except DocumentError as error:
            said = str(error)
        else:
            said = "read"
        assert said


def test_a_profile_names_its_columns() -> None:
    """Columns are an object, one a line, so that `dvc metrics diff` and `git diff` name them."""
    columns = tuple(
        ColumnProfile(name=name, type="int64", kind="number", nulls=0) for name in ("b", 'a "x"')
    )
    text = encode(Profile(dataset="d", rows=1, columns=columns))
    assert list(json.loads(text)["columns"]) == ["b", 'a "x"']
    assert text.count("\n") == 4
