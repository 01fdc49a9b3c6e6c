"""Commits and tags read and made as objects, while branches, index and work tree stay.

The meaning of the names and messages of tags belongs to the model.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from datarelease.adapters.git.batch import GitObject, ObjectReader
from datarelease.adapters.git.program import GitProgram, failed
from datarelease.adapters.git.remote import VERSIONS

_DIRECTORY, _SUBMODULE = b"40000", b"160000"
_COMMITTED = re.compile(rb"^committer .*> (\d+) ([+-]\d{4})$", re.MULTILINE)
_NEAR = 8
"""How many commits, along first parents, are looked at."""
_FALLBACK = "datarelease <datarelease@localhost>"
"""The committer if git has no configured name, as on a fresh runner."""


@dataclass(frozen=True)
class TreeFile:
    """A file as a tree of git holds it."""

    mode: str
    """``100644``, ``100755``, or ``120000`` for a symbolic link."""
    blob: str
    """Name of the object with its content; equal content has an equal name."""


Content = bytes | TreeFile | None
"""What a file becomes in a commit: these bytes, what another commit has, or nothing at all."""


def files_of(objects: ObjectReader, revision: str) -> dict[str, TreeFile]:
    """The files of a revision below the directory of ``objects``, by path; submodules are none."""
    if objects.read(f"{revision}^{{tree}}") is None:
        raise failed("cat-file", f"there is no revision {revision!r}")
    # A directory that the revision lacks has no files.
    top = objects.read(f"{revision}:./")
    return dict(_listed(objects, top, "")) if top else {}


def _listed(objects: ObjectReader, tree: GitObject, folder: str) -> Iterator[tuple[str, TreeFile]]:
    """The files of a tree in git's order: MODE SP NAME NUL HASH, again and again (gitformat)."""
    content, width, place = tree.content, len(tree.name) // 2, 0
    while place < len(content):
        end = content.index(b"\0", place)
        mode, _, name = content[place:end].partition(b" ")
        blob = content[end + 1 : end + 1 + width].hex()
        place = end + 1 + width
        path = folder + name.decode("utf-8", "surrogateescape")
        if mode == _DIRECTORY:
            inner = objects.read(blob)
            if inner is None:
                raise failed("cat-file", f"the tree {blob} of {path} is missing")
            yield from _listed(objects, inner, f"{path}/")
        elif mode != _SUBMODULE:
            yield path, TreeFile(mode.decode(), blob)


def committed(objects: ObjectReader, commit: str) -> tuple[int, str]:
    """When a commit was made: seconds since 1970, and the time zone."""
    read = objects.read(f"{commit}^{{commit}}")
    found = _COMMITTED.search(read.content.partition(b"\n\n")[0]) if read else None
    if found is None:
        raise failed("cat-file", f"there is no date of a commit {commit!r}")
    return int(found[1]), found[2].decode()


@dataclass(frozen=True)
class CommitText:
    """Who wrote a commit, and what they said."""

    author: str
    """The name alone: addresses are nobody else's business."""
    message: str
    parents: tuple[str, ...]


def commit_text(objects: ObjectReader, commit: str) -> CommitText | None:
    """Author, message and parents of a commit; None: this clone does not have it."""
    read = objects.read(f"{commit}^{{commit}}")
    if read is None:
        return None
    head, _, message = read.content.decode(errors="replace").partition("\n\n")
    fields = [line.partition(" ") for line in head.split("\n")]
    author = next((value for name, _, value in fields if name == "author"), "")
    return CommitText(
        author=author.rpartition(" <")[0],
        message=message,
        parents=tuple(value for name, _, value in fields if name == "parent"),
    )


def is_near(objects: ObjectReader, ancestor: str, descendant: str) -> bool:
    """``ancestor`` is a parent of ``descendant`` or of one of the few commits before it.

    Mostly the question is about the last release: the reader has the answer, and git would be a
    process of its own.
    """
    commit: str | None = descendant
    for _ in range(_NEAR):
        text = commit_text(objects, commit) if commit else None
        parents = text.parents if text else ()
        if ancestor in parents:
            return True
        commit = next(iter(parents), None)
    return False


def commit_files(
    git: GitProgram,
    objects: ObjectReader,
    parent: str,
    files: Mapping[str, Content],
    message: str,
    *,
    prefix: str,
) -> str:
    """A new commit on ``parent`` with ``files`` (None: removed), whose paths are below ``prefix``.

    Its dates are those of ``parent``, so that equal content gives an equal commit on every run.
    """
    tree = _tree(git, parent, files, prefix)
    when = "{} {}".format(*committed(objects, parent))
    header = f"tree {tree}\nparent {parent}\n"
    header += f"author {_person(git, 'AUTHOR')} {when}\n"
    header += f"committer {_person(git, 'COMMITTER')} {when}\n"
    return _write(git, "commit", f"{header}\n{message}\n")


def tag_object(git: GitProgram, name: str, commit: str, message: str) -> str:
    """An annotated tag for ``commit``, made by the committer now; no ref names it."""
    header = f"object {commit}\ntype commit\ntag {name}\ntagger {_identity(git, 'COMMITTER')}\n"
    return _write(git, "tag", f"{header}\n{message}\n")


def _tree(git: GitProgram, parent: str, files: Mapping[str, Content], prefix: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        index = Path(scratch) / "index"
        git.line("read-tree", parent, index=index)
        made = _write_blobs(git, [data for data in files.values() if isinstance(data, bytes)])
        entries = []
        for path, content in sorted(files.items()):
            if content is None:
                entries.append(f"0 {'0' * len(parent)}\t{prefix}{path}")
            elif isinstance(content, TreeFile):
                entries.append(f"{content.mode} {content.blob}\t{prefix}{path}")
            else:
                entries.append(f"100644 {made[content]}\t{prefix}{path}")
        listed = "".join(f"{entry}\0" for entry in entries).encode("utf-8", "surrogateescape")
        git.line("update-index", "-z", "--index-info", stdin=listed, index=index)
        return git.line("write-tree", index=index)


def _write_blobs(git: GitProgram, contents: Iterable[bytes]) -> dict[bytes, str]:
    """The name of each content as an object, all written by one process."""
    different = list(dict.fromkeys(contents))
    if not different:
        return {}
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch) / str(number) for number in range(len(different))]
        for path, content in zip(paths, different, strict=True):
            path.write_bytes(content)
        listed = "".join(f"{path}\n" for path in paths)
        # Without filters: a commit holds the bytes, whatever line ends somebody's settings want.
        names = git.line(
            "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed.encode()
        )
    return dict(zip(different, names.split("\n"), strict=True))


def _write(git: GitProgram, kind: Literal["commit", "tag"], content: str) -> str:
    data = content.encode("utf-8", "surrogateescape")
    return git.line("hash-object", "-t", kind, "-w", "--stdin", stdin=data)


def _identity(git: GitProgram, who: Literal["AUTHOR", "COMMITTER"]) -> str:
    """``Name <address> seconds zone``, now."""
    done = git.attempt("var", f"GIT_{who}_IDENT")
    if done.code == 0:
        return done.stdout.decode("utf-8", "surrogateescape").strip()
    return f"{_FALLBACK} {int(datetime.now(UTC).timestamp())} +0000"


def _person(git: GitProgram, who: Literal["AUTHOR", "COMMITTER"]) -> str:
    """``Name <address>``."""
    return _identity(git, who).rpartition(">")[0] + ">"


# A signature follows the message inside the tag object (gitformat-signature).
_SIGNATURE = re.compile(r"^-----BEGIN (PGP|SSH|SIGNED) (SIGNATURE|MESSAGE)-----$", re.MULTILINE)
_LOCAL = "refs/tags"
_FIELDS = (
    "%(refname)", "%(objecttype)", "%(objectname)", "%(*objecttype)", "%(*objectname)",
    "%(creatordate:iso-strict)", "%(taggername)",
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
    tagger: str = ""
    """The name of who made it; empty where the tag is lightweight."""


@dataclass(frozen=True, kw_only=True)
class Tags:
    """The tags of a repository whose names begin alike."""

    remote: tuple[Tag, ...]
    """Of our own copy, which ``fetch_versions`` brings up to date."""
    local: tuple[Tag, ...]


def read_tags(git: GitProgram, objects: ObjectReader, prefixes: Iterable[str]) -> Tags:
    """The tags whose names begin with one of ``prefixes``."""
    spaces = (VERSIONS, _LOCAL)
    form = "--format=" + "%00".join(_FIELDS)
    # Only a line feed ends a record: names may hold what Python takes for other line ends.
    patterns = [f"{space}/{prefix}*" for space in spaces for prefix in prefixes]
    listed = git.line("for-each-ref", form, *patterns).split("\n")
    records = [line.split("\0") for line in listed if line]
    annotated = list(dict.fromkeys(sha for _, kind, sha, *_ in records if kind == "tag"))
    messages = {
        sha: _message(tag) for sha, tag in zip(annotated, objects.read_all(annotated), strict=True)
    }
    found: dict[str, list[Tag]] = {space: [] for space in spaces}
    for ref, kind, sha, target, peeled, date, tagger in records:
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
                message=messages[sha] if kind == "tag" else "",
                sha=sha,
                tagger=tagger,
            )
        )
    return Tags(remote=tuple(found[VERSIONS]), local=tuple(found[_LOCAL]))


def _message(tag: GitObject | None) -> str:
    """The message of a tag object."""
    message = tag.content.partition(b"\n\n")[2].decode("utf-8", "replace") if tag else ""
    signature = _SIGNATURE.search(message)
    return message[: signature.start()] if signature else message
