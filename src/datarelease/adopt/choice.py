"""Which of the tables found ``datarelease init --dataset`` chooses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from datarelease.adopt.datasets import FoundTable
from datarelease.errors import ConfigError
from datarelease.model.adoption import Note
from datarelease.model.paths import within
from datarelease.model.wording import suggestion


def only(
    chosen: Sequence[str],
    found: Sequence[FoundTable],
    left_out: Sequence[Note],
    complete: Iterable[str],
) -> tuple[tuple[FoundTable, ...], tuple[Note, ...]]:
    """What is at or below the ``chosen`` paths, or all where there are none.

    Raises:
        ConfigError: There is no table at one of them.
    """
    if not chosen:
        return tuple(found), tuple(left_out)

    def wanted(path: str, by: Iterable[str] = chosen) -> bool:
        return any(one == "." or within(path, one) for one in by)

    known = [*(one.path for one in found), *complete, *(note.what for note in left_out)]
    for one in chosen:
        if not any(wanted(path, [one]) for path in known):
            raise ConfigError(
                f"--dataset {one}: init finds no CSV or Parquet data there.",
                remedy=suggestion(one, [found.path for found in found]),
            )
    return (
        tuple(one for one in found if wanted(one.path)),
        tuple(note for note in left_out if wanted(note.what)),
    )
