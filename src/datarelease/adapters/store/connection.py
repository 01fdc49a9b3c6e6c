"""Connections to object stores: time limits, and which layer retries.

Only ``ObjectStore`` tries again. The retries of the libraries below it are off, because they would
multiply with its own, and a dead endpoint would be asked for many minutes.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

CONCURRENCY = 32
"""Requests under way at once; each waits for the network, none for a core."""
_CONNECT = 10.0
"""Seconds for one attempt to reach a host; a lost packet is sent again within the first three."""


def connected_filesystem(fs: Any, timeout: float) -> Any:
    """The fsspec file system inside DVC's wrapper ``fs``, which keeps it to itself.

    For S3, ``timeout`` is how many seconds the other side may be silent; a transfer that goes on
    may take as long as it takes. What is set for the remote (``connect_timeout``, ``read_timeout``)
    counts instead.
    """
    if fs.protocol != "s3":
        return fs.fs
    config = fs.fs_args.setdefault("config_kwargs", {})
    config["retries"] = {"mode": "standard", "total_max_attempts": 1}
    config["max_pool_connections"] = CONCURRENCY
    config.setdefault("connect_timeout", min(timeout, _CONNECT))
    config.setdefault("read_timeout", timeout)
    config |= _stalled_uploads_end()
    if fs.fs_args.get("client_kwargs", {}).get("endpoint_url"):
        # Checksums in a trailer are Amazon's; many other stores refuse them.
        config["request_checksum_calculation"] = "when_required"
        config["response_checksum_validation"] = "when_required"
    opened = fs.fs
    opened.retries = 1  # s3fs counts attempts
    return opened


def _stalled_uploads_end() -> dict[str, Any]:
    """Settings that end an upload whose data the server does not read.

    The read time-out of aiohttp begins when a request was sent in full. Until then, while a server
    takes no bytes or has not said that it will (``Expect: 100-continue``), nothing bounds it.
    """
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - an optional part
    from aiobotocore.httpsession import AIOHTTPSession  # noqa: PLC0415 - an optional part
    from botocore.exceptions import ReadTimeoutError  # noqa: PLC0415 - an optional part

    class WatchedSession(AIOHTTPSession):  # type: ignore[misc]
        """Ends a request whose body did not move for the read time-out."""

        def __init__(self, *args: Any, timeout: tuple[float, float], **kwargs: Any) -> None:
            super().__init__(*args, timeout=timeout, **kwargs)
            self._limit = timeout[1]

        async def send(self, request: Any) -> Any:
            if not hasattr(request.body, "tell"):
                return await super().send(request)
            sending = asyncio.ensure_future(super().send(request))
            place, since = request.body.tell(), time.monotonic()
            try:
                while not (await asyncio.wait({sending}, timeout=self._limit / 4))[0]:
                    now = request.body.tell()
                    if now != place:
                        place, since = now, time.monotonic()
                    elif time.monotonic() - since >= self._limit:
                        raise ReadTimeoutError(endpoint_url=request.url)
                return sending.result()
            finally:
                sending.cancel()

    settings = {"http_session_cls": WatchedSession}
    try:
        AioConfig(**settings)
    except TypeError:  # an aiobotocore that does not know this setting yet
        return {}
    return settings
