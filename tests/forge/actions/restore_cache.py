"""Stands in for actions/cache/restore: looks in the caches of the ref, then of its bases."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from tests.forge.actions.scene import fail, given, is_true, lines, put, say, scene, workspace


def cache_folder(scope: str) -> Path:
    """Where the caches of the ref ``scope`` are, each under its key."""
    return Path(scene()["caches"]) / scope.replace("/", "-") / version()


def version() -> str:
    """A cache is only found with the paths that it was saved with."""
    return hashlib.sha256(given("path").encode()).hexdigest()[:12]


def main() -> int:
    """Restores as told."""
    key, found = given("key"), None
    for scope in scene()["scopes"]:
        folder = cache_folder(scope)
        every = list(folder.iterdir()) if folder.exists() else []
        every.sort(key=lambda it: it.stat().st_mtime)
        for prefix in (key, *lines("restore-keys")):
            exact = [it for it in every if it.name == prefix]
            starting = exact or [it for it in every if it.name.startswith(prefix)]
            found = found or (starting[-1] if starting else None)
    put("GITHUB_OUTPUT", "cache-primary-key", key)
    put("GITHUB_OUTPUT", "cache-hit", "" if found is None else str(found.name == key).lower())
    if found is None:
        if is_true("fail-on-cache-miss"):
            fail(f"Failed to restore cache entry. Input key: {key}")
        say(f"Cache not found for input keys: {key}")
        return 0
    shutil.copytree(found, workspace(), dirs_exist_ok=True, symlinks=True)
    put("GITHUB_OUTPUT", "cache-matched-key", found.name)
    say(f"Cache restored from key: {found.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
