"""``datarelease changelog [A..B]``."""

from __future__ import annotations

import click
from typing_extensions import TypedDict

from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, show
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import json_option, repo_option
from datarelease.cli.plain_output import show_json
from datarelease.cli.version_entry import VersionEntry, version_json
from datarelease.flows.versions.changelog import RANGE, read_changelog
from datarelease.model.versions.changelog import ChangelogEntry
from datarelease.render.history import entry_notes
from datarelease.render.markdown.changelog import changelog
from datarelease.render.notes import plain_note


class ChangelogMove(TypedDict):
    """A channel that was set to the version."""

    channel: str
    """The name of the channel."""
    date: str
    """When the channel was set, in ISO 8601."""
    by: str
    """Who set the channel."""
    reason: str
    """Why the channel was set."""
    before: str | None
    """The tag that the channel was set to before; null: the channel is new."""


class ChangelogResult(VersionEntry):
    """One version with what changed in it."""

    has_report: bool
    """Whether the report of the release was found."""
    notes: list[str]
    """What changed, one sentence each, as plain text."""
    channels: list[ChangelogMove]
    """The channels that were set to this version."""


@click.command(
    "changelog",
    cls=DescribedCommand,
    arguments={
        "[A..B]": "The versions after A, up to and including B. Leave A or B out for an open end; "
        "name one version for itself alone. Default: all versions."
    },
    prints=list[ChangelogResult],
)
@click.argument("span", metavar="[A..B]", required=False)
@repo_option
@json_option
def command(span: str | None, repo: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Print what changed in each version, the newest first, as Markdown.

    The sentences come from the report of each release: rows, columns, distributions, parameters,
    channels and withdrawals.
    """
    named = [text for text in (span or "").split(RANGE) if text]
    repository = open_repository(repo, *named, progress=ConsoleProgress())
    entries = read_changelog(repository, span)
    if as_json:
        show_json([_entry_json(entry) for entry in entries])
    else:
        show(changelog(entries).rstrip("\n"))


def _entry_json(entry: ChangelogEntry) -> ChangelogResult:
    """An entry as JSON data; notes are plain text, which data may be a part of."""
    return {
        **version_json(entry.version),
        "has_report": entry.report is not None,
        "notes": [plain_note(note) for note in entry_notes(entry)],
        "channels": [
            {"channel": one.channel, "date": one.move.date, "by": one.move.by,
             "reason": one.move.reason, "before": one.before}
            for one in entry.moves
        ],
    }  # fmt: skip
