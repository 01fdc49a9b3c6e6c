"""What DVC's index of the work tree says, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datarelease.adapters.dvc.tracked import Output


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


@dataclass(frozen=True, kw_only=True)
class IndexView:
    """The outputs and pipelines of the work tree as DVC itself reads them."""

    outputs: tuple[IndexedOutput, ...]
    """What git does not hold, sorted by path."""
    kept_by_git: tuple[str, ...]
    """Paths of outputs that git holds, sorted."""
    pipelines: tuple[str, ...]
    """Every ``dvc.yaml`` with stages."""
    never_run: tuple[str, ...]
    """Addresses of the stages that no lock knows."""


def read_index(repo: Any, root: Path) -> IndexView:
    """What the index of ``repo`` (``dvc.repo.Repo``) says; outputs outside of ``root`` are none."""
    stages = list(repo.index.stages)
    outs = [
        out for out in repo.index.outs
        if out.protocol == "local" and Path(out.fs_path).is_relative_to(root)
    ]  # fmt: skip
    yaml = {Path(stage.path) for stage in stages if Path(stage.path).suffix == ".yaml"}
    return IndexView(
        outputs=tuple(
            sorted((_indexed(out, root) for out in outs if out.use_cache), key=lambda out: out.path)
        ),
        kept_by_git=tuple(
            sorted(
                Path(out.fs_path).relative_to(root).as_posix()
                for out in outs
                if not out.use_cache and out.stage.cmd
            )
        ),
        pipelines=tuple(sorted(path.relative_to(repo.root_dir).as_posix() for path in yaml)),
        never_run=tuple(
            str(stage.addressing)
            for stage in stages
            if stage.cmd and not all(out.hash_info for out in stage.outs)
        ),
    )


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
