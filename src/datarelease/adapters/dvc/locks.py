"""The processes at work in a DVC repository, and the locks that ended processes have left.

DVC has two locks below ``.dvc/tmp``. The system releases ``lock`` when its process ends.
``rwlock`` is a list of the processes that read and write each path. A killed process stays on it,
and a process that is killed while it writes the list leaves it empty. DVC removes an entry if no
process has its number, but not if the process is a zombie or another process has the number now,
and it refuses a damaged list permanently. Sources: ``dvc.rwlock``, ``dvc.lock``, ``zc.lockfile``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from dvc.lock import LockError, make_lock
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK

from datarelease.adapters.store.directory import replacing
from datarelease.errors import WorldError
from datarelease.model.git_address import without_credentials

_ACCURACY = 1.0
"""Seconds by which the start of a process and the time of a file may be compared wrongly."""
_SHOWN = 80
"""Characters of a command that are shown."""
_PROGRAMS = ("dvc", "datarelease")


@dataclass(frozen=True)
class Holder:
    """A process that DVC's list names."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({without_credentials(self.command)[:_SHOWN]})"


def forget_dead(temporary: Path, *, hardlink: bool) -> tuple[str, ...]:
    """Remove ended processes from DVC's list in ``.dvc/tmp``; returns a line for each removal.

    ``hardlink`` is ``core.hardlink_lock`` of DVC's configuration.

    Raises:
        WorldError: The list is damaged, and a process that may have been on it is running.
    """
    path = temporary / RWLOCK_FILE
    if not _is_suspect(path):
        return ()
    try:
        with make_lock(
            str(temporary / RWLOCK_LOCK), tmp_dir=str(temporary), hardlink_lock=hardlink
        ):
            # Read again: the writer of the list holds this lock, and may not have finished.
            return _cleaned(path, temporary.parent.parent) if _is_suspect(path) else ()
    except LockError:
        # A living process changes the list; DVC reports what that means.
        return ()


def lock_holders(temporary: Path) -> tuple[str, ...]:
    """The living processes that keep others from a repository, as its locks name them."""
    found = [holder for holder in _listed(temporary / RWLOCK_FILE) or () if _lives(holder.pid)]
    with suppress(OSError, ValueError):
        pid = int((temporary / "lock").read_text(encoding="utf-8"))
        if _lives(pid) and pid not in {holder.pid for holder in found}:
            found.append(Holder(pid, _command(pid)))
    return tuple(dict.fromkeys(map(str, found)))


def _is_suspect(path: Path) -> bool:
    """The list is damaged, or names a process that has ended."""
    try:
        since = path.stat().st_mtime
    except FileNotFoundError:
        return False
    listed = _listed(path)
    return listed is None or any(not _lives(holder.pid, since) for holder in listed)


def _cleaned(path: Path, root: Path) -> tuple[str, ...]:
    since, content = path.stat().st_mtime, _content(path)
    if content is None:
        workers = [Holder(pid, command) for pid, command in _at_work(root)]
        if workers:
            raise WorldError(
                f"DVC's list of running processes ({path}) is damaged, probably because a process "
                f"was killed while it wrote the list. {', '.join(map(str, workers))} may have been "
                "on it.",
                untouched="Nothing was changed.",
                remedy="Wait for it to end, or end it, then run the same command again.",
            )
        path.unlink()
        return (
            f"{path} was removed: a process was killed while it wrote it, and no DVC process runs",
        )
    gone = [holder for holder in _holders(content) if not _lives(holder.pid, since)]
    dead = {holder.pid for holder in gone}
    write = {name: one for name, one in content["write"].items() if one["pid"] not in dead}
    read = {
        name: left
        for name, many in content["read"].items()
        if (left := [one for one in many if one["pid"] not in dead])
    }
    with replacing(path) as scratch:
        scratch.write_text(json.dumps({"write": write, "read": read}), encoding="utf-8")
    names = dict.fromkeys(map(str, gone))
    return tuple(
        f"{name} was killed while DVC worked here; its locks were removed" for name in names
    )


def _content(path: Path) -> Mapping[str, Any] | None:
    """DVC's list; None: it is damaged."""
    try:
        loaded = json.loads(path.read_bytes())
        found = {"write": loaded.get("write", {}), "read": loaded.get("read", {})}
        list(_holders(found))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found


def _listed(path: Path) -> tuple[Holder, ...] | None:
    """The processes on DVC's list; None: it is damaged."""
    try:
        content = _content(path)
    except FileNotFoundError:
        return ()
    return None if content is None else tuple(_holders(content))


def _holders(content: Mapping[str, Any]) -> Iterator[Holder]:
    many = [one for listed in content["read"].values() for one in listed]
    for one in (*content["write"].values(), *many):
        yield Holder(int(one["pid"]), str(one["cmd"]))


def _lives(pid: int, since: float | None = None) -> bool:
    """The process that had this number (at the time ``since``, if given) is still there."""
    try:
        process = psutil.Process(pid)
        if since is not None and process.create_time() > since + _ACCURACY:
            return False  # another one has the number now, as after a container was started again
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return "unknown"


def _at_work(root: Path) -> Iterator[tuple[int, str]]:
    """Other processes of DVC, or ours, in a directory of the repository at ``root``."""
    own = psutil.Process().pid
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            named = any(name in Path(word).name for word in words[:4] for name in _PROGRAMS)
            if named and process.pid != own and Path(process.cwd()).is_relative_to(root.resolve()):
                yield process.pid, " ".join(words)
