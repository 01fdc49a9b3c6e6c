"""Addresses that git fetches from, taken apart: the one place that reads them.

Source: git-fetch, "GIT URLS" (``scheme://``, the scp-like form, local paths).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

NAME = re.compile(r"[A-Za-z0-9][\w-]*/(?!\.{1,2}$)[\w.-]+", re.ASCII)
"""``owner/name`` on GitHub."""
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^/\s].*)")


def repository_of(url: str, server: str) -> str | None:
    """``owner/name`` of a git address on the GitHub at ``server``; None: it is elsewhere.

    >>> repository_of("git@github.com:acme/data.git", "https://github.com")
    'acme/data'
    >>> repository_of("https://gitlab.com/acme/data", "https://github.com") is None
    True
    """
    host, path = _split(url)
    there = urlsplit(server)
    if url.startswith("ssh://"):
        host = urlsplit(url).hostname or ""
    name = path.strip("/")
    known = host.lower() in {there.netloc.lower(), (there.hostname or "").lower()}
    return name if known and NAME.fullmatch(name) else None


def repository_name(url: str) -> str:
    """Host and path of a git address: the same by whatever way it is reached, no credentials.

    >>> repository_name("git@github.com:acme/data.git")
    'github.com/acme/data'
    >>> repository_name("https://me:secret@github.com/acme/data")
    'github.com/acme/data'
    """
    host, path = _split(url)
    return f"{host}/{path}" if host else path


def _split(url: str) -> tuple[str, str]:
    """Host (with its port) and path without ``.git``; a local path has no host."""
    scp = _SCP.fullmatch(url)
    if "://" in url:
        # Not urlsplit: in a password "#" and "?" are no fragment and no query to git.
        place = url.partition("://")[2]
        user, at, rest = place.partition("/")
        host, path = user.rpartition("@")[2], (at + rest if not user else rest)
    elif scp:
        host, path = scp["host"], scp["path"]
    else:
        host, path = "", url
    return host, path.rstrip("/").removesuffix(".git")
