"""A clone that belongs to this program: its work tree may be deleted at any time.

What does not belong here: what its branches mean, and DVC's part of it
(``adapters.dvc.config``).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from datarelease.adapters.git import remote as git_remote
from datarelease.adapters.git.program import REMOTE, GitProgram
from datarelease.adapters.git.remote import FETCH
from datarelease.adapters.git.repository import VERSIONS, Git
from datarelease.errors import WorldError
from datarelease.progress import TIMEOUT

_SEEN = "refs/datarelease-seen"
"""Branches of the remote as they were when we last looked; they stay when a branch goes."""
MINE = "refs/datarelease-mine"
"""Commits that were made here, by branch."""
WITHDRAWN = "refs/datarelease-withdrawn"
"""Those of them that were taken back from here, by branch."""
_LENT = (
    "http.", "credential.", "url.", "core.sshcommand", "ssh.", "protocol.",
    "user.", "author.", "committer.",
)  # fmt: skip
"""How a repository reaches its remote, and who commits."""
_NOBODY = ("-c", "user.name=datarelease", "-c", "user.email=datarelease@localhost")


class ScratchGit(Git):
    """A clone at ``place``; ``root`` is the DVC repository in it."""

    def __init__(
        self, place: Path, root: Path, *, env: Mapping[str, str], timeout: float = TIMEOUT
    ) -> None:
        """Use ``place``, which need not be there yet.

        git never looks for a repository above it: that one is somebody's work.
        """
        env = {**env, "GIT_CEILING_DIRECTORIES": str(place.parent)}
        super().__init__(root, env=env, timeout=timeout)
        self.place = place
        self._top = GitProgram(place, env=env, timeout=timeout)

    def make(self, url: str) -> None:
        """Create the clone of ``url``, or complete one that a killed process left."""
        self.place.mkdir(parents=True, exist_ok=True)
        if self._top.attempt("rev-parse", "--git-dir").code:
            self.close()
            shutil.rmtree(self.place)
            self.place.mkdir()
            self._top.line("init", "--quiet", "--template=")
        self.root.mkdir(parents=True, exist_ok=True)  # git is called there before a checkout, too
        # Locks of a process that is gone; ours is the only one here
        # (``ingest.propose.scratch_clone``).
        for lock in (self.place / ".git").rglob("*.lock"):
            lock.unlink(missing_ok=True)
        wanted = {f"remote.{REMOTE}.url": url, "gc.autoDetach": "false"}
        for key, value in wanted.items():
            found = self._top.attempt("config", "--local", "--get", key).stdout.decode().strip()
            if found != value:
                self._top.line("config", "--local", "--replace-all", key, value)

    def tip(self, branch: str) -> str:
        """The remote's commit of ``branch``, fetched."""
        ref = f"{VERSIONS}-heads/{branch}"
        self._top.network(*FETCH, REMOTE, f"+refs/heads/{branch}:{ref}")
        return self._top.line("rev-parse", ref)

    def advertised(self) -> tuple[str | None, dict[str, str]]:
        """The default branch (None: there is none) and every branch of the remote, as of now."""
        default, heads = None, {}
        listed = self._top.network("ls-remote", "--symref", REMOTE, "HEAD", "refs/heads/*")
        for line in listed.splitlines():
            value, _, name = line.partition("\t")
            if name == "HEAD" and value.startswith("ref: refs/heads/"):
                default = value.removeprefix("ref: refs/heads/")
            elif name.startswith("refs/heads/"):
                heads[name.removeprefix("refs/heads/")] = value
        return default, heads

    def take(self, commit: str) -> None:
        """Check out ``commit``: edits are lost, ignored files stay."""
        self._top.line("checkout", "--quiet", "--force", "--detach", commit)
        self._top.line("clean", "-ffdq")

    # --- proposals

    def see(self, prefix: str) -> None:
        """Fetch the remote's branches that begin with ``prefix``; those that went are kept."""
        self._top.network(*FETCH, REMOTE, f"+refs/heads/{prefix}*:{_SEEN}/{prefix}*")

    def seen(self, branch: str) -> str | None:
        """The commit of a branch when it was last fetched."""
        return self.resolve(f"{_SEEN}/{branch}")

    def fetch(self, commit: str, *refs: str) -> str:
        """``commit``, now here; ``refs`` of the remote may hold it.

        Raises:
            WorldError: None does.
        """
        for ref in refs:
            if self.resolve(commit) is None:
                self._top.attempt(*FETCH, REMOTE, ref)
        if self.resolve(commit) is None:
            raise WorldError(
                f"The commit {commit[:12]} cannot be fetched from the git remote.",
                untouched="Nothing was changed.",
                remedy="Run the command again.",
            )
        return commit

    def claim(self, branch: str, commit: str) -> None:
        """Record that ``commit`` was made here, before it is pushed."""
        self._top.line("update-ref", f"{MINE}/{branch}/{commit}", commit)

    def is_mine(self, branch: str, commit: str) -> bool:
        """``commit`` was made here for ``branch``."""
        return self.resolve(f"{MINE}/{branch}/{commit}") == commit

    def take_back(self, branch: str, commit: str) -> None:
        """Record that a proposal is withdrawn from here, before its branch is deleted."""
        self._top.line("update-ref", f"{WITHDRAWN}/{branch}/{commit}", commit)

    def is_taken_back(self, branch: str, commit: str) -> bool:
        """The proposal of ``commit`` was withdrawn from here: nobody refused it."""
        return self.resolve(f"{WITHDRAWN}/{branch}/{commit}") == commit

    def create(self, branch: str, commit: str) -> bool:
        """The remote has the new ``branch`` at ``commit``; False: it had one of that name.

        Raises:
            WorldError: The remote does not answer, or refuses it.
        """
        ref = f"refs/heads/{branch}"
        [result] = git_remote.push_refs(self._top, {ref: commit}, atomic=False, only_from={ref: ""})
        if result.accepted:
            return True
        if branch in self.advertised()[1]:
            return False
        raise WorldError(
            f"The git remote refused the branch {branch}: {result.reason}",
            untouched="The data is on the remotes; nothing was proposed.",
            remedy="Check that you may push branches of that name, then run the command again.",
        )

    def withdraw(self, branch: str, commit: str) -> bool:
        """The remote no longer has ``branch``, which was at ``commit``; False: it refused."""
        ref = f"refs/heads/{branch}"
        [result] = git_remote.push_refs(self._top, {ref: ""}, atomic=False, only_from={ref: commit})
        return result.accepted

    def parents(self, commit: str) -> tuple[str, ...]:
        """The commits that ``commit`` was made on."""
        return tuple(self._top.line("rev-parse", f"{commit}^@").split())

    def differing(self, one: str, other: str) -> tuple[str, ...]:
        """The files that differ between two commits, relative to the whole repository."""
        listed = self._top.output(
            "diff-tree", "-r", "-z", "--no-renames", "--name-only", one, other
        )
        return tuple(name for name in listed.split("\0") if name)

    @property
    def prefix(self) -> str:
        """Where the DVC repository is in the git repository: empty, or with a slash behind it."""
        inside = self.root.relative_to(self.place).as_posix()
        return "" if inside == "." else f"{inside}/"

    def merge(self, onto: str, commit: str, message: str) -> str | None:
        """A merge of ``commit`` into ``onto``, in the work tree as well; None: they conflict."""
        self.take(onto)
        who = () if self._top.attempt("var", "GIT_COMMITTER_IDENT").code == 0 else _NOBODY
        done = self._top.attempt(
            *who, "merge", "--quiet", "--no-ff", "--no-verify", "--no-gpg-sign", "--no-stat",
            "-m", message, commit,
        )  # fmt: skip
        if done.code:
            self.take(onto)
            return None
        return self._top.line("rev-parse", "HEAD")


def find_origin(root: Path, *, env: Mapping[str, str]) -> str | None:
    """The address of the origin of the repository around ``root``, as a clone elsewhere needs it.

    It may hold credentials. None: there is no origin.
    """
    git = GitProgram(root, env=env)
    done = git.attempt("config", "--get", f"remote.{REMOTE}.url")
    url = done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")
    if done.code or not url:
        return None
    # git reads a relative path from the top of the work tree.
    top = Path(git.line("rev-parse", "--show-toplevel"))
    return str((top / url).resolve()) if (top / url).exists() else url


def lent_settings(root: Path, *, env: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    """The settings of a repository with which it reaches its remote and signs its commits."""
    listed = GitProgram(root, env=env).output("config", "--local", "--includes", "-z", "--list")
    pairs = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return [(key, value) for key, _, value in pairs if key.startswith(_LENT)]


def place_in(root: Path, *, env: Mapping[str, str]) -> Path:
    """Where ``root`` is in its git repository, relative to the top."""
    return Path(GitProgram(root, env=env).line("rev-parse", "--show-prefix") or ".")
