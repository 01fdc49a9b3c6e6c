"""Objects of DVC's cache, read for the manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from datarelease.errors import WorldError
from datarelease.flows import cache
from datarelease.flows.cache import Objects
from datarelease.progress import Quiet


def objects_with(folder: Path, content: bytes, name: str) -> Objects:
    """A cache that holds ``content`` under the hash ``name``."""
    objects = Objects(cache=folder, remotes=(), progress=Quiet())
    objects.path(name).parent.mkdir(parents=True)
    objects.path(name).write_bytes(content)
    return objects


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1000])
def test_both_hashes_are_those_of_the_bytes(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an object is large enough to be hashed by two threads, and whatever the chunks."""
    monkeypatch.setattr(cache, "_LARGE", 100)
    monkeypatch.setattr(cache, "_LARGE_CHUNK", 7)
    content = bytes(number % 251 for number in range(size))
    name = hashlib.md5(content, usedforsecurity=False).hexdigest()
    objects = objects_with(tmp_path, content, name)
    assert objects.sha256(name) == hashlib.sha256(content).hexdigest()
    assert objects.proven == {name}


@pytest.mark.parametrize("size", [10, 1000])
def test_a_damaged_object_has_no_hash(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small or large, what does not have the MD5 in its name is an error and not proven."""
    monkeypatch.setattr(cache, "_LARGE", 100)
    objects = objects_with(tmp_path, b"x" * size, "0" * 32)
    with pytest.raises(WorldError, match="damaged"):
        objects.sha256("0" * 32)
    with pytest.raises(WorldError, match="damaged"):
        objects.prove_all(["0" * 32], lambda _: None)
    assert objects.proven == set()
