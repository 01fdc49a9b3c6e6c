"""What runs automatically, as the environment sets it; all problems are reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg

from datarelease.errors import Problem, SettingsError

CRON = "DATARELEASE_CHECK_CRON"
SWITCH = "DATARELEASE_AUTOMATION"
SECONDS = "DATARELEASE_SENSOR_SECONDS"
TIMEZONE = "DATARELEASE_TIMEZONE"
MAIN = "DATARELEASE_MAIN"
Main = Literal["off", "follow", "release"]
_MAIN: dict[str, Main] = {"": "off", "off": "off", "follow": "follow", "release": "release"}
_SWITCH = {"on": True, "off": False, "": False}
_LEAST = 5


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
        cron=cron,
        timezone=timezone,
        on=_SWITCH[switch],
        main=_MAIN[main],
        seconds=int(seconds),
    )


def _is_cron(text: str) -> bool:
    """Whether Dagster takes ``text`` for a schedule: five fields, and it finds a time for them."""
    try:
        dg.ScheduleDefinition(name="probe", job_name="probe", cron_schedule=text)
    except dg.DagsterInvalidDefinitionError:
        return False
    return True
