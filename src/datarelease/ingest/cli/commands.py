"""The commands of ``datarelease ingest`` that call one step and say how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.documents import to_json
from datarelease.ingest.announce import announce_now
from datarelease.ingest.commit import commit_now
from datarelease.ingest.drain import drain_now
from datarelease.ingest.plan import Planned, plan_now, waiting_now
from datarelease.ingest.propose.merge import merge_now
from datarelease.ingest.propose.propose import propose_now


@click.command("waiting")
@click.argument("name")
@prints_result
def waiting_command(name: str) -> Result:
    """How many events wait for the stream NAME, since when, and whether a pull request is due.

    They are counted from the plan on the remote's default branch.
    """
    waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    lines = [f"{name}: {waiting.reason}"]
    if waiting.oldest:
        lines.append(f"the first one is of {waiting.oldest}")
    if waiting.lost:
        lines.append(f"{waiting.lost:,} events were dropped by the broker before anybody read them")
    return Result(to_json(waiting), tuple(lines))


@click.command("plan")
@click.argument("name")
@click.option(
    "--anew",
    is_flag=True,
    help="Plan the batches again that the remote's default branch does not have.",
)
@prints_result
def plan_command(name: str, *, anew: bool) -> Result:
    """Append what waits for the stream NAME to streams/NAME.json, as batches of offsets.

    Batches that were planned before stay as they are; `dvc repro` then drains the new ones. Where
    the remote's default branch has other batches than the work tree, its batches count.
    """
    planned = plan_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress(), anew=anew)
    return Result(to_json(planned), tuple(_plan_lines(planned)))


def _plan_lines(planned: Planned) -> Iterator[str]:
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
@prints_result
def drain_command(name: str) -> Result:
    """Stage command: read the planned offsets of the stream NAME from the broker.

    Each batch becomes a file of data/streams/NAME/raw; files that are there are kept.
    """
    drained = drain_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    written = f"{len(drained.written)} batches drained ({drained.records:,} records)"
    lines = [f"{name}: {written}, {len(drained.kept)} kept"]
    if drained.holes:
        lines.append(f"{drained.holes:,} offsets have no record")
    if drained.removed:
        lines.append(f"removed, as no batch has them: {', '.join(drained.removed)}")
    return Result(to_json(drained), tuple(lines))


@click.command("propose")
@click.argument("name")
@click.option(
    "--when-due",
    is_flag=True,
    help="Only when as many events wait, or for as long, as release.streams.NAME.propose says.",
)
@click.option("--force", is_flag=True, help="Propose refused events again, however few came since.")
@prints_result
def propose_command(name: str, *, when_due: bool, force: bool) -> Result:
    """Open a pull request with what waits for the stream NAME.

    It is made in a clone of its own: the pipeline runs there, the data goes to the remotes, then
    the branch is pushed. Run again, after a failure or at the same time elsewhere, it never makes
    a second pull request for the same events. Without GitHub the branch is the proposal.
    """
    progress = ConsoleProgress()
    if when_due:
        waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=progress)
        if not waiting.due:
            nothing = {"stream": name, "state": "nothing", "message": waiting.reason}
            return Result(nothing, f"{name}: {waiting.reason}")
    proposal = propose_now(Path.cwd(), name, env=os.environ, progress=progress, force=force)
    lines = [f"{name}: {proposal.message}"]
    if proposal.url:
        lines.append(proposal.url)
    elif proposal.state == "opened":
        lines.append(f"next: look at {proposal.branch}, merge it, then `datarelease release`")
    return Result(to_json(proposal), tuple(lines))


@click.command("merge")
@click.argument("name")
@prints_result
def merge_command(name: str) -> Result:
    """Merge the open proposal of the stream NAME, where that needs no person.

    That is where params.yaml says `release.policy.auto_merge: true`, the proposal was made here
    and nobody pushed to it, its check passed without a warning, and only rows were added.
    """
    merging = merge_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    what = f"pull request #{merging.pull}" if merging.pull else merging.branch
    text = f"{name}: {merging.state}{f', {what}' if what else ''}: {merging.reason}"
    return Result(to_json(merging), text)


@click.command("commit")
@click.argument("name")
@prints_result
def commit_command(name: str) -> Result:
    """After a release: commit the offsets of the stream NAME at the broker.

    In one transaction a batch, dead letters go to their topic and the consumer group
    datarelease-NAME moves on, so that the broker's tools show the lag. What was committed before is
    not committed again.
    """
    done = commit_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    if done.tag is None:
        text = f"{name}: there is no version yet"
    elif not done.batches:
        text = f"{name}: all batches of {done.tag} are committed already"
    else:
        text = f"{name}: {len(done.batches)} batches of {done.tag} committed for {done.group}\n"
        text += f"{done.dead:,} dead letters sent"
    return Result(to_json(done), text)


@click.command("announce")
@click.argument("version", required=False)
@prints_result
def announce_command(version: str | None) -> Result:
    """After a release: publish VERSION, or the newest one, to the topic release.announce.

    The event follows release-announcement.v1.json; it is sent once, however often this runs.
    """
    done = announce_now(Path.cwd(), version, env=os.environ, progress=ConsoleProgress())
    if done is None:
        text = "nothing to announce: there is no version yet, or release.announce names no topic"
        return Result(None, text)
    return Result(
        to_json(done),
        f"{done.topic}: {'notified of' if done.sent else 'already notified of'} {done.tag}",
    )
