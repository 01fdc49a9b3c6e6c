"""The history of versions as Markdown: CHANGELOG.md, and what the command prints."""

from __future__ import annotations

from collections.abc import Iterable

from datarelease.model.versions.changelog import ChangelogEntry
from datarelease.render import escape
from datarelease.render.history import entry_notes
from datarelease.render.markdown import gfm
from datarelease.render.words import Phrase

TITLE = "# Changes of the data"
NONE = "No version was released."


def changelog(entries: Iterable[ChangelogEntry]) -> str:
    """A heading and a list of notes for each version, in the order given."""
    blocks = [gfm.stacked(_heading(entry), notes_list(entry_notes(entry))) for entry in entries]
    return gfm.stacked(TITLE, *(blocks or [NONE])) + "\n"


def notes_list(notes: Iterable[Phrase]) -> str:
    """Notes as a list."""
    return gfm.bullets(gfm.text(note) for note in notes)


def _heading(entry: ChangelogEntry) -> str:
    day = escape.prose(entry.version.date[:10])
    return f"## {escape.prose(entry.version.tag)}{f' ({day})' if day else ''}"
