"""``dvc`` as a program: how it is started, and the meaning of its exit code."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datarelease.adapters.dvc import stages as dvc_stages
from datarelease.adapters.dvc.open import busy, opened
from datarelease.adapters.process import run_shown, shield, supervise
from datarelease.errors import WorldError
from datarelease.model.stage_environment import StageEnvironment

_LITTLE = 1 << 20
"""Free bytes of a disk that counts as full."""


class DvcProgram:
    """``dvc`` in one repository; its stages see less than it is given."""

    def __init__(
        self,
        root: Path,
        *,
        env: Mapping[str, str],
        stages: StageEnvironment,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Start it in ``root`` with ``env``, and let its stages see ``stages``.

        ``config`` is laid over DVC's own configuration.
        """
        self._config = config
        self.root = root
        self._env = env
        self._stages = stages

    def run(self, *arguments: str) -> bool:
        """``dvc ARGUMENTS`` ended well; False: it failed. Output goes to standard error.

        Raises:
            WorldError: Another process is at work here, or a disk is full or broken.
        """
        shield()
        code = run_shown(
            self._command(*arguments), cwd=self.root, env=self._stages.seen, stdin=self._secrets()
        )
        self._refuse_world(code)
        return code == 0

    def supervised(self, *arguments: str, more: Mapping[str, str]) -> int:
        """Exit code of ``dvc ARGUMENTS``, whose stages see ``more`` as well.

        Output goes to our own streams. Interrupted, the command of a stage ends too.
        """
        shield()
        seen = {**self._stages.seen, **more}
        code = supervise(self._command(*arguments), cwd=self.root, env=seen, stdin=self._secrets())
        self._refuse_world(code)
        return code

    @staticmethod
    def _command(*arguments: str) -> list[str]:
        # -P: Python must not import files of the repository, which may be called like modules.
        return [sys.executable, "-P", "-m", dvc_stages.MODULE, *arguments]

    def _secrets(self) -> bytes:
        """Variables that DVC gets and its stages do not."""
        return dvc_stages.message(self._env, self._stages, self._config)

    def _refuse_world(self, code: int) -> None:
        if code == dvc_stages.BUSY:
            raise busy(self.root)
        full = self._full() if code else ()
        if code == dvc_stages.DISK or full:
            where = f" ({', '.join(full)})" if full else ""
            raise WorldError(
                f"DVC failed because a disk is full or broken{where}. Its own output is above.",
                untouched="Nothing was pushed or tagged.",
                remedy="Free space on the disks of the repository, of DVC's cache and of the "
                "temporary directory (TMPDIR), then run the same command again.",
            )

    def _full(self) -> tuple[str, ...]:
        """The directories that DVC and the stages write to and whose disk is nearly full."""
        with opened(self.root) as repo:
            cache = str(repo.cache.local.path)
        temporary = self._stages.seen.get("TMPDIR") or tempfile.gettempdir()
        places = (str(self.root), cache, temporary)
        there = [place for place in places if Path(place).is_dir()]
        return tuple(place for place in there if shutil.disk_usage(place).free < _LITTLE)
