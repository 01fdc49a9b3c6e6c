"""``datarelease ingest add``."""

from __future__ import annotations

import os
import shlex
from functools import partial
from pathlib import Path
from typing import Literal

import click

from datarelease.adapters.dvc_root import find_root
from datarelease.app.wiring import git_environment
from datarelease.cli.ask import ask
from datarelease.cli.console import show, show_json
from datarelease.cli.options import json_option
from datarelease.documents import to_json
from datarelease.ingest.access import connected, schema_texts
from datarelease.ingest.add import Wanted, plan_stream, write_stream
from datarelease.ingest.sample import Sample, take
from datarelease.render.adoption import adoption


@click.command("add")
@click.argument("name")
@click.option("--topic", required=True, help="The topic whose events become rows.")
@click.option(
    "--format",
    "event_format",
    type=click.Choice(["json", "avro"]),
    default="json",
    show_default=True,
    help="How events are written; avro: as a schema registry has it.",
)
@click.option("--time", metavar="COLUMN", help="Says when an event happened; guessed by default.")
@click.option(
    "--key", multiple=True, metavar="COLUMN", help="Tells events apart; may be given twice."
)
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
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

    Looks at the topic's last events, infers a Pandera schema, and shows a plan: the stages in
    dvc.yaml, the settings in params.yaml, the schema. Existing files keep every line.
    """
    root = find_root(Path.cwd())

    def sample() -> Sample:
        with connected(os.environ) as broker:
            return take(broker, topic, event_format, partial(schema_texts, os.environ))

    wanted = Wanted(name=name, topic=topic, format=event_format, time=time, key=key)
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
        show(_next(name, [edit.path for edit in plan.files]))


def _next(name: str, paths: list[str]) -> str:
    return (
        f"\nnext\n  1. look at schemas/{name}.yaml, and at key and pii in dvc.yaml: they are "
        f"guesses\n  2. git add {shlex.join(paths)} && git commit, and have it merged\n"
        f"  3. datarelease ingest propose {name}: a pull request with the first events"
    )
