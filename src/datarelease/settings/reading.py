"""What a reader of versions needs of ``params.yaml``: how tags are spelled, and the remotes.

Listing versions has to be quick, so a section of plain values is read here, without Pydantic.
Whatever else a section holds, ``settings.read`` reads it, and explains its faults.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from datarelease.errors import SettingsError
from datarelease.model.versions.channel import ends_like_channel
from datarelease.model.versions.version import DEFAULT_PREFIX, TagGrammar
from datarelease.model.wording import nearest_name
from datarelease.progress import TIMEOUT
from datarelease.settings.places import SECTION

_OF_CHANGES = {"policy", "streams", "notify", "channels"}
"""What of the section is about changes and releases, and not about released versions."""
_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""Prefixes of tags without dots and slashes, of which git allows only some."""
_SIZE = re.compile(r"[1-9][0-9]*[KMGT]B")
_LONGEST_TIMEOUT = 3600


@dataclass(frozen=True, kw_only=True)
class ReaderSettings:
    """The settings that matter to readers, checked."""

    tag_prefix: str = DEFAULT_PREFIX
    remotes: tuple[str, ...] = ()
    timeout: float = TIMEOUT
    export: bool = False


def read_tag_settings(params_yaml: Mapping[str, Any]) -> tuple[TagGrammar, tuple[str, ...]]:
    """What a reader of versions needs: the tag grammar and the names of the required remotes.

    Raises:
        SettingsError: With every problem of the section.
    """
    found = _read(params_yaml)
    return TagGrammar(found.tag_prefix), tuple(dict.fromkeys(found.remotes))


def read_timeout(params_yaml: Mapping[str, Any]) -> float:
    """``release.timeout``, or the default where the section cannot be used: others say that."""
    try:
        return _read(params_yaml).timeout
    except SettingsError:
        return TIMEOUT


def read_export(params_yaml: Mapping[str, Any]) -> bool:
    """``release.export``, or no where the section cannot be used: others say that."""
    try:
        return _read(params_yaml).export
    except SettingsError:
        return False


def _read(params: Mapping[str, Any]) -> ReaderSettings:
    section = params.get(SECTION)
    if isinstance(section, dict):
        # Rules for a change: who only reads versions cannot correct them.
        section = {key: value for key, value in section.items() if key not in _OF_CHANGES}
        params = {**params, SECTION: section}
    misspelt = SECTION not in params and nearest_name(SECTION, map(str, params))
    plain = None if misspelt else plain_settings(section)
    if plain is not None:
        return plain
    from datarelease.settings.read import read_release  # noqa: PLC0415 - heavy: Pydantic

    release = read_release(params)
    return ReaderSettings(
        tag_prefix=release.tag_prefix,
        remotes=tuple(release.remotes),
        timeout=release.timeout,
        export=release.export,
    )


def plain_settings(section: object) -> ReaderSettings | None:
    """The settings in a section of plain values; None: it has to be read as a whole.

    >>> plain_settings({"tag_prefix": "sales-v", "remotes": "storage"})
    ReaderSettings(tag_prefix='sales-v', remotes=('storage',), timeout=45.0, export=False)
    >>> plain_settings({"tag_prefix": 3}), plain_settings({"site": "https://example.com/"})
    (None, None)
    """
    given = {} if section is None else section
    if not isinstance(given, dict):
        return None
    for key, value in given.items():
        is_plain = _PLAIN.get(key)
        if is_plain is None or not is_plain(value):
            return None
    remotes = given.get("remotes", ())
    return ReaderSettings(
        tag_prefix=given.get("tag_prefix", DEFAULT_PREFIX),
        remotes=(remotes,) if isinstance(remotes, str) else tuple(remotes),
        timeout=float(given.get("timeout", TIMEOUT)),
        export=given.get("export", False),
    )


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_plain_prefix(value: object) -> bool:
    if not isinstance(value, str) or ends_like_channel(value):
        return False
    return _PREFIX.fullmatch(value) is not None


def _are_names(value: object) -> bool:
    listed = value if isinstance(value, list) else [value]
    return all(isinstance(name, str) for name in listed)


def _is_timeout(value: object) -> bool:
    return type(value) in {int, float} and 1 <= value <= _LONGEST_TIMEOUT  # type: ignore[operator]


_PLAIN: Mapping[object, Callable[[object], bool]] = {
    "tag_prefix": _is_plain_prefix,
    "remotes": _are_names,
    "timeout": _is_timeout,
    "export": _is_bool,
    "require_review": _is_bool,
    "staging": lambda value: value is None or isinstance(value, str),
    "engine": lambda value: value in ("duckdb", "spark"),
    "memory_limit": lambda value: isinstance(value, str) and _SIZE.fullmatch(value) is not None,
    "rows_budget": lambda value: type(value) is int and value >= 0,
}
"""Settings, and whether a value is one that needs no closer look; a strict part of their shapes."""
