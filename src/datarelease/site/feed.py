"""The versions as an Atom feed (RFC 4287), newest first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from datarelease.render import escape
from datarelease.render.notes import plain_note
from datarelease.site.content.timeline import Timeline
from datarelease.site.views import VersionView

_MOST = 50
_NAMESPACE = uuid.UUID("d5aff558-679b-5a49-a0d1-3159785f1c0b")
"""Of the names from which the identities of feeds and entries are made."""
_NEVER = "1970-01-01T00:00:00Z"


def atom(timeline: Timeline, views: Sequence[VersionView], url: str) -> bytes:
    """The feed; ``url``: where the catalogue will be, empty: not known, links are then relative."""
    shown = [*reversed(views)][:_MOST]
    title = timeline.content.title
    source = timeline.content.address or title
    updated = max((_updated(view) for view in views), default=_NEVER)
    own = f'<link rel="self" type="application/atom+xml" href={_attribute(f"{url}feed.atom")}/>\n'
    # RFC 4287 wants a name for people: a title or an author of blanks is none.
    name = title if _text(title).strip() else "data"
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_text(name)}: data versions</title>\n"
        f"<id>{_identity(source)}</id>\n"
        f"<updated>{_text(updated)}</updated>\n"
        f"<author><name>{_text(name)}</name></author>\n"
        f"{own}"
        f'<link rel="alternate" type="text/html" href={_attribute(f"{url}index.html")}/>\n'
    )
    entries = "".join(_entry(view, source, url) for view in shown)
    return f"{head}{entries}</feed>\n".encode()


def _entry(view: VersionView, source: str, url: str) -> str:
    version = view.version
    lines = [plain_note(note) for note in (*view.fate, *view.news)]
    title = f"{version.tag}: {view.state or view.change[1]}"
    author = _text(view.figures.author or "").strip()
    return (
        "<entry>\n"
        f"<title>{_text(title)}</title>\n"
        f"<id>{_identity(f'{source} {version.tag}')}</id>\n"
        f"<updated>{_text(_updated(view))}</updated>\n"
        f"<published>{_text(version.date)}</published>\n"
        f'<link rel="alternate" type="text/html" href={_attribute(url + view.page)}/>\n'
        + (f"<author><name>{author}</name></author>\n" if author else "")
        + f'<summary type="text">{_text(" ".join(lines))}</summary>\n'
        "</entry>\n"
    )


def _updated(view: VersionView) -> str:
    """When there was news of a version; that it was withdrawn or erased is news, too."""
    version = view.version
    moves = (one.move for one in view.entry.moves)
    news = (version, version.yank, version.erased, *moves)
    return max(one.date for one in news if one is not None)


def _identity(name: str) -> str:
    """The same on every run and wherever the feed is: readers know entries by it."""
    return f"urn:uuid:{uuid.uuid5(_NAMESPACE, name)}"


def _text(text: str) -> str:
    return xml_escape(escape.clean(text, 2000, space=" "))


def _attribute(text: str) -> str:
    return quoteattr(escape.clean(text, 2000))
