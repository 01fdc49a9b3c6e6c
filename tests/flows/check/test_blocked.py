"""Bad data never gets a number: violations and policy, all at once, and nothing goes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from tests.commands import run
from tests.project import Project
from tests.slow_cases import slow_but
from tests.versions import tags, tree_state

PEOPLE_SCHEMA = """\
schema_type: dataframe
version: 0.35.0
columns:
  id: {dtype: int64, unique: true}
  name: {dtype: str}
  email: {dtype: str, checks: {str_matches: "^[^@]+@example.com$"}}
  plan: {dtype: str, checks: {isin: [A, B, C]}}
  spend: {dtype: float64, checks: {in_range: {min_value: -1000, max_value: 1000}}}
"""
EVENTS_SCHEMA = """\
schema_type: dataframe
version: 0.35.0
columns:
  event: {dtype: int64, unique: true}
  person: {dtype: int64}
  value: {dtype: float64, checks: {greater_than_or_equal_to: 0}}
"""
BAD = """
people[0] = (1, "Person 1", "not an address", "Z", 99999)
people[1] = (1, "Person 2", "person2@example.com", "A", 5)
"""


def with_schemas(project: Project, *, stages: bool) -> None:
    """Both datasets get a schema, checked by stages of their own or by us."""
    declared = project.read_yaml("dvc.yaml")
    for name, schema in (("people", PEOPLE_SCHEMA), ("events", EVENTS_SCHEMA)):
        project.write(f"schemas/{name}.yaml", schema)
        artifact = declared["artifacts"][name]
        artifact["meta"]["schema"] = f"schemas/{name}.yaml"
        if stages:
            declared["stages"][f"validate-{name}"] = {
                "cmd": f"datarelease validate {name}",
                "deps": [artifact["path"], f"schemas/{name}.yaml"],
                "metrics": [{f"reports/{name}/validation.json": {"cache": False}}],
            }
            declared["stages"][f"profile-{name}"] = {
                "cmd": f"datarelease profile {name}",
                "deps": [artifact["path"], f"reports/{name}/validation.json"],
                "metrics": [{f"reports/{name}/profile.json": {"cache": False}}],
            }
    project.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))


def edit_script(project: Project, before: str, code: str) -> None:
    """Put ``code`` in front of a line of the stage's script, committed and pushed."""
    script = (project.root / "make.py").read_text()
    assert before in script
    project.write("make.py", script.replace(before, code + before, 1))
    project.commit("Another script")
    project.push()


WRITE_PEOPLE = 'write("data/people.csv"'
WRITE_EVENTS = "    write(folder"


def report_of(project: Project) -> Any:
    """The report file that the command left."""
    return json.loads((project.root / "reports/report.json").read_text(encoding="utf-8"))


def rules(report: Any, level: str) -> set[tuple[str, str]]:
    """The rules that the report finds broken, with their datasets."""
    findings = report["verdict"].get("findings", [])
    return {(item["rule"], item["dataset"]) for item in findings if item["level"] == level}


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param(False, id="by check"),
        # test_records.py has the records of stages.
        pytest.param(True, id="by stages", marks=pytest.mark.slow),
    ],
)
# That a release is blocked where a check is says `test_each_rule_blocks`.
@pytest.mark.parametrize("command", slow_but({"check"}, ["check", "release"]))
def test_all_violations_of_all_datasets_are_told_at_once(
    built: Project, command: str, *, stages: bool
) -> None:
    """Exit 1, one report with every failed check, files written, nothing pushed, nothing tagged."""
    with_schemas(built, stages=stages)
    edit_script(built, WRITE_PEOPLE, BAD)
    edit_script(built, WRITE_EVENTS, "    events[0] = (events[0][0], 1, -5.0)\n")
    origin = tree_state(built.origin)
    done = run(built, command, code=1)
    report = report_of(built)
    failed = {
        (dataset["name"], violation["column"], violation["reason"])
        for dataset in report["datasets"]
        for violation in dataset["validation"]["violations"]
    }
    assert failed == {
        ("people", "id", "series_contains_duplicates"),
        ("people", "email", "dataframe_check"),
        ("people", "plan", "dataframe_check"),
        ("people", "spend", "dataframe_check"),
        ("events", "value", "dataframe_check"),
    }
    assert rules(report, "block") == {("violations", "people"), ("violations", "events")}
    assert "people" in done.err + done.out
    assert "events" in done.err + done.out
    for form in ("report.json", "report.md", "report.html"):
        assert (built.root / "reports" / form).is_file()
    assert tags(built) == []
    assert not built.remote.exists()
    assert tree_state(built.origin) == origin


@pytest.mark.slow  # test_golden.py compares records
def test_stages_make_what_the_check_would_make(built: Project) -> None:
    """With and without stages, the report's validation and comparison are the same."""
    with_schemas(built, stages=False)
    built.commit("Schemas")
    one = run(built, "check", "--json").json
    with_schemas(built, stages=True)
    built.commit("Stages")
    two = run(built, "check", "--json").json
    assert one["datasets"] == two["datasets"]


def test_good_data_with_stages_is_released_with_its_reports(built: Project) -> None:
    """The release commit holds the lock and what the stages wrote; a second run has nothing."""
    with_schemas(built, stages=True)
    built.commit("Stages")
    built.push()
    run(built, "release")
    changed = built.git("diff", "--name-only", "HEAD^", "HEAD").splitlines()
    assert changed == [
        "dvc.lock",
        *(f"reports/{n}/{f}.json" for n in ("events", "people") for f in ("profile", "validation")),
    ]
    again = run(built, "release", "--json")
    assert again.json["released"] is False
    assert "skipped because dvc.lock is up to date" in again.err


@pytest.mark.slow  # test_pii.py releases violations that warn
def test_violations_may_warn(built: Project) -> None:
    """With `violations: warn` bad data is released, with the warning in its verdict."""
    with_schemas(built, stages=True)
    built.release_settings(policy={"violations": "warn"})
    edit_script(built, WRITE_PEOPLE, BAD)
    result = run(built, "release", "--json").json
    assert (result["released"], result["verdict"]) == (True, "warn")


DRIFT = "people = [(*p[:4], p[4] + 90) for p in people]\n"
EMPTIED = "people = [(*p[:4], p[4] if p[0] % 2 else '') for p in people]\n"
POLICIES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("row_loss", {"row_loss": {"max": 0.1, "level": "block"}}, {"rows": 10}, ""),
    ("row_gain", {"row_gain": {"max": 0.1, "level": "block"}}, {"rows": 30}, ""),
    ("rows", {"rows": {"min": 15}}, {"rows": 10}, ""),
    ("rows", {"rows": {"max": 35}}, {"rows": 40}, ""),
    ("psi", {"psi": {"max": 0.1, "level": "block"}}, {}, DRIFT),
    ("ks", {"ks": {"max": 0.1, "level": "block"}}, {}, DRIFT),
    ("null_rate", {"null_rate": {"max": 0.1, "level": "block"}}, {}, EMPTIED),
    ("append_only", {"append_only": {"datasets": {"people": True}}}, {}, DRIFT),
]  # fmt: skip


@pytest.mark.one_dataset
@pytest.mark.parametrize(
    ("rule", "policy", "params", "code"),
    # A rule of a column and one of changed rows: each is a figure and a limit, as of rows.
    slow_but({"null_rate", "append_only"}, POLICIES, lambda policy: policy[0]),
)
def test_each_rule_blocks(
    released: Project, rule: str, policy: dict[str, Any], params: dict[str, Any], code: str
) -> None:
    """A change over the limit is blocked by its rule; off for the dataset or column, it passes."""
    released.release_settings(policy=policy)
    released.params(**params)
    edit_script(released, WRITE_PEOPLE, code)
    remote = tree_state(released.remote)
    report = run(released, "check", "--json", code=1).json
    assert (rule, "people") in rules(report, "block")
    done = run(released, "release", code=1)
    assert "people" in done.err
    assert tags(released) == ["data-v1"]
    assert tree_state(released.remote) == remote

    exceptions: dict[str, dict[str, Any]] = {
        "rows": {"datasets": {"people": {"min": 1, "max": None}}},
        "row_loss": {"datasets": {"people": False}},
        "row_gain": {"datasets": {"people": False}},
        "append_only": {"datasets": {"people": False}},
    }
    off = exceptions.get(rule, {"columns": {"people.spend": False, "id": False, "plan": 9}})
    if "max" in policy[rule] and "rows" not in rule:
        off["max"] = policy[rule]["max"]
    released.release_settings(policy={rule: {**policy[rule], **off}})
    released.commit("An exception", "params.yaml")
    report = run(released, "check", "--json").json
    assert (rule, "people") not in rules(report, "block")


@pytest.mark.one_dataset
def test_a_breaking_change_needs_a_waiver_that_names_it(released: Project) -> None:
    """A removed column blocks; the old permission for everything is refused; by name it passes."""
    edit_script(
        released, WRITE_PEOPLE + ', ("id", "name", "email", "plan", "spend"), people)',
        'write("data/people.csv", ("id", "name", "email", "plan"), [p[:4] for p in people])\n#',
    )  # fmt: skip
    report = run(released, "check", "--json", code=1).json
    assert ("breaking", "people") in rules(report, "block")
    blocked = run(released, "release", code=1).err
    released.release_settings(policy={"allow_breaking": True, "reason": "nobody used spend"})
    released.commit("Allow everything", "params.yaml")
    done = run(released, "check", code=2)
    assert '- {what: "people.COLUMN", until: "data-vN", reason: "nobody used spend"}' in done.text
    other = {"what": "people", "until": "data-v9", "reason": "another change"}
    released.release_settings(policy={"allow_breaking": [other]})
    released.commit("Name another change", "params.yaml")
    report = run(released, "check", "--json", code=1).json
    assert "the waiver of people excuses nothing in this change" in json.dumps(report["notes"])
    [entry] = yaml.safe_load(blocked.partition("release.policy.allow_breaking:\n")[2])
    assert (entry["what"], entry["until"]) == ("people.spend", "data-v2")
    entry["reason"] = "nobody used spend"
    released.release_settings(policy={"allow_breaking": [entry]})
    released.commit("Name it", "params.yaml")
    result = run(released, "release", "--json").json
    assert (result["tag"], result["verdict"]) == ("data-v2", "warn")
    [found] = report_of(released)["verdict"]["findings"]
    assert found["waiver"]["reason"] == "nobody used spend"
    report = run(released, "check", "--json").json
    assert "the waiver of people.spend lapsed after data-v2" in json.dumps(report["notes"])


@pytest.mark.slow  # test_wrong_turns.py has a table without rows
def test_an_empty_dataset_blocks(released: Project) -> None:
    """A table without rows is blocked by default."""
    released.params(rows=0)
    edit_script(released, "    events =", "    params['rows'] = 1\n")
    report = run(released, "check", "--json", code=1).json
    assert ("rows", "people") in rules(report, "block")
    assert "empty" in json.dumps(report["verdict"])


def test_a_file_that_is_no_table_blocks_and_hides_nothing(released: Project) -> None:
    """An unreadable dataset is a finding of its own; the other dataset is reported as well."""
    edit_script(
        released, WRITE_PEOPLE + ', ("id"',
        'open("data/people.csv", "wb").write(bytes(range(256)) * 9)\n#',
    )  # fmt: skip
    report = run(released, "check", "--json", code=1).json
    assert rules(report, "block") == {("unreadable", "people")}
    assert {dataset["name"] for dataset in report["datasets"]} == {"people", "events"}
    people = next(dataset for dataset in report["datasets"] if dataset["name"] == "people")
    assert [v["reason"] for v in people["validation"]["violations"]] == ["unreadable"]
    run(released, "release", code=1)
    assert tags(released) == ["data-v1"]


@pytest.mark.one_dataset
@pytest.mark.parametrize(
    "before",
    [
        pytest.param(True, id="makes the data", marks=pytest.mark.slow),
        pytest.param(False, id="comes after it"),
    ],
)
def test_a_failing_stage_that_is_not_ours_is_named(released: Project, *, before: bool) -> None:
    """The pipeline is broken, not the data: exit 2 with the stage's name and its own output."""
    if before:
        edit_script(released, WRITE_PEOPLE, 'raise SystemExit("the well is dry")\n')
    else:
        declared = released.read_yaml("dvc.yaml")
        declared["stages"]["plots"] = {
            "cmd": "python -c 'raise SystemExit(\"the well is dry\")'", "deps": ["data/people.csv"],
        }  # fmt: skip
        released.write("dvc.yaml", yaml.safe_dump(declared))
        released.commit("Plots")
        released.push()
    for command in ("check", "release"):
        done = run(released, command, code=2)
        assert "the well is dry" in done.err
        assert ("make" if before else "plots") in done.text.partition("error:")[2]
    assert tags(released) == ["data-v1"]


@pytest.mark.one_dataset
def test_withdrawn_data_is_not_published_again_by_itself(edited: Project) -> None:
    """After a yank, releasing the same data once more is blocked until it is taken back."""
    run(edited, "release")
    run(edited, "yank", "data-v2", "--reason", "wrong prices")
    done = run(edited, "release", code=1)
    assert "data-v2, which was withdrawn: wrong prices" in done.text
    assert tags(edited) == ["data-v1", "data-v2", "data-v2-yanked"]
    run(edited, "rollback", "data-v1")
    back = ("release", "--json", "--branch", "rollback-to-data-v1")
    result = run(edited, *back).json
    assert result["released"] is False, "data-v1 is the newest version in use"
    run(edited, "unyank", "data-v2")
    assert run(edited, *back).json["tag"] == "data-v3"


@pytest.mark.one_dataset
def test_other_bytes_than_reviewed_are_a_conflict(edited: Project) -> None:
    """The digest that a reviewer saw passes; any other is exit 4 with both, and nothing happens."""
    digest = run(edited, "check", "--json").json["digest"]
    remote = tree_state(edited.remote)
    done = run(edited, "release", "--reviewed", "0" * 64, code=4)
    assert digest in done.text
    assert "0" * 64 in done.text
    assert (tags(edited), tree_state(edited.remote)) == (["data-v1"], remote)
    result = run(edited, "release", "--reviewed", digest, "--json").json
    assert result["tag"] == "data-v2"
