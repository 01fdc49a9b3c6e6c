"""Topics as external assets, and ingestion as jobs and sensors call it.

Nothing here makes topics; plans of streams are made from them. What needs Kafka's client is loaded
when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import dagster as dg

from datarelease.adapters.git.program import GitProgram
from datarelease.app.settings import timeout_at
from datarelease.app.wiring import git_environment
from datarelease.model.data.stream import Stream
from datarelease.orchestration.resources import process_environment
from datarelease.progress import Progress

TOPICS = "topics"


class WaitingEvents(Protocol):
    """What waits on the broker for a stream (``datarelease.ingest.plan.Waiting``)."""

    @property
    def events(self) -> int:
        """How many."""

    @property
    def oldest(self) -> str | None:
        """Time of the first one."""

    @property
    def due(self) -> bool:
        """A pull request should be opened."""

    @property
    def reason(self) -> str:
        """Why, or why not."""


class ProposalEnd(Protocol):
    """How a proposal or a merge ended: a state, and more that is shown as it is."""

    @property
    def state(self) -> str:
        """In one word."""


class Ingestion(Protocol):
    """What jobs and sensors need of ``datarelease.ingest``."""

    def waiting(self, stream: str, progress: Progress) -> WaitingEvents:
        """What waits."""

    def propose(self, stream: str, progress: Progress, *, force: bool) -> ProposalEnd:
        """Open a pull request with what waits."""

    def proposed(self, stream: str) -> Sequence[tuple[str, str]]:
        """Branches of proposals on the git remote, each with its commit, in order."""

    def merge(self, stream: str, progress: Progress) -> ProposalEnd:
        """Merge such a pull request, where the policy allows that."""

    def commit(self, stream: str, progress: Progress) -> object:
        """Tell the broker how far the newest version has read."""

    def announce(self, tag: str | None, progress: Progress) -> object | None:
        """Tell a topic of a version."""


@dataclass(frozen=True)
class Installed:
    """The ingestion of this installation, on the repository at ``root``."""

    root: Path

    def waiting(self, stream: str, progress: Progress) -> WaitingEvents:
        """See ``ingest.plan.waiting_now``."""
        from datarelease.ingest.plan import waiting_now  # noqa: PLC0415 - heavy: optional

        return waiting_now(self.root, stream, env=process_environment(), progress=progress)

    def propose(self, stream: str, progress: Progress, *, force: bool) -> ProposalEnd:
        """See ``ingest.propose.propose.propose_now``."""
        from datarelease.ingest.propose.propose import propose_now  # noqa: PLC0415 - heavy: optional

        return propose_now(
            self.root, stream, env=process_environment(), progress=progress, force=force
        )

    def proposed(self, stream: str) -> Sequence[tuple[str, str]]:
        """What the git remote lists, asked now."""
        from datarelease.ingest.propose.next_branch import prefix_of  # noqa: PLC0415 - heavy: optional

        git = GitProgram(self.root, env=git_environment(), timeout=timeout_at(self.root))
        listed = git.network("ls-remote", "origin", f"refs/heads/{prefix_of(stream)}*")
        pairs = (line.split("\t") for line in listed.splitlines())
        return sorted((ref.removeprefix("refs/heads/"), commit) for commit, ref in pairs)

    def merge(self, stream: str, progress: Progress) -> ProposalEnd:
        """See ``ingest.propose.merge.merge_now``."""
        from datarelease.ingest.propose.merge import merge_now  # noqa: PLC0415 - heavy: optional

        return merge_now(self.root, stream, env=process_environment(), progress=progress)

    def commit(self, stream: str, progress: Progress) -> object:
        """See ``ingest.commit.commit_now``."""
        from datarelease.ingest.commit import commit_now  # noqa: PLC0415 - heavy: optional

        return commit_now(self.root, stream, env=process_environment(), progress=progress)

    def announce(self, tag: str | None, progress: Progress) -> object | None:
        """See ``ingest.announce.announce_now``."""
        from datarelease.ingest.announce import announce_now  # noqa: PLC0415 - heavy: optional

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


def lag(stream: Stream, found: WaitingEvents) -> dg.AssetObservation:
    """What waits in a stream's topic after the plan of the remote's default branch."""
    return dg.AssetObservation(
        topic_key(stream.topic),
        description=found.reason,
        metadata={
            "stream": stream.name,
            "lag": found.events,
            "oldest": found.oldest or "nothing waits",
            "due": found.due,
        },
    )
