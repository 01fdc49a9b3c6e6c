"""Waiting, plan and drain, on the work tree around a directory.

Kafka's client is loaded here, when a step needs it: everything else works without the extra.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datarelease.adapters.dvc.root import find_root
from datarelease.app.wiring import PACKAGE
from datarelease.documents import encode
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.write_file import write
from datarelease.ingest.access import (
    agreed_plan,
    connected,
    locked,
    read_plan,
    schema_texts,
    stream_at,
)
from datarelease.ingest.drain import Drain, Drained
from datarelease.ingest.plan import Waiting, continued, extended, look
from datarelease.model.data.stream import Batch, Stream, StreamPlan
from datarelease.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What was added to a plan."""

    stream: str
    plan: StreamPlan
    """All of it, as it now stands in the work tree."""
    new: tuple[Batch, ...]
    """The batches that were appended now."""
    pending: tuple[Batch, ...]
    """Those planned before that the remote's default branch does not have yet."""
    dropped: tuple[Batch, ...]
    """Those of the work tree that are in the plan no more: they were planned anew, or the remote's
    default branch has other ones."""


def waiting_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Waiting:
    """What waits for the stream ``name`` after what the remote's default branch has.

    Raises:
        ConfigError: No such stream, no broker configured, or no such topic.
        ConflictError: The topic is not the one that was planned.
        WorldError: The broker or the git remote does not answer.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    plan = agreed_plan(root, stream, env)
    with connected(env) as broker:
        progress.say(f"{stream.topic}: asking the broker")
        return look(plan, stream, broker, now=dt.datetime.now(dt.UTC))


def plan_now(
    root: Path, name: str, *, env: Mapping[str, str], progress: Progress, anew: bool = False
) -> Planned:
    """What waits now, appended to ``streams/NAME.json``.

    The work tree's plan is kept where it continues the one of the remote's default branch;
    otherwise the latter is what is appended to.

    Args:
        root: A directory of the repository.
        name: Of the stream.
        env: Names the broker.
        progress: Receives a message about each request.
        anew: Plan the batches again that the remote's default branch does not have.

    Raises:
        ConfigError: As ``waiting_now``, or the work tree's file is not a plan.
        ConflictError: As ``waiting_now``.
        WorldError: As ``waiting_now``.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    agreed = agreed_plan(root, stream, env)
    here = read_plan(_file(root / stream.plan_file), stream)
    before = agreed if anew else continued(agreed, here)
    with connected(env) as broker:
        progress.say(f"{stream.topic}: asking the broker")
        plan = extended(before, stream, broker)
    write(root / stream.plan_file, encode(plan).encode())
    known = len(agreed.batches) if agreed else 0
    kept = len(before.batches) if before else 0
    return Planned(
        stream=stream.name,
        plan=plan,
        new=plan.batches[kept:],
        pending=plan.batches[known:kept],
        dropped=tuple(
            batch for batch in (here.batches if here else ()) if batch not in plan.batches
        ),
    )


def drain_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Drained:
    """The records of the work tree's plan, in ``stream.raw_dir``.

    Raises:
        ConfigError: As ``waiting_now``, or there is no plan.
        ConflictError: The topic is not the one that was planned.
        WorldError: The broker does not answer or no longer has the records, or another drain
            of this stream runs.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    plan = read_plan(_file(root / stream.plan_file), stream)
    if plan is None:
        raise ConfigError(
            f"{stream.plan_file} does not exist: nothing was planned for {stream.name}.",
            untouched="Nothing was drained.",
            remedy=f"Run `datarelease ingest plan {stream.name}`.",
        )
    with _written(stream), _scratch(root, stream) as scratch:
        return Drain(
            stream=stream,
            plan=plan,
            folder=root / stream.raw_dir,
            scratch=scratch,
            open_source=lambda: connected(env),
            schemas=lambda ids: schema_texts(env, ids),
            progress=progress,
        ).run()


@contextmanager
def _written(stream: Stream) -> Iterator[None]:
    """Errors of the disk as errors of this package."""
    try:
        yield
    except OSError as error:
        raise WorldError(
            f"{stream.raw_dir} cannot be written: {error.strerror or error}.",
            untouched="Batches that were finished before are kept; no file is incomplete.",
            remedy=(
                "Free space, or correct the permissions of the directory, then run the "
                "command again."
            ),
        ) from error


@contextmanager
def _scratch(root: Path, stream: Stream) -> Iterator[Path]:
    """A directory for unfinished files, used by this process alone while the block runs.

    Its lock ends with the process, however that ends; files of a killed process are removed.
    """
    folder = root / ".dvc" / "tmp" / PACKAGE / "drain" / stream.name
    folder.mkdir(parents=True, exist_ok=True)
    busy = WorldError(
        f"Another drain of {stream.name} runs in this work tree.",
        untouched="Nothing was drained.",
        remedy="Wait for it to end, then run the command again.",
    )
    with locked(folder.parent / f"{stream.name}.lock", busy):
        for left in folder.iterdir():
            left.unlink()
        yield folder


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
