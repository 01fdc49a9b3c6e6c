"""The sample of objects that is read back where a remote tells no hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from datarelease.adapters.store.directory import DirectoryStore
from datarelease.flows import transfer
from datarelease.model.versions.remote_keys import object_key
from datarelease.progress import Quiet


def test_a_large_object_does_not_end_the_sample(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit into the budget is passed over; damage to the small ones is still found."""
    monkeypatch.setattr(transfer, "SAMPLE_BYTES", 100)
    store = DirectoryStore("storage", tmp_path)
    contents = [b"x" * 200, *(b"part %d" % number for number in range(8))]
    objects: dict[str, int | None] = {}
    for content in contents:
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        objects[md5] = len(content)
        place = tmp_path / object_key(md5)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert transfer.find_faults(store, objects, progress=Quiet()) == ()
    for md5, size in objects.items():
        if size != 200:
            (tmp_path / object_key(md5)).write_bytes(b"PART 0")
    found = transfer.find_faults(store, objects, progress=Quiet())
    assert {fault.md5 for fault in found} == {md5 for md5, size in objects.items() if size != 200}
    assert {fault.kind for fault in found} == {"hash"}
