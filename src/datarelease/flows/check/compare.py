"""Datasets at two versions: columns, statistics, files and rows."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from datarelease.analysis.comparison.compare import compare
from datarelease.analysis.engine.errors import EngineFailedError, EngineRefusedError
from datarelease.analysis.engine.partitions import Folders, folders
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.check.baseline import read_baseline
from datarelease.flows.check.files import compare_file_sides
from datarelease.flows.check.known import keep_rows, of_rows, recall_rows
from datarelease.flows.check.results import compare_results, results_in_git
from datarelease.flows.check.row_files import RowFiles, has_changes_left, write_changed_files
from datarelease.flows.check.streams import compare_streams, counts_then
from datarelease.flows.remote_tables import table_for
from datarelease.flows.repository import Repository, catalogue_of, warned_of
from datarelease.flows.versions.dataset_at import DatasetAt
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.files import FilesProfile
from datarelease.model.data.provenance import Provenance
from datarelease.model.data.table_format import reading_of_name
from datarelease.model.review.diff import Compatibility, DatasetDiff, FileCounts, RowDiff
from datarelease.model.review.policy import Verdict
from datarelease.model.review.report import Report, report_on
from datarelease.model.versions.lineage import predecessors, split_parts
from datarelease.model.versions.snapshot import DataFile


def compare_sides(
    repository: Repository,
    before: DatasetAt | None,
    after: DatasetAt | None,
    engine: Engine,
    rows: RowFiles | None = None,
    *,
    part: bool = False,
) -> DatasetDiff:
    """What changed in one dataset; None: there is none on that side.

    Names differ where it was renamed; ``part`` of another one, it shares its rows with the others.
    Unreadable data is reported and not compared: it counts neither as removed nor as new. ``rows``
    takes the rows that differ.

    Raises:
        WorldError: Statistics of a side are neither recorded nor to be made from its data.
    """
    diff = _compared(repository, before, after, engine, None if part else rows, part=part)
    if before is None or after is None or before.dataset.name == after.dataset.name:
        return diff
    old = before.dataset.name
    why = f"it is only a part of {old}, which was split" if part else diff.no_row_diff
    return dataclasses.replace(diff, renamed_from=old, is_part=part, no_row_diff=why)


def _compared(
    repository: Repository,
    before: DatasetAt | None,
    after: DatasetAt | None,
    engine: Engine,
    rows: RowFiles | None,
    *,
    part: bool,
) -> DatasetDiff:
    present = after or before
    if present is None:
        raise ValueError("a dataset must exist before or after the change")
    if rows is not None:
        rows.forget(present.dataset.name, "changes")
    identical = (
        before is not None and after is not None and before.content.content == after.content.content
    )
    try:
        profile_after = after.profile(engine) if after else None
    except UnreadableTable as error:
        return _unreadable(present, None, f"{_place(after)}cannot be read: {error}")
    try:
        profile_before = profile_after if identical else before.profile(engine) if before else None
    except UnreadableTable as error:
        if profile_after is None:
            return DatasetDiff(
                name=present.dataset.name, status="removed", rows_before=None, rows_after=None
            )
        what = f"{_place(before)}cannot be read, so nothing was compared: {error}"
        return _unreadable(present, getattr(profile_after, "rows", None), what)
    if isinstance(profile_before, FilesProfile) or isinstance(profile_after, FilesProfile):
        found = compare_file_sides(
            (before, profile_before) if before and profile_before else None,
            (after, profile_after) if after and profile_after else None,
            identical=identical,
        )
        told = found.of_files
        if rows is not None and before and after and told is not None and told.counts and told:
            write_changed_files(rows, before, after)
        return found
    diff = compare(
        present.dataset,
        profile_before,
        profile_after,
        before_contract=before.contract() if before else None,
        after_contract=after.contract() if after else None,
        before_key=before.dataset.key if before else None,
        files=FileCounts(),
        identical=identical,
    )
    if identical or before is None or after is None or part:
        return diff
    return _with_rows(repository, before, after, engine, diff, rows)


def _place(side: DatasetAt | None) -> str:
    return f"{side.label} " if side is not None and side.released else ""


def _unreadable(side: DatasetAt, rows: int | None, what: str) -> DatasetDiff:
    return DatasetDiff(
        name=side.dataset.name,
        status="unreadable",
        rows_before=None,
        rows_after=rows,
        unreadable=what,
    )


def _with_rows(
    repository: Repository,
    before: DatasetAt,
    after: DatasetAt,
    engine: Engine,
    diff: DatasetDiff,
    row_files: RowFiles | None,
) -> DatasetDiff:
    """The comparison with the files counted and the rows compared, where that is possible."""
    try:
        old, new = before.files(), after.files()
        counts = FileCounts.between(*({file.path: file.md5 for file in at} for at in (old, new)))
        diff = dataclasses.replace(diff, files=counts)
        rows = _rows(repository, before, after, old, new, engine, row_files)
    except (EngineFailedError, EngineRefusedError):
        raise  # of the run, not of the data
    except UnreadableTable as error:
        rows = f"the tables cannot be read: {error}"
    except ConfigError as error:  # an old version of what is not a dataset any more
        rows = f"the tables cannot be read: {error.what}"
    except WorldError as error:
        rows = f"the data of {before.label} is not available: {error.what}"
    if isinstance(rows, str):
        return dataclasses.replace(diff, no_row_diff=rows)
    return dataclasses.replace(diff, rows=rows)


def _rows(
    repository: Repository,
    before: DatasetAt,
    after: DatasetAt,
    old: Sequence[DataFile],
    new: Sequence[DataFile],
    engine: Engine,
    row_files: RowFiles | None,
) -> RowDiff | str:
    dataset = after.dataset
    if not dataset.key:
        return f"no key is declared ({dataset.where}.meta.key)"
    # Equal bytes in equal partitions are equal rows on both sides: such parts are not read.
    shared = set(map(_content, old)) & set(map(_content, new))
    if before.dataset.csv != dataset.csv:  # the same bytes are read as other rows
        shared = set()
    left = [file for file in old if _content(file) not in shared]
    fresh = [file for file in new if _content(file) not in shared]
    if not left and not fresh:
        return "the files hold the same bytes under other names"
    made_from = of_rows((before.dataset, old), (dataset, new))
    known = recall_rows(repository.memo, made_from)
    if known is not None:
        if has_changes_left(row_files, dataset.name, known, made_from):
            return known
        if not all(repository.objects.has(file.md5) for file in (*left, *fresh)) and not (
            row_files is not None and row_files.asked_for
        ):
            repository.progress.say(
                f"{dataset.name}: the changed rows are not written, because the data of "
                f"{before.label} or the present data is not on this machine. "
                "`datarelease diff A B --rows DIR` fetches it."
            )
            return known

    def table(at: DatasetAt, files: Sequence[DataFile], whole: Sequence[DataFile]) -> Table | None:
        if not files:
            return None
        bring = functools.partial(at.bring, files)
        return table_for(engine, at.dataset, files, repository.objects, bring, whole=whole)

    tables = table(before, left, old), table(after, fresh, new)
    repository.progress.say(f"{dataset.name}: comparing rows with {before.label}")
    found = _compared_rows(engine, tables, dataset, len(shared), row_files, made_from)
    keep_rows(repository.memo, made_from, found)
    return found


def _compared_rows(
    engine: Engine,
    tables: tuple[Table | None, Table | None],
    dataset: Dataset,
    skipped_files: int,
    row_files: RowFiles | None,
    made_from: Provenance,
) -> RowDiff | str:
    from datarelease.analysis.comparison.rows import diff_rows  # noqa: PLC0415 - heavy

    if row_files is None or not row_files.budget:
        return diff_rows(engine, *tables, dataset, skipped_files=skipped_files)
    with row_files.writing(dataset.name, "changes", made_from) as file:
        found = diff_rows(engine, *tables, dataset, skipped_files=skipped_files, file=file)
        if isinstance(found, RowDiff):
            file.total = found.added + found.removed + found.changed
    return found


def _content(file: DataFile) -> tuple[str, Folders, str]:
    """What makes the rows of two files equal: bytes, partition, and how the name has it read."""
    return file.md5, folders(file.path), reading_of_name(file.path)


def compare_versions(
    repository: Repository,
    before: str,
    after: str,
    *,
    tool: str,
    rows: RowFiles | None = None,
    only: str | None = None,
) -> Report:
    """What changed from one version to another, as a report that judges nothing.

    ``rows`` takes the rows that differ; ``only`` is the one dataset that is compared.

    Raises:
        ConfigError: No such version.
        WorldError: Statistics or data are neither in git nor on a remote.
    """
    catalogue = catalogue_of(repository)
    old, new = (warned_of(repository.progress, catalogue, text) for text in (before, after))
    then = read_baseline(repository, old)
    now = read_baseline(then.repository, new)
    declared = {dataset.name: dataset for side in (then, now) for dataset in side.datasets}
    sizes = {content.name: content.size for content in now.snapshot.datasets}
    every = declared.values()
    since = [v for v in catalogue.versions if old.number < v.number <= new.number]
    renamed = predecessors(now.datasets, {d.name for d in then.datasets}, since)
    wanted = declared.keys() - set(renamed.values())
    with now.repository.engine() as engine:
        diffs = [
            compare_sides(
                now.repository,
                then.side(renamed.get(name, name)),
                now.side(name),
                engine,
                rows,
                part=name in split_parts(renamed),
            )
            for name in sorted(wanted if only is None else {only} & wanted)
        ]
    streams = compare_streams(
        counts_then(repository.at(old.commit).read, every, repository.progress),
        counts_then(repository.at(new.commit).read, every, repository.progress),
    )
    params, pipeline = compare_results(
        *(results_in_git(repository.at(side.commit), repository.objects) for side in (old, new))
    )
    return Report(
        outcome="compared",
        tag=new.tag,
        base=old.tag,
        rollback_of=new.trailer("Rollback-Of"),
        digest=new.digest,
        base_digest=old.digest,
        commit=new.commit,
        compatibility=max((d.compatibility for d in diffs), default=Compatibility.IDENTICAL),
        verdict=Verdict(),
        params=params,
        pipeline=pipeline,
        datasets=tuple(
            report_on(
                declared[part.name],
                part,
                size=sizes.get(part.name),
                row_files=rows.of(part.name) if rows else (),
            )
            for part in diffs
        ),
        streams=streams,
        notes=tuple(filter(None, map(catalogue.withdrawal, (old, new)))),
        tool=tool,
    )
