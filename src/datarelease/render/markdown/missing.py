"""The issue that reports what the remotes have lost."""

from __future__ import annotations

from collections.abc import Iterator

from datarelease.model.directory import ROOT
from datarelease.model.versions.missing import Health, VersionHealth
from datarelease.render import escape
from datarelease.render.markdown import gfm
from datarelease.render.markdown.comment import CommentSource

MARK = "<!-- datarelease:damage -->"
"""By which the issue is found again; it counts only in issues of our own."""


def mark_of(directory: str) -> str:
    """The mark of the issue about a DVC root."""
    return MARK if directory == ROOT else f"<!-- datarelease:damage {directory} -->"


ISSUE_TITLE = "Released data is missing or damaged"
_SHOWN = 50


def damage_issue(health: Health, place: CommentSource, mark: str = MARK) -> str:
    """The issue's Markdown; ``health`` has a fault."""
    bad = [version for version in health.versions if not version.sound]
    tags = ", ".join(escape.code(version.tag) for version in bad)
    return (
        gfm.stacked(
            f"The weekly look at the remotes found faults in {tags}.",
            *(block for version in bad for block in _version(version)),
            "**What to do:** run `datarelease verify VERSION --repair` in a clone that has the "
            "data in DVC's cache: it sends the missing objects and lists them. Then find out "
            "what deleted or changed them: a lifecycle rule, a clean-up with `dvc gc`, or a user "
            "with the right to delete.",
            f"<sub>[The run]({place.run_url}) · this issue is updated in place, and closed when "
            "everything is there again.</sub>",
            mark,
        )
        + "\n"
    )


def _version(version: VersionHealth) -> Iterator[str]:
    yield f"### {escape.prose(version.tag)}"
    if version.error is not None:
        yield escape.prose(version.error, 1000)
    lines = [escape.code(str(fault), 300) for fault in version.faults[:_SHOWN]]
    more = len(version.faults) - _SHOWN
    yield gfm.bullets([*lines, *([f"and {more:,} more"] if more > 0 else [])])
