"""The commit that the tag of a withdrawal or of a channel's move points at."""

from __future__ import annotations

from datarelease.flows.repository import Repository
from datarelease.flows.workflow_jobs import FOLDER
from datarelease.model.versions.version import Version


def tagged_commit(repository: Repository, version: Version, *, in_workflow: bool) -> str:
    """That of the version; in a workflow, the checked out one if their workflow files differ.

    GitHub takes no ref from a workflow's token if its commit has a workflow file that no branch has
    ("Scopes for OAuth apps", ``workflow``): an old version could neither be withdrawn nor become a
    channel. Readers take the version from the tag's message.
    """
    git = repository.git
    head = git.resolve("HEAD") if in_workflow else None
    if head is None or git.folder(head, FOLDER) == git.folder(version.commit, FOLDER):
        return version.commit
    return head
