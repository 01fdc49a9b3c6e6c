"""``datarelease release``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from datarelease.app.publish import open_release
from datarelease.app.wiring import forget_tokens
from datarelease.cli.console import DIRECTORY_PATH, ConsoleProgress, Result, notes, prints_result
from datarelease.cli.workflow import tell_outputs, tell_report, this_run
from datarelease.documents import to_json
from datarelease.errors import ConfigError
from datarelease.flows.release.tag import attempt
from datarelease.flows.versions.documents import write_documents
from datarelease.model.review.report import REPORT_HTML, Report
from datarelease.model.versions.release import Nothing, Released
from datarelease.model.wording import plural
from datarelease.render.terminal.report import summary
from datarelease.render.terminal.tables import release_plan_table


@click.command("release")
@click.option(
    "--reviewed",
    metavar="DIGEST",
    envvar="DATARELEASE_REVIEWED",
    help="Refuse data with another digest (exit 4).  [default in a workflow: asked of GitHub]",
)
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="NAME",
    help="Release to this DVC remote; may be given more than once.  [default: release.remotes]",
)
@click.option(
    "--branch",
    metavar="NAME",
    help="Release from this branch, without a merge.  [default: the git remote's default branch]",
)
@click.option(
    "--bundle",
    type=DIRECTORY_PATH,
    help="Release the build that `check --bundle` left here; no stage is run.",
)
@click.option(
    "--out",
    type=DIRECTORY_PATH,
    help="Write the outcome and the documents of the version into this directory.",
)
@click.option(
    "--plan",
    "plan_only",
    is_flag=True,
    help="Show each step of the release and its state, and do nothing.",
)
@prints_result
def command(
    reviewed: str | None,
    remotes: tuple[str, ...],
    branch: str | None,
    bundle: Path | None,
    out: Path | None,
    plan_only: bool,  # noqa: FBT001
) -> Result:
    """Release the work tree's data as the next version.

    Pushes the data to every remote, looks for every object there, and only then makes the tag.
    Running it again after any failure ends in the same release.
    """
    if plan_only and (bundle is not None or out is not None):
        raise ConfigError(
            "--plan excludes --bundle and --out.",
            untouched="Nothing was done.",
            remedy="Leave them out: a plan is about the work tree, and is not written to a file.",
        )

    def tell(report: Report, files: Mapping[str, bytes]) -> None:
        write_documents(files, publisher.ws.root / "reports")
        notes().print(summary(report))
        tell_report(report)

    publisher = open_release(
        Path.cwd(),
        reviewed=reviewed or None,
        remotes=remotes,
        branch=branch,
        bundle=bundle,
        out=out,
        run=this_run(),
        on_report=tell,
        progress=ConsoleProgress(),
    )
    forget_tokens()
    if plan_only:
        plan, refusal = publisher.plan()
        return Result(to_json(plan), release_plan_table(plan), refusal)
    result = publisher.run()
    attempt(
        publisher.ws,
        lambda: _tell_outputs(result),
        failed="The outputs of the workflow's step were not written",
        remedy="Run the release again: it writes them, and finds nothing left to release.",
    )
    return Result(_plain(result), _lines(result) if isinstance(result, Released) else result.reason)


def _lines(result: Released) -> tuple[str, ...]:
    """What was released, committed, pushed and tagged."""
    manifest = result.manifest
    tag, commit = manifest.tag, manifest.commit[:12]
    where = ", ".join(f"{remote.name} ({remote.url})" for remote in manifest.remotes)
    lines = [f"released {tag}: {plural(result.uploaded, 'object')} sent, all verified on {where}"]
    if result.committed:
        lines.append(f"committed: {commit} with {', '.join(result.committed)}")
    if result.branch is not None:
        lines.append(f"pushed: branch {result.branch} to {commit}")
    elif result.alone:
        subject = "the release commit" if result.committed else f"the commit {commit}"
        lines.append(f"pushed: no branch ({result.alone}); only the tag has {subject}")
    else:
        lines.append("pushed: no branch, the git remote has the commit")
    return (*lines, f"tagged: {tag} at {commit}", f"get it: datarelease get {tag}")


def _tell_outputs(result: Released | Nothing) -> None:
    found = _plain(result)
    tell_outputs(
        result.report,
        number=found["version"],
        tag=found["tag"],
        html=Path(REPORT_HTML),
        released=found["released"],
    )


def _plain(result: Released | Nothing) -> dict[str, Any]:
    report = result.report
    made = result if isinstance(result, Released) else None
    return {
        "released": made is not None,
        "version": made.manifest.number if made else None,
        "tag": result.manifest.tag if isinstance(result, Released) else result.tag,
        "digest": report.digest,
        "verdict": report.level,
        "rollback_of": report.rollback_of,
        "uploaded": made.uploaded if made else 0,
        "commit": made.manifest.commit if made else None,
        "branch": made.branch if made else None,
        "committed": list(made.committed) if made else [],
        "warnings": list(result.warnings),
        "reason": "" if isinstance(result, Released) else result.reason,
    }
