"""One error class per exit code of the command line (docs/exit-codes.md).

Every message has three parts: what happened, what was left untouched, what to do next. They are
separate arguments, so that none can be forgotten, and so that JSON output has separate fields.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass


class DatareleaseError(Exception):
    """What the command line turns into a message and an exit code."""

    exit_code = 70
    unless_said = ""
    """What was left untouched, where a message does not say it."""

    def __init__(self, what: str, *, untouched: str | None = None, remedy: str = "") -> None:
        """Keep the three parts; ``str()`` joins those that are there."""
        super().__init__(what)
        self.what = what
        self.untouched = self.unless_said if untouched is None else untouched
        self.remedy = remedy

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.untouched, self.remedy) if part)


class BlockedError(DatareleaseError):
    """The data failed its schema or the policy (exit 1)."""

    exit_code = 1


class ConfigError(DatareleaseError):
    """The command line, a settings file or the state of the work tree is not usable (exit 2)."""

    exit_code = 2
    unless_said = "Nothing was changed."


class ErasedVersionError(ConfigError):
    """A version is to be read whose data was erased (exit 2); why and when is in the message."""


class WorldError(DatareleaseError):
    """A remote, the network or credentials failed; the same command can be run again (exit 3)."""

    exit_code = 3


class ConflictError(DatareleaseError):
    """Other bytes than reviewed (exit 4)."""

    exit_code = 4


class DatareleaseWarning(UserWarning):
    """What the caller has to know about a result that is returned nevertheless."""


class WithdrawnVersionWarning(DatareleaseWarning):
    """A version is read that was withdrawn; the message has reason, date and replacement."""


_DISK = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "ESTALE")
    if hasattr(errno, name)
}
_SQLITE = {10, 13}
"""SQLITE_IOERR and SQLITE_FULL (sqlite.org, "Result and Error Codes")."""


def disk_fault(error: BaseException) -> WorldError | None:
    """The error for a full or broken disk of this machine, where that is behind ``error``."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        reason = _disk_reason(cause)
        if reason is not None:
            return WorldError(
                f"A file could not be written or read: {reason}.",
                untouched="No version was made of incomplete files.",
                remedy="Free space on the disks of the repository, of DVC's cache and of the "
                "temporary directory (TMPDIR), then run the same command again.",
            )
        cause = cause.__cause__ or cause.__context__
    return None


def _disk_reason(error: BaseException) -> str | None:
    # A number with another text is not an error of the system, but a client's reading of an answer.
    if isinstance(error, OSError) and error.errno is not None and error.errno in _DISK:
        if error.strerror == os.strerror(error.errno):
            return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE:
        return str(error)  # of DVC's own databases
    return None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One fault in a settings file: where (``params.yaml: release.policy.psi``) and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class SettingsError(ConfigError):
    """Every fault found in the settings files, shown at once (exit 2)."""

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        untouched: str | None = None,
        remedy: str = "Correct the lines named above and run the command again.",
    ) -> None:
        """Keep the problems in the order found; there is at least one."""
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        what = f"{count} problem{'s' if count > 1 else ''} in the settings:\n{lines}"
        super().__init__(what, untouched=untouched, remedy=remedy)
