"""Documents from elsewhere: read exactly, or refused in the caller's words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import pytest

from datarelease.adapters.untrusted import read_document, read_inside, refuse_special_files
from datarelease.errors import ConfigError
from datarelease.model.versions.outcome import Bundle

BUNDLE = Bundle(commit="c" * 40, digest="d" * 64, staging=None, tree=("dvc.lock",))


def refuse(why: str) -> NoReturn:
    """The caller's error."""
    raise ConfigError(why)


def read(folder: Path, text: str, limit: int = 1000) -> Bundle | None:
    """The bundle that a file with ``text`` holds."""
    (folder / "bundle.json").write_text(text)
    return read_document(folder, "bundle.json", Bundle, limit=limit, refuse=refuse)


def written(**fields: Any) -> str:
    """A table of contents as JSON, with other properties."""
    return json.dumps({**asdict(BUNDLE), **fields})


def test_a_document_in_order_is_its_value(tmp_path: Path) -> None:
    """Equal to what was written; a file that is not there is None."""
    assert read(tmp_path, written()) == BUNDLE
    assert read_document(tmp_path, "x/y.json", Bundle, limit=9, refuse=refuse) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            written(format=2),
            "bundle.json has format 2, but this version of datarelease reads only format 1",
        ),
        (written().replace('"staging"', '"commit": "x", "staging"'), "the same key twice"),
        (written(digest=1), "bundle.json: digest: "),
        (written(more=1), "bundle.json: more: "),
        ("[" * 100_000, "bundle.json is larger than 1,000 bytes"),
        ("", "it is not JSON"),
    ],
)
def test_every_job_refuses_the_same(tmp_path: Path, text: str, why: str) -> None:
    """What a check's artifact may not hold, a bundle and a record may not hold either."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert why in caught.value.what


def test_another_file_than_the_listed_one_is_refused(tmp_path: Path) -> None:
    """Where the SHA-256 is known, only these bytes are read."""
    (tmp_path / "a").write_bytes(b"x")
    right, wrong = hashlib.sha256(b"x").hexdigest(), "0" * 64
    assert read_inside(tmp_path, "a", limit=9, refuse=refuse, sha256=right) == b"x"
    with pytest.raises(ConfigError, match="not the file with the SHA-256"):
        read_inside(tmp_path, "a", limit=9, refuse=refuse, sha256=wrong)


@pytest.mark.parametrize("name", ["../secret", "/secret", "..", "linked/secret", "secret"])
def test_no_path_leads_out(tmp_path: Path, name: str) -> None:
    """Neither by its name nor through a link."""
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in" / "linked").symlink_to(tmp_path)
    (tmp_path / "in" / "secret").symlink_to(tmp_path / "secret")
    with pytest.raises(ConfigError):
        read_inside(tmp_path / "in", name, limit=9, refuse=refuse)
    with pytest.raises(ConfigError, match="is not a regular file"):
        refuse_special_files(tmp_path / "in", refuse)
