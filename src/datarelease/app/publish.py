"""The wiring of a release that a person or a workflow starts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from datarelease.app.actions import Actions
from datarelease.app.bundles import open_publisher
from datarelease.app.github import open_github
from datarelease.app.reports import report_files
from datarelease.app.workspace import open_workspace
from datarelease.flows.check.check import check
from datarelease.flows.release.publish import Publisher, Review, find_review
from datarelease.flows.release.release import Checking, OnReport
from datarelease.progress import Progress


def open_release(
    start: Path,
    *,
    reviewed: str | None,
    remotes: Sequence[str],
    branch: str | None,
    bundle: Path | None,
    out: Path | None,
    run: Actions | None,
    on_report: OnReport,
    progress: Progress,
) -> Publisher:
    """A release of the work tree around ``start``, or of the build in ``bundle``.

    In a workflow, what was reviewed is asked of GitHub unless ``reviewed`` says it.

    Raises:
        ConfigError: As ``open_workspace``, or a bundle that cannot be used.
    """
    checking: Checking = check
    if bundle is None:
        ws = open_workspace(start, progress=progress, remotes=remotes)
    else:
        ws, checking = open_publisher(start, bundle, progress=progress, remotes=remotes)

    def review() -> Review | None:
        found = find_review(open_github(run), run.push) if run is not None and run.token else None
        if reviewed is None:
            return found
        return dataclasses.replace(found or Review(), accepted=reviewed)

    return Publisher(
        ws=ws,
        checking=checking,
        branch=branch,
        review=review,
        documents=report_files,
        on_report=on_report,
        out=out,
    )
