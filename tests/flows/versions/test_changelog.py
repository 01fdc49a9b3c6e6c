"""The changelog of released versions, on the command line."""

from __future__ import annotations

import pytest
from tests.commands import run
from tests.project import Project
from tests.versions import document_path, manifest


@pytest.fixture
def two(edited: Project) -> Project:
    """Two versions."""
    run(edited, "release")
    return edited


@pytest.mark.slow  # test_golden.py has one, with channels and withdrawals
def test_the_history_of_versions_in_sentences(two: Project) -> None:
    """Newest first, by range, with channels and withdrawals; a lost report leaves the figures."""
    run(two, "channel", "set", "stable", "data-v2", "--reason", "complete")
    run(two, "yank", "data-v2", "--reason", "wrong prices")
    text = run(two, "changelog").out
    second, first = text.index("\n## data-v2 ("), text.index("\n## data-v1 (")
    assert second < first
    assert "- **Withdrawn**: data-v2 was withdrawn on" in text
    assert "wrong prices. Use data-v1 instead." in text
    assert "- The channel `stable` was set to it on" in text
    assert "- This is the first version." in text
    assert "- `events` has 40 rows, 10 more than before: 10 were added" in text
    assert "- The parameter `make.rows` changed from `20` to `25`." in text
    for span, tags in {
        "1..2": ["data-v2"], "..1": ["data-v1"], "data-v1": ["data-v1"], "1..stable": ["data-v2"],
        "2..": [],
    }.items():  # fmt: skip
        listed = run(two, "changelog", span, "--json").json
        assert [entry["tag"] for entry in listed] == tags, span
    assert "newer than" in run(two, "changelog", "2..1", code=2).text
    [entry] = run(two, "changelog", "2", "--json").json
    assert entry["yanked"]["reason"] == "wrong prices"
    assert entry["channels"][0]["channel"] == "stable"
    for document in manifest(two.remote, "data-v2")["documents"]:
        if document["name"] == "report.json":
            document_path(two.remote, document["sha256"]).unlink()
            (two.remote / "releases/data-v2" / document["name"]).write_text("{}")
    (two.root / ".dvc/cache").rename(two.root / "elsewhere")
    [entry] = run(two, "changelog", "2", "--json").json
    assert (entry["has_report"], "people has 25 rows." in entry["notes"]) == (False, True)
