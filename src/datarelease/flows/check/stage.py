"""The stage commands: what ``dvc repro`` runs for each dataset, on the files of the work tree.

They read what DVC tracks there, under the hashes that DVC is about to record, and need no git.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

from datarelease.adapters.dvc.files import TrackedFiles, tracked_files
from datarelease.adapters.memo import memo_beside
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.memo import Memo
from datarelease.analysis.profiling.parts.profile_memo import FindPart, ProfileMemo
from datarelease.analysis.profiling.profile import profile
from datarelease.analysis.validation.expectations import text_types
from datarelease.analysis.validation.part_memo import PartMemo
from datarelease.analysis.validation.run import validate
from datarelease.analysis.validation.schema import load_schema
from datarelease.documents import encode
from datarelease.errors import BlockedError, ConfigError
from datarelease.flows.cache import object_in
from datarelease.flows.check.files import run_files_profile, run_files_validation
from datarelease.flows.check.known import keep, recall
from datarelease.flows.versions.dataset_at import as_table
from datarelease.flows.write_file import read, write
from datarelease.model.data import provenance
from datarelease.model.data.dataset import Dataset, is_of_files
from datarelease.model.data.files import ListedFile, Statistics
from datarelease.model.data.profile import Profile
from datarelease.model.data.validation import Validation
from datarelease.model.versions.snapshot import DatasetSnapshot
from datarelease.model.wording import suggestion
from datarelease.settings.read import Settings


def validate_stage(root: Path, settings: Settings, name: str, engine: Engine) -> Validation:
    """The outcome of a dataset's schema, also written to ``reports/NAME/validation.json``.

    Raises:
        ConfigError: No such dataset, no files, or a schema that cannot be used.
    """
    dataset = _dataset(settings, name)
    found = tracked_files(root, dataset.path)
    content, memo = _content(dataset, found), memo_beside(found.cache)
    if is_of_files(dataset, found.files):
        result = run_files_validation(
            dataset,
            content,
            _listing(found),
            lambda files: {file.md5: found.files[file.path] for file in files},
            read=lambda path: read(root / path),
            memo=memo,
        )
    else:
        result = run_validation(root, dataset, content, _table(dataset, found), engine, memo)
    _write(root / dataset.validation_file, encode(result))
    return result


def profile_stage(root: Path, settings: Settings, name: str, engine: Engine) -> Statistics:
    """A dataset's statistics, also written to ``reports/NAME/profile.json``.

    Raises:
        ConfigError: No such dataset, or no files.
        BlockedError: The files are no such table.
    """
    dataset = _dataset(settings, name)
    found = tracked_files(root, dataset.path)
    content, memo = _content(dataset, found), memo_beside(found.cache)
    result: Statistics
    try:
        if is_of_files(dataset, found.files):
            result = run_files_profile(dataset, content, _listing(found), memo)
        else:
            table = _table(dataset, found)
            find = partial(object_in, found.cache)
            result = run_profile(root, dataset, content, table, engine, memo, find)
    except UnreadableTable as error:
        raise BlockedError(
            f"{dataset.path} cannot be read: {error}",
            untouched=f"{dataset.profile_file} was not written.",
            remedy=f"Correct the file; `datarelease validate {dataset.name}` names the faults.",
        ) from error
    _write(root / dataset.profile_file, encode(result))
    return result


def run_validation(
    root: Path, dataset: Dataset, content: DatasetSnapshot, table: Table, engine: Engine, memo: Memo
) -> Validation:
    """The outcome of the dataset's schema on ``table``, whose files are ``content``.

    Raises:
        ConfigError: The schema cannot be used.
    """
    made_from = provenance.of_validation(dataset, content, lambda path: read(root / path))
    known = recall(memo, Validation, made_from)
    if known is not None:
        return known
    schema = None
    if dataset.schema is not None:
        schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
    parts = PartMemo(memo=memo, made_from=provenance.of_any_data(made_from))
    result = validate(engine, table, dataset, schema, parts)
    result = dataclasses.replace(result, made_from=made_from)
    keep(memo, result)
    return result


def run_profile(
    root: Path,
    dataset: Dataset,
    content: DatasetSnapshot,
    table: Table,
    engine: Engine,
    memo: Memo,
    find: FindPart,
) -> Profile:
    """The statistics of ``table``, whose files are ``content``; ``find`` finds files of before.

    Text has no types of its own: its columns are read as the schema says, so that a column of
    prices stays a column of decimals in a version that happens to hold whole numbers only.

    Raises:
        ConfigError: The schema cannot be used.
        UnreadableTable: The files are no such table.
    """
    made_from = provenance.of_profile(dataset, content, lambda path: read(root / path))
    known = recall(memo, Profile, made_from)
    if known is not None:
        return known
    types = None
    if table.is_text and dataset.schema is not None:
        schema = load_schema(root / dataset.schema, name_in_messages=dataset.schema)
        types = text_types(schema, table, lambda: engine.columns(table))
    parts = ProfileMemo(memo=memo, made_from=provenance.of_any_data(made_from), find=find)
    result = profile(engine, table, dataset, types=types, memo=parts)
    result = dataclasses.replace(result, made_from=made_from)
    keep(memo, result)
    return result


def _dataset(settings: Settings, name: str) -> Dataset:
    dataset = settings.dataset(name)
    if dataset is None:
        raise ConfigError(
            f"dvc.yaml declares no dataset {name!r}.",
            untouched="Nothing was written.",
            remedy=suggestion(name, (dataset.name for dataset in settings.datasets)),
        )
    return dataset


def _content(dataset: Dataset, found: TrackedFiles) -> DatasetSnapshot:
    return DatasetSnapshot(name=dataset.name, entries=found.entries)


def _table(dataset: Dataset, found: TrackedFiles) -> Table:
    return as_table(dataset, found.files, digests=found.digests)


def _listing(found: TrackedFiles) -> tuple[ListedFile, ...]:
    return tuple(
        ListedFile(path, place.stat().st_size, found.digests[path])
        for path, place in found.files.items()
    )


def _write(path: Path, text: str) -> None:
    write(path, text.encode())
