"""The JSON Schemas of our documents: what we write fits them, and what we refuse does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests import sample_reports as samples

from datarelease.documents import encode, to_json
from datarelease.model.github import PullRequestFile
from datarelease.model.versions.index import VersionIndex
from datarelease.model.versions.outcome import Bundle, Health
from datarelease.schemas import SCHEMA_NAMES, schema
from generators.json_schemas import schema_files

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden"


def faults(name: str, document: Any) -> list[str]:
    """Where a document does not fit its schema."""
    found = schema(name)
    validator = jsonschema.Draft202012Validator(found)
    return [f"{error.json_path}: {error.message:.200}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_each_schema_is_one_and_describes_itself(name: str) -> None:
    """The meta-schema accepts it, and properties have the descriptions of the code."""
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["title"] == f"datarelease {name}"
    assert found["type"] == "object"
    assert "description" in json.dumps(found)


def test_a_document_that_has_no_schema_is_an_error() -> None:
    """No file elsewhere is read for it."""
    with pytest.raises(KeyError):
        schema("../pyproject")


REPORTS = {
    name: make
    for name in ("first", "warned", "blocked", "streamed", "files", "rollback")
    for make in (getattr(samples, name),)
}


@pytest.mark.parametrize("name", REPORTS)
def test_reports_fit(name: str) -> None:
    """Each outcome of a check, with what it holds: validations, row diffs, files, streams."""
    report = REPORTS[name]()
    assert faults("report", json.loads(encode(report))) == []
    for dataset in report.datasets:
        if dataset.validation is not None:
            assert faults("validation", to_json(dataset.validation)) == []


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("manifest", "versions/*/manifest.json"),
        ("report", "**/report*.json"),
        ("profile", "**/*profile.json"),
        ("validation", "**/*validation.json"),
        ("stream-counts", "**/stream.json"),
    ],
)
def test_golden_documents_fit(kind: str, pattern: str) -> None:
    """Those that releases and checks wrote; of older formats too."""
    for path in GOLDEN.glob(pattern):
        try:
            document = json.loads(path.read_text("utf-8"))
        except ValueError:
            continue  # the output of a command, with its exit code
        assert faults(kind, document) == [], path


def test_small_documents_fit() -> None:
    """A bundle, a pull request, the health of versions, an index; the index may have more."""
    bundle = Bundle(commit="c" * 40, digest="d" * 64, staging=None, tree=("dvc.lock",))
    assert faults("bundle", to_json(bundle)) == []
    assert faults("health", to_json(Health(versions=()))) == []
    assert faults("pull-request", to_json(PullRequestFile(number=1, head="a", base="main"))) == []
    index = to_json(VersionIndex(tag_prefix="data-v", versions=()))
    assert faults("index", {**index, "later": 1}) == []


def test_what_readers_refuse_does_not_fit() -> None:
    """An unknown property, a missing one, another type."""
    report = json.loads(encode(samples.warned()))
    assert faults("report", {**report, "more": 1})
    assert faults("report", {key: value for key, value in report.items() if key != "digest"})
    assert faults("report", {**report, "datasets": 1})
    assert faults("manifest", report)


def test_the_files_are_those_that_the_code_generates() -> None:
    """`make generated` writes them anew after a change of the model."""
    for path, text in schema_files().items():
        assert (ROOT / path).read_text("utf-8") == text, path
