"""What the broker is sent after a release, from the released version alone.

Nothing of the work tree but its settings counts: the tag says what was released.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from datarelease.app.workspace import open_workspace
from datarelease.flows.repository import catalogue_of
from datarelease.flows.versions.documents import read_manifest
from datarelease.flows.workspace import Workspace
from datarelease.ingest.access import connected, needed, read_plan, stream_at
from datarelease.ingest.announce import TopicAnnouncement, announce_version, announcement
from datarelease.ingest.commit import Committed, letters_in, settle
from datarelease.ingest.kafka.config import kafka_config
from datarelease.model.data.stream import Batch, DeadLetter, Stream, group_of
from datarelease.model.git_address import repository_name
from datarelease.model.versions.version import Version
from datarelease.progress import Progress

if TYPE_CHECKING:
    from datarelease.ingest.kafka.producer import Writer
    from datarelease.ingest.publisher import KafkaPublisher


def commit_now(root: Path, name: str, *, env: Mapping[str, str], progress: Progress) -> Committed:
    """Commit the newest version's batches at the broker: dead letters sent, offsets committed.

    Run again, it has nothing to do.

    Raises:
        ConfigError: No such stream, or no broker configured.
        ConflictError: Another run of it has taken over.
        WorldError: The broker, git or a remote failed; running it again is safe.
    """
    workspace = open_workspace(root, progress=progress)
    stream = stream_at(workspace.root, name)
    version = catalogue_of(workspace).latest
    data = workspace.git.read(version.commit, stream.plan_file) if version else None
    plan = read_plan(data, stream)
    if version is None or plan is None or not plan.batches:
        return Committed(
            stream=name,
            group=group_of(stream),
            tag=version.tag if version else None,
            batches=(),
            dead=0,
            offsets={},
        )
    letters_of = _dead_letters(workspace, stream, version)
    if stream.dead_letters is not None:
        with connected(env) as broker:
            broker.topic(stream.dead_letters)  # or the message has the nearest name
    with _publisher(env, stream) as publisher:
        return settle(
            plan,
            stream,
            publisher,
            tag=version.tag,
            letters_of=letters_of,
            progress=progress,
        )


def announce_now(
    root: Path, tag: str | None = None, *, env: Mapping[str, str], progress: Progress
) -> TopicAnnouncement | None:
    """Publish a version (the newest without ``tag``) to ``release.announce``, once.

    None: no topic is set, or there is no version yet.

    Raises:
        ConfigError: No such version, no broker configured, or no such topic.
        ConflictError: Another run of it has taken over.
        WorldError: The broker, git or a remote failed; running it again is safe.
    """
    workspace = open_workspace(root, progress=progress)
    topic = workspace.settings.announce
    catalogue = catalogue_of(workspace)
    version = catalogue.find(tag) if tag is not None else catalogue.latest
    if topic is None or version is None:
        return None
    manifest = read_manifest(workspace, version)
    address = workspace.git.remote_url() or str(workspace.root)
    event = announcement(manifest, version, repository_name(address))
    with connected(env) as broker:
        return announce_version(
            event, topic, source=broker, open_writer=lambda name: _writer(env, name)
        )


def _dead_letters(
    workspace: Workspace, stream: Stream, version: Version
) -> Callable[[Batch], Iterator[DeadLetter]]:
    """Fetches the dead letters of a version's batches from the remotes when it is called."""
    objects = workspace.objects

    @cache
    def files() -> dict[str, str]:
        tracked = (out for stage in workspace.at(version.commit).stages() for out in stage.outs)
        folders = (out.md5 for out in tracked if out.path == stream.dead_dir and out.md5)
        return {file.path: file.md5 for md5 in folders for file in objects.tree(md5)}

    def letters(batch: Batch) -> Iterator[DeadLetter]:
        md5 = files().get(batch.part)
        if md5 is not None:
            objects.ensure([md5])
            yield from letters_in(objects.path(md5))

    return letters


def _publisher(env: Mapping[str, str], stream: Stream) -> AbstractContextManager[KafkaPublisher]:
    config = kafka_config(env)
    with needed():
        from datarelease.ingest.publisher import kafka_publisher  # noqa: PLC0415 - heavy: librdkafka
    return kafka_publisher(config, stream)


def _writer(env: Mapping[str, str], name: str) -> Writer:
    config = kafka_config(env)
    with needed():
        from datarelease.ingest.kafka.producer import Writer  # noqa: PLC0415 - heavy: librdkafka
    return Writer(config, name)
