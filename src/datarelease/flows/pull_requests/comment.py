"""Our comments on a pull request: the one about its change, and notices of failed releases.

The one comment is that which our account wrote *and* that carries our watermark: anybody can copy
the watermark, and the account writes for other workflows too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from datarelease.adapters.github.cml import SEEN, WATERMARK_TITLE, Cml, is_marked, with_watermark
from datarelease.adapters.github.errors import GitHubError
from datarelease.errors import DatareleaseError, WorldError
from datarelease.model.directory import titled
from datarelease.model.github import Comment
from datarelease.model.versions.outcome import Outcome
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.adapters.github.repository import GitHub

_MARK = r"<!-- {title}: the release of run \d+ -->\s*\Z"
DONE = ("released", "nothing")
"""States of a release that need no action."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """How posting the comment ended."""

    state: Literal["created", "updated", "unchanged", "failed"]
    by: Literal["CML", "the built-in poster", ""]
    problems: tuple[str, ...] = ()
    """What went wrong, in one line each."""

    @property
    def summary(self) -> str:
        """The same in words, as what is said of the comment."""
        if self.state == "unchanged":
            return "is unchanged"
        return f"was {self.state} by {self.by}" if self.by else "could not be written"


def put_comment(
    github: GitHub,
    cml: Cml | None,
    number: int,
    body: str,
    progress: Progress,
    *,
    sha: str,
    create: bool = True,
) -> Posted:
    """Make ``body`` the text of our one comment on a pull request.

    CML (None: it is not there) writes it if it would do exactly that; the built-in poster does the
    rest. Failures of GitHub or CML are reported in the result and raise nothing. The watermark
    names the commit ``sha``. Without ``create`` no comment is created, only updated.

    Raises:
        ValueError: ``body`` carries our watermark itself.
    """
    title = titled(WATERMARK_TITLE, github.directory)
    if is_marked(body, title):
        raise ValueError("the text of a comment contains the watermark of datarelease")
    text = with_watermark(body, sha, title)
    problems: tuple[str, ...] = ()
    try:
        found = github.comments(number)
        ours = _ours(github, found)
        if _settled(ours, text) or not (ours or create):
            return Posted(state="unchanged", by="")
        state: Literal["created", "updated"] = "updated" if ours else "created"
        if cml is not None and _may_use(github, found, text, progress):
            try:
                cml.update(number, body, sha=sha)
            except DatareleaseError as error:
                problems = (error_line(error),)
            ours = _ours(github, github.comments(number))
            if _settled(ours, text):
                return Posted(state=state, by="CML", problems=problems)
            problems = problems or ("CML did not write the expected comment.",)
            progress.say("the built-in poster writes the comment instead")
        return Posted(
            state=state,
            by="the built-in poster",
            problems=(*problems, *_settle(github, number, ours, text)),
        )
    except WorldError as error:
        lost = f"The comment on #{number} could not be read or written. {error_line(error)}"
        return Posted(state="failed", by="", problems=(*problems, lost))


def _ours(github: GitHub, comments: Sequence[Comment]) -> list[Comment]:
    title = titled(WATERMARK_TITLE, github.directory)
    return [c for c in comments if c.author == github.bot and is_marked(c.body, title)]


def _settled(ours: Sequence[Comment], text: str) -> bool:
    return len(ours) == 1 and same_text(ours[0].body, text)


def same_text(left: str, right: str) -> bool:
    """Equal for a reader: GitHub may keep line ends and outer blanks as it likes."""
    return left.replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()


def _may_use(github: GitHub, found: Sequence[Comment], text: str, progress: Progress) -> bool:
    """Whether CML would update our newest comment, or create the first one, and nothing else."""
    ours = _ours(github, found)
    if ours and same_text(ours[-1].body, text):
        return False  # only others are to be removed
    title = titled(WATERMARK_TITLE, github.directory)
    marked = [comment for comment in found[:SEEN] if is_marked(comment.body, title)]
    target = marked[-1] if marked else None
    if target == (ours[-1] if ours else None):
        return True
    where = (
        f"it looks only at the oldest {SEEN} comments"
        if target is None
        else f"it would take comment {target.id} for it"
    )
    progress.say(f"CML is not used, because it would not find the comment of datarelease: {where}")
    return False


def _settle(github: GitHub, number: int, ours: Sequence[Comment], text: str) -> tuple[str, ...]:
    """Write the newest of our comments (or the first), remove the others; what went wrong."""
    if not ours:
        title = titled(WATERMARK_TITLE, github.directory)
        create_once(github, number, text, lambda body: is_marked(body, title))
        return ()
    *others, newest = ours
    if not same_text(newest.body, text):
        github.update_comment(newest.id, text)
    problems = []
    for comment in others:
        try:
            github.delete_comment(comment.id)
        except WorldError as error:
            what = f"An older comment of datarelease stays on #{number}."
            problems.append(f"{what} {error_line(error)}")
    return tuple(problems)


def create_once(github: GitHub, number: int, text: str, is_it: Callable[[str], bool]) -> None:
    """Add a comment; where GitHub failed on the way, look whether it is there before a retry.

    Raises:
        WorldError: It was not added.
    """
    try:
        github.create_comment(number, text)
    except GitHubError as error:
        if not error.answer.failed:
            raise
        found = github.comments(number)
        if not any(comment.author == github.bot and is_it(comment.body) for comment in found):
            github.create_comment(number, text)


def _mark(run: str, directory: str) -> str:
    """The end of a notice about the run with that id, and the DVC root that it released.

    >>> _mark("42", ".")
    '<!-- datarelease: the release of run 42 -->'
    """
    return f"<!-- {titled('datarelease', directory)}: the release of run {int(run or 0)} -->"


def put_notice(
    github: GitHub, number: int, outcome: Outcome, text: str, *, run: str
) -> tuple[str, ...]:
    """Report in a new comment that a pull request was not released, or that it is released now.

    Edits of our one comment notify nobody, so this is a comment of its own: one for each ``run``
    (its id) that failed, however often its last job is run again. When a later release succeeds,
    it is updated. What could not be done comes back, in one line each.
    """
    here = _mark(run, github.directory)
    try:
        title = re.escape(titled("datarelease", github.directory))
        ours = [c for c in github.comments(number) if c.author == github.bot]
        notices = [c for c in ours if re.search(_MARK.format(title=title), c.body)]
        if outcome.state in DONE:
            for notice in notices:
                settled = f"{text}\n\n{notice.body[notice.body.rindex('<!--') :].strip()}"
                if notice.body.strip() != settled:
                    github.update_comment(notice.id, settled)
        elif not any(notice.body.rstrip().endswith(here) for notice in notices):
            create_once(
                github, number, f"{text}\n\n{here}", lambda body: body.rstrip().endswith(here)
            )
    except WorldError as error:
        return (f"The notice on #{number} could not be written. {error_line(error)}",)
    return ()


def error_line(error: DatareleaseError) -> str:
    """An error on one line."""
    return " ".join(str(error).split())
