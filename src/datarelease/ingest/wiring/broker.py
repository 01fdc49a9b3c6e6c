"""Every step of ingestion that talks to a broker, for those who call more than one.

A command loads the module of its own step: what comes after a release needs all of DVC, and a drain
should not wait for that.
"""

from __future__ import annotations

from datarelease.ingest.wiring.access import agreed_plan, connected, stream_at
from datarelease.ingest.wiring.released import announce_now, commit_now
from datarelease.ingest.wiring.stream import Planned, drain_now, plan_now, waiting_now

__all__ = [
    "Planned",
    "agreed_plan",
    "announce_now",
    "commit_now",
    "connected",
    "drain_now",
    "plan_now",
    "stream_at",
    "waiting_now",
]
