"""Texts on a released version: its page on GitHub, and the issue on what the remotes have lost."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from datarelease.model.directory import ROOT
from datarelease.model.review.report import MARKDOWN_LIMIT
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.outcome import Health, Outcome, VersionHealth
from datarelease.render import escape
from datarelease.render.markdown import gfm
from datarelease.render.markdown.changelog import notes_list
from datarelease.render.markdown.comment import CommentSource, catalogue_link, fetching
from datarelease.render.markdown.report import markdown
from datarelease.render.notes import report_notes
from datarelease.render.numbers import count, size

_LIMIT = 100_000
"""Characters; GitHub refuses a release's text over 125,000."""
_MARGIN = 500
MARK = "<!-- datarelease:damage -->"
"""By which the issue is found again; it counts only in issues of our own."""
ISSUE_TITLE = "Released data is missing or damaged"
_SHOWN = 50


def release_page(manifest: Manifest, outcome: Outcome, place: CommentSource) -> str:
    """What the page says: what changed, whether that was reviewed, what it holds, the report."""
    told = outcome.report is not None and outcome.state == "released"
    notes = report_notes(outcome.report) if outcome.report is not None and told else ()
    head = gfm.stacked(
        notes_list(notes),
        _reviewed(manifest, outcome),
        gfm.table(
            ("dataset", "rows", "files", "size"),
            (
                (
                    escape.code(dataset.name),
                    "" if dataset.rows is None else count(dataset.rows),
                    count(len(dataset.files)),
                    size(sum(file.size for file in dataset.files)),
                )
                for dataset in manifest.datasets
            ),
            right="rows|files|size",
        ),
        *fetching(
            manifest.tag,
            [dataset.name for dataset in manifest.datasets if dataset.rows is not None],
            [dataset.name for dataset in manifest.datasets if dataset.rows is None],
            place,
        ),
        catalogue_link(outcome),
        _facts(manifest),
    )
    if outcome.report is None or not told:
        return head + "\n"
    room = _LIMIT - len(head) - _MARGIN
    page = f"{place.url}/releases/download/{quote(manifest.tag, safe='')}/report.html"
    report = markdown(outcome.report, limit=min(room, MARKDOWN_LIMIT), link=page)
    return gfm.stacked(head, "---", report) + "\n"


def _reviewed(manifest: Manifest, outcome: Outcome) -> str:
    if manifest.reviewed is None:
        return "**Not reviewed**: no reviewer saw a report of this data before it was released."
    if outcome.pull is not None and outcome.state == "released":
        return f"Reviewed in #{outcome.pull}."
    return "The data is what was reviewed."


def _facts(manifest: Manifest) -> str:
    remotes = ", ".join(escape.code(remote.name) for remote in manifest.remotes)
    facts = [
        f"digest `{manifest.digest}`",
        f"commit {manifest.commit}",
        f"verified on {remotes}",
        f"compared with {manifest.baseline}" if manifest.baseline else "the first version",
    ]
    if manifest.rollback_of:
        facts.append(f"the data of {manifest.rollback_of}")
    return gfm.bullets(facts)


def mark_of(directory: str) -> str:
    """The mark of the issue about a DVC root."""
    return MARK if directory == ROOT else f"<!-- datarelease:damage {directory} -->"


def damage_issue(health: Health, place: CommentSource, mark: str = MARK) -> str:
    """The issue's Markdown; ``health`` has a fault."""
    bad = [version for version in health.versions if not version.sound]
    tags = ", ".join(escape.code(version.tag) for version in bad)
    return (
        gfm.stacked(
            f"The weekly verification of the remotes found faults in {tags}.",
            *(block for version in bad for block in _version(version)),
            "**What to do:** run `datarelease verify VERSION --repair` in a clone that has the "
            "data in DVC's cache: it sends the missing objects and lists them. Then find out "
            "what deleted or changed them: a lifecycle rule, a clean-up with `dvc gc`, or a user "
            "with the right to delete.",
            f"<sub>[The run]({place.run_url}) · datarelease updates this issue, and closes it "
            "when all objects are there again.</sub>",
            mark,
        )
        + "\n"
    )


def _version(version: VersionHealth) -> Iterator[str]:
    yield f"### {escape.prose(version.tag)}"
    if version.error is not None:
        yield escape.prose(version.error, 1000)
    lines = [escape.code(str(fault), 300) for fault in version.faults[:_SHOWN]]
    more = len(version.faults) - _SHOWN
    yield gfm.bullets([*lines, *([f"and {more:,} more"] if more > 0 else [])])
