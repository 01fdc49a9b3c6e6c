"""The commands of ``datarelease ingest`` that call one step and say how it ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from datarelease.cli.console import ConsoleProgress, Result, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.documents import to_json
from datarelease.ingest.announce import TopicAnnouncement, announce_now
from datarelease.ingest.commit import Committed, commit_now
from datarelease.ingest.drain import Drained, drain_now
from datarelease.ingest.plan import Planned, Waiting, plan_now, waiting_now
from datarelease.ingest.propose.merge import Merging, merge_now
from datarelease.ingest.propose.propose import Proposal, propose_now
from datarelease.model.wording import agreeing, plural
from datarelease.render.numbers import counted

STREAM = {"NAME": "The name of a stream: the dataset that it feeds."}
_OTHER_TOPIC = "The topic is not the one that was drained before. Nothing was written."
_TAKEN_OVER = "Another run of the same command has taken over. This run sent nothing."


@click.command(
    "waiting",
    cls=DescribedCommand,
    arguments=STREAM,
    exits={4: _OTHER_TOPIC},
    prints=Waiting,
)
@click.argument("name")
@prints_result
def waiting_command(name: str) -> Result:
    """Say how many events wait for the stream NAME, since when, and whether a pull request is due.

    Events wait from the end of the plan on the default branch of the git remote.
    """
    waiting = waiting_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    lines = [f"{name}: {waiting.reason}"]
    if waiting.oldest:
        lines.append(f"the first one is of {waiting.oldest}")
    if waiting.lost:
        dropped = plural(waiting.lost, "event")
        were = agreeing(waiting.lost, "it was", "they were")
        lines.append(f"the broker dropped {dropped} before {were} read")
    return Result(to_json(waiting), tuple(lines))


@click.command(
    "plan", cls=DescribedCommand, arguments=STREAM, exits={4: _OTHER_TOPIC}, prints=Planned
)
@click.argument("name")
@click.option(
    "--anew",
    is_flag=True,
    help="Replace the batches that the default branch of the git remote does not have.",
)
@prints_result
def plan_command(name: str, *, anew: bool) -> Result:
    """Append the events that wait for the stream NAME to streams/NAME.json, as batches of offsets.

    Earlier batches stay as they are. Then run `dvc repro`, which drains the new batches. If the
    default branch of the git remote has other batches than the work tree, those replace them.
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
        yield f"{planned.stream}: no events wait"
    for batch in planned.new:
        yield f"batch {batch.number}: {plural(batch.offsets, 'offset')}"
        for span in batch.spans:
            lost = f"; {plural(span.lost, 'offset')} before it lost" if span.lost else ""
            yield f"  partition {span.partition}: {span.start} to {span.end - 1}{lost}"


@click.command(
    "drain", cls=DescribedCommand, arguments=STREAM, exits={4: _OTHER_TOPIC}, prints=Drained
)
@click.argument("name")
@prints_result
def drain_command(name: str) -> Result:
    """Read the records of the planned offsets of the stream NAME from the broker.

    The command of a stage in dvc.yaml. Each batch becomes one file in data/streams/NAME/raw. Files
    of earlier batches are kept.
    """
    drained = drain_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    records = plural(drained.records, "record")
    written = f"{counted(len(drained.written), 'batch', 'batches')} drained ({records})"
    lines = [f"{name}: {written}, {len(drained.kept)} kept"]
    if drained.holes:
        have = agreeing(drained.holes, "has", "have")
        lines.append(f"{plural(drained.holes, 'offset')} {have} no record")
    if drained.removed:
        lines.append(f"removed, because they belong to no batch: {', '.join(drained.removed)}")
    return Result(to_json(drained), tuple(lines))


@click.command(
    "propose",
    cls=DescribedCommand,
    arguments=STREAM,
    exits={
        0: "A pull request is open, or there is nothing to propose.",
        2: "The pipeline failed on the new events, or the settings cannot be used.",
        4: "The topic is not the one that was drained before, or the proposal's branch on the git "
        "remote was made by somebody else.",
    },
    prints=Proposal,
)
@click.argument("name")
@click.option(
    "--when-due",
    is_flag=True,
    help="Only if enough events wait, or wait long enough: see release.streams.NAME.propose.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Propose events again that a reviewer refused, also if few new ones came.",
)
@prints_result
def propose_command(name: str, *, when_due: bool, force: bool) -> Result:
    """Open a pull request with the events that wait for the stream NAME.

    The command works in a clone of its own: it runs the pipeline there, pushes the data to the
    remotes, and then pushes a branch. You can run it again after a failure, or on several machines
    at once: it never opens a second pull request for the same events. Without GitHub, the branch is
    the proposal.
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


@click.command(
    "merge",
    cls=DescribedCommand,
    arguments=STREAM,
    exits={0: "The pull request was merged, or the reason why it was not is printed."},
    prints=Merging,
)
@click.argument("name")
@prints_result
def merge_command(name: str) -> Result:
    """Merge the open pull request of the stream NAME, if no person has to decide.

    It merges if all of this is true: params.yaml has `release.policy.auto_merge: true`; the pull
    request was made by this clone and nobody pushed to it; its check passed without a warning; and
    the change only adds rows.
    """
    merging = merge_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    what = f"pull request #{merging.pull}" if merging.pull else merging.branch
    text = f"{name}: {merging.state}{f', {what}' if what else ''}: {merging.reason}"
    return Result(to_json(merging), text)


@click.command(
    "commit", cls=DescribedCommand, arguments=STREAM, exits={4: _TAKEN_OVER}, prints=Committed
)
@click.argument("name")
@prints_result
def commit_command(name: str) -> Result:
    """Commit the offsets of the stream NAME at the broker, after a release.

    For each batch, one transaction sends the dead letters to their topic and moves the consumer
    group datarelease-NAME, so that the tools of the broker show the lag. A batch that was committed
    before is not committed again.
    """
    done = commit_now(Path.cwd(), name, env=os.environ, progress=ConsoleProgress())
    if done.tag is None:
        text = f"{name}: there is no version yet"
    elif not done.batches:
        text = f"{name}: all batches of {done.tag} are committed already"
    else:
        batches = counted(len(done.batches), "batch", "batches")
        text = f"{name}: {batches} of {done.tag} committed for {done.group}\n"
        text += f"{plural(done.dead, 'dead letter')} sent"
    return Result(to_json(done), text)


@click.command(
    "announce",
    cls=DescribedCommand,
    arguments={"[VERSION]": "The tag of the version. Default: the newest version."},
    exits={4: _TAKEN_OVER},
    prints=TopicAnnouncement | None,
)
@click.argument("version", required=False)
@prints_result
def announce_command(version: str | None) -> Result:
    """Publish VERSION, or the newest version, to the topic in `release.announce`.

    Run it after a release. The event follows the schema release-announcement.v1.json. It is sent
    once, also if the command runs again.
    """
    done = announce_now(Path.cwd(), version, env=os.environ, progress=ConsoleProgress())
    if done is None:
        text = "nothing to announce: there is no version yet, or release.announce names no topic"
        return Result(None, text)
    return Result(
        to_json(done),
        f"{done.topic}: {'notified of' if done.sent else 'already notified of'} {done.tag}",
    )
