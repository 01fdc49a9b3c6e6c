"""Addresses without the credentials that people write into them."""

from __future__ import annotations

import re

# Up to the last "@" before the path: a password may hold one itself.
_USER_INFO = re.compile(r"(?<=://)[^/\s]+@")


def without_credentials(text: str) -> str:
    """``text`` with user names and passwords taken out of every address in it.

    >>> without_credentials("no access to https://me:p@ss@host.example/data.git: 403")
    'no access to https://host.example/data.git: 403'
    """
    return _USER_INFO.sub("", text)
