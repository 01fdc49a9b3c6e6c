"""What is in order in a setup and what is not, each with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LineState = Literal["ok", "missing", "warning", "unknown"]
FaultKind = Literal["setup", "world"]

PUBLISHING = "data-release"
"""The environment on GitHub whose secrets may write to the remotes."""
READING = "data-read"
"""The environment on GitHub whose secrets may only read them."""
ROLE = ("AWS_REGION", "AWS_ROLE")
"""The variables of an environment that name the role to take on, as release.yml reads them."""
STAGING = "staging"
"""What the staging remote has to be called, so that release.yml's credentials are for it."""


@dataclass(frozen=True)
class Observation:
    """What was found out about one thing."""

    state: LineState
    found: str
    remedy: str = ""
    fault: FaultKind = "setup"


@dataclass(frozen=True, kw_only=True)
class Line:
    """The answer to one question."""

    area: str
    """The heading it stands under, such as ``Remotes``."""
    check: str
    """What was asked, in a word or two."""
    state: LineState
    found: str
    remedy: str = ""
    """A command to run or what else to do; several lines, perhaps."""
    fault: FaultKind = "setup"
    """Of what is missing: our setup, or a world that does not answer."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """All answers, in the order asked."""

    lines: tuple[Line, ...]
    hints: tuple[str, ...] = ()
    """What to read or run next, whatever was found."""

    @property
    def missing(self) -> tuple[Line, ...]:
        """What has to be mended."""
        return tuple(line for line in self.lines if line.state == "missing")

    @property
    def exit_code(self) -> int:
        """0: nothing is missing; 2: our setup; 3: only the world, so that trying again may help.

        >>> line = Line(area="Remotes", check="x", state="missing", found="…", fault="world")
        >>> Diagnosis(lines=(line,)).exit_code, Diagnosis(lines=()).exit_code
        (3, 0)
        """
        if not self.missing:
            return 0
        return 2 if any(line.fault == "setup" for line in self.missing) else 3
