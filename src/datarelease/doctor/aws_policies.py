"""Policies for AWS, as JSON to paste: who may assume which role, and what the role may do.

No role may delete. Sources: IAM User Guide, "Create a role for OpenID Connect federation"; GitHub's
documentation, "OpenID Connect reference" (subject claims); Amazon S3 User Guide, "Actions,
resources, and condition keys", "Configuring a
bucket lifecycle configuration to delete incomplete multipart uploads".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCOUNT = "ACCOUNT_ID"
"""Stands for the twelve digits of the AWS account, which only its owner knows."""
ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
DAYS = 7
"""After which parts of an upload that never ended are removed."""
_VERSION = "2012-10-17"

PolicyDocument = dict[str, Any]


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

    def objects(self, below: str = "") -> str:
        """The ARN of all objects below the remote's root, or of those ``below`` a folder of it."""
        return "/".join(part for part in (self.arn, self.prefix, below, "*") if part)


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


def trust(subject: Subject, environment: str) -> PolicyDocument:
    """Who may take on the role: jobs of one environment of one repository."""
    return _policy(
        {
            "Sid": "JobsOfOneEnvironment",
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{ISSUER}:aud": AUDIENCE,
                    f"{ISSUER}:sub": subject.claims(environment),
                }
            },
        }
    )


def writer(place: S3Location) -> PolicyDocument:
    """What the publishing role may do: read, list and add. It may not delete."""
    actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload",
               "s3:ListMultipartUploadParts"]  # fmt: skip
    return _policy(
        _statement("ReadAndAddObjects", actions, place.objects()),
        _listing(place),
        _statement("SeeUnfinishedUploads", ["s3:ListBucketMultipartUploads"], place.arn),
    )


def reader_policy(place: S3Location) -> PolicyDocument:
    """What the role of ``data-read`` may do: read and list."""
    return _policy(_statement("ReadObjects", ["s3:GetObject"], place.objects()), _listing(place))


def bucket(place: S3Location, role: str) -> PolicyDocument:
    """The bucket's own policy, which holds for ``role`` whatever else it is allowed.

    Nothing can be deleted, and nothing is sent unencrypted. Objects can be replaced, so that
    damaged ones can be repaired. Versioning keeps the replaced ones, and a replacement is detected
    because a tag names the SHA-256 of its manifest.
    """
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
    return _policy(
        {
            "Sid": "NothingIsDeleted",
            "Effect": "Deny",
            "Principal": principal,
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": place.objects(),
        },
        {
            "Sid": "NothingUnencrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [place.arn, f"{place.arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def lifecycle(place: S3Location) -> PolicyDocument:
    """The bucket's rule that ends uploads which broke off."""
    return {
        "Rules": [
            {
                "ID": "datarelease-unfinished-uploads",
                "Status": "Enabled",
                "Filter": {"Prefix": f"{place.prefix}/" if place.prefix else ""},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": DAYS},
            }
        ]
    }


def policies(
    place: S3Location, subject: Subject, *, publishing: str, reading: str
) -> Mapping[str, Any]:
    """Everything that one remote takes, by what it is for.

    ``publishing`` and ``reading`` are the environments, and the suggested names of the roles.
    """
    return {
        publishing: {"trust": trust(subject, publishing), "permissions": writer(place)},
        reading: {"trust": trust(subject, reading), "permissions": reader_policy(place)},
        "bucket": bucket(place, publishing),
        "lifecycle": lifecycle(place),
        "versioning": {"Status": "Enabled"},
    }


def _listing(place: S3Location) -> PolicyDocument:
    """Listing, without which S3 answers "forbidden" instead of "not found".

    With ``IfExists``, because asking for an object that is not there carries no prefix.
    """
    statement = _statement("ListBelowThePrefix", ["s3:ListBucket"], place.arn)
    if place.prefix:
        prefixes = [place.prefix, f"{place.prefix}/*"]
        statement["Condition"] = {"StringLikeIfExists": {"s3:prefix": prefixes}}
    return statement


def _statement(sid: str, actions: list[str], resource: str) -> PolicyDocument:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _policy(*statements: PolicyDocument) -> PolicyDocument:
    return {"Version": _VERSION, "Statement": list(statements)}
