"""Which paths git ignores, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.git.program import one_line
from datarelease.adapters.process import capture
from datarelease.errors import ConfigError
from datarelease.progress import TIMEOUT

_NOT_ALL = 1
"""git-check-ignore's exit code when none of the paths is ignored."""


def ignored(root: Path, paths: Sequence[str], *, env: Mapping[str, str]) -> dict[str, str]:
    """Those of ``paths`` that git ignores and does not track, with the rule (``file:line: rule``).

    Raises:
        ConfigError: git failed.
    """
    # This one command refuses to take paths literally; a path beginning with ./ is not a
    # magic.
    plain = {name: value for name, value in env.items() if name != "GIT_LITERAL_PATHSPECS"}
    asked = "\0".join(f"./{path}" for path in paths).encode()
    command = ["git", "check-ignore", "-v", "-z", "--stdin"]
    done = capture(command, cwd=root, env=plain, stdin=asked, idle=TIMEOUT)
    if done.code > _NOT_ALL:
        raise ConfigError(f"git check-ignore failed: {one_line(done.stderr)}")
    fields = done.stdout.decode("utf-8", "replace").split("\0")
    rules = [fields[at : at + 4] for at in range(0, len(fields) - 3, 4)]
    return {
        path.removeprefix("./"): f"{source}:{line}: {rule}"
        for source, line, rule, path in rules
        if not rule.startswith("!")
    }
