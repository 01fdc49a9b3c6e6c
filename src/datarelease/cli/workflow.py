"""What a step reports to its workflow: outputs, a summary, annotations.

Outside of GitHub Actions nothing is reported. Every value that can come from data is escaped as
"Workflow commands for GitHub Actions" of GitHub's documentation says.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from datarelease.app.actions import Actions, actions
from datarelease.documents import encode
from datarelease.errors import BlockedError, DatareleaseError
from datarelease.flows.write_file import write
from datarelease.model.github import (
    PULL_REQUEST_FILE,
    REPORT_BEGUN,
    REPORT_STATE_FILE,
    REPORT_WRITTEN,
)
from datarelease.model.review.report import Report
from datarelease.render.escape import prose
from datarelease.render.markdown.report import markdown


def this_run() -> Actions | None:
    """The run that this process is a step of."""
    return actions(os.environ)


def tell_begun(folder: Path) -> None:
    """Write into ``folder`` what the job that posts the report needs, even if none follows."""
    run = this_run()
    if run is not None:
        write(folder / REPORT_STATE_FILE, REPORT_BEGUN.encode())
        if run.pull_request is not None:
            write(folder / PULL_REQUEST_FILE, encode(run.pull_request).encode())


def tell_written(folder: Path) -> None:
    """Write into ``folder``, which got the report, that it is there."""
    if this_run() is not None:
        write(folder / REPORT_STATE_FILE, REPORT_WRITTEN.encode())


def tell_report(report: Report) -> None:
    """Show a report on the run's page."""
    run = this_run()
    if run is not None:
        link = f"{run.run_url}#artifacts"
        run.summarise(markdown(report, link=link if link.startswith("https://") else None))


def tell_outputs(
    report: Report, *, number: int | None, tag: str | None, html: Path, released: bool
) -> None:
    """Set the outputs of the step: the same names for a check and for a release."""
    run = this_run()
    if run is not None:
        run.put(
            {
                "version": str(number or ""),
                "tag": tag or "",
                "released": "true" if released else "false",
                "digest": report.digest,
                "verdict": report.level,
                "report": html.as_posix(),
            }
        )


def tell_error(error: DatareleaseError) -> None:
    """Annotate the run with an error; its summary says what to do next.

    Raises nothing of its own: the run's own variables may be the fault.
    """
    if not _is_read_by_a_runner():
        return
    sys.stderr.write(f"::error title=datarelease::{_escaped(str(error))}\n")
    if isinstance(error, BlockedError):
        return
    parts = (error.what, error.untouched, error.remedy)
    text = "\n\n".join(["**datarelease stopped.**", *map(prose, filter(None, parts))])
    try:
        run = this_run()
        if run is not None:
            run.summarise(text)
    except (DatareleaseError, OSError) as fault:
        reason = str(fault).partition("\n")[0]
        sys.stderr.write(f"the summary of this step was not written: {_escaped(reason)}\n")


def warn(line: str) -> None:
    """Annotate the run with a warning; elsewhere, one line on standard error."""
    mark = "::warning title=datarelease::" if _is_read_by_a_runner() else "warning: "
    sys.stderr.write(f"{mark}{_escaped(line)}\n")


def _is_read_by_a_runner() -> bool:
    """This process runs in GitHub Actions, even if other variables of it are missing."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _escaped(message: str) -> str:
    # A file's name may hold bytes that are not UTF-8.
    shown = message.encode("utf-8", "backslashreplace").decode()
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
