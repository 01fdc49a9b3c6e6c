"""Files on a web server, read by ranges, without credentials of ours: a remote that is published.

Source: RFC 9110, "HTTP Semantics", section 14 (range requests).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from datarelease.progress import TIMEOUT

_CONNECT = 10.0
"""Seconds for one attempt to reach a host."""
_ATTEMPTS = 4
_BUSY = (429, 500, 502, 503, 504)
_MISSING = {404, 410}
_CHUNK = 1 << 17
"""Bytes; what had come of one is lost where a transfer breaks off."""
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.ASCII)


class HttpFiles:
    """The files below an address; methods raise ``requests.RequestException``, or OSError."""

    def __init__(self, address: str, *, timeout: float = TIMEOUT) -> None:
        """Read below ``address``; the server may be silent for ``timeout`` seconds."""
        self._root = address.rstrip("/")
        self._timeout = (min(timeout, _CONNECT), timeout)
        self._session = requests.Session()
        # As they are stored: a server that compressed them on the way would answer other ranges.
        self._session.headers["Accept-Encoding"] = "identity"
        retry = Retry(
            total=_ATTEMPTS - 1,
            backoff_factor=0.5,
            status_forcelist=_BUSY,
            allowed_methods={"GET", "HEAD"},
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=16))

    def address(self, key: str) -> str:
        """The address of a file."""
        return f"{self._root}/{quote(key)}"

    def size(self, key: str) -> int:
        """The bytes of a file; FileNotFoundError: there is none."""
        answer = self._session.head(self.address(key), timeout=self._timeout, allow_redirects=True)
        _refuse(answer, key)
        return int(answer.headers["Content-Length"])

    def part(self, key: str, start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end``, which is behind the last one."""
        if start >= end:
            return b""
        with self._get(key, f"bytes={start}-{end - 1}") as answer:
            found = _first_byte(answer)
            skipped, wanted, parts = start - found, end - start, bytearray()
            for chunk in answer.iter_content(_CHUNK):
                parts += chunk[skipped:] if skipped else chunk
                skipped = max(0, skipped - len(chunk))
                if len(parts) >= wanted:
                    break
        return bytes(parts[:wanted])

    def chunks(self, key: str, start: int) -> Iterator[bytes]:
        """The bytes from ``start`` on, piece by piece."""
        with self._get(key, f"bytes={start}-" if start else None) as answer:
            skipped = start - _first_byte(answer)
            for chunk in answer.iter_content(_CHUNK):
                if len(chunk) > skipped:
                    yield chunk[skipped:]
                skipped = max(0, skipped - len(chunk))

    def _get(self, key: str, asked: str | None) -> Any:
        answer = self._session.get(
            self.address(key),
            headers={"Range": asked} if asked else {},
            timeout=self._timeout,
            stream=True,
        )
        try:
            _refuse(answer, key)
        except BaseException:
            answer.close()
            raise
        return answer


def _refuse(answer: Any, key: str) -> None:
    if answer.status_code in _MISSING:
        raise FileNotFoundError(key)
    answer.raise_for_status()


def _first_byte(answer: Any) -> int:
    """The place in the file where the bytes of an answer begin: a server may ignore a range."""
    if answer.status_code != requests.codes.partial_content:
        return 0
    told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if told is None:
        raise requests.exceptions.InvalidHeader("the server does not say which bytes it sent")
    return int(told[1])
