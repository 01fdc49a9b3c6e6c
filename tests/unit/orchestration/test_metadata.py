"""What Dagster shows of reports: plots that are well-formed, text that is harmless."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import dagster as dg
import pytest
import yaml
from tests import sample_reports as samples
from tests.commands import run
from tests.hostile import HOSTILE, poisoned
from tests.project import Project

from datarelease.documents import encode
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.provenance import of_validation
from datarelease.model.data.validation import ColumnContract, Contract, Validation
from datarelease.model.review.diff import Histogram
from datarelease.model.review.report import Report
from datarelease.model.versions.snapshot import DatasetSnapshot, Entry
from datarelease.orchestration.metadata import (
    Metadata,
    contract_of,
    document_metadata,
    findings_markdown,
    report_metadata,
)
from datarelease.orchestration.resources import RepositoryResource
from datarelease.progress import Quiet
from datarelease.render.html.report import MOST_PANELS, drift_plot
from datarelease.render.verdict import VerdictView

SVG = "{http://www.w3.org/2000/svg}"


def shapes(report: Report) -> list[str]:
    """The elements of the drift plot, in order, without labels, of which long ones make fewer."""
    plot = drift_plot(report)
    assert plot is not None
    found = [element.tag.removeprefix(SVG) for element in ET.fromstring(plot).iter()]  # noqa: S314
    return [name for name in found if name not in {"line", "text"}]


def test_the_columns_that_moved_most_are_drawn() -> None:
    """A panel each, at most four, the worst first, with its figures."""
    plot = drift_plot(samples.wide(60))
    assert plot is not None
    titles = [
        str(text.text)
        for text in ET.fromstring(plot).iter(f"{SVG}text")  # noqa: S314
        if "13px" in text.get("style", "")
    ]
    assert len(titles) == MOST_PANELS
    measures = [re.search(r"PSI\s<?([\d.]+)", title) for title in titles]
    shifts = [float(found[1]) for found in measures if found]
    assert len(shifts) == MOST_PANELS
    assert max(shifts) > 0


def test_a_logarithmic_axis_is_called_so() -> None:
    """Beside the figures of its panel."""
    edges = tuple(float(f * 10**d) for d in range(4) for f in (1, 2, 5))
    counts = (1.0,) * (len(edges) - 1)
    (column,) = samples.small().datasets[0].diff.columns
    skewed = Histogram(labels=(), edges=edges, before=counts, after=counts)
    for histogram, said in ((skewed, True), (column.histogram, False)):
        moved = replace(column, histogram=histogram)
        plot = drift_plot(samples.report(samples.dataset(columns=(moved,))))
        assert ("logarithmic axis" in str(plot)) == said


def test_a_first_release_has_no_drift() -> None:
    """There is nothing to compare with, and the metadata says so."""
    assert drift_plot(samples.SAMPLES["first"]()) is None
    found = report_metadata(samples.SAMPLES["first"]())
    assert "drift" not in found
    assert found["baseline"].value == "none: first release"


@pytest.mark.parametrize("text", [text for text in HOSTILE if set(text) & set("<{&\x00")])
def test_hostile_names_draw_the_same_shapes(text: str) -> None:
    """Names of columns and categories are text in the picture, whatever they look like."""
    report = samples.blocked()
    assert shapes(poisoned(report, text)) == shapes(poisoned(report, "x"))


def test_the_plot_travels_inside_the_event() -> None:
    """No file and no address: the page that shows it needs nothing else."""
    shown = str(report_metadata(samples.blocked())["drift"].value)
    found = re.search(r"\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)", shown)
    assert found is not None
    assert base64.b64decode(found[1]).startswith(b"<svg")
    assert len(shown) < 60_000


def test_a_report_is_short_enough_for_an_event() -> None:
    """Sixty datasets of columns are cut, with the worst first."""
    shown = str(report_metadata(samples.wide(300))["report"].value)
    assert len(shown) <= 20_000


def test_findings_are_told_worst_first() -> None:
    """Each with its rule; nothing found is said too."""
    report = samples.blocked()
    verdict, findings = VerdictView(report), report.verdict.findings
    shown = str(findings_markdown(verdict, findings).value)
    assert shown.count("\n") == len(findings) - 1
    assert shown.startswith("- ⛔")
    assert findings_markdown(verdict, []).value == "Nothing found."


def test_columns_are_shown_as_the_schema_promises_them() -> None:
    """From the recorded validation; an older format, another schema, or no record shows none."""
    column = ColumnContract(
        name="id", type="int64", nullable=False, unique=True, required=True, checks=("ge(1)",)
    )
    people = Dataset(name="a", path="a.csv", schema="a.yaml")
    content = DatasetSnapshot(name="a", entries=(Entry(path="a.csv", md5="0" * 32),))
    files = {"a.yaml": b"columns: {}", people.validation_file: b""}
    validation = Validation(
        dataset="a", rows=1, schema="a.yaml", checks=1, contract=Contract(columns=(column,)),
        made_from=of_validation(people, content, files.get),
    )  # fmt: skip

    def shown(record: str | None, **edits: bytes) -> dg.TableSchema | None:
        there = {**files, **edits}
        there |= {people.validation_file: record.encode()} if record is not None else {}
        return contract_of(people, lambda path: there.get(path) or None)

    schema = shown(encode(validation))
    assert schema is not None
    [found] = schema.columns
    assert (found.name, found.type, found.constraints.unique) == ("id", "int64", True)
    assert isinstance(schema, dg.TableSchema)
    assert shown(encode(validation), **{"a.yaml": b"columns: {id: {dtype: str}}"}) is None
    assert shown(encode(validation), **{"checks.py": b"import pandera"}) is None
    assert shown(encode(replace(validation, contract=None))) is None
    assert shown('{"format": 0}') is None
    assert shown(None) is None


@pytest.fixture
def recorded(project: Project) -> Project:
    """People are validated and profiled as their data is now."""
    for command in ("validate", "profile"):
        run(project, command, "people")
    return project


def documents(project: Project) -> tuple[Metadata, Metadata]:
    """What Dagster shows of the validation and of the statistics of people."""
    ws = RepositoryResource(root=str(project.root)).workspace(Quiet())
    validation, profile = (
        document_metadata(ws, f"reports/people/{name}.json", name)
        for name in ("validation", "profile")
    )
    return validation, profile


def test_records_of_the_current_data_show_their_figures(recorded: Project) -> None:
    """Rows, checks and columns, without a remark; no other file says anything."""
    validation, profile = documents(recorded)
    assert (validation["rows"].value, validation["violations"].value) == (20, 0)
    assert (profile["rows"].value, profile["columns"].value) == (20, 5)
    assert "not_used" not in {**validation, **profile}
    ws = RepositoryResource(root=str(recorded.root)).workspace(Quiet())
    assert document_metadata(ws, "data/people.csv", "make") == {}


def test_records_of_other_data_say_so_and_show_no_figures(recorded: Project) -> None:
    """The reason and how the file is written again; the rows of older data are not shown."""
    recorded.params(rows=21)
    recorded.repro()
    for stage, found in zip(("validation", "profile"), documents(recorded), strict=True):
        assert {name: entry.value for name, entry in found.items()} == {
            "not_used": "it was made before these inputs changed: data; "
            f"`dvc repro --force --single-item {stage}` writes it again"
        }


def test_a_key_that_was_declared_later_concerns_the_validation_alone(recorded: Project) -> None:
    """DVC runs no stage for it, so that the recorded file stays as it was."""
    declared = recorded.read_yaml("dvc.yaml")
    declared["artifacts"]["people"]["meta"]["key"] = ["name"]
    recorded.write("dvc.yaml", yaml.safe_dump(declared))
    validation, profile = documents(recorded)
    assert "before these inputs changed: key" in str(validation["not_used"].value)
    assert profile["rows"].value == 20


def test_records_that_cannot_be_read_or_compared_say_so(recorded: Project) -> None:
    """A file of another format, and a dataset of which DVC has no hash any more."""
    recorded.write("reports/people/validation.json", '{"format": 0}')
    (recorded.root / "dvc.lock").unlink()
    validation, profile = documents(recorded)
    assert set(validation) == set(profile) == {"not_used"}
    assert "cannot be compared with the data" in str(profile["not_used"].value)
