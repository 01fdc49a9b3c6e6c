"""The pure parts of the benchmarks: inputs, figures, page; and one measured process."""

from __future__ import annotations

import json
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from benchmarks import data, suite
from benchmarks.document import document, median_run, parts, ratio, section
from benchmarks.measure import Run, RunFailed, measure
from benchmarks.places import ROOT
from benchmarks.scene import Scene, Variant
from benchmarks.suite import plan_of


def runs(*walls: float) -> list[dict[str, Any]]:
    """Runs with the same figures but for the wall time."""
    same = {"cpu": 1.0, "peak": 10**8, "stopped": False, "log": [], "steps": {}}
    return [{**same, "wall": wall} for wall in walls]


def variant(name: str, *walls: float, ours: bool = False) -> dict[str, Any]:
    """A variant as the results hold it."""
    return {"name": name, "label": f"`{name}`, as it is", "ours": ours, "runs": runs(*walls)}


def scene(*variants: dict[str, Any]) -> dict[str, Any]:
    """A scene as the results hold it."""
    texts = {
        "title": "Work",
        "about": "",
        "when": "2026-01-02",
        "load": "",
        "versions": "a 1",
        "commit": "f00",
    }
    return {**texts, "notes": [], "variants": list(variants)}


def test_edits_change_only_the_lines_named() -> None:
    """The parameters of v2 are this repository's, with the edit and nothing else."""
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    before, after = yaml.safe_load(params), yaml.safe_load(data.edited(params, data.AFTER))
    assert after["make"].pop("churn_rate") == 0.26
    assert before["make"].pop("churn_rate") != 0.26
    assert after == before


def test_an_edit_of_a_parameter_that_is_not_there_fails() -> None:
    """A renamed parameter must not end in two equal datasets."""
    with pytest.raises(KeyError):
        data.edited("make:\n  rows: 5\n", {"churn": "1"})


@pytest.mark.parametrize(
    ("value", "shown"), [(0.123, "0.12"), (0.999, "1.00"), (1.26, "1.3"), (14.4, "14")]
)
def test_ratios_have_two_digits(value: float, shown: str) -> None:
    """A ratio says no more than two digits."""
    assert ratio(runs(value), runs(1.0), "wall") == shown


def test_ratios_are_of_medians() -> None:
    """One slow run moves nothing."""
    assert ratio(runs(2.0, 2.0, 60.0), runs(1.0, 1.0, 1.0), "wall") == "2.0"


def test_the_median_run_is_a_run() -> None:
    """Of an even number of runs it is the lower middle one."""
    assert median_run(runs(4.0, 1.0, 3.0, 2.0))["wall"] == 2.0


def test_parts_add_up_to_the_wall_time() -> None:
    """Every second between start and end belongs to one part."""
    log = [
        [1.0, "`dvc repro` is skipped because dvc.lock is up to date"],
        [1.2, "customers: validating 1 file"],
        [3.2, "customers: profiling 1 file"],
        [6.2, "✓ Pass: first release: merging publishes data-v1"],
        [6.2, "✓ customers  1,010,000 rows"],
        [7.2, "1 object was sent to storage; 0 were there already"],
        [7.7, "1 object was verified on 1 remote"],
        [8.0, "the tag data-v1 is on the git remote"],
    ]
    found = parts({"wall": 9.0, "log": log})
    assert sum(found.values()) == pytest.approx(9.0)
    assert found["validation"] == pytest.approx(2.0)
    assert found["profile"] == pytest.approx(3.0)
    assert found["push"] == pytest.approx(1.0)


def test_a_log_that_says_nothing_has_no_parts() -> None:
    """`--help` has nothing to divide."""
    assert parts({"wall": 1.0, "log": [[0.1, "hello"]]}) == {}


def test_the_page_shows_what_is_slower_in_bold() -> None:
    """The first table has our commands only, and worse than the peer is bold."""
    page = document(
        {
            "machine": "2 cores.",
            "scenes": {"work": scene(variant("peer", 2.0), variant("mine", 3.0, ours=True))},
        }
    )
    assert "| Work; as it is | **1.5** | 1.0 | 1.0 |" in page
    assert "2 cores." in page


def test_growth_is_between_the_sizes_of_one_kind_of_work() -> None:
    """Ten times the rows in a hundred times the time is the second power; others do not count."""
    page = document(
        {
            "machine": "",
            "scenes": {
                "work-1000-bad": scene(variant("mine", 100.0, ours=True), variant("peer", 1.0)),
                "work-100-bad": scene(variant("mine", 1.0, ours=True), variant("peer", 1.0)),
                "work-10": scene(variant("mine", 1.0, ours=True)),
            },
        }
    )
    rows = [line for line in page.splitlines() if line.startswith("| Work; `mine`, as it is |")]
    assert rows == ["| Work; `mine`, as it is | 100 | 1,000 | 2.00 | 0.00 | 0.00 |"]


def test_slow_parts_are_measured_only_where_they_are_named() -> None:
    """Without `--only` neither the largest table, the worst one nor the many files are made."""
    slow = {"failing", "large", "objects"}
    assert not slow & set(plan_of([])[0].only)
    assert plan_of(["--only", "failing"])[0].only == ("failing",)


def test_a_run_stopped_for_memory_is_a_lower_bound() -> None:
    """Figures of a run that did not end are marked as such."""
    starved = variant("peer", 2.0)
    starved["runs"][0]["stopped"] = True
    assert "| ≥ 2.00 s | ≥ 1.0 |" in section("work", scene(starved))


def test_variants_take_turns() -> None:
    """A B A B, and what is measured once only in the first round."""
    order: list[str] = []

    def play(name: str) -> Run:
        order.append(name)
        return Run(wall=1.0, cpu=1.0, peak=1)

    played = Scene(
        name="work",
        title="",
        about="",
        variants=[
            Variant(name="a", label="a", run=lambda: play("a")),
            Variant(name="b", label="b", run=lambda: play("b")),
            Variant(name="c", label="c", run=lambda: play("c"), once=True),
        ],
    ).play(rounds=2, budget=60)
    assert order == ["a", "b", "c", "a", "b"]
    assert [len(variant["runs"]) for variant in played["variants"]] == [2, 2, 1]


def test_no_round_is_begun_beyond_the_budget() -> None:
    """One round there is always."""
    once = Variant(name="a", label="a", run=lambda: Run(wall=1.0, cpu=1.0, peak=1))
    played = Scene(name="", title="", about="", variants=[once]).play(rounds=9, budget=-1.0)
    assert len(played["variants"][0]["runs"]) == 1


def test_what_is_measured_once_does_not_use_up_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next round is estimated without it."""
    now = [0.0]
    monkeypatch.setattr("benchmarks.scene.time.monotonic", lambda: now[0])

    def last(seconds: float) -> Run:
        now[0] += seconds
        return Run(wall=seconds, cpu=1.0, peak=1)

    quick = Variant(name="a", label="a", run=lambda: last(1.0))
    long = Variant(name="b", label="b", run=lambda: last(60.0), once=True)
    played = Scene(name="", title="", about="", variants=[quick, long]).play(rounds=3, budget=100)
    assert [len(variant["runs"]) for variant in played["variants"]] == [3, 1]


def test_peak_memory_counts_children(tmp_path: Path) -> None:
    """A child's 60 MB are seen, though the process that was started is small itself."""
    child = "import time; block = b'x' * 60_000_000; time.sleep(0.4)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    run = measure([sys.executable, "-c", parent], cwd=tmp_path, env={})
    assert 60e6 < run.peak < 160e6
    assert run.wall > 0.4


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    """The error shows what the command said."""
    with pytest.raises(RunFailed, match="no such thing"):
        measure([sys.executable, "-c", "raise SystemExit('no such thing')"], cwd=tmp_path, env={})


def test_lines_of_the_log_have_their_times(tmp_path: Path) -> None:
    """Each line of standard error comes with the second of its arrival."""
    code = "import sys; print('one', file=sys.stderr); print('out')"
    run = measure([sys.executable, "-c", code], cwd=tmp_path, env={})
    [(when, line)] = run.log
    assert (line, run.out) == ("one", "out")
    assert 0 < when <= run.wall


def test_the_document_is_written_by_a_full_run_only() -> None:
    """`--quick` keeps its results apart."""
    quick, writes = plan_of(["--quick"])
    full, written = plan_of([])
    assert (writes, written) == (False, True)
    assert quick.results != full.results
    assert full.rows == (1_000_000, 10_000_000)
    assert plan_of(["--rows", "5,6"])[0].rows == (5, 6)


def test_the_first_run_of_stages_has_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """`--only init` plays the adoption of small files and nothing else."""
    played = Scene(name="init", title="", about="", variants=())
    monkeypatch.setattr(suite, "init_scene", lambda: played)
    assert list(suite.scenes(plan_of(["--only", "init"])[0])) == [played]


@pytest.mark.parametrize(
    "part",
    [
        *("start-up", "list", "init", "unchanged", "check", "rows", "table", "engines", "failing"),
        *("large", "changed", "parts", "file", "objects", "ingest", "parse"),
    ],
)
def test_each_part_can_be_chosen_and_has_a_scene(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--only PART` makes scenes of that part; nothing is prepared or measured here."""
    played = Scene(name=part, title="", about="", variants=())
    for name in [name for name in vars(suite) if name.endswith("_scene")]:
        monkeypatch.setattr(suite, name, lambda *_, **__: played)
    for name in [name for name in vars(suite) if name.endswith("_scenes")]:
        monkeypatch.setattr(suite, name, lambda *_: iter([played]))
    for name in ("ingest_scene", "parse_scene", "s3_scene"):
        monkeypatch.setattr(suite, name, lambda *_: nullcontext(played))
    monkeypatch.setattr(suite, "prepared", lambda *_: None)
    monkeypatch.setattr(data, "customers", lambda *_: ROOT / "params.yaml")
    monkeypatch.setattr(data, "parts", lambda *_: ROOT / "params.yaml")
    plan, _ = plan_of(["--only", part])
    made = list(suite.scenes(plan))
    assert made
    assert {scene.name for scene in made} == {part}


def test_no_part_is_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    """Each part is measured without `--only`, or is listed as slow."""
    usual = plan_of([])[0].only
    with pytest.raises(SystemExit):
        plan_of(["--only", "nothing"])
    named = capsys.readouterr().err.partition("choose from ")[2]
    assert {*usual, *suite.SLOW_PARTS} == {*re.findall(r"[a-z-]+", named)}


def test_rows_that_are_no_numbers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with the reason, before anything is made."""
    with pytest.raises(SystemExit) as stopped:
        plan_of(["--rows", "many"])
    assert stopped.value.code == 2
    assert "--rows" in capsys.readouterr().err


def test_the_full_join_written_by_hand_finds_what_the_row_diff_finds(tmp_path: Path) -> None:
    """Both ways count the same rows of two small files."""
    for name, table in (
        ("old", {"id": [1, 2, 3, 4], "v": ["a", None, "c", "d"]}),
        ("new", {"id": [2, 3, 4, 5, 6], "v": [None, "x", None, "e", "f"]}),
    ):
        pq.write_table(pa.table(table), tmp_path / name)
    script = str(ROOT / "benchmarks" / "row_diff.py")
    files = ["id", str(tmp_path / "old"), str(tmp_path / "new")]
    found = [
        json.loads(measure([sys.executable, script, way, *files], cwd=tmp_path, env={}).out)
        for way in ("datarelease", "full-join")
    ]
    assert found == [{"added": 2, "removed": 1, "changed": 2}] * 2
