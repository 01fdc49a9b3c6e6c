"""``datarelease release``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from typing_extensions import TypedDict

from datarelease.app.publish import open_release
from datarelease.app.wiring import forget_tokens
from datarelease.cli.console import ConsoleProgress, Result, notes, prints_result
from datarelease.cli.described import DescribedCommand
from datarelease.cli.options import DIRECTORY_PATH
from datarelease.cli.workflow import tell_outputs, tell_report, this_run
from datarelease.documents import to_json
from datarelease.errors import ConfigError
from datarelease.flows.release.tag import attempt
from datarelease.flows.versions.documents import write_documents
from datarelease.model.review.report import REPORT_HTML, Report
from datarelease.model.versions.release import Nothing, Released, ReleasePlan
from datarelease.model.wording import plural
from datarelease.render.terminal.report import summary
from datarelease.render.terminal.tables import release_plan_table


class ReleaseResult(TypedDict):
    """How a release ended."""

    released: bool
    """Whether this run made a version."""
    version: int | None
    """The number of the version that was made; null: none was."""
    tag: str | None
    """The git tag of the version that has the data, made now or before; null: there is none."""
    digest: str
    """The digest of the data."""
    verdict: str
    """The verdict of the check: `pass`, `warn` or `block`."""
    rollback_of: str | None
    """The tag of the version that the data returns to; null: it is no rollback."""
    uploaded: int
    """The number of objects that were sent."""
    commit: str | None
    """The commit that the tag points at; null: no version was made."""
    branch: str | None
    """The branch that was pushed; null: none was."""
    committed: list[str]
    """The files in the release commit; empty: no commit was needed."""
    warnings: list[str]
    """What failed after the tag was made, each with its remedy."""
    reason: str
    """Why nothing was released; empty: a version was made."""


@click.command(
    "release",
    cls=DescribedCommand,
    exits={
        0: "The version is released, or there is nothing to release.",
        1: "Blocked: the data breaks its schema or a rule of the policy. Nothing was pushed.",
        2: "The work tree, the settings or the branch cannot be released. Nothing was changed.",
        3: "A remote, the network or credentials failed. Run the same command again.",
        4: "The data is not the reviewed data, or nobody reviewed it. Nothing was pushed.",
    },
    prints=ReleaseResult | ReleasePlan,
)
@click.option(
    "--reviewed",
    metavar="DIGEST",
    envvar="DATARELEASE_REVIEWED",
    help="Refuse data that has another digest (exit 4)."
    "  [default in a workflow: the digest that GitHub recorded]",
)
@click.option(
    "--remote",
    "remotes",
    multiple=True,
    metavar="NAME",
    help="Release to this DVC remote. May be given several times.  [default: release.remotes]",
)
@click.option(
    "--branch",
    metavar="NAME",
    help="Release from this branch, without a merge.  [default: the default branch of origin]",
)
@click.option(
    "--bundle",
    type=DIRECTORY_PATH,
    help="Release the bundle that `check --bundle` wrote into this directory; no stage runs.",
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
    help="Show each step of the release with its state, and do nothing.",
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
    """Release the data of the work tree as the next version.

    Pushes the data to every remote, checks that every object is there, and only then makes the
    tag. After a failure, run the same command again: it continues and ends in the same release.
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


def _plain(result: Released | Nothing) -> ReleaseResult:
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
