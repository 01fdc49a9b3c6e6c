"""A server of Spark Connect on the JVM, for the slow tests.

The whole of Spark (pyspark, 0.8 GB) and its client cannot be installed into one environment, so it
has its own in ``build/spark`` (`make spark`).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SPARK = Path(__file__).parents[1] / "build" / "spark"
_LONGEST = 120


def spark_home() -> Path | None:
    """Where the whole of Spark is installed; None: nowhere."""
    return next(_SPARK.glob("lib/python*/site-packages/pyspark"), None)


@contextmanager
def java_server(directory: Path) -> Iterator[str]:
    """The address of a server on this machine, which is stopped at the end."""
    home = spark_home()
    if home is None:
        pytest.skip("Spark on the JVM is not installed: `make spark`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        # Small queries: what makes large ones fast makes these slow.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(directory / "warehouse"),
        "spark.ui.enabled": "false",
    }
    command = [
        str(home / "bin" / "spark-submit"),
        *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--master", "local[2]", "--driver-memory", "2g"),
        *("--driver-java-options", "-XX:TieredStopAtLevel=1"),
        *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
        "spark-internal",
    ]
    log = directory / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, "SPARK_HOME": str(home)},
            stdout=output,
            stderr=output,
        )
    try:
        _wait(server, port, log)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _LONGEST
    while time.monotonic() < end and server.poll() is None:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError(f"Spark did not start:\n{log.read_text()[-3000:]}")
