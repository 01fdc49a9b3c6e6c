"""Metrics and parameters of two revisions: which files are read, and which never are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties import examples

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.documents import decode, encode
from datarelease.flows.cache import Objects
from datarelease.flows.check.results import (
    ResultsAt,
    compare_results,
    results_in_git,
    results_in_work_tree,
)
from datarelease.model.review.pipeline import MOST_CHANGES, MetricChange, PipelineDiff
from datarelease.progress import Quiet

PIPELINE = "metrics: [m.json]\n"


def objects(folder: Path = Path("none")) -> Objects:
    """A cache and no remote."""
    return Objects(cache=folder, remotes=(), progress=Quiet())


def at(files: Mapping[str, str], cache: Path = Path("none")) -> ResultsAt:
    """A revision with these files."""
    state = TrackedState(
        lambda path: files[path].encode() if path in files else None, lambda: tuple(files)
    )
    return results_in_git(state, objects(cache))


def compared(before: Mapping[str, str], after: Mapping[str, str]) -> PipelineDiff:
    """What changed but parameters."""
    return compare_results(at(before), at(after))[1]


def work_tree(root: Path, files: Mapping[str, str]) -> ResultsAt:
    """A work tree with these files, listed as git would."""
    for name, text in files.items():
        (root / name).write_text(text)
    state = TrackedState(
        lambda path: files[path].encode() if path in files else None, lambda: tuple(files)
    )
    return results_in_work_tree(state, objects(root / "cache"), root)


def test_records_of_datasets_are_left_out() -> None:
    """Validations and statistics have parts of their own; every other metric is told."""
    pipeline = "metrics: [reports/a/validation.json, reports/a/profile.json, reports/a/other.json]"
    names = ("validation", "profile", "other")
    sides = [
        {"dvc.yaml": pipeline, **{f"reports/a/{name}.json": f'{{"n": {n}}}' for name in names}}
        for n in (1, 2)
    ]
    change = MetricChange(file="reports/a/other.json", name="n", before=1, after=2)
    assert compared(*sides) == PipelineDiff(metrics=(change,))


def test_a_pipeline_that_is_new_or_gone() -> None:
    """Metrics that only one side declares are new, or gone."""
    files = {"dvc.yaml": PIPELINE, "m.json": '{"a": 0.5}'}
    [new], [gone] = compared({}, files).metrics, compared(files, {}).metrics
    assert ((new.before, new.after), (gone.before, gone.after)) == ((None, 0.5), (0.5, None))
    assert new.difference is gone.difference is None
    assert not compared(files, files)


@pytest.mark.parametrize("where", ["../secret.json", "/etc/passwd", ".git/config", "a/../../x"])
def test_a_path_that_leads_out_is_not_read(tmp_path: Path, where: str) -> None:
    """A pull request cannot have files beside the project, or git's own, shown in its report."""
    root = tmp_path / "work"
    root.mkdir()
    (tmp_path / "secret.json").write_text('{"planted": 4711}')
    new = work_tree(root, {"dvc.yaml": f"metrics: ['{where}']\nparams: ['{where}']\n"})
    params, found = compare_results(at({}), new)
    assert not params
    assert not found.metrics
    assert [item.why[:11] for item in found.not_shown] == ["its path is"]


def test_a_link_in_the_work_tree_is_not_followed(tmp_path: Path) -> None:
    """Nor is a directory on the way a link: what it leads to may be a secret of this machine."""
    root = tmp_path / "work"
    root.mkdir()
    (tmp_path / "m.json").write_text('{"planted": 4711}')
    new = work_tree(root, {"dvc.yaml": "metrics: [m.json, up/m.json]\n"})
    (root / "m.json").symlink_to(tmp_path / "m.json")
    (root / "up").symlink_to(tmp_path)
    found = compare_results(at({}), new)[1]
    assert not found.metrics
    assert ["symbolic link" in item.why for item in found.not_shown] == [True, True]
    same = {"dvc.yaml": "metrics: [m.json]\n", "m.json": str(tmp_path / "m.json")}  # as git has it
    only = work_tree(root, {"dvc.yaml": same["dvc.yaml"]})
    assert not compare_results(at(same), only)[1]


def cached(tmp_path: Path, content: bytes, kept: bytes) -> ResultsAt:
    """A revision with a metric in DVC's cache: ``kept``, under the hash of ``content``."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (tmp_path / md5[:2]).mkdir(exist_ok=True)
    (tmp_path / md5[:2] / md5[2:]).write_bytes(kept)
    lock = f"stages: {{s: {{outs: [{{path: m.json, hash: md5, md5: {md5}}}]}}}}"
    files = {"dvc.yaml": "stages: {s: {cmd: x, metrics: [m.json]}}", "dvc.lock": lock}
    return at(files, tmp_path)


def test_a_metric_in_the_cache_is_read(tmp_path: Path) -> None:
    """By its hash, which its bytes must have."""
    old, new = (cached(tmp_path, data, data) for data in (b'{"a": 1}', b'{"a": 2}'))
    found = compare_results(old, new)[1]
    assert found.metrics == (MetricChange(file="m.json", name="a", before=1, after=2),)
    damaged = cached(tmp_path, b'{"a": 3}', b'{"a": 4}')
    found = compare_results(old, damaged)[1]
    assert ([m.file for m in found.metrics], len(found.not_shown)) == ([], 1)
    assert not compare_results(damaged, damaged)[1]


def test_python_files_are_not_parsed() -> None:
    """Their parameters come from the lock; where it has none, the file is named."""
    sides = [
        at(
            {
                "dvc.yaml": "stages: {s: {cmd: x, params: [p.py: [A]]}}\nparams: [q.py]",
                "dvc.lock": f"stages: {{s: {{params: {{p.py: {{A: {n}}}}}}}}}",
                "p.py": "raise SystemExit",
                "q.py": f"B = {n}",
            }
        )
        for n in (1, 2)
    ]
    params, found = compare_results(*sides)
    assert [(p.file, p.name, p.before, p.after) for p in params] == [("p.py", "A", "1", "2")]
    assert [item.file for item in found.not_shown] == ["q.py"]


def test_the_report_keeps_so_many_changes() -> None:
    """More of them are counted, long values cut, and numbers that JSON lacks are texts."""
    many = json.dumps({f"k{n:04}": n for n in range(MOST_CHANGES + 5)})
    found = compared({}, {"dvc.yaml": PIPELINE, "m.json": many})
    assert (len(found.metrics), found.more_metrics) == (MOST_CHANGES, 5)
    odd = f'{{"n": NaN, "i": Infinity, "big": {10**40}, "long": "{"x" * 600}", "s": "\\ud800"}}'
    found = compared({}, {"dvc.yaml": PIPELINE, "m.json": odd})
    assert decode(PipelineDiff, encode(found)) == found
    values = {metric.name: metric.after for metric in found.metrics}
    assert (values["n"], values["i"], values["s"]) == ("nan", "inf", "?")
    assert values["long"] == f"{'x' * 499}…"


PLOTS = {
    "top: one file of several columns": (
        "plots: [p.csv: {x: a, y: [b, c], title: T, x_label: X}]", "a,b,c\n1,2,3\n",
        [("T", "line", "X", "b", (1.0,), (2.0,)), ("T", "line", "X", "c", (1.0,), (3.0,))],
    ),
    "top: by name, files below y": (
        "plots: {Curve: {x: a, y: {p.csv: b}, template: scatter}}", "a,b\n1,2\n",
        [("Curve", "scatter", "a", "b", (1.0,), (2.0,))],
    ),
    "the last column over the number of the row": (
        "plots: [p.csv]", "a,b\n5,2\n6,3\n",
        [("p.csv", "line", "row", "b", (0.0, 1.0), (2.0, 3.0))],
    ),
    "a stage": (
        "stages: {s: {cmd: x, plots: [p.csv: {y: b, cache: false}]}}", "a,b\n5,2\n",
        [("p.csv", "line", "row", "b", (0.0,), (2.0,))],
    ),
    "bars": (
        "plots: [p.csv: {x: n, y: who, template: bar_horizontal}]", "who,n\na,2\nb,3\n",
        [("p.csv", "bar", "n", "who", (), (2.0, 3.0))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLOTS)
def test_every_form_of_a_plot_is_read(name: str) -> None:
    """As "dvc.yaml" of DVC's documentation has them."""
    pipeline, text, expected = PLOTS[name]
    found = compared({}, {"dvc.yaml": pipeline, "p.csv": text}).plots
    assert [
        (p.name, p.kind, p.x, p.y, p.after.x, p.after.y) for p in found if p.after is not None
    ] == expected


@pytest.mark.parametrize(
    ("file", "properties", "text", "why"),
    [
        ("p.png", "", "\x89PNG", "not a table"),
        ("p.csv", "template: confusion, x: a, y: b", "a,b\n1,2\n", "draw its template 'confusion'"),
        ("p.csv", "y: none", "a,b\n1,2\n", "no numbers in the column 'none'"),
        ("p.csv", "y: a", "a\nx\n", "no numbers in the column 'a'"),
        ("p.json", "y: a", "[1, 2]", "no list of rows"),
        ("p.json", "y: a", "[", "not valid JSON"),
        ("../p.csv", "y: a", "a\n1\n", "not inside the DVC project"),
    ],
)
def test_a_plot_that_is_not_drawn_is_named(file: str, properties: str, text: str, why: str) -> None:
    """A picture, a template of another kind, no numbers, a path that leads out: with the reason."""
    files = {"dvc.yaml": f"plots: [{{'{file}': {{{properties}}}}}]", file: text}
    found = compared({}, files)
    assert not found.plots
    [item] = found.not_shown
    assert why in item.why
    assert not compared(files, files)


VALUES = st.dictionaries(
    st.sampled_from("abc"), st.integers(-5, 5) | st.floats(-1, 1) | st.text(max_size=3), max_size=3
)


@given(VALUES, VALUES)
@examples(50)
def test_a_comparison_backwards_has_the_sides_exchanged(
    one: dict[str, object], other: dict[str, object]
) -> None:
    """And equal sides give nothing."""
    sides = [{"dvc.yaml": PIPELINE, "m.json": json.dumps(value)} for value in (one, other)]
    there = {(m.name, m.before, m.after) for m in compared(*sides).metrics}
    back = {(m.name, m.after, m.before) for m in compared(*sides[::-1]).metrics}
    assert there == back
    assert bool(there) == (one != other)


def test_a_template_at_the_top_is_named() -> None:
    """What it stands for is DVC's to expand: the report does not pass over it in silence."""
    pipeline = "vars: [{d: x}]\nmetrics: ['${d}/m.json']\nplots: ['${d}/p.csv']\n"
    found = compared({"dvc.yaml": PIPELINE}, {"dvc.yaml": pipeline, "x/m.json": '{"a": 1}'})
    assert {item.file: item.why for item in found.not_shown} == dict.fromkeys(
        ("${d}/m.json", "${d}/p.csv"), "its path has a template, which only DVC expands"
    )
