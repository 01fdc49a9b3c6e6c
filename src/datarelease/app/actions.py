"""A run of GitHub Actions: its environment, and the outputs that it accepts.

Variables, files and limits as in GitHub's documentation: "Variables reference" and "Workflow
commands for GitHub Actions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from datarelease.errors import ConfigError
from datarelease.model.directory import normalized
from datarelease.model.github import BOT, CheckRun, GitHubAccess, PullRequestFile, Push

SUMMARY_LIMIT = 1024 * 1024
"""Bytes of one step's summary; GitHub drops a longer one whole."""
WORKFLOW = "data-release.yml"
"""The file that ``datarelease init`` writes for releases."""
_SHA = re.compile(r"[0-9a-f]{40}", re.ASCII)
_OUTPUT = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True, kw_only=True)
class Actions(GitHubAccess):
    """The run that this process is a step of, and how it reaches its repository."""

    event_name: str
    event: Mapping[str, Any] = field(repr=False)
    """The webhook's payload."""
    sha: str
    run_id: str
    output: Path | None
    summary: Path | None
    actor: str | None = None
    """Login of who started it."""
    workflow_ref: str = ""
    """The file that was started: ``owner/name/.github/workflows/data-release.yml@refs/…``."""

    @property
    def workflow(self) -> str:
        """File name of the workflow that was started, as ``gh workflow run`` takes it."""
        return PurePosixPath(self.workflow_ref.partition("@")[0]).name or WORKFLOW

    @property
    def default_branch(self) -> str:
        """The default branch according to the event; ``main`` if the event does not name it."""
        repository = self.event.get("repository")
        found = repository.get("default_branch") if isinstance(repository, dict) else None
        return found if isinstance(found, str) and found else "main"

    @property
    def pull_request(self) -> PullRequestFile | None:
        """The pull request that this run is about; None: there is none."""
        pull = self.event.get("pull_request")
        if self.event_name != "pull_request" or not isinstance(pull, dict):
            return None
        return PullRequestFile(
            number=pull["number"], head=pull["head"]["sha"], base=pull["base"]["ref"]
        )

    @property
    def push(self) -> Push:
        """What came to the branch that this run is of, where a push started it: 2,048 at most."""
        commits = self.event.get("commits") if self.event_name == "push" else None
        ids = [
            str(commit.get("id"))
            for commit in (commits if isinstance(commits, list) else [])
            if isinstance(commit, dict) and _SHA.fullmatch(str(commit.get("id")))
        ]
        newest_first = tuple(sha for sha in reversed(ids) if sha != self.sha)
        return Push(head=self.sha, commits=newest_first)

    def check_run(self) -> CheckRun:
        """The run that started this one, where ``workflow_run`` did.

        Raises:
            ConfigError: Something else started this run, or the event says too little.
        """
        run, cause = self.event.get("workflow_run"), None
        what = f"This run was started by {self.event_name!r}, not by the end of a check."
        if self.event_name == "workflow_run" and isinstance(run, dict):
            try:
                return _check_run(run)
            except (KeyError, TypeError, ValueError) as error:
                what = f"The event of this run does not describe the check: {error!r}."
                cause = error
        raise ConfigError(
            what,
            untouched="Nothing was posted.",
            remedy="Run this command in a workflow with `on: workflow_run`.",
        ) from cause

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
                raise ValueError(f"not a value for an output: {name}={value!r}")
        if self.output is not None:
            with self.output.open("a", encoding="utf-8") as file:
                file.writelines(f"{name}={value}\n" for name, value in outputs.items())

    def summarise(self, markdown: str) -> None:
        """Add to the summary that the run's page shows."""
        if self.summary is None:
            return
        # A file's name may hold bytes that are not UTF-8.
        data = markdown.encode("utf-8", "backslashreplace")
        text = data[: SUMMARY_LIMIT - 1].decode("utf-8", "ignore")
        with self.summary.open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def actions(env: Mapping[str, str]) -> Actions | None:
    """The run that ``env`` describes; None: this process does not run in GitHub Actions.

    Raises:
        ConfigError: GITHUB_ACTIONS is set, but the other variables cannot be used.
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
            output=_file(env.get("GITHUB_OUTPUT")),
            summary=_file(env.get("GITHUB_STEP_SUMMARY")),
            directory=_directory(env.get("DATARELEASE_DIRECTORY", "")),
            actor=env.get("GITHUB_TRIGGERING_ACTOR") or env.get("GITHUB_ACTOR") or None,
            workflow_ref=env.get("GITHUB_WORKFLOW_REF", ""),
        )
    except KeyError as error:
        raise ConfigError(
            f"GITHUB_ACTIONS is set, but {error.args[0]} is not.",
            remedy="Unset GITHUB_ACTIONS outside of GitHub Actions.",
        ) from error


def _directory(name: str) -> str:
    try:
        return normalized(name)
    except ValueError as error:
        raise ConfigError(
            f"DATARELEASE_DIRECTORY: {error}.",
            remedy="Set `directory:` of the workflow to a path, such as models/churn.",
        ) from error


def _check_run(run: Mapping[str, Any]) -> CheckRun:
    head, url = run["head_sha"], run["html_url"]
    if not _SHA.fullmatch(head) or not url.startswith("https://"):
        raise ValueError(f"head_sha {head!r}, html_url {url!r}")
    fork = run.get("head_repository")
    # Of a fork's run this list is empty; of another's it may name pull requests between forks.
    pulls = [pull for pull in run.get("pull_requests") or [] if pull["head"]["sha"] == head]
    return CheckRun(
        id=int(run["id"]),
        event=run["event"],
        conclusion=run["conclusion"] or "",
        head=head,
        branch=run["head_branch"] or "",
        repository=fork["full_name"] if fork else None,
        url=url,
        pulls=tuple(pull["number"] for pull in pulls),
    )


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
            remedy="Correct the file that GITHUB_EVENT_PATH names, or unset GITHUB_ACTIONS outside "
            "of GitHub Actions.",
        ) from error
    return event if isinstance(event, dict) else {}
