"""Resources of runs: the repository, a log for progress, and errors as Dagster shows them.

The only place of this package that reads the environment. Addresses of brokers and credentials stay
there and are in no resource's configuration: Dagster shows that to everybody who can see
its pages.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import dagster as dg
from pydantic import Field

from datarelease.app.workspace import open_workspace
from datarelease.errors import DatareleaseError, DatareleaseWarning, WorldError
from datarelease.flows.repository import Workspace
from datarelease.progress import Advance, Progress, WarningType

RETRIES = 3
RETRY_SECONDS = 20


class RepositoryResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The DVC repository that everything is about."""

    root: str
    remotes: list[str] = Field(default_factory=list)
    """DVC remotes to release to; none: ``release.remotes`` of params.yaml."""
    reviewed: str | None = None
    """Digest that a reviewer saw: a release of other data is refused."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self.root)

    def workspace(self, progress: Progress) -> Workspace:
        """The repository with its settings, as ``datarelease check`` opens it.

        Raises:
            ConfigError: As ``open_workspace``.
        """
        return open_workspace(self.path, progress=progress, remotes=self.remotes)


def process_environment() -> Mapping[str, str]:
    """The environment of this process, now."""
    return dict(os.environ)


class _Log(Protocol):
    """What Dagster's contexts have as ``log``."""

    def info(self, msg: object, /) -> None:
        """Write a line."""

    def warning(self, msg: object, /) -> None:
        """Write a line that stands out."""


class Logged:
    """Progress as lines of a run's log."""

    def __init__(self, log: _Log) -> None:
        """Write to ``log``."""
        self._log = log

    def say(self, line: str) -> None:
        """One line."""
        self._log.info(line)

    def warn(self, line: str, kind: WarningType = DatareleaseWarning) -> None:  # noqa: ARG002
        """One line that stands out."""
        self._log.warning(line)

    @contextmanager
    def track(self, label: str, total: int, unit: str) -> Iterator[Advance]:
        """A line when it begins and one when it is done."""
        self._log.info(f"{label}: {total:,} {unit}")
        begun = time.monotonic()
        yield lambda _: None
        self._log.info(f"{label}: done in {time.monotonic() - begun:.1f} s")


@contextmanager
def dagster_errors(metadata: Mapping[str, dg.MetadataValue] | None = None) -> Iterator[None]:
    """Errors of the package as Dagster shows them, with ``metadata`` as it is by then.

    Raises:
        Failure: What happened, what was left untouched, what to do next.
    """
    try:
        yield
    except DatareleaseError as error:
        said = {"untouched": error.untouched, "next": error.remedy}
        failure = dg.Failure(
            description=str(error),
            metadata={
                **{name: dg.MetadataValue.text(text) for name, text in said.items() if text},
                "exit_code": dg.MetadataValue.int(error.exit_code),
                **(metadata or {}),
            },
            # The same data and settings give the same answer, a remote may have recovered.
            allow_retries=isinstance(error, WorldError),
        )
        raise failure from error


WORLD_RETRIES = dg.RetryPolicy(
    max_retries=RETRIES, delay=RETRY_SECONDS, backoff=dg.Backoff.EXPONENTIAL
)
"""Of ops that are safe to run again; a ``Failure`` that no retry helps says so itself."""
