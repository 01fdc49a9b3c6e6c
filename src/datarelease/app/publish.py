"""The wiring of a release that a person or a workflow starts, and of the build before it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from datarelease.adapters.store.directory import DirectoryStore, Store
from datarelease.app.actions import Actions
from datarelease.app.github import open_github
from datarelease.app.reports import report_files
from datarelease.app.workspace import open_workspace
from datarelease.errors import ConfigError
from datarelease.flows.check.check import check
from datarelease.flows.release.publish import Publisher, Review, find_review
from datarelease.flows.release.release import Checking, OnReport
from datarelease.flows.release.take_over import promote, read_bundle
from datarelease.flows.repository import Workspace
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
    ws = open_workspace(start, progress=progress, remotes=remotes, plain=bundle is not None)
    checking: Checking = check
    if bundle is not None:
        ws, checking = _from_bundle(ws, bundle)

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
        github=run.repository if run is not None else None,
    )


def open_builder(start: Path, *, progress: Progress) -> tuple[Workspace, Store | None]:
    """The repository, and the staging remote: what that has, the pipeline need not make again.

    Raises:
        ConfigError: As ``open_workspace``, or ``release.staging`` names no remote.
    """
    # What the publisher would refuse is refused before the pipeline runs for hours.
    ws = open_workspace(start, progress=progress, plain=True)
    staging = _staging(ws)
    return (_with_source(ws, staging), staging) if staging else (ws, None)


def _from_bundle(ws: Workspace, folder: Path) -> tuple[Workspace, Checking]:
    """The repository with the objects of a bundle available, and how to read its check."""
    bundle = read_bundle(folder)
    if bundle.staging != ws.settings.staging:
        raise ConfigError(
            f"The bundle was built with the staging remote {bundle.staging or 'null'}, but "
            f"params.yaml has `release.staging: {ws.settings.staging or 'null'}`.",
            untouched="Nothing was pushed or tagged.",
            remedy="Build the bundle again: run the workflow again, or `datarelease check --bundle "
            "DIR`.",
        )
    carrier = _staging(ws) or DirectoryStore("bundle", folder)
    return _with_source(ws, carrier), lambda ws, catalogue: promote(ws, catalogue, folder, bundle)


def _staging(ws: Workspace) -> Store | None:
    name = ws.settings.staging
    return ws.named(name) if name is not None else None


def _with_source(ws: Workspace, source: Store) -> Workspace:
    objects = dataclasses.replace(ws.objects, remotes=(source, *ws.objects.remotes))
    return dataclasses.replace(ws, objects=objects)
