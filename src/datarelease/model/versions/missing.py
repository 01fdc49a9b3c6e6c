"""Lost objects of the newest versions on the remotes, for the code that reports them."""

from __future__ import annotations

from dataclasses import dataclass

from datarelease.model.versions.release import Fault

_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class VersionHealth:
    """One version."""

    tag: str
    remotes: tuple[str, ...]
    """Those that were asked."""
    objects: int
    """Per remote."""
    faults: tuple[Fault, ...]
    error: str | None
    """Why it could not be looked at."""

    @property
    def sound(self) -> bool:
        """Everything is where it should be."""
        return not self.faults and self.error is None


@dataclass(frozen=True, kw_only=True)
class Health:
    """The newest versions, newest first."""

    versions: tuple[VersionHealth, ...]
    format: int = _FORMAT

    @property
    def sound(self) -> bool:
        """Every version is."""
        return all(version.sound for version in self.versions)
