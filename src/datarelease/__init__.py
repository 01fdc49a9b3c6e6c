"""Semantic-release for datasets.

>>> import datarelease as dr
>>> dr.load("latest", "customers")  # doctest: +SKIP

Reading (`versions`, `load`, `files`, `get`, `diff`, `verify`) works in a repository, in a fresh
clone of it, and with ``repo=URL`` from anywhere. `check` and `release` need the work tree.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from datarelease.errors import (
    BlockedError,
    ConfigError,
    ConflictError,
    DatareleaseError,
    DatareleaseWarning,
    ErasedVersionError,
    SettingsError,
    WithdrawnVersionWarning,
    WorldError,
)

if TYPE_CHECKING:
    from datarelease.api import check, diff, files, get, load, release, verify, versions

__all__ = [
    "BlockedError",
    "ConfigError",
    "ConflictError",
    "DatareleaseError",
    "DatareleaseWarning",
    "ErasedVersionError",
    "SettingsError",
    "WithdrawnVersionWarning",
    "WorldError",
    "check",
    "diff",
    "files",
    "get",
    "load",
    "release",
    "verify",
    "versions",
]


def __getattr__(name: str) -> Any:
    # The command line is in this package, too, and must not load what the functions need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.api"), name)


def __dir__() -> list[str]:
    return __all__
