"""Metrics and parameters of the pipeline: the same changes as DVC's own commands show."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.commands import dvc
from tests.conftest import environment, hermetic_environment
from tests.project import Project

from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.repository import Git
from datarelease.flows.cache import Objects
from datarelease.flows.check.results import compare_results, results_in_git, results_in_work_tree
from datarelease.model.review.pipeline import ParamChange, PipelineDiff, PlotPoints
from datarelease.progress import Quiet

PIPELINE = """\
stages:
  train:
    cmd: python write.py scores/train.json scores/cached.json scores/curve.csv
    deps: [write.py]
    params: [lr, model.depth, conf/train.yaml: [optimizer, seed], conf/run.toml: [run.name],
             settings.py: [BATCH, Net.width], {conf/whole.json: }]
    metrics: [scores/train.json: {cache: false}, scores/cached.json]
    plots: [scores/curve.csv: {x: step, y: loss, cache: false}]
  each:
    foreach: [north, south]
    do:
      cmd: python write.py scores/${item}.yaml
      wdir: .
      deps: [write.py]
      params: ["conf/${item}.yaml": [bound]]
      metrics: ["scores/${item}.yaml": {cache: false}]
metrics: [scores/all, scores/one.toml]
params: [conf/extra.json]
plots:
  - two sides:
      x: epoch
      y: {plots/a.tsv: [loss, acc], plots/b.json: loss}
      title: Two sides
  - plots/last.csv
  - plots/dots.yaml: {template: scatter, x: u, y: v}
"""
BELOW = """\
stages:
  fit:
    cmd: python ../../write.py sub/part/fit.json
    wdir: part
    deps: [../../write.py]
    params: [rate, ../more.yaml: [x.y]]
    metrics: [fit.json: {cache: false}]
metrics: [top.json]
"""
WRITE = """\
import pathlib, sys, yaml
here = pathlib.Path(__file__).resolve().parent
made = yaml.safe_load((here / "made.yaml").read_text())
for name in sys.argv[1:]:
    (here / name).parent.mkdir(parents=True, exist_ok=True)
    (here / name).write_text(made[name])
"""
BEFORE: dict[str, str] = {
    "params.yaml": "lr: 1e-3\nmodel: {depth: 3, kind: yes}\nunused: [1, 2]\nday: 1.5\n",
    "conf/train.yaml": "optimizer: {name: adam, betas: [0.9, 0.99]}\nseed: 010\nother: 1\n",
    "conf/run.toml": "[run]\nname = 'a'\nother = 1\n",
    "conf/whole.json": '{"a": {"b": 1}, "same": 1}',
    "conf/extra.json": '{"e": [1, {"f": 2}], "gone": "x"}',
    "conf/north.yaml": "bound: 5\n",
    "conf/south.yaml": "bound: 6\n",
    "settings.py": "BATCH = 8\nOTHER = 1\nclass Net:\n    width = 4\n",
    "sub/part/params.yaml": "rate: 0.5\nnot_used: 1\n",
    "sub/more.yaml": "x: {y: 1, z: 1}\n",
    "scores/all/a.json": '{"auc": 0.5, "n": 3}',
    "scores/all/deep/b.yaml": "f1: 0.1\n",
    "scores/one.toml": "value = 1\n",
    "sub/top.json": '{"t": 1}',
    "plots/a.tsv": "epoch\tloss\tacc\n0\t3\t0.1\n1\t2\t0.25\n",
    "plots/b.json": '{"more": 1, "points": [{"epoch": 0, "loss": 5}, {"epoch": 2, "loss": 4.5}]}',
    "plots/last.csv": "a,b\n1,1e-3\n2,2\n",
    "plots/dots.yaml": "- {u: 1, v: 2}\n- {u: 0.5, v: -2}\n",
}
AFTER: dict[str, str] = {
    "params.yaml": "lr: 2e-3\nmodel: {depth: 4, kind: no}\nunused: [1, 3]\nday: 2.5\nn: 1\n",
    "conf/train.yaml": "optimizer: {name: sgd, betas: [0.8, 0.99]}\nseed: 011\nother: 2\n",
    "conf/run.toml": "[run]\nname = 'b'\nother = 2\n",
    "conf/whole.json": '{"a": {"b": 2, "c": "d"}, "same": 1}',
    "conf/extra.json": '{"e": [1, {"f": 3}]}',
    "conf/south.yaml": "bound: 7\n",
    "settings.py": "BATCH = 16\nOTHER = 2\nclass Net:\n    width = 5\n",
    "sub/part/params.yaml": "rate: 0.25\nnot_used: 2\n",
    "sub/more.yaml": "x: {y: 2, z: 2}\n",
    "scores/all/a.json": '{"auc": 0.75, "m": {"k": true, "list": [1]}}',
    "scores/all/deep/b.yaml": "f1: 0.2\n",
    "scores/one.toml": "value = 2\n",
    "sub/top.json": '{"t": "words"}',
    "plots/a.tsv": "epoch\tloss\tacc\n0\t3\t0.1\n1\t1\t0.5\n2\t0.5\t0.75\n",
    "plots/b.json": '{"more": 1, "points": [{"epoch": 0, "loss": 5}, {"epoch": 3, "loss": 1}]}',
    "plots/last.csv": "a,b\n1,1e-3\n2,3\n",
    "plots/dots.yaml": "- {u: 1, v: 2}\n- {u: 0.25, v: -4}\n",
}
MADE_BEFORE = {
    "scores/train.json": '{"acc": 0.5, "loss": {"l1": 2, "l2": 1.5}, "none": null}',
    "scores/cached.json": '{"kept": 1}',
    "scores/curve.csv": "step,loss\n1,2\n",
    "scores/north.yaml": "rmse: 1.0\n",
    "scores/south.yaml": "rmse: 1.0\n",
    "sub/part/fit.json": '{"r2": 0.5}',
}
MADE_AFTER = {
    **MADE_BEFORE,
    "scores/train.json": '{"acc": 0.75, "loss": {"l1": 2}, "more": "text"}',
    "scores/cached.json": '{"kept": 2}',
    "scores/curve.csv": "step,loss\n1,2\n2,1.5\n",
    "scores/south.yaml": "rmse: 0.5e-1\n",
    "sub/part/fit.json": '{"r2": 0.625}',
}


@dataclass(frozen=True)
class Compared:
    """What DVC says of the work tree against the first commit, and what we say."""

    root: Path
    metrics: dict[str, Any]
    params: dict[str, Any]
    plots: dict[str, Any]
    ours: tuple[tuple[ParamChange, ...], PipelineDiff]


def write(root: Path, files: dict[str, str], made: dict[str, str]) -> None:
    """The files of one state, and what its stages are going to write."""
    for name, text in {**files, "made.yaml": yaml.safe_dump(made)}.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def compared(root: Path, *, cache: Path | None = None) -> tuple[Any, ...]:
    """Our comparison of the work tree with the commit before the last."""
    git = Git(root, env=dict(os.environ))
    head = git.resolve("HEAD")
    assert head is not None
    objects = Objects(
        cache=cache or root / ".dvc" / "cache" / "files" / "md5", remotes=(), progress=Quiet()
    )
    then = TrackedState(lambda path: git.read(head, path), lambda: git.files(head))
    now = TrackedState(
        lambda path: (root / path).read_bytes() if (root / path).is_file() else None,
        lambda: [p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()],
    )
    return compare_results(results_in_git(then, objects), results_in_work_tree(now, objects, root))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    """Two projects' worth of pipelines, committed once, then edited and run again."""
    folder = tmp_path_factory.mktemp("results")
    root = folder / "work"
    root.mkdir()
    with environment(hermetic_environment(folder / "home")):
        project = Project(root, folder / "none", folder / "none")
        project.git("init", "--quiet", "--initial-branch=main")
        project.dvc("init")
        write(root, {"dvc.yaml": PIPELINE, "sub/dvc.yaml": BELOW, "write.py": WRITE}, {})
        write(root, BEFORE, MADE_BEFORE)
        project.dvc("repro", "--all-pipelines")
        project.git("add", "--all")
        project.git("commit", "--quiet", "--message=One")
        write(root, AFTER, MADE_AFTER)
        project.dvc("repro", "--all-pipelines", "--force")
        found = [
            json.loads(dvc(root, kind, "diff", "--json", "HEAD", env=dict(os.environ)).out)
            for kind in ("metrics", "params")
        ]
        drawn = dvc(
            root, "plots", "diff", "--json", "--split", "HEAD", "--out", str(folder / "plots"),
            env=dict(os.environ),
        )  # fmt: skip
        ours = compared(root)
        yield Compared(root, found[0], found[1], json.loads(drawn.out), ours)
        shutil.rmtree(root)


def test_metrics_are_what_dvc_shows(repository: Compared) -> None:
    """Every changed metric, with the values and the difference of `dvc metrics diff --json`."""
    theirs = {
        (file, name): (change["old"], change["new"], change.get("diff"))
        for file, changes in repository.metrics.items()
        for name, change in changes.items()
    }
    ours = {
        (metric.file, metric.name): (metric.before, metric.after, metric.difference)
        for metric in repository.ours[1].metrics
    }
    assert ours == theirs
    assert len(ours) >= 12
    assert not repository.ours[1].not_shown


def test_parameters_are_what_dvc_shows(repository: Compared) -> None:
    """Every changed parameter of every file, with the values of `dvc params diff --json`."""
    theirs = {
        (file, name): (change["old"], change["new"])
        for file, changes in repository.params.items()
        for name, change in changes.items()
    }
    ours = {
        (param.file, param.name): tuple(
            side if side is None else as_dvc(side) for side in (param.before, param.after)
        )
        for param in repository.ours[0]
    }
    assert ours == theirs
    assert len(ours) >= 18


def as_dvc(text: str) -> object:
    """A value on one line as DVC's JSON has it: lists as text."""
    value = yaml.safe_load(text)
    return value if isinstance(value, int | float | str) else str(value)


def drawn_by_dvc(plots: dict[str, Any]) -> dict[tuple[str, str, str], Any]:
    """(file, column, revision): the points of `dvc plots diff --json --split`."""
    found: dict[tuple[str, str, str], Any] = {}
    for name, [entry] in plots["data"].items():
        definitions = entry["anchor_definitions"]
        x, y = (definitions[f"<DVC_METRIC_{axis}_LABEL>"] for axis in "XY")
        for row in definitions["<DVC_METRIC_DATA>"]:
            file, _, column = row.get("filename::field", f"{Path(name).name}::{y}").partition("::")
            values = float(row[x]), float(row[column])
            found.setdefault((file, column, row["rev"]), []).append(values)
    return found


def test_plots_have_the_points_that_dvc_draws(repository: Compared) -> None:
    """Every line of every plot, old and new: files and columns of one plot, rows without `x`."""
    ours = {
        (Path(plot.file).name, plot.y, revision): list(zip(side.x, side.y, strict=True))
        for plot in repository.ours[1].plots
        for revision, side in (("HEAD", plot.before), ("workspace", plot.after))
        if side is not None
    }
    assert ours == drawn_by_dvc(repository.plots)
    assert len(ours) == 2 * 6


def test_plots_are_drawn_of_the_columns_that_the_pipeline_names(repository: Compared) -> None:
    """Of the file of a stage's plot, old and new, with the names of its axes."""
    plot = next(it for it in repository.ours[1].plots if it.file == "scores/curve.csv")
    assert (plot.name, plot.kind, plot.x, plot.y) == ("scores/curve.csv", "line", "step", "loss")
    assert plot.before == PlotPoints(x=(1.0,), y=(2.0,))
    assert plot.after == PlotPoints(x=(1.0, 2.0), y=(2.0, 1.5))


def test_a_metric_of_a_cache_elsewhere_is_named(repository: Compared, tmp_path: Path) -> None:
    """Without the cache, the old value of a metric that DVC keeps is not shown: this is said."""
    params, pipeline = compared(repository.root, cache=tmp_path)
    assert params == repository.ours[0]
    assert [item.file for item in pipeline.not_shown] == ["scores/cached.json"]
    assert "DVC keeps it in its cache" in pipeline.not_shown[0].why
    kept = [m for m in repository.ours[1].metrics if m.file != "scores/cached.json"]
    assert list(pipeline.metrics) == kept
