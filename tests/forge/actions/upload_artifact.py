"""Stands in for actions/upload-artifact: the same choice of files, into a folder of the run."""

from __future__ import annotations

import glob
import os
import re
import shutil
import sys
from pathlib import Path

from tests.forge.actions.scene import fail, given, is_true, lines, put, say, scene, workspace

MAGIC = re.compile(r"[*?\[]")


def main() -> int:
    """Uploads as told."""
    name = given("name")
    if re.search(r'["<>:|*?\r\n\\/]', name):
        fail(f"The artifact name is not valid: {name}")
    files, root = chosen(lines("path"), hidden=is_true("include-hidden-files"))
    if not files:
        message = f"No files were found with the provided path: {given('path')}."
        if given("if-no-files-found") == "error":
            fail(message)
        say(message if given("if-no-files-found") == "ignore" else f"::warning::{message}")
        return 0
    told = scene()
    target = Path(told["artifacts"]) / str(told["run_id"]) / name
    if target.exists():
        if not is_true("overwrite"):
            fail("Failed to CreateArtifact: (409) an artifact with this name already exists")
        shutil.rmtree(target)
    for file in files:
        copy = target / file.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)  # neither modes nor links survive
    put("GITHUB_OUTPUT", "artifact-id", "1")
    say(f"Artifact {name} has been successfully uploaded: {len(files)} file(s)")
    return 0


def chosen(patterns: list[str], *, hidden: bool) -> tuple[list[Path], Path]:
    """The files of ``patterns``, and the folder that their names in the artifact are told from.

    That folder is the one pattern's own, or what the patterns have in common; of a pattern with
    wildcards it is the part before the first.
    """
    found: set[Path] = set()
    starts = []
    for pattern in patterns:
        whole = os.path.normpath(workspace() / pattern.removeprefix("!"))
        matched = {file for path in glob.glob(whole, recursive=True, include_hidden=True)  # noqa: PTH207
                   for file in _below(Path(path))}  # fmt: skip
        if pattern.startswith("!"):
            found -= matched
            continue
        found |= matched
        parts = Path(whole).parts
        plain = next((n for n, part in enumerate(parts) if MAGIC.search(part)), len(parts))
        starts.append(Path(*parts[:plain]))
    if not hidden:
        found = {it for it in found if not _is_hidden(it.relative_to(workspace()))}
    files = sorted(found)
    if len(starts) == 1:
        root = starts[0].parent if files == starts else starts[0]
    else:
        root = Path(os.path.commonpath(starts)) if starts else workspace()
        root = root.parent if root.is_file() else root
    return files, root


def _below(path: Path) -> list[Path]:
    return [it for it in path.rglob("*") if it.is_file()] if path.is_dir() else [path]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


if __name__ == "__main__":
    sys.exit(main())
