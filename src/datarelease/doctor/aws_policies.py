"""Policies for AWS, as JSON to paste: who may assume which role, and what the role may do.

No role may delete. Sources: IAM User Guide, "Create a role for OpenID Connect federation"; GitHub's
documentation, "OpenID Connect reference" (subject claims); Amazon S3 User Guide, "Actions,
resources, and condition keys", "Configuring a bucket lifecycle configuration to delete incomplete
multipart uploads".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from datarelease.flows.edits import rendered
from datarelease.model.diagnosis import PUBLISHING, READING


@dataclass(frozen=True, kw_only=True)
class S3Location:
    """Where a remote is on S3."""

    bucket: str
    prefix: str = ""
    """Without slashes at its ends."""

    @property
    def arn(self) -> str:
        """Of the bucket."""
        return f"arn:aws:s3:::{self.bucket}"

    @property
    def objects(self) -> str:
        """Of all objects below the remote's root."""
        return "/".join(part for part in (self.arn, self.prefix, "*") if part)


def s3_location(url: str) -> S3Location:
    """The place that ``s3://BUCKET/PREFIX`` names.

    >>> s3_location("s3://bucket/team/data/")
    S3Location(bucket='bucket', prefix='team/data')
    """
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    return S3Location(bucket=bucket, prefix=prefix.strip("/"))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A repository on GitHub, as OIDC tokens name it."""

    repository: str
    """``owner/name``"""
    ids: tuple[int, int] | None = None
    """Of owner and repository, where known."""
    prefix: str | None = None
    """What GitHub itself says that the claim begins with."""

    def claims(self, environment: str) -> list[str]:
        """Every form of the ``sub`` claim that a job in ``environment`` may come with.

        Repositories made since July 2026 have the numbers of owner and repository in it, so that
        the next owner of a name cannot assume the role; older ones do not, unless they opted in.
        Unknown numbers are left as placeholders.
        """
        owner, _, name = self.repository.partition("/")
        owner_id, id_ = self.ids or ("OWNER_ID", "REPOSITORY_ID")
        forms = [
            *([self.prefix] if self.prefix else []),
            f"repo:{owner}/{name}",
            f"repo:{owner}@{owner_id}/{name}@{id_}",
        ]
        return [f"{form}:environment:{environment}" for form in dict.fromkeys(forms)]


def policies(place: S3Location, subject: Subject) -> dict[str, Any]:
    """Everything that one remote takes, by what it is for; the names of the roles are suggestions.

    A role for each environment (``trust``, ``permissions``), the ``bucket``'s own policy, its
    ``lifecycle`` and its ``versioning``.
    """
    names = {"publishing": PUBLISHING, "reading": READING}
    documents: dict[str, Any] = json.loads(
        rendered("aws-policies.json.j2", place=place, subject=subject, **names)
    )
    return documents
