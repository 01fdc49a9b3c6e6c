"""Ingestion in Dagster: topics as external assets, and the jobs of streams and announcements.

Nothing here makes topics; plans of streams are made from them. A broker's client is loaded where a
step asks a broker, so a repository without streams does without it.
"""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg

from datarelease.adapters.git.program import GitProgram
from datarelease.app.wiring import git_environment, timeout_at
from datarelease.ingest.announce import TopicAnnouncement, announce_now
from datarelease.ingest.commit import Committed, commit_now
from datarelease.ingest.plan import Waiting, waiting_now
from datarelease.ingest.propose.merge import Merging, merge_now
from datarelease.ingest.propose.proposals import prefix_of
from datarelease.ingest.propose.propose import Proposal, propose_now
from datarelease.model.data.stream import Stream
from datarelease.orchestration.pipeline import ANNOUNCE, FOLLOW_OP, MERGE, OUTCOME_TAG, PROPOSE
from datarelease.orchestration.resources import (
    WORLD_RETRIES,
    Logged,
    dagster_errors,
    job_of,
    process_environment,
)
from datarelease.progress import Progress

TOPICS = "topics"
DESK = "desk"
"""Pool of what works in the clone that ingestion keeps for itself."""


@dataclasses.dataclass
class Ingestion:
    """What jobs and sensors ask of ``datarelease.ingest``, about the repository at ``root``."""

    root: Path

    def waiting(self, stream: str, progress: Progress) -> Waiting:
        """What waits."""
        return waiting_now(self.root, stream, env=process_environment(), progress=progress)

    def propose(self, stream: str, progress: Progress, *, force: bool) -> Proposal:
        """Open a pull request with what waits."""
        env = process_environment()
        return propose_now(self.root, stream, env=env, progress=progress, force=force)

    def proposed(self, stream: str) -> Sequence[tuple[str, str]]:
        """Branches of proposals that the git remote lists now, each with its commit, in order."""
        git = GitProgram(self.root, env=git_environment(), timeout=timeout_at(self.root))
        listed = git.network("ls-remote", "origin", f"refs/heads/{prefix_of(stream)}*")
        pairs = (line.split("\t") for line in listed.splitlines())
        return sorted((ref.removeprefix("refs/heads/"), commit) for commit, ref in pairs)

    def merge(self, stream: str, progress: Progress) -> Merging:
        """Merge such a pull request, where the policy allows that."""
        return merge_now(self.root, stream, env=process_environment(), progress=progress)

    def commit(self, stream: str, progress: Progress) -> Committed:
        """Tell the broker how far the newest version has read."""
        return commit_now(self.root, stream, env=process_environment(), progress=progress)

    def announce(self, tag: str | None, progress: Progress) -> TopicAnnouncement | None:
        """Tell a topic of a version."""
        return announce_now(self.root, tag, env=process_environment(), progress=progress)


def topic_key(topic: str) -> dg.AssetKey:
    """The key of a topic's asset."""
    return dg.AssetKey([TOPICS, topic])


def topic_assets(streams: Sequence[Stream]) -> list[dg.AssetSpec]:
    """One external asset for each topic that a stream reads."""
    readers: dict[str, list[str]] = {}
    for stream in streams:
        readers.setdefault(stream.topic, []).append(stream.name)
    return [
        dg.AssetSpec(
            topic_key(topic),
            group_name=TOPICS,
            description=f"The Kafka topic {topic}, which feeds {', '.join(names)}.",
            kinds={"kafka"},
            metadata={"topic": topic, "streams": names},
        )
        for topic, names in sorted(readers.items())
    ]


def plans_of(streams: Sequence[Stream]) -> Mapping[str, dg.AssetKey]:
    """The topic that each plan file is made from, by the file's path."""
    return {stream.plan_file: topic_key(stream.topic) for stream in streams}


def lag(stream: Stream, found: Waiting) -> dg.AssetObservation:
    """What waits in a stream's topic after the plan of the remote's default branch."""
    return dg.AssetObservation(
        topic_key(stream.topic),
        description=found.reason,
        metadata={
            "stream": stream.name,
            "lag": found.events,
            "oldest": found.oldest or "no events wait",
            "due": found.due,
        },
    )


class Propose(dg.Config):
    """What a person may ask of a proposal beyond what is due."""

    force: bool = False
    """Also when nothing is due, or after the last pull request was closed."""


class Announce(dg.Config):
    """Which release is announced."""

    tag: str | None = None
    """None: the newest."""


def stream_jobs(streams: Sequence[Stream], ingestion: Ingestion) -> list[dg.JobDefinition]:
    """``propose`` and ``merge``; each stream is a partition, so that each has runs of its own."""
    partitions = dg.StaticPartitionsDefinition([stream.name for stream in streams])

    @dg.op(name="propose_events", pool=DESK, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def propose(context: dg.OpExecutionContext, config: Propose) -> None:
        """Open a pull request with the events that wait."""
        with dagster_errors():
            log = Logged(context.log)
            _tell(context, ingestion.propose(context.partition_key, log, force=config.force))

    @dg.op(name="merge_proposal", pool=DESK, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def merge(context: dg.OpExecutionContext) -> None:
        """Merge the pull request of a stream, where policy, check and verdict allow that."""
        with dagster_errors():
            result = ingestion.merge(context.partition_key, Logged(context.log))
        _tell(context, result)
        # The sensor tries again unless the outcome says that this is useless.
        context.instance.add_run_tags(context.run_id, {OUTCOME_TAG: result.state})

    opens = "Opens a pull request with the events of a stream, once for the same offsets."
    merges = (
        "Merges a stream's pull request if release.policy.auto_merge is set, the verdict is pass "
        "and the change is a patch."
    )
    return [
        job_of(propose, PROPOSE, opens, partitions), job_of(merge, MERGE, merges, partitions),
    ]  # fmt: skip


def announce_job(streams: Sequence[Stream], ingestion: Ingestion) -> dg.JobDefinition:
    """What follows a release: offsets and dead letters to the broker, news to a topic."""

    @dg.op(name=FOLLOW_OP, pool=DESK, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def announce(context: dg.OpExecutionContext, config: Announce) -> None:
        """Commit each stream up to the newest version, then announce it."""
        told = Logged(context.log)
        with dagster_errors():
            for stream in streams:
                _tell(context, ingestion.commit(stream.name, told), stream.name)
            _tell(context, ingestion.announce(config.tag, told), "announced")

    return job_of(
        announce,
        ANNOUNCE,
        "After any release: commits offsets and sends dead letters to the broker, and publishes "
        "the release to the topic that consumers watch. A second run does nothing.",
    )


_Ended = Proposal | Merging | Committed | TopicAnnouncement


def _tell(context: dg.OpExecutionContext, result: _Ended | None, name: str = "") -> None:
    """Log a result and keep its fields with the op's output."""
    if result is None:
        context.log.info("%s: nothing to do", name)
        return
    prefix = f"{name}." if name else ""
    values = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    shown = {
        key: value if isinstance(value, str | int | float) else str(value)
        for key, value in values.items()
        if value is not None and value != ""
    }
    context.log.info(", ".join(f"{key}: {value}" for key, value in shown.items()))
    context.add_output_metadata({f"{prefix}{key}": value for key, value in shown.items()})
