"""``datarelease ingest dead``."""

from __future__ import annotations

import base64
import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired

import click
from rich.table import Table
from typing_extensions import TypedDict

from datarelease.cli.console import Result, ask, prints_result, show, show_table
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import json_option
from datarelease.cli.plain_output import show_json
from datarelease.documents import to_json
from datarelease.errors import ConfigError
from datarelease.ingest.dead_letters import (
    NOTHING_SENT,
    Replayed,
    record_position,
    replay_now,
    selected,
)
from datarelease.model.data.stream import DeadLetter
from datarelease.model.wording import plural

_NAME = {"NAME": "The name of a stream: the dataset that it feeds."}
_PLACE = "Where the record is in its topic: a partition and an offset, such as 2:1."
_reason = click.option(
    "--reason", metavar="REASON", help="Only those with this reason, such as json:truncated."
)


class DeadSummary(TypedDict):
    """A dead letter without its content."""

    partition: int
    """The partition of its topic."""
    offset: int
    """Its offset in the partition."""
    time: str | None
    """Its time stamp in ISO 8601, UTC; null: it has none."""
    reason: str
    """Why it is no row: a code such as `json:truncated`."""
    detail: str
    """More about the reason, without values."""


class DeadContent(DeadSummary):
    """A dead letter as it came; bytes that are no UTF-8 have another name, in base64."""

    key: NotRequired[str | None]
    """Its key; null: it has none."""
    key_base64: NotRequired[str]
    """Its key in base64, where it is no text."""
    value: NotRequired[str | None]
    """Its value; null: it has none."""
    value_base64: NotRequired[str]
    """Its value in base64, where it is no text."""
    headers: list[dict[str, str | None]]
    """Its headers, each with `name` and `value` (or `value_base64`)."""


@click.group("dead", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """List, show or resend dead letters: records that the last parse could not turn into rows."""


@command.command("list", cls=DescribedCommand, arguments=_NAME, prints=list[DeadSummary])
@click.argument("name")
@_reason
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="List at most N dead letters.",
)
@json_option
def list_(name: str, reason: str | None, limit: int, as_json: bool) -> None:  # noqa: FBT001
    """List the dead letters of the stream NAME: their places and reasons, without values."""
    shown: list[DeadLetter] = []
    counts: Counter[str] = Counter()
    for one in selected(Path.cwd(), name, reason=reason):
        counts[one.reason] += 1
        if len(shown) < limit:
            shown.append(one)
    if as_json:
        show_json([_summary(one) for one in shown])
        return
    if not shown:
        show(f"{name}: no dead letters")
        return
    table = Table("place", "time", "reason", "detail", box=None, pad_edge=False)
    for one in shown:
        table.add_row(_place(one), _time(one) or "", one.reason, _printable(one.detail))
    show_table(table)
    left = counts.total() - len(shown)
    reasons = ", ".join(f"{count:,} {why}" for why, count in counts.most_common())
    hidden = f"; {left:,} not shown" if left else ""
    show(f"{plural(counts.total(), 'dead letter')}: {reasons}{hidden}")


@command.command(
    "show",
    cls=DescribedCommand,
    arguments={**_NAME, "PARTITION:OFFSET": _PLACE},
    prints=DeadContent,
)
@click.argument("name")
@click.argument("place", metavar="PARTITION:OFFSET")
@prints_result
def show_(name: str, place: str) -> Result:
    """Show one dead letter of the stream NAME as it came: its key, headers and value.

    The value may hold personal data.
    """
    (letter,) = selected(Path.cwd(), name, [record_position(place)])
    return Result({**_summary(letter), **_content(letter)}, tuple(_lines(letter)))


@command.command(
    "replay",
    cls=DescribedCommand,
    arguments={**_NAME, "[PARTITION:OFFSET]...": _PLACE},
    exits={
        2: "It is not clear which dead letters to send, or sending was not confirmed.",
        4: "Another replay of the stream has taken over. This run sent nothing.",
    },
    prints=Replayed,
)
@click.argument("name")
@click.argument("places", nargs=-1, metavar="[PARTITION:OFFSET]...")
@_reason
@click.option("--all", "everything", is_flag=True, help="Send all dead letters.")
@click.option(
    "--topic", metavar="TOPIC", help="Send them to this topic.  [default: the topic of the stream]"
)
@click.option("--yes", "-y", is_flag=True, help="Send without asking.")
@json_option
def replay(
    name: str,
    places: tuple[str, ...],
    reason: str | None,
    everything: bool,  # noqa: FBT001
    topic: str | None,
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Send dead letters of the stream NAME to a topic again, in one transaction.

    If you run it twice, they are sent twice. Do not use it after a change of the schema: then
    `dvc repro` parses all records again. A record that was sent again would become a second row,
    unless the dataset has a key.
    """
    if sum([bool(places), reason is not None, everything]) != 1:
        raise ConfigError(
            "The dead letters to send have to be named in one way: by places, with --reason or "
            "with --all.",
            untouched=NOTHING_SENT,
            remedy=f"`datarelease ingest dead list {name}` lists them.",
        )
    letters = selected(Path.cwd(), name, [record_position(text) for text in places], reason)
    count = sum(1 for _ in letters)
    if not as_json:
        show(f"{name}: {plural(count, 'dead letter')} to send to {topic or letters.stream.topic}")
    if count and not yes:
        ask()
    done = replay_now(letters, topic, env=os.environ)
    if as_json:
        show_json(to_json(done))
    else:
        show(f"{plural(done.records, 'record')} sent to {done.topic}")


def _place(letter: DeadLetter) -> str:
    return f"{letter.partition}:{letter.offset}"


def _time(letter: DeadLetter) -> str | None:
    if letter.timestamp is None:
        return None
    # Not fromtimestamp: producers may stamp years that it does not know.
    try:
        stamp = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=letter.timestamp)
    except OverflowError:
        return str(letter.timestamp)
    return stamp.isoformat(timespec="milliseconds")


def _summary(letter: DeadLetter) -> DeadSummary:
    return {
        "partition": letter.partition,
        "offset": letter.offset,
        "time": _time(letter),
        "reason": letter.reason,
        "detail": letter.detail,
    }


def _content(letter: DeadLetter) -> dict[str, Any]:
    """Bytes as UTF-8 text where they are that, else in base64 under another name."""
    headers = [{"name": name, **_named("value", value)} for name, value in letter.headers]
    return {**_named("key", letter.key), **_named("value", letter.value), "headers": headers}


def _named(name: str, data: bytes | None) -> dict[str, str | None]:
    try:
        return {name: None if data is None else data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data or b"").decode()}


def _lines(letter: DeadLetter) -> Iterator[str]:
    yield f"place   {_place(letter)}"
    yield f"time    {_time(letter) or 'none'}"
    yield f"reason  {letter.reason}: {_printable(letter.detail)}"
    yield f"key     {_shown(letter.key)}"
    for name, value in letter.headers:
        yield f"header  {_printable(name)}: {_shown(value)}"
    yield f"value   {_shown(letter.value)}"


def _shown(data: bytes | None) -> str:
    if data is None:
        return "none"
    return _printable(data.decode(errors="backslashreplace")) or "(empty)"


def _printable(text: str) -> str:
    """``text`` with nothing in it that a terminal obeys."""
    escape = "unicode_escape"
    return "".join(c if c.isprintable() else c.encode(escape).decode() for c in text)
