"""The commands of ``datarelease ingest`` that call one step and say how it ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import click

from datarelease.adapters.dvc.tracked import find_root
from datarelease.app.settings import settings_at
from datarelease.cli.console import ConsoleProgress, json_option, show, show_json
from datarelease.documents import to_json
from datarelease.ingest.access import stream_at
from datarelease.ingest.announce import announce_now
from datarelease.ingest.commit import commit_now
from datarelease.ingest.drain import drain_now
from datarelease.ingest.parse.parse import parse_stream
from datarelease.ingest.plan import plan_now, waiting_now
from datarelease.ingest.propose.merge import merge_now
from datarelease.ingest.propose.propose import propose_now

Shown = Iterator[Any]
"""The result, for ``--json``; then, for people, the lines about it."""


def _with_json(run: Callable[..., Shown]) -> Callable[..., None]:
    """``run`` as the function of a command that has the option ``--json``."""

    @wraps(run)
    def shown(*, as_json: bool, **arguments: Any) -> None:
        result, *lines = run(**arguments)
        if as_json:
            show_json(result if result is None or isinstance(result, dict) else to_json(result))
        else:
            show(*lines)

    with_option: Callable[..., None] = json_option(shown)
    return with_option


@click.command("waiting")
@click.argument("name")
@_with_json
def ingest_waiting(name: str) -> Shown:
    """How many events wait for the stream NAME, since when, and whether a pull request is due.

    They are counted from the plan on the remote's default branch.
    """
    waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    yield waiting
    yield f"{name}: {waiting.reason}"
    if waiting.oldest:
        yield f"the first one is of {waiting.oldest}"
    if waiting.lost:
        yield f"{waiting.lost:,} events were dropped by the broker before anybody read them"


@click.command("plan")
@click.argument("name")
@click.option(
    "--anew",
    is_flag=True,
    help="Plan the batches again that the remote's default branch does not have.",
)
@_with_json
def ingest_plan(name: str, *, anew: bool) -> Shown:
    """Append what waits for the stream NAME to streams/NAME.json, as batches of offsets.

    Batches that were planned before stay as they are; `dvc repro` then drains the new ones. Where
    the remote's default branch has other batches than the work tree, its batches count.
    """
    planned = plan_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress(), anew=anew)
    yield planned
    if planned.dropped:
        numbers = ", ".join(str(batch.number) for batch in planned.dropped)
        yield f"removed from the work tree's plan: batch {numbers}"
    if planned.pending:
        numbers = ", ".join(str(batch.number) for batch in planned.pending)
        yield f"planned before, and not merged yet: batch {numbers}"
    if not planned.new:
        yield f"{planned.stream}: nothing waits"
    for batch in planned.new:
        yield f"batch {batch.number}: {batch.offsets:,} offsets"
        for span in batch.spans:
            lost = f", {span.lost:,} before it lost" if span.lost else ""
            yield f"  partition {span.partition}: {span.start} to {span.end - 1}{lost}"


@click.command("drain")
@click.argument("name")
@_with_json
def ingest_drain(name: str) -> Shown:
    """Stage command: read the planned offsets of the stream NAME from the broker.

    Each batch becomes a file of data/streams/NAME/raw; files that are there are kept.
    """
    drained = drain_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    yield drained
    written = f"{len(drained.written)} batches drained ({drained.records:,} records)"
    yield f"{name}: {written}, {len(drained.kept)} kept"
    if drained.holes:
        yield f"{drained.holes:,} offsets have no record"
    if drained.removed:
        yield f"removed, as no batch has them: {', '.join(drained.removed)}"


@click.command("parse")
@click.argument("name")
@_with_json
def ingest_parse(name: str) -> Shown:
    """Stage command: turn the raw records of the stream NAME into rows and dead letters.

    Each batch becomes a part file of the dataset; what breaks the schema goes to
    data/streams/NAME/dead. Writes reports/NAME/stream.json. Needs no broker.
    """
    root = find_root(Path.cwd())
    counts = parse_stream(
        root,
        stream_at(root, name),
        progress=ConsoleProgress(),
        memory_limit=settings_at(root).memory_limit,
    )
    yield counts
    batches = counts.batches
    rows, dead = sum(b.events for b in batches), sum(b.dead for b in batches)
    yield f"{name}: {rows:,} rows in {len(batches)} batches, {dead:,} dead letters"


@click.command("propose")
@click.argument("name")
@click.option(
    "--when-due",
    is_flag=True,
    help="Only when as many events wait, or for as long, as release.streams.NAME.propose says.",
)
@click.option("--force", is_flag=True, help="Propose refused events again, however few came since.")
@_with_json
def ingest_propose(name: str, *, when_due: bool, force: bool) -> Shown:
    """Open a pull request with what waits for the stream NAME.

    It is made in a clone of its own: the pipeline runs there, the data goes to the remotes, then
    the branch is pushed. Run again, after a failure or at the same time elsewhere, it never makes
    a second pull request for the same events. Without GitHub the branch is the proposal.
    """
    progress = ConsoleProgress()
    if when_due:
        waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=progress)
        if not waiting.due:
            yield {"stream": name, "state": "nothing", "message": waiting.reason}
            yield f"{name}: {waiting.reason}"
            return
    proposal = propose_now(Path.cwd(), name, env=os.environ, progress=progress, force=force)
    yield proposal
    yield f"{name}: {proposal.message}"
    if proposal.url:
        yield proposal.url
    elif proposal.state == "opened":
        yield f"next: look at {proposal.branch}, merge it, then `datarelease release`"


@click.command("merge")
@click.argument("name")
@_with_json
def ingest_merge(name: str) -> Shown:
    """Merge the open proposal of the stream NAME, where that needs no person.

    That is where params.yaml says `release.policy.auto_merge: true`, the proposal was made here
    and nobody pushed to it, its check passed without a warning, and only rows were added.
    """
    merging = merge_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    yield merging
    what = f"pull request #{merging.pull}" if merging.pull else merging.branch
    yield f"{name}: {merging.state}{f', {what}' if what else ''}: {merging.reason}"


@click.command("commit")
@click.argument("name")
@_with_json
def ingest_commit(name: str) -> Shown:
    """After a release: commit the offsets of the stream NAME at the broker.

    In one transaction a batch, dead letters go to their topic and the consumer group
    datarelease-NAME moves on, so that the broker's tools show the lag. What was committed before is
    not committed again.
    """
    done = commit_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    yield done
    if done.tag is None:
        yield f"{name}: there is no version yet"
    elif not done.batches:
        yield f"{name}: all batches of {done.tag} are committed already"
    else:
        yield f"{name}: {len(done.batches)} batches of {done.tag} committed for {done.group}"
        yield f"{done.dead:,} dead letters sent"


@click.command("announce")
@click.argument("version", required=False)
@_with_json
def ingest_announce(version: str | None) -> Shown:
    """After a release: publish VERSION, or the newest one, to the topic release.announce.

    The event follows release-announcement.v1.json; it is sent once, however often this runs.
    """
    done = announce_now(Path.cwd(), version, env=os.environ, progress=ConsoleProgress())
    yield done
    if done is None:
        yield "nothing to announce: there is no version yet, or release.announce names no topic"
    else:
        yield f"{done.topic}: {'told of' if done.sent else 'knew of'} {done.tag}"
