"""Takes over the build of another job, and verifies everything that can be verified.

The publisher runs nothing of the repository. The digest is computed again from the files that DVC
tracks, objects are taken by the hash of their bytes, outcome and verdict are judged here; only the
build's measurements are trusted: statistics, violations and comparison.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn, TypeVar

from datarelease.adapters.untrusted import (
    read_document,
    read_inside,
    refuse_links_to,
    refuse_special_files,
)
from datarelease.errors import ConfigError, ConflictError, WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.check.assess import Assessment, in_words, other_inputs
from datarelease.flows.check.baseline import read_baseline
from datarelease.flows.check.check import Checked, report_of
from datarelease.flows.check.clean import unclean_files
from datarelease.flows.check.reproduce import is_among, products_of
from datarelease.flows.check.tracked_outputs import work_tree_snapshot
from datarelease.flows.repository import Workspace
from datarelease.flows.write_file import write
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FilesProfile, Statistics
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation
from datarelease.model.paths import path_fault
from datarelease.model.review.report import Report
from datarelease.model.versions.lineage import predecessors, split_parts
from datarelease.model.versions.outcome import (
    ASSESSMENTS,
    BUNDLE_FILE,
    DOCUMENT_LIMIT,
    REPORT,
    TREE_FOLDER,
    Bundle,
)
from datarelease.model.versions.snapshot import DatasetSnapshot, Snapshot
from datarelease.progress import Step

_T = TypeVar("_T")
_BUILD_AGAIN = (
    "Build the bundle again, with the same version of datarelease: run the workflow again, or "
    "`datarelease check --bundle DIR`. If that does not help, find out who changed the bundle."
)


def read_bundle(folder: Path) -> Bundle:
    """The table of contents of a bundle.

    Raises:
        ConfigError: There is none, or it holds links.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"There is no bundle {folder}.",
            untouched="Nothing was pushed or tagged.",
            remedy="`datarelease check --bundle DIR` makes one.",
        )
    refuse_special_files(folder, _refuse)
    return _document(folder, Bundle, BUNDLE_FILE)


def promote(ws: Workspace, catalogue: Catalogue, folder: Path, bundle: Bundle) -> Checked:
    """What the build of ``bundle`` found, as if it had been checked here; runs no stage.

    Raises:
        ConfigError: The bundle is of another commit or holds what none holds.
        ConflictError: Its data is not what it says.
        WorldError: A version was released since the build.
    """
    if bundle.commit != ws.head():
        raise ConfigError(
            f"The bundle was built from {bundle.commit[:12]}, but {ws.head()[:12]} is checked out.",
            untouched="Nothing was pushed or tagged.",
            remedy=f"Check out {bundle.commit[:12]}, or build the bundle again.",
        )
    _take_tree(ws, folder, bundle)
    now = work_tree_snapshot(ws)
    claimed = _document(folder, Report, REPORT)
    if not now.digest == bundle.digest == claimed.digest:
        raise _inconsistent(
            f"its digest is {bundle.digest}, that of its report is {claimed.digest}, and that of "
            f"its files is {now.digest}"
        )
    latest = catalogue.latest
    if claimed.base != (latest.tag if latest else None):
        raise WorldError(
            f"The build compared the data with {claimed.base or 'no version'}, but the newest "
            f"version is {latest.tag if latest else 'none'} now.",
            untouched="Nothing was pushed or tagged.",
            remedy="Run the release again: it builds and compares once more.",
        )
    before = read_baseline(ws, latest).snapshot if latest else Snapshot(datasets=())
    _refuse_other_lives(ws, before, claimed)
    _refuse_other_changes(before, now, claimed)
    assessments = {
        dataset.name: _assessment(ws, folder, dataset, content, claimed)
        for dataset in ws.settings.datasets
        if (content := now.get(dataset.name)) is not None
    }
    head, changed = ws.head(), ws.git.changed()
    commit = None if unclean_files(ws, changed) else head
    return Checked(
        report=report_of(ws, catalogue, latest, now, claimed.datasets, commit=commit),
        snapshot=now,
        catalogue=catalogue,
        baseline=None,
        assessments=assessments,
        head=head,
        changed=changed,
    )


# --- inside


def _take_tree(ws: Workspace, folder: Path, bundle: Bundle) -> None:
    made = products_of(ws)
    refuse_links_to(ws.root, bundle.tree)
    for path in bundle.tree:
        data = read_inside(folder, f"{TREE_FOLDER}/{path}", limit=DOCUMENT_LIMIT, refuse=_refuse)
        # A pipeline may declare `.git/config` as a metric: what git or DVC reads is none.
        if data is None or path_fault(path) or not is_among(path, made):
            raise ConfigError(
                f"The bundle lists {path!r}, which is "
                + ("not in it." if data is None else "not a file that a build makes."),
                untouched="Nothing was pushed or tagged.",
                remedy=_BUILD_AGAIN,
            )
        with ws.progress.step(Step.TAKE_OVER):
            write(ws.root / path, data)
    ws.changed()


def _refuse_other_changes(before: Snapshot, now: Snapshot, claimed: Report) -> None:
    """Verify by hashes which datasets exist, are new, were removed or are the same."""
    former = {dataset.diff.renamed_from for dataset in claimed.datasets}
    names = sorted(
        {dataset.name for dataset in now.datasets}
        | {dataset.name for dataset in before.datasets if dataset.name not in former}
    )
    if sorted(dataset.name for dataset in claimed.datasets) != names:
        raise _inconsistent(f"its report does not describe the datasets {', '.join(names)}")
    for dataset in claimed.datasets:
        old, new = before.get(dataset.diff.renamed_from or dataset.name), now.get(dataset.name)
        possible = {"unreadable"}
        if old is None or new is None:
            possible = {"removed"} if new is None else {"unreadable", "added"}
        else:
            possible |= {"identical" if old.content == new.content else "changed"}
        if dataset.diff.status not in possible:
            raise _inconsistent(
                f"its report says that {dataset.name} is {dataset.diff.status}, but the hashes do "
                "not show that"
            )


def _refuse_other_lives(ws: Workspace, before: Snapshot, claimed: Report) -> None:
    """Verify by what is declared here which datasets were renamed, split or retired."""
    renamed = predecessors(ws.settings.datasets, {dataset.name for dataset in before.datasets})
    parts = split_parts(renamed)
    retired = {dataset.name: dataset.retired for dataset in ws.settings.retired}
    for dataset in claimed.datasets:
        diff, name = dataset.diff, dataset.name
        told = (diff.renamed_from, diff.is_part, diff.retired)
        gone = retired.get(name) if diff.status == "removed" else None
        if told != (renamed.get(name), name in parts, gone or ""):
            raise _inconsistent(
                f"its report and dvc.yaml disagree on whether {name} was renamed, split or retired"
            )


def _assessment(
    ws: Workspace, folder: Path, dataset: Dataset, content: DatasetSnapshot, claimed: Report
) -> Assessment:
    """What the build measured of one dataset: of this data, under what is declared here."""
    place = f"{ASSESSMENTS}/{dataset.profile_file}"
    told = claimed.dataset(dataset.name)
    of_files = told is not None and told.diff.of_files is not None
    kind: type[Statistics] = FilesProfile if of_files else Profile
    found = Assessment(
        validation=_document(folder, Validation, f"{ASSESSMENTS}/{dataset.validation_file}"),
        profile=read_document(folder, place, kind, limit=DOCUMENT_LIMIT, refuse=_refuse),
    )
    for record in (found.validation, found.profile):
        other = other_inputs(record, dataset, content, ws.read) if record is not None else ()
        if record is not None and other:
            kind_of_record = "validation" if isinstance(record, Validation) else "profile"
            raise _inconsistent(
                f"the {kind_of_record} of {dataset.name} cannot be used: {in_words(record, other)}"
            )
    if told is None or told.validation != found.validation:
        raise _inconsistent(f"its report and its validation of {dataset.name} differ")
    return found


def _inconsistent(what: str) -> ConflictError:
    return ConflictError(
        f"The bundle is not consistent: {what}.",
        untouched="Nothing was pushed or tagged.",
        remedy=_BUILD_AGAIN,
    )


def _document(folder: Path, kind: type[_T], name: str) -> _T:
    found = read_document(folder, name, kind, limit=DOCUMENT_LIMIT, refuse=_refuse)
    return _refuse(f"{name} is missing") if found is None else found


def _refuse(why: str) -> NoReturn:
    raise ConfigError(
        f"The bundle cannot be used: {why}.",
        untouched="Nothing was pushed or tagged.",
        remedy=_BUILD_AGAIN,
    )
