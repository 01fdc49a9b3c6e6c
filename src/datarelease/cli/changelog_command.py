"""``datarelease changelog [A..B]``."""

from __future__ import annotations

from typing import Any

import click

from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, json_option, repo_option, show, show_json
from datarelease.cli.list_command import version_json
from datarelease.flows.versions.changelog import RANGE, read_changelog
from datarelease.model.versions.changelog import ChangelogEntry
from datarelease.render.history import entry_notes
from datarelease.render.markdown.changelog import changelog
from datarelease.render.notes import plain_note


@click.command("changelog")
@click.argument("span", metavar="[A..B]", required=False)
@repo_option
@json_option
def command(span: str | None, repo: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Print what changed in each version, the newest first, as Markdown.

    `A..B` names what came after version A, up to B; either may be left out. One version alone names
    itself.
    """
    named = [text for text in (span or "").split(RANGE) if text]
    repository = open_repository(repo, *named, progress=ConsoleProgress())
    entries = read_changelog(repository, span)
    if as_json:
        show_json([_entry_json(entry) for entry in entries])
    else:
        show(changelog(entries).rstrip("\n"))


def _entry_json(entry: ChangelogEntry) -> dict[str, Any]:
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
