"""Validation and profile of each dataset: recorded by DVC's stages, or computed now.

Stages leave records for git, releases on the remotes, builds in their bundles, every run in the
memo. Each names its inputs and is valid for exactly these, which ``other_inputs`` decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from datarelease.adapters.dvc.tracked import LockedStage
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import UnreadableTable
from datarelease.documents import (
    DocumentError,
    decode,
    decode_or_none,
    decode_statistics,
    encode,
)
from datarelease.flows.check.files import list_files, run_files_profile, run_files_validation
from datarelease.flows.check.known import keep, recall
from datarelease.flows.remote_tables import table_for
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.dataset_at import DatasetAt
from datarelease.model.data import provenance
from datarelease.model.data.dataset import Dataset, is_of_files
from datarelease.model.data.files import FILES_FORMAT, FilesProfile, ListedFile, Statistics
from datarelease.model.data.profile import COMPARABLE_FORMATS, Profile
from datarelease.model.data.provenance import Provenance, ReadFile
from datarelease.model.data.validation import VALIDATION_FORMAT, Validation, unreadable
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot
from datarelease.model.wording import plural

_T = TypeVar("_T", Validation, Profile, FilesProfile)
FindDocuments = Callable[[str], Iterable[bytes]]
"""Finds documents of a version by the name of a dataset's file."""


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What the schema and the statistics say of one dataset."""

    validation: Validation
    profile: Statistics | None
    """None: the files cannot be read as tables; the validation says why."""

    @property
    def table(self) -> Profile | None:
        """The statistics of a table; None: it cannot be read, or it is a dataset of files."""
        return self.profile if isinstance(self.profile, Profile) else None

    def statistics(self) -> Statistics:
        """The profile.

        Raises:
            UnreadableTable: There is none.
        """
        if self.profile is None:
            raise UnreadableTable("", unreadable(self.validation) or "it is not a table")
        return self.profile

    def documents(self, dataset: Dataset) -> dict[str, bytes]:
        """Validation and statistics as the dataset's files, by name."""
        found = {dataset.validation_file: self.validation, dataset.profile_file: self.profile}
        return {name: encode(value).encode() for name, value in found.items() if value is not None}

    def side(self, ws: Workspace, dataset: Dataset, content: DatasetSnapshot) -> DatasetAt:
        """The dataset as the work tree has it."""
        return DatasetAt(
            label="the work tree",
            released=False,
            dataset=dataset,
            content=content,
            profile=lambda _: self.statistics(),
            contract=lambda: self.validation.contract,
            files=lambda: _files(ws, content),
            listing=lambda: list_files(ws, dataset, _files(ws, content)),
            bring=lambda files: _bring(ws, dataset, files),
        )


def assess(
    ws: Workspace,
    dataset: Dataset,
    content: DatasetSnapshot,
    engine: Engine,
    released: FindDocuments = lambda _: (),
) -> Assessment:
    """Validation and profile of a dataset of the work tree.

    What ``datarelease validate`` and ``profile`` wrote as DVC stages is used if it was made from
    exactly these bytes, schema, key and so on; else what the memo knows; else the documents of a
    version with the same data. Only what none of them has is computed.

    Args:
        ws: The repository.
        dataset: As it is declared now.
        content: Its data.
        engine: Reads it.
        released: Finds documents of a version that holds the same data.

    Raises:
        ConfigError: The schema cannot be used.
        WorldError: The data is needed and neither here nor on a remote.
    """
    locked = ws.tracked.stages()
    validation = _found(ws, Validation, dataset, content, locked, released)
    known: Statistics | None = None
    if dataset.files is None:
        known = _found(ws, Profile, dataset, content, locked, released)
    if known is None and not dataset.is_declared_table:
        known = _found(ws, FilesProfile, dataset, content, locked, released)
    if validation is not None and (known is not None or unreadable(validation)):
        return Assessment(validation=validation, profile=known)
    return _computed(ws, dataset, content, engine, validation, known)


def _computed(
    ws: Workspace,
    dataset: Dataset,
    content: DatasetSnapshot,
    engine: Engine,
    validation: Validation | None,
    known: Statistics | None,
) -> Assessment:
    """The assessment, with what is not recorded computed now."""
    from datarelease.analysis.validation.run import with_unreadable  # noqa: PLC0415 - heavy
    from datarelease.flows.check.stage import run_profile, run_validation  # noqa: PLC0415 - heavy

    files = _files(ws, content)
    if is_of_files(dataset, [file.path for file in files]):
        return _assessed_files(ws, dataset, content, files, validation)
    table = table_for(engine, dataset, files, ws.objects, lambda: _bring(ws, dataset, files))
    if validation is None:
        ws.progress.say(f"{dataset.name}: validating {plural(len(table.paths), 'file')}")
        validation = run_validation(ws.root, dataset, content, table, engine, ws.memo)
    if known is None and not unreadable(validation):
        ws.progress.say(f"{dataset.name}: profiling {plural(len(table.paths), 'file')}")
        try:
            known = run_profile(ws.root, dataset, content, table, engine, ws.memo, ws.objects.path)
        except UnreadableTable as error:
            # A file can be damaged in a part that no check reads.
            validation = with_unreadable(validation, str(error))
    return Assessment(validation=validation, profile=known)


def _assessed_files(
    ws: Workspace,
    dataset: Dataset,
    content: DatasetSnapshot,
    files: Sequence[DataFile],
    validation: Validation | None,
) -> Assessment:
    """The same of a dataset of files, whose statistics cost too little to be looked for first."""
    ws.progress.say(f"{dataset.name}: listing {plural(len(files), 'file')}")
    listing = list_files(ws, dataset, files)

    def place_of(wanted: Sequence[ListedFile]) -> dict[str, Path]:
        _bring(ws, dataset, [DataFile(path=file.path, md5=file.md5) for file in wanted])
        return {file.md5: ws.objects.path(file.md5) for file in wanted}

    if validation is None:
        validation = run_files_validation(
            dataset, content, listing, place_of, read=ws.read, memo=ws.memo
        )
    return Assessment(
        validation=validation, profile=run_files_profile(dataset, content, listing, ws.memo)
    )


def _files(ws: Workspace, content: DatasetSnapshot) -> tuple[DataFile, ...]:
    return tuple(file for entry in content.entries for file in ws.objects.files(entry))


def _bring(ws: Workspace, dataset: Dataset, files: Sequence[DataFile]) -> None:
    ws.adopt(dataset, files)
    ws.objects.ensure(file.md5 for file in files)


def _found(
    ws: Workspace,
    kind: type[_T],
    dataset: Dataset,
    content: DatasetSnapshot,
    locked: Sequence[LockedStage],
    released: FindDocuments,
) -> _T | None:
    """The result that counts for ``content``, wherever it is; None: it has to be computed."""
    record = _recorded(ws, kind, dataset, content, locked)
    if record is None:
        record = recall(ws.memo, kind, _inputs(kind, dataset, content, ws.read))
    if record is not None:
        return record
    for data in released(dataset.validation_file if kind is Validation else dataset.profile_file):
        record = decode_or_none(kind, data)
        if record is not None and not other_inputs(record, dataset, content, ws.read):
            keep(ws.memo, record)
            return record
    return None


def _recorded(
    ws: Workspace,
    kind: type[_T],
    dataset: Dataset,
    content: DatasetSnapshot,
    locked: Sequence[LockedStage],
) -> _T | None:
    """The document that a stage left, if it is what the stage wrote and counts for ``content``."""
    path = dataset.validation_file if kind is Validation else dataset.profile_file
    data = ws.read(path)
    stage = next((s for s in locked if any(out.path == path for out in s.outs)), None)
    if data is None or stage is None:
        return None
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if not any(out.path == path and out.md5 == digest for out in stage.outs):
        return None
    try:
        record = decode(Validation, data) if kind is Validation else decode_statistics(data)
    except DocumentError as error:
        ws.progress.say(f"{path} is not used: {error}")
        return None
    if not isinstance(record, kind):  # it was a table, or files
        return None
    other = other_inputs(record, dataset, content, ws.read)
    if other:
        ws.progress.say(
            f"{path} is not used: {in_words(record, other)}. "
            f"`dvc repro --force --single-item {stage.name}` writes it again"
        )
        return None
    return record


_Record = Validation | Statistics
_FORMATS: dict[type, frozenset[int]] = {
    Validation: frozenset({VALIDATION_FORMAT}),
    Profile: COMPARABLE_FORMATS,
    FilesProfile: frozenset({FILES_FORMAT}),
}


def other_inputs(
    record: _Record, dataset: Dataset, content: DatasetSnapshot, read: ReadFile
) -> tuple[str, ...]:
    """The inputs that ``record`` was not made from as they are now; none: it counts.

    Of a version, ``dataset`` is as it was declared then; ``read`` reads files of the same revision.
    """
    now = _inputs(type(record), dataset, content, read)
    return (
        *(() if record.format in _FORMATS[type(record)] else ("format",)),
        *provenance.differences(record.made_from, now),
    )


def _inputs(
    kind: type[_Record], dataset: Dataset, content: DatasetSnapshot, read: ReadFile
) -> Provenance:
    """What a record would be made from now."""
    if kind is FilesProfile:
        return provenance.of_files_profile(dataset, content)
    of = provenance.of_validation if kind is Validation else provenance.of_profile
    return of(dataset, content, read)


def in_words(record: _Record, other: tuple[str, ...]) -> str:
    """Why a record is not used."""
    if not record.made_from:
        return "it does not say what it was made from"
    return f"it was made before these inputs changed: {', '.join(other)}"
