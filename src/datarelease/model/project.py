"""The address of this project and how to install it, as messages and written files name them."""

from __future__ import annotations

import re
from dataclasses import dataclass

REPOSITORY = "datarelease/datarelease"

PUBLISHED: bool = False
"""Whether a release is on the package index, with its tag on GitHub. Messages and pages name the
published form only then: a name that is not ours yet could be anybody's package."""


def installation(extra: str) -> str:
    """The sentence that says how to install the tool with ``extra``, one of its optional parts."""
    if PUBLISHED:
        return f"Install it: pip install 'datarelease[{extra}]'"
    return (
        f"Install it: pip install './datarelease[{extra}]' in the directory that holds a checkout "
        f"of https://github.com/{REPOSITORY}"
    )


_RELEASE = {
    "dvc", "dvc_data", "dvc_objects", "filetype", "jinja2", "pandas", "pandera", "pyarrow",
    "ruamel",
}  # fmt: skip
"""What the extra `release` brings, by the names that are imported."""


def needs_release(error: ImportError) -> bool:
    """Whether a module is missing that the extra `release` brings, as readers do not have it.

    >>> needs_release(ModuleNotFoundError(name="dvc.repo")), needs_release(ImportError(name="x"))
    (True, False)
    """
    return (error.name or "").partition(".")[0] in _RELEASE


@dataclass(frozen=True, kw_only=True)
class ToolRef:
    """The version of the tool that workflows use: what stands behind the `@` of ``uses:``.

    >>> print(ToolRef(name="v1.0.0"), ToolRef(name="4711", comment="main"))
    v1.0.0 4711 # main
    """

    name: str
    """A tag, or the full SHA of a commit."""
    comment: str = ""

    def __post_init__(self) -> None:
        """Refuse what would not be one word of a workflow file.

        Raises:
            ValueError: It is no name of a git ref.
        """
        if not _REF.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is neither a tag nor the full SHA of a commit")

    def __str__(self) -> str:
        return f"{self.name} # {self.comment}" if self.comment else self.name


UNPUBLISHED = "not published yet"
"""Said beside a commit that stands where a release will stand."""
_REF = re.compile(r"[A-Za-z0-9][\w./-]*", re.ASCII)


def release_ref(version: str) -> ToolRef | None:
    """The tool's own release ``version``; None while nothing is published."""
    return ToolRef(name=f"v{version}") if PUBLISHED else None
