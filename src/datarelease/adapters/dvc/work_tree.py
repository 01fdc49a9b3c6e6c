"""DVC's work tree: stages, their state, the run of a pipeline, the objects in the cache."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dvc.exceptions import ReproductionError

from datarelease.adapters.dvc.open import explain_unreachable, opened
from datarelease.adapters.dvc.program import DvcProgram
from datarelease.adapters.dvc.tracked import Output
from datarelease.model.stage_environment import StageEnvironment, stage_environment
from datarelease.progress import Progress

_MISSING = {"deleted", "not in cache"}
"""The words of DVC's status for data that are only absent from the work tree."""


Inputs = Literal["here", "pulled", "made"]
"""Where a stage gets the inputs that are not in the work tree: the cache has them all, DVC pulls
them from its default remote, or the stages before make them."""


@dataclass(frozen=True, kw_only=True)
class IndexedOutput(Output):
    """An output as DVC itself reads it: templates expanded, ignored files left out.

    Its ``source`` is the ``.dvc`` file or the ``dvc.yaml`` that declares it.
    """

    imported: bool
    """DVC fetches it from where it was imported, and from no remote of this repository."""

    @property
    def kept(self) -> bool:
        """``dvc push`` sends it to a remote of this repository, and ``dvc pull`` wants it there."""
        return self.md5 is not None and self.pushed and not self.imported


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
    ) -> None:
        """Use the repository at ``root``.

        Programs are started with ``env``; ``config`` is laid over DVC's own configuration. Stages
        see ``stages``, by default what they may see of ``env``. ``progress`` receives a message for
        each lock that is removed because its process has ended.
        """
        self.root = root
        self._program = DvcProgram(root, env=env, stages=stages or stage_environment(env))
        self._config = dict(config or {})
        self._progress = progress

    def stale_stages(self, targets: Sequence[str] = ()) -> tuple[str, ...]:
        """The stages whose commands, parameters or inputs differ from ``dvc.lock``.

        With ``targets`` (``make``, or ``folder/dvc.yaml:make``): of these stages and what they
        depend on; without, of every ``dvc.yaml`` of the repository.

        Needs no data: what is missing from the work tree counts as unchanged.
        """
        with self._repo() as repo:
            wanted = list(targets) or _pipelines(repo)
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
            never = _never_run(repo, targets)
        return tuple(dict.fromkeys([*stale, *never]))

    def changed_sources(self, dvc_files: Sequence[str]) -> tuple[str, ...]:
        """The ``.dvc`` files whose data in the work tree differ from what they record.

        Data that is not in the work tree is not a difference.
        """
        if not dvc_files:
            return ()
        changed = []
        with self._repo() as repo:
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
        with self._repo() as repo:
            root = self.root.resolve()
            return tuple(
                sorted(
                    Path(out.fs_path).relative_to(root).as_posix()
                    for out in repo.index.outs
                    if not out.use_cache and out.stage.cmd and out.protocol == "local"
                    and Path(out.fs_path).is_relative_to(root)
                )
            )  # fmt: skip

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
        return self._program.run("checkout", "--", *absent)

    def repro(self, *, inputs: Inputs) -> bool:
        """Run the stages that are out of date; False: one of them failed.

        A failed stage does not prevent the others from running. Output goes to standard error.
        """
        with self._repo() as repo:
            complete = not _never_run(repo, ())
            pipelines = _pipelines(repo)
        flags = ["--pull"] if inputs == "pulled" else []
        # With --allow-missing DVC takes a stage without inputs that never ran for up to date, and
        # leaves out what a stage could make and the next one needs.
        flags += ["--allow-missing"] if complete and inputs != "made" else []
        return self._program.run("repro", "--keep-going", *flags, *pipelines)

    def run_stage(self, address: str, *, pull: bool, env: Mapping[str, str]) -> int:
        """Exit code of ``dvc repro`` for one stage alone, which runs if it is out of date.

        ``pull`` lets DVC fetch what it misses; ``env`` is added to the environment. Output goes to
        our own streams. Interrupted, the command of the stage ends too.
        """
        flags = ["--pull"] if pull else []
        return self._program.supervised("repro", "--single-item", *flags, address, more=env)

    def reset(self) -> None:
        """Restore the outputs in the work tree that ``dvc.lock`` records; differing files are lost.

        What the cache lacks is gone from the work tree after that.
        """
        with self._repo() as repo:
            # It warns of stages that never ran.
            logging.getLogger("dvc_data").setLevel(logging.ERROR)
            repo.checkout(force=True, allow_missing=True)

    def checkout(self) -> bool:
        """Bring the data that ``dvc.lock`` and the ``.dvc`` files name into the work tree.

        False: the cache lacks some of it.
        """
        with self._repo():  # which looks after locks
            pass
        return self._program.run("checkout")

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """``dvc`` as installed beside this package, whatever PATH says."""
        return [sys.executable, "-P", "-m", "dvc", *arguments]

    def outputs(self) -> tuple[IndexedOutput, ...]:
        """What DVC tracks in the work tree and git does not hold, sorted by path.

        No remote is asked, and no data is needed. Outputs outside of the repository are none.
        """
        with self._repo() as repo:
            root = self.root.resolve()
            found = [
                _indexed(out, root)
                for out in repo.index.outs
                if out.use_cache and out.protocol == "local"
                and Path(out.fs_path).is_relative_to(root)
            ]  # fmt: skip
        return tuple(sorted(found, key=lambda out: out.path))

    def hashes(self) -> tuple[str, ...]:
        """Hashes of the outputs that ``dvc push`` would send for the work tree, sorted.

        A directory is the hash of its listing. What DVC 2 hashed is left out.
        """
        kept = (out for out in self.outputs() if out.kept and not out.legacy)
        return tuple(sorted({str(out.md5) for out in kept}))

    @contextmanager
    def _repo(self) -> Iterator[Any]:
        logging.getLogger("dvc").setLevel(logging.CRITICAL)
        # DVC looks for targets, and names stages, from the current directory.
        with (
            chdir(self.root),
            redirect_stdout(io.StringIO()),
            opened(self.root, config=self._config, progress=self._progress) as repo,
        ):
            yield repo


def _indexed(out: Any, root: Path) -> IndexedOutput:
    stage, md5 = out.stage, out.hash_info.value if out.hash_info else None
    return IndexedOutput(
        path=Path(out.fs_path).relative_to(root).as_posix(),
        md5=str(md5) if md5 else None,
        size=out.meta.size if out.meta else None,
        source=Path(stage.path).relative_to(root).as_posix(),
        stage=getattr(stage, "name", None),
        legacy=out.hash_name != "md5",
        remote=out.remote,
        pushed=bool(out.can_push),
        imported=stage.is_repo_import or stage.is_partial_import or stage.is_versioned_import,
    )


def _pipelines(repo: Any) -> list[str]:
    """Every ``dvc.yaml`` with stages, relative to the repository."""
    root = Path(repo.root_dir)
    files = {Path(stage.path) for stage in repo.index.stages if Path(stage.path).suffix == ".yaml"}
    return sorted(file.relative_to(root).as_posix() for file in files)


def _never_run(repo: Any, targets: Sequence[str]) -> list[str]:
    """The stages of the pipeline (those among ``targets``, if any) that no lock knows."""
    stages = [stage for stage in repo.index.stages if stage.addressing in targets or not targets]
    return [
        str(stage.addressing)
        for stage in stages
        if stage.cmd and not all(out.hash_info for out in stage.outs)
    ]


def _leaves(status: object) -> Iterator[object]:
    """The words of a status report, without the names of files that they are about."""
    if isinstance(status, dict | list):
        for part in status.values() if isinstance(status, dict) else status:
            yield from _leaves(part)
    else:
        yield status
