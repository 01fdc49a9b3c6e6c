"""What readers are handed by somebody else: forged manifests, and links where files are to go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.commands import run
from tests.project import Project

import datarelease as dr
from datarelease.errors import WorldError

pytestmark = pytest.mark.one_dataset


def forged(project: Project, change: Callable[[dict[str, Any]], object]) -> None:
    """Write another manifest of data-v1, and a tag that names it."""
    path = project.remote / "releases" / "data-v1" / "manifest.json"
    document = json.loads(path.read_text())
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    change(document)
    path.write_text(json.dumps(document))
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    message = project.git("for-each-ref", "refs/tags/data-v1", "--format=%(contents)")
    commit = project.git("rev-parse", "data-v1^{commit}")
    text = message.replace(before, after)
    project.git("tag", "--force", "--annotate", "data-v1", commit, "--cleanup=verbatim", "-m", text)
    project.git("push", "--quiet", "--force", "origin", "data-v1")


FORGED: dict[str, dict[str, object]] = {
    "a file of git": {"path": ".git/hooks/x"}, "a NUL": {"path": "a\0b"},
    "a name that climbs": {"path": "../../x"}, "a path as MD5": {"md5": "..//etc/passwd"},
    "no size": {"size": -1}, "another key": {"key": "../../../etc/passwd"},
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_manifest_writes_nothing(released: Project, name: str) -> None:
    """`get` and `load` refuse it as a fault of the remote, before anything is written."""
    forged(released, lambda m: m["datasets"][-1]["files"][0].update(FORGED[name]))
    done = run(released, "get", "1", "out", code=3)
    assert "The manifest of data-v1 is refused" in done.text
    assert not (released.root / "out").exists()
    if name == "a path as MD5":
        with pytest.raises(WorldError, match="is refused"):
            dr.load("1", "people", repo=released.root)


def test_links_below_dest_are_not_followed(released: Project, tmp_path: Path) -> None:
    """DEST, a directory in it or a file in it that is a link: exit 2, nothing written behind it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "people.csv").write_text("mine")
    first, second, third = (released.root / name for name in ("first", "second", "third"))
    first.symlink_to(outside)
    second.mkdir()
    (second / "data").symlink_to(outside)
    (third / "data").mkdir(parents=True)
    (third / "data" / "people.csv").symlink_to(outside / "new.csv")
    for dest in (first, second, third):
        done = run(released, "get", "1", dest.name, "--force", code=2)
        assert "is a symbolic link" in done.text
    assert [path.name for path in outside.iterdir()] == ["people.csv"]
    assert (outside / "people.csv").read_text() == "mine"


def test_a_link_out_of_the_repository_is_no_data(built: Project, tmp_path: Path) -> None:
    """A dataset with links that lead out is refused with their names; links within it are data."""
    (tmp_path / "private.csv").write_text("id,x\n1,secret\n")
    (tmp_path / "folder").mkdir()
    raw = built.root / "data" / "raw"
    raw.mkdir()
    (raw / "p0.csv").write_text("id,x\n1,a\n")
    (raw / "skipped").mkdir()
    (raw / "skipped" / "link.csv").symlink_to(tmp_path / "private.csv")
    built.write(".dvcignore", "skipped\n")
    built.dvc("add", "--quiet", "data/raw")
    declared = built.read_yaml("dvc.yaml")
    declared["artifacts"] = {"raw": {"path": "data/raw", "type": "dataset"}}
    built.write("dvc.yaml", json.dumps(declared))
    (raw / "p0.csv").unlink()
    (raw / "real.csv").write_text("id,x\n1,a\n")
    (raw / "p0.csv").symlink_to("real.csv")
    (raw / "real.csv").rename(built.root / "data" / "real.csv")
    (raw / "p0.csv").unlink()
    (raw / "p0.csv").symlink_to("../real.csv")
    assert run(built, "check").code == 0
    (raw / "p0.csv").unlink()
    (raw / "p0.csv").symlink_to(tmp_path / "private.csv")
    (raw / "more").symlink_to(tmp_path / "folder")
    (raw / "keys.csv").symlink_to("../../.dvc/config")
    done = run(built, "check", code=2)
    assert "data/raw/keys.csv: it is a symbolic link to .dvc/config" in done.text
    for name in ("p0.csv", "more"):
        assert (
            f"data/raw/{name}: it is a symbolic link that leads outside the repository" in done.text
        )
    assert "skipped" not in done.text


def test_a_name_that_readers_refuse_is_told_by_the_check(built: Project) -> None:
    """A file with a newline in its name never becomes a version that nobody can get."""
    (built.root / "data" / "raw").mkdir()
    (built.root / "data" / "raw" / "a\nb.csv").write_text("id\n1\n")
    built.dvc("add", "--quiet", "data/raw")
    declared = built.read_yaml("dvc.yaml")
    declared["artifacts"] = {"raw": {"path": "data/raw", "type": "dataset"}}
    built.write("dvc.yaml", json.dumps(declared))
    assert "it contains a control character" in run(built, "check", code=2).text


@pytest.mark.parametrize(
    "address", ["ext::touch ran", "fd::3", "--upload-pack=touch ran", "http://h/x"]
)
def test_addresses_that_are_programs_or_options_are_refused(built: Project, address: str) -> None:
    """`--repo` takes directories and addresses in https, ssh, git and file, and runs nothing."""
    done = run(built, "list", f"--repo={address}", code=2)
    assert "neither a directory nor the address" in done.text
    assert not (built.root / "ran").exists()
