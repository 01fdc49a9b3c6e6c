"""The plan of an adoption: what exists and what is missing; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datarelease.adapters.dvc.files import not_ignored
from datarelease.adapters.git.program import GitProgram
from datarelease.adapters.yaml_edit import read_mapping
from datarelease.adopt.choice import only
from datarelease.adopt.context import AdoptionContext, released_branch
from datarelease.adopt.datasets import (
    FoundTable,
    logged_tables,
    loose_tables,
    names_of,
    tracked_tables,
)
from datarelease.adopt.dialect import as_written, csv_setting, unsaid
from datarelease.adopt.remotes import RemoteArgument, plan_remotes
from datarelease.adopt.run import first_run
from datarelease.adopt.setup import (
    add_github,
    add_section,
    ignore_reports,
    refuse_unknown_ref,
)
from datarelease.analysis.engine.partitions import partition_columns
from datarelease.analysis.engine.tables import Engine, UnreadableTable
from datarelease.analysis.inference.infer import Inferred, infer, schema_yaml
from datarelease.errors import ConfigError
from datarelease.flows.edits.drafts import DVC_CONFIG, Drafts, refuse_ignored, refuse_unwritable
from datarelease.flows.edits.pipeline import PipelineDataset, artifacts_by_path, edited_pipeline
from datarelease.model.adoption import Adoption, Command, Note, Proposed
from datarelease.model.data.dataset import Dataset
from datarelease.model.git_address import without_credentials
from datarelease.settings.read import DATASETS_FILE, PARAMS_FILE, read_settings

_MOST_TOLD = 20
"""Ignored files that are named where there is nothing else."""


def plan_adoption(
    at: AdoptionContext, wanted: Sequence[RemoteArgument], chosen: Sequence[str] = ()
) -> Adoption:
    """Everything that makes data releases work in this repository, decided and computed.

    Of the data only what is at or below the ``chosen`` paths; of all where there are none.

    Raises:
        SettingsError: Files that are not YAML, or settings that cannot be used.
        ConfigError: No data, files that cannot be added to, or a version of the tool that workflows
            are to name and that is not known.
        WorldError: The engine ran out of memory or disk.
    """
    drafts = Drafts(at.root)
    pipeline = read_mapping(drafts.text(DATASETS_FILE), DATASETS_FILE)
    params = read_mapping(drafts.text(PARAMS_FILE), PARAMS_FILE)
    refuse_unknown_ref(at, params)
    with at.engine() as engine:
        complete = _complete(at, pipeline, drafts)
        found, left_out = _tables(at, engine, complete)
        found, left_out = only(chosen, found, left_out, complete)
        members, schemas, unread = _members(at, found, pipeline, engine, drafts)
    left_out = (*left_out, *unread, *_no_tables(pipeline, found, complete, left_out))
    if not members and not complete:
        raise _no_data(left_out, dvc=at.inventory is not None)
    for path, text in schemas.items():
        drafts.create(path, text, why="what the data promises, inferred from it; edit it")
    stages = at.inventory.stages if at.inventory else ()
    before = drafts.text(DATASETS_FILE)
    after = edited_pipeline(before, members, stages)
    drafts.edit(DATASETS_FILE, after, why="the datasets, and the stages that check them")
    edits, names, there = plan_remotes(wanted, at.settings.remotes, at.settings.default)
    default = next((e.name for e in edits if e.default), at.settings.default)
    add_section(at, drafts, params, names if names != (default,) else ())
    branch = released_branch(at.git)
    add_github(at, drafts, branch)
    ignore_reports(at, drafts)
    # Faults that a check would find in the planned files are reported now.
    pipeline = read_mapping(drafts.text(DATASETS_FILE), DATASETS_FILE)
    read_settings(pipeline, read_mapping(drafts.text(PARAMS_FILE), PARAMS_FILE))
    first = first_run(at, pipeline, [one.path for one in found if one.untracked])
    if edits:
        refuse_unwritable(at.root, DVC_CONFIG)
    held = [edit.path for edit in drafts.edits]
    held += [f for m in members for f in (m.dataset.validation_file, m.dataset.profile_file)]
    held += [f"{one.path}.dvc" for one in found if one.untracked]
    refuse_ignored(at.ignored([*held, *first.made]))
    return Adoption(
        branch=branch,
        datasets=tuple(member.proposed for member in members),
        commands=tuple(_commands(at, found, {m.proposed.path for m in members})),
        remotes=edits,
        files=drafts.edits,
        skipped=(*_declared(complete, members), *there, *drafts.skipped),
        left_out=(*left_out, *drafts.left_out, *first.left_out),
        last=first.commands,
        made=first.made,
        all_remotes=_all_remotes(at, edits, names, default),
    )


def _complete(at: AdoptionContext, pipeline: Mapping[str, Any], drafts: Drafts) -> dict[str, str]:
    """The declared datasets that lack nothing: their names by path."""
    made = {out.path for out in at.inventory.outputs} if at.inventory else set()
    complete = {}
    for path, (name, entry) in artifacts_by_path(pipeline).items():
        dataset, meta = Dataset(name=name, path=path), entry.get("meta")
        schema = _schema_file(meta)
        if (
            entry.get("type") == "dataset"
            and meta
            and {dataset.validation_file, dataset.profile_file} <= made
            and (schema is None or not drafts.is_missing(schema))
        ):
            complete[path] = name
    return complete


def _tables(
    at: AdoptionContext, engine: Engine, complete: Mapping[str, str]
) -> tuple[tuple[FoundTable, ...], tuple[Note, ...]]:
    found: tuple[FoundTable, ...] = ()
    left_out: tuple[Note, ...] = ()
    if at.inventory is not None and at.objects is not None:
        found, left_out = tracked_tables(at.root, at.inventory, at.objects, engine, complete)
        if found or left_out or complete:
            return found, left_out
    listed = _listed(at.git, "--cached", "--others", "--exclude-standard")
    listed = not_ignored(at.root, listed) if at.inventory is not None else listed
    listed, left_out = logged_tables(listed)
    found = loose_tables(at.root, listed, frozenset(_listed(at.git, "--cached")))
    if not found and not left_out:
        listed = _listed(at.git, "--others", "--ignored", "--exclude-standard")
        why = "git ignores it, so DVC could not track it: take the rule out of .gitignore"
        ignored = loose_tables(at.root, listed, frozenset())
        left_out = tuple(Note(what=one.path, why=why) for one in ignored[:_MOST_TOLD])
    return found, left_out


def _listed(git: GitProgram, *options: str) -> tuple[str, ...]:
    listed = git.output("ls-files", "-z", *options)
    return tuple(name for name in listed.split("\0") if name)


def _members(
    at: AdoptionContext,
    found: Sequence[FoundTable],
    pipeline: Mapping[str, Any],
    engine: Engine,
    drafts: Drafts,
) -> tuple[list[PipelineDataset], dict[str, str], list[Note]]:
    """The datasets as they will stand in dvc.yaml, the schema files they lack, and the rest."""
    declared = artifacts_by_path(pipeline)
    artifacts = pipeline.get("artifacts") or {}
    new = [one.path for one in found if one.path not in declared]
    names = names_of(new, [str(name) for name in artifacts])
    made = {out.path for out in at.inventory.outputs} if at.inventory else set()
    members: list[PipelineDataset] = []
    schemas: dict[str, str] = {}
    left_out: list[Note] = []
    for one in found:
        name, entry = declared.get(one.path, (names.get(one.path, ""), {}))
        if entry and entry.get("type") != "dataset":
            kind = entry.get("type") or "no type"
            left_out.append(Note(what=one.path, why=f"declared as {name} ({kind}) in dvc.yaml"))
            continue
        meta = entry.get("meta")
        bare = bool(entry) and not meta
        schema = _schema_file(meta) if meta else f"schemas/{name}.yaml"
        inferable = schema is not None and schema.endswith((".yaml", ".yml"))
        at.progress.say(f"reading {one.path}")
        try:
            table = as_written(engine, one, meta)
            seen = infer(engine, table, name=name, pii=_listed_pii(meta))
        except UnreadableTable as error:
            left_out.append(Note(what=one.path, why=str(error)))
            continue
        left_out += unsaid(one.path, table.csv, meta)
        dataset = Dataset(name=name, path=one.path)
        if schema is not None and inferable and drafts.is_missing(schema):
            schemas[schema] = schema_yaml(seen, name=name, path=one.path)
        members.append(
            PipelineDataset(
                proposed=_proposed(name, one, seen, csv_setting(table.csv)),
                schema=schema,
                declared=bool(entry),
                bare=bare,
                validated=dataset.validation_file in made,
                profiled=dataset.profile_file in made,
            )
        )
    return members, schemas, left_out


def _no_tables(
    pipeline: Mapping[str, Any],
    found: Sequence[FoundTable],
    complete: Mapping[str, str],
    left_out: Sequence[Note],
) -> list[Note]:
    """Datasets that somebody declared, for DVC's model registry say, and that are no tables."""
    known = {*(one.path for one in found), *complete, *(note.what for note in left_out)}
    why = (
        "declared in dvc.yaml as {}, a dataset, and DVC has no CSV or Parquet data there: "
        "`datarelease check` refuses that; give it another `type` (raw-data, say), or another path"
    )
    return [
        Note(what=path, why=why.format(name))
        for path, (name, entry) in artifacts_by_path(pipeline).items()
        if entry.get("type") == "dataset" and path not in known
    ]


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


def _no_data(left_out: Sequence[Note], *, dvc: bool) -> ConfigError:
    reasons = "".join(f"\n  {note.what}: {note.why}" for note in left_out)
    where = "among DVC's outputs or in the repository" if dvc else "in the repository"
    return ConfigError(
        f"There is no dataset to release: no usable CSV or Parquet file {where}.{reasons}",
        remedy="Get the files named above (`dvc pull`, `dvc repro`), then run init again."
        if left_out
        else "Put the data into the repository as CSV or Parquet (data/NAME.csv, say), or write a "
        "stage that makes it and run `dvc repro`; then run init again.",
    )


def _commands(at: AdoptionContext, found: Sequence[FoundTable], kept: set[str]) -> list[Command]:
    commands = []
    if at.inventory is None:
        why = "this repository does not use DVC yet"
        commands.append(Command(arguments=("dvc", "init", "--quiet"), why=why))
    # One command for all: each start of DVC takes a second, and the last of several may not come.
    loose = [one for one in found if one.untracked and one.path in kept]
    in_git = [one.path for one in loose if one.in_git]
    if in_git:
        why = (
            "git stops tracking these files and DVC tracks them; the files stay on disk, and "
            "git's history keeps what was committed"
        )
        arguments = ("git", "rm", "-r", "--cached", "--quiet", "--", *in_git)
        commands.append(Command(arguments=arguments, why=why, loud=True))
    if loose:
        arguments = ("dvc", "add", "--quiet", *(one.path for one in loose))
        commands.append(Command(arguments=arguments, why="DVC keeps the data"))
    return commands


def _declared(complete: Mapping[str, str], members: Sequence[PipelineDataset]) -> tuple[Note, ...]:
    names = [*complete.values(), *(m.proposed.name for m in members if m.declared)]
    return tuple(
        Note(what=f"dataset {name} in {DATASETS_FILE}", why="already there") for name in names
    )


def _all_remotes(
    at: AdoptionContext, edits: Sequence[Any], names: Sequence[str], default: str | None
) -> tuple[tuple[str, str], ...]:
    settings: dict[str, Mapping[str, Any]] = dict(at.settings.remotes)
    for edit in edits:
        if edit.new:
            settings[edit.name] = {"url": edit.url, **dict(edit.settings)}
    chosen = names or ([default] if default else [])
    return tuple(
        (name, without_credentials(str(settings[name].get("endpointurl") or settings[name]["url"])))
        for name in chosen
        if name in settings
    )
