"""Files that were copied in order to be read, each of them once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Copies:
    """Copies of files, whichever parts of a table are asked for together."""

    folder: Callable[[], Path]
    """Where they are; it lasts as long as they are used."""
    _made: dict[Hashable, Path] = field(default_factory=dict)
    _begun: int = 0

    def of(self, what: Hashable, ending: str, copy: Callable[[Path], None]) -> Path:
        """The copy made of ``what``, a file and how it is read; ``copy`` writes it if it is new."""
        if what not in self._made:
            self._begun += 1
            target = self.folder() / f"{self._begun}{ending}"
            copy(target)
            self._made[what] = target
        return self._made[what]
