"""The tool itself as jobs find it: in the runner's tool directory, as if installed before."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from tests.forge.records import Repository
from tests.forge.stand_ins import exported
from tests.forge.workflows import resolve


def installed(
    repository: Repository, ref: str, cache: Path, environment: Path = Path(sys.prefix)
) -> Path:
    """``cache``, with what ``action/install.py`` of ``repository`` at ``ref`` would leave there.

    What is installed is this project as these tests run it: its ``environment``, with an editable
    installation. Nothing is downloaded.
    """
    sha = resolve(repository, ref)
    assert sha is not None, f"no such ref: {ref}"
    tree = exported(repository, sha, cache / "trees" / sha)
    program = runpy.run_path(str(tree / "action" / "install.py"))
    folder = cache / "datarelease" / program["fingerprint"]()
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "environment").symlink_to(environment)
        (folder / program["DONE"]).touch()
    return cache
