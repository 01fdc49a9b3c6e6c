"""Addresses that git fetches from, taken apart: the one place that reads them.

Source: git-fetch, "GIT URLS" (``scheme://``, the scp-like form, local paths).
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

GITHUB_NAME = re.compile(r"[A-Za-z0-9][\w-]*/(?!\.{1,2}$)[\w.-]+", re.ASCII)
"""``owner/name`` on GitHub."""
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>[^/\s].*)")


_HOST = r"(?:\[[0-9a-fA-F:.%]+\]|\w[\w.-]*)"
_TAKEN = (
    re.compile(rf"(?:https|ssh|git)://(?!-)(?:[^/\s]*@)?{_HOST}(?::\d*)?(?:/.*)?"),
    re.compile(r"http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d*)?(?:/.*)?"),
    re.compile(r"file://.+"),
    re.compile(rf"(?:\w[\w.+~-]*@)?{_HOST}:(?!:|//).+"),
)
PROTOCOLS = ("file", "git", "https", "ssh")
"""What git may speak to a repository that somebody names. ``http`` is for this machine alone."""


def is_taken(address: str) -> bool:
    """``address`` is one of https, ssh (also ``git@host:path``), git or file, and nothing else.

    git knows others: programs (``ext::sh -c …``), descriptors (``fd::3``), helpers by name; and
    what begins with a dash it takes for an option.

    >>> is_taken("https://github.com/acme/data"), is_taken("git@github.com:acme/data.git")
    (True, True)
    >>> is_taken("ext::sh -c id"), is_taken("--upload-pack=id"), is_taken("http://host/x")
    (False, False, False)
    """
    return address.isprintable() and any(form.fullmatch(address) for form in _TAKEN)


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
    return name if known and GITHUB_NAME.fullmatch(name) else None


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
        # Not urlsplit: in a password "#" and "?" do not begin a fragment or a query for git.
        place = url.partition("://")[2]
        user, at, rest = place.partition("/")
        host, path = user.rpartition("@")[2], (at + rest if not user else rest)
    elif scp:
        host, path = scp["host"], scp["path"]
    else:
        host, path = "", url
    return host, path.rstrip("/").removesuffix(".git")


# Up to the last "@" before the path: a password may hold one itself.
_USER_INFO = re.compile(r"(?<=://)[^/\s]+@")


def without_credentials(text: str) -> str:
    """``text`` with user names and passwords taken out of every address in it.

    >>> without_credentials("no access to https://me:p@ss@host.example/data.git: 403")
    'no access to https://host.example/data.git: 403'
    """
    return _USER_INFO.sub("", text)
