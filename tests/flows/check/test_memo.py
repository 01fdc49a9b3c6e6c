"""What was computed for the same content is not computed again, whoever asks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.commands import run
from tests.project import Project
from tests.tools.opened_files import opened_files
from tests.versions import tags

from datarelease.adapters.memo import FileMemo

pytestmark = pytest.mark.one_dataset


def memo_of(project: Project) -> FileMemo:
    """The memo of a clone."""
    return FileMemo(project.root / ".dvc/cache/files/memo")


def data_of(project: Project) -> tuple[Path, ...]:
    """Where the bytes of datasets are: the work tree, the cache, the remote."""
    places = (project.root / "data", project.root / ".dvc/cache/files/md5", project.remote)
    return tuple(place for place in places if place.is_dir())


def report(project: Project, *arguments: str) -> str:
    """The report of a check of the work tree, as JSON."""
    return run(project, "check", "--json", *arguments).out


def objects(opened: set[Path]) -> set[Path]:
    """Data among the files that were opened: no listing of a directory, no rules of git."""
    return {path for path in opened if path.suffix != ".dir" and path.name != ".gitignore"}


def test_a_second_check_reads_no_data(edited: Project) -> None:
    """The same report follows from the first check's results: no file of data is opened."""
    first = report(edited)
    with opened_files(*data_of(edited)) as opened:
        assert report(edited) == first
    assert objects(opened) == set()


@pytest.mark.slow  # a second check, above, reads no data
def test_a_release_after_the_check_computes_nothing(edited: Project) -> None:
    """Its progress names no validation, profile or row diff, and it releases what was checked."""
    assert "validating" in run(edited, "check").err
    edited.commit("Lock")
    edited.push()
    done = run(edited, "release")
    for word in ("validating", "profiling", "comparing rows"):
        assert word not in done.err
    assert tags(edited)[-1] == "data-v2"


@pytest.mark.slow  # the first check of each other test has none
def test_deleting_the_memo_changes_nothing_but_time(edited: Project) -> None:
    """Without the memo the same report is computed again."""
    first = report(edited)
    shutil.rmtree(memo_of(edited).folder)
    assert report(edited) == first
    assert memo_of(edited).files()


def directory(path: Path) -> None:
    """Put a directory where the file was."""
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "another document": lambda path: path.write_bytes(b'{"format": 1}\n{}'),
    "a directory": directory,
    "unreadable": lambda path: path.chmod(0),
}


@pytest.mark.slow  # tests/contract/test_memo.py has each damage by itself
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_memo_is_computed_again(edited: Project, damage: str) -> None:
    """Whatever became of its files, the report is the same."""
    first = report(edited)
    for path in memo_of(edited).files():
        DAMAGES[damage](path)
    assert report(edited) == first


@pytest.mark.slow  # tests/contract/test_memo.py has each damage
def test_a_well_formed_lie_of_other_inputs_is_not_taken(edited: Project) -> None:
    """The value of one result in the place of another one counts for nothing."""
    first = report(edited)
    memo = memo_of(edited)
    values = [path.read_bytes().partition(b"\n")[2] for path in memo.files()]
    for path, value in zip(memo.files(), [*values[1:], values[0]], strict=True):
        header = path.read_bytes().partition(b"\n")[0]
        path.write_bytes(header + b"\n" + value)
    assert report(edited) == first


@pytest.mark.slow  # test_records.py declares a key later
def test_another_schema_or_key_is_another_result(edited: Project) -> None:
    """A key declared later is checked although the same bytes were validated before."""
    report(edited)
    declared = edited.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"]["key"] = ["plan"]
    edited.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    done = run(edited, "check", code=1)
    assert "people: validating" in done.err
    assert "events: validating" not in done.err


def test_a_fresh_clone_takes_the_results_of_the_newest_version(
    released: Project, tmp_path: Path
) -> None:
    """Unchanged data is not even fetched: the documents of the version say what it is like."""
    clone = released.clone(tmp_path / "clone")
    expected = report(released)
    with opened_files(released.remote) as opened:
        found = run(clone, "check", "--json")
    assert found.out == expected
    assert "validating" not in found.err
    assert not (clone.root / "data/people.csv").exists()
    read = {path.relative_to(released.remote).parts[0] for path in objects(opened)}
    assert "files" not in read


def test_a_stage_reads_only_the_parts_that_changed(edited: Project) -> None:
    """Of a directory of parts, the second validation opens the one that changed."""
    folder = edited.root / "data/parts"
    folder.mkdir()
    for number in range(3):
        pq.write_table(pa.table({"id": [2 * number, 2 * number + 1]}), folder / f"{number}.parquet")
    edited.dvc("add", "--quiet", "data/parts")
    declared = edited.read_yaml("dvc.yaml")
    declared["artifacts"]["parts"] = {
        "path": "data/parts",
        "type": "dataset",
        "meta": {"key": ["id"]},
    }
    edited.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    run(edited, "validate", "parts")
    changed = folder / "1.parquet"
    changed.unlink()  # it may be a link to DVC's cache
    pq.write_table(pa.table({"id": [2, 2]}), changed)
    with opened_files(folder) as opened:
        done = run(edited, "validate", "parts", code=1)
    assert "key unique" in done.out + done.err
    assert objects(opened) == {changed}


@pytest.mark.slow  # tests/contract/test_memo.py has a limit
def test_results_are_bounded(edited: Project) -> None:
    """A check that ends removes what was not used for longest, past the limit."""
    report(edited)
    memo = memo_of(edited)
    stale = memo.folder / "00" / ("0" * 62)
    stale.parent.mkdir(exist_ok=True)
    with stale.open("wb") as stream:
        stream.truncate(600 * 1024**2)
    os.utime(stale, (0, 0))
    report(edited)
    assert not stale.exists()
    assert len(memo.files()) > 1
