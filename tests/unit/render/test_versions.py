"""Versions as people see them: a line each in a terminal, a list and a frame in Python."""

from __future__ import annotations

import copy
import dataclasses
import io
import pickle

import pandas as pd
import pytest
from rich.console import Console

from datarelease.app.version_list import Versions
from datarelease.cli.console import show_table
from datarelease.cli.plain_output import show_columns
from datarelease.flows.catalogue import Catalogue
from datarelease.model.versions.version import TagGrammar, Version, Yank
from datarelease.render.terminal.tables import version_table
from datarelease.render.terminal.versions import VERSION_COLUMNS, version_cells

MANY = " ".join(f"table_{number}={number * 1000}" for number in range(1, 31))


def version(number: int, rows: str, *, yank: Yank | None = None) -> Version:
    """One that was released on a day of its own."""
    return Version(
        number=number, tag=f"data-v{number}", commit="c" * 40, digest="d" * 64,
        date=f"2026-11-{number:02}T10:00:00+02:00",
        trailers=(("Rows", rows), ("Compatibility", "additive")), yank=yank,
    )  # fmt: skip


@pytest.fixture
def catalogue() -> Catalogue:
    """The second was withdrawn, with a long reason in HTML; the third has thirty datasets."""
    yank = Yank(reason="<b>wrong</b> prices " * 10, date="2026-11-20", replacement="data-v3")
    return Catalogue(
        versions=(version(1, "people=20"), version(2, "people=25", yank=yank), version(3, MANY)),
        grammar=TagGrammar(),
    )


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200, 10_000])
def test_a_version_takes_one_line_however_narrow_the_terminal(
    catalogue: Catalogue, width: int
) -> None:
    """Thirty datasets or a long reason end in an ellipsis; tag and date are always whole."""
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(version_table((v, catalogue.state(v)) for v in catalogue.versions))
    lines = captured.get().splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["version", "date"], ["data-v1", "2026-11-01"], ["data-v2", "2026-11-02"],
        ["data-v3", "2026-11-03"],
    ]  # fmt: skip
    assert max(map(len, lines)) <= width


def test_where_there_is_room_nothing_is_cut(catalogue: Catalogue) -> None:
    """A pipe has the whole reason, and the first three of thirty datasets with their number."""
    console = Console(file=io.StringIO(), width=10_000)
    with console.capture() as captured:
        console.print(version_table((v, catalogue.state(v)) for v in catalogue.versions))
    assert "…" not in captured.get()
    assert "table_1=1,000 table_2=2,000 table_3=3,000 and 27 more" in captured.get()


def test_a_file_holds_whole_lines_without_padding(
    catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no terminal is, a line is as long as what it says."""
    lines_of = (version_cells(v, catalogue.state(v)) for v in catalogue.versions)
    show_columns([VERSION_COLUMNS, *lines_of])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["version", "data-v1", "data-v2", "data-v3"]
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[2].endswith("prices  (use data-v3)")


def test_a_file_holds_the_columns_that_a_wide_terminal_shows(
    catalogue: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same cells at the same places, with characters of two columns among them."""
    states = [(v, f"{catalogue.state(v)} 数据") for v in catalogue.versions]
    table = version_table(states)
    show_columns([VERSION_COLUMNS, *(version_cells(*line) for line in states)])
    shown = capsys.readouterr().out
    show_table(table)
    assert capsys.readouterr().out == shown
    console = Console(file=io.StringIO(), width=10_000)
    with console.capture() as captured:
        console.print(table)
    assert shown.splitlines() == [line.rstrip() for line in captured.get().splitlines()]


def test_the_list_prints_as_a_table(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dr.versions()` is a list of versions, oldest first, and its repr has a line for each."""
    monkeypatch.setenv("COLUMNS", "80")
    found = Versions(catalogue)
    assert isinstance(found, list)
    assert found == list(catalogue.versions)
    assert [line.split()[0] for line in repr(found).splitlines()] == [
        "version", "data-v1", "data-v2", "data-v3",
    ]  # fmt: skip
    assert repr(found).splitlines()[3].endswith("latest")
    assert repr(Versions(dataclasses.replace(catalogue, versions=()))) == "no version yet"


def test_the_list_becomes_a_frame(catalogue: Catalogue) -> None:
    """Numbers are the index, dates are UTC, rows of a dataset that was not there are missing."""
    frame = Versions(catalogue).to_frame()
    assert list(frame.index) == [1, 2, 3]
    assert frame.loc[1, "date"] == pd.Timestamp("2026-11-01T08:00:00Z")
    assert list(frame["rows_people"].fillna(-1)) == [20, 25, -1]
    assert (str(frame["rows_people"].dtype), frame["rows_table_30"].max()) == ("Int64", 30_000)
    assert list(frame["state"].str.partition(":")[0]) == ["", "withdrawn", "latest"]
    nothing = Versions(dataclasses.replace(catalogue, versions=())).to_frame()
    assert (len(nothing), str(nothing["date"].dtype)) == (0, str(frame["date"].dtype))


def test_a_notebook_shows_the_list_as_a_table(catalogue: Catalogue) -> None:
    """Each version is a row of HTML, in which a reason is text."""
    html = Versions(catalogue)._repr_html_()
    assert html.count("<tr") == 4
    assert "&lt;b&gt;wrong&lt;/b&gt;" in html
    assert "<b>wrong" not in html


def test_the_list_is_copied_and_pickled_with_its_states(catalogue: Catalogue) -> None:
    """A process pool or a cache gives the same table back; what is added to it has no state."""
    found = Versions(catalogue)
    unpickled = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own bytes
    for again in (copy.copy(found), copy.deepcopy(found), unpickled):
        assert repr(again) == repr(found)
    found.append(version(4, "people=1"))
    assert "data-v4" in repr(found)
