"""Released versions as a list that prints as a table, and becomes a data frame."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console

from datarelease.errors import ConfigError
from datarelease.flows.catalogue import Catalogue
from datarelease.model.versions.version import Version
from datarelease.render.terminal.tables import version_table

if TYPE_CHECKING:
    import pandas as pd


_COLUMNS = 12
"""Of the table in a notebook; ``to_frame`` has them all."""


class Versions(list[Version]):
    """Versions, oldest first."""

    def __init__(self, catalogue: Catalogue) -> None:
        """All versions of ``catalogue``."""
        super().__init__(catalogue.versions)
        self._states = {version.tag: catalogue.state(version) for version in self}

    def to_frame(self) -> pd.DataFrame:
        """A row for each version, with its number as the index.

        Columns: ``tag``, ``date`` (UTC), ``change`` (compatibility), ``state``, ``digest``,
        ``commit``, and for each dataset ``rows_NAME`` or, of a dataset of files, ``files_NAME``:
        ``Int64``, missing where it was not there.
        """
        try:
            import pandas as pd  # noqa: PLC0415 - heavy: only where a frame is asked for
        except ImportError:
            raise ConfigError(
                "A data frame of versions needs the package pandas.",
                remedy="Install it: `pip install pandas`.",
            ) from None

        records = [
            {
                "tag": version.tag,
                "date": version.date,
                "change": version.trailer("Compatibility"),
                "state": self._state(version),
                "digest": version.digest,
                "commit": version.commit,
            }
            for version in self
        ]
        index = pd.Index([version.number for version in self], name="version", dtype="int64")
        columns = ["tag", "date", "change", "state", "digest", "commit"]
        frame = pd.DataFrame.from_records(records, index=index, columns=columns)
        frame["date"] = pd.to_datetime(frame["date"], utc=True, format="ISO8601").dt.as_unit("us")
        counted = {
            "rows": [dict(version.rows) for version in self],
            "files": [dict(version.files) for version in self],
        }
        for what, versions in counted.items():
            for name in dict.fromkeys(name for counts in versions for name in counts):
                column = [counts.get(name) for counts in versions]
                frame[f"{what}_{name}"] = pd.array(column, dtype="Int64")
        return frame

    def __repr__(self) -> str:
        if not self:
            return "no version yet"
        console = Console(file=io.StringIO(), color_system=None, markup=False, highlight=False)
        with console.capture() as captured:
            console.print(version_table((version, self._state(version)) for version in self))
        return "\n".join(line.rstrip() for line in captured.get().splitlines())

    def _repr_html_(self) -> str:
        """The table as notebooks show it."""
        frame = self.to_frame().drop(columns=["digest", "commit"]).reset_index()
        return str(frame.to_html(index=False, na_rep="", border=0, max_cols=_COLUMNS))

    def _state(self, version: Version) -> str:
        return self._states.get(version.tag, "")
