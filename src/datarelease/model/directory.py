"""The directory of a DVC root in its git repository, and names for what belongs to that root.

A repository may have several: what is seen by all of them on GitHub (statuses, artifacts, comments)
carries the directory, except for the root of the repository, whose names are the plain ones.

The action's installer runs this file with the standard library alone.
"""

from __future__ import annotations

import hashlib
import re

ROOT = "."
_PART = re.compile(r"(?!\.{1,2}\Z)[\w.+ @-]+", re.ASCII)


def normalized(directory: str) -> str:
    """The path as it is shown, relative and with slashes; empty is the root.

    >>> normalized(""), normalized("./models/churn/")
    ('.', 'models/churn')

    Raises:
        ValueError: It is absolute, climbs, or has characters that no name may have.
    """
    parts = [part for part in directory.split("/") if part not in {"", "."}]
    if directory.startswith("/") or not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(f"{directory!r} is not a directory below the repository's root")
    return "/".join(parts) or ROOT


def titled(name: str, directory: str) -> str:
    """``name`` with the directory behind it.

    >>> titled("datarelease", "."), titled("datarelease", "models/churn")
    ('datarelease', 'datarelease models/churn')
    """
    return name if directory == ROOT else f"{name} {directory}"


def suffix_of(directory: str) -> str:
    """What names of artifacts end with, which hold no slash; different for each directory.

    >>> suffix_of("."), suffix_of("models/churn")
    ('', '-models-churn-a48e34')
    """
    if directory == ROOT:
        return ""
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", directory)
    return f"-{readable}-{hashlib.sha256(directory.encode()).hexdigest()[:6]}"
