"""A separate comment about a merged change that was not released: edits notify nobody.

One for each run that failed, however often its last job is run again. When a later release
succeeds, the notices are updated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from datarelease.errors import WorldError
from datarelease.flows.pull_requests.comment import Thread, create_once, told
from datarelease.model.directory import titled
from datarelease.model.github import Comment
from datarelease.model.versions.outcome import Outcome

_MARK = r"<!-- {title}: the release of run \d+ -->\s*\Z"
DONE = ("released", "nothing")
"""States of a release that need no action."""


def mark(run: str, directory: str) -> str:
    """The end of a notice about the run with that id, and the DVC root that it released.

    >>> mark("42", ".")
    '<!-- datarelease: the release of run 42 -->'
    """
    return f"<!-- {titled('datarelease', directory)}: the release of run {int(run or 0)} -->"


def put_notice(
    thread: Thread, number: int, outcome: Outcome, text: str, *, run: str
) -> tuple[str, ...]:
    """Report in a new comment that a pull request was not released, or that it is released now.

    Args:
        thread: The repository on GitHub.
        number: Of the pull request.
        outcome: How the release ended.
        text: Of the notice, Markdown; of one that is settled, its new text.
        run: Id of the run that released.

    Returns:
        What could not be done, in one line each.
    """
    here = mark(run, thread.directory)
    try:
        notices = _ours(thread, thread.comments(number))
        if outcome.state in DONE:
            for notice in notices:
                settled = f"{text}\n\n{notice.body[notice.body.rindex('<!--') :].strip()}"
                if notice.body.strip() != settled:
                    thread.update_comment(notice.id, settled)
        elif not any(notice.body.rstrip().endswith(here) for notice in notices):
            create_once(
                thread, number, f"{text}\n\n{here}", lambda body: body.rstrip().endswith(here)
            )
    except WorldError as error:
        return (f"The notice on #{number} could not be written. {told(error)}",)
    return ()


def _ours(thread: Thread, comments: Sequence[Comment]) -> list[Comment]:
    title = re.escape(titled("datarelease", thread.directory))
    ending = re.compile(_MARK.format(title=title))
    return [c for c in comments if c.author == thread.bot and ending.search(c.body)]
