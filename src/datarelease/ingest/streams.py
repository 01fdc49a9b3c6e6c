"""Streams of the settings; what only parses records loads neither GitHub nor the broker."""

from __future__ import annotations

from pathlib import Path

from datarelease.app.settings import settings_at
from datarelease.errors import ConfigError
from datarelease.model.data.stream import Stream
from datarelease.settings.faults import unknown


def stream_at(root: Path, name: str) -> Stream:
    """The stream called ``name`` in the settings of the work tree at ``root``.

    Raises:
        ConfigError: There is none; the message has the nearest name.
    """
    settings = settings_at(root)
    stream = settings.stream(name)
    if stream is None:
        known = [one.name for one in settings.streams]
        raise ConfigError(
            f"params.yaml: release.streams: {unknown('stream', name, known)}"
            if known
            else "params.yaml: release.streams has no stream.",
            remedy="`datarelease ingest add NAME --topic TOPIC` adds one.",
        )
    return stream
