"""What is compared with golden files, and how a difference is shown."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.goldens import SHOWN, Golden, playground


def story(folder: Path, *, update: bool = False) -> Golden:
    """A story whose golden files lie below ``folder``."""
    return Golden("story", folder / "root", update=update, folder=folder)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with two golden files of a story."""
    golden = story(tmp_path, update=True)
    golden.add("a.txt", "one\ntwo\nthree\n")
    golden.add("sub/b.txt", "b\n")
    golden.finish()
    return tmp_path


def test_what_was_written_is_equal(written: Path) -> None:
    """The same files pass."""
    golden = story(written)
    golden.add("a.txt", "one\ntwo\nthree\n")
    golden.add("sub/b.txt", "b\n")
    golden.finish()


def test_a_difference_is_shown_as_a_short_diff(written: Path) -> None:
    """Changed lines, a file that is gone and one that is new are named, with what to do."""
    golden = story(written)
    golden.add("a.txt", "one\n2\nthree\n")
    golden.add("new.txt", "x\n" * 200)
    with pytest.raises(AssertionError) as caught:
        golden.finish()
    lines = str(caught.value).splitlines()
    assert {"-two", "+2", "--- golden/story/a.txt", "--- golden/story/new.txt"} <= set(lines)
    assert any("more lines" in line for line in lines)
    assert len(lines) <= SHOWN + 4
    assert "--update-golden" in lines[-1]


@pytest.mark.parametrize("content", ["one\r\ntwo\nthree\n", "one\ntwo\nthree"])
def test_line_ends_count(written: Path, content: str) -> None:
    """A carriage return more, or a last line end less, is a difference."""
    golden = story(written)
    golden.add("a.txt", content)
    golden.add("sub/b.txt", "b\n")
    with pytest.raises(AssertionError, match=r"story/a\.txt"):
        golden.finish()


def test_updating_removes_what_is_written_no_more(written: Path) -> None:
    """A golden file of the story that nothing writes is removed."""
    golden = story(written, update=True)
    golden.add("a.txt", "other\n")
    golden.finish()
    assert [path.name for path in (written / "story").rglob("*.txt")] == ["a.txt"]


def test_directory_and_hash_of_a_manifest_do_not_depend_on_the_place() -> None:
    """Two runs in two directories give equal files, also where one names the other's hash."""
    found = []
    for _ in range(2):
        with playground() as root:
            golden = Golden("story", root, update=True, folder=root)
            manifest = f"url: {root}/remote\n".encode()
            golden.add("tag.txt", f"Manifest-Sha256: {hashlib.sha256(manifest).hexdigest()}\n")
            golden.add_manifest("manifest.json", manifest)
            golden.finish()
            found.append(golden.files)
    assert found[0] == found[1]
    compared = hashlib.sha256(found[0]["manifest.json"]).hexdigest()
    assert found[0]["tag.txt"] == f"Manifest-Sha256: {compared}\n".encode()
