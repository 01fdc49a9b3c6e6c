"""A real `dagster dev`: web server, daemon and code server, spoken to through its GraphQL API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
SHIM = ROOT / "orchestration" / "dagster_app" / "definitions.py"
PATIENCE = 90.0
T = TypeVar("T")
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name
    locationOrLoadError { __typename ... on PythonError { message }
        ... on RepositoryLocation { repositories { name location { name } } } } } } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } } } }"""
RUN = """query($id: ID!) { runOrError(runId: $id) { ... on Run { status stats {
    ... on RunStatsSnapshot { stepsFailed stepsSucceeded } } } } }"""
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass(frozen=True)
class Dagster:
    """A server that runs."""

    url: str
    log: Path
    processes: Callable[[], bool]
    """It still runs."""

    def ask(self, query: str, **variables: Any) -> Any:
        """The data that a GraphQL query gives."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/graphql", body, kind)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            said = json.load(answer)
        assert "errors" not in said, said["errors"]
        return said["data"]

    def until(self, look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
        """What ``look`` finds, asked again and again; fails when that takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.processes(), f"dagster ended:\n{self.log.read_text()[-4000:]}"
            found = look()
            if found is not None:
                return found
            time.sleep(0.2)
        raise AssertionError(f"{what}: not within {seconds} s\n{self.log.read_text()[-4000:]}")

    def location(self) -> dict[str, str] | None:
        """How the loaded repository is addressed; None: not loaded yet."""
        try:
            entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return None
        if not entries or entries[0]["locationOrLoadError"] is None:
            return None
        loaded = entries[0]["locationOrLoadError"]
        assert loaded["__typename"] == "RepositoryLocation", loaded
        repository = loaded["repositories"][0]
        return {
            "repositoryName": repository["name"],
            "repositoryLocationName": repository["location"]["name"],
        }

    def launch(self, job: str, *, tags: Mapping[str, str] | None = None) -> str:
        """The id of a new run of a job."""
        place = self.until(self.location, "the code location")
        params = {
            "selector": {**place, "pipelineName": job},
            "mode": "default",
            "executionMetadata": {
                "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]
            },
        }
        answer = self.ask(LAUNCH, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run: str = answer["run"]["runId"]
        return run

    def ended(self, run: str) -> str:
        """How a run ended."""

        def look() -> str | None:
            status: str = self.ask(RUN, id=run)["runOrError"]["status"]
            return status if status in ENDED else None

        return self.until(look, f"the end of run {run}")


@contextmanager
def running_dagster(
    folder: Path, definitions: Path, *, env: Mapping[str, str] | None = None
) -> Iterator[Dagster]:
    """`dagster dev` on ``definitions`` with a home of its own below ``folder``."""
    home = folder / "dagster-home"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_bytes((ROOT / "orchestration" / "dagster.yaml").read_bytes())
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    log = folder / "dagster.log"
    command = [
        sys.executable, "-m", "dagster", "dev", "-f", str(definitions),
        "-h", "127.0.0.1", "-p", str(port), "--live-data-poll-rate", "500",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(env or {}), "DAGSTER_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        server = Dagster(f"http://127.0.0.1:{port}", log, lambda: process.poll() is None)
        server.until(server.location, "the web server")
        yield server
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, then kill what is left of it."""
    for number, seconds in ((signal.SIGINT, 3.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
