"""A file that no reader can read blocks, and is told as such by every command, format by format."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tests.commands import run
from tests.project import Project
from tests.versions import tags

pytestmark = pytest.mark.one_dataset

ZSTD = b"\x28\xb5\x2f\xfd"
"""Every page of such a file begins with it (RFC 8878, Zstandard frames)."""


def damaged_parquet() -> bytes:
    """A file whose footer is right and whose pages are not."""
    sink = io.BytesIO()
    table = pa.table({"id": list(range(5000)), "x": [f"text {n}" for n in range(5000)]})
    pq.write_table(table, sink, compression="zstd", use_dictionary=False)
    assert ZSTD in sink.getvalue()
    return sink.getvalue().replace(ZSTD, b"none")


def test_a_malformed_csv_is_not_told_as_a_removed_dataset(released: Project) -> None:
    """No rows are lost, none are compared; the violations' level does not let it pass."""
    script = (released.root / "make.py").read_text()
    edit = 'people[3] = (*people[3], "more", "and more")\n'
    released.write(
        "make.py", script.replace('write("data/people.csv"', f'{edit}write("data/people.csv"')
    )
    released.release_settings(policy={"violations": "warn", "breaking": "warn"})
    released.commit("A row too long")
    released.push()
    done = run(released, "check", code=1)
    report = json.loads((released.root / "reports/report.json").read_text())
    [people] = [dataset for dataset in report["datasets"] if dataset["name"] == "people"]
    assert people["diff"]["status"] == "unreadable"
    assert (people["diff"]["rows_before"], people["diff"]["rows_after"]) == (None, None)
    assert people["diff"]["unreadable"].startswith("cannot be read: people.csv: ")
    blocking = {f["rule"] for f in report["verdict"]["findings"] if f["level"] == "block"}
    assert blocking == {"unreadable"}
    for text in ((released.root / "reports/report.md").read_text(), done.text):
        assert "cannot be read" in text
        assert "removed" not in text
        assert "lost" not in text
    assert "cannot be read: people.csv" in (released.root / "reports/report.html").read_text()
    assert "cannot be read" in run(released, "validate", "people", code=1).err
    assert "cannot be read" in run(released, "profile", "people", code=1).err
    assert "cannot be read" in run(released, "release", code=1).text
    assert tags(released) == ["data-v1"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"PAR1 no table PAR1", id="no parquet", marks=pytest.mark.slow),
        pytest.param(damaged_parquet(), id="damaged parquet"),
        pytest.param(b"id,x\n1,2\n3,4,5\n", id="ragged csv"),
        pytest.param(b"id,x\n1,\xff\xfe\n", id="no text", marks=pytest.mark.slow),
    ],
)
def test_a_first_version_of_unreadable_data_is_blocked(built: Project, content: bytes) -> None:
    """With no schema and no key nothing but its statistics would have looked at the pages."""
    path = f"data/x.{'csv' if content.startswith(b'id') else 'parquet'}"
    built.write(path, content)
    built.dvc("add", "--quiet", path)
    declared = built.read_yaml("dvc.yaml")
    declared["artifacts"] = {"x": {"path": path, "type": "dataset"}}
    built.write("dvc.yaml", yaml.safe_dump(declared))
    built.commit("Other data")
    done = run(built, "check", "--json", code=1)
    [x] = done.json["datasets"]
    assert x["diff"]["status"] == "unreadable"
    assert x["diff"]["unreadable"].startswith("cannot be read: x.")
    assert [f["rule"] for f in done.json["verdict"]["findings"]] == ["unreadable"]
