"""The standard metadata of versions: released, brought, and made again for older ones."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import yaml
from tests.commands import run
from tests.flows.release.test_hand_made import make_old
from tests.project import Project
from tests.versions import document_path, manifest

import datarelease as dr

GENERATED = {"croissant.json", "datapackage.json", "odcs.yaml", "SHA256SUMS"}


def test_a_release_carries_its_metadata(built: Project) -> None:
    """It is listed, stored and verified like the report; `get --metadata` puts it beside the files.

    What a remote lost everywhere is made again if it has the SHA-256 in the manifest; what an older
    version never had is written, and not over what is there.
    """
    built.write("CITATION.cff", "cff-version: 1.2.0\ntitle: People\nlicense: CC0-1.0\n")
    built.write("LICENSE", "CC0\n")
    built.commit("Say how to cite it")
    built.push()
    run(built, "release")
    import mlcroissant  # half a second that each worker would spend on the collection

    stored = manifest(built.remote, "data-v1")
    listed = {one["name"]: one for one in stored["documents"]}
    expected = {*GENERATED, "CITATION.cff", "LICENSE"}
    assert expected <= listed.keys()
    copies = built.remote / "releases" / "data-v1"
    assert (copies / "LICENSE").read_text() == "CC0\n"
    found = run(built, "get", "data-v1", "here", "--metadata", "--json").json
    here = built.root / "here"
    assert {str(here / name) for name in expected} <= {
        str(built.root / path) for path in found["files"]
    }
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=here, check=True)
    croissant = json.loads((here / "croissant.json").read_text())
    assert (croissant["name"], croissant["version"]) == ("People", "1.0.0")
    assert yaml.safe_load((here / "odcs.yaml").read_text())["tags"] == ["data-v1"]

    # A remote alone has the same, for the command and for Python.
    run(built, "get", "data-v1", "there", "--from", str(built.remote), "--metadata")
    got = dr.get(built.remote, "data-v1", built.root / "third", metadata=True)
    assert {path.name for path in got} >= expected
    for name in expected:
        assert (built.root / "there" / name).read_bytes() == (here / name).read_bytes()

    # Whoever has one of the descriptions alone finds the way to the files in it.
    for name in ("croissant.json", "datapackage.json"):
        alone = json.loads((copies / name).read_text())["description"]
        command = re.search(r"`(datarelease get .* --from ADDRESS)`", alone)
        assert command is not None
        words = command[1].replace("ADDRESS", str(built.remote)).replace("DIR", f"{name}.d")
        run(built, *words.split()[1:])
        assert (built.root / f"{name}.d" / "data/people.csv").is_file()
        assert (built.root / f"{name}.d" / name).read_bytes() == (copies / name).read_bytes()
    records = mlcroissant.Dataset(str(built.root / "croissant.json.d/croissant.json"))
    assert len(list(records.records("people/records"))) == 20

    # All bytes of one document are lost, and of another one the copy.
    name = "datapackage.json"
    document_path(built.remote, listed[name]["sha256"]).unlink()
    (copies / name).unlink()
    shutil.rmtree(built.root / ".dvc" / "cache" / "files" / "documents")
    run(built, "verify", "data-v1", code=3)
    lost = run(
        built, "get", "data-v1", "4", "--from", str(built.remote), "--metadata", "--force", code=3
    )
    assert f"{name} of data-v1 at {built.remote} is missing" in lost.text
    run(built, "verify", "data-v1", "--repair")
    assert (copies / name).read_bytes() == (here / name).read_bytes()


def test_older_versions_get_their_metadata(edited: Project) -> None:
    """Of a version without, `get --metadata` makes it, and `--repair` writes what remotes lack."""
    make_old(edited, "data-v1")
    copies = edited.remote / "releases" / "data-v1"
    for name in GENERATED - {"odcs.yaml"}:
        (copies / name).unlink()
    (copies / "odcs.yaml").write_text("ours: own\n")
    (edited.remote / "releases" / "index.json").unlink()  # it names another manifest
    refused = run(
        edited, "get", "data-v1", "at", "--from", str(edited.remote), "--metadata", code=2
    )
    assert "data-v1 was released without metadata" in refused.text
    run(edited, "get", "data-v1", "here", "--metadata")
    here = edited.root / "here"
    package = json.loads((here / "datapackage.json").read_text())
    people = next(one for one in package["resources"] if one["name"] == "people")
    assert "id" in [field["name"] for field in people["schema"]["fields"]]
    repaired = run(edited, "verify", "data-v1", "--repair", "--json").json
    assert len(repaired["metadata_written"]) == 3
    assert (copies / "croissant.json").read_bytes() == (here / "croissant.json").read_bytes()
    assert (copies / "odcs.yaml").read_text() == "ours: own\n"
    assert run(edited, "verify", "data-v1", "--repair", "--json").json["metadata_written"] == []
