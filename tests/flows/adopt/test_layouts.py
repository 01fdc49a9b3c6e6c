"""Repositories as they are out there: adopted, checked, released, fetched and read with no edit."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from tests.commands import run
from tests.project import REMOTE, Project
from tests.slow_cases import slow_but
from tests.versions import tags

import datarelease as dr

Files = Mapping[str, str | bytes]


def picture(shade: int) -> bytes:
    """A small PNG."""
    stream = io.BytesIO()
    Image.new("RGB", (24, 16), (shade, 255 - shade, 90)).save(stream, "PNG")
    return stream.getvalue()


def parquet(*ids: int) -> bytes:
    """A part of a table."""
    stream = io.BytesIO()
    pq.write_table(pa.table({"id": list(ids), "amount": [n * 1.5 for n in ids]}), stream)
    return stream.getvalue()


def lines(*numbers: int) -> bytes:
    """Documents of a corpus, compressed."""
    rows = [{"id": n, "text": f"Text number {n}", "tags": ["a"] * (n % 3)} for n in numbers]
    return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())


FLAGSHIP = """\
stages:
  prepare:
    cmd: >-
      python -c "open('data/words.txt', 'w').write(open('data/data.xml').read().upper());
      open('metrics.json', 'w').write('{}')"
    deps: [data/data.xml]
    outs: [data/words.txt]
    metrics:
      - metrics.json: {cache: false}
artifacts:
  pool-xml:
    path: data/data.xml
    type: dataset
    desc: posts of a forum
"""
LAYOUTS: dict[str, tuple[Files, tuple[str, ...]]] = {
    # In the spirit of DVC's own example: an XML file that is declared, and a pipeline over it.
    "get started": (
        {"data/data.xml": "<posts><row Id='1'/></posts>\n", "dvc.yaml": FLAGSHIP},
        ("data/data.xml",),
    ),
    "images": (
        {f"data/train/{kind}/{n}.png": picture(n * 20 + i) for i, kind in enumerate(("cat", "dog"))
         for n in range(4)},
        ("data/train",),
    ),
    "corpus": ({f"corpus/{n}.jsonl.gz": lines(2 * n, 2 * n + 1) for n in range(3)}, ("corpus",)),
    "partitions": (
        {f"sales/year={y}/part-0.parquet": parquet(y, y + 100) for y in (2024, 2025)},
        ("sales",),
    ),
    "European numbers": (
        {"data/preise.csv": "id;preis;stand\n" + "".join(
            f"{n};1.{n:03},50;0{n}.10.2026\n" for n in range(1, 9)
        )},
        ("data/preise.csv",),
    ),
}  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path) -> Callable[[str], Project]:
    """Makes the repository of a layout: git, DVC, a remote, and nothing of ours."""

    def make(name: str) -> Project:
        files, outputs = LAYOUTS[name]
        project = Project(tmp_path / "work", tmp_path / "origin.git", tmp_path / "remote")
        project.root.mkdir()
        project.git("init", "--quiet")
        project.dvc("init", "--quiet")
        for path, content in files.items():
            project.write(path, content)
        project.dvc("add", "--quiet", *outputs)
        project.dvc("remote", "add", "--default", REMOTE, str(project.remote))
        if "dvc.yaml" in files:
            project.repro()
        project.commit("As it is")
        project.run("git", "init", "--quiet", "--bare", str(project.origin))
        project.git("remote", "add", "origin", str(project.origin))
        project.git("push", "--quiet", "--set-upstream", "origin", "main")
        return project

    return make


# test_init.py goes this way with "Get started" of DVC and with pictures; a corpus is files, too.
@pytest.mark.parametrize("name", slow_but({"partitions"}, LAYOUTS))
def test_a_layout_is_adopted_released_and_read_with_no_edit(
    layout: Callable[[str], Project], tmp_path: Path, name: str
) -> None:
    """`init --yes`, check, release; then a fresh clone gets the same bytes and reads the data."""
    project = layout(name)
    run(project, "init", "--yes")
    project.commit("Adopt data releases")
    project.push()
    findings = run(project, "check", "--json").json["verdict"]["findings"]
    assert not [it for it in findings if it["level"] != "pass"], findings
    run(project, "release")
    assert tags(project) == ["data-v1"]
    files, outputs = LAYOUTS[name]
    target = tmp_path / "got"
    run(tmp_path, "get", "data-v1", str(target), "--repo", f"file://{project.origin}")
    for path, content in files.items():
        if path.startswith(outputs):
            written = content.encode() if isinstance(content, str) else content
            assert (target / path).read_bytes() == written
    declared = yaml.safe_load((project.root / "dvc.yaml").read_text())["artifacts"]
    found = {entry["path"]: dataset for dataset, entry in declared.items()}
    assert found.keys() >= set(outputs)
    address = f"file://{project.origin}"
    dataset = found[outputs[0]]
    if name in {"get started", "images"}:
        listed = dr.files("data-v1", dataset, repo=address)
        assert len(listed.paths) == len([path for path in files if path.startswith(outputs)])
        with listed[listed.paths[0]].open() as stream:
            assert stream.read(4) in {b"<pos", b"\x89PNG"}
        return
    frame = dr.load("latest", dataset, repo=address)
    assert len(frame) > 0
    assert frame["id"].is_unique


@pytest.mark.slow  # the test above adopts partitions, test_golden.py European numbers
def test_european_numbers_are_numbers(layout: Callable[[str], Project]) -> None:
    """The delimiter, the decimal comma and the thousands are found by `init`."""
    project = layout("European numbers")
    run(project, "init", "--yes")
    project.commit("Adopt data releases")
    project.push()
    run(project, "release")
    frame = dr.load("data-v1", "preise", repo=f"file://{project.origin}")
    assert list(frame["preis"])[:2] == [1001.5, 1002.5]
