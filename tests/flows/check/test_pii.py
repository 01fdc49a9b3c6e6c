"""Values of pii columns appear in no report, log, manifest, tag or commit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.commands import Done, run
from tests.project import Project
from tests.versions import tags

pytestmark = pytest.mark.one_dataset

PLANTED = b"Qzx7"
"""Part of every planted value."""
SCHEMA = """\
schema_type: dataframe
version: 0.35.0
columns:
  id: {dtype: int64, unique: true}
  name: {dtype: str, checks: {str_length: {max_value: 9}}}
  email: {dtype: str, unique: true, checks: {str_matches: "^[a-z]+$"}}
  plan: {dtype: str, checks: {isin: [A, B, C]}}
  spend: {dtype: float64}
checks: {}
unique: [name, email]
"""
PLANT = """
people = [(n, f"Qzx7-{n}", f"Qzx7-{n}@example.com", p, s) for n, _, _, p, s in people]
"""
CASES = {
    "violations": 'people[1] = (1, "Qzx7-1", "Qzx7-1@example.com", "Z", 5)\n',
    "null and double keys": 'people[1:4] = [("", "", "", "A", 5)] * 3\n',
    "another type": 'people[3] = ("Qzx7-id", "Qzx7-3", "Qzx7-e", "A", "Qzx7-spend")\n',
    "a row too long": 'people[3] = (4, "Qzx7-3", "Qzx7-e", "A", 5, "Qzx7-more")\n',
    "a quote that never ends": (
        'open("data/people.csv", "w").write("id,name,email,plan,spend\\n"'
        " + '1,\"Qzx7-open,Qzx7-2,A,5\\n2,Qzx7\"x,Qzx7,B,6\\n')\n"
        "really = write\n"
        "write = lambda path, *rest: None if 'people' in str(path) else really(path, *rest)\n"
    ),
    "no UTF-8": (
        'open("data/people.csv", "wb").write(b"id,name,email,plan,spend\\n'
        '1,Qzx7-\\xff\\xfe,Qzx7-2,A,5\\n")\n'
        "really = write\n"
        "write = lambda path, *rest: None if 'people' in str(path) else really(path, *rest)\n"
    ),
}
QUICK = {"another type", "a quote that never ends"}
"""Types, and the words of the engine; violations, which show rows, are released below."""


def plant(project: Project, extra: str, *, key: list[str]) -> None:
    """Recognisable values in the pii columns, and something wrong with them."""
    script = (project.root / "make.py").read_text()
    before = 'write("data/people.csv"'
    project.write("make.py", script.replace(before, PLANT + extra + before))
    declared = project.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"] = {
        "schema": "schemas/people.yaml", "key": key, "pii": ["id", "name", "email", "spend"],
    }  # fmt: skip
    declared["stages"]["validate"] = {
        "cmd": "datarelease validate people",
        "deps": ["data/people.csv", "schemas/people.yaml"],
        "metrics": [{"reports/people/validation.json": {"cache": False}}],
    }
    project.write("dvc.yaml", yaml.safe_dump(declared))
    project.write("schemas/people.yaml", SCHEMA)
    project.commit("Plant")
    project.push()


def git_objects(repository: Path) -> Iterator[tuple[str, str, bytes]]:
    """Hash, kind and content of every object, whether or not something leads to it."""
    done = subprocess.run(
        ["git", f"--git-dir={repository}", "cat-file", "--batch", "--batch-all-objects"],
        capture_output=True, check=True,
    )  # fmt: skip
    rest = done.stdout
    while rest:
        header, _, rest = rest.partition(b"\n")
        sha, kind, size = header.decode().split()
        yield sha, kind, rest[: int(size)]
        rest = rest[int(size) + 1 :]


def leaks(project: Project, *told: Done) -> list[str]:
    """Every place outside of the data itself that shows a planted value."""
    found = [
        f"output {n}" for n, done in enumerate(told) if PLANTED in (done.out + done.err).encode()
    ]
    places = [project.root / "reports", project.remote / "releases", project.root / ".dvc/tmp"]
    for place in places:
        found += [
            str(path)
            for path in place.rglob("*")
            if path.is_file() and PLANTED in path.read_bytes()
        ]
    for repository in (project.root / ".git", project.origin):
        for sha, kind, content in git_objects(repository):
            if PLANTED in content and b"import csv" not in content:
                found.append(f"{repository}: {kind} {sha}")
    return found


@pytest.mark.parametrize(
    ("case", "key"),
    [
        *(
            pytest.param(case, ["id"], marks=() if case in QUICK else pytest.mark.slow)
            for case in CASES
        ),
        pytest.param("violations", ["id", "email"], marks=pytest.mark.slow),
        pytest.param("null and double keys", ["id", "email"], marks=pytest.mark.slow),
    ],
)
def test_bad_data_shows_no_planted_value(released: Project, case: str, key: list[str]) -> None:
    """Whatever is wrong with the rows, the words about it hold none of their values."""
    plant(released, CASES[case], key=key)
    check = run(released, "check", code=None)
    release = run(released, "release", code=None)
    assert 1 in {check.code, release.code}, check.err
    assert leaks(released, check, release) == []
    assert tags(released) == ["data-v1"]


def test_released_data_shows_no_planted_value(released: Project) -> None:
    """A release that only warns, the next one, and reading them: masked everywhere."""
    plant(released, CASES["violations"], key=["id"])
    released.release_settings(policy={"violations": "warn"})
    released.commit("Let it pass")
    told = [run(released, "release")]
    script = (released.root / "make.py").read_text()
    released.write("make.py", script.replace("Qzx7-{n}@", "Qzx7-new{n}@"))
    released.commit("Other values")
    told += [run(released, *c) for c in (("check",), ("release",), ("diff", "1", "2"))]
    told += [run(released, *c) for c in (("diff", "2", "3", "--json"), ("show", "3", "--json"))]
    told += [run(released, "list"), run(released, "verify", "3", "--full")]
    assert tags(released) == ["data-v1", "data-v2", "data-v3"]
    data = (released.root / "data/people.csv").read_bytes()
    assert PLANTED in data
    assert leaks(released, *told) == []
    assert Path(released.remote / "releases/data-v3/report.html").is_file()


def test_a_column_declared_later_is_masked_from_then_on(released: Project) -> None:
    """What a stage recorded before is not used: the report and the release are made again."""
    plant(released, "", key=["id"])
    declared = released.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"]["pii"] = []
    declared["stages"]["profile"] = {
        "cmd": "datarelease profile people",
        "deps": ["data/people.csv"],
        "metrics": [{"reports/people/profile.json": {"cache": False}}],
    }
    released.write("dvc.yaml", yaml.safe_dump(declared))
    released.write("schemas/people.yaml", SCHEMA[: SCHEMA.index("  name")] + "checks: {}\n")
    released.repro()
    released.commit("Everything is shown")
    assert PLANTED in (released.root / "reports/people/profile.json").read_bytes()
    declared["artifacts"]["people"]["meta"]["pii"] = ["name", "email"]
    released.write("dvc.yaml", yaml.safe_dump(declared))
    released.commit("It was not meant to be")
    released.push()
    done = run(released, "release")
    assert "profile.json is not used: it was made before these inputs changed: pii" in done.err
    documents = (released.remote / "releases" / "data-v2").rglob("*")
    assert not any(PLANTED in path.read_bytes() for path in documents if path.is_file())
