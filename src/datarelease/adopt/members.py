"""The tables that were found as datasets on their way into dvc.yaml."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datarelease.adopt.context import AdoptionContext
from datarelease.adopt.datasets import FoundTable, names_of
from datarelease.adopt.file_datasets import FoundFiles, proposed_files
from datarelease.analysis.engine.csv.structure import with_structure
from datarelease.analysis.engine.csv.values import infer_values
from datarelease.analysis.engine.partitions import partition_columns
from datarelease.analysis.engine.protocol import Engine
from datarelease.analysis.engine.tables import Table, UnreadableTable
from datarelease.analysis.inference.infer import Inferred, infer, schema_yaml
from datarelease.errors import ConfigError
from datarelease.flows.dvc_yaml import (
    STAGE_KINDS,
    PipelineDataset,
    StageKind,
    artifacts_by_path,
    report_file,
)
from datarelease.flows.edits import Drafts
from datarelease.model.adoption import Note, Proposed, yaml_flow
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import within
from datarelease.model.wording import suggestion
from datarelease.settings.artifacts import declared_dialect


def complete_datasets(
    at: AdoptionContext, pipeline: Mapping[str, Any], drafts: Drafts
) -> dict[str, str]:
    """The declared datasets that lack nothing: their names by path."""
    complete = {}
    for path, (name, entry) in artifacts_by_path(pipeline).items():
        meta = entry.get("meta")
        schema = _schema_file(meta)
        if (
            entry.get("type") == "dataset"
            and meta
            and not _lacking(at, name)
            and (schema is None or not drafts.is_missing(schema))
        ):
            complete[path] = name
    return complete


def planned_datasets(
    at: AdoptionContext,
    found: Sequence[FoundTable],
    pipeline: Mapping[str, Any],
    engine: Engine,
    drafts: Drafts,
    taken: Sequence[str] = (),
) -> list[PipelineDataset]:
    """The tables that will be datasets; the schema files that they lack are drafted.

    They get other names than those ``taken`` in another ``dvc.yaml``.

    Raises:
        WorldError: The engine ran out of memory or disk.
    """
    declared = artifacts_by_path(pipeline)
    artifacts = pipeline.get("artifacts") or {}
    new = [one.path for one in found if one.path not in declared]
    names = names_of(new, [*map(str, artifacts), *taken])
    members = []
    for one in found:
        name, entry = declared.get(one.path, (names.get(one.path, ""), {}))
        members.append(_planned_dataset(at, one, name, entry, engine, drafts))
    return [member for member in members if member is not None]


def _planned_dataset(
    at: AdoptionContext,
    one: FoundTable,
    name: str,
    entry: Mapping[str, Any],
    engine: Engine,
    drafts: Drafts,
) -> PipelineDataset | None:
    """A table as a dataset, with its ``entry`` in dvc.yaml, if any; None: it is left out."""
    if entry and entry.get("type") != "dataset":
        drafts.leave(one.path, _declared_otherwise(name, entry))
        return None
    meta = entry.get("meta")
    schema = _schema_file(meta) if meta else f"schemas/{name}.yaml"
    inferable = schema is not None and schema.endswith((".yaml", ".yml"))
    at.progress.say(f"reading {one.path}")
    try:
        table = _as_written(engine, one, meta)
        seen = infer(engine, table, name=name, pii=_listed_pii(meta))
    except UnreadableTable as error:
        drafts.leave(one.path, str(error))
        return None
    csv = f"csv: {yaml_flow(table.csv.changes)}" if table.csv.changes else ""
    if isinstance(meta, Mapping) and "csv" not in meta and csv:
        # Init adds to no declaration.
        why = (
            "dvc.yaml declares it already, and init does not change the entry; the data seems to "
            f"need `{csv}` under `meta:` there"
        )
        drafts.leave(one.path, why)
    if schema is not None and inferable and drafts.is_missing(schema):
        text = schema_yaml(seen, name=name, path=one.path)
        drafts.create(schema, text, why="the schema, inferred from the data; edit it")
    return PipelineDataset(
        proposed=_proposed(name, one, seen, csv),
        schema=schema,
        declared=bool(entry),
        bare=bool(entry) and not meta,
        lacks=_lacking(at, name),
    )


def planned_files(
    at: AdoptionContext,
    found: Sequence[FoundFiles],
    pipeline: Mapping[str, Any],
    taken: Sequence[str],
    drafts: Drafts,
) -> list[PipelineDataset]:
    """The files that will be datasets; ``taken`` are names of datasets beside the declared."""
    declared = artifacts_by_path(pipeline)
    artifacts = pipeline.get("artifacts") or {}
    new = [one.path for one in found if one.path not in declared]
    names = names_of(new, [*map(str, artifacts), *taken])
    members = []
    for one in found:
        name, entry = declared.get(one.path, (names.get(one.path, ""), {}))
        if entry and entry.get("type") != "dataset":
            drafts.leave(one.path, _declared_otherwise(name, entry))
            continue
        members.append(
            PipelineDataset(
                proposed=proposed_files(name, one),
                schema=None,
                declared=bool(entry),
                bare=bool(entry) and not entry.get("meta"),
                lacks=_lacking(at, name),
            )
        )
    return members


def only(
    chosen: Sequence[str],
    found: Sequence[FoundTable | FoundFiles],
    left_out: Sequence[Note],
    complete: Iterable[str],
) -> tuple[tuple[FoundTable | FoundFiles, ...], tuple[Note, ...]]:
    """What is at or below the ``chosen`` paths, or all where there are none.

    Raises:
        ConfigError: There is no data at one of them.
    """
    if not chosen:
        return tuple(found), tuple(left_out)

    def wanted(path: str, by: Iterable[str] = chosen) -> bool:
        return any(one == "." or within(path, one) for one in by)

    known = [*(one.path for one in found), *complete, *(note.what for note in left_out)]
    for one in chosen:
        if not any(wanted(path, [one]) for path in known):
            raise ConfigError(
                f"--dataset {one}: init finds no data there, neither a table nor other files that "
                "DVC tracks or git does not ignore.",
                remedy=suggestion(one, [found.path for found in found]),
            )
    return (
        tuple(one for one in found if wanted(one.path)),
        tuple(note for note in left_out if wanted(note.what)),
    )


def _declared_otherwise(name: str, entry: Mapping[str, Any]) -> str:
    kind = f"type: {entry['type']}" if entry.get("type") else "no type"
    return f"dvc.yaml declares it as {name} ({kind}), and not as a dataset"


def _lacking(at: AdoptionContext, name: str) -> tuple[StageKind, ...]:
    """The stages whose reports on the dataset ``name`` no stage writes yet."""
    made = {out.path for out in at.outputs}
    dataset = Dataset(name=name, path=name)
    return tuple(kind for kind in STAGE_KINDS if report_file(kind, dataset) not in made)


def _schema_file(meta: object) -> str | None:
    schema = meta.get("schema") if isinstance(meta, dict) else None
    return schema if isinstance(schema, str) else None


def _listed_pii(meta: object) -> tuple[str, ...]:
    pii = meta.get("pii") if isinstance(meta, dict) else None
    return tuple(map(str, [pii] if isinstance(pii, str) else pii or ()))


def _proposed(name: str, one: FoundTable, seen: Inferred, csv: str) -> Proposed:
    return Proposed(
        name=name,
        path=one.path,
        origin=one.origin,
        partitions=tuple(column.name for column in partition_columns(one.table)),
        rows=seen.rows,
        columns=len(seen.columns),
        key=seen.key,
        guess=() if seen.key else seen.found_key.columns,
        evidence=seen.found_key.evidence,
        pii=seen.pii,
        csv=csv,
    )


def _as_written(engine: Engine, one: FoundTable, meta: object) -> Table:
    """The table in the dialect that its ``meta`` declares, or else in the one it is written in.

    Raises:
        UnreadableTable: A file is missing or no such table.
        WorldError: Out of memory or disk.
    """
    if one.table.format != "csv":
        return one.table
    declared = declared_dialect(meta)
    if declared is not None:
        return dataclasses.replace(one.table, csv=declared)
    table = with_structure(one.table) if one.untracked else one.table
    return dataclasses.replace(table, csv=infer_values(engine, table))
