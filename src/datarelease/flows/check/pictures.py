"""Pictures in the report of a check: their sizes in pixels, and a few as small copies.

A check alone does this, after all else is done: pictures are decoded where no secret is needed. A
release decodes none, and its report has none. Only files on this machine are looked at.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from datarelease.analysis.files.kinds import kind_by_ending
from datarelease.analysis.files.pictures import (
    PICTURE_KINDS,
    is_available,
    picture_facts,
    picture_statistics,
    small_copy,
)
from datarelease.flows.check.check import Checked
from datarelease.flows.check.files import list_files
from datarelease.flows.repository import Workspace
from datarelease.model.data.files import ListedFile
from datarelease.model.data.pictures import PictureChange, PictureFacts, PicturesReport
from datarelease.model.review.diff import FileChange, FilesDiff
from datarelease.model.review.report import DatasetReport, Report
from datarelease.model.wording import plural

_MEMO = "pictures"
_RULES = 1
"""Counts up when something else is found in equal pictures."""
MOST_SHOWN = 4
"""Of each kind of change."""
MOST_COPIES = 40
"""In a report: each takes at most 12 kB."""


def with_pictures(ws: Workspace, checked: Checked) -> Report:
    """The report with the pictures of its datasets of files, where Pillow is installed."""
    report = checked.report
    if not is_available():
        return report
    datasets, left = [], MOST_COPIES
    for part in report.datasets:
        shown = _dataset(ws, checked, part, left)
        pictures = shown.diff.of_files.pictures if shown.diff.of_files is not None else None
        copies = [(c.before, c.after) for c in pictures.changes] if pictures is not None else []
        left -= sum(copy is not None for both in copies for copy in both)
        datasets.append(shown)
    return dataclasses.replace(report, datasets=tuple(datasets))


def _dataset(ws: Workspace, checked: Checked, part: DatasetReport, most: int) -> DatasetReport:
    files, content = part.diff.of_files, checked.snapshot.get(part.name)
    if files is None or content is None or part.diff.status == "identical":
        return part
    dataset = ws.settings.dataset(part.name)
    if files.after is None or dataset is None or not _has_pictures(files):
        return part
    listed = [file for entry in content.entries for file in ws.objects.files(entry)]
    now = _pictures(list_files(ws, dataset, listed))
    side = checked.baseline.side(part.name) if checked.baseline is not None else None
    then = _pictures(side.listing()) if side is not None and files.counts is not None else []
    statistics = None
    if now and all(ws.objects.has(file.md5) for file in now):
        ws.progress.say(f"{part.name}: reading {plural(len(now), 'image')}")
        known = _facts(ws, part.name, now)
        statistics = picture_statistics(known[file.md5] for file in now)
    examples = files.examples
    if files.before is None:
        examples = tuple(FileChange(kind="added", path=file.path) for file in sorted(now))
    changes = itertools.islice(_changes(ws, examples, then, now), max(most // 2, 0))
    shown = PicturesReport(statistics=statistics, changes=tuple(changes))
    diff = dataclasses.replace(part.diff, of_files=dataclasses.replace(files, pictures=shown))
    return dataclasses.replace(part, diff=diff)


def _has_pictures(files: FilesDiff) -> bool:
    sides = (side for side in (files.before, files.after) if side is not None)
    return any(kind.type in PICTURE_KINDS for side in sides for kind in side.kinds)


def _pictures(listing: Iterable[ListedFile]) -> list[ListedFile]:
    return [file for file in listing if kind_by_ending(file.path) in PICTURE_KINDS]


def _facts(
    ws: Workspace, name: str, pictures: Sequence[ListedFile]
) -> Mapping[str, PictureFacts | None]:
    """What the head of each picture says, by hash; those of the last time are remembered."""
    inputs = (("dataset", name), ("rules", str(_RULES)))
    known: dict[str, PictureFacts | None] = {}
    with suppress(ValueError, TypeError, AttributeError):  # what is no such memo is not known
        for md5, facts in json.loads(ws.memo.get(_MEMO, inputs) or b"{}").items():
            known[md5] = None if facts is None else PictureFacts(**facts)
    found = {
        file.md5: known[file.md5] if file.md5 in known else picture_facts(ws.objects.path(file.md5))
        for file in pictures
    }
    if found.keys() != known.keys():
        plain = {md5: facts and dataclasses.asdict(facts) for md5, facts in found.items()}
        ws.memo.put(_MEMO, inputs, json.dumps(plain, sort_keys=True).encode())
    return found


def _changes(
    ws: Workspace,
    examples: Sequence[FileChange],
    then: Sequence[ListedFile],
    now: Sequence[ListedFile],
) -> Iterable[PictureChange]:
    """A few pictures of each kind of change, of which a copy could be made."""
    old, new = ({file.path: file.md5 for file in side} for side in (then, now))
    for kind in ("removed", "changed", "added"):
        shown = 0
        for change in examples:
            if change.kind != kind or shown == MOST_SHOWN:
                continue
            before = _copy(ws, old.get(change.path)) if kind != "added" else None
            after = _copy(ws, new.get(change.path)) if kind != "removed" else None
            if before is None and after is None:
                continue
            shown += 1
            place = _here(ws, new.get(change.path) or old.get(change.path))
            yield PictureChange(
                kind=kind,
                path=change.path,
                before=before,
                after=after,
                facts=picture_facts(place) if place is not None else None,
            )


def _copy(ws: Workspace, md5: str | None) -> str | None:
    place = _here(ws, md5)
    return None if place is None else small_copy(place)


def _here(ws: Workspace, md5: str | None) -> Path | None:
    """Where the cache has the object; None: it has not."""
    return ws.objects.path(md5) if md5 is not None and ws.objects.has(md5) else None
