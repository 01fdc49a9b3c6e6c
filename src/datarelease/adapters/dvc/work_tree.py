"""DVC's work tree: stages, their state, the run of a pipeline, the objects in the cache."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, Literal

from dvc.exceptions import ReproductionError
from dvc.repo import lock_repo

from datarelease.adapters.dvc.index import IndexedOutput, IndexView, read_index
from datarelease.adapters.dvc.open import DvcRepository, explain_unreachable
from datarelease.adapters.dvc.private import look_once
from datarelease.adapters.dvc.program import DvcProgram
from datarelease.model.stage_environment import StageEnvironment, stage_environment
from datarelease.progress import Progress

_MISSING = {"deleted", "not in cache"}
"""The words of DVC's status for data that are only absent from the work tree."""


Inputs = Literal["here", "pulled", "made"]
"""Where a stage gets the inputs that are not in the work tree: the cache has them all, DVC pulls
them from its default remote, or the stages before make them."""


class Dvc:
    """The DVC repository at ``root``."""

    def __init__(
        self,
        root: Path,
        *,
        env: Mapping[str, str],
        config: Mapping[str, Any] | None = None,
        stages: StageEnvironment | None = None,
        progress: Progress | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """Use the repository at ``root``.

        Programs are started with ``env``; ``config`` is laid over DVC's own configuration. Stages
        see ``stages``, by default what they may see of ``env``. ``progress`` receives a message for
        each lock that is removed because its process has ended. ``on_change`` is called after DVC
        may have written into the work tree.
        """
        self.root = root
        stages = stages or stage_environment(env)
        self._program = DvcProgram(root, env=env, stages=stages, config=config)
        self._repository = DvcRepository(root, config=config, progress=progress)
        self._on_change = on_change
        self._known: IndexView | None = None
        self._looked_up: dict[tuple[str, str], Any] = {}
        """What ``changed_sources`` found out; the first ``stale_stages`` after it takes it."""

    def forget(self) -> None:
        """Read everything anew from now on: files of DVC were changed."""
        self._repository.close()
        self._known = None
        self._looked_up = {}

    def stale_stages(self, targets: Sequence[str] = ()) -> tuple[str, ...]:
        """The stages whose commands, parameters or inputs differ from ``dvc.lock``.

        With ``targets`` (``make``, or ``folder/dvc.yaml:make``): of these stages and what they
        depend on; without, of every ``dvc.yaml`` of the repository.

        Needs no data: what is missing from the work tree counts as unchanged.
        """
        known, self._looked_up = self._looked_up, {}
        # Under one lock DVC reads its files once for all of this.
        with self._repo() as repo, lock_repo(repo), look_once(known):
            # What was known before may be older than the work of another process.
            view = self._known = read_index(repo, self.root.resolve())
            wanted = list(targets or view.pipelines)
            if not wanted:
                return ()
            try:
                changed = repo.reproduce(wanted, dry=True, allow_missing=True)
                stale = [str(stage.addressing) for stage in changed]
            except ReproductionError:
                # An input is missing that a stage before would make: the dry run ends there.
                with explain_unreachable(repo):
                    status = repo.status(targets=wanted, with_deps=True, check_updates=False)
                stale = [name for name, words in status.items() if {*_leaves(words)} - _MISSING]
                stale = stale or list(status)
        never = [address for address in view.never_run if address in targets or not targets]
        return tuple(dict.fromkeys([*stale, *never]))

    def changed_sources(self, dvc_files: Sequence[str]) -> tuple[str, ...]:
        """The ``.dvc`` files whose data in the work tree differ from what they record.

        Data that is not in the work tree is not a difference.
        """
        if not dvc_files:
            return ()
        changed = []
        self._looked_up = {}
        with self._repo() as repo, lock_repo(repo), look_once(self._looked_up):
            self._view(repo)
            for path in dvc_files:
                # Whether an import has news does not concern the work tree, and needs a network.
                status = repo.status(targets=[str(self.root / path)], check_updates=False)
                if "modified" in _leaves(status):
                    changed.append(path)
        return tuple(changed)

    def ignored(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Those of ``paths`` in the work tree that ``.dvcignore`` excludes."""
        with self._repo() as repo:
            return tuple(
                path for path in paths if repo.dvcignore.is_ignored(repo.fs, str(self.root / path))
            )

    def missing(self) -> bool:
        """Some output is neither in the work tree nor in the cache."""
        with self._repo() as repo:
            return any(
                out.use_cache and out.hash_info and not out.exists and out.changed_cache()
                for out in repo.index.outs
            )

    def kept_by_git(self) -> tuple[str, ...]:
        """Paths of outputs that git holds (``cache: false``): metrics, plots, reports.

        As the pipelines declare them, whatever a lock says.
        """
        return self._view().kept_by_git

    def restore(self) -> bool:
        """Check out outputs that only the cache has; False: DVC failed.

        A stage that runs finds its inputs then; DVC itself only does this for what it pulls.
        """
        with self._repo() as repo:
            absent = [
                str(Path(out.fs_path).relative_to(self.root.resolve()))
                for out in repo.index.outs
                if out.use_cache and out.hash_info and not out.exists and not out.changed_cache()
            ]
        if not absent:
            return True
        return self._run("checkout", "--", *absent)

    def repro(self, *, inputs: Inputs, targets: Sequence[str] = ()) -> bool:
        """Run the stages that are out of date; False: one of them failed.

        With ``targets``, addresses of stages, these and what they need.

        A failed stage does not prevent the others from running. Output goes to standard error.
        """
        view = self._view()
        flags = ["--pull"] if inputs == "pulled" else []
        # With --allow-missing DVC takes a stage without inputs that never ran for up to date, and
        # leaves out what a stage could make and the next one needs.
        flags += ["--allow-missing"] if inputs != "made" and not view.never_run else []
        return self._run("repro", "--keep-going", *flags, *(targets or view.pipelines))

    def run_stage(self, address: str, *, pull: bool, env: Mapping[str, str]) -> int:
        """Exit code of ``dvc repro`` for one stage alone, which runs if it is out of date.

        ``pull`` lets DVC fetch what it misses; ``env`` is added to the environment. Output goes to
        our own streams. Interrupted, the command of the stage ends too.
        """
        flags = ["--pull"] if pull else []
        try:
            return self._program.supervised("repro", "--single-item", *flags, address, more=env)
        finally:
            self._changed()

    def _run(self, *arguments: str) -> bool:
        self.forget()  # nothing of ours is open while DVC writes
        try:
            return self._program.run(*arguments)
        finally:
            self._changed()

    def _changed(self) -> None:
        self.forget()
        self._on_change()

    def reset(self) -> None:
        """Restore the outputs in the work tree that ``dvc.lock`` records; differing files are lost.

        What the cache lacks is gone from the work tree after that.
        """
        with self._repo() as repo:
            # It warns of stages that never ran.
            logging.getLogger("dvc_data").setLevel(logging.ERROR)
            repo.checkout(force=True, allow_missing=True)
        self._changed()

    def checkout(self) -> bool:
        """Bring the data that ``dvc.lock`` and the ``.dvc`` files name into the work tree.

        False: the cache lacks some of it.
        """
        with self._repo():  # which looks after locks
            pass
        return self._run("checkout")

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """``dvc`` as installed beside this package, whatever PATH says."""
        return [sys.executable, "-P", "-m", "dvc", *arguments]

    def outputs(self) -> tuple[IndexedOutput, ...]:
        """What DVC tracks in the work tree and git does not hold, sorted by path.

        No remote is asked, and no data is needed. Outputs outside of the repository are none.
        """
        return self._view().outputs

    def hashes(self) -> tuple[str, ...]:
        """Hashes of the outputs that ``dvc push`` would send for the work tree, sorted.

        A directory is the hash of its listing. What DVC 2 hashed is left out.
        """
        kept = (out for out in self.outputs() if out.kept and not out.legacy)
        return tuple(sorted({str(out.md5) for out in kept}))

    def _view(self, repo: Any = None) -> IndexView:
        """What the index of ``repo`` (None: it is opened) says, read once."""
        if self._known is None and repo is None:
            with self._repo() as opened:
                return self._view(opened)
        if self._known is None:
            self._known = read_index(repo, self.root.resolve())
        return self._known

    @contextmanager
    def _repo(self) -> Iterator[Any]:
        logging.getLogger("dvc").setLevel(logging.CRITICAL)
        # DVC looks for targets, and names stages, from the current directory.
        with (
            chdir(self.root),
            redirect_stdout(io.StringIO()),
            self._repository.use() as repo,
        ):
            yield repo


def _leaves(status: object) -> Iterator[object]:
    """The words of a status report, without the names of files that they are about."""
    if isinstance(status, dict | list):
        for part in status.values() if isinstance(status, dict) else status:
            yield from _leaves(part)
    else:
        yield status
