"""git: revisions, files at a revision, commits and pushes. Tags' meaning belongs to the model."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from datarelease.adapters.process import Completed, capture
from datarelease.errors import ConfigError, WorldError

REMOTE = "origin"
VERSIONS = "refs/datarelease"
"""Our own copy of the remote's version tags, so that local tags can never mislead a plan."""
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_FALLBACK = "datarelease <datarelease@localhost>"
"""Who commits where nobody told git a name, as on a fresh runner."""


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An annotated or lightweight tag as the remote has it."""

    name: str
    commit: str
    annotated: bool
    date: str
    """ISO 8601; of the commit where the tag is lightweight."""
    message: str
    sha: str
    """Of the tag object itself (of the commit where the tag is lightweight)."""


@dataclass(frozen=True, kw_only=True)
class PushResult:
    """What the remote did with one ref."""

    ref: str
    accepted: bool
    """It now holds what was pushed (also when it did before)."""
    reason: str


class Git:
    """A repository, spoken to through the ``git`` program."""

    def __init__(self, root: Path, *, env: Mapping[str, str]) -> None:
        """Use the repository around ``root``; paths are relative to it, ``env`` is passed on."""
        self.root = root
        self._env = {**env, "LC_ALL": "C"}

    def _try(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> Completed:
        env = self._env if index is None else {**self._env, "GIT_INDEX_FILE": str(index)}
        return capture(["git", *arguments], cwd=self.root, env=env, stdin=stdin)

    def _run(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> str:
        done = self._try(*arguments, stdin=stdin, index=index)
        if done.code:
            raise ConfigError(
                f"git {arguments[0]} failed: {clean(done.stderr)}", untouched="Nothing was changed."
            )
        return done.stdout.decode("utf-8", "surrogateescape").strip("\n")

    # --- where we are

    def is_repository(self) -> bool:
        """There is a git work tree around the root."""
        return self._try("rev-parse", "--is-inside-work-tree").code == 0

    def has_remote(self) -> bool:
        """A remote called ``origin`` is configured."""
        return self._try("remote", "get-url", REMOTE).code == 0

    def is_shallow(self) -> bool:
        """The history was cut off by ``git clone --depth``."""
        return self._run("rev-parse", "--is-shallow-repository") == "true"

    def branch(self) -> str | None:
        """The branch that HEAD is on; None: HEAD is detached."""
        done = self._try("symbolic-ref", "--short", "-q", "HEAD")
        return done.stdout.decode().strip() if done.code == 0 else None

    def resolve(self, revision: str) -> str | None:
        """The commit that ``revision`` names, or None."""
        done = self._try(
            "rev-parse", "--verify", "-q", "--end-of-options", f"{revision}^{{commit}}"
        )
        return done.stdout.decode().strip() if done.code == 0 else None

    def default_branch(self) -> str | None:
        """The branch that the remote's HEAD names, as the remote says now; None: it has none.

        Raises:
            WorldError: The remote does not answer.
        """
        done = self._network("ls-remote", "--symref", REMOTE, "HEAD")
        found = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", done, re.MULTILINE)
        return found.group(1) if found else None

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """``ancestor`` is ``descendant`` or lies in its history."""
        return self._try("merge-base", "--is-ancestor", ancestor, descendant).code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The newest commit in both histories, or None."""
        done = self._try("merge-base", one, other)
        return done.stdout.decode().strip() if done.code == 0 else None

    def commit_date(self, commit: str) -> str:
        """When ``commit`` was made, ISO 8601 in UTC."""
        return self._run(
            "-c", "log.showSignature=false", "log", "-1", "--format=%cd",
            "--date=format-local:%Y-%m-%dT%H:%M:%SZ", commit,
        )  # fmt: skip

    # --- files

    def read(self, revision: str, path: str) -> bytes | None:
        """The bytes of a file at a revision, or None where there is no such file."""
        done = self._try("cat-file", "blob", f"{revision}:./{path}")
        return done.stdout if done.code == 0 else None

    def files(self, revision: str | None = None) -> tuple[str, ...]:
        """The tracked files: of a revision, or of the work tree together with untracked ones."""
        if revision is None:
            listed = self._run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        else:
            listed = self._run("ls-tree", "-r", "-z", "--name-only", revision)
        return tuple(dict.fromkeys(name for name in listed.split("\0") if name))

    def changed(self) -> tuple[tuple[str, bool], ...]:
        """(path, tracked) of the files that differ from HEAD, untracked ones included."""
        listed = self._run("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
        prefix = self._run("rev-parse", "--show-prefix")
        items = (item for item in listed.split("\0") if item)
        return tuple((item[3:].removeprefix(prefix), not item.startswith("??")) for item in items)

    # --- the remote's tags

    def fetch_versions(self, prefix: str) -> None:
        """Bring our copy of the remote's tags that begin with ``prefix`` up to date.

        Local tags are neither read nor written. In a shallow clone only the tagged commits come,
        in a full one the few commits that are missing.

        Raises:
            WorldError: The remote does not answer.
        """
        depth = ["--depth=1"] if self.is_shallow() else []
        self._network(
            "fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head", *depth, REMOTE,
            f"+refs/tags/{prefix}*:{VERSIONS}/{prefix}*",
        )  # fmt: skip

    def fetch_branch(self, branch: str) -> str | None:
        """The remote's commit of ``branch``, fetched; None: the remote has no such branch.

        Raises:
            WorldError: The remote does not answer.
        """
        ref = f"{VERSIONS}-heads/{branch}"
        listed = self._network("ls-remote", REMOTE, f"refs/heads/{branch}")
        if not listed.strip():
            return None
        self._network(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", REMOTE,
            f"+refs/heads/{branch}:{ref}",
        )  # fmt: skip
        return self.resolve(ref)

    def complete_history(self) -> None:
        """Turn a shallow clone into a full one, so that ancestry can be told.

        Raises:
            WorldError: The remote does not answer.
        """
        if self.is_shallow():
            self._network("fetch", "--quiet", "--unshallow", "--no-tags", REMOTE)

    def tags(self, prefix: str, *, local: bool = False) -> tuple[Tag, ...]:
        """Our copy of the remote's tags (or the local ones) that begin with ``prefix``."""
        space = "refs/tags" if local else VERSIONS
        fields = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objectname)%00"
        fields += "%(creatordate:iso-strict)"
        listed = self._run("for-each-ref", f"--format={fields}", f"{space}/{prefix}*")
        records = [line.split("\0") for line in listed.splitlines()]
        messages = self._messages([sha for _, kind, sha, _, _ in records if kind == "tag"])
        return tuple(
            Tag(
                name=ref.removeprefix(f"{space}/"),
                commit=peeled or sha,
                annotated=kind == "tag",
                date=date,
                message=messages.get(sha, ""),
                sha=sha,
            )
            for ref, kind, sha, peeled, date in records
        )

    def _messages(self, shas: Sequence[str]) -> dict[str, str]:
        """The message of each tag object, all read by one process."""
        output = self._try("cat-file", "--batch", stdin="\n".join(shas).encode()).stdout
        messages = {}
        while output:
            head, _, output = output.partition(b"\n")
            sha, _, size = head.decode().split()
            content, output = output[: int(size)], output[int(size) + 1 :]
            messages[sha] = content.partition(b"\n\n")[2].decode("utf-8", "replace")
        return messages

    # --- writing

    def commit_files(self, parent: str, files: Mapping[str, bytes | None], message: str) -> str:
        """A new commit on ``parent`` with ``files`` (None: removed); no branch is moved.

        Its dates are those of ``parent``, so that the same content gives the same commit on
        every run.
        """
        prefix = self._run("rev-parse", "--show-prefix")
        with tempfile.TemporaryDirectory() as scratch:
            index = Path(scratch) / "index"
            self._run("read-tree", parent, index=index)
            entries = []
            for path, content in sorted(files.items()):
                if content is None:
                    entries.append(f"0 {'0' * 40}\t{prefix}{path}")
                else:
                    blob = self._run("hash-object", "-w", "--stdin", stdin=content)
                    entries.append(f"100644 {blob}\t{prefix}{path}")
            stdin = "\0".join(entries).encode("utf-8", "surrogateescape")
            self._run("update-index", "-z", "--index-info", stdin=stdin + b"\0", index=index)
            tree = self._run("write-tree", index=index)
        when = self._run("log", "-1", "--format=%cd", "--date=raw", parent)
        header = f"tree {tree}\nparent {parent}\n"
        header += f"author {self._identity('AUTHOR')} {when}\n"
        header += f"committer {self._identity('COMMITTER')} {when}\n"
        return self._object("commit", f"{header}\n{message}\n")

    def tag_object(self, name: str, commit: str, message: str) -> str:
        """An annotated tag object for ``commit``; no ref is made."""
        ident = self._ident_line("COMMITTER")
        header = f"object {commit}\ntype commit\ntag {name}\ntagger {ident}\n"
        return self._object("tag", f"{header}\n{message}\n")

    def push(self, refs: Mapping[str, str], *, atomic: bool = False) -> tuple[PushResult, ...]:
        """What became of each ``{remote ref: object}``; never forced.

        Raises:
            WorldError: The remote does not answer or refuses us as a whole.
        """
        specs = [f"{sha}:{ref}" for ref, sha in refs.items()]
        flags = ["--atomic"] if atomic else []
        done = self._try("push", "--porcelain", "--no-verify", *flags, REMOTE, *specs)
        results = []
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            flag, _, rest = line.partition("\t")
            target, _, summary = rest.partition("\t")
            ref = target.rpartition(":")[2]
            if ref in refs and flag in {" ", "*", "=", "!", "+", "-"}:
                results.append(
                    PushResult(ref=ref, accepted=flag in {" ", "*", "="}, reason=summary)
                )
        if len(results) < len(refs):
            raise _unreachable(self._try("remote", "get-url", REMOTE), done.stderr)
        return tuple(results)

    def set_ref(self, ref: str, sha: str, *, old: str | None = None) -> bool:
        """``ref`` now names ``sha``; False: it was not at ``old`` any more."""
        return self._try("update-ref", ref, sha, *([old] if old else [])).code == 0

    def adopt(self, paths: Sequence[str]) -> None:
        """Tell the index that these files are as HEAD has them."""
        self._try("reset", "--quiet", "HEAD", "--", *paths)

    def new_branch(self, name: str, commit: str) -> bool:
        """A branch at ``commit`` now exists; False: the name is taken by another commit."""
        if self.resolve(f"refs/heads/{name}") == commit:
            return True
        return self._try("branch", "--no-track", name, commit).code == 0

    # --- inside

    def _network(self, *arguments: str) -> str:
        done = self._try(*arguments)
        if done.code:
            raise _unreachable(self._try("remote", "get-url", REMOTE), done.stderr)
        return done.stdout.decode("utf-8", "replace")

    def _object(self, kind: str, content: str) -> str:
        data = content.encode("utf-8", "surrogateescape")
        return self._run("hash-object", "-t", kind, "-w", "--stdin", stdin=data)

    def _ident_line(self, who: str) -> str:
        done = self._try("var", f"GIT_{who}_IDENT")
        if done.code == 0:
            return done.stdout.decode("utf-8", "surrogateescape").strip()
        now = datetime.now(UTC)
        return f"{_FALLBACK} {int(now.timestamp())} +0000"

    def _identity(self, who: str) -> str:
        return self._ident_line(who).rpartition(">")[0] + ">"


def _unreachable(url: Completed, stderr: str) -> WorldError:
    where = clean(url.stdout.decode("utf-8", "replace")) or REMOTE
    return WorldError(
        f"The git remote {REMOTE!r} ({where}) did not do what was asked: {clean(stderr)}",
        untouched="No tag was made.",
        remedy="Check the network and your access to it, then run the same command again.",
    )


def clean(message: str) -> str:
    """A program's message on one line, without credentials in addresses."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return _CREDENTIALS.sub("", " · ".join(lines[:6]))
