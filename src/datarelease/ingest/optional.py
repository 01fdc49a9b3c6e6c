"""Packages of the extra for ingestion, which may not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from datarelease.errors import ConfigError
from datarelease.model.project import installation


@contextmanager
def needed() -> Iterator[None]:
    """Wraps imports of the extra, with the remedy if it is not installed."""
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"Kafka's client is not installed ({error.name}).",
            remedy=installation("orchestration"),
        ) from error
