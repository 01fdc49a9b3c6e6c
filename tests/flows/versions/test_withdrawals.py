"""Versions that are withdrawn at an awkward moment: the only one, and the baseline of a change."""

from __future__ import annotations

import json

import pytest
from tests.commands import run
from tests.project import Project
from tests.versions import assert_whole, manifest, tags

pytestmark = pytest.mark.one_dataset


def test_the_only_version_is_withdrawn(released: Project) -> None:
    """Nothing is latest then, its name still reads it, and taking it back is as if it never was."""
    withdrawn = run(released, "yank", "latest", "--reason", "wrong", "--json").json
    assert withdrawn["yanked"]["replacement"] is None
    assert (
        "Every version is withdrawn"
        in run(released, "yank", "latest", "--reason", "x", code=2).text
    )
    assert "no latest one" in run(released, "get", "latest", "out", code=2).text
    assert "No other version is active" in run(released, "show", "data-v1").text
    index = json.loads((released.remote / "releases/index.json").read_bytes())
    assert [version["withdrawn"]["reason"] for version in index["versions"]] == ["wrong"]
    report = run(released, "check", "--json", code=1).json
    assert report["base"] is None
    assert [finding["rule"] for finding in report["verdict"]["findings"]] == ["yanked"]
    told = run(released, "unyank", "data-v1").text
    assert "weekly verification" not in told, "no catalogue is published"
    assert run(released, "check", "--json").json["outcome"] == "unchanged"
    assert tags(released) == ["data-v1"]


def test_the_baseline_of_a_reviewed_change_is_withdrawn(edited: Project) -> None:
    """What was reviewed is released still, compared with nothing, and nothing is lost by it."""
    reviewed = run(edited, "check", "--json").json
    assert reviewed["base"] == "data-v1"
    run(edited, "yank", "data-v1", "--reason", "wrong prices")
    run(edited, "release", "--reviewed", reviewed["digest"])
    assert_whole(edited, "data-v2")
    found = manifest(edited.remote, "data-v2")
    assert (found["baseline"], found["reviewed"]) == (None, reviewed["digest"])
    [second, first] = run(edited, "list", "--json").json
    assert (second["tag"], first["yanked"]["reason"]) == ("data-v2", "wrong prices")
    assert "Use data-v2 instead" in run(edited, "show", "data-v1").text


def test_the_published_catalogue_is_told_of(released: Project) -> None:
    """A change that was made by hand says when the catalogue on the web shows it."""
    address = "https://me.github.io/data/"
    released.release_settings(site=address)
    released.commit("Publish the catalogue")
    told = f"{address} shows this"
    soon = f"{told} in a few minutes if the tagged commit has the workflow `data-tags`; if not, "
    later = "after the next release or weekly verification"
    for command in (
        ("channel", "set", "stable", "data-v1", "--reason", "Checked."),
        ("yank", "data-v1", "--reason", "wrong unit"),
    ):
        assert f"{soon}{later}" in run(released, *command).text
    assert f"{told} {later}" in run(released, "unyank", "data-v1").text
    again = run(released, "channel", "set", "stable", "data-v1", "--reason", "Again.")
    assert told not in again.text
