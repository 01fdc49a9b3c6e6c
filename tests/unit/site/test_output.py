"""The directory of a site: nothing but an earlier site is replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from datarelease.errors import ConfigError
from datarelease.site.output import MARKER, SiteFolder


def test_an_earlier_site_is_replaced_and_unchanged_files_stay(tmp_path: Path) -> None:
    """Files that are gone are removed with their folders; a person's file beside them stays."""
    SiteFolder(tmp_path).write({"a.html": b"1", "old/b.html": b"2"})
    (tmp_path / "CNAME").write_text("data.example")
    stamp = (tmp_path / "a.html").stat().st_mtime_ns
    written = SiteFolder(tmp_path).write({"a.html": b"1", "new/c.html": b"3"})
    assert (written.files, written.changed, written.removed) == (2, 1, 1)
    assert (tmp_path / "a.html").stat().st_mtime_ns == stamp
    assert sorted(path.name for path in tmp_path.iterdir()) == [MARKER, "CNAME", "a.html", "new"]


@pytest.mark.parametrize("there", ["index.html", "thesis.txt"])
def test_a_directory_with_other_files_is_refused(tmp_path: Path, there: str) -> None:
    """Nothing is written into it."""
    (tmp_path / there).write_text("mine")
    with pytest.raises(ConfigError, match="is not empty, and it does not hold a catalogue"):
        SiteFolder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [there]


def test_a_file_that_no_catalogue_wrote_is_not_replaced(tmp_path: Path) -> None:
    """Also beside an earlier catalogue."""
    SiteFolder(tmp_path).write({"a.html": b"1"})
    (tmp_path / "b.html").write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        SiteFolder(tmp_path).write({"a.html": b"2", "b.html": b"3"})
    assert (tmp_path / "a.html").read_bytes() == b"1"


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Neither on the way to a file nor in its place."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    SiteFolder(out).write({"v/a.html": b"1"})
    elsewhere.mkdir()
    (out / "v" / "a.html").unlink()
    (out / "v").rmdir()
    (out / "v").symlink_to(elsewhere)
    with pytest.raises(ConfigError, match="symbolic link"):
        SiteFolder(out).write({"v/a.html": b"2"})
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("text", ['{"files": ["../x"]}', "[]", "no json", '{"files": ["/etc/x"]}'])
def test_a_marker_that_no_catalogue_left_is_refused(tmp_path: Path, text: str) -> None:
    """It names files that would be removed."""
    (tmp_path / MARKER).write_text(text)
    with pytest.raises(ConfigError, match="was not written by a catalogue"):
        SiteFolder(tmp_path)
