"""Every step that the program names is one at which some test ends it."""

from __future__ import annotations

from tests.commands import kill
from tests.flows.adopt.test_init import POINTS as ADOPTED
from tests.flows.ingest.test_announce import POINTS as TOPIC_TOLD
from tests.flows.ingest.test_commit import POINTS as COMMITTED
from tests.flows.ingest.test_parse import STOPPED
from tests.flows.pull_requests.test_announce import ANNOUNCED, TOLD
from tests.flows.release.test_bundle import TAKEN_OVER
from tests.flows.release.test_crash import (
    ONE_REMOTE,
    PIPELINE,
    REPAIR,
    RETURN,
    TWO_REMOTES,
    WITHDRAWAL,
)
from tests.flows.release.test_loop import ROLLBACK
from tests.flows.retention.test_purge import COLLECTION, ERASURE
from tests.flows.versions.test_export import READABLE

from datarelease.progress import Step


def test_every_step_is_crashed_at_least_once() -> None:
    """What a command may leave half-done has a name, and each name has a test that ends there."""
    points = [
        *PIPELINE,
        *ONE_REMOTE,
        *TWO_REMOTES,
        *REPAIR,
        *RETURN,
        *WITHDRAWAL,
        *ROLLBACK,
        *TAKEN_OVER,
        *ADOPTED,
        *COMMITTED,
        *TOPIC_TOLD,
        *ERASURE,
        *COLLECTION,
        *READABLE,
    ]
    assert all(point.act is kill for point in points)
    crashed = {point.step for point in points}
    crashed |= {step for step, _ in (*ANNOUNCED, *TOLD, *STOPPED) if step is not None}
    assert crashed == set(Step)
