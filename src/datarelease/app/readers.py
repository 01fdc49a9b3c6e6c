"""Readers of an address: where their cache is, and what reads text."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from datarelease.adapters.object_cache import DEFAULT_LIMIT, ObjectCache
from datarelease.adapters.store.address import open_source
from datarelease.app.wiring import PACKAGE, engine
from datarelease.errors import ConfigError
from datarelease.model.versions.version import TagGrammar
from datarelease.progress import Progress, Quiet
from datarelease.readers.address import AddressReader

if TYPE_CHECKING:
    from datarelease.analysis.engine.protocol import Engine

_DIRECTORY, _LIMIT = "DATARELEASE_CACHE", "DATARELEASE_CACHE_LIMIT"
_PREFIX = "#tag_prefix="
_MEMORY = "2GB"
_SIZE = re.compile(r"([0-9]+) ?([KMGT])B", re.ASCII)


def open_address(address: str, *, progress: Progress | None = None) -> AddressReader:
    """The versions at ``address``, which may end in ``#tag_prefix=PREFIX``.

    Raises:
        ConfigError: It is no address that can be read, or a variable has a value of no use.
    """
    place, mark, prefix = address.partition(_PREFIX)
    if mark and (not prefix or TagGrammar(prefix).parse(f"{prefix}1") is None):
        raise ConfigError(
            f"{address!r} has no valid tag prefix.", remedy="Write ADDRESS#tag_prefix=sales-v."
        )
    return AddressReader(
        source=open_source(place),
        cache=object_cache(),
        progress=progress or Quiet(),
        prefix=prefix or None,
    )


def object_cache() -> ObjectCache:
    """The cache of objects that readers of addresses share.

    Raises:
        ConfigError: Its limit is no number of bytes.
    """
    named = os.environ.get(_DIRECTORY)
    root = Path(named) if named else user_cache_path(PACKAGE) / "readers"
    text = os.environ.get(_LIMIT)
    if not text:
        return ObjectCache(root=root)
    size = _SIZE.fullmatch(text.upper())
    if size is None:
        raise ConfigError(
            f"{_LIMIT}={text!r} is not a number of bytes.",
            remedy=f"Write it as 20GB or 500MB; without it, the limit is {DEFAULT_LIMIT >> 30}GB.",
        )
    return ObjectCache(root=root, limit=int(size[1]) << 10 * ("KMGT".index(size[2]) + 1))


def text_engine(progress: Progress) -> Callable[[], Engine]:
    """Opens what reads tables of text, as a check does."""
    return engine(_MEMORY, object_cache().root / "tmp", progress)
