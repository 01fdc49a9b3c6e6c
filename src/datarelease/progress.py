"""Progress of long work: bars on a terminal, a line now and then in a log, or nothing."""

from __future__ import annotations

import inspect
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datarelease.errors import DatareleaseWarning

if TYPE_CHECKING:
    from rich.console import Console

TIMEOUT = 45.0
"""Seconds that another side may be silent, unless ``release.timeout`` says otherwise."""
LINE_EVERY = 10.0
"""Seconds between two lines on the same piece of work where there is no terminal."""
WarningType = type[DatareleaseWarning]
Advance = Callable[[int], None]
"""Called with how many units were done since the last call; safe to call from several threads."""


class Step(StrEnum):
    """What a command does to the world or to this clone, a name for each point it may end at.

    Whatever happens before, within or after one of them, the same command run again finishes.
    """

    STALE = "stale"
    """The lock is compared with its inputs."""
    REPRODUCE = "reproduce"
    """The pipeline runs."""
    HASH = "hash"
    """An object is read for the manifest."""
    COMMIT = "commit"
    """The release commit is made; no branch has it yet."""
    LOOK = "look"
    """A remote is asked what it holds."""
    SEND = "send"
    """A remote is sent what it lacks."""
    UPLOAD = "upload"
    """One object or document is on a remote."""
    VERIFY = "verify"
    """Every object is looked for on every remote."""
    RECORD = "record"
    """Manifest and documents are put on the remotes under their own SHA-256."""
    TAG = "tag"
    """The versions are read once more, and the tag is made and pushed."""
    TAG_OBJECT = "tag object"
    """An annotated tag is made in this clone."""
    PUSH = "push"
    """The git remote is given a tag: the version exists, is withdrawn, or is in force again."""
    REF = "ref"
    """A tag or branch of this clone follows."""
    INDEX = "index"
    """The index of this clone follows."""
    COPIES = "copies"
    """A remote gets the copies at ``releases/data-vN/``."""
    EXPORT = "export"
    """A remote gets readable paths, or loses those of an earlier version."""
    VERSION_INDEX = "version index"
    """A remote gets the index of versions."""
    TOMBSTONE = "tombstone"
    """A remote is told that versions are erased, beside their manifests."""
    DELETE = "delete"
    """Objects of a folder on a remote are deleted."""
    REPAIR = "repair"
    """A remote gets back what it lost of a version."""
    TAKE_OVER = "take over"
    """A file of a build is written into the work tree."""
    BRANCH = "branch"
    """The branch of a rollback is made."""
    SWITCH = "switch"
    """It is checked out."""
    CHECKOUT = "checkout"
    """Its data is brought into the work tree."""
    DRAFT = "draft"
    """The draft of a GitHub Release is made, or brought up to date."""
    ASSET = "asset"
    """It gets a document."""
    PUBLISH = "publish"
    """It is published."""
    COMMENT = "comment"
    """The comment on a pull request is written."""
    NOTICE = "notice"
    """A notice on a pull request is written, or settled."""
    PARSE = "parse"
    """The records of a batch are sorted into rows and dead letters."""
    DUPLICATES = "duplicates"
    """Events that came before are left out of its rows."""
    PART = "part"
    """Its rows, or its dead letters, are put to their place."""
    COUNTS = "counts"
    """What became of the batches so far is written."""
    SEARCH = "search"
    """A topic is searched for what it may have already."""
    TRANSACTION = "transaction"
    """Messages and the offsets of a group are written at the broker, all of them or none."""
    MESSAGES = "messages"
    """Within it, the messages are sent."""
    OFFSETS = "offsets"
    """Within it, the offsets are sent."""
    COMMAND = "command"
    """A command is run that has DVC track data."""
    EDIT = "edit"
    """The files of an adoption are written."""
    FIRST_RUN = "first run"
    """The stages that check the data are run for the first time."""


class Progress(Protocol):
    """Progress messages of a flow."""

    def step(self, step: Step) -> AbstractContextManager[None]:
        """A step that is under way within the block."""

    def say(self, line: str) -> None:
        """A step that was done or skipped, in one line."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """What the caller has to know about the result, in one line."""

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A piece of work of ``total`` units (``objects``, ``bytes``, …)."""


class Quiet:
    """Says nothing."""

    def step(self, step: Step) -> AbstractContextManager[None]:  # noqa: ARG002
        """Drop the name."""
        return nullcontext()

    def say(self, line: str) -> None:
        """Drop the line."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """Drop the line."""

    def track(
        self,
        label: str,  # noqa: ARG002
        total: int,  # noqa: ARG002
        unit: str,  # noqa: ARG002
    ) -> AbstractContextManager[Advance]:
        """Drop the figures."""
        return nullcontext(lambda _: None)


@contextmanager
def terminal_bar(
    label: str, total: int, unit: str, console: Console | None = None
) -> Iterator[Advance]:
    """A bar of ``total`` units while something runs, removed at the end.

    It is drawn on ``console``, by default on standard error, and only where that is a terminal.
    """
    terminal = sys.stderr.isatty() if console is None else console.is_terminal
    if not terminal or not total:
        yield lambda _: None
        return
    from rich import progress as rich  # noqa: PLC0415 - heavy: only where a bar is shown
    from rich.console import Console  # noqa: PLC0415 - heavy: only where a bar is shown
    from rich.text import Text  # noqa: PLC0415 - heavy: only where a bar is shown

    class Rate(rich.ProgressColumn):
        """Units a second, of the last half minute."""

        def render(self, task: rich.Task) -> Text:
            return Text("" if task.speed is None else f"{task.speed:,.0f} a second")

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TextColumn(unit),
        Rate(),
        rich.TimeRemainingColumn(elapsed_when_finished=True),
    )
    with rich.Progress(*columns, console=console or Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda count: bars.update(task, advance=count)


@contextmanager
def plain_lines(
    label: str,
    total: int,
    unit: str,
    say: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Advance]:
    """The same as lines of a log, for work that takes longer than ``LINE_EVERY``."""
    started = last = clock()
    done = 0
    counting = threading.Lock()

    def advance(count: int) -> None:
        nonlocal done, last
        with counting:
            done += count
            now = clock()
            if now - last >= LINE_EVERY and done < total:
                last = now
                say(_line(label, done, total, unit, now - started))

    yield advance


def _line(label: str, done: int, total: int, unit: str, took: float) -> str:
    """How far something is.

    >>> _line("Pushing to storage", 25_000, 100_000, "objects", 20.0)
    'Pushing to storage: 25,000 of 100,000 objects, 1,250 a second, 1 min 0 s left'
    """
    rate = done / took
    left = (total - done) / rate if rate else 0.0
    minutes, seconds = divmod(round(left), 60)
    time_left = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    speed = f"{rate:,.0f}" if rate >= 1 else f"{rate:.2f}"
    return f"{label}: {done:,} of {total:,} {unit}, {speed} a second, {time_left} left"


class TerminalBars(Quiet):
    """Says nothing, and shows bars on a terminal: for those who call functions."""

    def track(self, label: str, total: int, unit: str) -> AbstractContextManager[Advance]:
        """A bar on standard error, where that is a terminal."""
        return terminal_bar(label, total, unit)


class Warnings(TerminalBars):
    """Warnings as Python's own, and bars on a terminal: for those who call functions."""

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:
        """A warning at the line that called into this package."""
        frame, level = inspect.currentframe(), 1
        while frame is not None and Path(frame.f_code.co_filename).is_relative_to(_PACKAGE):
            frame, level = frame.f_back, level + 1
        warnings.warn(line, kind, stacklevel=level)


_PACKAGE = Path(__file__).parent
