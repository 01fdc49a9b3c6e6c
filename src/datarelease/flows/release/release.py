"""The release: push, verify, record, tag. Running it again is the recovery.

Manifest and documents are put on every remote under their own SHA-256 before there is a tag.
Nothing is reserved by that: any number of releases may write, and names made of the bytes cannot
collide. The git remote alone decides which of them becomes a version: it takes a tag once.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count

from datarelease.adapters.store.directory import Store
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import Catalogue, fetched_catalogue
from datarelease.flows.check.check import Checked, check
from datarelease.flows.check.clean import refuse_unclean
from datarelease.flows.release.plan import plan_release
from datarelease.flows.release.record import record
from datarelease.flows.release.tag import (
    ReleaseBranch,
    VersionTaken,
    attempt,
    catch_up,
    follow,
    release_branch,
    tag,
)
from datarelease.flows.repository import Workspace, with_remotes
from datarelease.flows.transfer import complete, faults_error, faults_of, holders
from datarelease.flows.versions.documents import find_manifest_bytes, manifest_of
from datarelease.flows.versions.missing import heal, refuse_damage
from datarelease.flows.versions.tell_readers import tell_readers
from datarelease.model.review.report import Report
from datarelease.model.versions.release import (
    Candidate,
    Nothing,
    Pushed,
    Released,
    Verified,
)
from datarelease.model.versions.remote_keys import manifest_key, versions_directory
from datarelease.model.wording import agreeing, plural
from datarelease.progress import Step

REPLANNING_TIME = 900.0
"""Seconds after which a release that other releases overtook does not plan again."""
Documents = Callable[[Report], Mapping[str, bytes]]
"""Renders the files about a version that its manifest lists, by name."""
OnReport = Callable[[Report, Mapping[str, bytes]], None]
"""Takes a report and its files, by name."""
Checking = Callable[[Workspace, Catalogue], Checked]


def release(
    ws: Workspace,
    *,
    reviewed: Collection[str],
    documents: Documents,
    branch: str | None = None,
    on_report: OnReport = lambda _report, _files: None,
    checking: Checking = check,
) -> Released | Nothing:
    """Release the work tree's data as the next version, or say why there is nothing to release.

    Args:
        ws: The repository.
        reviewed: The digests that reviewers saw, of which there may be several where changes came
            together; other data is refused. Empty: nobody reviewed it.
        documents: Renders what the manifest lists.
        branch: The branch to release from, where it is not the git remote's default branch.
        on_report: Called with the report and its files before anything is decided by it.
        checking: Finds out what there is to release; by default by running what is out of date.

    Raises:
        BlockedError: The data failed its schema or the policy.
        ConfigError: The work tree, the settings or the repository cannot be released from.
        WorldError: A remote failed, or lacks objects, or other releases were faster; run it again.
        ConflictError: Other bytes than reviewed.
    """
    started = time.monotonic()
    while True:
        try:
            return _release_once(ws, reviewed, documents, branch, on_report, checking)
        except VersionTaken:
            ws.progress.say("another release was faster, so this one is planned again")
        if time.monotonic() - started > REPLANNING_TIME:
            raise WorldError(
                f"Other releases were faster for {REPLANNING_TIME / 60:.0f} minutes.",
                untouched="No tag was made.",
                remedy="Run the command again when they have ended.",
            )


def _release_once(
    ws: Workspace,
    reviewed: Collection[str],
    documents: Documents,
    branch: str | None,
    on_report: OnReport,
    checking: Checking,
) -> Released | Nothing:
    """One try, by the versions that there are now.

    Raises:
        VersionTaken: Another release was faster.
    """
    place, seen, catalogue = prepare(ws, branch)
    checked = checking(ws, catalogue)
    files = documents(checked.report)
    on_report(checked.report, files)
    refuse_unclean(ws, checked.changed)
    refuse_damage(ws, checked.catalogue)
    candidate = plan_release(ws, checked, reviewed=reviewed)
    if isinstance(candidate, Nothing):
        return _put_right(ws, checked, seen, candidate)
    heal(ws, checked.catalogue)
    recorded = record(ws, verify_objects(ws, push_objects(ws, candidate)), checked, files)
    with ws.progress.step(Step.TAG):
        released = tag(ws, recorded, seen, place)
    return follow(ws, released)


def prepare(ws: Workspace, branch: str | None) -> tuple[ReleaseBranch, Catalogue, Catalogue]:
    """The branch, the versions on the git remote now, and those that a release counts.

    Raises:
        ConfigError: The work tree or the repository cannot be released from.
        WorldError: A remote does not answer, or the branch has diverged.
    """
    _preconditions(ws)
    refuse_unclean(ws, ws.git.changed())
    place = release_branch(ws, branch)
    seen = fetched_catalogue(ws.git, ws.tags)
    return place, seen, without_hand_made(ws, seen).taking(numbers_in_use(ws, seen))


def push_objects(ws: Workspace, candidate: Candidate) -> Pushed:
    """Hand every object that a remote lacks to it; directory listings go last.

    What ``verify_objects`` would find damaged is sent again as well.

    Raises:
        WorldError: A remote failed.
    """
    # An output that names another remote than before is where it was released to.
    before = {held.name for earlier in candidate.earlier for held in earlier.output_remotes}
    reached = with_remotes(ws, lambda: before)
    sent = tuple(
        (remote.name, len(complete(reached, remote, objects)))
        for remote, objects in holders(ws, candidate.manifest)
    )
    return Pushed(candidate=candidate, uploaded=sent)


def verify_objects(ws: Workspace, pushed: Pushed) -> Verified:
    """Find every object on every remote where it belongs.

    Raises:
        WorldError: Objects are missing or damaged; they are named.
    """
    manifest = pushed.candidate.manifest
    with ws.progress.step(Step.VERIFY):
        faults = [fault for _, found in faults_of(ws, manifest) for fault in found]
    if faults:
        raise faults_error(
            faults,
            what=f"{plural(len(faults), 'object')} {agreeing(len(faults), 'is', 'are')} "
            "not on the remote after the push:",
            untouched="No tag was made.",
            remedy="Run the command again: it sends what is missing.",
        )
    objects = len(manifest.objects)
    remotes = len(manifest.remotes) + len(manifest.output_remotes)
    were = agreeing(objects, "was", "were")
    ws.progress.say(f"{plural(objects, 'object')} {were} verified on {plural(remotes, 'remote')}")
    return Verified(pushed=pushed, objects=objects)


def numbers_in_use(ws: Workspace, catalogue: Catalogue) -> frozenset[int]:
    """Numbers that this clone's own tags or folders on a required remote have.

    So a number stays used after somebody deleted its tag on the git remote.
    """
    names = set(catalogue.local)
    folder, above = versions_directory(ws.tags.prefix)
    for remote in ws.remotes:
        if remote.lists:
            names |= {f"{above}{name}" for name in remote.folders(folder)}
        else:
            names |= set(_following(ws, remote, catalogue))
    return frozenset(number for name in names if (number := ws.tags.number(name)) is not None)


def _following(ws: Workspace, remote: Store, catalogue: Catalogue) -> Iterator[str]:
    """The versions after the newest known one that a remote without listings has, up to a gap."""
    for number in count(catalogue.next_number):
        name = ws.tags.format(number)
        if not remote.stat([manifest_key(name)]):
            return
        yield name


def without_hand_made(ws: Workspace, catalogue: Catalogue) -> Catalogue:
    """The versions without those newest ones whose manifest is about something else than the tag.

    Such a tag takes its number, and nothing is ever compared with it. A manifest that is nowhere
    proves nothing: it may be lost.
    """
    while (latest := catalogue.latest) is not None:
        data = find_manifest_bytes(ws, latest)
        if data is None or manifest_of(data, latest) is not None:
            return catalogue
        ws.progress.say(f"{latest.tag} is skipped because its manifest and its tag differ")
        catalogue = catalogue.without(latest)
    return catalogue


# --- inside


def _put_right(ws: Workspace, checked: Checked, seen: Catalogue, nothing: Nothing) -> Nothing:
    """Finish what an earlier run left undone after its tag."""
    latest = checked.catalogue.latest
    warnings = [
        attempt(
            ws,
            lambda: heal(ws, checked.catalogue),
            failed="The copies of the newest version are incomplete",
            remedy="`datarelease verify latest --repair` writes them.",
        )
    ]
    if latest is not None and checked.report.tag is None:
        warnings.append(
            attempt(
                ws,
                lambda: catch_up(ws, latest),
                failed=f"This clone could not be moved to {latest.tag}",
                remedy="Remove what is in the way, then run `datarelease release` again.",
            )
        )
    warnings += tell_readers(ws, seen)
    return dataclasses.replace(nothing, warnings=tuple(text for text in warnings if text))


def _preconditions(ws: Workspace) -> None:
    if not ws.git.has_remote():
        raise ConfigError(
            "There is no git remote 'origin'.",
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "A version needs a git remote that all users share: `git remote add origin URL`. "
                "To try it on this machine alone, a directory is enough: `git init --bare "
                "../origin.git`, then `git remote add origin ../origin.git`."
            ),
        )
    if not ws.remotes:
        raise ConfigError(
            "DVC has no default remote, and release.remotes names none.",
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "Add one with `datarelease init --remote ADDRESS` (s3://BUCKET/PREFIX, "
                "dagshub:OWNER/REPO or ./DIRECTORY), commit .dvc/config, then run the command "
                "again."
            ),
        )
    ws.head()
    ws.git.complete_history()
