"""A clone of our own below ``.dvc/tmp``, where proposals are made and checked.

No user's work tree is changed. Whatever a process that was killed left here, the next one brings
the clone to a commit of the remote first; nothing on it is worth keeping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from datarelease.adapters.dvc.config import lend_config
from datarelease.adapters.dvc.tracked import TrackedState, find_root
from datarelease.adapters.git.scratch_clone import ScratchGit, find_origin, lent_settings, place_in
from datarelease.app.github import environment_for, github_access
from datarelease.app.wiring import PACKAGE, git_environment, timeout_at, with_git_settings
from datarelease.app.workspace import open_workspace
from datarelease.errors import ConfigError, WorldError
from datarelease.flows.repository import Workspace
from datarelease.ingest.access import locked, read_plan
from datarelease.model.data.stream import Stream, StreamPlan
from datarelease.progress import Progress
from datarelease.settings.artifacts import DATASETS_FILE
from datarelease.settings.places import PARAMS_FILE
from datarelease.settings.read import read_settings

_SECRET = ("GITHUB_TOKEN", "GH_TOKEN")
"""What stages of a pipeline have no business with."""


class ScratchClone:
    """A clone of the repository around ``root``, for one process at a time."""

    def __init__(self, start: Path, *, env: Mapping[str, str], progress: Progress) -> None:
        """Nothing is made yet; GitHub, its token and all programs' settings come from ``env``.

        Raises:
            ConfigError: No DVC repository in a git repository with an origin.
        """
        self.source = find_root(start)
        self._env = {name: value for name, value in env.items() if name not in _SECRET}
        self._progress = progress
        quiet = git_environment(self._env)
        url = find_origin(self.source, env=quiet)
        if url is None:
            raise ConfigError(
                "There is no git remote 'origin'.",
                untouched="Nothing was proposed.",
                remedy="A proposal needs a git remote that all users share: `git remote add origin "
                "URL`.",
            )
        self._url = url
        self.github = github_access(env, url)
        inside = place_in(self.source, env=quiet)
        self.directory = inside.as_posix()
        """Of the DVC root in the git repository."""
        place = self.source / ".dvc" / "tmp" / PACKAGE / "desk"
        self.git = ScratchGit(
            place,
            place / inside,
            # As in the repository itself, and where that has no credentials, with the token.
            env=environment_for(
                url, self.github, with_git_settings(quiet, lent_settings(self.source, env=quiet))
            ),
            timeout=timeout_at(self.source),
        )
        self.branch = ""
        """The remote's default branch; known after ``refresh``."""
        self.heads: Mapping[str, str] = {}
        """The remote's branches when ``refresh`` looked."""

    def say(self, line: str) -> None:
        """Tell of a step."""
        self._progress.say(line)

    def at(self, commit: str) -> TrackedState:
        """What DVC tracked at a commit, and its files."""
        return TrackedState(partial(self.git.read, commit), partial(self.git.files, commit))

    def stream_at(self, commit: str, name: str) -> Stream:
        """The settings of a stream at a commit of the default branch.

        Raises:
            ConfigError: It has no such stream.
        """
        tracked = self.at(commit)
        settings = read_settings(
            tracked.mapping(DATASETS_FILE), tracked.mapping(PARAMS_FILE), tracked.artifacts
        )
        stream = settings.stream(name)
        if stream is None:
            known = ", ".join(found.name for found in settings.streams) or "none"
            raise ConfigError(
                f"params.yaml on {self.branch} of the git remote has no stream {name!r} (it has: "
                f"{known}).",
                remedy=f"Add it with `datarelease ingest add {name}`, and merge that first.",
            )
        return stream

    def plan_at(self, commit: str, stream: Stream) -> StreamPlan | None:
        """The plan of a stream at a commit that is here; None: nothing was planned yet.

        Raises:
            ConfigError: It cannot be used.
            WorldError: The commit is not here.
        """
        return read_plan(self.git.read(self.git.fetch(commit), stream.plan_file), stream)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The clone is locked for this process until the block ends.

        Raises:
            WorldError: Another process has it.
        """
        busy = WorldError(
            f"Another process is at work in {self.git.place}.",
            untouched="Nothing was changed.",
            remedy="Wait for it to end and run the command again. If it was killed, a program that "
            "it started may still run.",
        )
        with locked(self.git.place.with_name("desk.lock"), busy):
            yield

    def refresh(self) -> str:
        """The newest commit of the remote's default branch, which the clone now holds.

        Raises:
            ConfigError: The remote has no default branch.
            WorldError: The remote does not answer.
        """
        self.git.make(self._url)
        default, self.heads = self.git.advertised()
        if default is None or default not in self.heads:
            raise ConfigError(
                "The git remote has no default branch: nothing was ever pushed to it, or its HEAD "
                "names a branch that is not there.",
                untouched="Nothing was proposed.",
                remedy="Push the branch that data is released from.",
            )
        self.branch = default
        return self.git.tip(default)

    def check_out(self, commit: str) -> Workspace:
        """The work tree of ``commit``, with the data that its lock names where the cache has it.

        Raises:
            ConfigError: It is not a DVC repository, or its settings cannot be used.
        """
        self.git.take(commit)
        return self.opened()

    def opened(self) -> Workspace:
        """The work tree as git left it, with its data."""
        root = self.git.root
        if not (root / ".dvc" / "config").is_file():
            raise ConfigError(
                f"The branch {self.branch} of the git remote has no .dvc/config.",
                untouched="Nothing was proposed.",
                remedy="Push the commit that made this a DVC repository.",
            )
        lend_config(self.source / ".dvc", root / ".dvc")
        ws = open_workspace(root, progress=self._progress, env=self._env, git=self.git)
        ws.dvc.reset()
        return ws
