"""A plan of adoption carried out; its last step are the stages that check the data, run once.

With their entries of ``dvc.lock`` and their reports in git, the check of the first pull request,
which has no credentials, has nothing to fetch and nothing to run. Other stages of the pipeline are
never run here, up to date or not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import join
from typing import Any

from datarelease.adapters.dvc.config import DvcConfig
from datarelease.adapters.dvc.index import RemoteSettings
from datarelease.adapters.dvc.program import DvcProgram
from datarelease.adapters.dvc.tracked import LOCK, TrackedState
from datarelease.adapters.dvc.work_tree import Dvc
from datarelease.adapters.process import run_shown
from datarelease.adopt.context import AdoptionContext
from datarelease.adopt.datasets import NOT_MADE, FoundTable
from datarelease.adopt.file_datasets import FoundFiles
from datarelease.app.wiring import environment, work_tree_reader
from datarelease.documents import DocumentError, decode
from datarelease.errors import BlockedError, ConfigError, DatareleaseError, WorldError
from datarelease.flows.dvc_yaml import STAGE_KINDS, StageKind, artifacts_by_path, report_file
from datarelease.flows.edits import DVC_CONFIG, Drafts, refuse_changed, text_at, write_all
from datarelease.model.adoption import Adoption, Command, FileEdit
from datarelease.model.data.dataset import Dataset
from datarelease.model.data.validation import Validation
from datarelease.model.directory import ROOT
from datarelease.model.paths import overlap
from datarelease.model.stage_environment import stage_environment
from datarelease.progress import Progress, Step
from datarelease.settings.artifacts import DATASETS_FILE

_PULL = ("dvc", "pull")
"""What asks the remote, with its credentials."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A stage whose whole command is ours, and the dataset that it is about."""

    address: str
    """As DVC calls it: ``validate-people``, or ``validate@people`` of a group."""
    group: str | None
    kind: StageKind
    dataset: Dataset

    @property
    def report(self) -> str:
        """The file that it writes."""
        return report_file(self.kind, self.dataset)


def first_commands(
    at: AdoptionContext, found: Sequence[FoundTable | FoundFiles], kept: set[str]
) -> tuple[Command, ...]:
    """What has DVC track the data at the paths ``kept``."""
    commands = []
    if at.inventory is None:
        top = at.directory == ROOT
        why = f"this {'repository' if top else 'directory'} does not use DVC yet"
        below = () if top else ("--subdir",)
        commands.append(Command(arguments=("dvc", "init", "--quiet", *below), why=why))
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
    return tuple(commands)


def first_run(
    at: AdoptionContext, drafts: Drafts, pipeline: Mapping[str, Any], loose: Sequence[str]
) -> tuple[tuple[Command, ...], tuple[str, ...]]:
    """What brings the checks of ``pipeline`` (``dvc.yaml`` as it will be) into the lock.

    The commands, and the files that they make and git will hold. ``loose`` are data that DVC does
    not track yet, which are in the work tree.
    """
    waiting = _waiting(at.root, pipeline)
    if not waiting:
        return (), ()
    inputs = {check.dataset: _inputs(at, check.dataset) for check in waiting}
    unmade = [d for d, paths in inputs.items() if not paths and d.path not in loose]
    runnable = [check for check in waiting if check.dataset not in unmade]
    absent = {p: None for d in inputs for p in inputs[d] if not (at.root / p).exists()}
    commands = []
    if absent:
        why = "gets the data into the work tree, where stages read it"
        commands.append(Command(arguments=(*_PULL, *absent), why=why))
    if runnable:
        commands.append(
            Command(
                arguments=("dvc", "repro", "--single-item", *_targets(runnable, pipeline)),
                why="runs only these stages, once: with dvc.lock and the reports in git, a "
                "pull request's check needs neither the data nor credentials",
            )
        )
    made = (LOCK, *(check.report for check in runnable)) if runnable else ()
    for dataset in unmade:
        drafts.leave(dataset.path, NOT_MADE)
    return tuple(commands), made


def carry_out(root: Path, adoption: Adoption, *, progress: Progress) -> None:
    """Do what the plan says: commands, remotes, then all files or none, then the first run.

    Run again after a failure, init plans what is left.

    Raises:
        ConfigError: A command failed or a file could not be written; the message says what is done.
        WorldError: Everything is written, and the data for the first run is not available, or
            another process is at work in the repository, or a disk is full.
        BlockedError: Everything is written, and the data violates its schema.
    """
    given = environment()
    stages = stage_environment(given)
    refuse_changed(root, adoption.files)
    for done, command in enumerate(adoption.commands):
        program, *arguments = command.arguments
        found = Dvc.command(*arguments) if program == "dvc" else command.arguments
        with progress.step(Step.COMMAND):
            failed = run_shown(found, cwd=root, env=stages.seen)
        if failed:
            before = ", ".join(f"`{join(c.arguments)}`" for c in adoption.commands[:done])
            raise ConfigError(
                f"`{join(command.arguments)}` failed; its own output is above.",
                untouched=f"No file was written. Already done: {before or 'nothing'}.",
                remedy="Correct the cause, then run `datarelease init` again: it continues from "
                "there.",
            )
    _write(root, adoption, progress)
    pulls = any(command.arguments[:2] == _PULL for command in adoption.last)
    dvc = DvcProgram(root, env=stages.seen, stages=stages)
    if pulls:
        config = DvcConfig(root / ".dvc", env=given)
        env = config.program_environment()
        dvc = DvcProgram(root, env=env, stages=stages, config=config.overrides())
    with progress.step(Step.FIRST_RUN):
        finish(root, adoption.last, run=lambda command: dvc.run(*command.arguments[1:]))


def _write(root: Path, adoption: Adoption, progress: Progress) -> None:
    config = text_at(root / DVC_CONFIG, DVC_CONFIG)
    try:
        for remote in adoption.remotes:
            url = remote.url if remote.new else None
            RemoteSettings(root / ".dvc").set(
                remote.name, dict(remote.settings), url=url, default=remote.default
            )
        with progress.step(Step.EDIT):
            write_all(root, [_after_dvc(root, edit) for edit in adoption.files])
    except ConfigError:
        if config is not None and adoption.remotes:
            (root / DVC_CONFIG).write_bytes(config.encode())
        raise


def _after_dvc(root: Path, edit: FileEdit) -> FileEdit:
    """The edit, with the rules that ``dvc add`` has written into the same file meanwhile."""
    present = text_at(root / edit.path, edit.path)
    if edit.path != ".gitignore" or present is None:
        return edit
    added = edit.after.removeprefix(edit.before or "")
    return replace(edit, before=present, after=present + added)


def finish(root: Path, commands: Sequence[Command], *, run: Callable[[Command], bool]) -> None:
    """Run the commands of a first run; ``run`` says whether one ended well.

    Raises:
        WorldError: The data is not available, or ``run`` raised one, which is completed.
        BlockedError: The data violates its schema.
        ConfigError: A stage failed for another reason.
    """
    for done, command in enumerate(commands):
        try:
            if run(command):
                continue
            error: DatareleaseError = _failure(root, command)
        except WorldError as raised:
            error = WorldError(raised.what, remedy=raised.remedy)
        waiting = ", ".join(check.address for check in _waiting(root)) or "none"
        later = ", then ".join(f"`{join(one.arguments)}`" for one in commands[done:])
        raise type(error)(
            error.what,
            untouched="All files were written and are kept. Stages that have not run yet: "
            f"{waiting}.",
            remedy=f"{error.remedy} To continue, run `datarelease init` again, or {later}.",
        )


def _failure(root: Path, command: Command) -> DatareleaseError:
    what = f"`{join(command.arguments)}` failed; its own output is above."
    if command.arguments[:2] == _PULL:
        return WorldError(what, remedy="Check the remote and its credentials.")
    tried = [it for it in _waiting(root) if {it.address, it.group} & {*command.arguments}]
    if tried and tried[0].kind == "validate" and _violated(root, tried[0].report):
        return BlockedError(
            f"{tried[0].dataset.name}: the data violates its schema; the output of the stage "
            f"{tried[0].address} above says what is wrong.",
            remedy="Correct the data or the schema.",
        )
    return ConfigError(what, remedy="Correct the cause.")


def _violated(root: Path, report: str) -> bool:
    data = _tracked(root).read(report)
    try:
        return data is not None and not decode(Validation, data).passed
    except DocumentError:
        return False


def checks(pipeline: Mapping[str, Any]) -> tuple[Check, ...]:
    """The stages of ``pipeline`` that run ``datarelease validate`` or ``profile`` on a dataset.

    Validations come first, each kind in the order of the file.
    """
    datasets = {
        name: Dataset(name=name, path=path)
        for path, (name, entry) in artifacts_by_path(pipeline).items()
        if entry.get("type") == "dataset"
    }
    ours: dict[str, tuple[StageKind, str]] = {
        f"datarelease {kind} {name}": (kind, name) for kind in STAGE_KINDS for name in datasets
    }
    found = [
        Check(address=address, group=group, kind=ours[cmd][0], dataset=datasets[ours[cmd][1]])
        for address, group, cmd in _commands(pipeline)
        if cmd in ours
    ]
    return tuple(sorted(found, key=lambda check: STAGE_KINDS.index(check.kind)))


def _commands(pipeline: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """(address, group, command) of each stage, groups of ``foreach`` taken apart."""
    stages = pipeline.get("stages")
    for name, stage in (stages if isinstance(stages, dict) else {}).items():
        if not isinstance(stage, dict):
            continue
        each, body = stage.get("foreach"), stage.get("do")
        if isinstance(each, dict) and isinstance(body, dict):
            for key in each:
                cmd = str(body.get("cmd")).replace("${key}", str(key))
                yield f"{name}@{key}", str(name), cmd
        else:
            yield str(name), None, str(stage.get("cmd"))


def _waiting(root: Path, pipeline: Mapping[str, Any] | None = None) -> tuple[Check, ...]:
    """The checks that ``dvc.lock`` does not have; without ``pipeline`` of ``dvc.yaml`` as it is."""
    tracked = _tracked(root)
    locked = tracked.mapping(LOCK).get("stages") or ()
    wanted = checks(tracked.mapping(DATASETS_FILE) if pipeline is None else pipeline)
    return tuple(check for check in wanted if check.address not in locked)


def _tracked(root: Path) -> TrackedState:
    return TrackedState(work_tree_reader(root))


def _inputs(at: AdoptionContext, dataset: Dataset) -> list[str]:
    """The outputs of DVC that hold the dataset, or are part of it.

    A part of a directory is had with the whole: DVC takes half a directory for a changed one.
    """
    return [
        out.path
        for out in at.outputs
        if (out.md5 is not None or (at.root / out.path).exists())
        and overlap(dataset.path, out.path)
    ]


def _targets(waiting: Sequence[Check], pipeline: Mapping[str, Any]) -> list[str]:
    """The stages' addresses; a group that is wanted whole is named as one."""
    addresses = {check.address for check in waiting}
    groups: dict[str | None, set[str]] = {}
    for address, group, _ in _commands(pipeline):
        groups.setdefault(group, set()).add(address)
    whole = {group for group, members in groups.items() if group and members <= addresses}
    names = (check.group if check.group in whole else check.address for check in waiting)
    return list(dict.fromkeys(str(name) for name in names))
