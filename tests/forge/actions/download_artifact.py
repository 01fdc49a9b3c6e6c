"""Stands in for actions/download-artifact, from the folder of a run.

Held to the pinned v8.0.1, whose `src/download-artifact.ts` puts what a name asked for, what is
merged **and a single artifact that a pattern matched** straight into `path`, and only several into
folders of their names.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.forge.actions.scene import fail, given, is_true, put, say, scene, workspace


def main() -> int:
    """Downloads as told."""
    told, run_id = scene(), given("run-id")
    if given("github-token"):
        _may_see(run_id)
    elif run_id != str(told["run_id"]):
        fail("Artifact not found: another run's needs github-token")
    folder = Path(told["artifacts"]) / run_id
    every = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    name, target = given("name"), workspace() / given("path")
    if name and name not in every:
        fail(f"Unable to download artifact(s): Artifact not found for name: {name}")
    names = [name] if name else fnmatch.filter(every, given("pattern") or "*")
    for found in names:
        flat = bool(name) or is_true("merge-multiple") or len(names) == 1
        shutil.copytree(folder / found, target if flat else target / found, dirs_exist_ok=True)
        say(f"Artifact {found} was downloaded")
    target.mkdir(parents=True, exist_ok=True)
    put("GITHUB_OUTPUT", "download-path", str(target))
    return 0


def _may_see(run_id: str) -> None:
    """Asks the API with the token: other runs' artifacts take ``actions: read``."""
    place = f"{os.environ['GITHUB_API_URL']}/repos/{given('repository')}/actions/runs/{run_id}"
    request = urllib.request.Request(  # noqa: S310 (the address of the fake GitHub)
        place, headers={"Authorization": f"Bearer {given('github-token')}"}
    )
    context = ssl.create_default_context(cafile=os.environ["NODE_EXTRA_CA_CERTS"])
    try:
        with urllib.request.urlopen(request, context=context) as reply:  # noqa: S310
            json.loads(reply.read())
    except urllib.error.HTTPError as error:
        fail(f"Unable to download artifact(s): {json.loads(error.read())['message']}")


if __name__ == "__main__":
    sys.exit(main())
