"""Tags as git keeps them. The meaning of their names and messages belongs to the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datarelease.adapters.git.objects import read_objects
from datarelease.adapters.git.program import GitProgram

# A signature follows the message inside the tag object (gitformat-signature).
_SIGNATURE = re.compile(r"^-----BEGIN (PGP|SSH|SIGNED) (SIGNATURE|MESSAGE)-----$", re.MULTILINE)
_FIELDS = (
    "%(refname)", "%(objecttype)", "%(objectname)", "%(*objecttype)", "%(*objectname)",
    "%(creatordate:iso-strict)",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An annotated or lightweight tag as the remote has it."""

    name: str
    commit: str
    """Peeled; the tagged object itself if it is not a commit."""
    annotated: bool
    date: str
    """ISO 8601; of the commit where the tag is lightweight."""
    message: str
    """Without a signature."""
    sha: str
    """Of the tag object itself (of the commit where the tag is lightweight)."""


def read_tags(git: GitProgram, space: str, prefix: str) -> Iterator[Tag]:
    """The tags below the ref ``space`` whose names begin with ``prefix``."""
    form = "--format=" + "%00".join(_FIELDS)
    # Only a line feed ends a record: names may hold what Python takes for other line ends.
    listed = git.line("for-each-ref", form, f"{space}/{prefix}*").split("\n")
    records = [line.split("\0") for line in listed if line]
    messages = _messages(git, [sha for _, kind, sha, *_ in records if kind == "tag"])
    for ref, kind, sha, target, peeled, date in records:
        if target == "tag":
            # The tag of a tag: this git's for-each-ref may look through one only.
            found = git.attempt("rev-parse", "--verify", "-q", f"{sha}^{{}}")
            peeled = found.stdout.decode().strip() or peeled  # noqa: PLW2901 - seen through
        yield Tag(
            name=ref.removeprefix(f"{space}/"),
            commit=peeled or sha,
            annotated=kind == "tag",
            date=date,
            message=messages.get(sha, ""),
            sha=sha,
        )


def _messages(git: GitProgram, shas: Sequence[str]) -> dict[str, str]:
    """The message of each tag object, all read by one process."""
    messages = {}
    for sha, content in read_objects(git, shas).items():
        message = content.partition(b"\n\n")[2].decode("utf-8", "replace")
        signature = _SIGNATURE.search(message)
        messages[sha] = message[: signature.start()] if signature else message
    return messages
