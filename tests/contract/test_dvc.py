"""The DVC adapter against real DVC, one short story each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from dvc import output
from dvc.repo import Repo
from tests.commands import forked_dvc
from tests.project import REMOTE, Project

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.files import tracked_files
from datarelease.adapters.dvc.listing import read_tree
from datarelease.adapters.dvc.tracked import Output, TrackedState, find_root
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.git.repository import Git
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.cache import Objects
from datarelease.flows.versions.dataset_at import snapshot
from datarelease.model.data.dataset import Dataset
from datarelease.model.versions.snapshot import DatasetSnapshot
from datarelease.progress import Quiet


@pytest.fixture(autouse=True)
def _loaded_dvc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC in a fork of a process that has it loaded; a test of its output starts the program."""
    if "capfd" not in request.fixturenames:
        monkeypatch.setattr("datarelease.adapters.dvc.program.run_shown", forked_dvc)


def open_dvc(project: Project) -> Dvc:
    """The adapter under the test's environment."""
    return Dvc(project.root, env=os.environ)


def hashes(project: Project) -> dict[str, str]:
    """The outputs of the lock, by path."""
    stages = project.read_yaml("dvc.lock")["stages"].values()
    return {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}


def add_stage(project: Project, name: str, cmd: str, out: str, *, deps: Sequence[str] = ()) -> None:
    """One more stage in dvc.yaml."""
    definition = project.read_yaml("dvc.yaml")
    definition["stages"][name] = {"cmd": cmd, "deps": [*deps], "outs": [out]}
    project.write("dvc.yaml", yaml.safe_dump(definition))


def test_a_stage_is_stale_until_it_has_run(project: Project) -> None:
    """Edited parameters make the stage stale; running it makes other data and a current lock."""
    dvc = open_dvc(project)
    assert dvc.stale_stages() == ()
    before = hashes(project)
    project.params(rows=30)
    assert dvc.stale_stages() == ("make",)
    assert hashes(project) == before
    assert dvc.repro(inputs="here")
    assert dvc.stale_stages() == ()
    assert hashes(project) != before
    assert len((project.root / "data/people.csv").read_text().splitlines()) == 31


def test_staleness_is_told_without_data(project: Project, tmp_path: Path) -> None:
    """In a fresh clone without any data a current lock is current, a stale one stale."""
    clone = project.clone(tmp_path / "clone")
    assert not (clone.root / "data/people.csv").exists()
    assert open_dvc(clone).stale_stages() == ()
    assert open_dvc(clone).missing()
    clone.params(seed=2)
    assert open_dvc(clone).stale_stages() == ("make",)


def test_a_chain_of_stages(project: Project) -> None:
    """Stages that depend on a stale stage are reported too, even if their input was never made."""
    add_stage(project, "count", "wc -l < data/people.csv > data/count.txt", "data/count.txt",
              deps=["data/people.csv"])  # fmt: skip
    dvc = open_dvc(project)
    assert dvc.stale_stages() == ("count",)
    assert dvc.stale_stages(["make"]) == ()
    (project.root / "dvc.lock").unlink()
    shutil.rmtree(project.root / "data")
    assert set(dvc.stale_stages()) == {"make", "count"}
    assert dvc.repro(inputs="here")
    assert dvc.stale_stages() == ()


def test_a_failing_stage_does_not_hide_the_others(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    """The run is reported as failed, the other stages have run, and standard output stays free."""
    add_stage(project, "broken", "echo no such luck && false", "data/x")
    project.params(rows=5)
    dvc = open_dvc(project)
    assert not dvc.repro(inputs="here")
    assert dvc.stale_stages() == ("broken",)
    said = capfd.readouterr()
    assert "no such luck" in said.err
    assert said.out == ""


@pytest.mark.slow  # test_stage_environment.py pulls the inputs of a check
def test_inputs_are_pulled_instead_of_made(
    project: Project, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a remote that has everything, a fresh clone runs only the stage that was edited."""
    add_stage(project, "count", "wc -l < data/people.csv > data/count.txt", "data/count.txt",
              deps=["data/people.csv"])  # fmt: skip
    project.repro()
    project.dvc("push", "--quiet", "--run-cache")
    project.commit()
    project.push()
    clone = project.clone(tmp_path / "clone")
    definition = clone.read_yaml("dvc.yaml")
    definition["stages"]["count"]["cmd"] = "wc -c < data/people.csv > data/count.txt"
    clone.write("dvc.yaml", yaml.safe_dump(definition))
    dvc = open_dvc(clone)
    assert dvc.missing()
    assert dvc.stale_stages() == ("count",)
    assert dvc.repro(inputs="pulled")
    size = (project.root / "data/people.csv").stat().st_size
    assert int((clone.root / "data/count.txt").read_text()) == size
    assert "> python make.py" not in capfd.readouterr().err


def test_a_current_lock_runs_nothing_and_needs_no_data(project: Project, tmp_path: Path) -> None:
    """In a fresh clone with a current lock a run succeeds at once and leaves the tree clean."""
    clone = project.clone(tmp_path / "clone")
    assert open_dvc(clone).repro(inputs="here")
    assert clone.git("status", "--porcelain") == ""


def test_a_stage_without_inputs_that_never_ran_is_stale(project: Project) -> None:
    """DVC, told that data may be missing, takes such a stage for up to date; we do not."""
    add_stage(project, "fresh", "echo 1 > data/fresh.txt", "data/fresh.txt")
    dvc = open_dvc(project)
    assert dvc.stale_stages() == ("fresh",)
    assert dvc.stale_stages(["make"]) == ()
    assert dvc.repro(inputs="here")
    assert (project.root / "data/fresh.txt").is_file()
    assert dvc.stale_stages() == ()


def test_the_current_directory_does_not_matter(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stages are found and named from the repository's root, wherever we stand."""
    project.params(rows=7)
    for folder in (tmp_path, project.root / "data"):
        monkeypatch.chdir(folder)
        assert open_dvc(project).stale_stages() == ("make",)
        assert Path.cwd() == folder


def test_checkout_brings_what_the_cache_has(project: Project, tmp_path: Path) -> None:
    """Deleted data come back from the cache; without a cache they cannot."""
    (project.root / "data/people.csv").unlink()
    assert open_dvc(project).checkout()
    assert (project.root / "data/people.csv").is_file()
    assert not open_dvc(project.clone(tmp_path / "clone")).checkout()


def test_edited_sources_are_told(project: Project) -> None:
    """A `.dvc` file whose data were edited is reported; deleted or unchanged data are not."""
    project.write("raw/modified.csv", "a\n1\n")
    project.write("raw/dir/x.csv", "a\n1\n")
    project.dvc("add", "--quiet", "raw/modified.csv", "raw/dir")
    files = ("raw/modified.csv.dvc", "raw/dir.dvc")
    dvc = open_dvc(project)
    assert dvc.changed_sources(()) == ()
    assert dvc.changed_sources(files) == ()
    (project.root / "raw/modified.csv").unlink()
    assert dvc.changed_sources(files) == ()
    project.write("raw/dir/y.csv", "a\n2\n")
    assert dvc.changed_sources(files) == ("raw/dir.dvc",)
    project.write("raw/modified.csv", "a\n2\n")
    assert dvc.changed_sources(files) == files


def test_a_directory_is_hashed_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.dvc` file and two stages are about it; the next question looks at it again."""
    for name in "ab":
        project.write(f"raw/dir/{name}.txt", name)
    project.dvc("add", "--quiet", "raw/dir")
    for stage in ("first", "second"):
        command = f"cat raw/dir/*.txt > {stage}.txt"
        add_stage(project, stage, command, f"{stage}.txt", deps=["raw/dir"])
    project.repro()
    hashed: list[str] = []
    built = output.build

    def building(odb: object, path: str, *given: object, **named: object) -> object:
        hashed.append(Path(path).relative_to(project.root).as_posix())
        return built(odb, path, *given, **named)

    monkeypatch.setattr(output, "build", building)
    dvc = open_dvc(project)
    assert dvc.changed_sources(["raw/dir.dvc"]) == ()
    assert hashed == ["raw/dir"]
    assert dvc.stale_stages() == ()
    assert len(hashed) == len(set(hashed)), "what was known was looked at again"
    hashed.clear()
    project.write("raw/dir/c.txt", "c")
    assert set(dvc.stale_stages()) >= {"first", "second"}
    assert hashed.count("raw/dir") == 1
    assert dvc.changed_sources(["raw/dir.dvc"]) == ("raw/dir.dvc",)
    assert set(dvc.stale_stages()) >= {"first", "second"}
    shutil.rmtree(project.root / "raw/dir")
    assert dvc.changed_sources(["raw/dir.dvc"]) == ()
    assert dvc.stale_stages() == ()


def test_the_objects_are_those_that_a_push_sends(project: Project) -> None:
    """Files, directory listings and the files in them: exactly what `dvc push` leaves there."""
    project.write("raw.csv", "a\n")
    project.dvc("add", "--quiet", "raw.csv")
    project.dvc("push", "--quiet")
    below = project.remote / "files" / "md5"
    sent = {"".join(path.relative_to(below).parts) for path in below.rglob("*") if path.is_file()}
    objects = Objects(
        cache=DvcConfig(project.root / ".dvc", env=os.environ).cache, remotes=(), progress=Quiet()
    )
    assert set(objects.expanded(open_dvc(project).hashes())) == sent
    assert len(sent) == 6


def test_outputs_are_known_without_asking_a_remote(project: Project) -> None:
    """A listing that neither the cache nor a remote has is named nevertheless."""
    listing = hashes(project)["data/events"]
    shutil.rmtree(project.root / ".dvc" / "cache")
    shutil.rmtree(project.root / "data" / "events")
    project.add_remote(REMOTE, "s3://nowhere", default=True, endpointurl="http://127.0.0.1:9")
    assert listing in open_dvc(project).hashes()


def test_what_is_not_to_be_pushed_is_no_output(project: Project) -> None:
    """`push: false` is left to who made it."""
    lines = project.read_yaml("dvc.yaml")
    lines["stages"]["make"]["outs"][0] = {"data/people.csv": {"push": False}}
    project.write("dvc.yaml", yaml.safe_dump(lines))
    assert open_dvc(project).hashes() == (hashes(project)["data/events"],)


def test_flags_are_what_dvc_says(project: Project, tmp_path: Path) -> None:
    """Remotes, `push: false` and imports, read by DVC itself; from git, the same but templates."""
    lines = project.read_yaml("dvc.yaml")
    lines["vars"] = [{"place": "storage"}]
    outs: list[object] = [
        {"data/people.csv": {"push": False}},
        {"data/events": {"remote": "storage"}},
    ]
    lines["stages"]["make"]["outs"] = outs
    lines["stages"]["each"] = {
        "foreach": ["x"],
        "do": {
            "cmd": "echo 1 > ${item}.txt && echo '{}' > ${item}.json",
            "outs": [{"${item}.txt": {"remote": "${place}"}}],
            "metrics": [{"${item}.json": {"cache": False}}],
        },
    }
    project.write("dvc.yaml", yaml.safe_dump(lines))
    project.repro()
    (tmp_path / "far.csv").write_text("a\n")
    project.dvc("import-url", "--quiet", str(tmp_path / "far.csv"), "url.csv")
    project.dvc("import-url", "--quiet", "--no-download", str(tmp_path / "far.csv"), "later.csv")
    project.dvc("import", "--quiet", f"file://{project.origin}", "make.py", "-o", "theirs.py")
    found = {out.path: out for out in open_dvc(project).outputs()}
    assert {p: (out.remote, out.pushed, out.imported, out.kept) for p, out in found.items()} == {
        "data/people.csv": (None, False, False, False),
        "data/events": ("storage", True, False, True),
        "x.txt": ("storage", True, False, True),
        "url.csv": (None, True, False, True),
        "later.csv": (None, True, True, False),
        "theirs.py": (None, True, True, False),
    }
    assert found["x.txt"].source == "dvc.yaml"
    assert found["url.csv"].source == "url.csv.dvc"
    read = {out.path: out for out in tracked_by(project, found_in(project))}
    assert sorted({*read} - {*found}) == ["x.json"], "git holds it"
    assert all(read[p].pushed == out.pushed for p, out in found.items())
    assert all(read[p].remote == out.remote for p, out in found.items() if p != "x.txt")


def tracked_by(project: Project, files: Sequence[str]) -> tuple[Output, ...]:
    """What these files of the work tree track."""
    return TrackedState(lambda path: (project.root / path).read_bytes(), lambda: files).outputs


def found_in(project: Project) -> Sequence[str]:
    """The files of the work tree that say what DVC tracks."""
    return ["dvc.lock", *sorted(path.name for path in project.root.glob("*.dvc") if path.is_file())]


def test_a_listing_names_what_lies_there(project: Project) -> None:
    """A directory's object lists the files that are in the directory."""
    md5 = hashes(project)["data/events"]
    cache = DvcConfig(project.root / ".dvc", env=os.environ).cache
    listed = read_tree((cache / md5[:2] / md5[2:]).read_bytes())
    assert {file.path for file in listed} == {
        path.name for path in (project.root / "data/events").iterdir()
    }


def test_what_is_tracked_is_what_dvc_says(project: Project) -> None:
    """Working directories, `foreach`, nested pipelines and `.dvc` files: read as DVC reads them."""
    definition = project.read_yaml("dvc.yaml")
    definition["stages"]["each"] = {
        "foreach": ["x", "y z"],
        "do": {"wdir": "data", "cmd": "echo '${item}' > '${item}.txt'", "outs": ["${item}.txt"]},
    }
    definition["stages"]["side"] = {"wdir": "sub", "cmd": "echo 1 > ../s.txt", "outs": ["../s.txt"]}
    project.write("dvc.yaml", yaml.safe_dump(definition))
    project.write("sub/dvc.yaml", "stages: {n: {cmd: echo 1 > n.txt, outs: [n.txt]}}")
    project.write("raw dir/ü.csv", "a\n")
    project.dvc("repro", "--quiet", "--all-pipelines")
    project.dvc("add", "--quiet", "raw dir/ü.csv")
    project.commit()
    with Repo(str(project.root)) as repo:
        expected = {
            (Path(out.fs_path).relative_to(project.root).as_posix(), out.hash_info.value)
            for out in repo.index.outs
        }
    git = Git(project.root, env=os.environ)
    found = TrackedState(lambda path: git.read("HEAD", path), lambda: git.files("HEAD")).outputs
    assert {(out.path, out.md5) for out in found} == expected
    assert len(found) == len(expected) == 7
    assert not any(out.legacy for out in found)


def test_another_process_at_work_is_the_worlds_fault(project: Project) -> None:
    """While DVC runs elsewhere in the repository, the message says to wait."""
    with Repo(str(project.root)) as repo, repo.lock, pytest.raises(WorldError, match="Another DVC"):
        open_dvc(project).stale_stages()


@pytest.mark.parametrize("text", ["stages: [", "stages: {make: {cmdd: x}}", "stages: 5"])
def test_a_pipeline_that_dvc_refuses(project: Project, text: str) -> None:
    """A broken dvc.yaml is reported in DVC's words, as an error of settings."""
    project.write("dvc.yaml", text)
    with pytest.raises(ConfigError, match="DVC cannot read this repository"):
        open_dvc(project).stale_stages()


def test_a_repository_without_a_pipeline(project: Project) -> None:
    """Without dvc.yaml there is nothing to run."""
    (project.root / "dvc.yaml").unlink()
    assert open_dvc(project).stale_stages() == ()


def test_no_dvc_at_all(tmp_path: Path) -> None:
    """Outside of a DVC repository the remedy is `dvc init`."""
    with pytest.raises(ConfigError, match=r"no \.dvc directory") as caught:
        find_root(tmp_path)
    assert "dvc init" in caught.value.remedy
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "deep/er").mkdir(parents=True)
    assert find_root(tmp_path / "deep/er") == tmp_path.resolve()
    with pytest.raises(ConfigError):
        Dvc(tmp_path / "deep", env=os.environ).missing()


def test_what_only_the_cache_has_comes_back(project: Project) -> None:
    """Files and directories that are not in the work tree; what is there is left as it is."""
    shutil.rmtree(project.root / "data" / "events")
    project.write("data/people.csv", "edited\n")
    dvc = open_dvc(project)
    assert dvc.restore()
    assert len(list((project.root / "data" / "events").iterdir())) == 3
    assert (project.root / "data" / "people.csv").read_text() == "edited\n"
    assert dvc.restore(), "nothing is left to do"


def test_what_the_cache_lacks_stays_away(project: Project) -> None:
    """Whoever needs it has to fetch or make it."""
    shutil.rmtree(project.root / "data" / "events")
    shutil.rmtree(project.root / ".dvc" / "cache")
    assert open_dvc(project).restore()
    assert not (project.root / "data" / "events").exists()


def test_the_files_of_a_dataset_are_those_that_dvc_would_record(project: Project) -> None:
    """A file, a directory, a part of one and a folder of outputs: as a snapshot lists them."""
    project.write("more/a/x.csv", "id\n1\n")
    project.write("more/a/deep/y.csv", "id\n2\n")
    project.write("more/a/left-out.csv", "id\n3\n")
    project.write("more/b.csv", "id\n4\n")
    project.write("more/beside.csv", "id\n5\n")
    project.write(".dvcignore", "left-out.csv\n")
    project.dvc("add", "--quiet", "more/a", "more/b.csv")
    listed = ("more/a.dvc", "more/b.csv.dvc")
    tracked = tracked_by(project, listed)
    objects = Objects(cache=project.root / ".dvc/cache/files/md5", remotes=(), progress=Quiet())
    for path, names in {
        "more/b.csv": {"b.csv"},
        "more/a": {"x.csv", "deep/y.csv"},
        "more/a/deep": {"y.csv"},
        "more/a/x.csv": {"x.csv"},
        "more": {"a/x.csv", "a/deep/y.csv", "b.csv"},
    }.items():
        found = tracked_files(project.root, path)
        [content] = snapshot([Dataset(name="d", path=path)], tracked, objects).datasets
        assert DatasetSnapshot(name="d", entries=found.entries).content == content.content
        assert found.files.keys() == names
        assert all(place.is_file() for place in found.files.values())
    for path in ("more/a/left-out.csv", "more/beside.csv", "nowhere"):
        with pytest.raises(ConfigError):
            tracked_files(project.root, path)


def test_of_data_with_a_dvc_file_no_other_file_is_read(project: Project) -> None:
    """A stage starts as fast in a repository of many; what stages make is looked for in all."""
    project.write("more/a/x.csv", "id\n1\n")
    project.write("more/b.csv", "id\n4\n")
    project.dvc("add", "--quiet", "more/a", "more/b.csv")
    project.write("other.dvc", "outs: [")
    for path, name in {"more/b.csv": "b.csv", "more/a/x.csv": "x.csv"}.items():
        assert tracked_files(project.root, path).files.keys() == {name}
    with pytest.raises(ConfigError, match=r"other\.dvc"):
        tracked_files(project.root, "data/people.csv")
    (project.root / "other.dvc").unlink()
    # DVC leaves out what git or .dvcignore ignores.
    project.write(".gitignore", "b.csv.dvc\n")
    project.write(".dvcignore", "a.dvc\n")
    for path in ("more/b.csv", "more/a"):
        with pytest.raises(ConfigError, match="tracks no output"):
            tracked_files(project.root, path)
