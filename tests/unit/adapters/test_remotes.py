"""Several remotes as one place to read from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from datarelease.adapters.store.directory import DirectoryStore, ObjectInfo
from datarelease.adapters.store.several import first, locate
from datarelease.errors import WorldError


class Silent(DirectoryStore):
    """A remote that does not answer."""

    def stat(self, keys: Sequence[str]) -> dict[str, ObjectInfo]:
        """Never."""
        raise WorldError(f"{self.name} does not answer for {len(keys)} objects")

    def read(self, key: str) -> bytes | None:
        """Never."""
        raise WorldError(f"{self.name} does not answer for {key}")


def store(folder: Path, name: str, **files: str) -> DirectoryStore:
    """A directory that holds ``files``."""
    place = folder / name
    place.mkdir()
    for key, content in files.items():
        (place / key).write_text(content)
    return DirectoryStore(name, place)


def test_what_another_remote_has_is_had(tmp_path: Path) -> None:
    """A remote that does not answer hides nothing that a later one has."""
    remotes = [Silent("one", tmp_path), store(tmp_path, "two", a="2"), store(tmp_path, "x", a="3")]
    assert first(remotes, lambda remote: remote.read("a")) == b"2"
    found, problem = locate(remotes, ["a"])
    assert ({key: remote.name for key, (remote, _) in found.items()}, problem) == (
        {"a": "two"}, None,
    )  # fmt: skip


def test_what_nobody_has_is_nothing_unless_one_was_not_asked(tmp_path: Path) -> None:
    """Only where all remotes answer, what was not found is not there."""
    here = store(tmp_path, "here", b="1")
    assert first([here], lambda remote: remote.read("a")) is None
    assert locate([here], ["a"]) == ({}, None)
    with pytest.raises(WorldError, match="one does not answer"):
        first([Silent("one", tmp_path), here, Silent("two", tmp_path)], lambda r: r.read("a"))
    found, problem = locate([Silent("one", tmp_path), here], ["a", "b"])
    assert list(found) == ["b"]
    assert "one does not answer for 2 objects" in str(problem)
