"""The page on deleting data: its commands do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.commands import run
from tests.project import Project

from datarelease.model.versions.retention import object_hash

PAGE = (Path(__file__).parents[3] / "docs/erasure.md").read_text()
BLOCKS = re.findall(r"<!-- checked: [^>]*-->\n```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.slow  # the page is played
def test_the_commands_for_a_clone_leave_nothing_of_an_erased_version(two: Project) -> None:
    """No object that was erased is in its cache, nor a document; the data of the present is."""
    run(two, "yank", "2", "--reason", "personal data")
    done = run(two, "purge", "2", "--reason", "a request", "--apply", "--json").json
    erased = [object_hash(item["key"]) for item in done["remotes"][0]["garbage"]]
    cache = two.root / ".dvc/cache/files"
    gone = [cache / "md5" / md5[:2] / md5[2:] for md5 in erased if md5]
    assert [path for path in gone if path.exists()], "the clone has them still"
    two.git("switch", "--quiet", "--detach", "data-v1")
    two.dvc("checkout", "--quiet")
    clean, shown = BLOCKS
    two.run("sh", "-e", "-c", clean)
    assert not [path for path in gone if path.exists()]
    assert sorted(path.name for path in cache.iterdir()) == ["md5"]
    assert run(two, "get", "1", "out").code == 0
    two.run("sh", "-e", "-c", shown)
