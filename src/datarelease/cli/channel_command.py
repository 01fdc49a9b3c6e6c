"""``datarelease channel set NAME VERSION --reason TEXT`` and ``datarelease channel list``."""

from __future__ import annotations

import os

import click
from rich.table import Table
from rich.text import Text
from typing_extensions import TypedDict

from datarelease.app.actions import actions
from datarelease.app.catalogue import open_catalogue
from datarelease.app.repository import open_repository
from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import VERSION, DescribedCommand
from datarelease.cli.options import repo_option
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.versions.channels import set_channel
from datarelease.flows.versions.tell_readers import tell_of_catalogue
from datarelease.model.versions.channel import Channel, version_of
from datarelease.render.escape import PROSE, clean


class ChannelMoveResult(TypedDict):
    """One move of a channel."""

    tag: str
    """The tag that records the move."""
    version: str
    """The tag of the version that the channel was set to."""
    date: str
    """When the channel was set, in ISO 8601."""
    by: str
    """Who set the channel."""
    reason: str
    """Why the channel was set."""


class ChannelEntry(TypedDict):
    """A channel with its history."""

    name: str
    """The name of the channel."""
    version: str | None
    """The tag of the version that the channel means now; null: all its versions are withdrawn."""
    set_to: str
    """The tag of the version that it was set to last, withdrawn or not."""
    moves: list[ChannelMoveResult]
    """Its moves, the oldest first."""


class ChannelSetResult(TypedDict):
    """A channel that was set."""

    channel: str
    """The name of the channel."""
    version: str
    """The tag of the version that it is set to."""
    before: str | None
    """The tag of the version that it was set to before; null: the channel is new."""
    moved: bool
    """Whether this run moved it; false: it was set to that version already."""


@click.group("channel", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Set or list channels: names for versions that move, such as `stable`.

    The name of a channel stands wherever a version does: `datarelease get stable`.
    """


@command.command("list", cls=DescribedCommand, prints=list[ChannelEntry])
@repo_option
@prints_result
def list_command(repo: str | None) -> Result:
    """List the channels: who set each one to which version, when and why."""
    catalogue = open_catalogue(repo)
    data = [channel_json(channel, catalogue) for channel in catalogue.channels]
    if not data:
        none = "no channel yet: `datarelease channel set stable VERSION --reason TEXT` makes one"
        return Result(data, none)
    return Result(data, _table(catalogue))


@command.command(
    "set",
    cls=DescribedCommand,
    arguments={
        "NAME": "The name of the channel: lower-case letters, digits and hyphens.",
        "VERSION": VERSION,
    },
    exits={3: "The git remote failed, or somebody else set the channel. Run the command again."},
    prints=ChannelSetResult,
)
@click.argument("name")
@click.argument("version")
@click.option("--reason", required=True, help="Why, written for those who follow the channel.")
@prints_result
def set_command(name: str, version: str, reason: str) -> Result:
    """Set the channel NAME to VERSION. A channel that does not exist yet is made."""
    repository = open_repository(None, version, progress=ConsoleProgress())
    run = actions(os.environ)
    done = set_channel(
        repository, name, version,
        reason=reason, by=run.actor if run else None, in_workflow=run is not None,
    )  # fmt: skip
    if done.moved:
        tell_of_catalogue(repository, pushed=True, in_workflow=run is not None)
    now = done.channel.newest.version
    if not done.moved:
        text = f"{name} is {now} already"
    else:
        text = f"{name} is now {now}" + (f"; it was {done.before}" if done.before else "")
    found: ChannelSetResult = {
        "channel": name, "version": now, "before": done.before, "moved": done.moved,
    }  # fmt: skip
    return Result(found, text)


def channel_json(channel: Channel, catalogue: Catalogue) -> ChannelEntry:
    """A channel as JSON data; ``version`` is null where it has no active version."""
    version = version_of(channel, catalogue.versions)
    return {
        "name": channel.name,
        "version": version.tag if version else None,
        "set_to": channel.newest.version,
        "moves": [
            {
                "tag": move.tag,
                "version": move.version,
                "date": move.date,
                "by": move.by,
                "reason": move.reason,
            }
            for move in channel.moves
        ],
    }


def _table(catalogue: Catalogue) -> Table:
    """A row for each move, the newest of each channel first."""
    table = Table(box=None, pad_edge=False)
    for title in ("channel", "version", "date", "by"):
        table.add_column(title, no_wrap=True)
    table.add_column("reason")
    for channel in catalogue.channels:
        used = version_of(channel, catalogue.versions)
        for move in reversed(channel.moves):
            newest = move == channel.newest
            note = ""
            if newest and (used is None or used.tag != move.version):
                note = f" (withdrawn: {used.tag} is used)" if used else " (withdrawn)"
            table.add_row(
                channel.name if newest else "",
                move.version + note,
                move.date[:10],
                Text(clean(move.by)),
                Text(clean(move.reason, PROSE)),
            )
    return table
