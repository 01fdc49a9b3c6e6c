"""What is asked of the git remote: its branches and tags fetched, and refs pushed to it.

Each function raises WorldError where the remote does not answer or refuses the request as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datarelease.adapters.git.program import REMOTE, GitProgram

VERSIONS = "refs/datarelease"
"""Our own copy of the remote's version tags, so that local tags cannot affect a plan."""
HEADS = f"{VERSIONS}-heads"
"""Branches of the remote, as they were when they were last fetched."""
FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head")
_ACCEPTED = {" ", "*", "=", "-"}
"""Moved forward, new, up to date, deleted."""
_FLAGS = {*_ACCEPTED, "+", "!"}
_NO_ATOMIC = "does not support --atomic"
"""Git's message if the server has ``receive.advertiseAtomic false``; git then pushes nothing."""
_ALONE = ("--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
"""Git pushes the named refs only, whatever the configuration adds to a push."""


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """What the remote did with one ref."""

    ref: str
    accepted: bool
    """It now holds what was pushed (also when it did before)."""
    reason: str


def head_branch(git: GitProgram) -> str | None:
    """The branch that the remote's HEAD names, as the remote says now; None: it has none."""
    done = git.network("ls-remote", "--symref", REMOTE, "HEAD")
    found = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", done, re.MULTILINE)
    return found.group(1) if found else None


def fetch_versions(git: GitProgram, prefixes: Sequence[str], *, shallow: bool) -> None:
    """Bring our copy of the remote's tags up to date; of a ``shallow`` clone only their commits."""
    depth = ["--depth=1"] if shallow else []
    done = git.attempt(*FETCH, "--prune", *depth, REMOTE, *_copies(prefixes))
    if done.code == 0:
        return
    # With --depth git prunes, ends with 1 and says nothing where the remote has no such tag.
    silent = depth and not done.stderr.strip()
    tags = [f"refs/tags/{prefix}*" for prefix in prefixes]
    if not silent or git.network("ls-remote", REMOTE, *tags).strip():
        raise git.unreachable(done.stderr)


def fetch_branch(git: GitProgram, branch: str, prefixes: Sequence[str] = ()) -> str | None:
    """Our copy of a branch of the remote, now up to date; None: the remote has no such branch.

    With ``prefixes`` the tags come with it, at the same moment.
    """
    prune = ["--prune"] if prefixes else []
    ref = f"{HEADS}/{branch}"
    wanted = [*_copies(prefixes), f"+refs/heads/{branch}:{ref}"]
    done = git.attempt(*FETCH, *prune, REMOTE, *wanted)
    if done.code == 0:
        return ref
    if git.network("ls-remote", REMOTE, f"refs/heads/{branch}").strip():
        raise git.unreachable(done.stderr)
    if prefixes:
        fetch_versions(git, prefixes, shallow=False)
    return None


def _copies(prefixes: Sequence[str]) -> list[str]:
    """What is fetched of the remote's tags, and to where."""
    return [f"+refs/tags/{prefix}*:{VERSIONS}/{prefix}*" for prefix in prefixes]


def push_refs(
    git: GitProgram,
    refs: Mapping[str, str],
    *,
    atomic: bool,
    only_from: Mapping[str, str] | None = None,
) -> tuple[PushResult, ...]:
    """What became of each ``{remote ref: object}`` (empty: delete the ref); never forced.

    A ref of ``only_from`` changes only where the remote has it at that object (empty: not at all).
    """
    specs = [f"{sha}:{ref}" for ref, sha in refs.items()]
    leases = [f"--force-with-lease={ref}:{sha}" for ref, sha in (only_from or {}).items()]
    flags = ["--porcelain", *_ALONE, *(["--atomic"] if atomic else []), *leases]
    done = git.attempt("push", *flags, REMOTE, *specs)
    if atomic and _NO_ATOMIC in done.stderr:
        reason = "the git server does not support atomic pushes"
        return tuple(PushResult(ref=ref, accepted=False, reason=reason) for ref in refs)
    results: dict[str, PushResult] = {}
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        flag, _, rest = line.partition("\t")
        target, _, summary = rest.partition("\t")
        ref = target.rpartition(":")[2]
        if ref in refs and flag in _FLAGS:
            results[ref] = PushResult(ref=ref, accepted=flag in _ACCEPTED, reason=summary)
    refused = any(not result.accepted for result in results.values())
    if set(results) != set(refs) or (done.code and not refused):
        raise git.unreachable(done.stderr)
    return tuple(results[ref] for ref in refs)
