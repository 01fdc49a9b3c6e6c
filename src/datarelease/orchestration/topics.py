"""Topics as external assets: nothing here makes them, plans of streams are made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from datarelease.model.data.stream import Stream
from datarelease.orchestration.ingestion import WaitingEvents

TOPICS = "topics"


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
