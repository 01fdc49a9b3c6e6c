"""The arguments of the Python functions of readers, which take one name more for an address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datarelease.errors import ConfigError
from datarelease.model.git_address import without_credentials

_PATHS = ("/", "./", "../", "~")
"""Begin the path of a directory, and no version."""


def refuse_text(columns: Sequence[str] | None) -> None:
    """Refuse the name of one column where a list of names is wanted.

    Raises:
        ConfigError: It is one: its letters would be taken for names.
    """
    if isinstance(columns, str):
        raise ConfigError(
            f"columns={columns!r} is a text, not a list of names.",
            untouched="Nothing was read.",
            remedy=f"Write columns=[{columns!r}].",
        )


def read_names(
    names: Sequence[str | Path],
    version: str | None,
    other: str | Path | None,
    repo: str | Path | None,
    called: tuple[str, str] = ("VERSION", "DATASET"),
) -> tuple[str | None, str, str]:
    """The address (None: a repository), the version, and the dataset or directory.

    ``version`` and ``other`` are those that were given by name; ``called`` is what messages call
    them.

    Raises:
        ConfigError: The version is an address, or ``repo=`` is given beside an address.
        TypeError: There are more names than these three, or fewer than the last two.
    """
    given = [*map(str, names)]
    asked = [version, None if other is None else str(other)]
    lacking = sum(name is None for name in asked)
    if len(given) - lacking not in {0, 1}:
        raise TypeError(f"name {' and '.join(called)}, or ADDRESS, {' and '.join(called)}")
    address = given.pop(0) if len(given) > lacking else None
    found, name = (given.pop(0) if name is None else name for name in asked)
    if address is None and ("://" in found or found.startswith(_PATHS)):
        raise ConfigError(
            f"{without_credentials(found)!r} is an address, not a version.",
            untouched="Nothing was read.",
            remedy=f"Name ADDRESS, {' and '.join(called)}, for example 'latest' after the address.",
        )
    if address is not None:
        refuse_repo(repo)
    return address, found, name


def refuse_repo(repo: str | Path | None) -> None:
    """Refuse ``repo=`` beside an address.

    Raises:
        ConfigError: It is given.
    """
    if repo is not None:
        raise ConfigError(
            "An address and repo= are both given.",
            untouched="Nothing was read.",
            remedy="Name the remote's address, or the git repository with repo=.",
        )
