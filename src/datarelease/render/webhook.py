"""What is sent to webhooks about a release: JSON for programs, and the text that Slack takes.

Slack, and what takes the same (Mattermost, Rocket.Chat, Google Chat), reads ``<!channel>``,
``@here``, links and marks in a text. Names are code, in which none of it is read; of free text
every mark is taken apart. Source: Slack's documentation, "Formatting text for app surfaces".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from datarelease.model.versions.outcome import Outcome
from datarelease.render.escape import BREAK, PROSE, clean
from datarelease.render.notes import plain_note, report_notes
from datarelease.render.words import Phrase, write_phrase

MESSAGE_FORMAT = 1
_LIMIT = 3500
"""Characters of a text; Slack cuts at 4,000."""
_NOTES = 30
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MARKS = re.compile(r"[*_~`@#\[\]]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_STATES = {
    "released": "is released",
    "blocked": "was not released: the data failed its schema or the policy",
    "conflict": "was not released: the data is not what was reviewed",
    "unreviewed": "was not released: nobody reviewed the data",
    "failed": "was not released",
}


def message_json(outcome: Outcome, *, repository: str, page: str | None, run: str) -> bytes:
    """What became of a release, for programs; ``page`` is the address of the GitHub Release."""
    report = outcome.report
    told = {
        "type": "data-release",
        "format": MESSAGE_FORMAT,
        "state": outcome.state,
        "repository": repository,
        "tag": outcome.tag,
        "version": outcome.number,
        "digest": outcome.digest,
        "commit": outcome.commit,
        "pull_request": outcome.pull,
        "compatibility": report.compatibility.value if report else None,
        "verdict": report.level if report else None,
        "notes": [plain_note(note) for note in _notes(outcome)],
        "page": page,
        "run": run,
    }
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")


def message_slack(outcome: Outcome, *, repository: str, page: str | None, run: str) -> bytes:
    """The same as a text for people."""
    name = f"{slack_code(outcome.tag)} of " if outcome.tag else "A version of "
    link = f"<{page or run}|{'Release' if page else 'Run'}>"
    head = f"{name}{slack_code(repository)} {_STATES.get(outcome.state, 'ended')}. {link}"
    why = [slack_prose(text) for text in (outcome.what, outcome.remedy) if text]
    lines = [head, *why, *(f"• {_slack(note)}" for note in _notes(outcome))]
    return json.dumps({"text": _fitted(lines), "unfurl_links": False}).encode()


def _notes(outcome: Outcome) -> Sequence[Phrase]:
    if outcome.report is None or outcome.state != "released":
        return ()
    return report_notes(outcome.report)[:_NOTES]


def _fitted(lines: Sequence[str]) -> str:
    """As many lines as a text may have; what is left out is in the release that it links to."""
    text = ""
    for line in lines:
        if len(text) + len(line) > _LIMIT:
            return f"{text}\n…"
        text = f"{text}\n{line}" if text else line
    return text


def _slack(phrase: Phrase) -> str:
    parts = write_phrase(phrase, own=str, data=slack_code, strong=slack_code, prose=slack_prose)
    return "".join(parts)


def slack_code(text: str) -> str:
    """A name as code, in which Slack reads neither marks nor mentions.

    >>> slack_code("<!channel> `x`")
    "`&lt;!channel&gt; 'x'`"
    """
    return f"`{_entities(clean(text).replace('`', chr(39)).strip() or ' ')}`"


def slack_prose(text: str) -> str:
    """Free text, of which nothing is read as a mark, a mention or a link.

    >>> slack_prose("<!here> @all *x*").replace(BREAK, "|")
    '&lt;!here&gt; |@|all |*|x|*|'
    """
    plain = clean(text, PROSE, space=" ")
    return _entities(_MARKS.sub(lambda found: f"{BREAK}{found[0]}{BREAK}", plain))


def _entities(text: str) -> str:
    return "".join(_ENTITIES.get(char, char) for char in text)
