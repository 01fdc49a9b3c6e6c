"""``datarelease release``."""

from __future__ import annotations

from pathlib import Path

import click

from datarelease.app.reports import documents_of, write_report
from datarelease.app.workspace import open_workspace
from datarelease.cli.console import Told, notes, show, show_json
from datarelease.cli.options import json_option
from datarelease.flows.release import release
from datarelease.model.release import Nothing, Released
from datarelease.model.report import Report
from datarelease.render.terminal import summary


@click.command("release")
@click.option("--reviewed", metavar="DIGEST", help="Refuse data with another digest (exit 4).")
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="NAME",
    help="Release to this DVC remote; may be given more than once.  [default: release.remotes]",
)
@json_option
def command(reviewed: str | None, remotes: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Release the work tree's data as the next version.

    Pushes the data to every remote, looks for every object there, and only then makes the tag.
    Running it again after any failure ends in the same release.
    """
    ws = open_workspace(Path.cwd(), progress=Told(), remotes=remotes)

    def tell(report: Report) -> None:
        write_report(report, ws.root / "reports")
        notes().print(summary(report))

    result = release(ws, reviewed=reviewed, documents=documents_of, on_report=tell)
    if as_json:
        show_json(_plain(result))
    elif isinstance(result, Nothing):
        show(result.reason)
    else:
        tag = result.manifest.tag
        where = ", ".join(f"{remote.name} ({remote.url})" for remote in result.manifest.remotes)
        alone = result.branch is None and result.claimed.verified.pushed.candidate.files
        commit = "; the release commit lives on the tag alone" if alone else ""
        show(
            f"released {tag}: {result.uploaded} objects sent, all verified on {where}{commit}",
            f"get it:   datarelease get {tag}",
        )


def _plain(result: Released | Nothing) -> dict[str, object]:
    report = result.report
    released = isinstance(result, Released)
    return {
        "released": released,
        "version": result.manifest.number if isinstance(result, Released) else None,
        "tag": result.manifest.tag if isinstance(result, Released) else result.tag,
        "digest": report.digest,
        "verdict": report.level,
        "rollback_of": report.rollback_of,
        "uploaded": result.uploaded if isinstance(result, Released) else 0,
        "commit": result.manifest.commit if isinstance(result, Released) else None,
        "reason": "" if isinstance(result, Released) else result.reason,
    }
