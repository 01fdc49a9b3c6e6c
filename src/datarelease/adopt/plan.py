"""The plan of an adoption: what exists and what is missing; nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from datarelease.adapters.dvc.files import not_ignored
from datarelease.adapters.dvc.tracked import TrackedState
from datarelease.adapters.git.program import GitProgram
from datarelease.adopt.context import AdoptionContext, repository_at, without_streams
from datarelease.adopt.datasets import FoundTable, logged_tables, loose_tables, tracked_tables
from datarelease.adopt.file_datasets import FoundFiles, loose_files, tracked_other_files
from datarelease.adopt.members import complete_datasets, only, planned_datasets, planned_files
from datarelease.adopt.remotes import RemoteArgument, parse_remote, plan_remotes, remote_addresses
from datarelease.adopt.run import first_commands, first_run
from datarelease.adopt.setup import (
    add_github,
    add_section,
    has_site,
    ignore_reports,
    refuse_unknown_ref,
)
from datarelease.analysis.engine.protocol import Engine
from datarelease.app.wiring import work_tree_reader
from datarelease.errors import ConfigError
from datarelease.flows.dvc_yaml import (
    PipelineDataset,
    artifacts_by_path,
    declared_below,
    edited_pipeline,
)
from datarelease.flows.edits import DVC_CONFIG, Drafts, refuse_ignored, refuse_unwritable
from datarelease.model.adoption import Adoption, Note
from datarelease.model.paths import within
from datarelease.model.project import ToolRef
from datarelease.progress import Progress
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.read import read_settings
from datarelease.settings.reading import read_tag_settings

_MOST_TOLD = 20
"""Ignored files that are named where there is nothing else."""


def adoption_at(
    start: Path,
    remotes: Sequence[str],
    datasets: Sequence[str] = (),
    *,
    ref: str | None = None,
    subdirectory: bool = False,
    progress: Progress,
) -> tuple[Path, Adoption]:
    """The root of the repository around ``start``, and what init would do to it.

    Args:
        start: A directory of the repository.
        remotes: Remotes to set up.
        datasets: Paths, relative to ``start``, outside of which no data is adopted; none: all.
        ref: The version of the tool for the workflows, a tag or a full SHA; None: this one.
        subdirectory: ``start`` is, or becomes, a DVC project of its own.
        progress: Told what happens.

    Raises:
        SettingsError: Files that are not YAML, or settings that cannot be used.
        ConfigError: No git repository, no data, a misspelt remote or ref, files in the way or that
            cannot be added to, or no version of the tool that workflows could name.
        WorldError: The engine ran out of memory or disk.
    """
    wanted = [parse_remote(text, start) for text in remotes]
    chosen_ref = None if ref is None else _parsed(ref)
    with repository_at(start, chosen_ref, progress, subdirectory=subdirectory) as context:
        chosen = [_inside(context.root, start, path) for path in datasets]
        return context.root, _planned(context, wanted, chosen)


def _planned(
    at: AdoptionContext, wanted: Sequence[RemoteArgument], chosen: Sequence[str]
) -> Adoption:
    """Of the data only what is at or below the ``chosen`` paths; of all where there are none."""
    drafts = Drafts(at.root)
    pipeline, params = drafts.mapping(DATASETS_FILE), drafts.mapping(PARAMS_FILE)
    refuse_unknown_ref(at, params)
    below = _pipelines_below(at)
    at = without_streams(at, params, {*chosen, *artifacts_by_path(pipeline)})
    found, members = _datasets(at, drafts, pipeline, below, chosen)
    edits, names = plan_remotes(wanted, at.settings.remotes, at.settings.default)
    for name in names:
        if name in at.settings.remotes:
            drafts.skip(f"remote {name}")
    stages = at.inventory.stages if at.inventory else ()
    after = edited_pipeline(drafts.text(DATASETS_FILE), members, stages)
    drafts.edit(DATASETS_FILE, after, why="the datasets, and the stages that check them")
    default = next((e.name for e in edits if e.default), at.settings.default)
    add_section(at, drafts, params, names if names != (default,) else ())
    released_to = remote_addresses(at.settings, edits, names)
    # Faults that a check would find in the planned files are reported now.
    pipeline = drafts.mapping(DATASETS_FILE)
    params = drafts.mapping(PARAMS_FILE)
    staging = read_settings(pipeline, params, below).staging
    carrier = str(at.settings.remotes.get(staging or "", {}).get("url", ""))
    site = has_site(params)
    tags, _ = read_tag_settings(params)
    add_github(at, drafts, at.released_branch, released_to, carrier, site=site, tags=tags)
    ignore_reports(at, drafts)
    loose = [one.path for one in found if one.untracked]
    last, made = first_run(at, drafts, pipeline, loose)
    if edits:
        refuse_unwritable(at.root, DVC_CONFIG)
    refuse_ignored(at.ignored([*_written(drafts, members, loose), *made]))
    return Adoption(
        branch=at.released_branch,
        datasets=tuple(member.proposed for member in members),
        commands=first_commands(at, found, {m.proposed.path for m in members}),
        remotes=edits,
        files=drafts.edits,
        skipped=tuple(drafts.skipped),
        left_out=tuple(drafts.left_out),
        last=last,
        made=made,
        all_remotes=released_to,
    )


def _datasets(
    at: AdoptionContext,
    drafts: Drafts,
    pipeline: Mapping[str, Any],
    below: Mapping[str, Mapping[str, Any]],
    chosen: Sequence[str],
) -> tuple[tuple[FoundTable | FoundFiles, ...], list[PipelineDataset]]:
    """The data that was found, and all that will be datasets.

    Raises:
        ConfigError: There is no data, and nothing is a dataset already.
    """
    elsewhere = declared_below(below)
    with at.engine() as engine:
        own = complete_datasets(at, pipeline, drafts)
        complete = own | {path: name for path, (name, _) in elsewhere.items()}
        for name, file in elsewhere.values():
            drafts.skip(f"dataset {name} in {file}")
        tables, left_out = _tables(at, engine, complete)
        covered = [*(table.path for table in tables), *complete]
        files, no_files = _other_files(at, pipeline, chosen, covered)
        found, left_out = only(chosen, (*tables, *files), (*left_out, *no_files), complete)
        tables = tuple(one for one in found if isinstance(one, FoundTable))
        drafts.left_out += left_out
        taken = [name for name, _ in elsewhere.values()]
        members = planned_datasets(at, tables, pipeline, engine, drafts, taken)
        taken += [member.proposed.name for member in members]
        files = tuple(one for one in found if isinstance(one, FoundFiles))
        members += planned_files(at, files, pipeline, taken, drafts)
    _leave_others(drafts, pipeline, [*(one.path for one in found), *complete])
    if not members and not complete:
        raise _no_data(drafts.left_out, dvc=at.inventory is not None)
    here = (name for path, name in own.items() if path not in elsewhere)
    for name in (*here, *(m.proposed.name for m in members if m.declared)):
        drafts.skip(f"dataset {name} in {DATASETS_FILE}")
    return found, members


def _pipelines_below(at: AdoptionContext) -> dict[str, dict[str, Any]]:
    """The other ``dvc.yaml`` of the project that declare artifacts."""
    if at.inventory is None:
        return {}
    state = TrackedState(
        work_tree_reader(at.root),
        lambda: _listed(at.git, "--cached", "--others", "--exclude-standard"),
    )
    return state.artifacts


def _written(
    drafts: Drafts, members: Sequence[PipelineDataset], loose: Sequence[str]
) -> Iterator[str]:
    """The files that git is to hold: edited ones, those of new stages, and of ``dvc add``."""
    yield from (edit.path for edit in drafts.edits)
    for member in members:
        yield from (member.dataset.validation_file, member.dataset.profile_file)
    yield from (f"{path}.dvc" for path in loose)


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


def _other_files(
    at: AdoptionContext, pipeline: Mapping[str, Any], chosen: Sequence[str], taken: Sequence[str]
) -> tuple[tuple[FoundFiles, ...], tuple[Note, ...]]:
    """The outputs that are no tables, where they are data: added, declared or ``chosen``."""
    outputs = [out.path for out in at.outputs]
    loose = loose_files(
        at.root,
        _listed(at.git, "--cached", "--others", "--exclude-standard") if chosen else (),
        frozenset(_listed(at.git, "--cached")),
        chosen=[path for path in chosen if path != "."],
        taken=[*taken, *outputs],
    )
    if at.inventory is None or at.objects is None:
        return loose, ()
    entries = artifacts_by_path(pipeline).items()
    said = {path for path, (_, entry) in entries if entry.get("type") == "dataset"}

    def wanted(path: str) -> bool:
        return path in said or any(one != "." and within(path, one) for one in chosen)

    found, left_out = tracked_other_files(
        at.root, at.inventory, at.objects, wanted=wanted, taken=taken
    )
    return (*found, *loose), left_out


def _listed(git: GitProgram, *options: str) -> tuple[str, ...]:
    listed = git.output("ls-files", "-z", *options)
    return tuple(name for name in listed.split("\0") if name)


def _leave_others(drafts: Drafts, pipeline: Mapping[str, Any], tables: Sequence[str]) -> None:
    """Datasets that somebody declared, for DVC's model registry say, and that DVC has not."""
    known = {*tables, *(note.what for note in drafts.left_out)}
    for path, (name, entry) in artifacts_by_path(pipeline).items():
        if entry.get("type") == "dataset" and path not in known:
            why = (
                f"dvc.yaml declares it as the dataset {name}, and DVC has no usable data there. "
                "`datarelease check` refuses that: give the entry another `type`, for example "
                "raw-data, or another path"
            )
            drafts.leave(path, why)


def _no_data(left_out: Sequence[Note], *, dvc: bool) -> ConfigError:
    reasons = "".join(f"\n  {note.what}: {note.why}" for note in left_out)
    where = "among DVC's outputs or in the repository" if dvc else "in the repository"
    return ConfigError(
        "There is no dataset to release: no usable table (CSV, JSON Lines, Parquet or Arrow) "
        f"{where}, and no other data that was added with `dvc add`.{reasons}",
        remedy="Get the files named above (`dvc pull`, `dvc repro`), then run `datarelease init` "
        "again."
        if left_out
        else "Put the data into the repository as CSV or Parquet, for example as data/NAME.csv. Or "
        "name other files with `datarelease init --dataset PATH`. Or write a stage that makes the "
        "data and run `dvc repro`. Then run `datarelease init` again.",
    )


def _parsed(ref: str) -> ToolRef:
    try:
        return ToolRef(name=ref)
    except ValueError as error:
        raise ConfigError(
            f"--ref: {error}.",
            remedy="Name a tag such as v1.0.0, or the full SHA of a commit.",
        ) from error


def _inside(root: Path, start: Path, path: str) -> str:
    """``path``, relative to ``start``, as DVC spells it: relative to ``root``."""
    place = Path(os.path.abspath(start.resolve() / path))  # noqa: PTH100 - links stay links
    if not place.is_relative_to(root):
        raise ConfigError(
            f"--dataset {path}: this path is outside of {root}.",
            remedy="Name a file or folder of the repository.",
        )
    return place.relative_to(root).as_posix()
