"""Tags as git keeps them. The meaning of their names and messages belongs to the model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from datarelease.adapters.git.batch import ObjectReader
from datarelease.adapters.git.program import GitProgram
from datarelease.adapters.git.remote import VERSIONS

# A signature follows the message inside the tag object (gitformat-signature).
_SIGNATURE = re.compile(r"^-----BEGIN (PGP|SSH|SIGNED) (SIGNATURE|MESSAGE)-----$", re.MULTILINE)
_LOCAL = "refs/tags"
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


@dataclass(frozen=True, kw_only=True)
class Tags:
    """The tags of a repository whose names begin alike."""

    remote: tuple[Tag, ...]
    """Of our own copy, which ``fetch_versions`` brings up to date."""
    local: tuple[Tag, ...]


def read_tags(git: GitProgram, objects: ObjectReader, prefix: str) -> Tags:
    """The tags whose names begin with ``prefix``."""
    spaces = (VERSIONS, _LOCAL)
    form = "--format=" + "%00".join(_FIELDS)
    # Only a line feed ends a record: names may hold what Python takes for other line ends.
    patterns = [f"{space}/{prefix}*" for space in spaces]
    listed = git.line("for-each-ref", form, *patterns).split("\n")
    records = [line.split("\0") for line in listed if line]
    message = cache(lambda sha: _message(objects, sha))
    found: dict[str, list[Tag]] = {space: [] for space in spaces}
    for ref, kind, sha, target, peeled, date in records:
        space = next(space for space in spaces if ref.startswith(f"{space}/"))
        if target == "tag":
            # The tag of a tag: this git's for-each-ref may look through one only.
            inner = objects.read(f"{sha}^{{}}")
            peeled = inner.name if inner else peeled  # noqa: PLW2901 - seen through
        found[space].append(
            Tag(
                name=ref.removeprefix(f"{space}/"),
                commit=peeled or sha,
                annotated=kind == "tag",
                date=date,
                message=message(sha) if kind == "tag" else "",
                sha=sha,
            )
        )
    return Tags(remote=tuple(found[VERSIONS]), local=tuple(found[_LOCAL]))


def _message(objects: ObjectReader, sha: str) -> str:
    """The message of a tag object."""
    tag = objects.read(sha)
    message = tag.content.partition(b"\n\n")[2].decode("utf-8", "replace") if tag else ""
    signature = _SIGNATURE.search(message)
    return message[: signature.start()] if signature else message
