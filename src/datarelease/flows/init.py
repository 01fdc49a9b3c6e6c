"""The plan of an adoption: what is there, what it lacks, and nothing touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datarelease.adapters.dvc_adopt import Inventory, RemoteSettings
from datarelease.adapters.git_program import GitProgram
from datarelease.adapters.yaml_edit import insert, read_mapping
from datarelease.analysis.engine import Engine, UnreadableTable
from datarelease.analysis.infer import Inferred, infer
from datarelease.analysis.infer_yaml import schema_yaml
from datarelease.errors import ConfigError
from datarelease.flows.content import Objects
from datarelease.flows.init_datasets import Found, loose_tables, names_of, tracked_tables
from datarelease.flows.init_files import Drafts, refuse_ignored
from datarelease.flows.init_pipeline import Member, artifacts_by_path, edited_pipeline
from datarelease.flows.init_remotes import Wanted, plan_remotes
from datarelease.flows.init_templates import (
    REPORTS_IGNORED,
    WORKFLOWS,
    dependabot_file,
    release_section,
    tag_of,
    workflow_files,
)
from datarelease.model.adoption import Adoption, Command, Note, Proposed
from datarelease.model.dataset import Dataset
from datarelease.model.report import REPORTS
from datarelease.progress import Progress
from datarelease.settings import DATASETS_FILE, PARAMS_FILE, SECTION, read_settings, read_tags

REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, kw_only=True)
class Premises:
    """The repository to adopt, with nothing of ours in it yet."""

    root: Path
    """Where DVC is, or will be, initialised."""
    git: GitProgram
    ignored: Callable[[Sequence[str]], Mapping[str, str]]
    """Which paths git ignores, with the rule."""
    at_top: bool
    """The root is the top of the git repository."""
    inventory: Inventory | None
    """None: DVC is not used yet."""
    settings: RemoteSettings
    objects: Objects | None
    engine: Callable[[], Engine]
    version: str
    """Of this tool."""
    progress: Progress


def plan_adoption(at: Premises, wanted: Sequence[Wanted]) -> Adoption:
    """Everything that makes data releases work in this repository, decided and computed.

    Raises:
        SettingsError: Files that are no YAML, or settings that cannot be used.
        ConfigError: No data, or files that cannot be added to.
        WorldError: The engine ran out of memory or disk.
    """
    drafts = Drafts(at.root)
    pipeline = read_mapping(drafts.text(DATASETS_FILE), DATASETS_FILE)
    params = read_mapping(drafts.text(PARAMS_FILE), PARAMS_FILE)
    with at.engine() as engine:
        complete = _complete(at, pipeline, drafts)
        found, left_out = _tables(at, engine, complete)
        members, schemas, unread = _members(at, found, pipeline, engine, drafts)
    left_out = (*left_out, *unread)
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
    _add_section(at, drafts, params, names if names != (default,) else ())
    branch = default_branch(at.git)
    _add_github(at, drafts, branch)
    _ignore_reports(at, drafts)
    # What a check would say of the files as they will be is said now.
    read_settings(
        read_mapping(drafts.text(DATASETS_FILE), DATASETS_FILE),
        read_mapping(drafts.text(PARAMS_FILE), PARAMS_FILE),
    )
    reports = [f for m in members for f in (m.dataset.validation_file, m.dataset.profile_file)]
    pointers = [f"{one.path}.dvc" for one in found if one.untracked]
    refuse_ignored(at.ignored([*(edit.path for edit in drafts.edits), *reports, *pointers]))
    return Adoption(
        branch=branch,
        datasets=tuple(member.proposed for member in members),
        commands=tuple(_commands(at, found, {m.proposed.path for m in members})),
        remotes=edits,
        files=drafts.edits,
        skipped=(*_declared(complete, members), *there, *drafts.skipped),
        left_out=(*left_out, *drafts.left_out),
        all_remotes=_all_remotes(at, edits, names, default),
    )


def default_branch(git: GitProgram) -> str:
    """The branch that is released: the remote's default as this clone knows it, or the likeliest.

    Nothing is asked over the network.
    """
    known = git.attempt("symbolic-ref", "--short", "-q", "refs/remotes/origin/HEAD")
    if known.code == 0:
        return known.stdout.decode().strip().removeprefix("origin/")
    for name in ("main", "master"):
        for ref in (f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
            if git.attempt("rev-parse", "--verify", "-q", ref).code == 0:
                return name
    head = git.attempt("symbolic-ref", "--short", "-q", "HEAD")
    return head.stdout.decode().strip() or "main"


def _complete(at: Premises, pipeline: Mapping[str, Any], drafts: Drafts) -> dict[str, str]:
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
    at: Premises, engine: Engine, complete: Mapping[str, str]
) -> tuple[tuple[Found, ...], tuple[Note, ...]]:
    found: tuple[Found, ...] = ()
    left_out: tuple[Note, ...] = ()
    if at.inventory is not None and at.objects is not None:
        found, left_out = tracked_tables(at.root, at.inventory, at.objects, engine, complete)
        if found or left_out or complete:
            return found, left_out
    listed = _listed(at.git, "--cached", "--others", "--exclude-standard")
    return loose_tables(at.root, listed, frozenset(_listed(at.git, "--cached"))), left_out


def _listed(git: GitProgram, *options: str) -> tuple[str, ...]:
    listed = git.output("ls-files", "-z", *options)
    return tuple(name for name in listed.split("\0") if name)


def _members(
    at: Premises,
    found: Sequence[Found],
    pipeline: Mapping[str, Any],
    engine: Engine,
    drafts: Drafts,
) -> tuple[list[Member], dict[str, str], list[Note]]:
    """The datasets as they will stand in dvc.yaml, the schema files they lack, and the rest."""
    declared = artifacts_by_path(pipeline)
    artifacts = pipeline.get("artifacts") or {}
    new = [one.path for one in found if one.path not in declared]
    names = names_of(new, [str(name) for name in artifacts])
    made = {out.path for out in at.inventory.outputs} if at.inventory else set()
    members: list[Member] = []
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
        missing = schema is not None and drafts.is_missing(schema)
        at.progress.say(f"reading {one.path}")
        try:
            seen = infer(engine, one.table, name=name, pii=_listed_pii(meta))
        except UnreadableTable as error:
            left_out.append(Note(what=one.path, why=str(error)))
            continue
        dataset = Dataset(name=name, path=one.path)
        if schema is not None and missing:
            schemas[schema] = schema_yaml(seen, name=name, path=one.path)
        members.append(
            Member(
                proposed=_proposed(name, one, seen),
                schema=schema,
                declared=bool(entry),
                bare=bare,
                validated=dataset.validation_file in made,
                profiled=dataset.profile_file in made,
            )
        )
    return members, schemas, left_out


def _schema_file(meta: object) -> str | None:
    schema = meta.get("schema") if isinstance(meta, dict) else None
    return schema if isinstance(schema, str) else None


def _listed_pii(meta: object) -> tuple[str, ...]:
    pii = meta.get("pii") if isinstance(meta, dict) else None
    return tuple(map(str, [pii] if isinstance(pii, str) else pii or ()))


def _proposed(name: str, one: Found, seen: Inferred) -> Proposed:
    return Proposed(
        name=name,
        path=one.path,
        origin=one.origin,
        rows=seen.rows,
        columns=len(seen.columns),
        key=seen.key,
        pii=seen.pii,
    )


def _no_data(left_out: Sequence[Note], *, dvc: bool) -> ConfigError:
    reasons = "".join(f"\n  {note.what}: {note.why}" for note in left_out)
    where = "among DVC's outputs, or in the repository" if dvc else "in the repository"
    return ConfigError(
        f"There is no dataset to release: no usable CSV or Parquet file {where}.{reasons}",
        untouched="Nothing was changed.",
        remedy="See to the files named above (`dvc pull`, `dvc repro`), then run init again."
        if left_out
        else "Put the data into the repository as CSV or Parquet (data/NAME.csv, say), or write a "
        "stage that makes it and run `dvc repro`; then run init again.",
    )


def _add_section(
    at: Premises, drafts: Drafts, params: Mapping[str, Any], remotes: Sequence[str]
) -> None:
    if SECTION in params:
        drafts.skip(f"`{SECTION}:` in {PARAMS_FILE}", "already there")
        _, listed = read_tags(params)
        lacking = [name for name in remotes if name not in listed]
        if lacking:
            why = f"add {', '.join(lacking)} there, or nothing is released to it"
            drafts.leave(f"`{SECTION}.remotes` in {PARAMS_FILE}", why)
        return
    section = release_section(remotes=remotes, ref=tag_of(at.version))
    text = insert(drafts.text(PARAMS_FILE), [], [section], file=PARAMS_FILE)
    drafts.edit(PARAMS_FILE, text, why="how data is released; the policy's defaults as comments")


def _add_github(at: Premises, drafts: Drafts, branch: str) -> None:
    if not at.at_top:
        why = "DVC is not at the top of the git repository, where GitHub looks for workflows"
        drafts.leave(WORKFLOWS, why)
        return
    requirements = REQUIREMENTS if (at.root / REQUIREMENTS).is_file() else ""
    files = workflow_files(
        branch=branch, ref=tag_of(at.version), requirements=requirements, salt=at.root.name
    )
    for path, text in files.items():
        drafts.create(path, text, why="runs the tool on GitHub")
    if all(drafts.is_missing(f".github/dependabot.{ending}") for ending in ("yml", "yaml")):
        drafts.create(".github/dependabot.yml", dependabot_file(), why="keeps the workflows new")
    else:
        drafts.skip(".github/dependabot.yml", "already there")


def _ignore_reports(at: Premises, drafts: Drafts) -> None:
    if set(at.ignored(REPORTS)) == set(REPORTS):
        drafts.skip(".gitignore", "already there")
        return
    text = drafts.text(".gitignore")
    text += "\n" if text and not text.endswith("\n") else ""
    drafts.edit(".gitignore", text + REPORTS_IGNORED, why="the whole report is made anew each time")


def _commands(at: Premises, found: Sequence[Found], kept: set[str]) -> list[Command]:
    commands = []
    if at.inventory is None:
        why = "this repository does not use DVC yet"
        commands.append(Command(arguments=("dvc", "init", "--quiet"), why=why))
    for one in found:
        if not one.untracked or one.path not in kept:
            continue
        if one.in_git:
            why = (
                f"git stops tracking {one.path}, DVC takes over; the file stays on disk, and "
                "git's history keeps what was committed"
            )
            arguments = ("git", "rm", "-r", "--cached", "--quiet", "--", one.path)
            commands.append(Command(arguments=arguments, why=why, loud=True))
        why = f"DVC keeps {one.path}"
        commands.append(Command(arguments=("dvc", "add", "--quiet", one.path), why=why))
    return commands


def _declared(complete: Mapping[str, str], members: Sequence[Member]) -> tuple[Note, ...]:
    names = [*complete.values(), *(m.proposed.name for m in members if m.declared)]
    return tuple(
        Note(what=f"dataset {name} in {DATASETS_FILE}", why="already there") for name in names
    )


def _all_remotes(
    at: Premises, edits: Sequence[Any], names: Sequence[str], default: str | None
) -> tuple[tuple[str, str], ...]:
    settings: dict[str, Mapping[str, Any]] = dict(at.settings.remotes)
    for edit in edits:
        if edit.new:
            settings[edit.name] = {"url": edit.url, **dict(edit.settings)}
    chosen = names or ([default] if default else [])
    return tuple(
        (name, str(settings[name].get("endpointurl") or settings[name].get("url")))
        for name in chosen
        if name in settings
    )
