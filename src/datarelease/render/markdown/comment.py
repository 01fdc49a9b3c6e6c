"""Our comment on a pull request in every state of its life, from the report to the release.

Text that comes from data goes through ``escape``, like all of ``markdown``; addresses and commands
come from the run itself, never from a report.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from datarelease.model.review.report import MARKDOWN_LIMIT, Report
from datarelease.model.site_names import version_page
from datarelease.model.versions.outcome import Outcome
from datarelease.render import escape
from datarelease.render.markdown import gfm
from datarelease.render.markdown.report import markdown

_SAID = (1500, 400, 100, 40)
"""Characters of a line of a message: the first of these with which the message fits."""
_ROOM = 5000
"""Characters of a message once escaped."""
_LINES = 12
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TAG = 200
"""Characters of the longest tag that can be a version."""
_MARGIN = 600
"""Characters kept for what folds the report."""


@dataclass(frozen=True, kw_only=True)
class CommentSource:
    """Where a comment is written from."""

    server: str
    """``https://github.com``"""
    repository: str
    """``owner/name``"""
    run_url: str
    """Of the run whose result is reported; its artifacts are there too."""
    branch: str = "main"
    workflow: str = "data-release.yml"

    @property
    def url(self) -> str:
        """Of the repository."""
        return f"{self.server}/{self.repository}"


def comment(subject: Report | Outcome | None, place: CommentSource) -> str:
    """The comment's Markdown, of fewer than 60,500 characters, without watermark.

    Args:
        subject: The report of a change under review; how its release ended; or None, where the
            check ended before it could write a report.
        place: Where it is written from.
    """
    match subject:
        case None:
            return unreported(place)
        case Report():
            return markdown(subject, link=f"{place.run_url}#artifacts")
        case Outcome():
            return _ended(subject, place)


def unreported(place: CommentSource, conclusion: str = "failure") -> str:
    """The comment about a check that left no report; ``conclusion`` is that of its run."""
    headline = {
        # A job that reaches its time limit ends as cancelled, too.
        "cancelled": "The check was cancelled, or reached its time limit, before it could write a "
        "report",
    }.get(conclusion, "The check ended before it could write a report")
    return gfm.stacked(
        f"### ❌ {headline}",
        "Nothing is known about the data of this change, so it does not count as reviewed. [The "
        f"check's log]({_address(place.run_url)}) says what went wrong.",
        "Push a correction, or run the job again: this comment then becomes the report.\n",
    )


def notice(outcome: Outcome, place: CommentSource) -> str:
    """The text of a separate comment about a merged change that was not released.

    Of a release that came about after all: the text that then replaces it.
    """
    if outcome.state in {"released", "nothing"}:
        ended = (
            f"it is published as {gfm.strong(outcome.tag or 'a new version')}"
            if outcome.state == "released"
            else "nothing is left to release"
        )
        said = f"A release of this change failed, but a later one succeeded: {ended}."
        return gfm.stacked(said, _run(outcome, place))
    return gfm.stacked(_head(outcome, place), "<sub>The report is in the comment above.</sub>")


def _head(outcome: Outcome, place: CommentSource) -> str:
    return gfm.stacked(
        _headline(outcome, place),
        *_body(outcome, place),
        catalogue_link(outcome),
        _run(outcome, place),
    )


def catalogue_link(outcome: Outcome) -> str:
    """Where the catalogue has the version; empty where there is none, or nothing was released."""
    if outcome.tag is None or outcome.state != "released":
        return ""
    if outcome.site is None or not outcome.site.startswith("https://"):
        return ""
    page = _address(outcome.site + version_page(outcome.tag))
    return f"In the [catalogue]({page}): every column over all versions, and how to load the data."


def _ended(outcome: Outcome, place: CommentSource) -> str:
    """Headline, what to do, then the report (of the data as it is on the main branch)."""
    head = _head(outcome, place)
    if outcome.report is None:
        return head + "\n"
    room = MARKDOWN_LIMIT - len(head) - _MARGIN
    report = markdown(outcome.report, limit=room, link=f"{place.run_url}#artifacts")
    summary, open_ = _REPORTS[outcome.state]
    if open_:
        return gfm.stacked(head, f"---\n\n**{summary}**", report)
    return gfm.stacked(head, gfm.details(summary, report.rstrip("\n"))) + "\n"


_REPORTS = {
    "released": ("The report of this release", False),
    "nothing": ("The report", False),
    "blocked": ("The report of the data on the branch:", True),
    "conflict": ("The report of the data on the branch, which nobody has reviewed yet:", True),
    "unreviewed": ("The report of the data on the branch, which nobody has reviewed yet:", True),
    "failed": ("The report of what was to be released", False),
}


def _headline(outcome: Outcome, place: CommentSource) -> str:
    branch = escape.prose(place.branch, escape.NAME_LENGTH)
    said = {
        "released": f"🚀 Published as {gfm.strong(outcome.tag or 'a new version')}",
        "nothing": "ℹ️ Merged, nothing to release",  # noqa: RUF001 - the picture
        "blocked": "⛔ Merged, but not released: the data is blocked",
        "conflict": f"⛔ Merged, but not released: {branch} has other data than was reviewed",
        "unreviewed": "⛔ Merged, but not released: nobody reviewed this data",
        "failed": "❌ Merged, but the release failed",
    }
    return f"### {said[outcome.state]}"


def _body(outcome: Outcome, place: CommentSource) -> tuple[str, ...]:
    match outcome.state:
        case "released":
            return _published(outcome, place)
        case "conflict":
            return (_digests(outcome), _said(outcome.what), _WHY, *_accept(outcome, place))
        case "unreviewed":
            return (_said(outcome.what), *_accept(outcome, place))
        case "nothing":
            return (_said(outcome.what),)
        case "blocked" | "failed":
            return (_said(outcome.what), _said(outcome.untouched), _said(outcome.remedy))


def _published(outcome: Outcome, place: CommentSource) -> tuple[str, ...]:
    tag = outcome.tag or ""
    datasets = outcome.report.datasets if outcome.report else ()
    there = [dataset for dataset in datasets if dataset.diff.status != "removed"]
    tables = [dataset.name for dataset in there if dataset.diff.of_files is None]
    files = [dataset.name for dataset in there if dataset.diff.of_files is not None]
    reviewed = "" if outcome.reviewed else "**Released without review.** "
    page = f"/tag/{quote(tag, safe='')}" if len(tag) <= _TAG else ""
    release = f"{_address(place.url)}/releases{page}"
    verified = (
        f"{reviewed}Every object was verified on every remote. "
        f"[Release page]({release}) · digest {_short(outcome.digest)}"
    )
    return (verified, *fetching(tag, tables, files, place))


def fetching(
    tag: str, tables: Sequence[str], files: Sequence[str], place: CommentSource
) -> tuple[str, ...]:
    """How to get a version with these datasets, tables or files, as blocks of code."""
    names = [*tables, *files]
    call = "files = dr.files" if files and not tables else "data = dr.load"
    return (
        _fenced("bash", f"datarelease get {_typed(shlex.quote(tag))}"),
        _fenced(
            "python",
            "import datarelease as dr\n\n"
            f"{call}({_quoted(tag)}, {_quoted(names[0] if names else 'NAME')}, "
            f"repo={_quoted(place.url)})",
        ),
    )


_WHY = (
    "This happens when another pull request was merged in between and changes the same data, or "
    "when a stage of the pipeline does not give the same bytes every time. Nothing was tagged."
)


def _digests(outcome: Outcome) -> str:
    return gfm.table(
        ("", "digest"),
        (
            ("reviewed here", _short(outcome.reviewed)),
            ("on the branch now", _short(outcome.digest)),
        ),
    )


_ACCEPT = (
    "**To release it as it is now,** read the report below, then run the workflow by hand with "
    "this digest (or paste it into *Run workflow* under *Actions*):"
)


def _accept(outcome: Outcome, place: CommentSource) -> tuple[str, ...]:
    """How to release the data nevertheless, and how to keep it from being released."""
    fix = (
        "**To change it instead,** open a pull request: its report compares with the newest "
        "version, and merging it releases what that report shows."
    )
    if outcome.digest is None or not _DIGEST.fullmatch(outcome.digest):
        return (fix,)
    words = (
        "gh", "workflow", "run", place.workflow, "--repo", place.repository,
        "--ref", place.branch, "-f", f"accept={outcome.digest}",
    )  # fmt: skip
    return (
        _ACCEPT,
        _fenced("bash", _typed(shlex.join(words))),
        fix,
    )


def _run(outcome: Outcome, place: CommentSource) -> str:
    url = _address(place.run_url)
    if outcome.state == "failed":
        return (
            f"[The run]({url}) has the log. *Re-run failed jobs* there is safe: the "
            "same release continues where it stopped."
        )
    return f"<sub>[The run of the release]({url})</sub>"


def _said(message: str) -> str:
    """A message of ours, which may name what comes from data, line by line."""
    lines = [line for line in message.splitlines() if line.strip()]
    more = ["…"] if len(lines) > _LINES else []
    shown = (
        "<br>\n".join([*(escape.prose(line, most) for line in lines[:_LINES]), *more])
        for most in _SAID
    )
    # Escaped, a character can take six.
    return next((text for text in shown if len(text) <= _ROOM), "…")


def _short(digest: str | None) -> str:
    known = digest is not None and _DIGEST.fullmatch(digest)
    return f"`{digest}`" if known else "_none_"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _quoted(text: str) -> str:
    """``text`` as a string of Python on one line, which ends no fence."""
    return _typed('"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


def _typed(text: str) -> str:
    """A line of code with nothing invisible in it, which ends no fence and marks no comment."""
    shown = escape.clean(text, 400).replace("`", "\u02cb")
    return shown.replace("<!-", "<\u200b!-").replace("](", "]\u200b(")


def _address(url: str) -> str:
    """An address of ours inside a Markdown link."""
    if not url.startswith("https://"):
        raise ValueError("a link has to be an https address")
    return quote(url, safe="/:?=&%#~-._+,;@")
