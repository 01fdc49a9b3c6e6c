"""Every branch, tag, experiment of DVC and pull request of the remote, and those of this clone."""

from __future__ import annotations

from collections.abc import Iterable

from datarelease.adapters.git.program import REMOTE, GitProgram
from datarelease.adapters.git.remote import FETCH, VERSIONS

_KEPT = f"{VERSIONS}-kept"
"""Our own copy of them: nothing of this clone is moved."""
_NAMES = {
    f"{_KEPT}/heads/": "the branch {}",
    f"{_KEPT}/tags/": "the tag {}",
    f"{_KEPT}/exps/": "the experiment {}",
    f"{_KEPT}/pull/": "the pull request #{}",
    "refs/heads/": "the branch {} of this clone",
    "refs/tags/": "the tag {}",
    "refs/exps/": "the experiment {} of this clone",
    "refs/stash": "the stash of this clone",
}


def fetch_every_ref(git: GitProgram, pulls: Iterable[int], *, remote: bool) -> dict[str, str]:
    """What each ref of the remote and of this clone names, by what it is called for people.

    Of the pull requests the heads of ``pulls`` alone. Without a ``remote`` those of this clone.

    Raises:
        WorldError: The remote does not answer, or lacks one of the pull requests.
    """
    if remote:
        heads = [f"+refs/{kind}/*:{_KEPT}/{kind}/*" for kind in ("heads", "tags", "exps")]
        asked = [f"+refs/pull/{number}/head:{_KEPT}/pull/{number}" for number in pulls]
        git.network(*FETCH, "--prune", REMOTE, *heads, *asked)
    wanted = {f"{_KEPT}/pull/{number}" for number in pulls}
    listed = git.line("for-each-ref", "--format=%(refname)%00%(objectname)", *_NAMES).split("\n")
    found = {}
    for line in listed:
        ref, _, sha = line.partition("\0")
        if not ref or (ref.startswith(f"{_KEPT}/pull/") and ref not in wanted):
            continue
        space = next(space for space in _NAMES if ref.startswith(space))
        found[_NAMES[space].format(ref.removeprefix(space))] = sha
    return found
