"""Stands in for actions/cache/save: keeps paths under a key of the ref; a key is never replaced."""

from __future__ import annotations

import shutil
import sys

from tests.forge.actions.restore_cache import cache_folder
from tests.forge.actions.scene import given, lines, say, scene, workspace


def main() -> int:
    """Saves as told; what cannot be saved is a warning."""
    target = cache_folder(scene()["scopes"][0]) / given("key")
    paths = [workspace() / line for line in lines("path")]
    there = [path for path in paths if path.exists()]
    if not there:
        say("::warning::Path Validation Error: Path(s) specified in the action do not exist")
        return 0
    if target.exists():
        say(f"Failed to save: Unable to reserve cache with key {given('key')}")
        return 0
    for path in there:
        copy = target / path.relative_to(workspace())
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
        else:
            shutil.copyfile(path, copy)
    say(f"Cache saved with key: {given('key')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
