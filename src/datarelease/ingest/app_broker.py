"""The steps of ingestion that talk to a broker, on the work tree around a directory.

Kafka's client is loaded here, when a step needs it: everything else works without the extra.
"""

from __future__ import annotations

import datetime as dt
import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.adapters.dvc_root import find_root
from datarelease.adapters.git import Git
from datarelease.adapters.store import replacing
from datarelease.app.settings import settings_at
from datarelease.app.wiring import PACKAGE, git_environment
from datarelease.documents import DocumentError, decode, encode
from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.drain import Drain, Drained
from datarelease.ingest.kafka_config import kafka_config, registry_config
from datarelease.ingest.plan import extended
from datarelease.ingest.waiting import Waiting, look
from datarelease.model.stream import Batch, Stream, StreamPlan
from datarelease.progress import Progress
from datarelease.settings_problems import unknown

if TYPE_CHECKING:
    from datarelease.ingest.broker import Broker

EXTRA = "datarelease[orchestration]"


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a plan added."""

    stream: str
    plan: StreamPlan
    """All of it, as it now stands in the work tree."""
    new: tuple[Batch, ...]
    """Batches that the remote's default branch does not have."""


def waiting_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Waiting:
    """What waits for the stream ``name`` after what the remote's default branch has.

    Raises:
        ConfigError: No such stream, no broker configured, or no such topic.
        ConflictError: The topic is not the one that was planned.
        WorldError: The broker or the git remote does not answer.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    plan = agreed_plan(root, stream)
    with connected(env) as broker:
        progress.say(f"{stream.topic}: asking the broker")
        return look(plan, stream, broker, now=dt.datetime.now(dt.UTC))


def plan_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Planned:
    """``streams/NAME.json`` written: the remote default branch's batches and what waits now.

    Raises:
        ConfigError: As ``waiting_now``.
        ConflictError: As ``waiting_now``.
        WorldError: As ``waiting_now``.
    """
    root = find_root(root)
    stream = stream_at(root, name)
    before = agreed_plan(root, stream)
    with connected(env) as broker:
        progress.say(f"{stream.topic}: asking the broker")
        plan = extended(before, stream, broker)
    with replacing(root / stream.plan_file) as scratch:
        scratch.write_bytes(encode(plan).encode())
    known = len(before.batches) if before else 0
    return Planned(stream=stream.name, plan=plan, new=plan.batches[known:])


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
    with _scratch(root, stream) as scratch:
        return Drain(
            stream=stream,
            plan=plan,
            folder=root / stream.raw_dir,
            scratch=scratch,
            open_source=lambda: connected(env),
            schemas=lambda ids: _schemas(env, ids),
            progress=progress,
        ).run()


def stream_at(root: Path, name: str) -> Stream:
    """The stream called ``name`` in the settings of the work tree at ``root``.

    Raises:
        ConfigError: There is none; the nearest name is told.
    """
    settings = settings_at(root)
    stream = settings.stream(name)
    if stream is None:
        known = [one.name for one in settings.streams]
        raise ConfigError(
            f"params.yaml: release.streams: {unknown('stream', name, known)}"
            if known
            else "params.yaml: release.streams has no stream.",
            untouched="Nothing was changed.",
            remedy="`datarelease ingest add NAME --topic TOPIC` adds one.",
        )
    return stream


def agreed_plan(root: Path, stream: Stream) -> StreamPlan | None:
    """The plan on the remote's default branch, fetched now; without a remote, that of HEAD.

    Raises:
        ConfigError: The file there is no plan.
        WorldError: The remote does not answer.
    """
    git = Git(root, env=git_environment())
    commit = git.resolve("HEAD")
    if git.has_remote():
        branch = git.default_branch()
        commit = git.fetch_branch(branch) if branch else None
    return read_plan(git.read(commit, stream.plan_file) if commit else None, stream)


def read_plan(data: bytes | None, stream: Stream) -> StreamPlan | None:
    """The plan in ``data``, or None where there is no file.

    Raises:
        ConfigError: It is no plan.
    """
    if data is None:
        return None
    try:
        return decode(StreamPlan, data)
    except DocumentError as error:
        raise ConfigError(
            f"{stream.plan_file} is not a plan: {error}.",
            untouched="Nothing was changed.",
            remedy="Bring the file back as git has it; only this program writes it.",
        ) from error


@contextmanager
def connected(env: Mapping[str, str]) -> Iterator[Broker]:
    """The broker that ``env`` names.

    Raises:
        ConfigError: None is configured, or Kafka's client is not installed.
    """
    config = kafka_config(env)
    with needed():
        from datarelease.ingest.broker import Broker  # noqa: PLC0415 - heavy: librdkafka
    with Broker(config) as broker:
        yield broker


@contextmanager
def needed() -> Iterator[None]:
    """Around imports of the extra: what to do where it is not installed."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"Kafka's client is not installed ({error.name}).",
            untouched="Nothing was changed.",
            remedy=f'Install it: pip install "{EXTRA}"',
        ) from error


def _schemas(env: Mapping[str, str], ids: frozenset[int]) -> Mapping[int, str]:
    config = registry_config(env)
    with needed():
        from datarelease.ingest.registry import Registry  # noqa: PLC0415 - heavy: HTTP client
    return Registry(config).texts(ids)


@contextmanager
def _scratch(root: Path, stream: Stream) -> Iterator[Path]:
    """A directory for unfinished files, nobody else's as long as the block runs.

    Its lock ends with the process, however that ends; what a killed one left is cleared.
    """
    folder = root / ".dvc" / "tmp" / PACKAGE / "drain" / stream.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{stream.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorldError(
                f"Another drain of {stream.name} runs in this work tree.",
                untouched="Nothing was drained.",
                remedy="Wait for it, then run the command again.",
            ) from error
        for left in folder.iterdir():
            left.unlink()
        yield folder


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
