"""Events as GitHub sends them to workflows: payload, commit, ref, and which commit's files run."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from typing import Any

from tests.forge.records import Pull, Push, Repository
from tests.forge.rest import Call
from tests.forge.serve_people import person
from tests.forge.serve_people import repository as shown_repository
from tests.forge.serve_talk import shown_pull
from tests.forge.server import GitHubServer
from tests.forge.shapes import shaped
from tests.forge.workflows import Workflow

MOST_COMMITS = 1_000
"""More in one push, and GitHub runs a workflow whatever its filter by path says."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that starts workflows of ``repository``."""

    repository: Repository
    name: str
    actor: str
    sha: str
    """``GITHUB_SHA``."""
    ref: str
    """``GITHUB_REF``."""
    files: str
    """The commit whose workflow files run."""
    payload: dict[str, Any]
    action: str = ""
    branch: str = ""
    """What ``branches:`` is held against."""
    head_ref: str = ""
    base_ref: str = ""
    scopes: tuple[str, ...] = ()
    """Whose caches may be read: the ref's own first."""
    trusted: bool = True
    """False: from a fork, hence no secrets, no variables, and a token that only reads."""
    changed: tuple[str, ...] | None = None
    """The files that a push changed; None: nobody tells."""
    pull: Pull | None = None
    inputs: dict[str, str] = field(default_factory=dict)
    file: str = ""
    """Of ``workflow_dispatch``: the name of the one file that is started; empty: every one."""

    def starts(self, workflow: Workflow) -> bool:
        """Whether ``workflow`` listens to this event."""
        options = workflow.triggers.get(self.name)
        if options is None or not workflow.path.endswith(self.file):
            return False
        if isinstance(options, list):  # schedule
            return True
        unknown = {"paths-ignore", "branches-ignore", "tags-ignore"}
        unknown |= set() if self.name == "push" else {"paths"}
        assert not unknown & set(options), "unknown filter"
        kinds = options.get("types", ["opened", "synchronize", "reopened"])
        if self.name == "pull_request" and self.action not in kinds:
            return False
        if self.name == "workflow_run":
            return self.payload["workflow"]["name"] in options["workflows"]
        return self._is_for(options) and self._touches(options)

    def _touches(self, options: dict[str, Any]) -> bool:
        """Whether the filter by path lets this push through.

        GitHub runs a workflow where it cannot tell the files, and holds tags against no path
        ("Workflow syntax for GitHub Actions", ``on.<push|pull_request|…>.paths``).
        """
        if "paths" not in options or self.changed is None or self.ref.startswith("refs/tags/"):
            return True
        patterns = [path_pattern(it) for it in options["paths"]]
        return any(it.fullmatch(name) for name in self.changed for it in patterns)

    def _is_for(self, options: dict[str, Any]) -> bool:
        """Whether the filters by branch and tag let this event's ref through."""
        tag = self.ref.removeprefix("refs/tags/") if self.ref.startswith("refs/tags/") else ""
        own, other = ("tags", "branches") if tag else ("branches", "tags")
        wanted = options.get(own, [] if other in options else ["*"])
        return any(fnmatch.fnmatch(tag or self.branch, pattern) for pattern in wanted)


def _call(server: GitHubServer, repo: Repository) -> Call:
    """A call in whose light things of ``repo`` are shown."""
    values = {"owner": repo.owner.login, "repo": repo.name}
    token = server.world.tokens[server.world.user_token(repo.owner.login)]
    return Call(
        world=server.world, base=server.url, path="", values=values, query={}, headers={},
        body=None, raw=b"", token=token,
    )  # fmt: skip


def _common(server: GitHubServer, repo: Repository, actor: str) -> dict[str, Any]:
    call = _call(server, repo)
    sender = person(call, server.world.user(actor))
    return {"repository": shown_repository(call, repo), "sender": sender}


def _tip(repo: Repository) -> tuple[str, str]:
    ref = f"refs/heads/{repo.default_branch}"
    sha = repo.bare.sha(ref)
    assert sha is not None, f"{repo.full_name} has no commits"
    return ref, sha


def pull_request(
    server: GitHubServer, repo: Repository, number: int, *, action: str = "opened"
) -> Event:
    """``pull_request``: opened, synchronize, reopened or closed."""
    pull = repo.pull(number)
    assert pull.merge_commit is not None, "in conflict: GitHub starts nothing"
    ref, base = f"{pull.ref}/merge", f"refs/heads/{pull.base}"
    shown = shown_pull(_call(server, repo), pull)
    payload = {"action": action, "number": number, "pull_request": shown}
    return Event(
        repository=repo,
        name="pull_request",
        action=action,
        actor=pull.user.login,
        sha=pull.merge_commit,
        ref=ref,
        files=pull.merge_commit,
        payload=payload | _common(server, repo, pull.user.login),
        branch=pull.base,
        head_ref=pull.branch,
        base_ref=pull.base,
        scopes=(ref, base, _tip(repo)[0]),
        trusted=pull.source is repo,
        pull=pull,
    )


def push(server: GitHubServer, repo: Repository, pushed: Push | None = None) -> Event:
    """``push``; of the newest push to the default branch unless told which."""
    if pushed is None:
        main = [it for it in server.world.pushes
                if (it.repository, it.ref) == (repo.full_name, _tip(repo)[0])]  # fmt: skip
        pushed = main[-1]
    assert pushed.kind != "workflow", "a push with a workflow's token starts no workflow"
    commits = [{"id": sha} for sha in repo.bare.between(pushed.before, pushed.after)]
    payload = {"ref": pushed.ref, "before": pushed.before, "after": pushed.after,
               "commits": commits}  # fmt: skip
    return Event(
        repository=repo,
        name="push",
        actor=pushed.user,
        sha=pushed.after,
        ref=pushed.ref,
        files=pushed.after,
        payload=payload | _common(server, repo, pushed.user),
        branch=pushed.ref.removeprefix("refs/heads/").removeprefix("refs/tags/"),
        scopes=(pushed.ref, _tip(repo)[0]),
        changed=changed_files(repo, pushed),
    )


def changed_files(repo: Repository, pushed: Push) -> tuple[str, ...] | None:
    """The files that differ between the two ends of a push; None where nobody tells them.

    GitHub does not tell those of more than 1,000 commits. Of a new branch it compares the commits
    that were pushed with the one before them, which is not played: here nobody tells.
    """
    if not pushed.before.strip("0"):
        return None
    if len(repo.bare.between(pushed.before, pushed.after)) > MOST_COMMITS:
        return None
    ends = (pushed.before, pushed.after)
    listed = repo.bare.git("diff", "--name-only", "--no-renames", "-z", *ends)
    return tuple(name for name in listed.split("\0") if name)


def path_pattern(pattern: str) -> re.Pattern[str]:
    """What a pattern of ``paths:`` matches: ``*`` within a folder, ``**`` across folders.

    The character before a ``?`` may be missing. Classes, ``+`` and ``!`` are not known here.
    """
    assert not set(pattern) & set("[]+!\\"), f"unknown pattern: {pattern}"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "?"}
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts))


def _on_default_branch(
    server: GitHubServer, repo: Repository, name: str, actor: str, payload: dict[str, Any],
    **more: Any,
) -> Event:  # fmt: skip
    ref, sha = _tip(repo)
    return Event(
        repository=repo,
        name=name,
        actor=actor,
        sha=sha,
        ref=ref,
        files=sha,
        payload=payload | _common(server, repo, actor),
        branch=repo.default_branch,
        scopes=(ref,),
        **more,
    )


def dispatch(
    server: GitHubServer, repo: Repository, inputs: dict[str, str] | None = None, *,
    file: str = "", actor: str = "",
) -> Event:  # fmt: skip
    """``workflow_dispatch`` on the default branch, of the workflow in ``file``.

    ``actor`` is who starts it; empty: the owner.
    """
    given, who = inputs or {}, actor or repo.owner.login
    payload = {"inputs": given, "ref": _tip(repo)[0]}
    return _on_default_branch(
        server, repo, "workflow_dispatch", who, payload, inputs=given, file=file and f"/{file}"
    )


def schedule(server: GitHubServer, repo: Repository, cron: str = "0 0 * * *") -> Event:
    """``schedule``."""
    return _on_default_branch(server, repo, "schedule", repo.owner.login, {"schedule": cron})


def merge_group(server: GitHubServer, repo: Repository, number: int) -> Event:
    """``merge_group`` with one pull request, on the merge queue's own branch."""
    pull, (base, base_sha) = repo.pull(number), _tip(repo)
    sha = pull.merge_commit
    assert sha is not None, "in conflict: it does not enter the queue"
    ref = f"refs/heads/gh-readonly-queue/{pull.base}/pr-{number}-{base_sha}"
    repo.bare.set(ref, sha)
    payload = {
        "action": "checks_requested",
        "merge_group": {
            "head_sha": sha, "head_ref": ref, "base_sha": base_sha, "base_ref": base,
        },
    }  # fmt: skip
    return Event(
        repository=repo,
        name="merge_group",
        action="checks_requested",
        actor=pull.user.login,
        sha=sha,
        ref=ref,
        files=sha,
        payload=payload | _common(server, repo, pull.user.login),
        branch=pull.base,
        scopes=(ref, base),
    )


def workflow_run(server: GitHubServer, repo: Repository, run: dict[str, Any]) -> Event:
    """``workflow_run`` completed, of a ``run`` as ``repo.runs`` has it. Runs with every trust."""
    payload = {
        "action": "completed",
        "workflow_run": run,
        "workflow": {"id": run["workflow_id"], "name": run["name"], "path": run["path"]},
    }
    actor = run["actor"]["login"]
    return _on_default_branch(server, repo, "workflow_run", actor, payload, action="completed")


def shown_run(
    server: GitHubServer, event: Event, *, workflow: Workflow, run_id: int, conclusion: str | None
) -> dict[str, Any]:
    """A ``workflow-run``; ``pull_requests`` is empty for those of forks."""
    repo, pull = event.repository, event.pull
    call, source = _call(server, repo), pull.source if pull else repo
    place = f"{call.api}/repos/{repo.full_name}/actions/runs/{run_id}"
    own = [] if pull is None or pull.source is not repo else [_brief(call, repo, pull)]
    return shaped(
        "workflow-run",
        id=run_id,
        name=workflow.name,
        path=workflow.path,
        workflow_id=sum(workflow.path.encode()),
        event=event.name,
        status="completed" if conclusion else "in_progress",
        conclusion=conclusion,
        head_branch=pull.branch if pull else event.branch,
        head_sha=pull.head if pull else event.sha,
        head_repository=shown_repository(call, source, "minimal-repository"),
        repository=shown_repository(call, repo, "minimal-repository"),
        actor=person(call, server.world.user(event.actor)),
        triggering_actor=person(call, server.world.user(event.actor)),
        pull_requests=own,
        run_number=run_id,
        run_attempt=1,
        url=place,
        html_url=f"{call.base}/{repo.full_name}/actions/runs/{run_id}",
        artifacts_url=f"{place}/artifacts",
    )


def _brief(call: Call, repo: Repository, pull: Pull) -> dict[str, Any]:
    """A ``pull-request-minimal``."""
    url = f"{call.api}/repos/{repo.full_name}"
    place = {"id": repo.id, "name": repo.name, "url": url}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{url}/pulls/{pull.number}",
        "head": {"ref": pull.branch, "sha": pull.head, "repo": place},
        "base": {"ref": pull.base, "sha": pull.base_sha, "repo": place},
    }
