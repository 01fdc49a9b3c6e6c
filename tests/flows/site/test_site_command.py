"""``datarelease site`` on a real repository: with its remotes, without them, and again."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.commands import run
from tests.project import Project
from tests.versions import manifest_path, tree_state

pytestmark = pytest.mark.one_dataset


@pytest.fixture
def two(edited: Project) -> Project:
    """Two versions."""
    run(edited, "release")
    return edited


def shown(out: Path, path: str) -> str:
    """A page of the catalogue."""
    return (out / path).read_text(encoding="utf-8")


@pytest.mark.slow  # test_golden.py makes one, tests/unit/site has its pages
def test_the_catalogue_of_a_repository(two: Project, tmp_path: Path) -> None:
    """Figures, changes, author, parameters; again only what changed; then without the remote."""
    out = tmp_path / "public"
    run(two, "channel", "set", "stable", "data-v2", "--reason", "complete")
    told = run(two, "site", "--out", str(out), "--json").json
    assert told["files"] == told["changed"]
    page = shown(out, "versions/data-v2.html")
    assert "25 rows" in page
    assert "The parameter <code" in page
    assert "people" in page
    assert "values hidden" in page
    assert "person1@example.com" not in "".join(
        path.read_text("utf-8") for path in out.rglob("*") if path.is_file()
    )
    manifest = (out / "versions/data-v2/manifest.json").read_bytes()
    assert manifest == manifest_path(two.remote, "data-v2").read_bytes()
    assert json.loads(shown(out, "index.json"))["versions"][1]["tag"] == "data-v2"
    assert "## data-v2 (" in shown(out, "CHANGELOG.md")
    assert "stable" in shown(out, "index.html")
    feed = ET.fromstring(shown(out, "feed.atom"))  # noqa: S314 - our own
    assert len(feed.findall("{http://www.w3.org/2005/Atom}entry")) == 2

    before = tree_state(out)
    assert run(two, "site", "--out", str(out), "--json").json["changed"] == 0
    assert {k: v for k, v in tree_state(out).items() if k != ".datarelease-site.json"} == {
        k: v for k, v in before.items() if k != ".datarelease-site.json"
    }

    # A version is read once: neither remote nor copies are needed for its pages.
    two.remote.rename(tmp_path / "elsewhere")
    run(two, "yank", "data-v2", "--reason", "wrong prices")
    run(two, "site", "--out", str(out))
    assert "data-v2 was withdrawn on" in shown(out, "index.html")
    assert shown(out, "versions/data-v2/manifest.json").encode() == manifest
    assert "25 rows" in shown(out, "versions/data-v2.html")

    # A clone that has read nothing shows what git has, and says so.
    (two.root / ".dvc/cache").rename(tmp_path / "cache")
    done = run(two, "site", "--out", str(tmp_path / "other"))
    assert "The documents of 2 versions were not read from a remote" in done.err
    page = shown(tmp_path / "other", "versions/data-v2.html")
    assert "what git has is shown" in page
    assert "25 rows" in page


def test_a_catalogue_is_refused_where_other_files_are(released: Project, tmp_path: Path) -> None:
    """Exit 2, and nothing is written."""
    (tmp_path / "thesis.txt").write_text("mine")
    done = run(released, "site", "--out", str(tmp_path / ""), code=2)
    assert "does not hold a catalogue" in done.err
    assert "next: Name a directory that is empty" in done.err


def test_before_the_first_release_the_catalogue_says_so(built: Project, tmp_path: Path) -> None:
    """It is a page all the same, which can be published from the beginning."""
    run(built, "site", "--out", str(tmp_path / "public"))
    assert "There is no version yet." in shown(tmp_path / "public", "index.html")
