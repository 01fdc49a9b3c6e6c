"""All rows behind the findings of a check, or of a comparison, as Parquet files beside the report.

A check reads the data for them even where validation and row diff are known already: those say how
many rows there are, and not which. A file that is not too large is kept in the memo, so that what
was written for these inputs is not computed again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from datarelease.analysis.engine.errors import EngineRefusedError
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.files.compare import Listings, file_changes
from datarelease.analysis.files.validate import failing_files
from datarelease.analysis.memo import Memo
from datarelease.errors import ConfigError
from datarelease.flows.check.files import kinds_of_files, list_files
from datarelease.flows.remote_tables import table_for
from datarelease.flows.repository import Workspace
from datarelease.flows.versions.dataset_at import DatasetAt
from datarelease.flows.write_file import write, written
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import ListedFile
from datarelease.model.data.provenance import Provenance
from datarelease.model.data.validation import FILES_DECLARED, Validation, unreadable
from datarelease.model.review.diff import RowDiff
from datarelease.model.review.row_files import RowsFile, RowsKind, rows_name
from datarelease.model.versions.snapshot import DataFile, DatasetSnapshot

if TYPE_CHECKING:
    from datarelease.analysis.engine.row_files import RowWriter

_MEMO: Mapping[RowsKind, str] = {"violations": "failing rows", "changes": "changed rows"}
_RULES = 1
"""Counts up when other rows are written for equal inputs."""
_KEPT = 4 << 20
"""Bytes of a file that is kept in the memo: of larger ones few would push all else out."""


@dataclass(kw_only=True)
class RowFiles:
    """Where files of rows go, how many rows they take, and which were written."""

    folder: Path
    budget: int
    """Rows of a file; 0: none are written."""
    memo: Memo
    name: Callable[[str, RowsKind], str] = rows_name
    """The place below ``folder`` of the rows of a dataset."""
    asked_for: bool = False
    """Somebody wants these rows, all of them: data is fetched for them, and no file is cut short.
    A check whose results are known does without data that may be large or out of reach."""
    _written: dict[str, list[RowsFile]] = field(default_factory=dict)

    def of(self, dataset: str) -> tuple[RowsFile, ...]:
        """What was written about a dataset."""
        return tuple(self._written.get(dataset, ()))

    def forget(self, dataset: str, kind: RowsKind) -> None:
        """Remove the rows of an earlier run.

        Raises:
            ConfigError: They cannot be removed.
        """
        place = self.folder / self.name(dataset, kind)
        try:
            place.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{place} cannot be removed: {error.strerror or error}.",
                untouched="It still holds the rows of an earlier run.",
                remedy="Remove it, then run the command again.",
            ) from error

    def recalled(
        self, dataset: str, kind: RowsKind, made_from: Provenance, *, of_files: bool = False
    ) -> bool:
        """Write the rows of exactly these inputs, if the memo has them."""
        data = self.memo.get(_MEMO[kind], self._inputs(made_from))
        if data is None:
            return False
        from datarelease.analysis.engine.row_files import rows_in  # noqa: PLC0415 - heavy

        found = rows_in(data)
        if found is None:
            return False
        write(self.folder / self.name(dataset, kind), data)
        self._note(dataset, kind, *found, of_files=of_files)
        return True

    @contextmanager
    def writing(
        self, dataset: str, kind: RowsKind, made_from: Provenance, *, of_files: bool = False
    ) -> Iterator[RowWriter]:
        """Takes rows, which become the file of a dataset when the block ends well.

        Raises:
            ConfigError, WorldError: The file cannot be written.
        """
        from datarelease.analysis.engine.row_files import (  # noqa: PLC0415 - heavy
            MOST_FILE_BYTES,
            RowWriter,
        )

        place = self.folder / self.name(dataset, kind)
        with written(place) as scratch:
            most = sys.maxsize if self.asked_for else MOST_FILE_BYTES
            with RowWriter(scratch, self.budget, most) as writer:
                yield writer
            whole = scratch.read_bytes() if 0 < scratch.stat().st_size <= _KEPT else None
        if not writer.rows:
            self.forget(dataset, kind)
            return
        if whole is not None and made_from:
            self.memo.put(_MEMO[kind], self._inputs(made_from), whole)
        self._note(dataset, kind, writer.rows, writer.total, of_files=of_files)

    def _inputs(self, made_from: Provenance) -> Provenance:
        return (*made_from, ("budget", str(self.budget)), ("rules of rows", str(_RULES)))

    def _note(self, dataset: str, kind: RowsKind, rows: int, total: int, *, of_files: bool) -> None:
        left = RowsFile(
            kind=kind,
            name=self.name(dataset, kind),
            rows=rows,
            total=max(rows, total),
            of_files=of_files,
        )
        self._written.setdefault(dataset, []).append(left)


def has_changes_left(
    rows: RowFiles | None, dataset: str, known: RowDiff | str, made_from: Provenance
) -> bool:
    """Nothing has to be compared for the rows of a diff that is known."""
    nothing = rows is None or not rows.budget or isinstance(known, str) or not known
    return nothing or (rows is not None and rows.recalled(dataset, "changes", made_from))


def write_changed_files(rows: RowFiles, before: DatasetAt, after: DatasetAt) -> None:
    """Leave each file of a dataset of files that was added, removed, changed or renamed.

    Raises:
        ConfigError: The file cannot be written.
        WorldError: The files of a side cannot be listed; out of disk.
    """
    if not rows.budget:
        return
    changes = file_changes(Listings(before=before.listing(), after=after.listing()))
    with rows.writing(after.dataset.name, "changes", (), of_files=True) as writer:
        writer.total = len(changes)
        writer.add_file_changes(changes)


def write_violations(
    ws: Workspace,
    rows: RowFiles,
    dataset: Dataset,
    content: DatasetSnapshot,
    validation: Validation,
    engine: Engine,
) -> None:
    """Leave the rows, or files, behind the violations of a dataset of the work tree.

    Where the engine cannot tell which rows they are, progress says so.

    Raises:
        ConfigError: The schema cannot be used, or the file cannot be written.
        WorldError: Out of memory or disk.
    """
    rows.forget(dataset.name, "violations")
    about_rows = any(v.category == "data" or v.total > 1 for v in validation.violations)
    if not rows.budget or not about_rows or unreadable(validation):
        return
    of_files = validation.schema == FILES_DECLARED
    made_from = validation.made_from
    if rows.recalled(dataset.name, "violations", made_from, of_files=of_files):
        return
    if engine.reads_addresses and not of_files:
        made_from = (*made_from, ("numbered", "no"))
        if rows.recalled(dataset.name, "violations", made_from):
            return
    files = tuple(file for entry in content.entries for file in ws.objects.files(entry))
    ws.adopt(dataset, files)
    away = engine.reads_addresses and not of_files
    if not away and not all(ws.objects.has(file.md5) for file in files):
        ws.progress.say(
            f"{dataset.name}: the rows that fail checks are not written, because the data is not "
            f"on this machine. Run `dvc pull {quote(dataset.path)}`, then run the command again."
        )
        return
    ws.progress.say(f"{dataset.name}: writing the rows that fail checks")
    try:
        with rows.writing(dataset.name, "violations", made_from, of_files=of_files) as writer:
            if of_files:
                writer.total = _write_failing_files(ws, dataset, files, writer)
            else:
                table = table_for(engine, dataset, files, ws.objects, lambda: None)
                writer.total = _write_rows(ws, dataset, validation, engine, table, writer)
    except (EngineRefusedError, UnreadableTable) as error:
        ws.progress.say(f"{dataset.name}: the rows that fail checks are not written: {error}")


def _write_rows(
    ws: Workspace,
    dataset: Dataset,
    validation: Validation,
    engine: Engine,
    table: Table,
    writer: RowWriter,
) -> int:
    from datarelease.analysis.validation.failing_rows import (  # noqa: PLC0415 - heavy
        write_failing_rows,
    )
    from datarelease.analysis.validation.schema import load_schema  # noqa: PLC0415 - heavy

    schema = None
    if dataset.schema is not None:
        schema = load_schema(ws.root / dataset.schema, name_in_messages=dataset.schema)
    return write_failing_rows(engine, table, dataset, schema, validation.violations, writer)


def _write_failing_files(
    ws: Workspace, dataset: Dataset, files: Sequence[DataFile], writer: RowWriter
) -> int:
    """Write the files that break rules, in the columns that failing rows have."""

    def place_of(wanted: Sequence[ListedFile]) -> dict[str, Path]:
        ws.objects.ensure(file.md5 for file in wanted)
        return {file.md5: ws.objects.path(file.md5) for file in wanted}

    listing = list_files(ws, dataset, files)
    kinds = kinds_of_files(dataset, listing, place_of, ws.memo)
    found = failing_files(dataset, listing, kinds)
    for check, failing in found.items():
        values = [", ".join(f"{name}={value}" for name, value in told) for _, told in failing]
        writer.add_files(check, [file.path for file, _ in failing], values)
    return sum(map(len, found.values()))
