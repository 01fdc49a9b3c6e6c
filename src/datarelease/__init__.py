"""Semantic-release for datasets.

>>> import datarelease as dr
>>> dr.load("latest", "customers")  # doctest: +SKIP

Reading (`versions`, `load`, `get`, `diff`, `verify`) works in a repository, in a fresh clone of it,
and with ``repo=URL`` from anywhere. `check` and `release` need the work tree.
"""

from __future__ import annotations

from datarelease.api import check, diff, get, load, release, verify, versions
from datarelease.errors import (
    BlockedError,
    ConfigError,
    ConflictError,
    DatareleaseError,
    DatareleaseWarning,
    SettingsError,
    WithdrawnVersionWarning,
    WorldError,
)

__all__ = [
    "BlockedError",
    "ConfigError",
    "ConflictError",
    "DatareleaseError",
    "DatareleaseWarning",
    "SettingsError",
    "WithdrawnVersionWarning",
    "WorldError",
    "check",
    "diff",
    "get",
    "load",
    "release",
    "verify",
    "versions",
]
