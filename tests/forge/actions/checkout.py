"""Stands in for actions/checkout: a real fetch from the fake GitHub, and a real checkout."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable

from tests.forge.actions.scene import fail, given, is_true, put, workspace

SHA = re.compile("[0-9a-f]{40}")


def main() -> int:
    """Checks out as told."""
    server, name, token = os.environ["GITHUB_SERVER_URL"], given("repository"), given("token")
    folder = workspace() / given("path")
    if not folder.resolve().is_relative_to(workspace().resolve()):
        fail(f"Repository path '{folder}' is not under '{workspace()}'")
    folder.mkdir(parents=True, exist_ok=True)
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    key, header = f"http.{server}/.extraheader", f"AUTHORIZATION: basic {secret}"
    # Once more for the fetch itself, in the environment: what is on a command line can be seen.
    os.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": header}

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, check=False, capture_output=True, text=True
        )
        if done.returncode:
            fail(f"git {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", f"{server}/{name}")
    ref, wanted = _wanted(name)
    if not ref and not wanted:
        ref = git("ls-remote", "--symref", "origin", "HEAD").split()[1]
    depth = int(given("fetch-depth"))
    git("fetch", "--quiet", "--prune", "--no-recurse-submodules", *_refspecs(ref, wanted, depth))
    _switch(git, ref, wanted)
    if is_true("persist-credentials"):
        git("config", "--local", key, header)
    put("GITHUB_OUTPUT", "ref", ref or wanted)
    put("GITHUB_OUTPUT", "commit", git("rev-parse", "HEAD"))
    return 0


def _wanted(name: str) -> tuple[str, str]:
    """Ref and commit; of the triggering repository those of the event unless told otherwise."""
    asked = given("ref")
    if not asked and name == os.environ["GITHUB_REPOSITORY"]:
        return os.environ["GITHUB_REF"], os.environ["GITHUB_SHA"]
    if SHA.fullmatch(asked):
        return "", asked
    return asked, ""


def _refspecs(ref: str, wanted: str, depth: int) -> list[str]:
    """What ``git fetch`` is told, as the real action has it (its ref-helper)."""
    if depth == 0:
        specs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        pull = [f"+{wanted}:{ref.replace('refs/pull/', 'refs/remotes/pull/')}"]
        lone = [wanted] if wanted and not ref else []
        return ["origin", *specs, *(pull if ref.startswith("refs/pull/") else lone)]
    options = [f"--depth={depth}", "--tags" if is_true("fetch-tags") else "--no-tags", "origin"]
    if ref.startswith("refs/heads/"):
        return [*options, f"+{wanted or ref}:{ref.replace('refs/heads/', 'refs/remotes/origin/')}"]
    if ref.startswith("refs/pull/"):
        return [*options, f"+{wanted or ref}:{ref.replace('refs/pull/', 'refs/remotes/pull/')}"]
    if ref.startswith("refs/tags/"):
        return [*options, f"+{wanted or ref}:{ref}"]
    if ref:
        heads, tags = f"refs/heads/{ref}", f"refs/tags/{ref}"
        return [*options, f"+{heads}*:refs/remotes/origin/{ref}*", f"+{tags}*:{tags}*"]
    return [*options, wanted]


def _switch(git: Callable[..., str], ref: str, wanted: str) -> None:
    """Puts the files there: on a branch for a branch, detached for anything else."""
    quiet = ["checkout", "--quiet", "--force"]
    if ref.startswith("refs/heads/"):
        branch = ref.removeprefix("refs/heads/")
        git(*quiet, "-B", branch, f"refs/remotes/origin/{branch}")
    elif ref.startswith("refs/pull/"):
        git(*quiet, ref.replace("refs/pull/", "refs/remotes/pull/"))
    elif wanted:
        git(*quiet, wanted)
    elif ref.startswith("refs/tags/"):
        git(*quiet, ref)
    elif git("branch", "--list", "--remote", f"origin/{ref}"):
        git(*quiet, "-B", ref, f"refs/remotes/origin/{ref}")
    else:
        git(*quiet, f"refs/tags/{ref}")


if __name__ == "__main__":
    sys.exit(main())
