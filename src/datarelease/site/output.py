"""The directory of a site: only what an earlier site left there is replaced or removed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from datarelease.adapters.untrusted import refuse_links_to
from datarelease.errors import ConfigError, disk_fault
from datarelease.flows.write_file import read

MARKER = ".datarelease-site.json"
"""Lists the files of a site, so that the next one knows which are its own."""
_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Written:
    """What became of the files of a site."""

    files: int
    changed: int
    removed: int


class SiteFolder:
    """A directory that holds a site, or will."""

    def __init__(self, root: Path) -> None:
        """Look what is there.

        Raises:
            ConfigError: Files that no site wrote, a file in its place, or a link.
        """
        self.root = root
        refuse_links_to(root, [MARKER])
        if root.exists() and not root.is_dir():
            _refuse(f"{root} is a file.")
        self._earlier = _listed(root)
        if self._earlier is None and root.is_dir() and any(root.iterdir()):
            _refuse(f"{root} is not empty, and it does not hold a catalogue.")

    def write(self, files: Mapping[str, bytes]) -> Written:
        """Make ``files`` (by path) the site; files of an earlier one that are not among them go.

        Raises:
            ConfigError: Another file is in the way of one.
            WorldError: A full or broken disk.
        """
        earlier = self._earlier or frozenset()
        refuse_links_to(self.root, [*files, *earlier])
        foreign = [path for path in files if path not in earlier and (self.root / path).exists()]
        if foreign:
            _refuse(f"{self.root / foreign[0]} exists already, and no catalogue wrote it.")
        gone = sorted(earlier - files.keys())
        try:
            # Said first: whatever is there when this is interrupted belongs to a site.
            self._mark({*earlier, *files})
            changed = sum(self._put(path, data) for path, data in files.items())
            for path in gone:
                self._remove(path)
            self._mark(files)
        except OSError as error:
            raise disk_fault(error) or ConfigError(
                f"{self.root} cannot be written: {error.strerror or error}.",
                untouched="The catalogue there is not complete.",
                remedy="Correct the cause, or name another directory, then run the command again.",
            ) from error
        return Written(files=len(files), changed=changed, removed=len(gone))

    def _put(self, path: str, data: bytes) -> bool:
        target = self.root / path
        if read(target) == data:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return True

    def _remove(self, path: str) -> None:
        target = self.root / path
        target.unlink(missing_ok=True)
        for folder in _folders(path):
            place = self.root / folder
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()

    def _mark(self, files: object) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        names = sorted(files)  # type: ignore[call-overload]
        text = json.dumps({"format": _FORMAT, "files": names}, indent=0)
        (self.root / MARKER).write_text(text, encoding="utf-8")


def _folders(path: str) -> Iterator[Path]:
    """The folders above a path, the nearest first."""
    yield from (folder for folder in Path(path).parents if folder != Path())


def _listed(root: Path) -> frozenset[str] | None:
    """The files that an earlier site wrote; None: there is none."""
    data = read(root / MARKER)
    if data is None:
        return None
    try:
        names = json.loads(data)["files"]
        sound = all(isinstance(name, str) and _inside(name) for name in names)
    except (ValueError, LookupError, TypeError):
        sound = False
    if not sound:
        _refuse(f"{root / MARKER} was not written by a catalogue.")
    return frozenset(names)


def _inside(name: str) -> bool:
    path = Path(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name


def _refuse(what: str) -> NoReturn:
    raise ConfigError(
        what,
        untouched="Nothing was written.",
        remedy="Name a directory that is empty or new, or one that holds an earlier catalogue.",
    )
