"""Semantic-release for datasets.

>>> import datarelease as dr
>>> dr.load("latest", "customers")  # doctest: +SKIP

Reading (`versions`, `load`, `open`, `files`, `get`, `diff`, `verify`) works in a repository, in a
fresh clone of it, and with ``repo=URL`` from anywhere; the first five also from a remote alone,
without git and DVC: ``dr.load("s3://bucket/prefix", "latest", "customers")``. `check` and `release`
need the work tree.
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
    from datarelease.api import check, diff, release, verify
    from datarelease.reading import files, get, load, versions
    from datarelease.reading import open_dataset as open  # noqa: A004 - `dr.open`

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
    "open",
    "release",
    "verify",
    "versions",
]


_READING = {
    "files": "files",
    "get": "get",
    "load": "load",
    "open": "open_dataset",
    "versions": "versions",
}
"""The functions of readers: a light installation has no more."""


def __getattr__(name: str) -> Any:
    # The command line is in this package, too, and must not load what the functions need.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "reading" if name in _READING else "api"
    try:
        return getattr(import_module(f"{__name__}.{module}"), _READING.get(name, name))
    except ImportError as error:
        wiring = import_module(f"{__name__}.app.wiring")
        raise wiring.installed_for_readers(error) or error from None


def __dir__() -> list[str]:
    return __all__
