"""Which commits a workflow's token may tag: those whose workflow files are in a branch as well.

GitHub's documentation, "Scopes for OAuth apps", says so of ``workflow``, which no such token has.
"""

from __future__ import annotations

from datarelease.adapters.git.repository import Git
from datarelease.flows.repository import Repository
from datarelease.flows.workflow_jobs import FOLDER
from datarelease.model.versions.version import Version


def tagged_commit(repository: Repository, version: Version, *, in_workflow: bool) -> str:
    """That of the version; in a workflow, the checked out one if their workflow files differ.

    Else an old version could neither be withdrawn nor become a channel. This is for the tags of
    these: readers take the version from the message.
    """
    git = repository.git
    head = git.resolve("HEAD") if in_workflow else None
    if head is None or git.folder(head, FOLDER) == git.folder(version.commit, FOLDER):
        return version.commit
    return head


def remedy_of_refusal(git: Git, commit: str, tip: str | None, branch: str) -> str:
    """What to do where the git remote refused the tag of a version at ``commit``.

    ``tip`` is where the remote's ``branch`` is now; None: there is no such branch.
    """
    if tip is not None and git.folder(tip, FOLDER) != git.folder(commit, FOLDER):
        return (
            f"The workflow files of {branch} changed after this commit, and GitHub lets no "
            f"workflow tag a commit with older ones. Start the workflow by hand: it releases the "
            f"newest commit of {branch}."
        )
    return "Check that you may push tags (see the tag rulesets), then run the command again."
