"""Several remotes as one place to read from.

Another one may have what is wanted, so the error of one that does not answer counts only where
nothing was found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from datarelease.adapters.store.directory import ObjectInfo, Store
from datarelease.errors import WorldError

_T = TypeVar("_T")


def first(remotes: Iterable[Store], take: Callable[[Store], _T | None]) -> _T | None:
    """What ``take`` gets from the first remote that gives something; None: all were asked.

    Raises:
        WorldError: None gave anything, and one could not be asked.
    """
    problem: WorldError | None = None
    for remote in remotes:
        try:
            found = take(remote)
        except WorldError as error:
            problem = problem or error
            continue
        if found is not None:
            return found
    if problem is not None:
        raise problem
    return None


def locate(
    remotes: Iterable[Store], keys: Sequence[str]
) -> tuple[dict[str, tuple[Store, ObjectInfo]], WorldError | None]:
    """The first remote that has each of ``keys``, with what it says of the object.

    And the error of a remote that could not be asked, where some object was not found.
    """
    found: dict[str, tuple[Store, ObjectInfo]] = {}
    problem: WorldError | None = None
    for remote in remotes:
        wanted = [key for key in keys if key not in found]
        if not wanted:
            break
        try:
            there = remote.stat(wanted)
        except WorldError as error:
            problem = problem or error
            continue
        found |= {key: (remote, info) for key, info in there.items()}
    return found, problem if len(found) < len(set(keys)) else None
