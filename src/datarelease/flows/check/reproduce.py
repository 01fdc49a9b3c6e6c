"""The work tree brought up to date: ``dvc repro``, started from the newest lock.

No dataset may have links that lead outside, or names that readers refuse.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from datarelease.adapters.dvc.tracked import LOCK, Output
from datarelease.adapters.dvc.work_tree import Inputs
from datarelease.adapters.store.directory import replacing
from datarelease.errors import ConfigError, Problem, SettingsError, WorldError
from datarelease.flows.catalogue import Catalogue
from datarelease.flows.check.assess import assess
from datarelease.flows.check.tracked_outputs import work_tree_snapshot
from datarelease.flows.repository import Workspace
from datarelease.model.data.dataset import Dataset
from datarelease.model.paths import overlap, path_fault, within
from datarelease.model.versions.remote_keys import object_key
from datarelease.progress import Step

_NONE = "0" * 32
"""A hash that no object has: asking for it shows whether a remote answers."""


def reproduce(ws: Workspace, catalogue: Catalogue) -> tuple[str, ...]:
    """Run what is out of date; the stages that could not be run, though every dataset was made.

    Raises:
        ConfigError: Data of a ``.dvc`` file differs from it, or the pipeline does not run.
        SettingsError: A dataset holds a link out of the repository, or a name that readers refuse.
    """
    sources = {out.path for out in ws.tracked.outputs if out.stage is None}
    given = [d.path for d in ws.settings.datasets if is_among(d.path, sources)]
    given += [d.path for d in ws.settings.datasets if any(is_among(s, [d.path]) for s in sources)]
    # Before DVC is asked, since it follows links.
    refuse_unfit_files(ws, given)
    failed = _brought_up_to_date(ws, catalogue)
    refuse_unfit_files(ws, [d.path for d in ws.settings.datasets if d.path not in given])
    return failed


def _brought_up_to_date(ws: Workspace, catalogue: Catalogue) -> tuple[str, ...]:
    refuse_changed_sources(ws)
    _take_newest_lock(ws, catalogue)
    with ws.progress.step(Step.STALE):
        stale = ws.dvc.stale_stages()
    if not stale:
        ws.progress.say("`dvc repro` is skipped because dvc.lock is up to date")
        return ()
    ws.progress.say("`dvc repro` runs the pipeline because dvc.lock is out of date")
    inputs = _inputs(ws)
    with ws.progress.step(Step.REPRODUCE):
        done = ws.dvc.restore() and _run(ws, inputs)
    if done:
        return ()
    if inputs == "made" and ws.dvc.missing():
        raise WorldError(
            "`dvc repro` failed: it needs data that is neither in DVC's cache nor on a remote that "
            "can be read from here. Its own output is above.",
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "Give access to the remote, as the lines above say. A check on GitHub has no "
                "credentials: it uses what the last release left in the cache "
                "(docs/adopt/workflows.md)."
            ),
        )
    outs = [out for out in ws.tracked.outputs if _serves(out, ws.settings.datasets)]
    makers = {out.address for out in outs if out.address is not None}
    failed = ws.dvc.stale_stages(sorted(makers)) if makers else ()
    if failed or not outs:
        what = f"{', '.join(failed)} could not be run" if failed else "no dataset was made"
        raise ConfigError(
            f"`dvc repro` failed: {what}. Its own output is above.",
            untouched="Nothing was pushed or tagged.",
            remedy="Correct the stage, then run the command again.",
        )
    return ws.dvc.stale_stages() or ("a stage",)


def _run(ws: Workspace, inputs: Inputs) -> bool:
    """Run the pipelines; False: a stage failed.

    A stage knows no address of a cluster. So what stages would compute of the datasets is computed
    here, between the stages that make them and the others, which find it in the memo.
    """
    if ws.settings.engine == "duckdb":
        return ws.dvc.repro(inputs=inputs)
    # By what dvc.yaml says: a first run has no lock that lists them.
    outs = [out for out in ws.dvc.outputs() if _serves(out, ws.settings.datasets)]
    makers = sorted({out.address for out in outs if out.address is not None})
    if makers and not ws.dvc.repro(inputs=inputs, targets=makers):
        return False
    ws.changed()
    refuse_unfit_files(ws, [dataset.path for dataset in ws.settings.datasets])
    now = work_tree_snapshot(ws)
    with ws.engine() as engine:
        for dataset in ws.settings.datasets:
            content = now.get(dataset.name)
            if content is not None:
                assess(ws, dataset, content, engine)
    return ws.dvc.repro(inputs=inputs)


def bring_outputs(ws: Workspace) -> None:
    """Bring into the cache what some remote gives of the pipelines' outputs and ``.dvc`` data."""
    for _ in ("files and listings", "the files that listings name"):
        ws.objects.bring(ws.objects.expanded(ws.dvc.hashes()))


def products_of(ws: Workspace) -> tuple[str, ...]:
    """What a run of the pipelines leaves for git: locks, and results that DVC does not cache."""
    return (*ws.tracked.locks, *ws.dvc.kept_by_git(), *ws.tracked.declared_results)


def is_among(path: str, products: Iterable[str]) -> bool:
    """``path`` is a product, or a file in one that is a directory."""
    return any(within(path, product) for product in products)


def dvc_files(ws: Workspace) -> tuple[str, ...]:
    """The ``.dvc`` files that datasets are made of."""
    return tuple(
        dict.fromkeys(
            out.source
            for out in ws.tracked.outputs
            if out.stage is None and _serves(out, ws.settings.datasets)
        )
    )


def _serves(out: Output, datasets: tuple[Dataset, ...]) -> bool:
    return any(overlap(out.path, dataset.path) for dataset in datasets)


def refuse_changed_sources(ws: Workspace) -> None:
    """Fails where data of a ``.dvc`` file differs from it.

    Raises:
        ConfigError: It does.
    """
    changed = ws.dvc.changed_sources(dvc_files(ws))
    if changed:
        raise not_recorded(changed)


def not_recorded(changed: Sequence[str]) -> ConfigError:
    """The error for data that differs from its ``.dvc`` files, with commands to paste."""
    data = shlex.join(path.removesuffix(".dvc") for path in changed)
    return ConfigError(
        f"The data in the work tree differs from {', '.join(changed)}.",
        remedy=f"Record it with `dvc add {data}` and commit, or bring the recorded data "
        f"back with `dvc checkout --force {shlex.join(changed)}`, which discards the edit.",
    )


def _inputs(ws: Workspace) -> Inputs:
    """Where the pipeline gets from what the work tree and the cache lack.

    A check of a pull request has no credentials: what it cannot fetch, it has to make.
    """
    if not ws.dvc.missing():
        return "here"
    for remote in ws.remotes:
        try:
            remote.stat([object_key(_NONE)])
        except WorldError as error:
            what = error.what.splitlines()[0]
            ws.progress.say(f"the remote {remote.name} cannot be read: {what}")
        else:
            return "pulled"
    ws.progress.say("`dvc repro` makes missing outputs again if their inputs are available")
    bring_outputs(ws)
    return "made"


def _take_newest_lock(ws: Workspace, catalogue: Catalogue) -> None:
    """Start from the lock of the newest version where that version's commit is not in HEAD.

    If main is protected, only the tag has the release commit with the newer lock. With that lock
    the pipeline need not run again, unless another lock was committed since. A lock of
    HEAD that fits its inputs (after a roll-back, for example) is never replaced.
    """
    newest, head = catalogue.latest, ws.git.resolve("HEAD")
    if newest is None or head is None or ws.git.is_ancestor(newest.commit, head):
        return
    base = ws.git.merge_base(newest.commit, head)
    mine = ws.git.read(head, LOCK)
    theirs = ws.git.read(newest.commit, LOCK)
    untouched = base is not None and mine == ws.git.read(base, LOCK) and ws.read(LOCK) == mine
    if not untouched or theirs is None or theirs == mine or not ws.dvc.stale_stages():
        return
    (ws.root / LOCK).write_bytes(theirs)
    ws.changed()
    ws.progress.say(
        f"dvc.lock is taken from {newest.tag}, because it is newer than the one of this branch"
    )
    # Reports that stages made belong to the lock: with older ones those stages would run again.
    for stage in ws.tracked.stages():
        for out in stage.outs:
            report = ws.git.read(newest.commit, out.path)
            if report is not None and ws.read(out.path) == ws.git.read(head, out.path):
                with replacing(ws.root / out.path) as scratch:
                    scratch.write_bytes(report)


_SHOWN = 8


def refuse_unfit_files(ws: Workspace, paths: Sequence[str]) -> None:
    """Nothing at ``paths`` (files or directories) leads out of the repository or is misnamed.

    Nor is anything there a pipe, a socket or a device.

    A link within the repository is the data that it leads to; one into DVC's cache is how DVC may
    lay files out.

    Raises:
        SettingsError: A symbolic link that leads elsewhere, a name that readers refuse, or no file.
    """
    root = ws.root.resolve()
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    homes = (str(top), os.path.realpath(ws.objects.cache.parent.parent))
    faults = dict(fault for path in dict.fromkeys(paths) for fault in _faults(root, path, homes))
    if not faults:
        return
    ignored = set(ws.dvc.ignored(tuple(faults)))
    problems = [
        Problem(where="".join(char if char.isprintable() else "\ufffd" for char in path), what=what)
        for path, what in faults.items()
        if path not in ignored
    ]
    if problems:
        more = len(problems) - _SHOWN
        last = [Problem(where="…", what=f"{more} more")] if more > 0 else []
        raise SettingsError(
            [*problems[:_SHOWN], *last],
            untouched="Nothing was pushed or tagged.",
            remedy=(
                "Replace a link by the file itself, rename the file, or exclude it with "
                ".dvcignore. Then run the command again."
            ),
        )


def _faults(root: Path, path: str, homes: Sequence[str]) -> Iterator[tuple[str, str]]:
    parts = path.split("/")
    for number in range(len(parts)):
        way = "/".join(parts[: number + 1])
        if (root / way).is_symlink() and (what := _link(root / way, homes)):
            yield way, what
            return
    yield from _inside(root, path, homes)


def _inside(root: Path, path: str, homes: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not (root / path).is_dir():
        return
    with os.scandir(root / path) as entries:
        for entry in entries:
            name = f"{path}/{entry.name}"
            fault = path_fault(entry.name)
            if fault:
                yield name, f"a file of a dataset cannot have this name: {fault}"
            elif entry.is_symlink():
                what = _link(Path(entry.path), homes)
                if what:
                    yield name, what
            elif entry.is_dir(follow_symlinks=False):
                yield from _inside(root, name, homes)
            elif not entry.is_file(follow_symlinks=False):
                # DVC would wait for a pipe to be written.
                yield name, "it is a pipe, a socket or a device, and not a file"


def _link(link: Path, homes: Sequence[str]) -> str | None:
    end = Path(os.path.realpath(link))
    top, cache = homes
    if end.is_relative_to(cache):
        return None
    if not end.is_relative_to(top):
        return f"it is a symbolic link that leads outside the repository, to {end}"
    inside = end.relative_to(top).as_posix()
    # Keys may be there (.dvc/config.local), and git's own files.
    return f"it is a symbolic link to {inside}" if {*inside.split("/")} & {".dvc", ".git"} else None
