"""Notes on a version: sentences for those who read the data, in the changelog and elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests import sample_reports as samples
from tests.hostile import broken_by, poisoned
from tests.unit.render.test_markdown import elements

from datarelease.model.review.diff import DatasetDiff
from datarelease.model.review.report import DatasetReport, Report
from datarelease.model.versions.changelog import ChangelogEntry, moves_by_version
from datarelease.model.versions.channel import Channel, Move
from datarelease.model.versions.version import Version
from datarelease.render.history import entry_notes
from datarelease.render.markdown.changelog import changelog
from datarelease.render.notes import plain_note, report_notes

VERSION = Version(
    number=3, tag="data-v3", commit="c" * 40, digest="d" * 64, date="2026-11-28T10:00:00+01:00",
    trailers=(("Rows", "people=25"), ("Files", "images=1"), ("Rollback-Of", "data-v1")),
)  # fmt: skip


def said(report: Report) -> list[str]:
    """The notes on a report as plain text."""
    return [plain_note(note) for note in report_notes(report)]


def test_notes_say_what_readers_have_to_know_first() -> None:
    """What breaks and what is gone come before what changed, what is new, and the parameters."""
    assert said(samples.blocked()) == [
        "Breaking: programs that read data-v3 may fail.",
        "The dataset orders was removed, with its 52,000 rows.",
        "In customers: the column phone was removed.",
        "In customers: the column spend was renamed to monthly_spend.",
        "In customers: the type of the column age changed from int64 to string.",
        "In customers: the row key changed from customer_id to customer_id, country.",
        "In customers: schema rule for column email removed: not null.",
        "In customers: the column churn_reason is new, of type string.",
        (
            "customers has 7,900 rows, 2,100 fewer than before: 2,012 were added, 12 were "
            "removed and 310 were changed, in monthly_spend, country and email."
        ),
        (
            "The distribution of monthly_spend in customers changed: the mean was 41.2 and is "
            "55.1 (PSI 0.41)."
        ),
        "The dataset invoices is new and has 812 rows.",
        "The parameter make.inject_errors changed from false to true.",
    ]


@pytest.mark.parametrize(
    ("report", "notes"),
    [
        (samples.first(), ["This is the first version.", "The dataset customers has 12,000 rows."]),
        (samples.same_bytes(),
         ["The data is the same.", 'The parameter make.comment changed from "a" to "b".']),
        (samples.rollback(), ["This is a rollback: the data is that of data-v2.",
         "customers has 9,100 rows, 900 fewer than before."]),
        (samples.files(), ["In images: a new kind of file: text/markdown, 1 file.",
         ("images has 98 files, 18 more than before: 21 were added, 3 were removed, 5 were changed "
         "and 35 were renamed.")]),
    ],
    ids=["first", "same", "rollback", "files"],
)  # fmt: skip
def test_each_outcome_has_its_sentences(report: Report, notes: list[str]) -> None:
    """A first version, the same data, a roll-back, and files."""
    assert said(report)[: len(notes)] == notes


def test_personal_data_is_told_by_its_distance_alone() -> None:
    """Of a column marked as pii, no mean is said."""
    report = samples.warned()
    masked = [
        replace(part, diff=replace(
            part.diff, columns=tuple(replace(c, pii=True) for c in part.diff.columns)))
        for part in report.datasets
    ]  # fmt: skip
    notes = said(replace(report, datasets=tuple(masked)))
    assert "The distribution of monthly_spend in customers changed (PSI 0.41)." in (notes)


def test_hundreds_of_datasets_are_bounded_and_the_rest_is_counted() -> None:
    """A page on GitHub holds the notes of any release, the gravest of them."""
    notes = said(samples.many(100))
    assert len(notes) == 81
    assert notes[-1].endswith("more, which the report lists.")


def entry(report: Report | None = None, **fields: str) -> ChangelogEntry:
    """What is told of data-v3, which two channels were set to."""
    moves = (
        Move(number=1, tag="data-channel-stable-1", version="data-v1", date="2026-11-01", by="Ada",
             reason="the first"),
        Move(number=2, tag="data-channel-stable-2", version="data-v3", date="2026-11-29T08:00:00Z",
             by="Ada", reason="checked"),
    )  # fmt: skip
    channels = [Channel(name="stable", moves=moves)]
    return ChangelogEntry(
        version=VERSION, report=report, moves=moves_by_version(channels)["data-v3"], **fields
    )


def test_a_version_without_a_report_is_told_by_its_tag() -> None:
    """What became of it comes first: withdrawn, channels; then what the trailers say."""
    told = entry(withdrawal="data-v3 was withdrawn on 2026-11-30: wrong. Use data-v2 instead.")
    assert [plain_note(note) for note in entry_notes(told)] == [
        "Withdrawn: data-v3 was withdrawn on 2026-11-30: wrong. Use data-v2 instead.",
        "The channel stable was set to it on 2026-11-29 by Ada; it was at data-v1 before: checked",
        "The data is that of data-v1 again.",
        "people has 25 rows.",
        "images has 1 file.",
    ]
    erased = entry(erasure="data-v3 was erased on 2026-11-30: a person asked for it.")
    [first, *_, last] = [plain_note(note) for note in entry_notes(erased)]
    assert first.startswith("Erased: ")
    assert last.startswith("The channel stable"), "its figures are not repeated"


def test_the_changelog_is_a_heading_and_a_list_for_each_version() -> None:
    """As Markdown, with names as code."""
    text = changelog([entry(samples.small())])
    assert text.startswith(
        "# Changes of the data\n\n## data-v3 (2026-11-28)\n\n- The channel `stable`"
    )
    assert "- `customers` has 10,020 rows, 20 more than before: 20 were added.\n" in text
    assert changelog([]) == "# Changes of the data\n\nNo version was released.\n"


def test_hostile_names_are_inert_in_notes() -> None:
    """Whatever names and reasons are, the Markdown has our headings and lists and nothing else."""

    def held(text: str) -> None:
        made = entry(samples.blocked(), withdrawal="w")
        told = poisoned(made, text.encode("utf-8", "replace").decode())
        told = replace(told, version=VERSION)
        found = elements(changelog([told]))
        assert set(found) <= {f"{end}{e}" for e in OURS for end in ("", "/")}
        assert found.count("li") == len(entry_notes(told))
        assert (found.count("h1"), found.count("h2"), found.count("ul")) == (1, 1, 1)
        for note in entry_notes(told):
            assert not set(plain_note(note)) & set("\n\r\x1b\u2028\u202e")

    assert broken_by(held) == {}


OURS = ("h1", "h2", "ul", "li", "strong", "code")


def test_a_rise_of_missing_values_is_told() -> None:
    """From five points on, with both shares."""
    column = samples.number_column(
        "age", before=(40, 9, 1000), after=(40, 9, 1000), nulls=(10, 100)
    )
    diff = DatasetDiff(name="people", status="changed", rows_before=1000, rows_after=1000,
                       columns=(column,))  # fmt: skip
    part = DatasetReport(name="people", path="p", desc="", validation=None, diff=diff)
    assert said(samples.report(part))[:2] == [
        "people has 1,000 rows, as many as before.",
        "10.0% of the values of age in people are missing; before, 1.0% were missing.",
    ]
