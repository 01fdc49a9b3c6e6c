"""DVC's graph as assets: stages, sources, keys and versions."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from hypothesis import given
from hypothesis import strategies as st
from tests.project import Project

from datarelease.adapters.dvc.graph import (
    Graph,
    PipelineFile,
    StageNode,
    current_hashes,
    read_graph,
)
from datarelease.errors import ConfigError
from datarelease.orchestration.pipeline import Pipeline, asset_keys, identifiers, made_by

TEMPLATED = {
    "vars": [{"regions": ["eu", "us"]}],
    "stages": {
        "split": {
            "foreach": "${regions}",
            "do": {"cmd": "echo ${item} > ${item}.csv", "outs": ["${item}.csv"]},
        },
        "train": {
            "matrix": {"region": ["eu", "us"], "depth": [1, 2]},
            "cmd": "cat ${item.region}.csv > m-${item.region}-${item.depth}.txt",
            "deps": ["${item.region}.csv"],
            "outs": ["m-${item.region}-${item.depth}.txt"],
        },
        "note": {"cmd": "echo done", "deps": ["nested/total.txt"]},
    },
}
NESTED = {
    "stages": {
        "total": {
            "cmd": ["cat ../raw/part.csv > total.txt", "echo >> total.txt"],
            "desc": "All of it",
            "deps": ["../raw/part.csv", "../eu.csv"],
            "outs": ["total.txt"],
        }
    }
}


@pytest.fixture(scope="module")
def templated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a loop, a matrix, a nested pipeline and data of a ``.dvc`` file."""
    root = tmp_path_factory.mktemp("templated")
    with Repo.init(str(root), no_scm=True) as repo:
        (root / "raw").mkdir()
        (root / "raw" / "part.csv").write_text("a\n1\n")
        repo.add(str(root / "raw"))
    (root / "nested").mkdir()
    (root / "dvc.yaml").write_text(yaml.safe_dump(TEMPLATED))
    (root / "nested" / "dvc.yaml").write_text(yaml.safe_dump(NESTED))
    return root


def test_stages_are_those_that_dvc_expands(templated: Path) -> None:
    """Loops, matrices and nested files give the addresses that `dvc repro` takes."""
    with Repo(str(templated)) as repo:
        expected = {stage.name for stage in repo.index.stages if stage.cmd}
    graph = read_graph(templated)
    assert {stage.name for stage in graph.stages} == expected
    assert {stage.address for stage in graph.stages} == {
        "split@eu", "split@us", "note", "nested/dvc.yaml:total",
        "train@1-eu", "train@1-us", "train@2-eu", "train@2-us",
    }  # fmt: skip


def test_dependencies_lead_to_what_makes_or_tracks_them(templated: Path) -> None:
    """A file in a tracked directory is that directory; a path of a nested file is the root's."""
    pipeline = Pipeline(read_graph(templated))
    [total] = [stage for stage in pipeline.graph.stages if stage.name == "total"]
    assert {key.to_user_string() for key in pipeline.inputs(total)} == {"raw", "eu.csv"}
    assert [source.path for source in pipeline.graph.sources] == ["raw"]
    assert pipeline.graph.sources[0].source == "raw.dvc"
    assert total.cmd.splitlines() == ["cat ../raw/part.csv > total.txt", "echo >> total.txt"]
    assert pipeline.group(total) == "nested"


def test_a_stage_without_outputs_is_there(templated: Path) -> None:
    """It goes by its name, so that it can be run."""
    pipeline = Pipeline(read_graph(templated))
    [note] = [stage for stage in pipeline.graph.stages if stage.name == "note"]
    assert pipeline.keys[made_by(note)[0]].to_user_string() == "stages/note"


def test_a_stage_is_current_until_its_command_or_parameters_change(project: Project) -> None:
    """Its code version equals that of the lock until one of them is edited, then no more."""
    [make] = read_graph(project.root).stages
    assert make.version == make.locked
    project.params(rows=21)
    [edited] = read_graph(project.root).stages
    assert (edited.version != make.version, edited.locked) == (True, make.locked)
    project.git("checkout", "--quiet", "params.yaml")
    pipeline = project.read_yaml("dvc.yaml")
    pipeline["stages"]["make"]["cmd"] = "python  make.py"
    project.write("dvc.yaml", yaml.safe_dump(pipeline))
    [other] = read_graph(project.root).stages
    assert other.version not in {make.version, other.locked}


def test_sources_are_hashed_as_they_lie_here(project: Project) -> None:
    """An edit shows at once; what is not here is left out."""
    graph = read_graph(project.root)
    before = current_hashes(project.root, graph)
    assert set(before) == {"make.py"}
    project.write("make.py", (project.root / "make.py").read_text() + "\n")
    assert current_hashes(project.root, graph)["make.py"] != before["make.py"]
    (project.root / "make.py").unlink()
    assert current_hashes(project.root, graph) == {}


def test_without_a_lock_nothing_has_a_version(project: Project) -> None:
    """The graph is there all the same."""
    (project.root / "dvc.lock").unlink()
    [make] = read_graph(project.root).stages
    assert make.locked is None
    assert [out.md5 for out in make.outs] == [None, None]


@pytest.mark.parametrize(
    "text", ["stages: [", "stages: {make: {outs: [a]}}", "stages: {a: {cmd: '${no.such}'}}"]
)
def test_a_broken_pipeline_is_an_error_of_ours(project: Project, text: str) -> None:
    """It says what DVC says, with a remedy."""
    project.write("dvc.yaml", text)
    with pytest.raises(ConfigError) as caught:
        read_graph(project.root)
    assert caught.value.remedy


def test_a_place_without_dvc_is_an_error_of_ours(tmp_path: Path) -> None:
    """It says how to begin."""
    with pytest.raises(ConfigError, match="not inside of a DVC repository"):
        read_graph(tmp_path)


PATHS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
    min_size=1,
)


@given(PATHS)
def test_keys_are_names_that_dagster_takes(paths: list[str]) -> None:
    """Whatever a path looks like: no two keys are alike, nor what Dagster makes of them."""
    paths = [path for path in paths if path.strip("/")]
    keys = asset_keys(paths)
    names = [key.to_python_identifier() for key in keys.values()]
    assert set(keys) == set(paths)
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in names)


@given(st.lists(st.text(), unique=True), st.lists(st.text(alphabet="ab_", max_size=3)))
def test_names_of_ops_are_unique(texts: list[str], taken: list[str]) -> None:
    """No two are alike, none is one that is taken, all are identifiers."""
    names = identifiers(texts, taken)
    found = list(names.values())
    assert len(set(found)) == len(found)
    assert not set(found) & set(taken)
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", name) for name in found)


def test_keys_do_not_depend_on_the_order(make_stage: Callable[..., StageNode]) -> None:
    """Two paths that look alike to Dagster get the same keys in every run."""
    paths = ["a-b.csv", "a_b.csv", "a.b.csv"]
    assert asset_keys(paths) == asset_keys(paths[::-1])
    graph = Graph(stages=(make_stage("one", outs=paths),))
    assert len(set(Pipeline(graph).keys.values())) == 3


@pytest.fixture
def make_stage() -> Callable[..., StageNode]:
    """Makes stages that never ran."""

    def make(name: str, *, deps: list[str] | None = None, outs: list[str]) -> StageNode:
        return StageNode(
            name=name,
            folder="",
            cmd="true",
            desc="",
            deps=tuple(PipelineFile(path=path, md5=None) for path in deps or ()),
            outs=tuple(PipelineFile(path=path, md5=None) for path in outs),
            version="v",
            locked=None,
        )

    return make
