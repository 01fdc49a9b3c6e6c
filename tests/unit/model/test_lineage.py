"""The life of a dataset: what it was called before and is called later, split and retired."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests import sample_reports as samples
from tests.unit.model.test_file_policy import profile
from tests.unit.render.test_notes import said

from datarelease.documents import decode_manifest, encode_manifest
from datarelease.errors import ConfigError, SettingsError
from datarelease.flows.versions.read import dataset_in
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FilesProfile
from datarelease.model.review.diff import Compatibility, DatasetDiff, FilesDiff
from datarelease.model.review.judge import judge
from datarelease.model.review.policy import Limit, Policy, Waiver
from datarelease.model.review.report import DatasetReport
from datarelease.model.versions.lineage import RetiredDataset, names_at, predecessors, split_parts
from datarelease.model.versions.manifest import Manifest, ManifestDataset, trailers_of
from datarelease.model.versions.version import Version
from datarelease.render.markdown.losses import losses
from datarelease.render.verdict import VerdictView
from datarelease.render.view import ReportView
from datarelease.settings.read import read_settings


def version(number: int, renamed: str = "", retired: str = "") -> Version:
    """A version whose tag tells of these renames and retirements."""
    trailers = (("Renamed", renamed), ("Retired", retired))
    return Version(
        number=number, tag=f"data-v{number}", commit="c", digest="d",
        trailers=tuple((name, value) for name, value in trailers if value),
    )  # fmt: skip


HISTORY = (version(1), version(2, "b=a"), version(3, "c=b"), version(4, "d=c e=c"), version(5))


@pytest.mark.parametrize(
    ("name", "number", "names"),
    [
        ("c", 1, ["a"]), ("c", 2, ["b"]), ("c", 3, ["c"]),
        ("a", 1, ["a"]), ("a", 2, ["b"]), ("a", 3, ["c"]), ("a", 4, ["d", "e"]),
        ("e", 3, ["c"]), ("e", 1, ["a"]), ("e", 5, ["e"]), ("x", 3, ["x"]),
    ],
)  # fmt: skip
def test_a_name_of_any_time_is_followed_both_ways(name: str, number: int, names: list[str]) -> None:
    """Through several renames, and to all parts of what was split."""
    found = [n for n in names_at(name, HISTORY[number - 1], HISTORY) if n == name or n != name]
    there = {1: "a", 2: "b", 3: "c", 4: "de", 5: "de"}[number] + "x"
    assert [one for one in found if one in there] == names


def declared(name: str, renamed_from: str | None = None) -> Dataset:
    """A dataset of dvc.yaml."""
    return Dataset(name=name, path=name, renamed_from=renamed_from)


@pytest.mark.parametrize(
    ("now", "released", "since", "renamed"),
    [
        ([declared("b", "a")], ["a"], (), {"b": "a"}),
        ([declared("b", "a")], ["b"], (), {}),  # it was renamed versions ago
        ([declared("b", "a")], ["c"], (), {}),  # it is new after all
        ([declared("c", "b")], ["a"], HISTORY[1:2], {"c": "a"}),  # by way of data-v2
        ([declared("c")], ["a"], HISTORY[1:3], {"c": "a"}),
        ([declared("e", "x"), declared("w", "x")], ["x"], (), {"e": "x", "w": "x"}),
        ([declared("a"), declared("b", "a")], ["a"], (), {}),  # nothing takes what is there still
    ],
)  # fmt: skip
def test_predecessors_are_names_in_the_version_compared_with(
    now: list[Dataset], released: list[str], since: tuple[Version, ...], renamed: dict[str, str]
) -> None:
    """Whatever version that is: declarations stay in dvc.yaml, and versions lie between."""
    assert predecessors(now, released, since) == renamed


def test_parts_share_an_old_name() -> None:
    """A rename has one dataset with the old name, a split several."""
    assert split_parts({"e": "x", "w": "x", "b": "a"}) == {"e", "w"}


def part(name: str, **fields: Any) -> DatasetReport:
    """A dataset with half of the rows."""
    diff = DatasetDiff(
        name=name, **{"status": "changed", "rows_before": 100, "rows_after": 50, **fields}
    )
    return DatasetReport(name=name, path=name, desc="", validation=None, diff=diff)


def findings(*datasets: DatasetReport, policy: Policy = Policy()) -> list[tuple[str, str, str]]:  # noqa: B008
    """What is found: rule, level and message."""
    found = judge(policy, datasets, number=4).findings
    return [(one.rule, one.level, one.message) for one in found]


def test_a_rename_is_one_breaking_change_that_a_waiver_excuses_by_the_old_name() -> None:
    """No removal and no new dataset; the same bytes under another name break readers as well."""
    renamed = part("clients", renamed_from="customers", rows_after=100)
    assert findings(renamed) == [
        ("breaking", "block", "breaking change: the dataset was renamed from customers")
    ]
    same = part("clients", renamed_from="customers", rows_after=100, status="identical")
    assert findings(same) == findings(renamed)
    assert same.diff
    assert same.diff.compatibility is Compatibility.BREAKING
    waiver = Waiver(what="customers", until="data-v4", number=4, reason="a clearer name")
    [finding] = judge(Policy(waivers=(waiver,)), [renamed], number=4).findings
    assert (finding.level, finding.waiver) == ("warn", waiver)
    verdict = judge(Policy(waivers=(waiver,)), [same], number=4)
    notes = said(replace(samples.report(same), verdict=verdict))
    assert "The dataset clients is the former customers. The reason: a clearer name" in notes
    assert not any("rows" in note for note in notes)


def test_parts_lose_no_rows_to_each_other() -> None:
    """Of a dataset that was split, neither row loss nor drift of one part is found."""
    halves = [part(name, renamed_from="customers", is_part=True) for name in ("east", "west")]
    messages = [message for _, _, message in findings(*halves)]
    assert messages == ["breaking change: the dataset was split from customers"] * 2
    assert findings(part("customers"))[0][0] == "row_loss"


def test_rows_that_no_part_has_are_lost() -> None:
    """They are counted over all parts, under the limit of the former name, and said once."""
    parts = [
        part(name, renamed_from="customers", is_part=True, rows_after=rows)
        for name, rows in (("east", 50), ("west", 20))
    ]
    limit = Limit(level="block", max=0.1, overrides={"customers": 0.2})
    found = judge(Policy(row_loss=limit), parts, number=4)
    [lost] = [one for one in found.findings if one.rule == "row_loss"]
    assert (lost.dataset, lost.observed, lost.limit) == ("east", 0.3, 0.2)
    assert lost.message == "the parts of customers lost 30.0% of its rows, 100 → 70"
    wide = replace(limit, overrides={"customers": 0.3})
    assert "row_loss" not in [one.rule for one in judge(Policy(row_loss=wide), parts).findings]
    report = replace(samples.report(*parts), verdict=found)
    assert "1 dataset split; 30 rows fewer" in "; ".join(VerdictView(report).changed)
    [told] = losses(ReportView(report))[:1]
    assert "`east` and the other parts of `customers` **lose 30 of 100 rows** (−30.0%)" in told  # noqa: RUF001
    assert "west" not in told
    notes = said(report)
    assert "The parts of customers have 70 rows together, 30 fewer than it had." in notes
    assert "east has 50 rows." in notes


def test_files_that_another_part_has_are_not_lost() -> None:
    """Of a split dataset of files, too; what no part has is."""
    held = [profile(count, 10 * count) for count in (10, 4, 6)]

    def parts(*after: FilesProfile) -> list[DatasetReport]:
        return [
            part(name, renamed_from="images", is_part=True, rows_before=None, rows_after=None,
                 of_files=FilesDiff(before=held[0], after=files, counts=None))
            for name, files in zip(("cats", "dogs"), after, strict=True)
        ]  # fmt: skip

    policy = Policy(file_loss=Limit(level="block", max=0.0))
    rules = [one.rule for one in judge(policy, parts(*held[1:])).findings]
    assert rules == ["breaking", "breaking"]
    found = judge(policy, parts(held[1], held[1])).findings
    [lost] = [one for one in found if one.rule == "file_loss"]
    assert lost.message == "the parts of images lost 20.0% of its files, 10 → 8"


def test_a_retired_dataset_is_no_loss() -> None:
    """With its reason it is a warning; without one, the removal blocks."""
    gone = part("orders", status="removed", rows_after=None, retired="nobody reads it")
    assert findings(gone) == [("breaking", "warn", "the dataset was retired: nobody reads it")]
    assert "The dataset orders was retired: nobody reads it" in said(samples.report(gone))
    lost = part("orders", status="removed", rows_after=None)
    assert findings(lost)[0][:2] == ("breaking", "block")


def settings(**meta: dict[str, object]) -> Any:
    """The settings of datasets with this ``meta``."""
    entries = {n: {"type": "dataset", "path": f"{n}.csv", "meta": m} for n, m in meta.items()}
    return read_settings({"artifacts": entries}, {})


def test_what_is_retired_is_declared_and_no_dataset() -> None:
    """It stays in dvc.yaml with its reason, and nothing of it is read."""
    found = settings(a={}, b={"retired": "nobody reads it"})
    assert [dataset.name for dataset in found.datasets] == ["a"]
    assert [dataset.retired for dataset in found.retired] == ["nobody reads it"]


@pytest.mark.parametrize(
    ("meta", "fault"),
    [
        ({"a": {}, "b": {"renamed_from": "a"}}, "'a' is still declared"),
        ({"a": {"renamed_from": "a"}}, "this is the name of the dataset itself"),
        ({"a": {"retired": "x"}, "b": {"renamed_from": "a"}}, "either renamed or retired"),
        ({"a": {"retired": " "}}, "retired"),
        ({"a": {"renamed_from": "../a"}}, "renamed_from"),
        ({"a": {"renamed_form": "b"}}, "did you mean 'renamed_from'"),
    ],
    ids=["still there", "itself", "both", "no reason", "no name", "misspelt"],
)
def test_lives_that_cannot_be_are_problems(meta: dict[str, Any], fault: str) -> None:
    """Each is said with its place in dvc.yaml."""
    with pytest.raises(SettingsError, match=fault):
        settings(**meta)


def manifest(*datasets: ManifestDataset, retired: tuple[RetiredDataset, ...] = ()) -> Manifest:
    """The manifest of data-v4 with these datasets."""
    return Manifest(
        tag="data-v4", number=4, digest="a" * 64, datasets=datasets, remotes=(), commit="c" * 40,
        date="2026-01-01T00:00:00Z", baseline="data-v3", rollback_of=None,
        compatibility=Compatibility.PATCH, verdict="pass", params_sha256="b" * 64, reviewed=None,
        tools=(), retired=retired,
    )  # fmt: skip


def of_manifest(name: str, renamed_from: str | None = None) -> ManifestDataset:
    """A dataset without files."""
    return ManifestDataset(
        name=name, path=name, entries=(), files=(), rows=1, schema=None, schema_sha256=None,
        renamed_from=renamed_from,
    )  # fmt: skip


def test_a_manifest_tells_of_lives_only_where_there_are_some() -> None:
    """Earlier readers refuse what they do not know, and read every other manifest."""
    plain = encode_manifest(manifest(of_manifest("a")))
    assert b"renamed_from" not in plain
    assert b"retired" not in plain
    told = manifest(
        of_manifest("a"), of_manifest("d", "c"), of_manifest("e", "c"),
        retired=(RetiredDataset(name="o", reason="old"),),
    )  # fmt: skip
    text = encode_manifest(told)
    assert text.count(b"renamed_from") == 2
    assert decode_manifest(text) == told
    trailers = trailers_of(told)
    assert (trailers["Renamed"], trailers["Retired"]) == ("d=c e=c", "o")


def test_a_dataset_is_found_by_any_of_its_names() -> None:
    """Old and new ones; what was split asks which part, what was retired says why."""
    history = (*HISTORY[:3], version(4, "d=c e=c", "o"), HISTORY[4])
    told = manifest(
        of_manifest("d", "c"),
        of_manifest("e", "c"),
        retired=(RetiredDataset(name="o", reason="old"),),
    )
    assert dataset_in(told, "d", history).name == "d"
    with pytest.raises(ConfigError, match="c was split: data-v4 has the datasets d, e"):
        dataset_in(told, "c", history)
    with pytest.raises(ConfigError, match=r"'o': it was retired in data-v4: old"):
        dataset_in(told, "o", history)
    with pytest.raises(ConfigError, match="has no dataset 'zzz'"):
        dataset_in(told, "zzz", history)
    earlier = replace(told, tag="data-v2", number=2, datasets=(of_manifest("b"),), retired=())
    for name in "abcde":
        assert dataset_in(earlier, name, history).name == "b"
