"""The jobs that are not assets: proposals, merges and what follows a release."""

# No `from __future__ import annotations` here: Dagster reads the annotations of contexts as types.
import dataclasses
from collections.abc import Sequence
from typing import Any

import dagster as dg

from datarelease.model.data.stream import Stream
from datarelease.orchestration.ingestion import Ingestion
from datarelease.orchestration.pipeline import ANNOUNCE, FOLLOW_OP, MERGE, OUTCOME_TAG, PROPOSE
from datarelease.orchestration.resources import WORLD_RETRIES, Logged, dagster_errors

DESK = "desk"
"""Pool of what works in the clone that ingestion keeps for itself."""


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
            _tell(
                context,
                ingestion.propose(context.partition_key, Logged(context.log), force=config.force),
            )

    @dg.op(name="merge_proposal", pool=DESK, retry_policy=WORLD_RETRIES, out=dg.Out(dg.Nothing))
    def merge(context: dg.OpExecutionContext) -> None:
        """Merge the pull request of a stream, where policy, check and verdict allow that."""
        with dagster_errors():
            result = ingestion.merge(context.partition_key, Logged(context.log))
        _tell(context, result)
        # The sensor tries again unless the outcome says that this is useless.
        context.instance.add_run_tags(context.run_id, {OUTCOME_TAG: result.state})

    @dg.job(
        name=PROPOSE,
        partitions_def=partitions,
        description="Opens a pull request with the events of a stream, once for the same offsets.",
    )
    def propose_job() -> None:
        propose()

    @dg.job(
        name=MERGE,
        partitions_def=partitions,
        description=(
            "Merges a stream's pull request if release.policy.auto_merge is set, the "
            "verdict is pass and the change is a patch."
        ),
    )
    def merge_job() -> None:
        merge()

    return [propose_job, merge_job]


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

    @dg.job(
        name=ANNOUNCE,
        description=(
            "After any release: commits offsets and sends dead letters to the broker, and "
            "publishes the release to the topic that consumers watch. A second run does nothing."
        ),
    )
    def announce_run() -> None:
        announce()

    return announce_run


def _tell(context: dg.OpExecutionContext, result: object | None, name: str = "") -> None:
    """Log a result and keep its fields with the op's output."""
    if result is None:
        context.log.info("%s: nothing to do", name)
        return
    fields = _fields(result)
    prefix = f"{name}." if name else ""
    context.log.info(", ".join(f"{key}: {value}" for key, value in fields.items()))
    context.add_output_metadata({f"{prefix}{key}": value for key, value in fields.items()})


def _fields(result: object) -> dict[str, Any]:
    if not (dataclasses.is_dataclass(result) and not isinstance(result, type)):
        return {"result": str(result)}
    shown = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    return {
        name: value if isinstance(value, str | int | float) else str(value)
        for name, value in shown.items()
        if value is not None and value != ""
    }
