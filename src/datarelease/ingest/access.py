"""What steps of ingestion need first: the agreed plan, a broker, a lock.

Kafka's client is loaded here, when a step needs it: everything else works without the extra.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.adapters.git.repository import Git
from datarelease.app.github import environment_for_origin
from datarelease.app.wiring import timeout_at
from datarelease.documents import DocumentError, decode
from datarelease.errors import ConfigError, WorldError
from datarelease.ingest.kafka.config import kafka_config, registry_config
from datarelease.ingest.optional import needed
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.ingest.kafka.broker import Broker
    from datarelease.ingest.kafka.producer import Writer


def agreed_plan(root: Path, stream: Stream, env: Mapping[str, str]) -> StreamPlan | None:
    """The plan on the remote's default branch, fetched now; without a remote, that of HEAD.

    Raises:
        ConfigError: The file there is no plan.
        WorldError: The remote does not answer.
    """
    git = Git(root, env=environment_for_origin(root, env), timeout=timeout_at(root))
    commit = git.resolve("HEAD")
    if git.has_remote():
        branch = git.default_branch()
        commit = git.fetch_branch(branch) if branch else None
    return read_plan(git.read(commit, stream.plan_file) if commit else None, stream)


def read_plan(data: bytes | None, stream: Stream) -> StreamPlan | None:
    """The plan in ``data``, or None where there is no file.

    Raises:
        ConfigError: It is not a plan.
    """
    if data is None:
        return None
    try:
        return decode(StreamPlan, data)
    except DocumentError as error:
        raise ConfigError(
            f"{stream.plan_file} is not a plan: {error}.",
            remedy="Restore the file from git; only datarelease may write it.",
        ) from error


@contextmanager
def connected(env: Mapping[str, str]) -> Iterator[Broker]:
    """The broker that ``env`` names.

    Raises:
        ConfigError: None is configured, or Kafka's client is not installed.
    """
    config = kafka_config(env)
    with needed():
        from datarelease.ingest.kafka.broker import Broker  # noqa: PLC0415 - heavy: librdkafka
    with Broker(config) as broker:
        yield broker


def open_writer(env: Mapping[str, str], name: str, *, progress: Progress | None = None) -> Writer:
    """A writer to the broker that ``env`` names, which takes over ``name`` from any other run.

    Raises:
        ConfigError: None is configured, or Kafka's client is not installed.
        WorldError: The broker does not answer, or refuses the request.
    """
    config = kafka_config(env)
    with needed():
        from datarelease.ingest.kafka.producer import Writer  # noqa: PLC0415 - heavy: librdkafka
    return Writer(config, name, progress=progress)


def schema_texts(env: Mapping[str, str], ids: frozenset[int]) -> Mapping[int, str]:
    """The text of each schema, by its id in the registry that ``env`` names.

    Raises:
        ConfigError: None is configured, or its client is not installed.
        WorldError: It does not answer, or has no such schema.
    """
    config = registry_config(env)
    with needed():
        from datarelease.ingest.kafka.registry import texts_of  # noqa: PLC0415 - heavy: HTTP client
    return texts_of(config, ids)


@contextmanager
def locked(place: Path, busy: WorldError) -> Iterator[None]:
    """The lock file at ``place`` is held until the block ends; a killed process lets it go.

    Programs that are started meanwhile inherit it: where this process is killed and a pipeline
    still runs, the lock is free when that has ended.

    Raises:
        WorldError: ``busy``, where another process holds it.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy from error
        yield
