"""The local stack: where Dagster listens, and that it answers before its address is told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from orchestration.programs import Servers
from orchestration.servers import HOST, free_port, free_ports
from orchestration.shop_repository import Shop
from orchestration.stack import ROOT, start_dagster


class Starting(BaseHTTPRequestHandler):
    """A web server that is not ready for the first two requests."""

    asked: list[str]

    def do_GET(self) -> None:
        """Answer."""
        self.asked.append(self.path)
        self.send_response(200 if len(self.asked) > 2 else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Fake(Servers):
    """Programs whose Dagster is ``Starting``, in this process."""

    server: ThreadingHTTPServer

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Listen where the command says."""
        assert (name, command[1]) == ("dagster", "dev")
        assert (
            "telemetry:\n  enabled: false"
            in (Path(env["DAGSTER_HOME"]) / "dagster.yaml").read_text()
        )
        Starting.asked = []
        self.server = ThreadingHTTPServer((HOST, int(command[-1])), Starting)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which somebody listens."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


def test_a_port_in_use_is_left_alone(taken: int) -> None:
    """Another one is taken then; a free one is the one that was wanted."""
    assert free_port(taken) != taken
    [free] = free_ports(1)
    assert free_port(free) == free


def test_the_address_of_dagster_is_told_when_it_answers(
    taken: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever opens the page at once sees it, on another port where the wanted one is in use."""
    servers = Fake(tmp_path)
    shop = Shop(origin=tmp_path / "origin.git", work=tmp_path / "work", env={})
    address = start_dagster(servers, shop, {}, taken)
    servers.server.shutdown()
    servers.server.server_close()
    assert Starting.asked == ["/server_info"] * 3
    assert address == f"http://{HOST}:{servers.server.server_port}"
    said = capsys.readouterr().out
    assert f"port {taken} is in use: Dagster uses {servers.server.server_port}" in said


def test_dagster_as_documented_starts_without_telemetry_and_sign_up() -> None:
    """Each place that says how to start it leads to the instance settings that switch both off."""
    told = yaml.safe_load((ROOT / "orchestration" / "dagster.yaml").read_text())
    assert (told["telemetry"], told["nux"]) == ({"enabled": False}, {"enabled": False})
    for page in ("docs/data/dagster.md", "orchestration/README.md"):
        before, found, _ = (ROOT / page).read_text().partition("dagster dev -f orchestration/")
        assert found
        assert "DAGSTER_HOME=$PWD/orchestration" in before.rsplit("\n\n", 1)[-1]
