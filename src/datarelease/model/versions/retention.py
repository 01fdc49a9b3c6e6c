"""What a remote holds beside what versions, branches and pull requests need, and what may go.

The rules alone: what is needed, and what a remote holds, is found out elsewhere.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from datarelease.model.versions.remote_keys import DIRECTORY
from datarelease.model.wording import plural, short_repr

OBJECTS = "files/md5"
"""Where DVC keeps objects on a remote, below its root."""
RUNS = "runs"
"""Where DVC keeps its run cache there (`dvc push --run-cache`)."""
DOCUMENTS = f"{DIRECTORY}/sha256"
ERASED_FILE = "erased.json"
"""What stands in place of the documents of an erased version, beside its manifest."""
_OBJECT = re.compile(rf"{OBJECTS}/([0-9a-f]{{2}})/([0-9a-f]{{30}}(?:\.dir)?)", re.ASCII)
_DOCUMENT = re.compile(rf"{DOCUMENTS}/([0-9a-f]{{64}})", re.ASCII)
_RUN = re.compile(rf"{RUNS}/[0-9a-f]{{2}}/[0-9a-f]{{64}}/[0-9a-f]{{64}}", re.ASCII)
_SCRATCH = re.compile(rf"(?:{OBJECTS}/[0-9a-f]{{2}}|{DOCUMENTS})/\.tmp-[0-9a-f]{{16}}", re.ASCII)


class GarbageReason(StrEnum):
    """Why an object of a remote may go."""

    UNUSED = "no version, branch, tag or open pull request needs it"
    ORPHAN = "a manifest or document of a release that never got its tag"
    RUN = "an entry of DVC's run cache whose outputs are not kept"
    SCRATCH = "the rest of an upload that was stopped"
    STALE = "a readable path of an earlier version than the newest one"
    ERASED = "only versions that are erased hold it"


def object_hash(key: str) -> str | None:
    """The hash of the DVC object at a key of a remote, or None.

    >>> object_hash("files/md5/d4/1d8cd98f00b204e9800998ecf8427e.dir")
    'd41d8cd98f00b204e9800998ecf8427e.dir'
    >>> object_hash("d4/1d8cd98f00b204e9800998ecf8427e")
    """
    found = _OBJECT.fullmatch(key)
    return found[1] + found[2] if found else None


def document_hash(key: str) -> str | None:
    """The SHA-256 of the manifest or document at a key of a remote, or None."""
    found = _DOCUMENT.fullmatch(key)
    return found[1] if found else None


def is_run(key: str) -> bool:
    """An entry of DVC's run cache is there."""
    return _RUN.fullmatch(key) is not None


def is_scratch(key: str) -> bool:
    """The rest of an upload to a folder is there, which never got its name."""
    return _SCRATCH.fullmatch(key) is not None


def scratch_key() -> str:
    """A key of its own for an object that is not meant to stay."""
    return f"{DOCUMENTS}/.tmp-{secrets.token_hex(8)}"


@dataclass(frozen=True, kw_only=True)
class Garbage:
    """An object of a remote that may go."""

    key: str
    size: int
    """Bytes."""
    reason: GarbageReason


@dataclass(frozen=True, kw_only=True)
class RemoteSweep:
    """What may go from one remote, and what stays."""

    remote: str
    url: str
    """Without credentials."""
    garbage: tuple[Garbage, ...]
    """Directory listings come first: without its listing nobody relies on a directory's files."""
    kept: int
    """Objects that are needed."""
    kept_size: int
    young: int
    """Objects that nothing needs, and that are too young to go."""
    young_size: int
    shared: tuple[str, ...] = ()
    """Why no object of DVC's goes, though nothing known here needs some: others use the remote."""

    def __repr__(self) -> str:
        return short_repr(self, self.remote, plural(len(self.garbage), "object"))

    @property
    def size(self) -> int:
        """Bytes of what may go."""
        return sum(item.size for item in self.garbage)

    @property
    def sums(self) -> dict[GarbageReason, tuple[int, int]]:
        """How many objects of how many bytes may go for each reason."""
        found: dict[GarbageReason, tuple[int, int]] = {}
        for item in self.garbage:
            count, size = found.get(item.reason, (0, 0))
            found[item.reason] = (count + 1, size + item.size)
        return found


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What has to stay on the remotes, wherever it is."""

    objects: frozenset[str]
    """Hashes of DVC's objects."""
    documents: frozenset[str]
    """SHA-256 of manifests and of the documents that they list."""
    holders: tuple[str, ...] = ()
    """The branches, tags and pull requests that were looked at, as people call them."""
    unread: tuple[str, ...] = ()
    """Keys of listings of directories that were never pushed: what they list is not known."""
