"""The event that announces a release, as ``release-announcement.v1.json`` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from datarelease.app.workspace import open_workspace
from datarelease.flows.repository import catalogue_of
from datarelease.flows.versions.documents import read_manifest
from datarelease.ingest.access import connected, open_writer
from datarelease.ingest.kafka.source import Message, Source
from datarelease.model.data.stream import StreamCounts
from datarelease.model.git_address import repository_name
from datarelease.model.versions.manifest import Manifest
from datarelease.model.versions.remote_keys import manifest_key
from datarelease.model.versions.snapshot import canonical_json
from datarelease.model.versions.version import Version
from datarelease.progress import Progress, Step

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
    event = _event(manifest, version, repository_name(address))
    name = f"{event['repository']}/{event['tag']}"
    # The transactional id first: from here on it fences an earlier writer with the same id.
    with (
        connected(env) as broker,
        open_writer(env, f"datarelease-announce-{name}", progress=progress) as writer,
    ):
        with progress.step(Step.SEARCH):
            known = _has(broker, topic, name.encode())
        if not known:
            writer.write(topic, [Message(key=name.encode(), value=canonical_json(event))])
    return TopicAnnouncement(tag=event["tag"], topic=topic, key=name, sent=not known, event=event)


# --- inside


def _event(manifest: Manifest, version: Version, repository: str) -> dict[str, Any]:
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
