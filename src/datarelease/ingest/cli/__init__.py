"""``datarelease ingest``: its commands, loaded when one of them is called."""

from __future__ import annotations

import click

from datarelease.cli import LazyGroup

_COMMANDS = {
    "add": "Feed a dataset from a topic: its stages, and a schema inferred from events.",
    "waiting": "How many events wait, and since when.",
    "plan": "Append the waiting events, as batches of offsets, to streams/NAME.json.",
    "drain": "Stage command: the records of the planned offsets, as they are on the broker.",
    "parse": "Stage command: records into rows and dead letters; needs no broker.",
    "dead": "Dead letters: list them, show one, send some again.",
    "propose": "Open a pull request with the waiting events; once for the same offsets.",
    "merge": "Merge such a pull request, if the policy and its check allow it.",
    "commit": "After a release: dead letters to their topic, offsets to the consumer group.",
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
    """Events of a Kafka topic become reviewed data versions.

    The broker's address stands in DATARELEASE_KAFKA_BOOTSTRAP_SERVERS; other settings of its
    client likewise (docs/data/events.md).
    """
