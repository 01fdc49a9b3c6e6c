"""What a table on disk is, what it is called in messages, and why it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from datarelease.model.data.csv_dialect import DEFAULT_DIALECT, CsvDialect
from datarelease.model.data.dataset import Format


@dataclass(frozen=True, kw_only=True)
class Table:
    """The files of one dataset on disk."""

    paths: tuple[Path, ...]
    """Part files, sorted; files of a content-addressed cache, without suffix, will do."""
    format: Format
    csv: CsvDialect = DEFAULT_DIALECT
    """How CSV files are written."""
    labels: tuple[str, ...] = ()
    """Paths inside the dataset, in the order of ``paths``: messages call the files by them, and
    folders called ``key=value`` in them are columns (see `partitions`)."""
    siblings: tuple[str, ...] = ()
    """The same for all files of the dataset, where ``paths`` may be only some of them: the types
    of partition columns depend on all. Empty: there are no others."""

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
