"""Trailers: ``Key: value`` lines at the end of a tag's message, as in git-interpret-trailers."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*): (.*)", re.ASCII)


def read_trailers(message: str) -> tuple[tuple[str, str], ...]:
    r"""The (key, value) pairs in the last paragraph of a message, in order.

    A signature behind the message is not a part of it.

    >>> read_trailers("data-v1: first\n\nDigest: ab\nRows: customers=3\n")
    (('Digest', 'ab'), ('Rows', 'customers=3'))
    >>> read_trailers("no trailers here")
    ()
    """
    body = message.partition("-----BEGIN ")[0].strip("\n")
    head, _, last = body.rpartition("\n\n")
    if not head:
        return ()
    matches = [_LINE.fullmatch(line) for line in last.split("\n")]
    return tuple((match[1], match[2]) for match in matches if match)


def write_message(subject: str, trailers: Iterable[tuple[str, str]]) -> str:
    r"""A message of one subject line and trailers; line ends in values become spaces.

    >>> write_message("a  b", [("Digest", "ab"), ("Reason", "two\nlines")])
    'a b\n\nDigest: ab\nReason: two lines'
    """
    lines = [f"{key}: {' '.join(value.split())}" for key, value in trailers]
    return "\n".join([" ".join(subject.split()), "", *lines])
