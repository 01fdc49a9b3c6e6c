"""The policy on datasets of files: how many there are, how many go, and how much they grow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from datarelease.errors import SettingsError
from datarelease.model.data.file_rules import FileRules
from datarelease.model.data.files import Duplicates, FilesProfile
from datarelease.model.review.diff import (
    Compatibility,
    DatasetDiff,
    FileCounts,
    FilesDiff,
    SchemaChange,
)
from datarelease.model.review.judge import judge
from datarelease.model.review.policy import Policy
from datarelease.model.review.report import DatasetReport
from datarelease.settings.read import read_settings

DVC_YAML = {"artifacts": {"images": {"path": "images", "type": "dataset"}}}


def policy(**rules: Any) -> Policy:
    """The policy in ``release.policy``."""
    return read_settings(DVC_YAML, {"release": {"policy": rules}}).policy


def profile(files: int, size: int) -> FilesProfile:
    """So many files with so many bytes in all."""
    return FilesProfile(
        dataset="images", files=files, bytes=size, sizes=None, bins=(), kinds=(),
        duplicates=Duplicates(), folders=(),
    )  # fmt: skip


def images(
    before: tuple[int, int] | None, after: tuple[int, int] | None, **counts: int
) -> DatasetReport:
    """The dataset, (files, bytes) on each side; ``counts`` are those of changed files."""
    status: Any = "changed" if before and after else "removed" if before else "added"
    diff = DatasetDiff(
        name="images",
        status=status,
        rows_before=None,
        rows_after=None,
        of_files=FilesDiff(
            before=profile(*before) if before else None,
            after=profile(*after) if after else None,
            counts=FileCounts(**counts) if counts else None,
        ),
    )
    return DatasetReport(name="images", path="images", desc="", validation=None, diff=diff)


def said(part: DatasetReport, given: Policy | None = None, **more: Any) -> list[str]:
    """The findings."""
    findings = judge(given or Policy(), (part,), **more).findings
    return [f"{found.level} {found.rule}: {found.message}" for found in findings]


@pytest.mark.parametrize(
    ("part", "rules", "message"),
    [
        (images(None, (0, 0)), {}, ["block files: the dataset is empty"]),
        (images(None, (2, 9)), {"files": {"min": 3}}, ["block files: 2 files, fewer than 3"]),
        (images(None, (2, 9)), {"files": {"datasets": {"images": {"max": 1}}, "level": "warn"}},
         ["warn files: 2 files, more than 1"]),
        (images((100, 9), (95, 9), removed=11, added=6), {},
         ["warn file_loss: lost 11.0% of its files: 11 of 100"]),
        (images((100, 9), (95, 9), removed=1, added=6), {}, []),
        (images((100, 9), (100, 9), renamed=100), {}, []),
        (images((100, 9), (80, 9)), {"file_loss": {"max": 0.1, "level": "block"}},
         ["block file_loss: lost 20.0% of its files: 20 of 100"]),
        (images((100, 9), (80, 9)), {"file_loss": {"datasets": {"images": 0.5}}}, []),
        (images((1, 100), (1, 250), changed=1), {"bytes_gain": 1},
         ["warn bytes_gain: grew by 150.0% in bytes, 100 → 250"]),
        (images((1, 100), (1, 250), changed=1), {}, []),
        (images((2, 9), None), {},
         ["block breaking: breaking change: the dataset was removed"]),
    ],
)  # fmt: skip
def test_limits_of_files(part: DatasetReport, rules: dict[str, Any], message: list[str]) -> None:
    """Files have bounds as rows have; a file under another name is not lost."""
    assert said(part, policy(**rules)) == message


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"added": 5, "unchanged": 3}, None),
        ({"removed": 1, "changed": 2, "renamed": 3},
         "1 released file removed; 2 released files changed; 3 released files renamed"),
        ({}, ("released data may have been lost, because files were not compared "
              "(no reason is known)")),
    ],
)  # fmt: skip
def test_append_only_files_stay_where_they_are(counts: dict[str, int], message: str | None) -> None:
    """A dataset of files that is append-only keeps each file under its path."""
    part = images((6, 9), (6, 9), **counts)
    given = policy(append_only={"datasets": {"images": True}}, file_loss=False)
    expected = [f"block append_only: not append-only: {message}"] if message else []
    assert said(part, given) == expected


def test_a_table_that_became_files_blocks_and_can_be_waived() -> None:
    """Nothing can be compared then; the dataset is what a waiver names."""
    change = SchemaChange(
        kind="form", column=None, before="a table", after="2 files",
        compatibility=Compatibility.BREAKING,
    )  # fmt: skip
    part = images((1, 1), (2, 9), changed=1)
    part = replace(part, diff=replace(part.diff, schema=(change,)))
    assert said(part) == ["block breaking: breaking change: it was a table and is 2 files now"]
    waiver = {"what": "images", "until": "data-v1", "reason": "meant"}
    [found] = judge(policy(allow_breaking=[waiver]), (part,), number=1).findings
    assert (found.level, found.waiver is not None) == ("warn", True)


def meta(**meta: Any) -> FileRules | None:
    """The rules that ``meta`` of a dataset declares."""
    entry = {"path": "images", "type": "dataset", "meta": meta}
    return read_settings({"artifacts": {"images": entry}}, {}).datasets[0].files


def test_rules_are_read() -> None:
    """Each rule, with its shorthands; without any it is a dataset of files all the same."""
    found = meta(files={"kinds": "image/png", "names": r"^[a-z]+\.png$", "max_size": "5MB"})
    assert found == FileRules(kinds=("image/png",), names=r"^[a-z]+\.png$", max_size=5_000_000)
    assert meta(files=None) == meta(files=True) == meta(files={}) == FileRules()
    assert meta() is None


@pytest.mark.parametrize(
    ("text", "size"),
    [("5MB", 5_000_000), ("500 kB", 500_000), ("1.5GiB", 1_610_612_736), ("7", 7), (7, 7)],
)
def test_sizes_have_units(text: object, size: int) -> None:
    """Decimal and binary units, or a number of bytes."""
    found = meta(files={"max_size": text})
    assert found is not None
    assert found.max_size == size


@pytest.mark.parametrize(
    ("declared", "what"),
    [
        ({"files": {"kind": ["image/png"]}}, "unknown key 'kind'; did you mean 'kinds'?"),
        ({"files": {"kinds": ["png"]}}, "expected a content type such as image/png or image/*"),
        ({"files": {"names": "(?=a)"}}, "look-around"),
        ({"files": {"names": "["}}, "unclosed character class"),
        ({"files": {"names": "((a{1000}){1000}){1000}"}}, "size limit"),
        ({"files": {"names": "a" * 501}}, "at most 500 characters"),
        ({"files": {"max_size": "5 apples"}}, "expected a size such as 5MB"),
        ({"files": {"max_size": -1}}, "greater than or equal to 0"),
        ({"files": {"max_size": True}}, "expected a whole number"),
        ({"files": False}, "expected a mapping"),
        ({"files": {}, "schema": "s.yaml"}, "but schema is about tables"),
        ({"files": {}, "key": "id", "pii": "name"}, "but key and pii are about tables"),
        ({"file": {}}, "did you mean 'files'?"),
    ],
)
def test_wrong_rules_are_named(declared: dict[str, Any], what: str) -> None:
    """A fault of `meta.files` is a fault of the settings, with its place."""
    with pytest.raises(SettingsError) as caught:
        meta(**declared)
    [problem] = caught.value.problems
    assert problem.where.startswith("dvc.yaml: artifacts.images.meta.file")
    assert what in problem.what
