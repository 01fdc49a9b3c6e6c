"""Datasets at one revision: what DVC's outputs say about them, and what can be known of one."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING

from datarelease.adapters.dvc.tracked import Output
from datarelease.analysis.engine.tables import Table
from datarelease.errors import ConfigError, Problem, SettingsError
from datarelease.flows.cache import Objects
from datarelease.model.data.dataset import LOGGED_REMEDY, Dataset, logged_table
from datarelease.model.data.files import ListedFile, Statistics
from datarelease.model.data.table_format import FORMAT_NAMES, table_format
from datarelease.model.data.validation import Contract
from datarelease.model.paths import within
from datarelease.model.versions.snapshot import WHOLE, DataFile, DatasetSnapshot, Entry, Snapshot
from datarelease.model.wording import nearest_name

if TYPE_CHECKING:
    from datarelease.analysis.engine.protocol import Engine


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
    where = f"{dataset.where}.path"
    same = [out for out in outputs if out.path == dataset.path]
    if any(out.legacy for out in same):
        what = f"{dataset.path!r} was hashed by DVC 2: run `dvc cache migrate --dvc-files`"
    elif same:
        what = f"DVC has not hashed {dataset.path!r} yet: run `dvc repro` (or `dvc commit`)"
    else:
        near = nearest_name(dataset.path, [out.path for out in outputs])
        hint = f"; did you mean {near!r}? If not" if near else ""
        what = (
            f"DVC tracks no output {dataset.path!r}{hint}: run `dvc add {quote(dataset.path)}`, "
            "bring back the .dvc file or the stage, or remove the entry"
        )
    return Problem(where=where, what=what)


@dataclass(frozen=True, kw_only=True)
class DatasetAt:
    """What is known of a dataset; the parts that cost something are asked for when needed."""

    label: str
    """A tag, or ``the work tree``."""
    released: bool
    dataset: Dataset
    content: DatasetSnapshot
    profile: Callable[[Engine], Statistics]
    """Raises `UnreadableTable`."""
    contract: Callable[[], Contract | None]
    files: Callable[[], tuple[DataFile, ...]]
    """Lists the files, which need not be here."""
    listing: Callable[[], tuple[ListedFile, ...]]
    """The same with their sizes; raises `WorldError`."""
    bring: Callable[[Sequence[DataFile]], None]
    """Brings files of the list into the cache, to be read; raises `WorldError`."""


def table_of(
    dataset: Dataset, files: Sequence[DataFile], objects: Objects, *, whole: Sequence[DataFile] = ()
) -> Table:
    """The dataset's files in the cache as one table; files that are not tables are left out.

    ``whole`` are all files of the dataset, where ``files`` are only some of them.
    """
    return as_table(
        dataset,
        {file.path: objects.path(file.md5) for file in files},
        whole=[file.path for file in whole],
        digests={file.path: file.md5 for file in files},
    )


def as_table(
    dataset: Dataset,
    files: Mapping[str, Path],
    *,
    whole: Sequence[str] = (),
    digests: Mapping[str, str] = MappingProxyType({}),
) -> Table:
    """The files (name inside the dataset: where it is) as one table, in the order of names.

    ``whole`` are the names of all files of the dataset, where ``files`` are only some of them;
    ``digests`` are the hashes of the files, where they are known.

    Raises:
        ConfigError: Files of two formats, or none that is a table; a table of Delta and the like.
    """
    if logged := logged_table(files):
        raise ConfigError(
            f"{dataset.where}.path: {dataset.path!r} is {logged.reason}.",
            untouched="Nothing was written.",
            remedy=LOGGED_REMEDY,
        )
    kinds = {kind for name in files if (kind := table_format(name))}
    if len(kinds) != 1:
        several = " and ".join(FORMAT_NAMES[kind] for kind in FORMAT_NAMES if kind in kinds)
        what = f"files of {several}" if kinds else "no file of a table"
        raise ConfigError(
            f"{dataset.where}.path: {dataset.path!r} has {what}.",
            untouched="Nothing was written.",
            remedy=(
                "A table is a file, or a directory of parts of one format: .csv or .tsv, .jsonl "
                "(these also as .gz or .zst), .parquet, .arrow or .feather. Other files are a "
                "dataset without `schema`, `key`, `pii` and `csv`. If the data is not in the work "
                "tree yet, get it with `dvc repro` or `dvc pull`."
            ),
        )
    [kind] = kinds
    names = sorted(name for name in files if table_format(name))
    return Table(
        paths=tuple(files[name] for name in names),
        format=kind,
        labels=tuple(names),
        siblings=tuple(sorted(name for name in whole if table_format(name) == kind)),
        digests=tuple(digests[name] for name in names) if digests else (),
        csv=dataset.csv,
    )
