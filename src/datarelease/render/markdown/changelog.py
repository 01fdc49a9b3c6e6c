"""The history of versions as Markdown: CHANGELOG.md, and what the command prints."""

from __future__ import annotations

from collections.abc import Iterable

from datarelease.model.versions.changelog import ChangelogEntry
from datarelease.model.versions.version import Version
from datarelease.render import escape
from datarelease.render.history import entry_notes
from datarelease.render.markdown import gfm
from datarelease.render.words import Phrase

TITLE = "# Changes of the data"
NONE = "No version was released."


def changelog(entries: Iterable[ChangelogEntry]) -> str:
    """A heading and a list of notes for each version, in the order given."""
    return noted_changelog((entry.version, entry_notes(entry)) for entry in entries)


def noted_changelog(versions: Iterable[tuple[Version, Iterable[Phrase]]]) -> str:
    """The same of versions with their notes."""
    blocks = [gfm.stacked(_heading(version), notes_list(notes)) for version, notes in versions]
    return gfm.stacked(TITLE, *(blocks or [NONE])) + "\n"


def notes_list(notes: Iterable[Phrase]) -> str:
    """Notes as a list."""
    return gfm.bullets(gfm.text(note) for note in notes)


def _heading(version: Version) -> str:
    day = escape.prose(version.date[:10])
    return f"## {escape.prose(version.tag)}{f' ({day})' if day else ''}"
