"""What runs use: the repository, a log, errors as Dagster shows them; what the environment sets.

The only place of this package that reads the environment. Addresses of brokers and credentials stay
there and are in no resource's configuration: Dagster shows that to everybody who can see
its pages.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg
from pydantic import Field

from datarelease.adapters.git.repository import Git
from datarelease.app.wiring import open_git
from datarelease.app.workspace import open_workspace
from datarelease.errors import (
    DatareleaseError,
    DatareleaseWarning,
    Problem,
    SettingsError,
    WorldError,
)
from datarelease.flows.repository import Workspace
from datarelease.progress import Advance, Progress, Quiet, WarningType

CRON = "DATARELEASE_CHECK_CRON"
SWITCH = "DATARELEASE_AUTOMATION"
SECONDS = "DATARELEASE_SENSOR_SECONDS"
TIMEZONE = "DATARELEASE_TIMEZONE"
MAIN = "DATARELEASE_MAIN"
Main = Literal["off", "follow", "release"]
_MAIN: dict[str, Main] = {"": "off", "off": "off", "follow": "follow", "release": "release"}
_SWITCH = {"on": True, "off": False, "": False}
_LEAST = 5


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

    @property
    def git(self) -> Git:
        """Its git repository, with the settings of the network as they are now."""
        return open_git(self.path)

    def workspace(self, progress: Progress) -> Workspace:
        """The repository with its settings, as ``datarelease check`` opens it."""
        return open_workspace(self.path, progress=progress, remotes=self.remotes)


def process_environment() -> Mapping[str, str]:
    """The environment of this process, now."""
    return dict(os.environ)


class Logged(Quiet):
    """Progress as lines of a run's log."""

    def __init__(self, log: logging.Logger) -> None:
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


def job_of(
    op: dg.OpDefinition,
    name: str,
    description: str,
    partitions: dg.PartitionsDefinition | None = None,
) -> dg.JobDefinition:
    """A job that runs one op."""

    @dg.job(name=name, description=description, partitions_def=partitions)
    def run() -> None:
        op()

    return run


WORLD_RETRIES = dg.RetryPolicy(max_retries=3, delay=20, backoff=dg.Backoff.EXPONENTIAL)
"""Of ops that are safe to run again; a ``Failure`` that no retry helps says so itself."""


@dataclass(frozen=True, kw_only=True)
class Automation:
    """When to check, and whether to act automatically."""

    cron: str = "0 3 * * *"
    """Of the nightly check."""
    timezone: str = "UTC"
    on: bool = False
    """What opens pull requests, merges and announces runs from the start; otherwise somebody
    switches it on in the user interface. What only looks always runs."""
    main: Main = "off"
    """What happens when the default branch moved: the clone follows, or releases it as well."""
    seconds: int = 60
    """Between two looks."""


def read_automation(env: Mapping[str, str]) -> Automation:
    """The automation that ``env`` asks for.

    Raises:
        SettingsError: Values that cannot be used.
    """
    default, problems = Automation(), []
    cron = env.get(CRON) or default.cron
    if not _is_cron(cron):
        problems.append(Problem(where=CRON, what=f"{cron!r} is not a cron expression"))
    switch, main = (env.get(name, "").strip().lower() for name in (SWITCH, MAIN))
    if switch not in _SWITCH:
        problems.append(Problem(where=SWITCH, what=f"{switch!r} is neither 'on' nor 'off'"))
    if main not in _MAIN:
        what = f"{main!r} is none of 'off', 'follow' and 'release'"
        problems.append(Problem(where=MAIN, what=what))
    timezone = env.get(TIMEZONE) or default.timezone
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(Problem(where=TIMEZONE, what=f"there is no time zone {timezone!r}"))
    seconds = env.get(SECONDS) or str(default.seconds)
    if not re.fullmatch(r"[0-9]{1,6}", seconds, re.ASCII) or int(seconds) < _LEAST:
        problems.append(
            Problem(where=SECONDS, what=f"{seconds!r} is not a number of at least {_LEAST}")
        )
    if problems:
        raise SettingsError(problems)
    return Automation(
        cron=cron, timezone=timezone, on=_SWITCH[switch], main=_MAIN[main], seconds=int(seconds)
    )


def _is_cron(text: str) -> bool:
    """Whether Dagster takes ``text`` for a schedule: five fields, and it finds a time for them."""
    try:
        dg.ScheduleDefinition(name="probe", job_name="probe", cron_schedule=text)
    except dg.DagsterInvalidDefinitionError:
        return False
    return True
