"""What DVC's outputs of a revision say about the datasets, as a snapshot."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from datarelease.adapters.dvc.tracked import Output
from datarelease.errors import Problem, SettingsError
from datarelease.flows.cache import Objects
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import within
from datarelease.model.versions.snapshot import WHOLE, DataFile, DatasetSnapshot, Entry, Snapshot
from datarelease.model.wording import nearest_name


def snapshot(datasets: Sequence[Dataset], outputs: Sequence[Output], objects: Objects) -> Snapshot:
    """What ``outputs`` (of one revision) say about each dataset.

    Raises:
        SettingsError: A dataset that DVC does not track, or has not hashed yet; all at once.
        WorldError: A dataset is part of a tracked directory whose listing is not available.
    """
    problems: list[Problem] = []
    found = []
    for dataset in datasets:
        entries = _entries(dataset, outputs, objects)
        if entries:
            found.append(DatasetSnapshot(name=dataset.name, entries=tuple(sorted(entries))))
        else:
            problems.append(_untracked(dataset, outputs))
    if problems:
        raise SettingsError(problems)
    return Snapshot(datasets=tuple(found))


def _entries(dataset: Dataset, outputs: Sequence[Output], objects: Objects) -> list[Entry]:
    entries = []
    for out in outputs:
        if out.md5 is None or out.legacy:
            continue
        if out.path == dataset.path:
            path = WHOLE if out.md5.endswith(".dir") else posixpath.basename(out.path)
            entries.append(Entry(path=path, md5=out.md5, size=out.size, remote=out.remote))
        elif within(out.path, dataset.path):
            path = out.path.removeprefix(dataset.path + "/")
            entries.append(Entry(path=path, md5=out.md5, size=out.size, remote=out.remote))
        elif within(dataset.path, out.path) and out.md5.endswith(".dir"):
            inside = dataset.path.removeprefix(out.path + "/")
            entries += _part_of(inside, objects.data_files(out.md5), out.remote)
    return entries


def _part_of(inside: str, files: Sequence[DataFile], remote: str | None) -> list[Entry]:
    """The entries of a dataset that is one file or folder of a tracked directory."""
    return [
        Entry(
            path=posixpath.basename(file.path)
            if file.path == inside
            else file.path.removeprefix(inside + "/"),
            md5=file.md5,
            remote=remote,
        )
        for file in files
        if within(file.path, inside)
    ]


def _untracked(dataset: Dataset, outputs: Sequence[Output]) -> Problem:
    where = f"dvc.yaml: artifacts.{dataset.name}.path"
    same = [out for out in outputs if out.path == dataset.path]
    if any(out.legacy for out in same):
        what = f"{dataset.path!r} was hashed by DVC 2: run `dvc cache migrate --dvc-files`"
    elif same:
        what = f"DVC has not hashed {dataset.path!r} yet: run `dvc repro` (or `dvc commit`)"
    else:
        near = nearest_name(dataset.path, [out.path for out in outputs])
        hint = f"; did you mean {near!r}?" if near else ""
        what = f"DVC tracks no output {dataset.path!r}{hint}"
    return Problem(where=where, what=what)
