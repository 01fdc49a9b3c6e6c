"""The programs of the local stack: started, watched, and ended together, each with a log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

console = Console(markup=False, highlight=False, soft_wrap=True)


@dataclass
class Servers:
    """The programs of the stack; each writes its log to a file of its own."""

    stage: Path
    """Where everything lies that they keep."""
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """Where the logs are."""
        return self.stage / "logs"

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a program in a process group of its own, so that Ctrl-C reaches us alone."""
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def check(self) -> None:
        """End everything, with the end of its log, if a program ended by itself."""
        for name, process in self.running.items():
            if process.poll() is not None:
                log = self.logs / f"{name}.log"
                tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
                raise SystemExit(
                    "\n".join([f"{name} ended with {process.returncode}; the end of {log}:", *tail])
                )

    def stop(self) -> None:
        """End the programs, the last one first; whoever does not listen is killed."""
        for name, process in reversed(self.running.items()):
            # SeaweedFS takes long to say good-bye and loses nothing when it does not.
            _signal(process, signal.SIGKILL if name == "s3" else signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                console.print(f"{name} did not end within 20 seconds and was killed")
            # What it started lives in its group: Dagster's code server, runs.
            _signal(process, signal.SIGKILL)
            process.wait()


@contextmanager
def serving(stage: Path) -> Iterator[Servers]:
    """Programs that end with the block, whatever ends it."""
    servers = Servers(stage)
    servers.logs.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    with ExitStack() as stack:
        stack.callback(servers.stop)
        try:
            yield servers
        except KeyboardInterrupt:
            console.print(f"\nall programs are being ended; the data stays in {stage}")


def until(seconds: float, servers: Servers, fault: str) -> Iterator[None]:
    """Turns of a loop that waits; it ends with ``fault`` when it took too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        servers.check()
        yield
        time.sleep(0.2)
    raise SystemExit(f"{fault}; see {servers.logs}")


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
