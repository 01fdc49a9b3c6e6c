"""How the fake GitHub changes, and how tests set the scene: nothing here speaks HTTP.

Numbers and moments are handed out by one counter each, so that a test that fails, fails the same
way again.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.forge.bare import Bare, MergeMethod
from tests.forge.records import (
    BOT,
    BOT_ID,
    WORKFLOW_PERMISSIONS,
    Comment,
    Environment,
    Pull,
    Push,
    Repository,
    Status,
    Token,
    User,
)


class World:
    """Everything there is. ``lock`` is held while an endpoint or a scene changes it."""

    def __init__(self, folder: Path) -> None:
        """An empty world whose repositories are below ``folder``."""
        self.folder = folder
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        self.pushes: list[Push] = []
        self._counter = 1000
        self.bot = self.users[BOT] = User(id=BOT_ID, login=BOT)

    def number(self) -> int:
        """An id that nothing else has."""
        with self.lock:
            self._counter += 1
            return self._counter

    def moment(self) -> str:
        """A moment later than all before."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        return (start + timedelta(seconds=self.number())).strftime("%Y-%m-%dT%H:%M:%SZ")

    def user(self, login: str) -> User:
        """The person called ``login``, made when first named."""
        with self.lock:
            if login not in self.users:
                self.users[login] = User(id=self.number(), login=login)
            return self.users[login]

    def user_token(self, login: str, permissions: Mapping[str, str] | None = None) -> str:
        """A new personal token; with ``permissions``, a fine-grained one."""
        value = f"ghp_{secrets.token_hex(18)}"
        token = Token(value=value, user=self.user(login), kind="user", permissions=permissions)
        self.tokens[value] = token
        return value

    def workflow_token(self, repository: str, permissions: Mapping[str, str]) -> str:
        """A new token as a job of ``repository`` has it in ``GITHUB_TOKEN``."""
        unknown = set(permissions) - WORKFLOW_PERMISSIONS
        assert not unknown, f"no such permission: {unknown}"
        value = f"ghs_{secrets.token_hex(18)}"
        self.tokens[value] = Token(
            value=value,
            user=self.bot,
            kind="workflow",
            permissions=permissions,
            repository=repository,
        )
        return value

    def repository(
        self, full_name: str, *, source: Path | str | None = None, private: bool = False
    ) -> Repository:
        """A new repository with the branches and tags of the git directory ``source``."""
        owner, name = full_name.split("/")
        bare = Bare.made(self.folder / owner / f"{name}.git", self.folder / ".home", source=source)
        with self.lock:
            made = Repository(
                id=self.number(), owner=self.user(owner), name=name, bare=bare, private=private
            )
            self.repositories[full_name] = made
        return made

    def fork(self, parent: Repository, owner: str) -> Repository:
        """A fork of ``parent`` that belongs to ``owner``."""
        made = self.repository(
            f"{owner}/{parent.name}", source=parent.bare.path, private=parent.private
        )
        made.parent = parent
        return made

    def environment(self, repository: Repository, name: str, **values: Any) -> Environment:
        """A new environment; ``values`` as in :class:`Environment`."""
        made = Environment(id=self.number(), name=name, **values)
        repository.environments[name] = made
        return made

    def protect(
        self,
        repository: Repository,
        *,
        branch: str | None,
        tags: bool = True,
        unruled: tuple[str, ...] = (),
    ) -> None:
        """Refuses pushes to ``branch`` (the web still merges), and changes of our permanent tags.

        ``unruled`` are patterns of refs that the rules for tags leave out.
        """
        repository.protected, repository.tag_rules = branch, tags
        repository.unruled_tags = unruled
        repository.bare.rules(protected=branch, tags=tags, unruled=unruled)

    def comment(self, repository: Repository, number: int, *, login: str, body: str) -> Comment:
        """A new comment on an issue or pull request."""
        with self.lock:
            now = self.moment()
            made = Comment(
                id=self.number(),
                number=number,
                user=self.user(login),
                body=body,
                created=now,
                updated=now,
            )
            repository.comments[made.id] = made
            repository.issues[number].updated = now
            return made

    def status(
        self,
        repository: Repository,
        sha: str,
        *,
        login: str,
        state: str,
        context: str = "default",
        description: str | None = None,
        target: str | None = None,
    ) -> Status:
        """A new status of a commit."""
        made = Status(
            id=self.number(),
            sha=sha,
            state=state,
            context=context,
            description=description,
            target=target,
            user=self.user(login),
            created=self.moment(),
        )
        repository.statuses.append(made)
        return made

    def next_number(self, repository: Repository) -> int:
        """The number of the next issue or pull request."""
        return max(repository.issues, default=0) + 1

    def opened(
        self,
        repository: Repository,
        *,
        branch: str,
        title: str,
        login: str,
        source: Repository | None = None,
        base: str | None = None,
        body: str | None = None,
        draft: bool = False,
    ) -> Pull:
        """A new pull request from ``branch`` of ``source``, or of the repository itself."""
        source, base = source or repository, base or repository.default_branch
        head, base_sha = source.bare.sha(f"refs/heads/{branch}"), repository.bare.sha(base)
        assert head, f"no branch {branch}"
        assert base_sha, f"no branch {base}"
        with self.lock:
            now = self.moment()
            made = Pull(
                id=self.number(),
                number=self.next_number(repository),
                user=self.user(login),
                title=title,
                body=body,
                created=now,
                updated=now,
                source=source,
                branch=branch,
                head=head,
                base=base,
                base_sha=base_sha,
                draft=draft,
            )
            repository.issues[made.number] = made
            self.refresh(repository)
        return made

    def refresh(self, repository: Repository) -> None:
        """Brings every open pull request up to date with its branches, as after each push."""
        with self.lock:
            for target in self.repositories.values():
                for pull in target.pulls:
                    if pull.open and repository in {target, pull.source}:
                        self._refresh(target, pull)

    def _refresh(self, target: Repository, pull: Pull) -> None:
        """Updates the refs of one open pull request; where its branch has gone, closes it."""
        bare, base = target.bare, target.bare.sha(f"refs/heads/{pull.base}")
        head = pull.source.bare.sha(f"refs/heads/{pull.branch}")
        if head is None or base is None:
            pull.open, pull.closed = False, self.moment()
            return
        if pull.source is not target:
            bare.fetch(pull.source.bare.path, f"refs/heads/{pull.branch}:{pull.ref}/head")
        bare.set(f"{pull.ref}/head", head)
        if (head, base) == (pull.head, pull.base_sha) and pull.merge_commit:
            return
        ended = bare.contains(base, head) and head != pull.base_sha
        pull.head, pull.updated = head, self.moment()
        if ended:
            # Somebody pushed the commits by hand: GitHub calls that merged, too.
            self._ended(target, pull, head, commits=bare.between(pull.base_sha, head), by=pull.user)
            return
        pull.base_sha = base
        pull.merge_commit = bare.trial_merge(base, head)
        bare.set(f"{pull.ref}/merge", pull.merge_commit)

    def _ended(
        self, target: Repository, pull: Pull, sha: str, *, commits: list[str], by: User
    ) -> None:
        pull.open, pull.closed, pull.merged = False, self.moment(), self.moment()
        pull.merge_commit, pull.merged_by, pull.commits = sha, by, [*commits, sha]
        target.bare.set(f"{pull.ref}/merge", None)

    def merge(
        self,
        repository: Repository,
        number: int,
        *,
        login: str,
        how: MergeMethod = "merge",
        title: str | None = None,
        message: str = "",
    ) -> str:
        """Merges as the web page's button does; the SHA that the base branch then has.

        Raises:
            Conflict: the two sides changed the same lines.
        """
        with self.lock:
            pull, bare = repository.pull(number), repository.bare
            self.refresh(repository)
            before = bare.sha(f"refs/heads/{pull.base}")
            assert before is not None
            default = (
                f"Merge pull request #{number} from {pull.source.owner.login}/{pull.branch}"
                if how == "merge"
                else f"{pull.title} (#{number})"
            )
            text = f"{title or default}\n\n{message or pull.title}".strip()
            brought = bare.between(before, pull.head)
            after = bare.merge(pull.base, pull.head, how=how, message=text, author=login)
            landed = bare.between(before, after)
            self._ended(repository, pull, after, commits=[*brought, *landed], by=self.user(login))
            self.pushes.append(
                Push(
                    repository=repository.full_name,
                    ref=f"refs/heads/{pull.base}",
                    before=before,
                    after=after,
                    user=login,
                    kind="web",
                )
            )
            self.refresh(repository)
            return after
