"""The release plan read for people: each step and its state. Nothing is run, pushed or tagged."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from datarelease.errors import BlockedError, ConflictError, DatareleaseError
from datarelease.flows.check.check import Checked, check
from datarelease.flows.check.clean import refuse_unclean
from datarelease.flows.check.reproduce import refuse_changed_sources
from datarelease.flows.release.plan import decide, draft_manifest, products
from datarelease.flows.release.release import prepare
from datarelease.flows.release.tag import ReleaseBranch
from datarelease.flows.repository import Workspace
from datarelease.flows.transfer import faults_of, find_faults, holders
from datarelease.flows.versions.documents import find_manifest
from datarelease.model.review.report import Report
from datarelease.model.versions.release import Nothing, PlannedStep, ReleasePlan, StepState
from datarelease.model.wording import agreeing, plural

_LATER = ("check", "review", "version", "push", "verify", "record", "commit", "tag", "copies")


def preview(
    ws: Workspace, *, reviewed: Collection[str], branch: str | None = None
) -> tuple[ReleasePlan, DatareleaseError | None]:
    """What ``release`` would do now, and the error with which it would end before it does it.

    Stages do not run: where ``dvc.lock`` is stale, the plan ends with that.

    Raises:
        ConfigError: The work tree, the settings or the repository cannot be released from.
        WorldError: A remote does not answer, or lacks data that is needed.
    """
    place, _, catalogue = prepare(ws, branch)
    refuse_changed_sources(ws)
    first = _step("branch", "done", f"{place.name} of the git remote, at {ws.head()[:12]}")
    stale = ws.dvc.stale_stages()
    if stale:
        what = f"dvc.lock is out of date: `dvc repro` runs {', '.join(stale)}"
        later = [_step(name, "to do", "it depends on the data that is made") for name in _LATER]
        steps = (first, _step("pipeline", "to do", what), *later)
        return ReleasePlan(tag=None, digest=None, verdict=None, steps=steps), None
    checked = check(ws, catalogue, bring=lambda _ws, _catalogue: ())
    refuse_unclean(ws, checked.changed)
    report, refusal, nothing = checked.report, None, None
    try:
        nothing = decide(ws, checked, reviewed=reviewed)
    except (BlockedError, ConflictError) as error:
        refusal = error
    steps = (
        first,
        _step("pipeline", "done", "dvc.lock is up to date"),
        _check_step(report),
        _review_step(ws, checked, reviewed, refusal),
        *_rest(ws, checked, place, nothing, refusal),
    )
    tag = None if refusal or nothing else report.tag
    return ReleasePlan(tag=tag, digest=report.digest, verdict=report.level, steps=steps), refusal


# --- inside


def _step(name: str, state: StepState, what: str) -> PlannedStep:
    return PlannedStep(name=name, state=state, what=what)


def _check_step(report: Report) -> PlannedStep:
    compared = f"compared with {report.base}" if report.base else "there is no earlier version"
    what = f"verdict {report.level}, {compared}"
    return _step("check", "refused" if report.level == "block" else "done", what)


def _review_step(
    ws: Workspace,
    checked: Checked,
    reviewed: Collection[str],
    refusal: DatareleaseError | None,
) -> PlannedStep:
    digest = checked.report.digest
    if isinstance(refusal, ConflictError):
        return _step("review", "refused", refusal.what)
    if digest in reviewed:
        return _step("review", "done", f"{digest} was reviewed")
    if ws.settings.require_review:
        return _step("review", "skipped", "there is nothing to review")
    return _step("review", "skipped", "params.yaml does not require it")


def _rest(
    ws: Workspace,
    checked: Checked,
    place: ReleaseBranch,
    nothing: Nothing | None,
    refusal: DatareleaseError | None,
) -> Iterator[PlannedStep]:
    """The steps from the version on."""
    why = nothing.reason if nothing else "the release is refused" if refusal else None
    if why is not None:
        yield from (_step(name, "skipped", why) for name in _LATER[2:-1])
        yield _step("copies", "skipped", "copies that are missing are written again")
        return
    tag = str(checked.report.tag)
    yield _step("version", "to do", f"{tag}, the next number that is not in use")
    yield from _lost(ws, checked)
    head, made = checked.head or ws.head(), products(ws, checked.changed)
    manifest = draft_manifest(ws, checked, head)
    for remote, objects in holders(ws, manifest):
        lost = find_faults(remote, objects, progress=ws.progress, sample=False)
        what = f"{remote.name}: {len(lost)} of {plural(len(objects), 'object')} to send"
        yield _step("push", "to do" if lost else "done", what if lost else f"{remote.name}: all "
                    f"{plural(len(objects), 'object')} are there")  # fmt: skip
    names = ", ".join(remote.name for remote in ws.remotes)
    yield _step("verify", "to do", f"every object on {names}")
    yield _step("record", "to do", f"the manifest and the reports on {names}")
    if made:
        yield _step("commit", "to do", f"{', '.join(sorted(made))}, on {head[:12]}")
    else:
        yield _step("commit", "skipped", "HEAD has the current dvc.lock and reports")
    at = "the release commit" if made else head[:12]
    yield _step("tag", "to do", f"{tag} at {at}, with the branch {place.name} if it can be moved")
    yield _step("copies", "to do", f"releases/{tag}/ on {names}")


def _lost(ws: Workspace, checked: Checked) -> Iterator[PlannedStep]:
    """What the remotes have lost of the newest version: a release repairs it, and ends there."""
    latest = checked.catalogue.latest
    if latest is None:
        return
    manifest = find_manifest(ws, latest)
    if manifest is None:
        yield _step("repair", "refused", f"the manifest of {latest.tag} was lost")
        return
    lost = [fault for _, found in faults_of(ws, manifest) for fault in found]
    if lost:
        were = agreeing(len(lost), "was", "were")
        what = f"{plural(len(lost), 'object')} of {latest.tag} {were} lost or damaged on a remote"
        yield _step("repair", "refused", f"{what}; they are sent again, and the release ends")
