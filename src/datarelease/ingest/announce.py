"""The event that announces a release, as ``release-announcement.v1.json`` describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from datarelease.ingest.kafka.source import Message, Source
from datarelease.model.data.stream import StreamCounts
from datarelease.model.versions.manifest import Manifest, manifest_key
from datarelease.model.versions.snapshot import canonical_json
from datarelease.model.versions.version import Version

if TYPE_CHECKING:
    from datarelease.ingest.kafka.producer import Writer

_SCHEMA = "urn:datarelease:release-announcement:v1"


@dataclass(frozen=True, kw_only=True)
class TopicAnnouncement:
    """The result of an announcement."""

    tag: str
    topic: str
    key: str
    sent: bool
    """False: the topic had it already."""
    event: Mapping[str, Any]


def announcement(manifest: Manifest, version: Version, repository: str) -> dict[str, Any]:
    """The event of a release; equal on every run."""
    return {
        "schema": _SCHEMA,
        "repository": repository,
        "tag": manifest.tag,
        "number": manifest.number,
        "digest": manifest.digest,
        "commit": version.commit,
        "date": manifest.date,
        "baseline": manifest.baseline,
        "rollback_of": manifest.rollback_of,
        "compatibility": manifest.compatibility.value,
        "verdict": manifest.verdict,
        "datasets": [
            {"name": d.name, "path": d.path, "rows": d.rows, "files": len(d.files)}
            for d in manifest.datasets
        ],
        "remotes": [{"name": remote.name, "url": remote.url} for remote in manifest.remotes],
        "manifest": {
            "key": manifest_key(manifest.tag),
            "sha256": version.trailer("Manifest-Sha256") or "",
        },
        "streams": [_stream(counts) for counts in manifest.inputs],
    }


def announce_version(
    event: Mapping[str, Any],
    topic: str,
    *,
    source: Source,
    open_writer: Callable[[str], AbstractContextManager[Writer]],
) -> TopicAnnouncement:
    """Publish a release to ``topic``, unless the topic has it.

    Args:
        event: From ``announcement``.
        topic: Its name.
        source: The broker, to read from.
        open_writer: The broker, to write to, under a transactional id that fences its earlier
            writers.

    Raises:
        ConfigError: The broker has no such topic.
        ConflictError: Another run has taken over.
        WorldError: The broker does not answer.
    """
    name = f"{event['repository']}/{event['tag']}"
    key = name.encode()
    # The transactional id first: from here on it fences an earlier writer with the same id.
    with open_writer(f"datarelease-announce-{name}") as writer:
        known = _has(source, topic, key)
        if not known:
            writer.write(topic, [Message(key=key, value=canonical_json(dict(event)))])
    return TopicAnnouncement(tag=event["tag"], topic=topic, key=name, sent=not known, event=event)


def _has(source: Source, topic: str, key: bytes) -> bool:
    found = source.topic(topic)
    for partition, log in source.logs(found).items():
        for records in source.read(topic, partition, log.low, log.stable):
            if pc.any(pc.equal(records.column("key"), key)).as_py():
                return True
    return False


def _stream(counts: StreamCounts) -> dict[str, Any]:
    batches = counts.batches
    ends = {span.partition: span.end for batch in batches for span in batch.spans}
    return {
        "name": counts.stream,
        "topic": counts.topic,
        "batches": len(batches),
        "records": sum(batch.records for batch in batches),
        "events": sum(batch.events for batch in batches),
        "dead": sum(batch.dead for batch in batches),
        "ends": {str(partition): end for partition, end in sorted(ends.items())},
    }
