"""Pushes, and what the remote did with each ref (git-push, "Output", ``--porcelain``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datarelease.adapters.git.program import REMOTE, GitProgram

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


def push_refs(
    git: GitProgram,
    refs: Mapping[str, str],
    *,
    atomic: bool,
    only_from: Mapping[str, str] | None = None,
) -> tuple[PushResult, ...]:
    """What became of each ``{remote ref: object}`` (empty: delete the ref); never forced.

    A ref of ``only_from`` changes only where the remote has it at that object (empty: not at all).

    Raises:
        WorldError: The remote does not answer or refuses the request as a whole.
    """
    specs = [f"{sha}:{ref}" for ref, sha in refs.items()]
    leases = [f"--force-with-lease={ref}:{sha}" for ref, sha in (only_from or {}).items()]
    flags = ["--porcelain", *_ALONE, *(["--atomic"] if atomic else []), *leases]
    done = git.attempt("push", *flags, REMOTE, *specs)
    if atomic and _NO_ATOMIC in done.stderr:
        reason = "the git server takes no atomic push"
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
