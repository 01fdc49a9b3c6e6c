"""Endpoints about issues, pull requests, their comments, and the statuses of commits."""

from __future__ import annotations

from typing import Any

from tests.forge.records import Comment, Issue, Pull, Repository
from tests.forge.rest import REPO, Call, Refusal, Reply, invalid, may, role, route
from tests.forge.serve_people import person, repository
from tests.forge.shapes import shaped

LONGEST_BODY = 65_536
LONGEST_DESCRIPTION = 140
TALK = ("issues", "pull-requests")
"""Either permission opens the issues API for a pull request."""


def _place(call: Call) -> str:
    return f"{call.api}/repos/{call.repository.full_name}"


def _page_of(call: Call, issue: Issue) -> str:
    kind = "pull" if isinstance(issue, Pull) else "issues"
    return f"{call.base}/{call.repository.full_name}/{kind}/{issue.number}"


def _association(repo: Repository, issue: Issue | Comment) -> str:
    standing = role(repo, issue.user)
    return {"admin": "OWNER", "write": "COLLABORATOR"}.get(standing or "", "NONE")


def labels_shown(names: list[str]) -> list[dict[str, Any]]:
    """Labels, as lists and issues have them."""
    return [shaped("label", id=number, name=name) for number, name in enumerate(names)]


def shown_issue(call: Call, issue: Issue) -> dict[str, Any]:
    """An ``issue``; a pull request says so."""
    repo, url = call.repository, f"{_place(call)}/issues/{issue.number}"
    more: dict[str, Any] = {}
    if isinstance(issue, Pull):
        pull = f"{_place(call)}/pulls/{issue.number}"
        page = _page_of(call, issue)
        more["pull_request"] = {
            "url": pull, "html_url": page, "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch", "merged_at": issue.merged,
        }  # fmt: skip
    return shaped(
        "issue",
        id=issue.id,
        number=issue.number,
        title=issue.title,
        body=issue.body,
        state="open" if issue.open else "closed",
        state_reason=issue.reason,
        user=person(call, issue.user),
        comments=len(repo.comments_on(issue.number)),
        author_association=_association(repo, issue),
        labels=labels_shown(issue.labels),
        created_at=issue.created,
        updated_at=issue.updated,
        closed_at=issue.closed,
        url=url,
        html_url=_page_of(call, issue),
        comments_url=f"{url}/comments",
        repository_url=_place(call),
        **more,
    )


def shown_pull(call: Call, pull: Pull, component: str = "pull-request") -> dict[str, Any]:
    """A pull request, whole or (``pull-request-simple``) as lists have it."""
    repo, url = call.repository, f"{_place(call)}/pulls/{pull.number}"
    whole = {}
    if component == "pull-request":
        whole = {
            "merged": pull.merged is not None,
            "mergeable": pull.merge_commit is not None if pull.open else None,
            "merged_by": person(call, pull.merged_by),
            "comments": len(repo.comments_on(pull.number)),
            "commits": len(repo.bare.between(pull.base_sha, pull.head)) if pull.open else 1,
        }
    return shaped(
        component,
        id=pull.id,
        number=pull.number,
        title=pull.title,
        body=pull.body,
        state="open" if pull.open else "closed",
        draft=pull.draft,
        user=person(call, pull.user),
        author_association=_association(repo, pull),
        labels=labels_shown(pull.labels),
        created_at=pull.created,
        updated_at=pull.updated,
        closed_at=pull.closed,
        merged_at=pull.merged,
        merge_commit_sha=pull.merge_commit,
        head=_side(call, pull.source, pull.branch, pull.head),
        base=_side(call, repo, pull.base, pull.base_sha),
        url=url,
        html_url=_page_of(call, pull),
        issue_url=f"{_place(call)}/issues/{pull.number}",
        comments_url=f"{_place(call)}/issues/{pull.number}/comments",
        statuses_url=f"{_place(call)}/statuses/{pull.head}",
        **whole,
    )


def _side(call: Call, repo: Repository, branch: str, sha: str) -> dict[str, Any]:
    owner = repo.owner
    return {
        "label": f"{owner.login}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": person(call, owner),
        "repo": repository(call, repo),
    }


def shown_comment(call: Call, comment: Comment) -> dict[str, Any]:
    """An ``issue-comment``."""
    issue = call.repository.issues[comment.number]
    return shaped(
        "issue-comment",
        id=comment.id,
        body=comment.body,
        user=person(call, comment.user),
        author_association=_association(call.repository, comment),
        performed_via_github_app=None,
        created_at=comment.created,
        updated_at=comment.updated,
        url=f"{_place(call)}/issues/comments/{comment.id}",
        html_url=f"{_page_of(call, issue)}#issuecomment-{comment.id}",
        issue_url=f"{_place(call)}/issues/{comment.number}",
    )


def issue_of(call: Call) -> Issue:
    """The issue or pull request whose number is in the path."""
    found = call.repository.issues.get(call.number("issue_number"))
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _about(call: Call, issue: Issue) -> None:
    """Refuses where the permission is of the other kind: an issue is not a pull request."""
    name = "pull-requests" if isinstance(issue, Pull) else "issues"
    names = TALK if isinstance(issue, Pull) else ("issues",)
    if not may(call.repository, call.token, names, write=True):
        raise Refusal(403, "Resource not accessible by integration", permission=name)


@route("GET", f"{REPO}/issues", *TALK)
def issues(call: Call) -> Reply:
    """Issues and pull requests, newest first."""
    wanted, creator = call.query.get("state", "open"), call.query.get("creator")
    labels = set(filter(None, call.query.get("labels", "").split(",")))
    found = [
        issue
        for issue in call.repository.issues.values()
        if wanted in {"all", "open" if issue.open else "closed"}
        and creator in {None, issue.user.login}
        and labels <= set(issue.labels)
    ]
    newest_first = call.query.get("direction", "desc") == "desc"
    found.sort(key=lambda issue: issue.number, reverse=newest_first)
    return call.page(found, lambda issue: shown_issue(call, issue))


@route("POST", f"{REPO}/issues", "issues")
def create_issue(call: Call) -> Reply:
    """A new issue."""
    repo, now = call.repository, call.world.moment()
    made = Issue(
        id=call.world.number(),
        number=call.world.next_number(repo),
        user=call.user,
        title=str(call.body["title"]),
        body=_checked_body(call.body.get("body")),
        created=now,
        updated=now,
        labels=[label_name(label) for label in call.body.get("labels", [])],
    )
    repo.issues[made.number] = made
    return Reply(status=201, body=shown_issue(call, made))


def label_name(label: str | dict[str, Any]) -> str:
    """The name of a label, given as such or as an object."""
    return label if isinstance(label, str) else str(label["name"])


def _checked_body(body: str | None, *, needed: bool = False) -> str | None:
    if needed and not (body or "").strip():
        raise invalid("IssueComment", "data", "unprocessable", "Body cannot be blank")
    if body is not None and len(body) > LONGEST_BODY:
        raise invalid(
            "IssueComment", "data", "unprocessable",
            f"Body is too long (maximum is {LONGEST_BODY} characters)",
        )  # fmt: skip
    return body


@route("GET", f"{REPO}/issues/{{issue_number}}", *TALK)
def one_issue(call: Call) -> Reply:
    """An issue or pull request."""
    return Reply(body=shown_issue(call, issue_of(call)))


@route("PATCH", f"{REPO}/issues/{{issue_number}}", *TALK)
def update_issue(call: Call) -> Reply:
    """Changes an issue."""
    issue = issue_of(call)
    _about(call, issue)
    change_issue(call, issue)
    if "labels" in call.body:
        issue.labels = [label_name(label) for label in call.body["labels"]]
    if "state" in call.body:
        issue.reason = call.body.get("state_reason") or (None if issue.open else "completed")
    return Reply(body=shown_issue(call, issue))


def change_issue(call: Call, issue: Issue) -> None:
    """Takes title, body and state from the request."""
    if call.body.get("title") is not None:
        issue.title = str(call.body["title"])
    if "body" in call.body:
        issue.body = _checked_body(call.body["body"])
    if "state" in call.body:
        issue.open = call.body["state"] == "open"
        issue.closed = None if issue.open else call.world.moment()
    issue.updated = call.world.moment()


@route("GET", f"{REPO}/issues/{{issue_number}}/comments", *TALK)
def comments(call: Call) -> Reply:
    """The comments, oldest first."""
    found = call.repository.comments_on(issue_of(call).number)
    since = call.query.get("since", "")
    return call.page(
        [comment for comment in found if comment.updated >= since],
        lambda comment: shown_comment(call, comment),
    )


@route("POST", f"{REPO}/issues/{{issue_number}}/comments", *TALK)
def create_comment(call: Call) -> Reply:
    """A new comment."""
    issue = issue_of(call)
    _about(call, issue)
    body = _checked_body(call.body["body"], needed=True) or ""
    made = call.world.comment(call.repository, issue.number, login=call.user.login, body=body)
    return Reply(status=201, body=shown_comment(call, made))


def _comment(call: Call) -> Comment:
    found = call.repository.comments.get(call.number("comment_id"))
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _own_or_writer(call: Call, comment: Comment) -> None:
    _about(call, call.repository.issues[comment.number])
    workflow = call.token is not None and call.token.kind == "workflow"
    writer = workflow or role(call.repository, call.user) in {"admin", "write"}
    if comment.user != call.user and not writer:
        raise Refusal(403, "Must have admin rights to Repository.")


@route("GET", f"{REPO}/issues/comments/{{comment_id}}", *TALK)
def one_comment(call: Call) -> Reply:
    """A comment."""
    return Reply(body=shown_comment(call, _comment(call)))


@route("PATCH", f"{REPO}/issues/comments/{{comment_id}}", *TALK)
def update_comment(call: Call) -> Reply:
    """Changes a comment; who may write in the repository may change anybody's."""
    comment = _comment(call)
    _own_or_writer(call, comment)
    comment.body = _checked_body(call.body["body"], needed=True) or ""
    comment.updated = call.world.moment()
    return Reply(body=shown_comment(call, comment))


@route("DELETE", f"{REPO}/issues/comments/{{comment_id}}", *TALK)
def delete_comment(call: Call) -> Reply:
    """Removes a comment."""
    comment = _comment(call)
    _own_or_writer(call, comment)
    del call.repository.comments[comment.id]
    return Reply(status=204)
