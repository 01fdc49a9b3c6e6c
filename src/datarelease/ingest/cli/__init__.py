"""``datarelease ingest``: its commands, loaded when one of them is called."""

from __future__ import annotations

import click

from datarelease.cli import LazyGroup

_COMMANDS = {
    "add": "Feed a new dataset from a topic: its stages, settings and schema.",
    "waiting": "Say how many events wait, and since when.",
    "plan": "Append the waiting events, as batches of offsets, to streams/NAME.json.",
    "drain": "Stage command: read the records of the planned offsets from the broker.",
    "parse": "Stage command: turn records into rows and dead letters; needs no broker.",
    "dead": "List dead letters, show one, or send some of them again.",
    "propose": "Open a pull request with the waiting events; only one for the same offsets.",
    "merge": "Merge such a pull request, if the policy and its check allow it.",
    "commit": "After a release: send dead letters to their topic, and commit the offsets.",
    "announce": "After a release: publish it to a topic.",
}


@click.command(
    cls=LazyGroup,
    package="datarelease.ingest.cli",
    descriptions=_COMMANDS,
    places={n: f"commands:{n}_command" for n in _COMMANDS if n not in {"add", "dead", "parse"}},
    context_settings={"help_option_names": ["-h", "--help"]},
)
def command() -> None:
    """Turn the events of a Kafka topic into reviewed data versions.

    The variable DATARELEASE_KAFKA_BOOTSTRAP_SERVERS has the address of the broker. Other settings
    of the client have variables as well; see docs/data/events.md.
    """
