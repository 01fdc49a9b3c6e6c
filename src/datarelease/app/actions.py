"""A run of GitHub Actions: what it tells us through its environment, and what it takes back.

Variables, files and limits as in GitHub's documentation: "Variables reference" and "Workflow
commands for GitHub Actions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from datarelease.errors import ConfigError
from datarelease.model.forge import BOT

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of one step's summary; GitHub drops a longer one whole."""
_OUTPUT = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True, kw_only=True)
class Actions:
    """The run that this process is a step of."""

    server: str
    """``https://github.com``"""
    api: str
    repository: str
    """``owner/name``"""
    token: str | None = field(repr=False)
    bot: str
    """Login whose comments and statuses are ours."""
    event_name: str
    event: Mapping[str, Any] = field(repr=False)
    """The webhook's payload."""
    sha: str
    run_id: str
    actor: str
    output: Path | None
    summary: Path | None

    @property
    def run_url(self) -> str:
        """Where people see this run."""
        return f"{self.server}/{self.repository}/actions/runs/{self.run_id}"

    def put(self, outputs: Mapping[str, str]) -> None:
        """Set the step's outputs.

        Raises:
            ValueError: A value that could start another line, which would set other outputs.
        """
        for name, value in outputs.items():
            if not _OUTPUT.fullmatch(value):
                raise ValueError(f"no value for an output: {name}={value!r}")
        if self.output is not None:
            with self.output.open("a", encoding="utf-8") as file:
                file.writelines(f"{name}={value}\n" for name, value in outputs.items())

    def summarise(self, markdown: str) -> None:
        """Add to the summary that the run's page shows."""
        if self.summary is None:
            return
        data = markdown.encode()[: SUMMARY_LIMIT - 1].decode("utf-8", "ignore")
        with self.summary.open("a", encoding="utf-8") as file:
            file.write(f"{data}\n")


def actions(env: Mapping[str, str]) -> Actions | None:
    """The run that ``env`` speaks of; None: we do not run in GitHub Actions.

    Raises:
        ConfigError: It claims to be one, and what it says cannot be used.
    """
    if env.get("GITHUB_ACTIONS") != "true":
        return None
    try:
        return Actions(
            server=env["GITHUB_SERVER_URL"].rstrip("/"),
            api=env["GITHUB_API_URL"].rstrip("/"),
            repository=env["GITHUB_REPOSITORY"],
            token=env.get("GITHUB_TOKEN") or None,
            bot=env.get("DATARELEASE_BOT") or BOT,
            event_name=env["GITHUB_EVENT_NAME"],
            event=_event(env.get("GITHUB_EVENT_PATH")),
            sha=env["GITHUB_SHA"],
            run_id=env.get("GITHUB_RUN_ID", ""),
            actor=env.get("GITHUB_ACTOR", ""),
            output=_file(env.get("GITHUB_OUTPUT")),
            summary=_file(env.get("GITHUB_STEP_SUMMARY")),
        )
    except KeyError as error:
        raise ConfigError(
            f"GITHUB_ACTIONS is set, and {error.args[0]} is not.",
            untouched="Nothing was changed.",
            remedy="Unset GITHUB_ACTIONS outside of GitHub Actions.",
        ) from error


def _file(name: str | None) -> Path | None:
    return Path(name) if name else None


def _event(name: str | None) -> Mapping[str, Any]:
    if not name:
        return {}
    try:
        event = json.loads(Path(name).read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The event of this run ({name}) cannot be read: {error}",
            untouched="Nothing was changed.",
        ) from error
    return event if isinstance(event, dict) else {}
