"""What a table on disk is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from datarelease.model.data.dataset import DEFAULT_DIALECT, CsvDialect
from datarelease.model.data.table_format import TEXT_FORMATS, Format

_UNREAD = "\N{SYMBOL FOR START OF TEXT}"
PART = f"{_UNREAD}{_UNREAD}part"
"""The column of `Engine.scan_parts` that says which part a row is of."""
ROW = f"{_UNREAD}row"
"""The column with the place of a row in the order of the files, from 0."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The files of one dataset on disk."""

    paths: tuple[Path, ...]
    """Part files, sorted; files of a content-addressed cache, without suffix, will do."""
    format: Format
    csv: CsvDialect = DEFAULT_DIALECT
    """How CSV files are written."""
    labels: tuple[str, ...] = ()
    """Paths inside the dataset, in the order of ``paths``: messages call the files by them, folders
    called ``key=value`` in them are columns (see `partitions`), and endings name compressions."""
    addresses: tuple[str, ...] = ()
    """Where other machines find the files, in the order of ``paths``; empty: they do not."""
    siblings: tuple[str, ...] = ()
    """The same for all files of the dataset, where ``paths`` may be only some of them: the types
    of partition columns depend on all. Empty: there are no others."""
    digests: tuple[str, ...] = ()
    """The hash of each file's bytes, in the order of ``paths``. Empty: not known, and then nothing
    that was found in a part is looked for or kept."""

    alike: bool = False
    """All files are known to have the columns and types of the first, which alone is asked."""
    inferred: tuple[tuple[str, str], ...] = ()
    """Columns and types that other parts have, too, as in `TextShape`. Empty: see the values."""

    @property
    def is_text(self) -> bool:
        """Whether files say nothing of the types of their columns."""
        return self.format in TEXT_FORMATS

    def part(self, places: Sequence[int]) -> Table:
        """The files at these places of ``paths``, which ascend, as parts of the same dataset."""
        if len(places) == len(self.paths):
            return self
        lists: dict[str, Any] = {
            name: tuple(listed[place] for place in places)
            for name in ("paths", "labels", "addresses", "digests")
            if (listed := getattr(self, name))
        }
        return replace(self, **lists, siblings=self.siblings or self.labels)

    def label(self, path: Path) -> str:
        """What messages call the file at ``path``; its own name where there is no label."""
        return self._labels.get(path, path.name)

    @cached_property
    def _labels(self) -> dict[Path, str]:
        # Asked for every part; the first of equal paths (parts with equal bytes) gives the name.
        return dict(reversed(list(zip(self.paths, self.labels, strict=False))))


class UnreadableTable(Exception):  # noqa: N818 - the term of the design; `unreadable` in reports
    """A file is not a table of its format, or not a part of one; the message has no values."""

    def __init__(self, label: str, reason: str) -> None:
        """Keep what the file is called, and the reason in words."""
        super().__init__(f"{label}: {reason}" if label else reason)
        self.label = label
        self.reason = reason


def unread_name(column: str) -> str:
    """The column that holds what could not be read as the type given to ``column``."""
    return f"{_UNREAD}{column}"
