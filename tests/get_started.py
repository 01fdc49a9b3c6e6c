"""A small DVC repository that knows nothing of us, in the style of DVC's get-started example.

Its pipeline has four stages (prepare, featurize, train, evaluate) over a CSV that was added with
`dvc add`; there are nested parameters, metrics, plots, scripts of the standard library alone, and
comments in every file.
"""

from __future__ import annotations

import csv
import io
import random
import shutil
import sys
from pathlib import Path

from tests.project import Project

REMOTE = "storage"
ROWS = 400

PREPARE = '''\
"""Split the listings into a training and a test set."""

import csv
import pathlib
import random

import yaml

params = yaml.safe_load(pathlib.Path("params.yaml").read_text(encoding="utf-8"))["prepare"]
with open("data/listings.csv", newline="", encoding="utf-8") as stream:
    header, *rows = csv.reader(stream)
random.Random(params["seed"]).shuffle(rows)
split = int(len(rows) * params["split"])
out = pathlib.Path("data/prepared")
out.mkdir(parents=True, exist_ok=True)
for name, part in (("test", rows[:split]), ("train", rows[split:])):
    with open(out / f"{name}.csv", "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\\n").writerows([header, *part])
'''

FEATURIZE = '''\
"""Numbers that the model can learn from, one pair a listing."""

import csv
import json
import pathlib

import yaml

scale = yaml.safe_load(pathlib.Path("params.yaml").read_text(encoding="utf-8"))["featurize"]
out = pathlib.Path("data/features")
out.mkdir(parents=True, exist_ok=True)
for name in ("train", "test"):
    with open(f"data/prepared/{name}.csv", newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    unit = scale["size"]["unit"]
    pairs = [(float(row["square_metres"]) / unit, float(row["price"])) for row in rows]
    (out / f"{name}.json").write_text(json.dumps(pairs), encoding="utf-8")
'''

TRAIN = '''\
"""A straight line through the training set."""

import json

with open("data/features/train.json", encoding="utf-8") as stream:
    rows = json.load(stream)
x = sum(size for size, _ in rows) / len(rows)
y = sum(price for _, price in rows) / len(rows)
slope = sum((s - x) * (p - y) for s, p in rows) / sum((s - x) ** 2 for s, _ in rows)
with open("model.json", "w", encoding="utf-8") as stream:
    json.dump({"slope": slope, "intercept": y - slope * x}, stream)
'''

EVALUATE = '''\
"""How far the line is off the test set."""

import csv
import json
import pathlib

model = json.loads(pathlib.Path("model.json").read_text(encoding="utf-8"))
rows = json.loads(pathlib.Path("data/features/test.json").read_text(encoding="utf-8"))
pairs = [(price, model["intercept"] + model["slope"] * size) for size, price in rows]
out = pathlib.Path("eval")
out.mkdir(exist_ok=True)
error = sum(abs(actual - predicted) for actual, predicted in pairs) / len(pairs)
(out / "metrics.json").write_text(json.dumps({"mean_error": error}), encoding="utf-8")
with open(out / "predictions.csv", "w", newline="", encoding="utf-8") as stream:
    csv.writer(stream, lineterminator="\\n").writerows([("actual", "predicted"), *pairs])
'''

DVC_YAML = """\
# The pipeline: split, featurize, train, evaluate.
stages:
  prepare:
    cmd: python src/prepare.py
    deps:
    - data/listings.csv
    - src/prepare.py
    params:
    - prepare.seed
    - prepare.split   # share of the rows that are for the test
    outs:
    - data/prepared
  featurize:
    cmd: python src/featurize.py
    deps:
    - data/prepared
    - src/featurize.py
    params:
    - featurize
    outs:
    - data/features
  train:
    cmd: python src/train.py
    deps:
    - data/features
    - src/train.py
    outs:
    - model.json
  evaluate:
    cmd: >-
      python
      src/evaluate.py
    deps:
    - data/features
    - model.json
    - src/evaluate.py
    outs:
    - eval/predictions.csv:
        cache: true

# Shown by `dvc plots` and `dvc metrics`.
metrics:
- eval/metrics.json
plots:
- eval/predictions.csv:
    x: actual
    y: predicted
"""

PARAMS = """\
prepare:
  split: 0.20  # share of the test set
  seed: 20170428

featurize:
  size:
    unit: 10   # square metres
"""

SCRIPTS = {
    "src/prepare.py": PREPARE,
    "src/featurize.py": FEATURIZE,
    "src/train.py": TRAIN,
    "src/evaluate.py": EVALUATE,
}


def listings(rows: int = ROWS) -> str:
    """The source data: ids, a name, categories, a date, numbers, and some missing values."""
    rng = random.Random(7)  # noqa: S311 - the same rows every time
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    header = ("listing_id", "contact_email", "city", "listed_on", "square_metres", "price")
    writer.writerow(header)
    for number in range(1, rows + 1):
        metres = rng.randint(20, 180)
        writer.writerow(
            (
                number,
                f"owner{number}@example.com",
                rng.choice(["Athens", "Chania", "Patras", ""]),
                f"2026-{rng.randint(1, 9):02}-{rng.randint(1, 28):02}",
                metres,
                round(metres * rng.gauss(2400, 300), 2),
            )
        )
    return stream.getvalue()


def make_get_started(folder: Path, *, remote: str | None = None, rows: int = ROWS) -> Project:
    """The repository in ``folder/work``, committed and at its origin, its data pushed.

    The environment must be the test's. ``remote`` is the address of DVC's default remote; None: the
    directory ``folder/remote``, named so that it is found from clones beside ``work``, too.
    """
    project = Project(folder / "work", folder / "origin.git", folder / "remote")
    project.root.mkdir(parents=True)
    project.git("init", "--quiet")
    project.dvc("init", "--quiet")
    project.write(
        ".dvc/config",
        f"[core]\n    analytics = false\n    remote = {REMOTE}\n"
        f"['remote \"{REMOTE}\"']\n    url = {remote or '../../remote'}\n",
    )
    for path, text in SCRIPTS.items():
        project.write(path, text)
    project.write("requirements.txt", "PyYAML>=6\n")
    project.write("README.md", "# Prices of flats\n")
    project.write("params.yaml", PARAMS)
    project.write("dvc.yaml", DVC_YAML)
    project.write("data/listings.csv", listings(rows))
    project.write(".gitignore", "__pycache__/\n")
    project.dvc("add", "--quiet", "data/listings.csv")
    project.repro()
    if remote is None:
        project.dvc("push", "--quiet")
    project.commit("A model of prices")
    project.run("git", "init", "--quiet", "--bare", str(project.origin))
    project.git("remote", "add", "origin", str(project.origin))
    project.git("push", "--quiet", "--set-upstream", "origin", "main")
    shutil.rmtree(project.root / ".dvc" / "tmp", ignore_errors=True)
    return project


def fresh_clone(project: Project, target: Path) -> Project:
    """A clone as a newcomer has it: no data, no cache."""
    project.git("clone", "--quiet", f"file://{project.origin}", str(target))
    return Project(target, project.origin, project.remote)


if __name__ == "__main__":
    make_get_started(Path(sys.argv[1]), remote=sys.argv[2] if len(sys.argv) > 2 else None)
