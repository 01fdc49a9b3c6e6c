"""What Python's functions return, at a prompt and in a notebook."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import pytest
from tests import sample_reports as samples
from tests.hostile import HOSTILE, broken_by, poisoned
from tests.unit.model.test_documents import MANIFEST

from datarelease.app.reports import framed, show_reports
from datarelease.documents import decode, encode
from datarelease.flows.versions.verify import Verification
from datarelease.model.review.report import Report
from datarelease.model.versions.release import (
    Candidate,
    Fault,
    Nothing,
    Pushed,
    Recorded,
    Released,
    Verified,
)
from datarelease.model.versions.version import Version, Yank
from datarelease.render.html.report import html


def released(report: Report) -> Released:
    """A release with large documents and a warning."""
    candidate = Candidate(
        report=report, commit="c" * 40, head="h" * 40, files=(), manifest=MANIFEST
    )
    pushed = Pushed(candidate=candidate, uploaded=(("s3", 1000), ("copy", 234)))
    recorded = Recorded(
        verified=Verified(pushed=pushed, objects=5), manifest=MANIFEST,
        document=b"m" * 10_000, documents={"report.html": b"r" * 10_000},
    )  # fmt: skip
    return Released(recorded=recorded, tag_object="t", branch="main", warnings=("w" * 1000,))


YANKED = Version(
    number=3, tag="data-v3", commit="c" * 40, digest="d" * 64, date="2026-11-28T10:00:00+00:00",
    trailers=(("Rows", "a=1 " * 100),), yank=Yank(reason="wrong " * 100, date="2026-11-29"),
)  # fmt: skip
FAULT = Fault(remote="s3", key="files/md5/ab/cd", md5="abcd", kind="missing", path="data/a.csv")
SEEN = Verification(manifest=MANIFEST, remotes=("s3",), objects=1200, faults=(FAULT,) * 500)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            samples.blocked(),
            "<Report data-v4: release, block, compared with data-v3, 4 datasets>",
        ),
        (YANKED, "<Version data-v3: 2026-11-28, withdrawn>"),
        (SEEN, f"<Verification {MANIFEST.tag}: 1,200 objects on s3, 500 faults>"),
        (released(samples.small()), f"<Released {MANIFEST.tag}: 1,234 objects sent, 1 warning>"),
        (
            Nothing(reason="same data", tag="data-v2", report=samples.unchanged()),
            "<Nothing data-v2: same data>",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_is_one_short_line_at_a_prompt(value: object, shown: str) -> None:
    """Its kind, its version and what matters; not every field of everything in it."""
    assert repr(value) == shown


def test_parts_of_large_values_are_short_as_well() -> None:
    """Datasets, their comparison and validation, a manifest and the documents of a release."""
    report = samples.many()
    parts = [MANIFEST, *report.datasets[:1], *(part.diff for part in report.datasets[:1])]
    parts += [part.validation for part in report.datasets[:1]]
    assert max(len(repr(part)) for part in parts) < 100
    assert "mmmm" not in repr(released(samples.small()).recorded)


def test_names_from_elsewhere_stay_on_the_line() -> None:
    """What a tag or a dataset may be called breaks no line and gives the terminal no order."""

    def held(text: str) -> None:
        for value in (samples.blocked(), YANKED, SEEN):
            shown = repr(poisoned(value, text))
            assert shown.isprintable()
            assert len(shown) < 600

    assert broken_by(held) == {}


class Frame(HTMLParser):
    """The elements of a fragment with their attributes, unescaped as a browser does."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a beginning."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.texts.append(data)


@pytest.mark.parametrize("text", ["plain", *HOSTILE], ids=range(len(HOSTILE) + 1))
def test_a_notebook_gets_the_whole_report_in_a_frame_of_its_own(text: str) -> None:
    """One sandboxed frame and nothing beside it, whatever the data says: no style leaks out."""
    report = poisoned(samples.small(), text)
    frame = Frame(framed(report))
    ((tag, attributes),) = frame.found
    assert (tag, attributes["sandbox"], frame.texts) == ("iframe", "", [])
    page = attributes["srcdoc"] or ""
    assert page.replace("about:srcdoc#", "#") == html(report)


def test_links_inside_the_frame_stay_in_it() -> None:
    """A frame resolves links against the notebook's address, so they name the frame's own."""
    inside = Frame(Frame(framed(samples.blocked())).found[0][1]["srcdoc"] or "")
    links = [attributes["href"] or "" for tag, attributes in inside.found if tag == "a"]
    assert links
    assert all(link.startswith("about:srcdoc#") for link in links if "#" in link)


def test_reports_show_themselves_and_stay_the_same_documents(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the hook a notebook shows text; with it HTML; fields and JSON know nothing of it."""
    monkeypatch.setattr(Report, "to_notebook", None)
    report = samples.blocked()
    before = encode(report)
    assert report._repr_html_() is None
    show_reports()
    assert report._repr_html_() == framed(report)
    assert encode(report) == before
    assert decode(Report, before) == report
    assert "to_notebook" not in {field.name for field in dataclasses.fields(report)}
