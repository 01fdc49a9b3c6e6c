"""Our one comment on a pull request: found, written and corrected.

It is the comment that our account wrote *and* that carries our watermark: anybody can copy the
watermark, and the account writes for other workflows too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from datarelease.adapters.github.cml import SEEN, WATERMARK_TITLE, is_marked, with_watermark
from datarelease.adapters.github.errors import GitHubError
from datarelease.errors import DatareleaseError, WorldError
from datarelease.model.directory import titled
from datarelease.model.github import Comment
from datarelease.progress import Progress


class Thread(Protocol):
    """What is asked of GitHub here."""

    @property
    def bot(self) -> str:
        """Login of the account that is us."""

    @property
    def directory(self) -> str:
        """Of the DVC root that the comment is about."""

    def comments(self, number: int) -> tuple[Comment, ...]:
        """All comments, oldest first."""

    def create_comment(self, number: int, body: str) -> Comment:
        """Add a comment."""

    def update_comment(self, comment: int, body: str) -> Comment:
        """Give a comment another text."""

    def delete_comment(self, comment: int) -> None:
        """Remove a comment."""


class CommentProgram(Protocol):
    """The program that posts comments where it can."""

    def update(self, number: int, body: str, *, sha: str) -> None:
        """Create or update the comment."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """How posting the comment ended."""

    state: Literal["created", "updated", "unchanged", "failed"]
    by: Literal["CML", "the built-in poster", ""]
    problems: tuple[str, ...] = ()
    """What went wrong, in one line each."""

    @property
    def said(self) -> str:
        """The same in words."""
        return f"{self.state} by {self.by}" if self.by else self.state


def put_comment(
    thread: Thread,
    cml: CommentProgram | None,
    number: int,
    body: str,
    progress: Progress,
    *,
    sha: str,
    create: bool = True,
) -> Posted:
    """Make ``body`` the text of our one comment on a pull request.

    CML writes it if it would do exactly that; the built-in poster does the rest. Failures of GitHub
    or CML are reported in the result and raise nothing.

    Args:
        thread: The repository on GitHub.
        cml: None: it is not there.
        number: Of the pull request.
        body: Markdown, without watermark.
        progress: Receives progress messages.
        sha: The commit that the watermark names.
        create: False: an existing comment is updated, and none is created.

    Raises:
        ValueError: ``body`` carries our watermark itself.
    """
    title = titled(WATERMARK_TITLE, thread.directory)
    if is_marked(body, title):
        raise ValueError("the text of a comment contains the watermark of datarelease")
    text = with_watermark(body, sha, title)
    problems: tuple[str, ...] = ()
    try:
        found = thread.comments(number)
        ours = _ours(thread, found)
        if _settled(ours, text) or not (ours or create):
            return Posted(state="unchanged", by="")
        state: Literal["created", "updated"] = "updated" if ours else "created"
        if cml is not None and _may_use(thread, found, text, progress):
            problems = _try_cml(cml, number, body, sha)
            ours = _ours(thread, thread.comments(number))
            if _settled(ours, text):
                return Posted(state=state, by="CML", problems=problems)
            problems = problems or ("CML did not write the comment as it should be.",)
            progress.say("the built-in poster takes over")
        return Posted(
            state=state,
            by="the built-in poster",
            problems=(*problems, *_settle(thread, number, ours, text)),
        )
    except WorldError as error:
        lost = f"The comment on #{number} could not be read or written. {told(error)}"
        return Posted(state="failed", by="", problems=(*problems, lost))


def _ours(thread: Thread, comments: Sequence[Comment]) -> list[Comment]:
    title = titled(WATERMARK_TITLE, thread.directory)
    return [c for c in comments if c.author == thread.bot and is_marked(c.body, title)]


def _settled(ours: Sequence[Comment], text: str) -> bool:
    return len(ours) == 1 and _same(ours[0].body, text)


def _same(left: str, right: str) -> bool:
    """Equal for a reader: GitHub may keep line ends and outer blanks as it likes."""
    return left.replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()


def _may_use(thread: Thread, found: Sequence[Comment], text: str, progress: Progress) -> bool:
    """Whether CML would update our newest comment, or create the first one, and nothing else."""
    ours = _ours(thread, found)
    if ours and _same(ours[-1].body, text):
        return False  # only others are to be removed
    title = titled(WATERMARK_TITLE, thread.directory)
    marked = [comment for comment in found[:SEEN] if is_marked(comment.body, title)]
    target = marked[-1] if marked else None
    if target == (ours[-1] if ours else None):
        return True
    where = f"not among the oldest {SEEN}" if target is None else f"comment {target.id} instead"
    progress.say(f"CML is not used: it would not find our comment ({where})")
    return False


def _try_cml(cml: CommentProgram, number: int, body: str, sha: str) -> tuple[str, ...]:
    """Let CML post; what went wrong."""
    try:
        cml.update(number, body, sha=sha)
    except DatareleaseError as error:
        return (told(error),)
    return ()


def _settle(thread: Thread, number: int, ours: Sequence[Comment], text: str) -> tuple[str, ...]:
    """Write the newest of our comments (or the first), remove the others; what went wrong."""
    if not ours:
        title = titled(WATERMARK_TITLE, thread.directory)
        create_once(thread, number, text, lambda body: is_marked(body, title))
        return ()
    *others, newest = ours
    if not _same(newest.body, text):
        thread.update_comment(newest.id, text)
    problems = []
    for comment in others:
        try:
            thread.delete_comment(comment.id)
        except WorldError as error:
            problems.append(f"An older comment of ours stays on #{number}. {told(error)}")
    return tuple(problems)


def create_once(thread: Thread, number: int, text: str, is_it: Callable[[str], bool]) -> None:
    """Add a comment; where GitHub failed on the way, look whether it is there before a retry.

    Raises:
        WorldError: It was not added.
    """
    try:
        thread.create_comment(number, text)
    except GitHubError as error:
        if not error.answer.failed:
            raise
        found = thread.comments(number)
        if not any(comment.author == thread.bot and is_it(comment.body) for comment in found):
            thread.create_comment(number, text)


def told(error: DatareleaseError) -> str:
    """An error on one line."""
    return " ".join(str(error).split())
