"""Rolling back is rolling forward: a branch that holds the inputs of an older version."""

from __future__ import annotations

import io
import posixpath
from dataclasses import dataclass
from shlex import quote

from ruamel.yaml import YAML

from datarelease.adapters.dvc.tracked import LOCK
from datarelease.adapters.git.objects import Content
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.check.clean import refuse_unclean
from datarelease.flows.repository import Workspace, find_version
from datarelease.model.paths import own_paths
from datarelease.model.versions.version import Version
from datarelease.progress import Step
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE, SECTION


@dataclass(frozen=True, kw_only=True)
class RolledBack:
    """A branch that brings the data of an older version back."""

    version: Version
    branch: str
    commit: str
    files: tuple[str, ...]
    """What it restores."""
    data: bool
    """The data is in the work tree; False: `dvc pull` has to bring it."""


def rollback(ws: Workspace, text: str) -> RolledBack:
    """A new branch on HEAD with the inputs of a version, checked out with its data.

    Restored are params.yaml (but for its ``release:`` section: policy is of today), dvc.yaml,
    dvc.lock, the ``.dvc`` files, the reports, and every file in git that the lock names as an
    input. Releasing the branch, or merging it, mints the next version with that data.

    Raises:
        ConfigError: No such version, an unclean work tree, or the branch exists.
    """
    refuse_unclean(ws, ws.git.changed())
    head = ws.head()
    version = find_version(ws, text)
    branch = f"rollback-to-{version.tag}"
    files = _restored(ws, version.commit, head)
    if files:
        commit = ws.git.commit_files(head, files, f"Roll back to the data of {version.tag}")
        with ws.progress.step(Step.BRANCH):
            made = ws.git.new_branch(branch, commit)
        if not made:
            raise ConfigError(
                f"The branch {branch} exists and has other content.",
                remedy=f"Delete it (`git branch -D {quote(branch)}`) and run the command again.",
            )
        with ws.progress.step(Step.SWITCH):
            ws.git.switch(branch)
        ws.changed()
    elif ws.git.branch() == branch:
        # An earlier run was stopped after the switch: what it restores is in git already.
        commit = head
        files = _restored(ws, version.commit, f"{head}^")
    else:
        raise ConfigError(
            f"HEAD already has everything of {version.tag}.",
            remedy="There is nothing to roll back; `datarelease check` shows what HEAD would do.",
        )
    return RolledBack(
        version=version,
        branch=branch,
        commit=commit,
        files=tuple(sorted(files)),
        data=_bring_data(ws),
    )


def _restored(ws: Workspace, commit: str, head: str) -> dict[str, Content]:
    """The files that differ from those at ``commit``, as they were then; None: not there then."""
    then, now = ws.git.tree(commit), ws.git.tree(head)
    tracked, state = set(own_paths(then)), ws.at(commit)
    locks = [name for name in tracked if posixpath.basename(name) == LOCK]
    locked = [stage for lock in locks for stage in state.stages(lock)]
    names = {DATASETS_FILE, LOCK, *state.artifacts}
    names |= {out.source for out in state.outputs}
    names |= {item.path for stage in locked for item in (*stage.deps, *stage.outs)}
    folders = tuple({f"{dep.path}/" for stage in locked for dep in stage.deps})
    names |= {name for name in tracked if name.startswith(folders)}
    gone = {name for name in set(own_paths(now)) - tracked if name.endswith(".dvc")}
    files: dict[str, Content] = {
        name: then[name] for name in names & tracked if then[name] != now.get(name)
    }
    files |= dict.fromkeys(gone)
    params = state.read(PARAMS_FILE)
    if params is not None:
        today = ws.git.read(head, PARAMS_FILE)
        merged = _with_release_section(params, today)
        files.pop(PARAMS_FILE, None)
        files |= {PARAMS_FILE: merged} if merged != today else {}
    return files


def _with_release_section(then: bytes, now: bytes | None) -> bytes:
    """The params of then with the ``release:`` section of now, comments kept."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    old = yaml.load(then.decode())
    new = yaml.load(now.decode()) if now is not None else None
    if not isinstance(old, dict) or not isinstance(new, dict):
        return then
    if old.get(SECTION) == new.get(SECTION):
        return then
    old.pop(SECTION, None)
    if SECTION in new:
        old[SECTION] = new[SECTION]
    buffer = io.BytesIO()
    yaml.dump(old, buffer)
    return buffer.getvalue()


def _bring_data(ws: Workspace) -> bool:
    """Check the data out, fetched where the cache lacks it; False: it could not be had."""
    try:
        hashes = list(ws.dvc.hashes())
        for md5 in [md5 for md5 in hashes if md5.endswith(".dir")]:
            hashes += [file.md5 for file in ws.objects.tree(md5)]
        ws.objects.ensure(hashes)
    except WorldError as error:
        ws.progress.say(f"the data was not fetched: {error.what}")
        return False
    with ws.progress.step(Step.CHECKOUT):
        return ws.dvc.checkout()
