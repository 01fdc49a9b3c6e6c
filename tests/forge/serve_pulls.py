"""Endpoints about pull requests, labels, and the statuses of commits."""

from __future__ import annotations

from typing import Any

from tests.forge.bare import Conflict
from tests.forge.records import Pull, Status
from tests.forge.rest import REPO, Call, Refusal, Reply, invalid, route
from tests.forge.serve_people import person, repository
from tests.forge.serve_talk import (
    LONGEST_DESCRIPTION,
    TALK,
    change_issue,
    issue_of,
    label_name,
    labels_shown,
    shown_pull,
)
from tests.forge.shapes import shaped


@route("GET", f"{REPO}/pulls", "pull-requests")
def pulls(call: Call) -> Reply:
    """Pull requests, newest first; ``head`` is ``OWNER:BRANCH``."""
    wanted, query = call.query.get("state", "open"), call.query
    found = [
        pull
        for pull in call.repository.pulls
        if wanted in {"all", "open" if pull.open else "closed"}
        and query.get("head") in {None, f"{pull.source.owner.login}:{pull.branch}"}
        and query.get("base") in {None, pull.base}
    ]
    found.sort(key=lambda pull: pull.number, reverse=query.get("direction", "desc") == "desc")
    return call.page(found, lambda pull: shown_pull(call, pull, "pull-request-simple"))


@route("POST", f"{REPO}/pulls", "pull-requests")
def create_pull(call: Call) -> Reply:
    """A new pull request."""
    repo, body = call.repository, call.body
    owner, _, branch = body["head"].rpartition(":")
    source = repo if owner in {"", repo.owner.login} else None
    for other in call.world.repositories.values():
        if other.parent is repo and other.owner.login == owner:
            source = other
    if source is None or source.bare.sha(f"refs/heads/{branch}") is None:
        raise invalid("PullRequest", "head")
    if repo.bare.sha(f"refs/heads/{body['base']}") is None:
        raise invalid("PullRequest", "base")
    if any(pull.open and (pull.source, pull.branch) == (source, branch) for pull in repo.pulls):
        message = f"A pull request already exists for {source.owner.login}:{branch}."
        raise Refusal(422, "Validation Failed", errors=[
            {"resource": "PullRequest", "code": "custom", "message": message}
        ])  # fmt: skip
    made = call.world.opened(
        repo,
        source=source,
        branch=branch,
        title=body["title"],
        login=call.user.login,
        base=body["base"],
        body=body.get("body"),
        draft=body.get("draft", False),
    )
    return Reply(status=201, body=shown_pull(call, made))


def _pull(call: Call) -> Pull:
    found = call.repository.issues.get(call.number("pull_number"))
    if not isinstance(found, Pull):
        raise Refusal(404, "Not Found")
    return found


@route("GET", f"{REPO}/pulls/{{pull_number}}", "pull-requests")
def one_pull(call: Call) -> Reply:
    """A pull request."""
    return Reply(body=shown_pull(call, _pull(call)))


@route("GET", f"{REPO}/pulls/{{pull_number}}/files", "pull-requests")
def files(call: Call) -> Reply:
    """The files that a pull request changes."""
    pull = _pull(call)
    base = call.repository.bare.sha(f"refs/heads/{pull.base}")
    changed = call.repository.bare.changed(str(base), pull.head)

    def shown(entry: tuple[str, str, str]) -> dict[str, Any]:
        status, path, before = entry
        return shaped(
            "diff-entry", filename=path, status=status,
            **({"previous_filename": before} if before else {}),
        )  # fmt: skip

    return call.page(changed, shown)


@route("PATCH", f"{REPO}/pulls/{{pull_number}}", "pull-requests")
def update_pull(call: Call) -> Reply:
    """Changes a pull request."""
    pull = _pull(call)
    change_issue(call, pull)
    if "base" in call.body:
        pull.base = call.body["base"]
    call.world.refresh(call.repository)
    return Reply(body=shown_pull(call, pull))


@route("GET", f"{REPO}/pulls/{{pull_number}}/merge", "contents")
def is_merged(call: Call) -> Reply:
    """204 for a merged one."""
    if _pull(call).merged is None:
        raise Refusal(404, "Not Found")
    return Reply(status=204)


@route("PUT", f"{REPO}/pulls/{{pull_number}}/merge", "contents")
def merge(call: Call) -> Reply:
    """Merges, as the button does."""
    pull, body = _pull(call), call.body or {}
    if not pull.open:
        raise Refusal(405, "Pull Request is not mergeable")
    if body.get("sha", pull.head) != pull.head:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    try:
        sha = call.world.merge(
            call.repository,
            pull.number,
            login=call.user.login,
            how=body.get("merge_method", "merge"),
            title=body.get("commit_title"),
            message=body.get("commit_message", ""),
        )
    except Conflict as error:
        raise Refusal(405, "Pull Request is not mergeable") from error
    message = "Pull Request successfully merged"
    return Reply(body={"sha": sha, "merged": True, "message": message})


@route("GET", f"{REPO}/commits/{{commit_sha}}/pulls", "pull-requests")
def pulls_of_commit(call: Call) -> Reply:
    """The merged pull request that brought a commit.

    Of a commit that is not on the default branch: the open ones that hold it, too.
    """
    repo = call.repository
    sha = repo.bare.sha(call.values["commit_sha"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.values['commit_sha']}")
    tip = repo.bare.sha(repo.default_branch)
    landed = tip is not None and repo.bare.contains(tip, sha)
    found = [
        pull
        for pull in repo.pulls
        if (pull.merged is not None and sha in pull.commits)
        or (not landed and sha in repo.bare.between(pull.base_sha, pull.head))
    ]
    return call.page(found, lambda pull: shown_pull(call, pull, "pull-request-simple"))


def _known(call: Call, revision: str) -> str:
    sha = call.repository.bare.sha(revision)
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {revision}")
    return sha


def _shown_status(call: Call, status: Status, component: str = "status") -> dict[str, Any]:
    place = f"{call.api}/repos/{call.repository.full_name}"
    more = {"creator": person(call, status.user)} if component == "status" else {}
    return shaped(
        component,
        id=status.id,
        state=status.state,
        context=status.context,
        description=status.description,
        target_url=status.target,
        avatar_url="https://localhost/avatar",
        created_at=status.created,
        updated_at=status.created,
        url=f"{place}/statuses/{status.sha}",
        **more,
    )


@route("POST", f"{REPO}/statuses/{{sha}}", "statuses")
def create_status(call: Call) -> Reply:
    """A new status."""
    description = call.body.get("description")
    if description and len(description) > LONGEST_DESCRIPTION:
        raise invalid(
            "Status", "description", "custom",
            f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)",
        )  # fmt: skip
    made = call.world.status(
        call.repository,
        _known(call, call.values["sha"]),
        login=call.user.login,
        state=call.body["state"],
        context=call.body.get("context", "default"),
        description=description,
        target=call.body.get("target_url"),
    )
    return Reply(status=201, body=_shown_status(call, made))


@route("GET", f"{REPO}/commits/{{ref}}/statuses", "statuses")
def statuses(call: Call) -> Reply:
    """Every status, newest first."""
    found = call.repository.statuses_of(_known(call, call.values["ref"]))
    return call.page(found, lambda status: _shown_status(call, status))


@route("GET", f"{REPO}/commits/{{ref}}/status", "statuses")
def combined_status(call: Call) -> Reply:
    """The newest status of each context, and what they come to. Does not say whose they are."""
    sha = _known(call, call.values["ref"])
    newest: dict[str, Status] = {}
    for status in call.repository.statuses_of(sha):
        newest.setdefault(status.context, status)
    states = {status.state for status in newest.values()}
    bad = bool(states & {"failure", "error"})
    state = "failure" if bad else "success" if states == {"success"} else "pending"
    shown, headers = call.paged(list(newest.values()))
    url = f"{call.api}/repos/{call.repository.full_name}/commits/{sha}"
    body = shaped(
        "combined-commit-status",
        sha=sha,
        state=state,
        total_count=len(newest),
        statuses=[_shown_status(call, status, "simple-commit-status") for status in shown],
        repository=repository(call, call.repository, "minimal-repository"),
        url=f"{url}/status",
        commit_url=url,
    )
    return Reply(body=body, headers=headers)


@route("GET", f"{REPO}/labels", *TALK)
def labels(call: Call) -> Reply:
    """The labels of the repository."""
    return call.page(labels_shown(call.repository.labels), lambda label: label)


@route("POST", f"{REPO}/labels", *TALK)
def create_label(call: Call) -> Reply:
    """A new label."""
    if call.body["name"] in call.repository.labels:
        raise invalid("Label", "name", "already_exists")
    call.repository.labels.append(call.body["name"])
    return Reply(status=201, body=labels_shown([call.body["name"]])[0])


@route("GET", f"{REPO}/labels/{{name}}", *TALK)
def label(call: Call) -> Reply:
    """A label."""
    if call.values["name"] not in call.repository.labels:
        raise Refusal(404, "Not Found")
    return Reply(body=labels_shown([call.values["name"]])[0])


@route("GET", f"{REPO}/issues/{{issue_number}}/labels", *TALK)
def issue_labels(call: Call) -> Reply:
    """The labels of an issue."""
    return call.page(labels_shown(issue_of(call).labels), lambda label: label)


@route("POST", f"{REPO}/issues/{{issue_number}}/labels", *TALK)
def add_labels(call: Call) -> Reply:
    """More labels for an issue."""
    issue, given = issue_of(call), call.body
    names = [label_name(it) for it in (given["labels"] if isinstance(given, dict) else given)]
    issue.labels += [name for name in names if name not in issue.labels]
    return Reply(body=labels_shown(issue.labels))
