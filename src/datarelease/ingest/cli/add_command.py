"""``datarelease ingest add``."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Literal

import click

from datarelease.adapters.dvc.tracked import find_root
from datarelease.app.wiring import git_environment
from datarelease.cli.console import ask, show
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import json_option
from datarelease.cli.plain_output import show_json
from datarelease.documents import to_json
from datarelease.ingest.access import connected, schema_texts
from datarelease.ingest.add import StreamRequest, plan_stream, write_stream
from datarelease.ingest.sample import Sample, take
from datarelease.model.adoption import Adoption
from datarelease.render.terminal.adoption import adoption


@click.command(
    "add",
    cls=DescribedCommand,
    arguments={"NAME": "The name of the new dataset, which is also the name of the stream."},
    exits={3: "The broker or the schema registry does not answer. Nothing was written."},
    prints=Adoption,
)
@click.argument("name")
@click.option("--topic", required=True, help="The topic whose events become rows.")
@click.option(
    "--format",
    "event_format",
    type=click.Choice(["json", "avro"]),
    default="json",
    show_default=True,
    help="The format of the events. Avro needs a schema registry.",
)
@click.option(
    "--time",
    metavar="COLUMN",
    help="The column with the time of an event.  [default: guessed from the events]",
)
@click.option(
    "--key",
    multiple=True,
    metavar="COLUMN",
    help="A column of the key of the dataset. May be given several times.",
)
@click.option("--yes", "-y", is_flag=True, help="Carry the plan out without asking.")
@json_option
def command(
    name: str,
    topic: str,
    event_format: Literal["json", "avro"],
    time: str | None,
    key: tuple[str, ...],
    yes: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Feed the new dataset NAME from a topic.

    Reads the last events of the topic, infers a Pandera schema, and shows a plan: the stages in
    dvc.yaml, the settings in params.yaml and the schema. Existing files keep every line.
    """
    root = find_root(Path.cwd())

    def sample() -> Sample:
        with connected(os.environ) as broker:
            return take(broker, topic, event_format, partial(schema_texts, os.environ))

    wanted = StreamRequest(name=name, topic=topic, format=event_format, time=time, key=key)
    plan = plan_stream(root, wanted, sample, git_env=dict(git_environment()))
    if as_json:
        show_json(to_json(plan))
        if not yes:
            return
    else:
        show(adoption(plan))
    if not yes:
        ask()
    write_stream(root, plan)
    if not as_json:
        show(_next(name, topic))


def _next(name: str, topic: str) -> str:
    steps = (
        f"look at schemas/{name}.yaml, and at key and pii in dvc.yaml: they are guesses",
        f"git switch -c {name}",
        f"datarelease ingest plan {name} && dvc repro && dvc push",
        f'git add -A && git commit -m "Feed {name} from {topic}"',
        f"git push -u origin {name}",
        "open a pull request from that branch: it brings the stages and their first data",
        f"when it is merged: datarelease ingest propose {name}, for later events",
    )
    return "\n".join(["\nnext", *(f"  {n}. {step}" for n, step in enumerate(steps, 1))])
