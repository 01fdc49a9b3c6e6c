"""What a workflow attested of a version, checked with `gh`, for which a program stands in.

It answers as the manual of `gh attestation verify` says: with `--format json` an array whose
objects have `verificationResult.statement`. As its code does, it may also end well and print
nothing, where there is no attestation of the type.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.commands import run
from tests.project import Project
from tests.versions import manifest, manifest_path

from datarelease.documents import decode_manifest
from datarelease.model.versions.attestation import EXTENSION, PREDICATE_TYPE, predicate_file

REPOSITORY = "Acme/Data"
GH = """#!{python}
import hashlib, json, pathlib, sys
here = pathlib.Path({here!r})
here.joinpath("asked.json").write_text(json.dumps(sys.argv[1:]))
path = [a for a in sys.argv[1:] if not a.startswith("-")][2]
digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
answer = json.loads(here.joinpath("answer.json").read_text())
if answer["code"]:
    sys.stderr.write("X " + answer["why"] + "\\n")
    sys.exit(answer["code"])
if answer["predicate"] is not None:
    statement = {{"_type": "https://in-toto.io/Statement/v1", "predicateType": answer["type"],
                 "subject": [{{"name": "manifest.json", "digest": {{"sha256": digest}}}}],
                 "predicate": answer["predicate"]}}
    result = {{"mediaType": "application/vnd.dev.sigstore.verificationresult+json;version=0.1",
              "statement": statement, "signature": {{"certificate": {{}}}}}}
    print(json.dumps([{{"attestation": {{}}, "verificationResult": result}}]))
elif answer["type"]:
    print(answer["type"])
"""


@pytest.fixture(scope="module")
def place(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A released version, and the stand-in for `gh`."""
    folder = tmp_path_factory.mktemp("attested")
    Project.copied(templates / "released", folder / "project")
    program = folder / "tools" / "gh"
    program.parent.mkdir()
    program.write_text(GH.format(python=sys.executable, here=str(folder)))
    program.chmod(0o755)
    return folder


@pytest.fixture
def attested(
    place: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Project, Callable[..., Path]]:
    """The version, and a function that says what the stand-in answers next."""
    assert home.is_dir()
    monkeypatch.setenv("PATH", f"{place / 'tools'}:{os.environ['PATH']}")
    monkeypatch.setenv("DATARELEASE_GITHUB_REPOSITORY", REPOSITORY)

    def answer(predicate: Any, *, code: int = 0, why: str = "", kind: str = PREDICATE_TYPE) -> Path:
        told = {"predicate": predicate, "code": code, "why": why, "type": kind}
        (place / "answer.json").write_text(json.dumps(told))
        return place / "asked.json"

    inside = place / "project"
    return Project(inside / "work", inside / "origin.git", inside / "remote"), answer


def predicate(project: Project) -> dict[str, Any]:
    """What the release's job writes down to be attested."""
    found = decode_manifest(manifest_path(project.remote, "data-v1").read_bytes())
    text: dict[str, Any] = json.loads(predicate_file(found, REPOSITORY))
    return text


def test_an_attestation_that_agrees(attested: tuple[Project, Callable[..., Path]]) -> None:
    """The manifest's own bytes are asked about, by type and repository; the review is said."""
    project, answer = attested
    said = predicate(project)
    assert said["purl"] == "pkg:github/acme/data@data-v1"
    digest = manifest(project.remote, "data-v1")["digest"]
    assert said[EXTENSION]["digest"] == digest
    asked = answer(said)
    done = run(project, "verify", "data-v1", "--attestation", "--json")
    assert done.json["attestation"] == said[EXTENSION]
    command = json.loads(asked.read_text())
    assert command[:2] == ["attestation", "verify"]
    assert command[3:] == [
        f"--repo={REPOSITORY}", f"--predicate-type={PREDICATE_TYPE}", "--format=json",
    ]  # fmt: skip
    done = run(project, "verify", "data-v1", "--attestation", "--signer-repo", "acme/tools")
    assert "data-v1: attested by a workflow of acme/tools; nobody's review was recorded" in done.out
    assert "--signer-repo=acme/tools" in json.loads(asked.read_text())


def test_what_is_attested_otherwise_is_a_conflict(
    attested: tuple[Project, Callable[..., Path]],
) -> None:
    """Another digest was reviewed than the tag says: exit 4."""
    project, answer = attested
    said = predicate(project)
    said[EXTENSION]["reviewed"] = hashlib.sha256(b"other").hexdigest()
    answer(said)
    done = run(project, "verify", "data-v1", "--attestation", code=4)
    assert "The attestation of data-v1 does not match its tag." in done.err


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"predicate": None, "code": 1, "why": "no attestations found"}, "no attestations found"),
        ({"predicate": None, "kind": ""}, "no attestation of the type https://in-toto.io"),
        ({"predicate": None, "kind": "[]"}, "no attestation of the type https://in-toto.io"),
        ({"predicate": None, "kind": '[{"x": 1}]'}, "its answer is not the one"),
        ({"predicate": None, "kind": "Loaded digest"}, "its answer is not the one"),
    ],
    ids=["refused", "nothing-printed", "none", "another-answer", "no-json"],
)
def test_without_an_attestation_that_holds_it_fails(
    attested: tuple[Project, Callable[..., Path]], told: dict[str, Any], why: str
) -> None:
    """Whatever `gh` ends with: exit 3 with the reason."""
    project, answer = attested
    answer(**told)
    assert why in run(project, "verify", "data-v1", "--attestation", code=3).err


def test_where_it_cannot_be_asked_it_says_so(
    attested: tuple[Project, Callable[..., Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `gh`, and outside of GitHub: exit 2, with what to do."""
    project, answer = attested
    answer(None)
    run(project, "verify", "--newest", "1", "--attestation", code=2)
    run(project, "verify", "data-v1", "--attestation", "--signer-repo", "x", code=2)
    monkeypatch.delenv("DATARELEASE_GITHUB_REPOSITORY")
    done = run(project, "verify", "data-v1", "--attestation", code=2)
    assert "this one's git remote is elsewhere" in done.err
