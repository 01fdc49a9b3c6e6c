"""Stands in for actions/upload-pages-artifact: the same archive, into a folder of the run.

Held to the pinned v5.0.0, which packs a directory into `artifact.tar`: links become the files that
they lead to, and nothing is packed whose name, or a folder of whose, begins with a dot.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

from tests.forge.actions.scene import fail, given, is_true, put, say, scene, workspace

NEVER = {".git", ".github"}


def main() -> int:
    """Packs and uploads as told."""
    source, told = workspace() / given("path"), scene()
    if not source.is_dir():
        fail(f"tar: {given('path')}: Cannot open: No such file or directory")
    target = Path(told["artifacts"]) / str(told["run_id"]) / given("name") / "artifact.tar"
    if target.exists():
        fail("Failed to CreateArtifact: (409) an artifact with this name already exists")
    target.parent.mkdir(parents=True)
    hidden = is_true("include-hidden-files")

    def chosen(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        name = Path(member.name).name
        return None if name in NEVER or (name.startswith(".") and not hidden) else member

    with tarfile.open(target, "w", dereference=True) as archive:
        for path in sorted(source.iterdir()):
            archive.add(path, path.name, filter=chosen)
    put("GITHUB_OUTPUT", "artifact_id", "1")
    say(f"Artifact {given('name')} has been successfully uploaded")
    return 0


if __name__ == "__main__":
    sys.exit(main())
