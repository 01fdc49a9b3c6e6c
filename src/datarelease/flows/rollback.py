"""Rolling back is rolling forward: a branch that holds the inputs of an older version."""

from __future__ import annotations

import io
import posixpath
from dataclasses import dataclass

from ruamel.yaml import YAML

from datarelease.adapters.tracked import outputs, stages
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.catalogue import read_catalogue
from datarelease.flows.clean import refuse_unclean
from datarelease.flows.workspace import Workspace
from datarelease.model.version import Version
from datarelease.settings import DATASETS_FILE, PARAMS_FILE, SECTION


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
    refuse_unclean(ws)
    head = ws.head()
    version = read_catalogue(ws.git, ws.tags).find(text)
    files = _restored(ws, version, head)
    if not files:
        raise ConfigError(
            f"HEAD already has everything of {version.tag}.",
            untouched="Nothing was changed.",
            remedy="There is nothing to roll back; `datarelease check` shows what HEAD would do.",
        )
    branch = f"rollback-to-{version.tag}"
    commit = ws.git.commit_files(head, files, f"Roll back to the data of {version.tag}")
    if not ws.git.new_branch(branch, commit):
        raise ConfigError(
            f"The branch {branch} exists and holds something else.",
            untouched="Nothing was changed.",
            remedy=f"Delete it (`git branch -D {branch}`) and run the command again.",
        )
    ws.git.switch(branch)
    return RolledBack(
        version=version,
        branch=branch,
        commit=commit,
        files=tuple(sorted(files)),
        data=_bring_data(ws),
    )


def _restored(ws: Workspace, version: Version, head: str) -> dict[str, bytes | None]:
    """The files that differ from the version's, with their content then; None: not there then."""
    then = version.commit
    read = ws.reader(then)
    tracked = set(ws.git.files(then))
    names = {DATASETS_FILE, "dvc.lock"}
    names |= {out.source for out in outputs(read, tracked)}
    for lock in [name for name in tracked if posixpath.basename(name) == "dvc.lock"]:
        for stage in stages(read, lock):
            names |= {item.path for item in (*stage.deps, *stage.outs) if item.path in tracked}
    names |= {name for name in tracked if _below_dependency(ws, version, name)}
    now = set(ws.git.files(head))
    gone = {name for name in now - tracked if name.endswith(".dvc")}
    files: dict[str, bytes | None] = {name: read(name) for name in names & tracked}
    files |= dict.fromkeys(gone)
    params = read(PARAMS_FILE)
    if params is not None:
        files[PARAMS_FILE] = _with_release_section(params, ws.git.read(head, PARAMS_FILE))
    return {name: content for name, content in files.items() if content != ws.git.read(head, name)}


def _below_dependency(ws: Workspace, version: Version, name: str) -> bool:
    """The lock of the version names a folder of tracked files as an input, and this is in it."""
    folders = {dep.path for stage in stages(ws.reader(version.commit)) for dep in stage.deps}
    return any(name.startswith(folder + "/") for folder in folders)


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
        tracked = outputs(ws.read, ws.git.files())
        hashes = [out.md5 for out in tracked if out.md5 and not out.legacy]
        for md5 in [md5 for md5 in hashes if md5.endswith(".dir")]:
            hashes += [file.md5 for file in ws.objects.tree(md5)]
        in_git = {out.md5 for out in tracked if ws.git.read("HEAD", out.path) is not None}
        ws.objects.ensure(md5 for md5 in hashes if md5 not in in_git)
    except WorldError as error:
        ws.progress.say(f"the data was not fetched: {error.what}")
        return False
    return ws.dvc.checkout()
