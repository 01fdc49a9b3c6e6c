"""Stands in for actions/deploy-pages: the files of this run's artifact become the pages.

It refuses what GitHub refuses to deploy, in the words of the pinned v5.0.0 where they are its own.
"""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path

from tests.forge.actions.scene import fail, given, put, say, scene

ENVIRONMENT = "github-pages"


def main() -> int:
    """Deploys as told."""
    told, name = scene(), given("artifact_name")
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
        fail('Ensure GITHUB_TOKEN has permission "id-token: write".')
    artifact = Path(told["artifacts"]) / str(told["run_id"]) / name / "artifact.tar"
    if not artifact.exists():
        fail(f'No artifacts named "{name}" were found for this workflow run.')
    if told["permissions"].get("pages") != "write":
        fail('(status: 403) Ensure GITHUB_TOKEN has permission "pages: write".')
    if not told["environment"]:
        fail("(status: 400) Missing environment: the deployment job has none")
    if told["environment"] != ENVIRONMENT:
        fail(f"(status: 400) Invalid environment: {told['environment']} is not {ENVIRONMENT}")
    if not told["pages_enabled"]:
        fail("(status: 404) Ensure GitHub Pages has been enabled")
    with tarfile.open(artifact) as archive:
        members = archive.getmembers()
        if not all(member.isfile() or member.isdir() for member in members):
            fail("Please ensure the content does not contain any hard links, symlinks")
        if "index.html" not in archive.getnames():
            fail("There is no index.html at the top: the front page would not be found")
        archive.extractall(told["pages"], members, filter="data")
    owner, _, repository = os.environ["GITHUB_REPOSITORY"].partition("/")
    put("GITHUB_OUTPUT", "page_url", f"https://{owner}.github.io/{repository}/")
    say("Reported success!")
    return 0


if __name__ == "__main__":
    sys.exit(main())
