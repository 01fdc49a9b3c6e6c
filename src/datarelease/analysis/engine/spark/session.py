"""A session of Spark: on a server that runs already, or on one that is started here for it."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datarelease.errors import ConfigError, WorldError
from datarelease.model.project import installation

SPARK_REMOTE = "DATARELEASE_SPARK_REMOTE"
"""The variable with the address of a server of Spark Connect."""
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
}
_RETRIES = 5
"""After some 20 seconds in all."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session, and what is to be stopped after it."""

    spark: Any
    """``pyspark.sql.connect.session.SparkSession``"""
    same_machine: bool
    """The server reads the files of this machine by their paths."""
    stop_server: Callable[[], None]

    def close(self) -> None:
        """End the session, then a server that was started for it: the other order hangs."""
        self.spark.stop()
        self.stop_server()


def open_session(address: str | None) -> Session:
    """A session on the server at ``address`` (``sc://HOST:PORT``), or on one of this process.

    Raises:
        ConfigError: ``address`` is none, or what is needed is not installed.
        WorldError: The server does not answer.
    """
    if address is not None:
        host = _host(address)
        _require_client()
        return _connected(address, same_machine=_is_here(host), stop=lambda: None)
    if find_spec("pysail") is not None:
        _require_client()
        return _with_sail()
    if _has_jvm():
        return _connected("local[*]", same_machine=True, stop=lambda: None)
    raise ConfigError(
        f"`release.engine: spark` needs Spark: {SPARK_REMOTE} is not set, and Spark is not "
        "installed.",
        untouched="Nothing was written.",
        remedy=f"Set {SPARK_REMOTE} to the address of a cluster (sc://HOST:PORT), or use Sail, "
        f"which needs no Java. {installation('sail')}",
    )


def server_name(address: str | None) -> str:
    """What messages call a server: without the parameters of its address, which may be secret."""
    return f"Spark at {urlsplit(address).netloc}" if address is not None else "Spark"


def _host(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme != "sc" or not parts.hostname:
        raise ConfigError(
            f"{SPARK_REMOTE} is not an address of Spark Connect.",
            untouched="Nothing was written.",
            remedy="Set it to sc://HOST:PORT, with parameters after /; (docs/scale.md).",
        )
    return parts.hostname


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_client() -> None:
    if find_spec("pyspark") is None:
        raise ConfigError(
            "`release.engine: spark` needs the client of Spark, which is not installed.",
            untouched="Nothing was written.",
            remedy=installation("spark"),
        )


def _has_jvm() -> bool:
    """Whether the whole of Spark is installed, and not its client alone."""
    found = find_spec("pyspark")
    return found is not None and any(
        (Path(place) / "jars").is_dir() for place in found.submodule_search_locations or ()
    )


def _with_sail() -> Session:
    # It takes a column for constant whose smallest and largest values in a file's statistics are
    # equal, also where NaN, which they leave out, is beside them.
    os.environ["SAIL_EXECUTION__COLLECT_STATISTICS"] = "false"
    os.environ.setdefault("RUST_LOG", "error")
    server = import_module("pysail.spark").SparkConnectServer()
    server.start(background=True)
    host, port = server.listening_address
    return _connected(f"sc://{host}:{port}", same_machine=True, stop=server.stop)


def _connected(address: str, *, same_machine: bool, stop: Callable[[], None]) -> Session:
    # Its errors quote data, and it would print them beside raising them.
    logging.getLogger("DataFrameQueryContextLogger").disabled = True
    try:
        spark = _session(address)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it tried again in vain: it is said
            for name, value in _SETTINGS.items():
                spark.conf.set(name, value)
    except Exception as error:  # noqa: BLE001 - of gRPC, of Spark or of Java
        stop()
        raise WorldError(
            f"{server_name(address)} does not answer ({type(error).__name__}).",
            untouched="Nothing was written.",
            remedy=f"Start it, or correct {SPARK_REMOTE}; then run the same command again.",
        ) from None
    return Session(spark=spark, same_machine=same_machine, stop_server=stop)


def _session(address: str) -> Any:
    if address.startswith("sc://"):
        # First, since Spark would end a process that it takes for a run of its doctests.
        import_module("datarelease.analysis.engine.spark.spark_private")
        builder = import_module("pyspark.sql.connect.session").SparkSession.builder
        spark = builder.remote(address).create()
        # By default it asks a server that is not there again for ten minutes.
        retries = import_module("pyspark.sql.connect.client.retries")
        spark.client.set_retry_policies([retries.DefaultPolicy(max_retries=_RETRIES)])
        return spark
    builder = import_module("pyspark.sql").SparkSession.builder.remote(address)
    return builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
