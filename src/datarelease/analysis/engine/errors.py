"""What an engine refuses or fails at: errors of the run, never of the data."""

from __future__ import annotations

from datarelease.errors import ConfigError, WorldError


class EngineRefusedError(ConfigError):
    """The engine cannot compute this, or not exactly: an error of the run, never of the data."""


class EngineFailedError(WorldError):
    """The engine failed while it computed: an error of the run, never of the data."""


class UnsupportedQueryError(EngineRefusedError):
    """The engine has no such query: it refused the frame itself, whatever the data are."""

    def __init__(self, engine: str, fault: str) -> None:
        """Keep the kind of fault as the engine calls it: a name, without any value."""
        super().__init__(
            f"{engine} cannot run a query of a check ({fault}).",
            untouched="Nothing was written.",
            remedy="If you wrote the check yourself, change it. Otherwise this is a bug in "
            "datarelease: please report it.",
        )
