"""Runs of `datarelease ingest` on a broker, as the reference shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.broker import Broker
from tests.goldens import Golden
from tests.ingesting import STREAM, Ingesting

from datarelease.model.data.stream import DeadLetter

BEGIN = 1_772_355_600_000
"""2026-03-01 09:00 UTC, in milliseconds."""


def test_from_waiting_events_to_an_announced_version(
    broker: Broker, tmp_path: Path, transcripts: Golden
) -> None:
    """What each command prints on the way is what the reference shows."""
    # The records are older than a broker keeps any by default.
    forever: Any = {"retention.ms": "-1"}
    topic = broker.topic("orders", **forever)
    dead, told = broker.topic("dead"), broker.topic("told")
    transcripts.names = {topic: "shop.orders", dead: "shop.orders.dead", told: "data.releases"}
    events = [(str(n), json.dumps({"id": n, "text": f"order {n}"})) for n in range(1200)]
    broker.produce(topic, events, partition=0, timestamp=BEGIN)
    repository = Ingesting.made(
        tmp_path / "ingest", broker.env, topic, announce=told, dead_letters=dead, batch=1000,
        propose={"events": 1000},
    )  # fmt: skip
    env = dict(repository.env)

    def shown(command: str, *more: str) -> None:
        transcripts.show(
            repository.root, "ingest", command, *more, name=f"ingest-{command}", env=env
        )

    shown("waiting", STREAM)
    shown("plan", STREAM)
    repository.publish()
    plan = repository.planned
    transcripts.names |= {
        str(name): plain
        for name, plain in ((plan.cluster, "CLUSTER-ID"), (plan.topic_id, "TOPIC-ID"))
        if name
    }
    transcripts.keep_document("stream-plan", repository.plan_file.read_text())
    shown("drain", STREAM)
    letter = DeadLetter(
        partition=0, offset=7, timestamp=BEGIN, key=b"7", value=b"{", reason="json:truncated",
        detail="",
    )  # fmt: skip
    repository.release(1, {1: [letter]})
    shown("commit", STREAM)
    shown("announce")
